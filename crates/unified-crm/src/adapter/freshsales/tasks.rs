//! Tasks. They are listed by being open or done, in no order of change, and have no place for a key.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{FixedOffset, NaiveTime};
use crm_model::{
    AnyRef, DateOrTime, FieldType, Instant, ListPatch, Meta, Object, ObjectKind, Patch, RawJson, RemoteId, Schema,
    Slot, Task, TaskPatch,
};
use freshsales::models::{self as fs, Set, TaskStatus, TaskWrite};
use freshsales::{TaskFilter, TaskId};
use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use rest_core::Row;

use super::fields::{ModelField, TEXT, check_mapped, mapped_schema};
use super::records::{check_keys, in_order, is_bad_record, limited};
use super::values::{instant, json_time, loaded, reference, set, set_ref, set_text, target_of, targets, text};
use super::{Shared, VENDOR, refuse};
use crate::{
    Change, ChangeSupport, Collection, CollectionCapabilities, Create, Cursor, ErrorKind, Fetched, FindKey, ListQuery,
    Outcome, Result, Update, Write, Written,
};

const VERSION: &str = "v1:";

#[derive(Clone)]
pub(crate) struct TaskRecords {
    shared: Arc<Shared>,
    capabilities: Arc<CollectionCapabilities>,
}

impl fmt::Debug for TaskRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRecords").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl TaskRecords {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let mut able = CollectionCapabilities::none();
        able.list = true;
        able.get_batch = 1;
        able.changes = ChangeSupport::FullScan;
        able.create = true;
        able.update = true;
        able.delete = true;
        able.returns_record = true;
        able.tells_author = true;
        Self { shared: shared.clone(), capabilities: Arc::new(able) }
    }

    pub(crate) fn capabilities(&self) -> &CollectionCapabilities {
        &self.capabilities
    }

    fn read(&self, row: &Row<fs::Task>) -> Task {
        read(row, self.shared.options.keep_raw)
    }

    /// Every task: the open ones, then the done ones. One that is done in between is told twice.
    fn rows(&self) -> BoxStream<'_, Result<std::result::Result<Row<fs::Task>, rest_core::BadRecord>>> {
        let pages = |filter| self.shared.client.tasks().pages(filter);
        let all = pages(TaskFilter::Open).chain(pages(TaskFilter::Completed));
        // After an error of the first list the second must not look like the whole.
        let whole = all.scan(false, |failed, page| {
            let stop = std::mem::replace(failed, page.is_err());
            futures::future::ready((!stop).then_some(page))
        });
        whole.map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten().boxed()
    }

    async fn fetch(&self, id: &RemoteId<Task>) -> Result<Fetched<Task>> {
        let Ok(number) = id.as_str().parse::<TaskId>() else {
            return Ok(Fetched::Missing);
        };
        match self.shared.client.tasks().get(number).await {
            Ok(row) => Ok(Fetched::Found(self.read(&row))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Fetched::Missing),
            Err(error) if is_bad_record(&error) => Ok(Fetched::Bad(error.to_string())),
            Err(error) => Err(error),
        }
    }

    async fn write_one(&self, write: Write<Task>) -> Result<Written<Task>> {
        let tasks = self.shared.client.tasks();
        match write {
            Write::Create(Create { key: Some(_), .. }) => {
                Err(refuse(ErrorKind::Unsupported, "tasks.create", "a task has no place for the key of a create"))
            }
            Write::Create(Create { new, key: None }) => {
                let patch = Task::new_to_patch(&new);
                check_mapped::<Task>(&fields(), &patch)?;
                let patch = Task::patch_from_record(patch)
                    .map_err(|error| refuse(ErrorKind::Invalid, "tasks.create", error.to_string()))?;
                let row = tasks.create(&self.body(&patch)?).await?;
                Ok(self.written(&row, Outcome::Created))
            }
            Write::Update(Update { id, patch }) => {
                check_mapped::<Task>(&fields(), &Task::patch_to_record(&patch))?;
                let gone = |_| refuse(ErrorKind::NotFound, "tasks.update", format!("there is no task {id}"));
                let number: TaskId = id.as_str().parse().map_err(gone)?;
                let body = self.body(&patch)?;
                // Nothing to write; the answer is owed all the same.
                let row = if body == TaskWrite::default() {
                    tasks.get(number).await?
                } else {
                    tasks.update(number, &body).await?
                };
                Ok(self.written(&row, Outcome::Updated))
            }
            Write::Delete(id) => {
                let Ok(number) = id.as_str().parse() else {
                    return Ok(Written::new(id, Outcome::Deleted));
                };
                match tasks.delete(number).await {
                    Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                    Ok(()) | Err(_) => Ok(Written::new(id, Outcome::Deleted)),
                }
            }
        }
    }

    fn written(&self, row: &Row<fs::Task>, outcome: Outcome) -> Written<Task> {
        let record = self.read(row);
        let mut written = Written::new(record.id(), outcome);
        written.record = Some(record);
        written
    }

    fn body(&self, patch: &TaskPatch) -> Result<TaskWrite> {
        if !patch.opt_outs.is_empty() {
            return Err(refuse(ErrorKind::Unsupported, "tasks.write", "a task has no consent"));
        }
        Ok(TaskWrite {
            title: set_text(&patch.title),
            description: set_text(&patch.description),
            due_date: set(&patch.due, |due| Ok(moment(*due, self.shared.options.zone)))?,
            status: match &patch.done {
                Patch::Keep => Set::Keep,
                Patch::Set(true) => TaskStatus::Done.into(),
                Patch::Set(false) | Patch::Clear => TaskStatus::Open.into(),
            },
            owner_id: set_ref(&patch.owner, "owner")?,
            target: write_target(&patch.targets)?,
            ..TaskWrite::default()
        })
    }
}

