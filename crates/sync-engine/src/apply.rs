//! Acting: each request is journalled before it leaves and settled after its answer, in one durable commit each.

use std::collections::HashMap;

use chrono::TimeDelta;
use crm_model::{Record, RemoteId};
use sync_core::{Creation, Side, SideState, deletes, digest, echo};
use sync_store::{
    Batch, ConflictEntry, Intent, IntentId, IntentState, Link, LinkId, LinkState, Op, Parked, Review, ReviewId,
    ReviewMark, Tombstone,
};
use unified_crm::{Error, ErrorKind, Fetched, RecordWrite, Written};

use crate::SyncError;
use crate::config::ReadyObject;
use crate::derive::{Derived, MergeOutcome, Outcome};
use crate::observe::{match_keys, resting};
use crate::refs::LinkRefs;
use crate::run::Progress;
use crate::session::{Session, Trouble};
use crate::state::{Effect, Stamp, encode, refresh_dirty, set_base, set_seen, store_side};

/// Links whose bookkeeping needs no request are committed together.
const CHUNK: usize = 500;

/// One write that is to be sent.
struct Job {
    link: LinkId,
    side: Side,
    op: Op,
    write: RecordWrite,
    key: Option<String>,
    effect: Effect,
}

/// A link at work: as it will be stored next.
struct Working {
    news: News,
    kind: Kind,
}

/// A link as it will be stored next, with what goes into the store beside it.
struct News {
    link: Link,
    absorbed: Option<LinkId>,
    conflicts: Vec<ConflictEntry>,
    reviews: Vec<Review>,
}

enum Kind {
    Merge { outcome: Box<MergeOutcome>, landed: [bool; 2] },
    Create(Box<Creation>),
    Delete,
}

