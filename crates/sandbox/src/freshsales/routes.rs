//! From requests to operations. Order: gateway, key, plan, route, body.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::coerce::id_of;
use super::draft::By;
use super::errors::{Failure, Result};
use super::render::Form;
use super::schema::Entity;
use super::state::{Call, State};
use crate::{Action, Effect, Reply, Request};

/// A successful answer.
struct Done {
    status: StatusCode,
    body: Value,
    effects: Vec<Effect>,
}

impl Done {
    fn read(body: Value) -> Result<Done> {
        Ok(Done { status: StatusCode::OK, body, effects: Vec::new() })
    }

    fn wrote(body: Value, effects: Vec<Effect>) -> Result<Done> {
        Ok(Done { status: StatusCode::OK, body, effects })
    }
}

impl State {
    /// Answers one request.
    pub(super) fn answer(&mut self, request: &Request, now: chrono::DateTime<chrono::Utc>) -> Reply {
        let background = self.finish_due_jobs(now);
        let reply = match self.admit(request, now).and_then(|()| self.route(request, now)) {
            Ok(done) => Reply::json(done.status, &done.body).effects(done.effects),
            Err(failure) => failure.into_reply(),
        };
        let reply = self.with_rate_headers(reply, now);
        let effects = background.into_iter().chain(reply.effects.iter().cloned()).collect();
        Reply { effects, ..reply }
    }

    fn admit(&mut self, request: &Request, now: chrono::DateTime<chrono::Utc>) -> Result<()> {
        self.pass_gateway(now)?;
        let key = request.header("authorization").and_then(|value| value.strip_prefix("Token token="));
        if key.map(|key| key.trim_matches('"')) != Some(self.api_key.as_str()) {
            return Err(sign_in_refusal(request));
        }
        self.pass_plan(now)
    }

    fn route(&mut self, request: &Request, now: chrono::DateTime<chrono::Utc>) -> Result<Done> {
        let segments = request.segments();
        let mut path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let base = match path.as_slice() {
            ["crm", "sales", "api", ..] => path.drain(..3).collect::<Vec<_>>().join("/"),
            ["api", ..] => path.drain(..1).collect(),
            _ => return Err(Failure::not_found()),
        };
        if let Some(last) = path.last_mut() {
            *last = last.strip_suffix(".json").unwrap_or(last);
        }
        let include = request.param("include").unwrap_or_default().split(',').map(str::trim);
        let call = Call {
            request,
            by: By { now: super::state::whole_second(now), user: self.api_user() },
            include: include.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            base: format!("{}/{base}", request.origin),
        };
        if request.method == Method::GET {
            return self.get(&call, &path);
        }
        match path.as_slice() {
            ["tasks", rest @ ..] => self.write_task(&call, rest),
            ["notes", rest @ ..] => self.write_note(&call, rest),
            ["filtered_search", name] if request.method == Method::POST => {
                let entity =
                    Entity::named(name).filter(|entity| entity.singular() == *name).ok_or_else(Failure::not_found)?;
                let body = self.body(request)?;
                Done::read(self.filtered_search(&call, entity, &body)?)
            }
            [name, rest @ ..] => match entity_of(name) {
                Some(entity) => self.write(&call, entity, rest),
                None => Err(Failure::not_found()),
            },
            [] => Err(Failure::not_found()),
        }
    }

    fn get(&mut self, call: &Call<'_>, path: &[&str]) -> Result<Done> {
        let body = match path {
            ["selector", name] => self.selector(name)?,
            ["selector", "deal_pipelines", id, "deal_stages"] => self.stages_of(numeric(id)?)?,
            ["selector", "sales_activity_types", id, "sales_activity_outcomes"] => self.outcomes_of(numeric(id)?)?,
            ["settings", name, "fields"] => {
                self.field_settings(entity_of(name).ok_or_else(Failure::not_found)?, &call.include)
            }
            ["search"] => self.search(call)?,
            ["lookup"] => self.lookup(call)?,
            ["job_statuses", id] => {
                let (status, effects) = self.job_status(call, numeric(id)?)?;
                return Done::wrote(status, effects);
            }
            ["tasks"] => self.list_tasks(call)?,
            ["tasks", id] => self.task_detail(numeric(id)?, &call.include)?,
            [name, rest @ ..] => {
                let entity = entity_of(name).ok_or_else(Failure::not_found)?;
                self.get_entity(call, entity, rest)?
            }
            [] => return Err(Failure::not_found()),
        };
        Done::read(body)
    }

