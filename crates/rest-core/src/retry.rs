//! When a request is repeated, after which delay, and what bounds it.

use std::sync::Mutex;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, NaiveDateTime, Utc};
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use tokio::time::Instant;

use crate::call::Safety;
use crate::profile::{Acted, Classified};

/// The longest wait that a server's word can cause: 15 minutes.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// A server that asks for more than a day talks nonsense and is not listened to.
const ABSURD: Duration = Duration::from_secs(24 * 60 * 60);

/// What bounds the repetition of one call, and of all calls of a client together.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a call is sent at most, the first time included. Default 4; 1 means never again.
    pub max_attempts: u32,
    /// The first delay's upper bound. It doubles with every attempt. Default 250 ms.
    pub base: Duration,
    /// No delay of ours is longer. Default 30 s.
    pub cap: Duration,
    /// No attempt starts later than this after the call began, and no wait goes beyond it. Default 180 s.
    pub deadline: Duration,
    /// What all calls of a client may spend on repetition.
    pub budget: RetryBudget,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(30),
            deadline: Duration::from_secs(180),
            budget: RetryBudget::default(),
        }
    }
}

impl RetryPolicy {
    /// Never repeats.
    #[must_use]
    pub fn none() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// The upper bounds of the delays before the second, third … attempt.
    pub(crate) fn delays(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let sequence = ExponentialBuilder::default()
            .with_min_delay(self.base)
            .with_max_delay(self.cap)
            .with_factor(2.0)
            .with_max_times(self.max_attempts.saturating_sub(1) as usize);
        sequence.build()
    }
}

/// Repetitions allowed per minute: a share of what was sent, and never less than a few.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetryBudget {
    /// The share of the requests sent within a minute that may be repetitions. Default 0.1.
    pub ratio: f64,
    /// Repetitions a minute that are always allowed. Default 30.
    pub floor: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { ratio: 0.1, floor: 30 }
    }
}

impl RetryBudget {
    /// A share of the requests of a minute, and a floor.
    #[must_use]
    pub fn new(ratio: f64, floor: u32) -> Self {
        Self { ratio, floor }
    }
}

/// Whether a failed request may be sent again: it must be worth it, and it must not do its work twice.
pub(crate) fn may_repeat(safety: Safety, class: &Classified) -> bool {
    class.transient && (class.acted == Acted::No || safety != Safety::Unsafe)
}

/// Counts what was sent in the last minute, in six slots of ten seconds.
#[derive(Debug)]
pub(crate) struct Spending {
    budget: RetryBudget,
    start: Instant,
    slots: Mutex<[Slot; SLOTS as usize]>,
}

const SLOTS: u64 = 6;
const SLOT_SECONDS: u64 = 10;

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    number: u64,
    sent: u64,
    repeated: u64,
}

impl Spending {
    pub(crate) fn new(budget: RetryBudget) -> Self {
        Self { budget, start: Instant::now(), slots: Mutex::default() }
    }

    /// Notes one request that is sent.
    pub(crate) fn sent(&self) {
        self.with_slots(|slots, now| slot(slots, now).sent += 1);
    }

    /// Takes one repetition out of the budget, if there is any left.
    pub(crate) fn try_repeat(&self) -> bool {
        self.with_slots(|slots, now| {
            let recent = slots.iter().filter(|slot| slot.number + SLOTS > now);
            let (sent, repeated) = recent.fold((0, 0), |(s, r), slot| (s + slot.sent, r + slot.repeated));
            let allowed = f64::from(self.budget.floor) + self.budget.ratio * sent as f64;
            let affordable = (repeated + 1) as f64 <= allowed;
            if affordable {
                slot(slots, now).repeated += 1;
            }
            affordable
        })
    }

    fn with_slots<T>(&self, work: impl FnOnce(&mut [Slot; SLOTS as usize], u64) -> T) -> T {
        let now = self.start.elapsed().as_secs() / SLOT_SECONDS;
        let mut slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut slots, now)
    }
}

fn slot(slots: &mut [Slot; SLOTS as usize], number: u64) -> &mut Slot {
    let slot = &mut slots[(number % SLOTS) as usize];
    if slot.number != number {
        *slot = Slot { number, ..Slot::default() };
    }
    slot
}

/// Whether there is a `Retry-After` that means something, whatever the time is.
pub(crate) fn has_retry_after(headers: &HeaderMap) -> bool {
    headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).is_some_and(|text| {
        let text = text.trim();
        seconds(text).is_some() || http_date(text).is_some()
    })
}

/// The wait that `Retry-After` asks for: seconds, or a date. A date is taken relative to the server's own `Date` if it
/// sends one, so that neither clock need be right. Negative, unreadable and longer than a day is as if it were absent.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds(text).or_else(|| {
        let server_now = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
        let wait = http_date(text)?.signed_duration_since(server_now);
        // A date that has just passed means "now".
        let wait = wait.max(chrono::TimeDelta::zero()).to_std().ok()?;
        (!is_absurd(wait)).then_some(wait)
    })
}

