//! Tasks.

use chrono::{DateTime, Days, Utc};
use serde_json::{Map, Value, json};

use super::coerce::{Slot, id_of, time, wire_time, wrong_type};
use super::draft::By;
use super::errors::{Failure, Result};
use super::schema::{Entity, Kind};
use super::state::{Call, State};
use super::store::{Referrer, Task};
use super::views::Paging;
use crate::{Action, Effect};

impl State {
    /// `GET /tasks?filter=…`.
    pub(super) fn list_tasks(&self, call: &Call<'_>) -> Result<Value> {
        let filter = call.request.param("filter").unwrap_or("open").replace([' ', '+'], "_");
        let today = call.now().with_timezone(&self.zone()).date_naive();
        let due = |task: &Task| task.due_date.with_timezone(&self.zone()).date_naive();
        let tomorrow = today.checked_add_days(Days::new(1));
        let wanted: Box<dyn Fn(&Task) -> bool> = match filter.as_str() {
            "open" => Box::new(|task| !task.done),
            "due_today" => Box::new(move |task| !task.done && due(task) == today),
            "due_tomorrow" => Box::new(move |task| !task.done && Some(due(task)) == tomorrow),
            "overdue" => Box::new(|task| !task.done && task.due_date < call.now()),
            "completed" => Box::new(|task| task.done),
            _ => return Err(Failure::because("Filter is invalid")),
        };
        let mut tasks: Vec<&Task> = self.store.tasks().filter(|task| wanted(task)).collect();
        tasks.sort_by_key(|task| (task.due_date, task.id));
        let page = Paging::new(call.request, None).cut(tasks, self.quirks.short_pages);
        let rows: Vec<Value> = page.rows.iter().map(|task| self.task_json(task)).collect();
        let mut out = self.task_side_loads(&page.rows, &call.include);
        out.insert("tasks".to_owned(), Value::Array(rows));
        out.insert("meta".to_owned(), page.total_only());
        Ok(Value::Object(out))
    }

    /// `GET /{entity}/{id}/tasks`.
    pub(super) fn tasks_of(&self, call: &Call<'_>, entity: Entity, id: i64) -> Result<Value> {
        self.readable(entity, id)?;
        let ids = self.store.referrers(entity, id, Referrer::Task);
        let mut tasks: Vec<&Task> = ids.into_iter().filter_map(|id| self.store.task(id)).collect();
        tasks.sort_by_key(|task| (task.due_date, task.id));
        let page = Paging::new(call.request, None).cut(tasks, self.quirks.short_pages);
        let rows: Vec<Value> = page.rows.iter().map(|task| self.task_json(task)).collect();
        let mut out = self.task_side_loads(&page.rows, &call.include);
        out.insert("tasks".to_owned(), Value::Array(rows));
        out.insert("meta".to_owned(), page.total_only());
        Ok(Value::Object(out))
    }

    /// `GET /tasks/{id}`, and the answer to writes.
    pub(super) fn task_detail(&self, id: i64, include: &[String]) -> Result<Value> {
        let task = self.store.task(id).ok_or_else(Failure::not_found)?;
        let mut out = self.task_side_loads(&[task], include);
        let mut detail = self.task_json(task);
        if let Value::Object(fields) = &mut detail {
            let target = task.target.and_then(|(entity, id)| self.store.get(entity, id));
            fields.insert("user_ids".to_owned(), task.user_ids.clone().into());
            let reference = target.map(|target| json!({ "type": target.entity.model(), "id": target.id }));
            fields.insert("targetable".to_owned(), reference.unwrap_or_default());
            let named = target
                .map(|target| json!({ "id": target.id, "name": target.display_name(), "type": target.entity.model() }));
            fields.insert("targetables_with_email".to_owned(), named.into_iter().collect());
            fields.insert("has_multiple_emails".to_owned(), Value::Bool(false));
            fields.insert("is_linkedin_type".to_owned(), Value::Bool(false));
        }
        out.insert("task".to_owned(), detail);
        Ok(Value::Object(out))
    }

    pub(super) fn task_json(&self, task: &Task) -> Value {
        let time = |time: DateTime<Utc>| wire_time(time, self.zone());
        let targets = task.target.map(|(entity, id)| json!({ "id": id, "type": entity.model() }));
        json!({
            "id": task.id,
            "status": i32::from(task.done),
            "title": task.title,
            "description": task.description,
            "created_at": time(task.created_at),
            "updated_at": time(task.updated_at),
            "owner_id": task.owner_id,
            "due_date": time(task.due_date),
            "completed_date": task.completed_date.map(time),
            "creater_id": task.creater_id,
            "updater_id": task.updater_id,
            "outcome_id": task.outcome_id,
            "task_type_id": task.task_type_id,
            "targetables": targets.into_iter().collect::<Vec<_>>(),
        })
    }

