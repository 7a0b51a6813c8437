//! `updated` and `deleted`: what changed in a window of time.

use std::ops::Bound;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::org::Org;
use super::schema::ObjectIndex;
use super::store::{BIN_RETENTION, Row};
use super::value::{format_datetime, parse_datetime};

/// How far back the window of `updated` may start.
const UPDATED_WINDOW: TimeDelta = TimeDelta::days(30);
/// More ids than this are refused.
const MAX_IDS: usize = 600_000;

/// A window of whole minutes; its end is excluded.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

fn bad_window(message: impl Into<String>) -> ApiError {
    ApiError::request("INVALID_REPLICATION_DATE", message)
}

fn whole_minutes(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

impl Org {
    /// `GET sobjects/X/updated/?start=…&end=…`.
    pub(crate) fn updated(&self, call: &Call, object: &str) -> Result<Answer, Failure> {
        let index = self.replicated(call, object)?;
        let window = self.window(call, UPDATED_WINDOW)?;
        let ids: Vec<Json> =
            self.changed(index, window).filter(|row| !row.is_deleted()).map(|row| json!(row.id.to_string())).collect();
        within_limit(ids.len())?;
        Ok(Answer::ok(json!({"ids": ids, "latestDateCovered": format_datetime(self.covered(window))})))
    }

    /// `GET sobjects/X/deleted/?start=…&end=…`.
    pub(crate) fn deleted(&self, call: &Call, object: &str) -> Result<Answer, Failure> {
        let index = self.replicated(call, object)?;
        let window = self.window(call, BIN_RETENTION)?;
        let definition = self.schema.object(index);
        let records: Vec<Json> = self
            .changed(index, window)
            .filter(|row| row.is_deleted())
            .map(
                |row| json!({"id": row.id.to_string(), "deletedDate": row.get(definition, "SystemModstamp").to_json()}),
            )
            .collect();
        within_limit(records.len())?;
        let earliest = self.store.purged_until(index).unwrap_or(self.born);
        Ok(Answer::ok(json!({
            "deletedRecords": records,
            "earliestDateAvailable": format_datetime(earliest),
            "latestDateCovered": format_datetime(self.covered(window)),
        })))
    }

    fn replicated(&self, call: &Call, object: &str) -> Result<ObjectIndex, ApiError> {
        let index = self.object_named(object)?;
        call.only("HEAD,GET")?;
        if self.schema.object(index).can.replicateable {
            return Ok(index);
        }
        Err(ApiError::request("INVALID_TYPE", format!("{object} is not replicateable")))
    }

    fn window(&self, call: &Call, reach: TimeDelta) -> Result<Window, ApiError> {
        let bound = |name: &str| {
            let text = call.param(name).ok_or_else(|| bad_window(format!("the {name} date is missing")))?;
            // A '+' of the offset that was not percent-encoded has become a blank.
            let at = parse_datetime(text).or_else(|| parse_datetime(&text.replace(' ', "+")));
            at.map(whole_minutes).ok_or_else(|| bad_window(format!("{name} is no ISO 8601 date: {text}")))
        };
        let window = Window { start: bound("start")?, end: bound("end")? };
        if window.start >= window.end {
            return Err(bad_window("startDate must precede endDate by more than one minute"));
        }
        if window.start < self.now - reach {
            let message = format!("startDate cannot be more than {} days ago", reach.num_days());
            return Err(bad_window(message));
        }
        Ok(window)
    }

    fn changed(&self, object: ObjectIndex, window: Window) -> impl Iterator<Item = &Row> {
        let stamp = self.schema.object(object).find("SystemModstamp").unwrap_or_default();
        let end = window.end.min(self.settled());
        let ids = self.store.in_time(object, stamp, Bound::Included(window.start), Bound::Excluded(end));
        ids.into_iter().filter_map(move |id| self.store.get(object, id))
    }

    /// Up to where the feeds are complete: transactions that are still open may yet add to what is later.
    fn settled(&self) -> DateTime<Utc> {
        self.now - TimeDelta::seconds(self.quirks.feed_lag_seconds.into()) + TimeDelta::seconds(1)
    }

    fn covered(&self, window: Window) -> DateTime<Utc> {
        window.end.min(whole_minutes(self.settled()))
    }
}

fn within_limit(count: usize) -> Result<(), ApiError> {
    if count <= MAX_IDS {
        return Ok(());
    }
    Err(ApiError::request("EXCEEDED_ID_LIMIT", format!("more than {MAX_IDS} records changed: narrow the window")))
}
