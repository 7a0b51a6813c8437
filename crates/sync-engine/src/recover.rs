//! After an interruption: every write whose outcome is not on record is looked up before anything is repeated.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use crm_model::{ObjectKind, Record, RemoteId};
use sync_core::{Side, SideState};
use sync_store::{Batch, Intent, IntentState, Link, LinkState, Op, Page};
use unified_crm::{Fetched, FindKey};

use crate::SyncError;
use crate::config::ReadyObject;
use crate::observe::{match_keys, resting};
use crate::session::Session;
use crate::state::{Effect, Stamp, base, current, decode, refresh_dirty, set_base, set_seen, store_side};

const PAGE: u32 = 500;

impl Session<'_> {
    /// Settles what can be settled. A create that is not found stays open until it can no longer arrive.
    pub(crate) async fn recover(&mut self) -> Result<(), SyncError> {
        let mut open: BTreeMap<(ObjectKind, Side), Vec<Intent>> = BTreeMap::new();
        let mut page = Page::first(PAGE);
        loop {
            let intents = self.parts.store.open_intents(page).await?;
            let full = intents.len() >= PAGE as usize;
            if let Some(last) = intents.last() {
                page = Page::after(last.id.0, PAGE);
            }
            for intent in intents {
                let side = if intent.side == sync_store::Side::A { Side::A } else { Side::B };
                let Ok(kind) = intent.object.parse() else {
                    continue;
                };
                open.entry((kind, side)).or_default().push(intent);
            }
            if !full {
                break;
            }
        }
        for object in &self.ready.objects {
            for side in Side::BOTH {
                if let Some(intents) = open.remove(&(object.kind, side)) {
                    self.recover_side(object, side, intents).await?;
                }
            }
        }
        Ok(())
    }

    async fn recover_side(&mut self, object: &ReadyObject, side: Side, intents: Vec<Intent>) -> Result<(), SyncError> {
        for intent in intents {
            let Some(link) = self.parts.store.link(intent.link).await? else {
                self.close(intent, IntentState::Superseded, Batch::new()).await?;
                continue;
            };
            match link.record(store_side(side)).map(str::to_owned) {
                None => self.recover_create(object, side, intent, link).await?,
                Some(id) => self.recover_write(object, side, intent, link, &id).await?,
            }
        }
        Ok(())
    }

    async fn close(&mut self, mut intent: Intent, state: IntentState, mut batch: Batch) -> Result<(), SyncError> {
        intent.state = state;
        batch.put_intent(intent);
        self.commit(batch).await
    }

    /// A create without an answer: the record is looked for under its key. Without a key it will turn up in the change
    /// feed, and be matched like any other.
    async fn recover_create(
        &mut self,
        object: &ReadyObject,
        side: Side,
        intent: Intent,
        mut link: Link,
    ) -> Result<(), SyncError> {
        if let Some(record) = self.find_created(object, side, &intent).await? {
            let mut batch = Batch::new();
            let id = record.meta.id.to_string();
            self.take_over(object, &mut link, side, &id, &mut batch).await?;
            self.agree(object, side, &intent, &mut link, &record, true)?;
            let refs = self.refs_of(object, [&link]).await?;
            let keys = match_keys(object, &link, &refs)?;
            batch.put_link_with_keys(link, keys);
            self.report.at(object.kind, side).created += 1;
            return self.close(intent, IntentState::Settled, batch).await;
        }
        let wait = TimeDelta::from_std(self.parts.settle_after).unwrap_or_default();
        let settled_at = intent.sent_at.map(|sent| sent + wait);
        // Without a key only the feed can show the record, so the feed must have been read since.
        let looked_at = match &intent.key {
            Some(_) => Some(self.now()),
            None => {
                self.parts.store.cursor(object.kind.as_str(), store_side(side)).await?.map(|cursor| cursor.saved_at)
            }
        };
        if settled_at.is_some_and(|settled| looked_at.is_none_or(|looked| looked < settled)) {
            return Ok(());
        }
        let mut batch = Batch::new();
        if link.state == LinkState::Creating {
            link.state = LinkState::Seen;
            link.state = resting(&link);
            link.dirty = true;
            batch.put_link(link);
        }
        self.close(intent, IntentState::Superseded, batch).await
    }

    async fn find_created(
        &self,
        object: &ReadyObject,
        side: Side,
        intent: &Intent,
    ) -> Result<Option<Record>, SyncError> {
        let Some(key) = &intent.key else {
            return Ok(None);
        };
        let parts = self.parts;
        let records = parts.crm(side).records(object.kind).map_err(parts.fail(side))?;
        let found = records.find(&[FindKey::CreateKey(key.clone())]).await.map_err(parts.fail(side))?;
        Ok(found.into_iter().flatten().next())
    }

    /// A change or deletion without an answer: what the record shows says whether it happened.
    async fn recover_write(
        &mut self,
        object: &ReadyObject,
        side: Side,
        intent: Intent,
        mut link: Link,
        id: &str,
    ) -> Result<(), SyncError> {
        let parts = self.parts;
        let records = parts.crm(side).records(object.kind).map_err(parts.fail(side))?;
        let fetched = records.get(&[RemoteId::new(id)]).await.map_err(parts.fail(side))?.pop();
        let Some(Fetched::Found(record)) = fetched else {
            let deleted = intent.op == Op::Delete && matches!(fetched, Some(Fetched::Deleted(_) | Fetched::Missing));
            let mut batch = Batch::new();
            if deleted {
                link.state = LinkState::Unlinked;
                link.dirty = false;
                batch.put_link(link);
                self.report.at(object.kind, side).deleted += 1;
            }
            let state = if deleted { IntentState::Settled } else { IntentState::Superseded };
            return self.close(intent, state, batch).await;
        };
        if intent.op == Op::Delete {
            return self.close(intent, IntentState::Superseded, Batch::new()).await;
        }
        let certain = intent.state == IntentState::Acked;
        let landed = self.agree(object, side, &intent, &mut link, &record, certain)?;
        let mut batch = Batch::new();
        let refs = self.refs_of(object, [&link]).await?;
        let keys = match_keys(object, &link, &refs)?;
        batch.put_link_with_keys(link, keys);
        let state = if landed { IntentState::Settled } else { IntentState::Superseded };
        self.close(intent, state, batch).await
    }

    /// Moves the bases for every written field that the record shows as it was wished. Where it is certain that the
    /// write took effect and the record was not touched since, its own form of the other fields is an echo, too.
    fn agree(
        &mut self,
        object: &ReadyObject,
        side: Side,
        intent: &Intent,
        link: &mut Link,
        record: &Record,
        certain: bool,
    ) -> Result<bool, SyncError> {
        let effect: Effect = match &intent.wish {
            Some(blob) => decode(link.id.0, "an intended write", blob)?,
            None => Effect::default(),
        };
        let now = object.compiled.project(side, record);
        let echo = certain && self.is_ours(object, side, record);
        let mut here = base(link, side)?.unwrap_or_default();
        let mut there = base(link, side.other())?.unwrap_or_default();
        let mut landed = true;
        for (pair, wished) in &effect.wish.fields {
            let Some(shown) = now.get(pair) else { continue };
            let as_wished = object.compiled.unchanged(pair, wished, shown);
            landed &= as_wished;
            if as_wished || certain {
                // What is shown instead of what was wished is an echo, or a change that somebody made since.
                let form = if as_wished || echo { shown } else { wished };
                here.fields.insert(pair.clone(), form.clone());
                if let Some(source) = effect.source.get(pair) {
                    there.fields.insert(pair.clone(), source.clone());
                }
            }
        }
        // An opt-out that did not land is written again; it is not one that somebody took back.
        let closed = now.consent.opted_out();
        landed &= effect.wish.consent.opted_out().iter().all(|channel| closed.contains(channel));
        if landed || certain {
            here.consent = here.consent.join(&effect.wish.consent);
        }
        there.consent = there.consent.join(&effect.source.consent);
        set_base(link, side, &here);
        set_base(link, side.other(), &there);
        let known: SideState = current(link, side)?.unwrap_or_default();
        let state = SideState { fields: known.fields.into_iter().chain(now.fields).collect(), consent: now.consent };
        set_seen(link, side, &state, Stamp { record: record.meta.updated_at, seen_at: self.now() });
        link.state = resting(link);
        refresh_dirty(link);
        Ok(landed || certain)
    }
}
