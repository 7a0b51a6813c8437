//! What Freshsales says when it refuses, and what that means: the one place that knows its error shapes.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use rest_core::{Acted, Classified, ErrorKind, FieldError, LimitFeedback, Profile, seconds};
use serde_json::Value;

pub(crate) const KEY_HINT: &str = "check the key: in Freshsales, Profile → Settings → API Settings";
const VENDOR: &str = "freshsales";

/// Freshsales, as the request pipeline sees it.
#[derive(Debug)]
pub(crate) struct FreshsalesProfile;

impl Profile for FreshsalesProfile {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified {
        classify(status, headers, body)
    }

    /// Undocumented, but seen when the account sends them.
    fn limits(&self, headers: &HeaderMap, now: DateTime<Utc>) -> LimitFeedback {
        LimitFeedback::from_x_rate_limit(headers, now)
    }
}

/// Maps an answer outside 2xx. Messages are localised to the account's language, so nothing here depends on them but
/// the one machine-made text that hides a rate limit inside a 400.
fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified {
    let complaint = Complaint::read(body);
    let mut class = Classified::from_status(status, headers);
    match status.as_u16() {
        400 if complaint.hides_rate_limit() => {
            // The inner service may have refused before or after the record was saved.
            class.kind = ErrorKind::RateLimited;
            class.transient = true;
            class.acted = Acted::Unknown;
            class.hint = Some("Freshsales throttles itself inside; slow down and try again");
        }
        401 => class.hint = Some(KEY_HINT),
        403 => {
            class.hint = Some("the key's user lacks the permission or the plan the feature; lists need a view");
        }
        404 if complaint.is_foreign => {
            // An address without an account answers with a page. A record that is missing is never told that way.
            class.kind = ErrorKind::Config;
            class.hint = Some("no Freshsales account answers here; check the bundle alias");
        }
        405 => class.hint = Some("too many bulk jobs are running, or the route does not exist"),
        429 => {
            class.retry_after = headers.get("x-ratelimit-reset").and_then(|reset| seconds(reset.to_str().ok()?));
            class.hint = Some("the account's calls of this hour are spent; set the plan, or use fewer");
        }
        _ => {}
    }
    class.code = complaint.code;
    class.message = complaint.messages.join("; ");
    class.fields = complaint.fields;
    class
}

/// What an error body says, in whichever of its shapes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Complaint {
    code: Option<String>,
    messages: Vec<String>,
    fields: Vec<FieldError>,
    /// The body is there and is not JSON.
    is_foreign: bool,
}

impl Complaint {
    fn read(body: &[u8]) -> Self {
        let body = body.trim_ascii();
        let mut complaint = Self::default();
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => complaint.take_in(&value),
            Err(_) => complaint.is_foreign = !body.is_empty(),
        }
        complaint
    }

    fn take_in(&mut self, body: &Value) {
        match &body["errors"] {
            Value::Object(errors) if errors.contains_key("message") || errors.contains_key("code") => {
                self.code = scalar(&body["errors"]["code"]);
                self.say(&body["errors"]["message"]);
            }
            Value::Object(errors) => {
                for (field, messages) in errors {
                    let before = self.messages.len();
                    self.say(messages);
                    let said = self.messages.get(before..).unwrap_or_default().join(", ");
                    self.fields.push(FieldError::new(field, said));
                }
            }
            errors => self.say(errors),
        }
        for other in [&body["message"], &body["error"], &body["error"]["message"]] {
            if self.messages.is_empty() {
                self.say(other);
            }
        }
        if self.messages.is_empty()
            && let Some(login) = body["login"].as_str()
        {
            self.messages.push(format!("login {login}"));
        }
    }

    /// A text, or any number of them, each bare or under `message`.
    fn say(&mut self, words: &Value) {
        match words {
            Value::String(text) => self.messages.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|word| self.say(word)),
            Value::Object(object) => object.get("message").into_iter().for_each(|word| self.say(word)),
            _ => {}
        }
    }

    fn hides_rate_limit(&self) -> bool {
        self.messages.iter().any(|message| message.starts_with("UCR ") && message.contains(":: 429 ::"))
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn class(status: u16, body: &str) -> Classified {
        classify(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn every_shape_of_an_error_is_understood() {
        use ErrorKind::{Config, Forbidden, Invalid, NotFound, RateLimited, Server, Unauthorized, Unsupported};
        for (status, body, kind, code, message) in [
            (401, r#"{"login":"failed","message":null}"#, Unauthorized, None, "login failed"),
            (
                400,
                r#"{"errors":{"code":400,"message":["Name has already been taken"]}}"#,
                Invalid,
                Some("400"),
                "Name has already been taken",
            ),
            (400, r#"{"errors":{"code":"400","message":["a","b"]}}"#, Invalid, Some("400"), "a; b"),
            (404, r#"{"errors":{"code":404,"message":"not found"}}"#, NotFound, Some("404"), "not found"),
            (404, "", NotFound, None, ""),
            (404, "<html>Not found</html>", Config, None, ""),
            (403, r#"{"message":"not authorized"}"#, Forbidden, None, "not authorized"),
            (403, r#"{"errors":["denied"]}"#, Forbidden, None, "denied"),
            (400, r#"{"errors":[{"message":"first"},{"message":"second"}]}"#, Invalid, None, "first; second"),
            (400, r#"{"error":{"message":"inner"}}"#, Invalid, None, "inner"),
            (400, r#"{"error":"plain"}"#, Invalid, None, "plain"),
            (422, r#"{"errors":{"email":["is invalid","is taken"]}}"#, Invalid, None, "is invalid; is taken"),
            (405, "", Unsupported, None, ""),
            (429, "Too many requests", RateLimited, None, ""),
            (429, r#"{"errors":{"code":429,"message":"slow down"}}"#, RateLimited, Some("429"), "slow down"),
            (500, "<html></html>", Server, None, ""),
            (400, "null", Invalid, None, ""),
            (400, "[]", Invalid, None, ""),
        ] {
            let class = class(status, body);
            assert_eq!(
                (class.kind, class.code.as_deref(), class.message.as_str()),
                (kind, code, message),
                "{status} {body}"
            );
        }
        assert_eq!(
            class(422, r#"{"errors":{"email":["is invalid"]}}"#).fields,
            [FieldError::new("email", "is invalid")]
        );
    }

    #[test]
    fn a_rate_limit_inside_a_400_may_have_acted() {
        let text = "UCR contact fetch failure :: response_code :: 429 :: response :: Too many requests";
        let hidden = class(400, &format!(r#"{{"errors":{{"code":400,"message":["{text}"]}}}}"#));
        assert_eq!((hidden.kind, hidden.transient, hidden.acted), (ErrorKind::RateLimited, true, Acted::Unknown));
        let quoted = class(400, &format!(r#"{{"message":"the note says: {text}"}}"#));
        assert_eq!(quoted.kind, ErrorKind::Invalid);
    }

    #[test]
    fn a_rate_limit_may_name_its_end() {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-ratelimit-reset"),
            HeaderValue::from_static("90"),
        )]);
        let class = classify(StatusCode::TOO_MANY_REQUESTS, &headers, b"");
        assert_eq!(
            (class.retry_after, class.transient, class.acted),
            (Some(std::time::Duration::from_secs(90)), true, Acted::No)
        );
    }
}
