//! Calls, meetings and messages: three objects of the vendor that are one of the model.
//!
//! A call is a task of subtype `Call`, which [`tasks`](crate::Crm::tasks) leaves out; a meeting is an event; an e-mail is
//! an `EmailMessage`, or a task of subtype `Email` where no message stands behind it. Every id is its object's own, so
//! that its first three characters say which.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use crm_model::{Engagement, EngagementKind, FieldType, Object, ObjectKind, RemoteId, Schema, Value};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use rest_core::{Error, ErrorKind, Result};
use salesforce::{EmailMessage, Event, Salesforce, Task};

use super::objects::Objects;
use super::table::{CALLS, EMAILS, MEETINGS};
use super::{SalesforceOptions, VENDOR};
use crate::{Change, Collection, CollectionCapabilities, Cursor, Fetched, FindBy, FindKey, ListQuery, Write, Written};

/// The three collections behind one.
pub(crate) struct Engagements {
    pub(crate) calls: Objects<Engagement, Task>,
    pub(crate) meetings: Objects<Engagement, Event>,
    pub(crate) emails: Objects<Engagement, EmailMessage>,
    /// Whether the organisation has messages; asked once.
    has_emails: tokio::sync::OnceCell<bool>,
    schema: tokio::sync::OnceCell<Schema>,
    assumed: CollectionCapabilities,
    exact: OnceLock<CollectionCapabilities>,
}

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Calls,
    Meetings,
    Emails,
}

impl Source {
    const ALL: [Self; 3] = [Self::Calls, Self::Meetings, Self::Emails];

    /// The one whose ids begin like this. What is no id at all is nobody's, whomever one asks.
    fn of_id(id: &str) -> Self {
        match id.get(..3) {
            Some("00U") => Self::Meetings,
            Some("02s") => Self::Emails,
            _ => Self::Calls,
        }
    }

    fn of_kind(kind: Option<&EngagementKind>) -> std::result::Result<Self, String> {
        match kind {
            Some(EngagementKind::Call) => Ok(Self::Calls),
            Some(EngagementKind::Meeting) => Ok(Self::Meetings),
            Some(EngagementKind::Email) => Ok(Self::Emails),
            Some(other) => Err(format!("kind: Salesforce keeps calls, meetings and e-mails, no {other}")),
            None => Err("kind: say what it was: a call, a meeting or an e-mail".to_owned()),
        }
    }
}

impl Engagements {
    pub(crate) fn new(client: &Salesforce, options: &Arc<SalesforceOptions>) -> Self {
        let calls = Objects::new(client.clone(), options.clone(), &CALLS);
        let meetings = Objects::new(client.clone(), options.clone(), &MEETINGS);
        let emails = Objects::new(client.clone(), options.clone(), &EMAILS);
        let assumed = together(&[calls.capabilities(), meetings.capabilities(), emails.capabilities()]);
        let (has_emails, schema) = Default::default();
        Self { calls, meetings, emails, has_emails, schema, assumed, exact: OnceLock::new() }
    }

    /// Describes what is behind it, once.
    pub(crate) async fn prepare(&self) -> Result<()> {
        self.union().await.map(drop)
    }

    pub(crate) fn is_described(&self) -> bool {
        self.exact.get().is_some()
    }

    /// Whether there are messages: an organisation has them with e-mail to case, or with enhanced e-mail.
    async fn has_emails(&self) -> Result<bool> {
        let ask = async || match self.emails.layout().await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(false),
            Err(error) => Err(error),
        };
        self.has_emails.get_or_try_init(ask).await.copied()
    }

    async fn sources(&self) -> Result<Vec<Source>> {
        let has_emails = self.has_emails().await?;
        Ok(Source::ALL.into_iter().filter(|source| has_emails || *source != Source::Emails).collect())
    }

    fn on(&self, source: Source) -> &dyn Collection<Engagement> {
        match source {
            Source::Calls => &self.calls,
            Source::Meetings => &self.meetings,
            Source::Emails => &self.emails,
        }
    }

    /// The fields of all three. What only one of them has is empty for the others; an own field that calls do not have is
    /// shown as read only, because not every kind takes it.
    async fn union(&self) -> Result<&Schema> {
        self.schema.get_or_try_init(|| self.gather()).await
    }

    async fn gather(&self) -> Result<Schema> {
        let mut schema = Schema::new(ObjectKind::Engagement, Vec::new());
        let mut able = Vec::new();
        for source in self.sources().await? {
            let part = self.on(source).schema().await?;
            able.push(self.on(source).capabilities());
            for mut field in part.fields {
                match schema.fields.iter_mut().find(|known| known.key == field.key) {
                    Some(known) => {
                        let (writable, is_custom) = (field.writable, field.is_custom());
                        let new = field.options.into_iter().filter(|option| !known.options.contains(option));
                        known.options.extend(new.collect::<Vec<_>>());
                        // A call has a day, a meeting a moment: what takes both is the moment.
                        if field.field_type == FieldType::DateTime {
                            known.field_type = FieldType::DateTime;
                        }
                        known.writable |= writable && !is_custom;
                    }
                    None => {
                        field.writable &= source == Source::Calls || !field.is_custom();
                        schema.fields.push(field);
                    }
                }
            }
        }
        let able = together(&able);
        self.exact.get_or_init(|| able);
        Ok(schema)
    }

    /// The record with every field that only the other kinds have, empty.
    fn whole(schema: &Schema, engagement: Engagement) -> Engagement {
        let mut record = engagement.to_record();
        for field in &schema.fields {
            if !record.is_loaded(&field.key) {
                let list = Engagement::FIELDS.iter().any(|def| def.key == field.key && def.is_list);
                record.set(field.key.clone(), if list { Value::List(Vec::new()) } else { Value::Null });
            }
        }
        Engagement::from_record(record).unwrap_or(engagement)
    }
}

