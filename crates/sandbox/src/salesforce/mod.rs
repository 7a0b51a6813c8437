//! Salesforce: the REST API of an organisation with the sales objects.
//!
//! Served: versions and resources, OAuth (every documented grant, the authorize page, revocation, introspection, who a
//! token belongs to), the SOAP API where REST has no answer (signing in, lead conversion, merge, undelete, the recycle
//! bin), describe, records by id, by external id and over relationships, conditional reads and writes, bytes of files,
//! `updated` and `deleted`, recent records, SOQL with pages, SOSL and parameterized search, collections, composite, batch,
//! tree and graph, bulk jobs, change events and platform events (Pub/Sub and Streaming API), outbound messages, limits,
//! actions, custom code. Administrators' validation and duplicate rules hold writes back. Ids, tokens, errors and stamps
//! have the vendor's shapes; what the vendor leaves open is a switch in [`Quirks`].
//!
//! Not served: the UI resources (404).

mod actions;
mod api;
mod batch;
mod bulk;
mod call;
mod coerce;
mod collections;
mod composite;
mod conditional;
mod convert;
mod cursors;
mod delete;
mod derive;
mod describe;
mod errors;
mod events;
mod feeds;
mod fixtures;
#[doc(hidden)]
pub mod fuzzing;
mod graph;
mod ids;
mod layouts;
mod limits;
mod locks;
mod multipart;
mod oauth;
mod org;
mod owners;
mod query;
mod quirks;
mod read;
mod recent;
mod records;
mod references;
mod related;
mod rules;
mod schema;
mod seed;
mod seed_outreach;
mod session;
mod setup;
mod soap;
mod soql;
mod sosl;
mod store;
mod subrequest;
mod tree;
mod usage;
mod value;
mod write;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::{Context, Edited, Emulator, HumanEdit, Refusal, Refused, Reply, Request, Vendor, World};
use errors::{ApiError, Failure};
use events::Cause;
pub use events::{Answered, Cuts, Delivery, Events};
pub use ids::{IdError, SfId};
use org::Author;
pub(crate) use org::Org;
pub use quirks::{AppAllotment, Quirks};
pub use rules::{Check, DuplicateRule, Test, ValidationRule};
use schema::ObjectIndex;
use write::Fields;

/// The version in the URLs of records that are shown outside of a call.
const SHOWN_VERSION: &str = "v62.0";

/// The emulated organisation. See the [module](self) for what it serves.
#[derive(Debug)]
pub struct Salesforce {
    context: Context,
    org: Mutex<Org>,
}

impl Salesforce {
    /// An organisation with users, stages and statuses, but without customers.
    #[must_use]
    pub fn new(context: Context, quirks: Quirks) -> Salesforce {
        let org = Mutex::new(Org::new(&context, quirks));
        Salesforce { context, org }
    }

    fn lock(&self) -> MutexGuard<'_, Org> {
        self.org.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The Pub/Sub API.
    #[cfg(feature = "pubsub")]
    pub(crate) fn pubsub(self: &std::sync::Arc<Self>, log: crate::CallLog, clock: crate::Clock) -> axum::Router {
        events::rpc::router(std::sync::Arc::clone(self), log, clock)
    }

    /// The organisation, with its time set to now.
    fn present(&self) -> MutexGuard<'_, Org> {
        let mut org = self.lock();
        org.tick(self.context.now());
        org
    }
}

fn no_such_object(name: &str) -> Failure {
    ApiError::request("INVALID_TYPE", format!("sObject type '{name}' is not supported.")).into()
}

fn as_fields(fields: &Value) -> Result<&Fields, Failure> {
    fields.as_object().ok_or_else(|| ApiError::parser("the fields must be a JSON object").into())
}

impl Org {
    fn find(&self, object: &str) -> Result<ObjectIndex, Failure> {
        self.schema.find(object).ok_or_else(|| no_such_object(object))
    }