    fn get_entity(&mut self, call: &Call<'_>, entity: Entity, rest: &[&str]) -> Result<Value> {
        if entity == Entity::Contact {
            self.pass_inner_limit()?;
        }
        match rest {
            [] => Err(Failure::not_authorized()),
            ["filters"] => Ok(self.filters(entity)),
            ["view", id] => self.view(call, entity, numeric(id)?),
            [id] => {
                let id = numeric(id)?;
                self.readable(entity, id)?;
                let uninvited = entity == Entity::SalesAccount;
                self.envelope(call, entity, id, Form::Detail, uninvited)
            }
            [id, "notes"] => self.notes_of(call, entity, numeric(id)?),
            [id, "tasks"] => self.tasks_of(call, entity, numeric(id)?),
            [id, "contacts"] if entity == Entity::SalesAccount => {
                self.members(call, entity, numeric(id)?, Entity::Contact)
            }
            [id, "deals"] if entity != Entity::Deal => self.members(call, entity, numeric(id)?, Entity::Deal),
            _ => Err(Failure::not_found()),
        }
    }

    fn write(&mut self, call: &Call<'_>, entity: Entity, rest: &[&str]) -> Result<Done> {
        if entity == Entity::Contact {
            self.pass_inner_limit()?;
        }
        let method = &call.request.method;
        match (method.as_str(), rest) {
            ("POST", []) => {
                let fields = self.record_body(call.request, entity.singular())?;
                let (id, effects) = self.create(entity, &fields, call.by)?;
                Done::wrote(self.envelope(call, entity, id, Form::Fresh, entity == Entity::Deal)?, effects)
            }
            ("POST", ["upsert"]) => {
                let body = self.body(call.request)?;
                let identifier = self.identifier(entity, &body)?;
                let fields = self.unwrap(body, entity.singular())?;
                let (id, action, effects) = self.upsert(entity, &identifier, &fields, call.by)?;
                let created = action == Action::Created;
                let form = if created { Form::Fresh } else { Form::Row };
                let done = Done::wrote(self.envelope(call, entity, id, form, false)?, effects)?;
                Ok(if created { self.created(done) } else { done })
            }
            ("POST", ["bulk_upsert"]) => {
                let body = self.body(call.request)?;
                let accepted = self.bulk_upsert(call, entity, &body)?;
                Ok(Done { status: StatusCode::ACCEPTED, body: accepted, effects: Vec::new() })
            }
            ("POST", ["bulk_destroy"]) => {
                let (body, effects) = self.bulk_destroy(entity, &self.body(call.request)?, call.by)?;
                Done::wrote(body, effects)
            }
            ("POST", ["bulk_assign_owner"]) if entity == Entity::Contact => {
                let (body, effects) = self.bulk_assign_owner(&self.body(call.request)?, call.by)?;
                Done::wrote(body, effects)
            }
            ("PUT", [id]) => {
                let id = numeric(id)?;
                self.writable(entity, id)?;
                let fields = self.record_body(call.request, entity.singular())?;
                let effects = self.update(entity, id, &fields, call.by)?;
                Done::wrote(self.envelope(call, entity, id, Form::Row, entity == Entity::Deal)?, effects)
            }
            ("DELETE", [id]) => {
                let id = numeric(id)?;
                let with_associates = call.request.param("delete_associated_contacts_deals") == Some("true");
                let effects = match entity {
                    Entity::SalesAccount if with_associates => self.delete_with_associates(id, call.by)?,
                    _ => self.delete(entity, id, call.by)?,
                };
                Done::wrote(Value::Bool(true), effects)
            }
            ("DELETE", [id, "forget"]) => {
                let effects = self.forget(entity, numeric(id)?)?;
                Done::wrote(Value::Bool(true), effects)
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn write_task(&mut self, call: &Call<'_>, rest: &[&str]) -> Result<Done> {
        match (call.request.method.as_str(), rest) {
            ("POST", []) => {
                let fields = self.record_body(call.request, "task")?;
                let (id, effects) = self.create_task(&fields, call.by)?;
                let done = Done::wrote(self.task_detail(id, &call.include)?, effects)?;
                Ok(self.created(done))
            }
            ("PUT", [id]) => {
                let id = numeric(id)?;
                self.store.task(id).ok_or_else(Failure::not_found)?;
                let fields = self.record_body(call.request, "task")?;
                let effects = self.update_task(id, &fields, call.by)?;
                Done::wrote(self.task_detail(id, &call.include)?, effects)
            }
            ("DELETE", [id]) => {
                let effects = self.delete_task(numeric(id)?, call.by)?;
                Done::wrote(self.success(), effects)
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn write_note(&mut self, call: &Call<'_>, rest: &[&str]) -> Result<Done> {
        let shown = |state: &State, id: i64| {
            let note = state.store.note(id).map(|note| state.note_json(note));
            json!({ "note": note })
        };
        match (call.request.method.as_str(), rest) {
            ("POST", []) => {
                let fields = self.record_body(call.request, "note")?;
                let (id, effects) = self.create_note(&fields, call.by)?;
                Done::wrote(shown(self, id), effects)
            }
            ("PUT", [id]) => {
                let id = numeric(id)?;
                self.store.note(id).ok_or_else(Failure::not_found)?;
                let fields = self.record_body(call.request, "note")?;
                let effects = self.update_note(id, &fields, call.by)?;
                Done::wrote(shown(self, id), effects)
            }
            ("DELETE", [id]) => {
                let effects = self.delete_note(numeric(id)?, call.by)?;
                Done::wrote(self.success(), effects)
            }
            _ => Err(Failure::not_found()),
        }
    }

    /// One record in its envelope, with what travels beside it.
    fn envelope(&self, call: &Call<'_>, entity: Entity, id: i64, form: Form, uninvited: bool) -> Result<Value> {
        let record = self.store.get(entity, id).ok_or_else(Failure::not_found)?;
        let mut out = self.side_loads(entity, &[record], &call.include);
        if uninvited && self.quirks.uninvited_users && !out.contains_key("users") {
            let people = ["owner", "creater"].map(str::to_owned);
            out.extend(self.side_loads(entity, &[record], &people));
        }
        out.insert(entity.singular().to_owned(), self.full(record, &call.include, form, call.now()));
        Ok(Value::Object(out))
    }

    fn created(&self, done: Done) -> Done {
        let status = if self.quirks.always_200 { StatusCode::OK } else { StatusCode::CREATED };
        Done { status, ..done }
    }

    fn success(&self) -> Value {
        if self.quirks.delete_success_as_text { json!({ "success": "200" }) } else { json!({ "success": true }) }
    }

    /// The body as a JSON object.
    fn body(&self, request: &Request) -> Result<Map<String, Value>> {
        let labelled = request.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
        if self.quirks.json_content_type_required && !labelled {
            return Err(Failure::not_json());
        }
        match request.json() {
            Ok(Value::Object(body)) => Ok(body),
            _ => Err(Failure::because("Invalid JSON")),
        }
    }

    /// The fields inside the envelope.
    fn record_body(&self, request: &Request, envelope: &str) -> Result<Map<String, Value>> {
        let body = self.body(request)?;
        self.unwrap(body, envelope)
    }

    fn unwrap(&self, mut body: Map<String, Value>, envelope: &str) -> Result<Map<String, Value>> {
        match body.remove(envelope) {
            Some(Value::Object(fields)) => Ok(fields),
            Some(Value::Null) | None if self.quirks.envelope_optional => {
                body.remove("unique_identifier");
                Ok(body)
            }
            Some(Value::Null) | None => {
                Err(Failure::because(format!("param is missing or the value is empty: {envelope}")))
            }
            Some(_) => Err(Failure::because(format!("The type for {envelope} is invalid."))),
        }
    }
}

/// 401 for programs, the sign-in page for everything else.
pub(super) fn sign_in_refusal(request: &Request) -> Failure {
    let wants_json = request.header("accept").is_some_and(|accept| accept.to_ascii_lowercase().contains("json"));
    if wants_json { Failure::sign_in_failed() } else { Failure::sign_in_page(&request.origin) }
}

/// The three record kinds by their path names. Leads are merged into contacts in this edition: 404.
fn entity_of(name: &str) -> Option<Entity> {
    Entity::named(name).filter(|entity| entity.plural() == name)
}

/// A path id. One that is no number is answered with an empty 404.
fn numeric(text: &str) -> Result<i64> {
    id_of(&Value::from(text)).ok_or_else(Failure::not_a_number)
}