/// What all of them can do.
fn together(parts: &[&CollectionCapabilities]) -> CollectionCapabilities {
    let mut all = parts.first().map_or_else(CollectionCapabilities::none, |first| (*first).clone());
    for part in parts {
        all.list &= part.list;
        all.get_batch = all.get_batch.min(part.get_batch);
        all.find.retain(|by| part.find.contains(by));
        all.create_once &= part.create_once;
        all.write_batch = all.write_batch.min(part.write_batch);
        all.tells_author &= part.tells_author;
    }
    all
}

#[async_trait]
impl Collection<Engagement> for Engagements {
    fn capabilities(&self) -> &CollectionCapabilities {
        self.exact.get().unwrap_or(&self.assumed)
    }

    async fn schema(&self) -> Result<Schema> {
        self.union().await.cloned()
    }

    async fn get(&self, ids: &[RemoteId<Engagement>]) -> Result<Vec<Fetched<Engagement>>> {
        let mut fetched: Vec<Fetched<Engagement>> = ids.iter().map(|_| Fetched::Missing).collect();
        if ids.is_empty() {
            return Ok(fetched);
        }
        let schema = self.union().await?;
        for source in self.sources().await? {
            let wanted = ids.iter().enumerate().filter(|(_, id)| Source::of_id(id.as_str()) == source);
            let (places, ids): (Vec<usize>, Vec<RemoteId<Engagement>>) = wanted.map(|(i, id)| (i, id.clone())).unzip();
            for (place, found) in places.into_iter().zip(self.on(source).get(&ids).await?) {
                if let Some(slot) = fetched.get_mut(place) {
                    *slot = found.map(|record| Self::whole(schema, record));
                }
            }
        }
        Ok(fetched)
    }

    fn list(&self, query: ListQuery) -> BoxStream<'_, Result<Engagement>> {
        let limit = query.limit.unwrap_or(usize::MAX);
        let parts = async move {
            let (schema, sources) = (self.union().await?, self.sources().await?);
            let parts = stream::iter(sources).flat_map(move |source| self.on(source).list(query.clone()));
            Ok::<_, Error>(parts.map_ok(|record| Self::whole(schema, record)))
        };
        stream::once(parts).try_flatten().take(limit).boxed()
    }

    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<Engagement>>> {
        if let Some(key) = keys.iter().find(|key| key.by() != FindBy::CreateKey || !self.capabilities().create_once) {
            let what = format!("finds no engagement by {:?}", key.by());
            return Err(crate::crm::cannot(VENDOR, "find", &what));
        }
        let mut found: Vec<Vec<Engagement>> = keys.iter().map(|_| Vec::new()).collect();
        if keys.is_empty() {
            return Ok(found);
        }
        let schema = self.union().await?;
        for source in self.sources().await? {
            for (slot, records) in found.iter_mut().zip(self.on(source).find(keys).await?) {
                slot.extend(records.into_iter().map(|record| Self::whole(schema, record)));
            }
        }
        Ok(found)
    }

    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<Engagement>>> {
        let feed =
            Feed { engagements: self, since, state: State::Begin, left: VecDeque::new(), cursors: [const { None }; 3] };
        stream::try_unfold(feed, Feed::next).boxed()
    }

    async fn write(&self, writes: Vec<Write<Engagement>>) -> Vec<Result<Written<Engagement>>> {
        let mut results: Vec<Option<Result<Written<Engagement>>>> = writes.iter().map(|_| None).collect();
        let mut parts: [(Vec<usize>, Vec<Write<Engagement>>); 3] = Default::default();
        for (index, write) in writes.into_iter().enumerate() {
            let keyed = matches!(&write, Write::Create(create) if create.key.is_some());
            if keyed && !self.capabilities().create_once {
                if let Some(slot) = results.get_mut(index) {
                    *slot =
                        Some(Err(crate::crm::cannot(VENDOR, "write", "has no place for a key in every engagement")));
                }
                continue;
            }
            let source = match &write {
                Write::Create(create) => Source::of_kind(create.new.kind.as_ref()),
                Write::Update(update) => Ok(Source::of_id(update.id.as_str())),
                Write::Delete(id) => Ok(Source::of_id(id.as_str())),
            };
            match (source, results.get_mut(index)) {
                (Ok(source), _) => {
                    let part = &mut parts[source as usize];
                    part.0.push(index);
                    part.1.push(write);
                }
                (Err(why), Some(slot)) => {
                    *slot = Some(Err(Error::new(ErrorKind::Invalid, "write").with_vendor(VENDOR).with_message(why)));
                }
                (Err(_), None) => {}
            }
        }
        for (source, (places, part)) in Source::ALL.into_iter().zip(parts) {
            for (place, result) in places.into_iter().zip(self.on(source).write(part).await) {
                if let Some(slot) = results.get_mut(place) {
                    *slot = Some(result);
                }
            }
        }
        let lost = || Err(Error::new(ErrorKind::Unknown, "write").with_vendor(VENDOR).with_message("no result"));
        results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }
}

