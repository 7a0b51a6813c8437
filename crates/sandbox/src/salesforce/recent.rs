//! What was used last: `recent`, and the custom code of `services/apexrest`.

use serde_json::{Value as Json, json};

use super::call::{Answer, Call, Payload};
use super::errors::{ApiError, Failure};
use super::org::Org;
use super::read::attributes;
use super::store::REMEMBERED;

impl Org {
    /// `GET recent?limit=N`. Without people who look at records, the last used ones are the last written ones.
    pub(crate) fn recent(&self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let limit = match call.param("limit").map(str::parse::<usize>) {
            None => REMEMBERED,
            Some(Ok(limit)) if (1..=REMEMBERED).contains(&limit) => limit,
            Some(_) => {
                let message = format!("The limit must be a number from 1 to {REMEMBERED}");
                return Err(ApiError::request("INVALID_QUERY_LIMIT", message).into());
            }
        };
        let rows = self.store.recent().map(|(index, row)| (self.schema.object(index), row));
        let rows = rows.filter(|(object, _)| object.can.most_recently_used);
        let shown = rows.take(limit).map(|(object, row)| {
            let mut item = json!({"attributes": attributes(object, row.id, &call.version), "Id": row.id.to_string()});
            if let (Some(name), Some(item)) = (object.name_field(), item.as_object_mut()) {
                item.insert(object.field(name).name.to_owned(), row.values[name].to_json());
            }
            item
        });
        Ok(Answer::ok(shown.collect()))
    }

    /// `services/apexrest/…`: classes that an administrator registered echo the request, others are not there.
    pub(crate) fn apex_rest(&self, call: &Call) -> Result<Answer, Failure> {
        let path = call.path.join("/");
        let is_below = |class: &String| {
            let class = class.trim_matches('/');
            path.strip_prefix(class).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if !self.quirks.apex_rest.iter().any(is_below) {
            let error = ApiError::request("NOT_FOUND", "Could not find a match for URL");
            return Err(error.with_status(http::StatusCode::NOT_FOUND).into());
        }
        let body = match &call.payload {
            Payload::Bytes(bytes) if bytes.is_empty() => Json::Null,
            _ => call.json()?,
        };
        let query: serde_json::Map<String, Json> =
            call.query.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str()))).collect();
        Ok(Answer::ok(
            json!({"method": call.method.as_str(), "path": format!("/{path}"), "query": query, "body": body}),
        ))
    }
}
