//! Tasks: listed by filter, in no order of change.

use futures::stream::{self, Stream};
use rest_core::{BadRecord, Call, Result, Row};

use super::body::{Envelope, Many, read_deleted, read_one, read_rows};
use super::calls::Wrapped;
use super::paging::{MAX_PER_PAGE, Recent, Seen, Walk};
use crate::Freshsales;
use crate::ids::TaskId;
use crate::models::{Task, TaskWrite};

/// What comes with a task, so that lists and single reads show the same.
const INCLUDE: &str = "owner,users,targetable";

impl Envelope for Task {
    const MANY: &'static str = "tasks";
    const ONE: &'static str = "task";
}

/// Which tasks to list. Open and completed together are all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskFilter {
    /// Not done yet.
    Open,
    /// Not done, and due today.
    DueToday,
    /// Not done, and due tomorrow.
    DueTomorrow,
    /// Not done, and due in the past.
    Overdue,
    /// Done.
    Completed,
}

impl TaskFilter {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::DueToday => "due_today",
            Self::DueTomorrow => "due_tomorrow",
            Self::Overdue => "overdue",
            Self::Completed => "completed",
        }
    }
}

/// One page of tasks, and what could not be read of them.
pub type TaskPage = Vec<std::result::Result<Row<Task>, BadRecord>>;

/// The tasks.
#[derive(Debug, Clone)]
pub struct Tasks {
    client: Freshsales,
}

impl Tasks {
    pub(crate) fn new(client: Freshsales) -> Self {
        Self { client }
    }

    /// Reads one task.
    ///
    /// # Errors
    /// `NotFound` for an unknown id: tasks are deleted for good.
    pub async fn get(&self, id: TaskId) -> Result<Row<Task>> {
        self.one(get_call(id)).await
    }

    /// Creates a task. Never repeated by itself: after an error of kind `Unknown`, look before creating again.
    ///
    /// # Errors
    /// `Invalid` with the vendor's words; `Unknown` where it may have been created.
    pub async fn create(&self, task: &TaskWrite) -> Result<Row<Task>> {
        self.one(create_call(task)).await
    }

    /// Changes a task: fields that are not named stay.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, or what the pipeline says.
    pub async fn update(&self, id: TaskId, task: &TaskWrite) -> Result<Row<Task>> {
        self.one(update_call(id, task)).await
    }

    /// Deletes a task for good.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; else what the pipeline or the vendor says.
    pub async fn delete(&self, id: TaskId) -> Result<()> {
        let call = Call::delete("tasks.delete").path(["tasks".to_owned(), id.to_string()]);
        read_deleted(&self.client.send(&call).await?)
    }

    async fn one(&self, call: Call) -> Result<Row<Task>> {
        Ok(read_one(&self.client.send(&call).await?)?.0)
    }

    /// Streams the tasks of one filter page by page, each task once. Ends after an error of the call; a task that
    /// cannot be read is part of its page.
    pub fn pages(&self, filter: TaskFilter) -> impl Stream<Item = Result<TaskPage>> + Send + use<> {
        let state = (self.client.clone(), Walk::new(MAX_PER_PAGE), Recent::default());
        stream::try_unfold(state, move |(client, mut walk, mut recent)| async move {
            let Some(number) = walk.next() else {
                return Ok(None);
            };
            let reply = client.send(&page_call(filter, number)).await?;
            let many: Many<Task> = reply.json()?;
            let mut rows: TaskPage = read_rows(many.records);
            let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
            let mut seen = Seen {
                rows: rows.len(),
                total: count(many.meta.total),
                total_pages: count(many.meta.total_pages),
                ..Seen::default()
            };
            rows.retain(|row| row.as_ref().map_or(true, |row| recent.is_new(row.id.get())));
            seen.fresh = rows.len();
            walk.fetched(seen);
            Ok(Some((rows, (client, walk, recent))))
        })
    }
}

fn get_call(id: TaskId) -> Call {
    Call::get("tasks.get").path(["tasks".to_owned(), id.to_string()]).query("include", INCLUDE)
}

fn create_call(task: &TaskWrite) -> Call {
    Call::post("tasks.create").path(["tasks"]).query("include", INCLUDE).json(&Wrapped { key: Task::ONE, record: task })
}

fn update_call(id: TaskId, task: &TaskWrite) -> Call {
    let call = Call::put("tasks.update").path(["tasks".to_owned(), id.to_string()]).query("include", INCLUDE);
    call.json(&Wrapped { key: Task::ONE, record: task })
}

fn page_call(filter: TaskFilter, page: u64) -> Call {
    Call::get("tasks.list")
        .path(["tasks"])
        .query("filter", filter.as_str())
        .query("include", INCLUDE)
        .query("page", page.to_string())
        .query("per_page", MAX_PER_PAGE.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DealId;
    use crate::models::{Set, TaskStatus};
    use rest_core::{BaseUrl, Safety};

    #[test]
    fn requests_are_as_the_vendor_documents_them() {
        let base = BaseUrl::parse("https://acme.example").unwrap();
        let due: chrono::DateTime<chrono::Utc> = "2025-06-02T09:00:00Z".parse().unwrap();
        let call = DealId::new(7);
        let task = TaskWrite {
            title: "Call".into(),
            due_date: due.into(),
            status: TaskStatus::Done.into(),
            target: Set::To(call.into()),
            ..TaskWrite::default()
        };
        let request = create_call(&task).to_request(&base).unwrap();
        assert_eq!(request.uri().path(), "/tasks");
        assert_eq!(
            request.body().as_ref(),
            br#"{"task":{"title":"Call","due_date":"2025-06-02T09:00:00Z","status":1,"targetable_type":"Deal","targetable_id":7}}"#
        );
        let cleared = TaskWrite { target: Set::Null, ..TaskWrite::default() };
        let request = update_call(TaskId::new(3), &cleared).to_request(&base).unwrap();
        assert_eq!(request.body().as_ref(), br#"{"task":{"targetable_type":null,"targetable_id":null}}"#);
        let request = page_call(TaskFilter::DueToday, 2).to_request(&base).unwrap();
        assert_eq!(
            request.uri().query(),
            Some("filter=due_today&include=owner%2Cusers%2Ctargetable&page=2&per_page=100")
        );
        assert_eq!(
            (create_call(&task).safety, update_call(TaskId::new(3), &task).safety),
            (Safety::Unsafe, Safety::Idempotent)
        );
    }
}