/// The three feeds, one after the other, as one.
struct Feed<'a> {
    engagements: &'a Engagements,
    since: Option<Cursor>,
    state: State<'a>,
    left: VecDeque<Source>,
    /// Where each was left: of the reading before, and then of this one.
    cursors: [Option<Cursor>; 3],
}

enum State<'a> {
    Begin,
    Between,
    Reading(Source, BoxStream<'a, Result<Change<Engagement>>>),
    Over,
}

type Step<'a> = Option<(Change<Engagement>, Feed<'a>)>;

impl<'a> Feed<'a> {
    async fn next(mut self) -> Result<Step<'a>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Begin => {
                    let complete = self.since.is_none();
                    if let Some(cursor) = &self.since {
                        self.cursors = parts(cursor.as_str()).ok_or_else(foreign)?;
                    }
                    self.engagements.prepare().await?;
                    self.left = self.engagements.sources().await?.into();
                    self.state = State::Between;
                    return Ok(Some((Change::Started { complete }, self)));
                }
                State::Between => match self.left.pop_front() {
                    Some(source) => {
                        let since = self.cursors.get_mut(source as usize).and_then(Option::take);
                        self.state = State::Reading(source, self.engagements.on(source).changes(since));
                    }
                    None => {
                        let cursor = Cursor::new(joined(&self.cursors));
                        return Ok(Some((Change::Finished(cursor), self)));
                    }
                },
                State::Reading(source, mut events) => {
                    let Some(event) = events.next().await.transpose()? else {
                        return Err(Error::new(ErrorKind::Decode, "changes").with_message("a feed ended too early"));
                    };
                    match event {
                        Change::Started { .. } => self.state = State::Reading(source, events),
                        Change::Finished(cursor) => {
                            if let Some(slot) = self.cursors.get_mut(source as usize) {
                                *slot = Some(cursor);
                            }
                            self.state = State::Between;
                        }
                        Change::Record(record) => {
                            self.state = State::Reading(source, events);
                            let schema = self.engagements.union().await?;
                            return Ok(Some((Change::Record(Engagements::whole(schema, record)), self)));
                        }
                        other => {
                            self.state = State::Reading(source, events);
                            return Ok(Some((other, self)));
                        }
                    }
                }
                State::Over => return Ok(None),
            }
        }
    }
}

fn foreign() -> Error {
    Error::new(ErrorKind::Invalid, "changes")
        .with_vendor(VENDOR)
        .with_message("this is not a cursor of this collection")
        .with_hint("read the feed without a cursor once")
}

/// The cursors of the three; one that was never read has none.
fn parts(text: &str) -> Option<[Option<Cursor>; 3]> {
    let parts: Vec<&str> = text.strip_prefix("v1:")?.split('|').collect();
    let [calls, meetings, emails] = parts.as_slice() else { return None };
    let part = |text: &str| (text != "-").then(|| Cursor::new(text));
    Some([part(calls), part(meetings), part(emails)])
}

fn joined(cursors: &[Option<Cursor>; 3]) -> String {
    let part = |cursor: &Option<Cursor>| cursor.as_ref().map_or("-", Cursor::as_str).to_owned();
    format!("v1:{}", cursors.iter().map(part).collect::<Vec<_>>().join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_cursors_travel_as_one() {
        let at = |text: &str| Some(Cursor::new(text));
        let cursors = [at("v1:2025-06-02T10:00:00Z"), None, at("v1:2025-06-02T10:00:05Z")];
        assert_eq!(parts(&joined(&cursors)).unwrap(), cursors);
        for foreign in ["", "v1:", "v1:2025-06-02T10:00:00Z", "v2:-|-|-", "v1:-|-"] {
            assert!(parts(foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn an_id_says_what_it_is_the_id_of() {
        let of = |id: &str| Source::of_id(id);
        assert_eq!((of("00T000000000001"), of("00U000000000001")), (Source::Calls, Source::Meetings));
        assert_eq!((of("02s000000000001"), of("nobody")), (Source::Emails, Source::Calls));
        assert!(Source::of_kind(Some(&EngagementKind::Sms)).unwrap_err().contains("sms"));
        assert!(Source::of_kind(None).is_err());
    }
}