/// Whether nobody can mean it.
pub(crate) fn is_absurd(wait: Duration) -> bool {
    wait > ABSURD
}

/// Seconds as text, also with decimals; `None` for what is negative, not a number, or absurd.
#[must_use]
pub fn seconds(text: &str) -> Option<Duration> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let wait = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    (!is_absurd(wait)).then_some(wait)
}

/// A date in one of the three forms that RFC 9110 knows.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    DateTime::parse_from_rfc2822(text).map(|date| date.to_utc()).ok().or_else(|| {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|date| date.and_utc())
    })
}

/// A random part of `bound`, from nothing to all of it ("full jitter").
pub(crate) fn jitter(rng: &mut fastrand::Rng, bound: Duration) -> Duration {
    bound.mul_f64(rng.f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use chrono::TimeDelta;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn headers(after: &str, date: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(after).unwrap());
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).unwrap());
        }
        headers
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        let now = DateTime::parse_from_rfc3339("2024-05-01T10:00:00Z").unwrap().to_utc();
        let s = |n| Some(Duration::from_secs(n));
        for (text, date, wait) in [
            ("7", None, s(7)),
            (" 7 ", None, s(7)),
            ("0", None, s(0)),
            ("1.5", None, Some(Duration::from_millis(1500))),
            ("86400", None, s(86400)),
            ("86401", None, None),
            ("1000000000", None, None),
            ("1e400", None, None),
            ("-1", None, None),
            ("soon", None, None),
            ("", None, None),
            ("NaN", None, None),
            ("inf", None, None),
            ("Wed, 01 May 2024 10:02:00 GMT", None, s(120)),
            ("Wednesday, 01-May-24 10:02:00 GMT", None, s(120)),
            ("Wed May  1 10:02:00 2024", None, s(120)),
            ("Wed, 01 May 2024 09:59:00 GMT", None, s(0)),
            ("Thu, 01 May 2034 10:00:00 GMT", None, None),
            // The server's clock is an hour slow; its own Date says so.
            ("Wed, 01 May 2024 09:00:30 GMT", Some("Wed, 01 May 2024 09:00:00 GMT"), s(30)),
        ] {
            assert_eq!(retry_after(&headers(text, date), now), wait, "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn only_what_is_safe_to_repeat_is_repeated() {
        let class = |transient, acted| Classified { transient, acted, ..Classified::new(ErrorKind::Server) };
        for (safety, transient, acted, may) in [
            (Safety::Read, true, Acted::Unknown, true),
            (Safety::Read, false, Acted::No, false),
            (Safety::Idempotent, true, Acted::Unknown, true),
            (Safety::Unsafe, true, Acted::Unknown, false),
            (Safety::Unsafe, true, Acted::No, true),
            (Safety::Unsafe, false, Acted::No, false),
        ] {
            assert_eq!(may_repeat(safety, &class(transient, acted)), may, "{safety:?} {transient} {acted:?}");
        }
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let policy = RetryPolicy { max_attempts: 10, cap: Duration::from_secs(2), ..RetryPolicy::default() };
        let delays: Vec<_> = policy.delays().map(|delay| delay.as_millis()).collect();
        assert_eq!(delays, [250, 500, 1000, 2000, 2000, 2000, 2000, 2000, 2000]);
        assert_eq!(RetryPolicy::none().delays().count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_is_a_share_of_a_minute_and_comes_back() {
        let spending = Spending::new(RetryBudget { ratio: 0.1, floor: 2 });
        let drain = |spending: &Spending| std::iter::from_fn(|| spending.try_repeat().then_some(())).count();
        assert_eq!(drain(&spending), 2);
        (0..100).for_each(|_| spending.sent());
        assert_eq!(drain(&spending), 10);
        tokio::time::sleep(Duration::from_secs(50)).await;
        assert_eq!(drain(&spending), 0);
        tokio::time::sleep(Duration::from_secs(11)).await;
        assert_eq!(drain(&spending), 2);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_its_bound(seed in any::<u64>(), ms in 0u64..60_000) {
            let bound = Duration::from_millis(ms);
            prop_assert!(jitter(&mut fastrand::Rng::with_seed(seed), bound) <= bound);
        }

        #[test]
        fn no_header_text_asks_for_more_than_a_day(text in "[ -~]{0,40}") {
            let now = DateTime::UNIX_EPOCH + TimeDelta::days(19_000);
            if let Some(wait) = retry_after(&headers(&text, None), now) {
                prop_assert!(wait <= ABSURD);
            }
        }
    }
}