    fn task_side_loads(&self, tasks: &[&Task], include: &[String]) -> Map<String, Value> {
        let wants = |name: &str| include.iter().any(|wanted| wanted == name);
        let mut users: Vec<i64> = Vec::new();
        let mut out = Map::new();
        for task in tasks {
            let asked =
                [("owner", Some(task.owner_id)), ("creater", Some(task.creater_id)), ("updater", task.updater_id)];
            users.extend(asked.into_iter().filter(|(name, _)| wants(name)).filter_map(|(_, id)| id));
            if wants("users") {
                users.extend(&task.user_ids);
            }
        }
        users.sort_unstable();
        users.dedup();
        if ["owner", "users", "creater", "updater"].iter().any(|name| wants(name)) {
            out.insert("users".to_owned(), users.into_iter().filter_map(|id| self.task_user(id)).collect());
        }
        if wants("targetable") {
            for entity in Entity::ALL {
                let mut ids: Vec<i64> = tasks
                    .iter()
                    .filter_map(|task| task.target)
                    .filter(|target| target.0 == entity)
                    .map(|target| target.1)
                    .collect();
                ids.sort_unstable();
                ids.dedup();
                let records = ids.into_iter().filter_map(|id| self.store.get(entity, id));
                let rows: Vec<Value> = records.map(|record| self.partial(record)).collect();
                if !rows.is_empty() {
                    out.insert(entity.plural().to_owned(), Value::Array(rows));
                }
            }
        }
        out
    }

    /// Users beside tasks carry more than in the selector.
    fn task_user(&self, id: i64) -> Option<Value> {
        let mut user = self.selector_item("owners", id)?;
        let fields = user.as_object_mut()?;
        fields.insert("avatar".to_owned(), Value::Null);
        fields.insert("type".to_owned(), "FdMultitenant::User".into());
        fields.insert("uuid".to_owned(), id.to_string().into());
        Some(user)
    }

    pub(super) fn create_task(&mut self, body: &Map<String, Value>, by: By) -> Result<(i64, Vec<Effect>)> {
        let blank = Task {
            id: 0,
            title: String::new(),
            description: None,
            done: false,
            due_date: DateTime::UNIX_EPOCH,
            completed_date: None,
            owner_id: by.user,
            creater_id: by.user,
            updater_id: None,
            outcome_id: None,
            task_type_id: None,
            target: None,
            user_ids: Vec::new(),
            created_at: by.now,
            updated_at: by.now,
        };
        let (task, written) = self.draft_task(blank, body, by)?;
        Ok(self.save_task(task, written, Action::Created, by))
    }

    pub(super) fn update_task(&mut self, id: i64, body: &Map<String, Value>, by: By) -> Result<Vec<Effect>> {
        let old = self.store.task(id).ok_or_else(Failure::not_found)?.clone();
        let (mut task, written) = self.draft_task(old.clone(), body, by)?;
        if task == old && self.quirks.no_change_keeps_updated_at {
            return Ok(Vec::new());
        }
        task.updated_at = by.now;
        task.updater_id = Some(by.user);
        Ok(self.save_task(task, written, Action::Updated, by).1)
    }

    pub(super) fn delete_task(&mut self, id: i64, by: By) -> Result<Vec<Effect>> {
        let task = self.store.remove_task(id).ok_or_else(Failure::not_found)?;
        self.touch_task_parent(&task, by);
        Ok(vec![Effect::new(Action::Deleted, "task", id, Vec::new())])
    }

    fn save_task(&mut self, task: Task, written: Vec<String>, action: Action, by: By) -> (i64, Vec<Effect>) {
        self.touch_task_parent(&task, by);
        let id = self.store.put_task(task);
        (id, vec![Effect::new(action, "task", id, written)])
    }

    fn touch_task_parent(&mut self, task: &Task, by: By) {
        if let Some((entity, id)) = task.target.filter(|_| self.quirks.task_touches_parent) {
            self.touch(entity, id, by.now);
        }
    }