impl Session<'_> {
    /// Does what was derived for an object: first what needs no request, then the writes, side B before side A.
    pub(crate) async fn execute(
        &mut self,
        object: &ReadyObject,
        derived: Vec<Derived>,
        progress: &(impl Fn(Progress) + Send + Sync),
    ) -> Result<(), SyncError> {
        let derived = self.brake(object, derived).await?;
        let refs = self.refs_of(object, derived.iter().map(|one| &one.link)).await?;
        let mut working = HashMap::new();
        let mut jobs = [Vec::new(), Vec::new()];
        let mut batch = Batch::new();
        let mut pending = 0;
        for one in derived {
            pending += usize::from(self.prepare(object, &refs, one, &mut working, &mut jobs, &mut batch).await?);
            if pending >= CHUNK {
                self.commit(std::mem::take(&mut batch)).await?;
                pending = 0;
            }
        }
        self.commit(batch).await?;
        let mut told = Progress { object: object.kind, done: 0, of: jobs.iter().map(Vec::len).sum::<usize>() as u64 };
        for (side, mut jobs) in [Side::B, Side::A].into_iter().zip({
            let [a, b] = jobs;
            [b, a]
        }) {
            let size = object.capabilities[side.index()].write_batch.clamp(1, 200);
            while !jobs.is_empty() {
                let rest = jobs.split_off(size.min(jobs.len()));
                let sent = jobs.len() as u64;
                let go_on = self.send(object, &refs, side, jobs, &mut working).await?;
                jobs = rest;
                told.done += sent;
                progress(told);
                if !go_on {
                    self.report.at(object.kind, side).deferred += jobs.len() as u64;
                    break;
                }
            }
        }
        Ok(())
    }

    /// A run that would delete too many records deletes none and asks.
    async fn brake(&mut self, object: &ReadyObject, derived: Vec<Derived>) -> Result<Vec<Derived>, SyncError> {
        let is_delete = |one: &Derived| matches!(one.outcome, Outcome::Delete { .. });
        let wanted = derived.iter().filter(|one| is_delete(one)).count() as u64;
        if wanted == 0 {
            return Ok(derived);
        }
        let links: u64 = self.parts.store.count_links(object.kind.as_str()).await?.values().sum();
        let Err(brake) = deletes::brake(wanted, links) else {
            return Ok(derived);
        };
        let mut batch = Batch::new();
        let message = brake.to_string();
        self.record_error(
            &mut batch,
            &Trouble {
                object: object.kind,
                side: Side::A,
                record: None,
                link: None,
                code: "delete brake",
                message: &message,
            },
        );
        self.commit(batch).await?;
        Ok(derived.into_iter().filter(|one| !is_delete(one)).collect())
    }

    /// Sorts one link into what is only remembered (put into the batch, `true`) and what is sent (put into the jobs).
    async fn prepare(
        &mut self,
        object: &ReadyObject,
        refs: &LinkRefs<'_>,
        derived: Derived,
        working: &mut HashMap<LinkId, Working>,
        jobs: &mut [Vec<Job>; 2],
        batch: &mut Batch,
    ) -> Result<bool, SyncError> {
        let Derived { mut link, absorbed, outcome } = derived;
        // A write takes the other link along; what needs none ends it here.
        if let (Some(absorbed), Outcome::Unlink | Outcome::Review { .. }) = (absorbed, &outcome) {
            batch.delete_link(absorbed);
        }
        match outcome {
            Outcome::Nothing | Outcome::Wait { .. } => Ok(false),
            Outcome::Review { why } => {
                let side = if link.a.id.is_some() { Side::A } else { Side::B };
                self.report.at(object.kind, side).in_review += 1;
                self.ask_about_record(link, &why, batch).await
            }
            Outcome::Blocked { side, why } => {
                let record = link.record(store_side(side.other())).map(str::to_owned);
                let trouble = Trouble {
                    object: object.kind,
                    side,
                    record: record.as_deref(),
                    link: Some(link.id),
                    code: "blocked",
                    message: &why,
                };
                self.report.error(&trouble);
                self.ask_about_record(link, &why, batch).await
            }
            Outcome::Unlink => {
                let side = link.tombstone.as_ref().map_or(sync_store::Side::A, |tombstone| tombstone.side.other());
                let side = if side == sync_store::Side::A { Side::A } else { Side::B };
                self.report.at(object.kind, side).unlinked += 1;
                link.state = LinkState::Unlinked;
                link.dirty = false;
                batch.put_link(link);
                Ok(true)
            }
            Outcome::Delete { side } => {
                let Some(id) = link.record(store_side(side)).map(str::to_owned) else {
                    return Ok(false);
                };
                let write = RecordWrite::Delete { id: RemoteId::new(id) };
                jobs[side.index()].push(Job {
                    link: link.id,
                    side,
                    op: Op::Delete,
                    write,
                    key: None,
                    effect: Effect::default(),
                });
                working.insert(link.id, Working { news: News::new(link, absorbed), kind: Kind::Delete });
                Ok(false)
            }
            Outcome::Create { to, creation } => {
                let key = self.create_key(object, &link, to);
                let write = RecordWrite::Create { fields: creation.patch.clone(), key: key.clone() };
                let source = creation.base[to.other().index()].clone();
                let effect = Effect { wish: creation.wish.clone(), source };
                jobs[to.index()].push(Job { link: link.id, side: to, op: Op::Create, write, key, effect });
                link.state = LinkState::Creating;
                working.insert(link.id, Working { news: News::new(link, absorbed), kind: Kind::Create(creation) });
                Ok(false)
            }
            Outcome::Merge(outcome) => {
                self.prepare_merge(object, refs, link, absorbed, outcome, working, jobs, batch).await
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a derived link and the three places it can go to")]
    async fn prepare_merge(
        &mut self,
        object: &ReadyObject,
        refs: &LinkRefs<'_>,
        mut link: Link,
        absorbed: Option<LinkId>,
        outcome: Box<MergeOutcome>,
        working: &mut HashMap<LinkId, Working>,
        jobs: &mut [Vec<Job>; 2],
        batch: &mut Batch,
    ) -> Result<bool, SyncError> {
        if absorbed.is_some() {
            for side in Side::BOTH {
                self.report.at(object.kind, side).linked += 1;
            }
        }
        let merged = &outcome.merged;
        let before = (link.a.clone(), link.b.clone());
        let agreed = merged.bases(outcome.base(), [false, false]);
        for side in Side::BOTH {
            set_base(&mut link, side, &agreed[side.index()]);
        }
        let conflicts = self.conflicts(object, &link, &outcome);
        let mut reviews = Vec::new();
        let questions = merged.reviews.iter().map(|review| {
            (review.subject(), "both sides changed it, or consent was lowered; choose a value".to_owned())
        });
        let circles = outcome
            .circles
            .iter()
            .map(|pair| (pair.to_string(), "echo differs: it was written back and forth; choose a value".to_owned()));
        for (subject, why) in questions.chain(circles).collect::<Vec<_>>() {
            self.report.at(object.kind, Side::A).in_review += 1;
            reviews.extend(self.ask(&mut link, &subject, &why, Some(&outcome.states)).await?);
        }
        for problem in &merged.problems {
            let why = problem.to_string();
            let asked = self.ask(&mut link, problem.pair.as_str(), &why, None).await?;
            // What was asked before is in the review queue, and need not be told by every run.
            if let Some(review) = asked {
                let record = link.record(store_side(problem.from)).map(str::to_owned);
                self.report.error(&Trouble {
                    object: object.kind,
                    side: problem.from.other(),
                    record: record.as_deref(),
                    link: Some(link.id),
                    code: "not translatable",
                    message: &why,
                });
                reviews.push(review);
            }
        }
        let writes = Side::BOTH.map(|side| !merged.writes[side.index()].is_empty());
        if writes == [false, false] {
            refresh_dirty(&mut link);
            let moved = before != (link.a.clone(), link.b.clone());
            let news = moved || absorbed.is_some() || !reviews.is_empty();
            if news {
                News { link, absorbed, conflicts, reviews }.put(object, refs, batch)?;
            }
            return Ok(news);
        }
        link.counters = Some(outcome.counters());
        for side in Side::BOTH.into_iter().filter(|side| writes[side.index()]) {
            let Some(id) = link.record(store_side(side)).map(str::to_owned) else {
                continue;
            };
            let write = &merged.writes[side.index()];
            let effect = Effect { wish: write.wish.clone(), source: write.source.clone() };
            let write = RecordWrite::Update { id: RemoteId::new(id), patch: write.patch.clone() };
            jobs[side.index()].push(Job { link: link.id, side, op: Op::Update, write, key: None, effect });
        }
        let kind = Kind::Merge { outcome, landed: [false, false] };
        working.insert(link.id, Working { news: News { link, absorbed, conflicts, reviews }, kind });
        Ok(false)
    }

    fn conflicts(&mut self, object: &ReadyObject, link: &Link, outcome: &MergeOutcome) -> Vec<ConflictEntry> {
        let now = self.now();
        let mut entries = Vec::new();
        for conflict in &outcome.merged.conflicts {
            self.report.at(object.kind, conflict.winner.map_or(Side::A, Side::other)).conflicts += 1;
            // Where both stay as they are, both values are on record.
            let losers = match conflict.winner {
                Some(winner) => vec![winner.other()],
                None => Side::BOTH.to_vec(),
            };
            for loser in losers {
                let value = encode(&conflict.values[loser.index()]);
                let mut entry =
                    ConflictEntry::new(self.run, link.id, conflict.pair.as_str(), value, &conflict.policy, now);
                entry.winner = conflict.winner.map(store_side);
                [entry.stamp_a, entry.stamp_b] = conflict.stamps;
                entries.push(entry);
            }
        }
        entries
    }

    /// A question for a person, unless it is open already.
    async fn ask(
        &self,
        link: &mut Link,
        subject: &str,
        why: &str,
        states: Option<&[SideState; 2]>,
    ) -> Result<Option<Review>, SyncError> {
        if link.review.iter().any(|mark| mark.field == subject && mark.reason == why) {
            return Ok(None);
        }
        let id = ReviewId(self.parts.store.next_ids(1).await?.start);
        let mut review = Review::new(id, link.id, self.run, why, self.now());
        review.fields = vec![subject.to_owned()];
        if let Some([a, b]) = states {
            (review.a, review.b) = (Some(encode(a)), Some(encode(b)));
        }
        link.review.retain(|mark| mark.field != subject);
        link.review.push(ReviewMark { field: subject.to_owned(), reason: why.to_owned(), review: id });
        Ok(Some(review))
    }

    /// Asks about a record as a whole. Returns whether anything is to be committed.
    async fn ask_about_record(&self, mut link: Link, why: &str, batch: &mut Batch) -> Result<bool, SyncError> {
        let Some(review) = self.ask(&mut link, "record", why, None).await? else {
            return Ok(false);
        };
        batch.put_link(link).add_review(review);
        Ok(true)
    }

    fn create_key(&self, object: &ReadyObject, link: &Link, to: Side) -> Option<String> {
        let from = to.other();
        let identity = &self.ready.identities[from.index()];
        let source = link.record(store_side(from))?;
        let once = object.capabilities[to.index()].create_once;
        once.then(|| {
            digest::create_key(self.parts.store.sync_id(), identity.vendor, &identity.account, object.kind, source)
        })
    }

    /// Sends one request's worth of writes. `false` where there is no point in sending more to this side.
    async fn send(
        &mut self,
        object: &ReadyObject,
        refs: &LinkRefs<'_>,
        side: Side,
        jobs: Vec<Job>,
        working: &mut HashMap<LinkId, Working>,
    ) -> Result<bool, SyncError> {
        let mut numbers = self.parts.store.next_ids(jobs.len() as u32 + 1).await?;
        let number = numbers.next().unwrap_or_default();
        let mut batch = Batch::new();
        let mut intents = Vec::with_capacity(jobs.len());
        for (job, id) in jobs.iter().zip(numbers) {
            let Some(work) = working.get_mut(&job.link) else {
                continue;
            };
            work.news.put(object, refs, &mut batch)?;
            let mut intent =
                Intent::new(IntentId(id), self.run, number, job.link, object.kind.as_str(), store_side(side), job.op);
            intent.state = IntentState::Sent;
            intent.key = job.key.clone();
            intent.expect = work.news.link.end(store_side(side)).seen.as_ref().map(|seen| seen.digest.clone());
            intent.before = work.news.link.end(store_side(side)).seen.as_ref().map(|seen| seen.blob.clone());
            intent.wish = Some(encode(&job.effect));
            intent.sent_at = Some(self.now());
            batch.put_intent(intent.clone());
            intents.push(intent);
        }
        self.commit(batch).await?;

        let parts = self.parts;
        let records = parts.crm(side).records(object.kind).map_err(parts.fail(side))?;
        let writes = jobs.iter().map(|job| job.write.clone()).collect();
        let results = records.write(writes).await;
        let read_back = self.read_back(object, side, &results).await;

        let mut batch = Batch::new();
        let mut go_on = true;
        for ((job, mut intent), result) in jobs.iter().zip(intents).zip(results) {
            let Some(work) = working.get_mut(&job.link) else {
                continue;
            };
            match result {
                Ok(written) => {
                    let seen = written.record.or_else(|| read_back.get(written.id.as_str()).cloned());
                    let readable = seen.is_some() || job.op == Op::Delete;
                    intent.state = if readable { IntentState::Settled } else { IntentState::Acked };
                    intent.after = seen.as_ref().map(|record| encode(&object.compiled.project(side, record)));
                    self.settle(object, work, job, written.id.as_str(), seen.as_ref(), &mut batch).await?;
                }
                Err(error) => go_on &= self.not_written(object, work, job, &mut intent, &error, &mut batch).await?,
            }
            work.news.put(object, refs, &mut batch)?;
            batch.put_intent(intent);
        }
        self.commit(batch).await?;
        Ok(go_on)
    }

    /// Reads what was written, where the vendor's answer does not show it: the base must hold the vendor's own form.
    async fn read_back(
        &self,
        object: &ReadyObject,
        side: Side,
        results: &[Result<Written<Record>, Error>],
    ) -> HashMap<String, Record> {
        let capabilities = &object.capabilities[side.index()];
        let unseen = results
            .iter()
            .flatten()
            .filter(|written| written.record.is_none() && written.outcome != unified_crm::Outcome::Deleted);
        let ids: Vec<RemoteId<Record>> = unseen.map(|written| written.id.clone()).collect();
        if ids.is_empty() || capabilities.get_batch == 0 {
            return HashMap::new();
        }
        let Ok(records) = self.parts.crm(side).records(object.kind) else {
            return HashMap::new();
        };
        // A write whose reading back fails stays open in the journal, and the next run looks at it.
        let Ok(fetched) = records.get(&ids).await else {
            return HashMap::new();
        };
        let found = fetched.into_iter().filter_map(Fetched::found);
        found.map(|record| (record.meta.id.to_string(), record)).collect()
    }

    /// Whether a record's last change is our own write.
    pub(crate) fn is_ours(&self, object: &ReadyObject, side: Side, record: &Record) -> bool {
        let capabilities = &object.capabilities[side.index()];
        if capabilities.returns_record {
            return true;
        }
        let user = self.ready.identities[side.index()].user.as_ref();
        capabilities.tells_author && user.is_some_and(|user| record.meta.updated_by.as_deref() == Some(user.as_str()))
    }

    /// A write that took effect: its bases move, and what the record shows now is an observation.
    async fn settle(
        &mut self,
        object: &ReadyObject,
        work: &mut Working,
        job: &Job,
        id: &str,
        seen: Option<&Record>,
        batch: &mut Batch,
    ) -> Result<(), SyncError> {
        let side = job.side;
        let counts = self.report.at(object.kind, side);
        let (before, landed) = match &mut work.kind {
            Kind::Delete => {
                counts.deleted += 1;
                work.news.link.state = LinkState::Unlinked;
                work.news.link.dirty = false;
                return Ok(());
            }
            Kind::Merge { outcome, landed } => {
                counts.updated += 1;
                let before = outcome.merged.bases(outcome.base(), *landed);
                landed[side.index()] = true;
                (before, outcome.merged.bases(outcome.base(), *landed))
            }
            Kind::Create(creation) => {
                counts.created += 1;
                self.take_over(object, &mut work.news.link, side, id, batch).await?;
                (creation.base.clone(), creation.base.clone())
            }
        };
        for which in Side::BOTH {
            set_base(&mut work.news.link, which, &landed[which.index()]);
        }
        if let Some(record) = seen {
            let now = object.compiled.project(side, record);
            let ours = self.is_ours(object, side, record);
            let absorb = match job.op {
                Op::Create => echo::absorb_new,
                _ => echo::absorb,
            };
            let base = absorb(&object.compiled, side, &job.effect.wish, &before[side.index()], &now, ours);
            set_base(&mut work.news.link, side, &base);
            set_seen(&mut work.news.link, side, &now, Stamp { record: record.meta.updated_at, seen_at: self.now() });
        }
        work.news.link.parked = None;
        work.news.link.state = resting(&work.news.link);
        refresh_dirty(&mut work.news.link);
        Ok(())
    }

    /// Gives a link the record that was created for it. If that record was observed in the meantime, it had a link of
    /// its own, which ends here.
    pub(crate) async fn take_over(
        &self,
        object: &ReadyObject,
        link: &mut Link,
        side: Side,
        id: &str,
        batch: &mut Batch,
    ) -> Result<(), SyncError> {
        let known = self.parts.store.link_of(object.kind.as_str(), store_side(side), id).await?;
        if let Some(known) = known.filter(|known| known.id != link.id && known.state.is_live()) {
            if known.record(store_side(side.other())).is_some() {
                let what = "a created record that belongs to another link";
                return Err(SyncError::State { link: link.id.0, what, why: format!("link {} has it", known.id.0) });
            }
            batch.delete_link(known.id);
        }
        link.end_mut(store_side(side)).id = Some(id.to_owned());
        link.state = LinkState::Linked;
        Ok(())
    }

    /// A write that did not take effect, or may not have. Returns whether further writes to this side make sense.
    async fn not_written(
        &mut self,
        object: &ReadyObject,
        work: &mut Working,
        job: &Job,
        intent: &mut Intent,
        error: &Error,
        batch: &mut Batch,
    ) -> Result<bool, SyncError> {
        intent.error = Some(error.to_string());
        let creating = job.op == Op::Create;
        if error.kind() == ErrorKind::Unknown {
            intent.state = IntentState::Unknown;
            self.report.at(object.kind, job.side).deferred += 1;
            return Ok(true);
        }
        if creating {
            work.news.link.state = LinkState::Seen;
        }
        if !is_about_the_record(error.kind()) {
            intent.state = IntentState::Superseded;
            let message = error.to_string();
            let record = work.news.link.record(store_side(job.side)).map(str::to_owned);
            let code = error.vendor_code().unwrap_or("not written");
            self.record_error(
                batch,
                &Trouble {
                    object: object.kind,
                    side: job.side,
                    record: record.as_deref(),
                    link: Some(job.link),
                    code,
                    message: &message,
                },
            );
            // The next run tries again. Going on makes sense only if the trouble may be this one request's.
            return Ok(matches!(error.kind(), ErrorKind::Server | ErrorKind::Timeout));
        }
        intent.state = IntentState::Refused;
        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Gone)
            && !creating
            && self.is_gone(object, work, job).await
        {
            return Ok(true);
        }
        self.park(object, work, job, error, batch);
        Ok(true)
    }

    /// The record to change is not there. Positive evidence of its deletion ends the matter; a plain "not found" must
    /// be seen twice, some time apart, because a lost permission looks the same.
    async fn is_gone(&mut self, object: &ReadyObject, work: &mut Working, job: &Job) -> bool {
        let side = job.side;
        let Some(id) = work.news.link.record(store_side(side)).map(RemoteId::new) else {
            return false;
        };
        let Ok(records) = self.parts.crm(side).records(object.kind) else {
            return false;
        };
        let Ok(mut fetched) = records.get(&[id]).await else {
            return false;
        };
        let deleted = match fetched.pop() {
            Some(Fetched::Deleted(deleted)) => deleted,
            Some(Fetched::Missing) if work.news.link.parked.as_ref().is_some_and(|parked| parked.reason == MISSING) => {
                crm_model::Deleted::Hard
            }
            Some(Fetched::Missing) => {
                let next_at = Some(self.now() + TimeDelta::from_std(self.parts.settle_after).unwrap_or_default());
                work.news.link.parked = Some(Parked { reason: MISSING.to_owned(), tries: 1, next_at });
                work.news.link.state = LinkState::Parked;
                return true;
            }
            _ => return false,
        };
        let evidence = serde_json::to_string(&deleted).unwrap_or_default();
        work.news.link.tombstone = Some(Tombstone { side: store_side(side), evidence, at: self.now() });
        work.news.link.state = LinkState::Tombstoned;
        work.news.link.dirty = true;
        true
    }

    fn park(&mut self, object: &ReadyObject, work: &mut Working, job: &Job, error: &Error, batch: &mut Batch) {
        let tries = work.news.link.parked.as_ref().map_or(1, |parked| parked.tries.saturating_add(1));
        let wait = TimeDelta::hours(1 << tries.min(5));
        let message = error.to_string();
        work.news.link.parked = Some(Parked { reason: message.clone(), tries, next_at: Some(self.now() + wait) });
        work.news.link.state = LinkState::Parked;
        work.news.link.dirty = true;
        let record = work
            .news
            .link
            .record(store_side(job.side))
            .or_else(|| work.news.link.record(store_side(job.side.other())))
            .map(str::to_owned);
        let code = error.vendor_code().unwrap_or("refused");
        self.record_error(
            batch,
            &Trouble {
                object: object.kind,
                side: job.side,
                record: record.as_deref(),
                link: Some(job.link),
                code,
                message: &message,
            },
        );
    }
}

const MISSING: &str = "the record to change was not found; it is looked for once more before it counts as deleted";

impl News {
    fn new(link: Link, absorbed: Option<LinkId>) -> Self {
        Self { link, absorbed, conflicts: Vec::new(), reviews: Vec::new() }
    }

    /// Puts the link into a batch as it is now, with what was not stored about it before.
    fn put(&mut self, object: &ReadyObject, refs: &LinkRefs<'_>, batch: &mut Batch) -> Result<(), SyncError> {
        if let Some(absorbed) = self.absorbed.take() {
            batch.delete_link(absorbed);
        }
        let keys = match_keys(object, &self.link, refs)?;
        batch.put_link_with_keys(self.link.clone(), keys);
        for conflict in self.conflicts.drain(..) {
            batch.add_conflict(conflict);
        }
        for review in self.reviews.drain(..) {
            batch.add_review(review);
        }
        Ok(())
    }
}

/// Whether an error says something about the record that was written, and not about the connection or the account.
fn is_about_the_record(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Invalid
            | ErrorKind::Conflict
            | ErrorKind::NotFound
            | ErrorKind::Gone
            | ErrorKind::Forbidden
            | ErrorKind::Precondition
            | ErrorKind::TooLarge
            | ErrorKind::Unsupported
    )
}