    fn find_row(&self, object: &str, id: &str) -> Result<(ObjectIndex, SfId), Failure> {
        let index = self.find(object)?;
        let id = SfId::parse(id).map_err(|_| ApiError::not_found())?;
        match self.store.get(index, id) {
            Some(_) => Ok((index, id)),
            None => Err(ApiError::not_found().into()),
        }
    }

    /// A human's edit; the id of the record.
    fn human(&mut self, edit: &HumanEdit) -> Result<(ObjectIndex, SfId), Failure> {
        let author = Author { user: self.fixtures.human_user, automation: false };
        match edit {
            HumanEdit::Create { object, fields } => {
                let index = self.find(object)?;
                let id = self.create(index, as_fields(fields)?, author)?;
                Ok((index, id))
            }
            HumanEdit::Edit { object, id, fields } => {
                let (index, id) = self.find_row(object, id)?;
                self.update(index, id, as_fields(fields)?, author)?;
                Ok((index, id))
            }
            HumanEdit::Delete { object, id } => {
                let (index, id) = self.find_row(object, id)?;
                self.delete(index, id, author)?;
                Ok((index, id))
            }
            HumanEdit::Restore { object, id } => {
                let (index, id) = self.find_row(object, id)?;
                self.undelete(index, id, author)?;
                Ok((index, id))
            }
            HumanEdit::Purge { object, id } => {
                let (index, id) = self.find_row(object, id)?;
                self.purge(index, id, author)?;
                Ok((index, id))
            }
            HumanEdit::Merge { object, id, losers, fields } => {
                let (index, id) = self.find_row(object, id)?;
                let losers = losers.iter().map(|loser| Ok(self.find_row(object, loser)?.1));
                let losers = losers.collect::<Result<Vec<SfId>, Failure>>()?;
                let no_fields = Fields::new();
                let fields = if fields.is_null() { &no_fields } else { as_fields(fields)? };
                self.merge(index, id, &losers, fields, author)?;
                Ok((index, id))
            }
            HumanEdit::Hold { object, id, writes } => {
                let (index, id) = self.find_row(object, id)?;
                self.locks.hold(id, *writes);
                Ok((index, id))
            }
            HumanEdit::Automation { object, id, fields } => {
                let (index, id) = self.find_row(object, id)?;
                self.update(index, id, as_fields(fields)?, Author { automation: true, ..author })?;
                Ok((index, id))
            }
        }
    }
}

impl Emulator for Salesforce {
    fn vendor(&self) -> Vendor {
        Vendor::Salesforce
    }

