//! Bulk calls, and the jobs that do bulk upserts in the background.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::coerce::{id_of, wire_time};
use super::draft::By;
use super::errors::{Failure, Result};
use super::schema::Entity;
use super::state::{Call, State};
use super::store::key_fields;
use super::upsert::Identifier;
use crate::Effect;

const MAX_ROWS: usize = 100;

/// A bulk upsert on its way.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Job {
    id: i64,
    entity: Entity,
    user: i64,
    rows: Vec<Map<String, Value>>,
    done: usize,
    succeeded: usize,
    failures: Vec<Value>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Job {
    fn is_done(&self) -> bool {
        self.done >= self.rows.len()
    }
}

impl State {
    /// `POST /{entity}/bulk_upsert`.
    pub(super) fn bulk_upsert(&mut self, call: &Call<'_>, entity: Entity, body: &Map<String, Value>) -> Result<Value> {
        let running = self.store.jobs.values().filter(|job| !job.is_done()).count();
        if running >= usize::try_from(self.quirks.bulk_jobs_at_a_time).unwrap_or(usize::MAX) {
            return Err(Failure::too_many_jobs());
        }
        let name = entity.plural();
        let list = body
            .get(name)
            .ok_or_else(|| Failure::because(format!("param is missing or the value is empty: {name}")))?;
        let list = list.as_array().ok_or_else(|| Failure::because(format!("The type for {name} is invalid.")))?;
        let rows: Option<Vec<_>> = list.iter().map(|row| row.as_object().cloned()).collect();
        let rows = rows.ok_or_else(|| Failure::because(format!("The type for {name} is invalid.")))?;
        if rows.is_empty() || rows.len() > MAX_ROWS {
            return Err(Failure::because(format!("{name} must hold 1 to {MAX_ROWS} records")));
        }
        let id = self.store.ids.next("job");
        let (now, user) = (call.now(), call.by.user);
        let job = Job {
            id,
            entity,
            user,
            rows,
            done: 0,
            succeeded: 0,
            failures: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        self.store.jobs.insert(id, job);
        let url = format!("{}/job_statuses/{id}", call.base);
        let message = "The records will be upserted shortly. Use the job_status_url to know the status";
        Ok(json!({ "job_status_url": url, "message": message }))
    }

    /// `GET /job_statuses/{id}`. A poll finds the job half way further.
    pub(super) fn job_status(&mut self, call: &Call<'_>, id: i64) -> Result<(Value, Vec<Effect>)> {
        let job = self.store.jobs.get(&id).ok_or_else(Failure::not_found)?;
        let half = job.rows.len().div_ceil(2);
        let effects = self.work(id, half, call.now());
        let job = self.store.jobs.get(&id).ok_or_else(Failure::not_found)?;
        let report = json!({
            "record_status": { "succeeded": job.succeeded, "failed": job.failures.len() },
            "detailed_failure_report": job.failures,
        });
        let data = if self.quirks.bulk_report_as_text { Value::String(report.to_string()) } else { report };
        let status = json!({
            "status": if job.is_done() { "SUCCESS" } else { "IN_PROGRESS" },
            "job_type_name": "bulk_upsert",
            "created_at": wire_time(job.created_at, self.zone()),
            "status_updated_at": wire_time(job.updated_at, self.zone()),
            "progress": job.done * 100 / job.rows.len().max(1),
            "data": if job.is_done() { data } else { Value::Null },
        });
        Ok((status, effects))
    }

    /// Finishes the jobs that have had their time.
    pub(super) fn finish_due_jobs(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        let time = TimeDelta::seconds(i64::from(self.quirks.bulk_job_seconds));
        let due = |job: &&Job| !job.is_done() && now - job.created_at >= time;
        let due: Vec<i64> = self.store.jobs.values().filter(due).map(|job| job.id).collect();
        due.into_iter().flat_map(|id| self.work(id, MAX_ROWS, now)).collect()
    }

    fn work(&mut self, id: i64, rows: usize, now: DateTime<Utc>) -> Vec<Effect> {
        let Some(job) = self.store.jobs.get(&id).filter(|job| !job.is_done()) else {
            return Vec::new();
        };
        let (entity, by) = (job.entity, By { now, user: job.user });
        let batch: Vec<Map<String, Value>> = job.rows.iter().skip(job.done).take(rows).cloned().collect();
        let mut effects = Vec::new();
        let mut failures = Vec::new();
        for row in &batch {
            match self.upsert_row(entity, row, by) {
                Ok(done) => effects.extend(done),
                Err(failure) => failures.push(failure),
            }
        }
        if let Some(job) = self.store.jobs.get_mut(&id) {
            job.done += batch.len();
            job.succeeded += batch.len() - failures.len();
            job.failures.extend(failures);
            job.updated_at = now;
        }
        effects
    }

    /// One row: the identifier beside `data`. A failure is the row of the report.
    fn upsert_row(
        &mut self,
        entity: Entity,
        row: &Map<String, Value>,
        by: By,
    ) -> std::result::Result<Vec<Effect>, Value> {
        let known = |key: &str| key == "id" || key_fields(entity, &self.store.settings).contains(&key);
        let identifier = row.iter().find(|(key, value)| known(key) && !super::coerce::is_blank(value));
        let Some((field, value)) = identifier else {
            return Err(json!({ "error_message": ["unique_identifier is invalid"] }));
        };
        let identifier = Identifier { field: field.clone(), value: value.clone() };
        let no_data = Map::new();
        let data = row.get("data").and_then(Value::as_object).unwrap_or(&no_data);
        let report = |failure: &Failure| {
            let mut messages = failure.messages();
            if messages.is_empty() {
                messages.push("not found".to_owned());
            }
            json!({ identifier.field.clone(): identifier.value, "error_message": messages })
        };
        self.upsert(entity, &identifier, data, by).map(|(_, _, effects)| effects).map_err(|failure| report(&failure))
    }

    /// `POST /{entity}/bulk_destroy`. Unknown ids are passed over.
    pub(super) fn bulk_destroy(
        &mut self,
        entity: Entity,
        body: &Map<String, Value>,
        by: By,
    ) -> Result<(Value, Vec<Effect>)> {
        let ids = selected(body)?;
        let effects = ids.into_iter().flat_map(|id| self.delete(entity, id, by).unwrap_or_default()).collect();
        Ok((json!({ "message": "The records will be deleted shortly" }), effects))
    }

    /// `POST /contacts/bulk_assign_owner`. Unknown ids are passed over.
    pub(super) fn bulk_assign_owner(&mut self, body: &Map<String, Value>, by: By) -> Result<(Value, Vec<Effect>)> {
        let ids = selected(body)?;
        let owner = body.get("owner_id").and_then(id_of).filter(|id| self.store.settings.has("owners", *id));
        let owner = owner.ok_or_else(|| Failure::because("Sales owner is invalid"))?;
        let fields = Map::from_iter([("owner_id".to_owned(), Value::from(owner))]);
        let mut effects = Vec::new();
        for id in ids {
            effects.extend(self.update(Entity::Contact, id, &fields, by).unwrap_or_default());
        }
        Ok((json!({ "message": "The owner will be assigned shortly" }), effects))
    }
}

fn selected(body: &Map<String, Value>) -> Result<Vec<i64>> {
    let list = body.get("selected_ids").and_then(Value::as_array);
    let list = list.ok_or_else(|| Failure::because("param is missing or the value is empty: selected_ids"))?;
    let ids: Option<Vec<i64>> = list.iter().map(id_of).collect();
    ids.ok_or_else(|| Failure::because("The type for selected_ids is invalid."))
}