fn fields() -> Vec<ModelField> {
    vec![
        ModelField::new(Task::TITLE, &["title"], TEXT).required(),
        ModelField::new(Task::DESCRIPTION, &["description"], FieldType::LongText),
        ModelField::new(Task::DONE, &["status"], FieldType::Bool),
        ModelField::new(Task::DUE, &["due_date"], FieldType::DateTime).required(),
        ModelField::new(Task::COMPLETED_AT, &["completed_date"], FieldType::DateTime).read_only(),
        ModelField::new(Task::OWNER, &["owner_id"], FieldType::Ref { target: Some(ObjectKind::User) }),
        ModelField::new(Task::TASK_TYPE, &["task_type_id"], FieldType::Other("sales_activity_type".to_owned()))
            .read_only(),
        ModelField::new(Task::TARGETS, &["targetable_type", "targetable_id"], FieldType::List),
    ]
}

fn read(row: &Row<fs::Task>, keep_raw: bool) -> Task {
    let mut task = Task::default();
    let mut meta = Meta::new(VENDOR, row.id.to_string());
    meta.created_at = instant(row.created_at);
    meta.updated_at = instant(row.updated_at);
    meta.updated_by = row.updater_id.or(row.creater_id).map(|user| user.to_string().into());
    meta.raw = keep_raw.then(|| RawJson::new(row.raw().get()));
    task.meta = meta;
    task.title = text(row, "title", row.title.as_ref());
    task.description = text(row, "description", row.description.as_ref());
    task.done = loaded(row, "status", row.status.map(|status| status == TaskStatus::Done));
    task.due = loaded(row, "due_date", instant(row.due_date).map(DateOrTime::Time));
    task.completed_at = loaded(row, "completed_date", instant(row.completed_date));
    task.owner = reference(row, "owner_id", row.owner_id);
    task.task_type = loaded(row, "task_type_id", row.task_type_id.map(|id| crm_model::Choice::new(id.to_string())));
    task.targets = loaded(row, "targetables", row.targetables.as_deref().map(targets));
    task
}

/// A day becomes noon of that day, which is the same day in nearly every time zone.
fn moment(due: DateOrTime, zone: FixedOffset) -> Instant {
    match due {
        DateOrTime::Time(time) => time,
        DateOrTime::Date(day) => {
            let noon = day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default());
            noon.and_local_timezone(zone).single().map_or_else(|| noon.and_utc(), |time| time.to_utc())
        }
    }
}

/// There is room for one record: the main one.
pub(super) fn write_target(patch: &ListPatch<AnyRef>) -> Result<Set<fs::Target>> {
    let one =
        |reference: Option<&AnyRef>| reference.map_or(Ok(Set::Null), |reference| target_of(reference).map(Set::To));
    match patch {
        ListPatch::Keep => Ok(Set::Keep),
        ListPatch::Replace(list) => one(list.iter().find(|reference| reference.is_primary).or(list.first())),
        ListPatch::Slots(slots) => {
            let main = slots.get(&Slot::Primary).or_else(|| slots.values().find(|value| value.is_some()));
            one(main.or(slots.values().next()).and_then(Option::as_ref))
        }
    }
}

fn cursor_of(now: Instant) -> Cursor {
    Cursor::new(format!("{VERSION}{}", json_time(now)))
}

fn check_cursor(cursor: &Cursor) -> Result<()> {
    let time = cursor.as_str().strip_prefix(VERSION).and_then(|time| time.parse::<Instant>().ok());
    let refusal =
        || refuse(ErrorKind::Invalid, "changes", "this is not a cursor of this collection; start without one");
    time.map(drop).ok_or_else(refusal)
}

#[async_trait]
impl Collection<Task> for TaskRecords {
    fn capabilities(&self) -> &CollectionCapabilities {
        &self.capabilities
    }

    async fn schema(&self) -> Result<Schema> {
        Ok(mapped_schema::<Task>(fields()))
    }

    async fn get(&self, ids: &[RemoteId<Task>]) -> Result<Vec<Fetched<Task>>> {
        in_order(ids.iter().map(|id| self.fetch(id).boxed()).collect()).await
    }

