//! After a write the record is read back: what is the echo of our write, and what is somebody else's edit.

use crm_model::{DateOrTime, Value};
use rust_decimal::RoundingStrategy;

use crate::codec::{as_moment, as_number, as_text};
use crate::{Compiled, Side, SideState};

/// The new base of a side, from what was written to it and what it shows now.
///
/// - A field that we wrote and that shows our value, or what a vendor makes of it (other case, white space trimmed, cut
///   off, rounded), is an echo: the base takes the form it shows, so that it is not taken for a change.
/// - A field that we wrote and that shows something else is an echo too if the record was last modified by us (`ours`).
///   If not, somebody edited it after us: the base takes our value, and the edit is a change that the next merge carries.
/// - A field that we did not write keeps its base, so that what a person or a workflow did to it is a change. If it had
///   none, it still has none: the sides have not agreed on it yet.
///
/// `before` is the side's base before the write, `seen` what it shows now. An opt-out that was written or seen stays.
#[must_use]
pub fn absorb(
    compiled: &Compiled,
    side: Side,
    wish: &SideState,
    before: &SideState,
    seen: &SideState,
    ours: bool,
) -> SideState {
    let mut base = before.clone();
    for pair in &compiled.pairs {
        let (wished, was, now) = (wish.fields.get(&pair.id), before.fields.get(&pair.id), seen.fields.get(&pair.id));
        let same = |one: &Value, two: &Value| pair.codec.equal(one, two, &compiled.context);
        let new = match (wished, was, now) {
            (Some(wished), _, Some(now)) => {
                let max = pair.targets[side.index()].max;
                if ours || same(wished, now) || is_echo(wished, now, max) { now } else { wished }
            }
            (Some(wished), _, None) => wished,
            (None, Some(was), Some(now)) if same(was, now) => now,
            _ => continue,
        };
        base.fields.insert(pair.id.clone(), new.clone());
    }
    base.consent = before.consent.join(&wish.consent).join(&seen.consent);
    base
}

/// As [`absorb`], for a record that was just created: what has no base and was not written was filled in by the vendor,
/// and is an echo if the record is `ours`.
#[must_use]
pub fn absorb_new(
    compiled: &Compiled,
    side: Side,
    wish: &SideState,
    before: &SideState,
    seen: &SideState,
    ours: bool,
) -> SideState {
    let mut base = absorb(compiled, side, wish, before, seen, ours);
    if ours {
        for (pair, value) in &seen.fields {
            base.fields.entry(pair.clone()).or_insert_with(|| value.clone());
        }
    }
    base
}

/// Whether a value is what a vendor may have made of the one that was written into a field of so many characters.
fn is_echo(written: &Value, shown: &Value, max: Option<u32>) -> bool {
    if let (Some(written), Some(shown)) = (as_number(written), as_number(shown)) {
        let digits = shown.scale();
        let rounded = written.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
        return [rounded, written.round_dp(digits), written.trunc_with_scale(digits)].contains(&shown);
    }
    if let (Some(DateOrTime::Time(written)), Some(DateOrTime::Time(shown))) = (as_moment(written), as_moment(shown)) {
        return written.timestamp() == shown.timestamp();
    }
    if let (Value::Address(written), Value::Address(shown)) = (written, shown) {
        return written
            .parts()
            .into_iter()
            .zip(shown.parts())
            .all(|(written, shown)| is_text_echo(written, shown, None));
    }
    match (as_text(written), as_text(shown)) {
        (Some(written), Some(shown)) => is_text_echo(&written, &shown, max),
        _ => false,
    }
}

/// How much must be left of a text for the rest to count as cut off, where the limit of the field is not known. No
/// vendor's limit is shorter, and a person who shortens a text in that instant is not to be expected.
const SHORTEST_CUT: usize = 20;

fn is_text_echo(written: &str, shown: &str, max: Option<u32>) -> bool {
    let form = |text: &str| crate::normalize::one_line(text).to_lowercase();
    let (written, shown) = (form(written), form(shown));
    let cut = max.map_or(SHORTEST_CUT, |max| SHORTEST_CUT.min(max as usize));
    written == shown || shown.chars().count() >= cut && written.starts_with(&shown)
}
