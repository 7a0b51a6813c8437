//! The admin API: what tests and curious people do to the sandbox from outside. No authentication; loopback only.
//!
//! ```text
//! GET    /_sandbox                                   credentials of all vendors, the time
//! GET    /_sandbox/{vendor}/state                    everything the vendor holds
//! GET    /_sandbox/{vendor}/records/{object}/{id}    one record in full
//! POST   /_sandbox/{vendor}/edits                    a HumanEdit: {"action":"edit","object":"contact","id":"…","fields":{…}}
//! GET    /_sandbox/{vendor}/faults                   queued faults
//! POST   /_sandbox/{vendor}/faults                   queue a Fault: {"kind":"reset_after","on":{"method":"POST"},"times":1}
//! DELETE /_sandbox/{vendor}/faults                   drop faults and rates
//! POST   /_sandbox/{vendor}/rates                    add a Rate: {"kind":"reset_before","chance":0.1}
//! GET    /_sandbox/{vendor}/quirks                   switches for undocumented behaviour
//! PATCH  /_sandbox/{vendor}/quirks                   change some
//! POST   /_sandbox/salesforce/events                 an EventEdit: {"action":"gap","object":"Contact","change":"GAP_UPDATE","ids":["003…"]}
//! GET    /_sandbox/salesforce/outbound               the outbound messages that are due: [{"endpoint","body","notifications","attempt"}]
//! POST   /_sandbox/salesforce/outbound               the answer of an endpoint: {"notifications":["04l…"],"body":"<…Ack>true…"}
//! POST   /_sandbox/{vendor}/setup/{action}            what an administrator sets up: salesforce has connected_app
//!                                                    {"client_id","client_secret","public_key","callback_urls","scopes",
//!                                                    "approval":"everyone|themselves|admin","approved_users","run_as",
//!                                                    "secret_for_refresh"}, password {"username","password",
//!                                                    "security_token"}, expire_sessions {"access_token"?}, subject_token
//!                                                    {"token_handler","subject_token","username"}
//! POST   /_sandbox/{vendor}/schema                    change objects and fields: {"change":"set_field_visible",…}
//! GET    /_sandbox/log                               the call log
//! DELETE /_sandbox/log                               clear it
//! GET    /_sandbox/time                              {"now":"…"}
//! POST   /_sandbox/time                              {"advance_seconds":3600} or {"set":"2025-06-02T09:00:00Z"}
//! POST   /_sandbox/reset                             back to the start
//! ```

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{Entry, Fault, HumanEdit, Rate, Sandbox, Vendor};

type Answer = Result<Json<Value>, Problem>;

/// Why the admin API did not do it.
struct Problem {
    status: StatusCode,
    message: Value,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}

fn problem(status: StatusCode, message: impl Into<String>) -> Problem {
    Problem { status, message: Value::String(message.into()) }
}

pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/_sandbox", get(overview))
        .route("/_sandbox/log", get(log).delete(clear_log))
        .route("/_sandbox/time", get(time).post(set_time))
        .route("/_sandbox/reset", post(reset))
        .route("/_sandbox/{vendor}/state", get(state))
        .route("/_sandbox/{vendor}/records/{object}/{id}", get(record))
        .route("/_sandbox/{vendor}/edits", post(edit))
        .route("/_sandbox/{vendor}/faults", get(faults).post(inject).delete(clear_faults))
        .route("/_sandbox/{vendor}/rates", post(rate))
        .route("/_sandbox/{vendor}/setup/{action}", post(setup))
        .route("/_sandbox/{vendor}/schema", post(alter_schema))
        .route("/_sandbox/{vendor}/quirks", get(quirks).patch(set_quirks))
        .route("/_sandbox/salesforce/events", post(event_edit))
        .route("/_sandbox/salesforce/outbound", get(outbound_due).post(outbound_answer))
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "no such admin call; see GET /_sandbox") })
        .with_state(sandbox)
}

fn vendor(name: &str) -> Result<Vendor, Problem> {
    name.parse().map_err(|message: String| problem(StatusCode::NOT_FOUND, message))
}

/// Read without regard to the content type, so that a bare `curl -d` works.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| problem(StatusCode::BAD_REQUEST, error.to_string()))
}

async fn overview(State(sandbox): State<Sandbox>) -> Json<Value> {
    let vendors: Map<String, Value> =
        Vendor::ALL.into_iter().map(|vendor| (vendor.name().to_owned(), sandbox.credentials(vendor))).collect();
    Json(json!({ "now": sandbox.clock().now(), "seed": sandbox.seed(), "vendors": vendors }))
}

async fn log(State(sandbox): State<Sandbox>) -> Json<Vec<Entry>> {
    Json(sandbox.log().entries())
}

async fn clear_log(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.log().clear();
    Json(json!({ "entries": 0 }))
}