    fn draft_task(&self, mut task: Task, body: &Map<String, Value>, by: By) -> Result<(Task, Vec<String>)> {
        let mut complaints = Vec::new();
        let mut written = Vec::new();
        let mut due = (task.id != 0).then_some(task.due_date);
        for (key, value) in body {
            match self.apply_to_task(&mut task, &mut due, key, value, by) {
                Ok(true) => written.push(key.clone()),
                Ok(false) => {}
                Err(complaint) => complaints.push(complaint),
            }
        }
        if let Err(complaint) = self.retarget_task(&mut task, body) {
            complaints.push(complaint);
        }
        if complaints.is_empty() {
            let missing = [("Title", task.title.trim().is_empty()), ("Due date", due.is_none())];
            complaints
                .extend(missing.iter().filter(|(_, blank)| *blank).map(|(label, _)| format!("{label} can't be blank")));
        }
        if !complaints.is_empty() {
            return Err(Failure::invalid(complaints));
        }
        task.due_date = due.unwrap_or(task.due_date);
        Ok((task, written))
    }

    /// One key; `false` if the key means nothing here.
    fn apply_to_task(
        &self,
        task: &mut Task,
        due: &mut Option<DateTime<Utc>>,
        key: &str,
        value: &Value,
        by: By,
    ) -> std::result::Result<bool, String> {
        let slot = |label, kind| Slot { name: key, label, kind, choices: &[] };
        let text = |label| {
            let kept = slot(label, Kind::Text).coerce(value, self.zone())?;
            Ok::<_, String>(kept.as_ref().and_then(Value::as_str).map(str::to_owned))
        };
        let item = |label: &'static str, selector: &'static str| {
            let kept = slot(label, Kind::Select(selector)).coerce(value, self.zone())?;
            match kept.as_ref().and_then(Value::as_i64) {
                Some(id) if !self.store.settings.has(selector, id) => Err(format!("{label} is invalid")),
                id => Ok(id),
            }
        };
        match key {
            "title" => task.title = text("Title")?.unwrap_or_default(),
            "description" => task.description = text("Description")?,
            "due_date" if super::coerce::is_blank(value) => *due = None,
            "due_date" => *due = Some(time(value, self.zone()).ok_or("Due date is invalid")?),
            "owner_id" => task.owner_id = item("Owner", "owners")?.unwrap_or(task.owner_id),
            "outcome_id" => task.outcome_id = item("Outcome", "sales_activity_outcomes")?,
            "task_type_id" => task.task_type_id = item("Task type", "sales_activity_types")?,
            "status" => {
                let done = match id_of(value) {
                    Some(0) => false,
                    Some(1) => true,
                    _ => return Err("Status is invalid".to_owned()),
                };
                if done != task.done {
                    task.completed_date = done.then_some(by.now);
                }
                task.done = done;
            }
            "task_users_attributes" => {
                let list = value.as_array().ok_or_else(|| wrong_type(key))?;
                for entry in list {
                    let id = entry.get("user_id").and_then(id_of).filter(|id| self.store.settings.has("owners", *id));
                    let id = id.ok_or("Task users is invalid")?;
                    if !task.user_ids.contains(&id) {
                        task.user_ids.push(id);
                    }
                }
            }
            "targetable_id" | "targetable_type" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `targetable_type` and `targetable_id` mean something only together.
    fn retarget_task(&self, task: &mut Task, body: &Map<String, Value>) -> std::result::Result<(), String> {
        if !body.contains_key("targetable_id") && !body.contains_key("targetable_type") {
            return Ok(());
        }
        let blank = |key: &str| body.get(key).is_none_or(super::coerce::is_blank);
        if blank("targetable_id") && blank("targetable_type") {
            task.target = None;
            return Ok(());
        }
        let current = task.target.map(|(entity, _)| entity);
        task.target = Some(self.target(body, current)?);
        Ok(())
    }

    /// What a task or note is about.
    pub(super) fn target(
        &self,
        body: &Map<String, Value>,
        current: Option<Entity>,
    ) -> std::result::Result<(Entity, i64), String> {
        let named = body.get("targetable_type").and_then(Value::as_str).map(Entity::named);
        let entity = named.unwrap_or(current).ok_or("Targetable type is invalid")?;
        let id = body.get("targetable_id").and_then(id_of).ok_or("Targetable is invalid")?;
        let exists = self.store.get(entity, id).is_some_and(|record| !record.deleted);
        if exists { Ok((entity, id)) } else { Err("Targetable is invalid".to_owned()) }
    }
}