    fn list(&self, query: ListQuery) -> BoxStream<'_, Result<Task>> {
        if query.view.is_some() {
            return stream::iter([Err(crate::crm::cannot(VENDOR, "list", "lists no records through a view here"))])
                .boxed();
        }
        let since = query.updated_since;
        let mut told = std::collections::HashSet::new();
        let tasks = self.rows().filter_map(move |row| {
            let item = match row {
                Ok(Ok(row))
                    if since.is_some_and(|since| instant(row.updated_at).is_some_and(|stamp| stamp < since)) =>
                {
                    None
                }
                Ok(Ok(row)) => told.insert(row.id).then(|| Ok(self.read(&row))),
                Ok(Err(bad)) => Some(Err(bad.into_error("tasks.list"))),
                Err(error) => Some(Err(error)),
            };
            futures::future::ready(item)
        });
        limited(tasks.boxed(), query.limit)
    }

    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<Task>>> {
        check_keys::<Task>(&self.capabilities, keys)?;
        Ok(Vec::new())
    }

    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<Task>>> {
        if let Some(Err(error)) = since.as_ref().map(check_cursor) {
            return stream::iter([Err(error)]).boxed();
        }
        let end = cursor_of(self.shared.client.clock().now());
        let changes = self.rows().map_ok(|row| match row {
            Ok(row) => Change::Record(self.read(&row)),
            Err(bad) => Change::Bad { id: bad.id.clone().map(RemoteId::new), error: bad.into_error("tasks.list") },
        });
        let all = stream::iter([Ok(Change::Started { complete: true })])
            .chain(changes)
            .chain(stream::iter([Ok(Change::Finished(end))]));
        // Nothing follows an error: a feed that failed has no end.
        let honest = all.scan(false, |failed, change: Result<Change<Task>>| {
            let stop = std::mem::replace(failed, change.is_err());
            futures::future::ready((!stop).then_some(change))
        });
        honest.boxed()
    }

    async fn write(&self, writes: Vec<Write<Task>>) -> Vec<Result<Written<Task>>> {
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            results.push(self.write_one(write).await);
        }
        results
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_model::Presence;
    use rest_core::row;

    fn task(json: &str) -> Task {
        let raw = serde_json::value::RawValue::from_string(json.to_owned()).unwrap();
        read(&row(raw, "id").unwrap(), false)
    }

    #[test]
    fn a_task_is_read_with_what_the_model_knows_of_its_targets() {
        let read = task(
            r#"{"id":5,"status":1,"title":"Call","description":null,"due_date":"2021-10-20T00:30:00-06:00","completed_date":null,
                "owner_id":3,"creater_id":4,"updater_id":null,"targetables":[{"id":1,"type":"Lead"},{"id":2,"type":"Deal"},{"id":"7","type":"Contact"}]}"#,
        );
        assert_eq!((read.done, read.description), (Presence::Known(true), Presence::Null));
        assert_eq!(read.due.get(), Some(&DateOrTime::Time("2021-10-20T06:30:00Z".parse().unwrap())));
        let targets = [AnyRef::new(ObjectKind::Deal, "2").primary(), AnyRef::new(ObjectKind::Contact, "7")];
        assert_eq!(read.targets.get().map(Vec::as_slice), Some(&targets[..]));
        assert_eq!(read.meta.updated_by.as_deref(), Some("4"));
        assert_eq!(task(r#"{"id":5}"#).targets, Presence::NotLoaded);
    }

    #[test]
    fn a_day_is_noon_of_that_day() {
        let day = DateOrTime::Date("2025-12-31".parse().unwrap());
        let west = FixedOffset::west_opt(6 * 3600).unwrap();
        assert_eq!(moment(day, west).to_rfc3339(), "2025-12-31T18:00:00+00:00");
        assert_eq!(moment(day, chrono::Offset::fix(&chrono::Utc)).to_rfc3339(), "2025-12-31T12:00:00+00:00");
    }

    #[test]
    fn the_main_target_is_the_one_that_is_written() {
        let deal = AnyRef::new(ObjectKind::Deal, "2");
        let contact = AnyRef::new(ObjectKind::Contact, "7");
        let written = |patch: ListPatch<AnyRef>| {
            write_target(&patch).map(|target| target.map(|target| format!("{} {}", target.kind, target.id)))
        };
        for (patch, expected) in [
            (ListPatch::Keep, Set::Keep),
            (ListPatch::Replace(Vec::new()), Set::Null),
            (ListPatch::Replace(vec![deal.clone(), contact.clone().primary()]), Set::To("Contact 7".to_owned())),
            (ListPatch::Replace(vec![deal.clone(), contact]), Set::To("Deal 2".to_owned())),
            (ListPatch::slot(Slot::Primary, Some(deal.clone())), Set::To("Deal 2".to_owned())),
            (ListPatch::slot(Slot::Object(ObjectKind::Deal), Some(deal)), Set::To("Deal 2".to_owned())),
            (ListPatch::slot(Slot::Primary, None), Set::Null),
        ] {
            assert_eq!(written(patch).unwrap(), expected);
        }
        assert!(written(ListPatch::slot(Slot::Primary, Some(AnyRef::new(ObjectKind::Task, "1")))).is_err());
        assert!(written(ListPatch::slot(Slot::Primary, Some(AnyRef::new(ObjectKind::Deal, "003A")))).is_err());
    }
}