async fn time(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({ "now": sandbox.clock().now() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum TimeChange {
    AdvanceSeconds(i64),
    Set(DateTime<Utc>),
}

async fn set_time(State(sandbox): State<Sandbox>, bytes: Bytes) -> Answer {
    let now = match body(&bytes)? {
        TimeChange::AdvanceSeconds(seconds) => {
            TimeDelta::try_seconds(seconds).and_then(|by| sandbox.clock().now().checked_add_signed(by))
        }
        TimeChange::Set(time) => Some(time),
    };
    let now = now.filter(|now| (1970..=9999).contains(&now.year()));
    let now = now.ok_or_else(|| problem(StatusCode::BAD_REQUEST, "the time must stay between 1970 and 9999"))?;
    sandbox.clock().set(now);
    Ok(time_now(&sandbox))
}

fn time_now(sandbox: &Sandbox) -> Json<Value> {
    Json(json!({ "now": sandbox.clock().now() }))
}

async fn reset(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.reset();
    time_now(&sandbox)
}

async fn state(State(sandbox): State<Sandbox>, Path(name): Path<String>) -> Answer {
    Ok(Json(sandbox.state(vendor(&name)?)))
}

async fn record(State(sandbox): State<Sandbox>, Path((name, object, id)): Path<(String, String, String)>) -> Answer {
    let found = sandbox.record(vendor(&name)?, &object, &id);
    found.map(Json).ok_or_else(|| problem(StatusCode::NOT_FOUND, format!("{name} has no {object} {id}")))
}

async fn edit(State(sandbox): State<Sandbox>, Path(name): Path<String>, bytes: Bytes) -> Answer {
    let vendor = vendor(&name)?;
    let edit: HumanEdit = body(&bytes)?;
    match sandbox.human(vendor, &edit) {
        Ok(edited) => Ok(Json(json!({ "id": edited.id, "record": edited.record }))),
        Err(refused) => {
            let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
            Err(Problem { status, message: refused.body })
        }
    }
}

async fn faults(State(sandbox): State<Sandbox>, Path(name): Path<String>) -> Answer {
    Ok(pending(&sandbox, vendor(&name)?))
}

fn pending(sandbox: &Sandbox, vendor: Vendor) -> Json<Value> {
    Json(json!({ "pending": sandbox.faults().pending(vendor) }))
}

async fn inject(State(sandbox): State<Sandbox>, Path(name): Path<String>, bytes: Bytes) -> Answer {
    let vendor = vendor(&name)?;
    let fault: Fault = body(&bytes)?;
    sandbox.faults().inject(vendor, fault);
    Ok(pending(&sandbox, vendor))
}

async fn clear_faults(State(sandbox): State<Sandbox>, Path(name): Path<String>) -> Answer {
    let vendor = vendor(&name)?;
    sandbox.faults().clear(vendor);
    Ok(pending(&sandbox, vendor))
}

async fn rate(State(sandbox): State<Sandbox>, Path(name): Path<String>, bytes: Bytes) -> Answer {
    let vendor = vendor(&name)?;
    let rate: Rate = body(&bytes)?;
    sandbox.faults().rate(vendor, rate.clone());
    Ok(Json(json!({ "added": rate })))
}

async fn setup(State(sandbox): State<Sandbox>, Path((name, action)): Path<(String, String)>, bytes: Bytes) -> Answer {
    let vendor = vendor(&name)?;
    let with = if bytes.is_empty() { Value::Null } else { body(&bytes)? };
    sandbox.setup(vendor, &action, &with).map(Json).map_err(|message| problem(StatusCode::BAD_REQUEST, message))
}

async fn quirks(State(sandbox): State<Sandbox>, Path(name): Path<String>) -> Answer {
    Ok(Json(sandbox.quirks(vendor(&name)?)))
}

async fn alter_schema(State(sandbox): State<Sandbox>, Path(name): Path<String>, bytes: Bytes) -> Answer {
    let change: Value = body(&bytes)?;
    sandbox.alter_schema(vendor(&name)?, &change).map_err(|message| problem(StatusCode::BAD_REQUEST, message))?;
    Ok(Json(json!({ "changed": change })))
}

async fn set_quirks(State(sandbox): State<Sandbox>, Path(name): Path<String>, bytes: Bytes) -> Answer {
    let vendor = vendor(&name)?;
    let changes: Value = body(&bytes)?;
    sandbox.set_quirks(vendor, &changes).map_err(|message| problem(StatusCode::BAD_REQUEST, message))?;
    Ok(Json(sandbox.quirks(vendor)))
}

/// What can be done to Salesforce's events; see [`salesforce::Events`](crate::salesforce::Events).
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum EventEdit {
    Enable {
        object: String,
        on: bool,
    },
    Gap {
        object: String,
        change: String,
        #[serde(default)]
        ids: Vec<String>,
    },
    KeepAlive,
    Disconnect,
    Cut {
        cuts: Option<crate::salesforce::Cuts>,
    },
    AddField {
        object: String,
    },
    Outbound {
        object: String,
        fields: Vec<String>,
        endpoint: String,
    },
}

async fn event_edit(State(sandbox): State<Sandbox>, bytes: Bytes) -> Answer {
    let events = sandbox.salesforce_events();
    let done = match body(&bytes)? {
        EventEdit::Enable { object, on } => events.enable(&object, on).map(|()| json!({})),
        EventEdit::Gap { object, change, ids } => {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            events.gap(&object, &change, &ids).map(|()| json!({}))
        }
        EventEdit::KeepAlive => {
            events.keep_alive();
            Ok(json!({}))
        }
        EventEdit::Disconnect => {
            events.disconnect();
            Ok(json!({}))
        }
        EventEdit::Cut { cuts } => {
            events.cut(cuts);
            Ok(json!({}))
        }
        EventEdit::AddField { object } => events.add_field(&object).map(|field| json!({ "field": field })),
        EventEdit::Outbound { object, fields, endpoint } => {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            events.outbound(&object, &fields, &endpoint).map(|id| json!({ "id": id }))
        }
    };
    done.map(Json).map_err(|message| problem(StatusCode::BAD_REQUEST, message))
}

async fn outbound_due(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!(sandbox.salesforce_events().outbound_due()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutboundAnswer {
    notifications: Vec<String>,
    body: String,
}

async fn outbound_answer(State(sandbox): State<Sandbox>, bytes: Bytes) -> Answer {
    let answer: OutboundAnswer = body(&bytes)?;
    let answered = sandbox.salesforce_events().outbound_answer(&answer.notifications, &answer.body);
    Ok(Json(json!(answered)))
}