    fn handle(&self, request: &Request) -> Reply {
        let mut org = self.present();
        let reply = org.handle(request);
        let cause = Cause::of_call(request, org.caller().user);
        org.tell(&cause);
        reply
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Reply {
        match refusal {
            Refusal::RateLimited { retry_after: None } => {
                let message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded.";
                let error = ApiError::request("REQUEST_LIMIT_EXCEEDED", message).with_status(StatusCode::FORBIDDEN);
                refused(request, &error.into())
            }
            // The vendor itself sends no 429; something between it and the caller does.
            Refusal::RateLimited { retry_after: Some(seconds) } => {
                Reply::text(StatusCode::TOO_MANY_REQUESTS, "text/plain", "Too Many Requests")
                    .header(header::RETRY_AFTER, seconds)
            }
            Refusal::QuotaExhausted => refused(request, &api::quota_exhausted().into()),
            Refusal::ServerError { status } => server_error(request, *status),
            Refusal::ExpiredCredentials => {
                let token = request.header("authorization").and_then(|header| header.split_once(' '));
                let token = token.map(|(_, token)| token.trim().to_owned()).or_else(|| soap::session_of(request));
                if let Some(token) = token {
                    self.lock().sessions.end(&token);
                }
                refused(request, &ApiError::session_expired().into())
            }
        }
    }

    fn credentials(&self, origin: &str) -> Value {
        let org = self.lock();
        let credentials = &org.sessions.credentials;
        let app = org.sessions.apps.get(&credentials.client_id);
        let password = org.sessions.passwords.get(&credentials.username);
        json!({
            "instance_url": origin,
            "access_token": credentials.access_token,
            "client_id": credentials.client_id,
            "client_secret": app.map(|app| &app.secret),
            "username": credentials.username,
            "password": password.map(|secrets| &secrets.password),
            "security_token": password.map(|secrets| &secrets.security_token),
            "refresh_token": credentials.refresh_token,
            "redirect_uri": app.and_then(|app| app.callbacks.first()),
            "jwt_private_key": oauth::FIRST_KEY,
        })
    }

    fn seed(&self, view: &World) {
        self.present().seed(view);
    }

    fn reset(&self) {
        let mut org = self.lock();
        let quirks = org.quirks.clone();
        *org = Org::new(&self.context, quirks);
    }

    fn human(&self, edit: &HumanEdit) -> Result<Edited, Refused> {
        let mut org = self.present();
        // Who sees the warning of a duplicate rule decides to go on.
        org.duplicate_header = rules::DuplicateHeader { allow_save: true, include_record_details: false };
        let (object, id) = org
            .transact(|org| org.human(edit))
            .map_err(|failure| Refused::new(failure.status().as_u16(), failure.to_json()))?;
        let cause = Cause::of_human(org.fixtures.human_user);
        org.tell(&cause);
        let row = org.store.get(object, id);
        let record = row.map_or(Value::Null, |row| org.full_json(object, row, SHOWN_VERSION));
        let effects = std::mem::take(&mut org.effects);
        Ok(Edited::new(id, record, effects))
    }

    fn record(&self, object: &str, id: &str) -> Option<Value> {
        let org = self.lock();
        let object = org.schema.find(object)?;
        let row = org.store.get(object, SfId::parse(id).ok()?)?;
        Some(org.full_json(object, row, SHOWN_VERSION))
    }

    fn state(&self) -> Value {
        let org = self.lock();
        let mut state = Map::new();
        for (index, object) in org.schema.objects.iter().enumerate() {
            let rows = org.store.rows(index).map(|row| org.full_json(index, row, SHOWN_VERSION));
            state.insert(object.name.to_owned(), rows.collect());
        }
        Value::Object(state)
    }

    fn setup(&self, action: &str, with: &Value) -> Result<Value, String> {
        self.present().setup(action, with)
    }

    fn quirks(&self) -> Value {
        serde_json::to_value(&self.lock().quirks).unwrap_or_default()
    }

    fn alter_schema(&self, change: &Value) -> Result<(), String> {
        let edit = serde_json::from_value(change.clone()).map_err(|error| error.to_string())?;
        self.present().alter(&edit)
    }

    fn set_quirks(&self, changes: &Value) -> Result<(), String> {
        let mut org = self.lock();
        let quirks = org.quirks.changed(changes)?;
        rules::check_setup(&org.schema, &quirks.validation_rules, &quirks.duplicate_rules)?;
        org.quirks = quirks;
        Ok(())
    }
}

/// Server errors in the words of the application where it speaks itself, of its gateway otherwise.
fn server_error(request: &Request, status: u16) -> Reply {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = match status {
        500 => ApiError::request(
            "UNKNOWN_EXCEPTION",
            "An unexpected error occurred. Please include this ErrorId if you contact support: 774212045-1024 (-1937412)",
        ),
        503 => ApiError::request("SERVER_UNAVAILABLE", "Server unavailable"),
        _ => {
            let page = format!("<html><head><title>{code}</title></head><body><h1>{code}</h1></body></html>");
            return Reply::text(code, "text/html;charset=UTF-8", page);
        }
    };
    refused(request, &error.with_status(code).into())
}

/// A refusal in the format of the API that was called.
fn refused(request: &Request, failure: &Failure) -> Reply {
    soap::refusal(request, failure).unwrap_or_else(|| api::failure_reply(failure))
}
