//! From an HTTP request to a resource: addresses, versions, authentication, quota.

use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value as Json, json};

use super::call::{Answer, Call, Payload};
use super::errors::{ApiError, Failure};
use super::org::Org;
use super::rules::DuplicateHeader;
use crate::{Reply, Request};

/// Longer request targets are refused before anything else.
const MAX_URI: usize = 16_384;
/// The newest version of the API, and the oldest that still answers.
pub(crate) const NEWEST: u32 = 68;
pub(crate) const OLDEST: u32 = 31;
/// Versions up to this answer with a warning.
const DEPRECATED: u32 = 40;
/// Versions from this to [`OLDEST`] existed once.
pub(crate) const FIRST_EVER: u32 = 7;

/// A reply in the content type of the vendor.
pub(crate) fn json_reply(status: StatusCode, body: &Json) -> Reply {
    Reply::text(status, "application/json;charset=UTF-8", body.to_string())
}

pub(crate) fn failure_reply(failure: &Failure) -> Reply {
    json_reply(failure.status(), &failure.to_json())
}

fn set(reply: &mut Reply, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers.insert(HeaderName::from_static(name), value);
    }
}

impl Org {
    /// Answers a request.
    pub(crate) fn handle(&mut self, request: &Request) -> Reply {
        let uri = request.path.len() + request.raw_query.as_ref().map_or(0, |query| query.len() + 1);
        if uri > MAX_URI {
            let page = "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>";
            return Reply::text(StatusCode::URI_TOO_LONG, "text/html;charset=iso-8859-1", page);
        }
        let headers: usize = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if uri + headers > MAX_URI {
            let page = "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>";
            return Reply::text(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "text/html;charset=iso-8859-1", page);
        }
        let segments = request.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["services", "oauth2", "token"] => self.token(request),
            ["services", "oauth2", "revoke"] => self.revoke(request),
            ["services", "oauth2", "authorize"] => self.authorize(request),
            ["services", "oauth2", "introspect"] => self.introspect(request),
            ["services", "Soap", wsdl @ ("u" | "c"), version]
            | ["services", "Soap", wsdl @ ("u" | "c"), version, _] => self.soap(request, wsdl, version),
            ["services", "oauth2", "userinfo"] => {
                self.signed_in(request, |org| Answer::ok(org.userinfo(&request.origin)))
            }
            ["id", _, _] => self.signed_in(request, |org| Answer::ok(org.identity(&request.origin))),
            ["cometd", ..] => self.cometd(request),
            ["services", "data"] => json_reply(StatusCode::OK, &versions()),
            ["services", "data", version, rest @ ..] => self.versioned(request, version, rest),
            ["services", "apexrest", rest @ ..] => {
                self.counted(request, "v62.0", 62, rest, |org, call| org.apex_rest(call))
            }
            _ => failure_reply(&ApiError::not_found().into()),
        }
    }

    /// The pages about the user, which want a token but no version.
    fn signed_in(&mut self, request: &Request, answer: impl FnOnce(&mut Org) -> Answer) -> Reply {
        match self.authenticate(request) {
            Ok(()) => reply(Ok(answer(self))),
            // These pages do not speak the error format of the data API.
            Err(_) => Reply::text(StatusCode::FORBIDDEN, "text/html;charset=UTF-8", "Bad_OAuth_Token"),
        }
    }

    pub(crate) fn authenticate(&mut self, request: &Request) -> Result<(), ApiError> {
        let unauthorized = |code, message| ApiError::request(code, message).with_status(StatusCode::UNAUTHORIZED);
        let token = match request.header("authorization") {
            Some(header) => {
                let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
                if !["bearer", "oauth"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
                    return Err(unauthorized("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"));
                }
                token.trim()
            }
            None => request.param("oauth_token").unwrap_or_default(),
        };
        if self.admit(token) { Ok(()) } else { Err(ApiError::session_expired()) }
    }

    fn versioned(&mut self, request: &Request, version: &str, path: &[&str]) -> Reply {
        let major =
            version.strip_prefix('v').and_then(|text| text.strip_suffix(".0")).and_then(|text| text.parse().ok());
        let Some(major) = major.filter(|major: &u32| (FIRST_EVER..=NEWEST).contains(major)) else {
            return failure_reply(&ApiError::not_found().into());
        };
        if major < OLDEST {
            let gone = ApiError::request("GONE", format!("API version {version} has been retired"));
            return failure_reply(&gone.with_status(StatusCode::GONE).into());
        }
        let mut reply = self.counted(request, version, major, path, Org::route);
        if major <= DEPRECATED {
            set(&mut reply, "warning", "299 - \"This API version is deprecated and will be retired\"");
        }
        reply
    }

    /// Authenticates and counts a call, acts, and tells what was used.
    fn counted(
        &mut self,
        request: &Request,
        version: &str,
        major: u32,
        path: &[&str],
        act: impl FnOnce(&mut Org, &Call) -> Result<Answer, Failure>,
    ) -> Reply {
        if let Err(error) = self.authenticate(request) {
            return failure_reply(&error.into());
        }
        self.duplicate_header = DuplicateHeader::of(&request.headers);
        let ceiling = u64::from(self.quirks.daily_api_requests);
        let app = self.quirks.app.clone();
        let used = self.usage.count(self.now);
        let spent = used >= ceiling || app.as_ref().is_some_and(|app| used >= u64::from(app.daily_api_requests));
        let mut reply = if spent {
            failure_reply(&quota_exhausted().into())
        } else {
            self.usage.add(self.now);
            let call = Call {
                method: method_of(request),
                version: version.to_owned(),
                major,
                path: path.iter().map(|&segment| segment.to_owned()).collect(),
                query: request.query.clone(),
                headers: request.headers.clone(),
                payload: Payload::Bytes(request.body.clone()),
                origin: request.origin.clone(),
            };
            let answer = act(self, &call).map_err(|mut failure| {
                failure.0.iter_mut().for_each(|error| call.locate(error));
                failure
            });
            reply(answer)
        };
        let used = self.usage.count(self.now);
        let mut usage = format!("api-usage={used}/{ceiling}");
        if let Some(app) = app {
            usage.push_str(&format!("; per-app-api-usage={used}/{}(appName={})", app.daily_api_requests, app.name));
        }
        set(&mut reply, "sforce-limit-info", &usage);
        if request.header("x-prettyprint") == Some("1") {
            prettify(&mut reply);
        }
        if request.method == Method::HEAD {
            reply.body = bytes::Bytes::new();
        }
        reply.effects = std::mem::take(&mut self.effects);
        reply
    }

    /// Finds the resource and asks it.
    pub(crate) fn route(&mut self, call: &Call) -> Result<Answer, Failure> {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            [] => {
                call.only("HEAD,GET")?;
                Ok(Answer::ok(self.resources(call)))
            }
            ["sobjects"] => self.describe_global(call),
            ["sobjects", object] => self.object_resource(call, object),
            ["sobjects", object, "describe"] => self.describe(call, object),
            ["sobjects", object, "updated"] => self.updated(call, object),
            ["sobjects", object, "deleted"] => self.deleted(call, object),
            ["sobjects", event, "eventSchema"] => self.event_schema_of(call, event),
            ["sobjects", object, "describe", _, ..] | ["sobjects", object, "listviews" | "quickActions", ..] => {
                self.layout_resource(call, object, path.get(2..).unwrap_or_default())
            }
            ["sobjects", object, id, field] if self.is_content(object, field) => self.content(call, object, id, field),
            ["sobjects", object, id] => self.row_resource(call, object, id),
            ["sobjects", object, key, value] => self.keyed_resource(call, object, key, value),
            ["sobjects", object, id, steps @ ..] => {
                let object = self.object_named(object)?;
                self.related(call, object, id, steps)
            }
            ["query"] => self.query(call, false),
            ["queryAll"] => self.query(call, true),
            ["query" | "queryAll", locator] => self.next_page(call, locator),
            ["jobs", family, rest @ ..] => self.bulk_resource(call, family, rest),
            ["search"] => self.search(call),
            ["search", "scopeOrder"] => self.scope_order(call),
            ["search", "layout"] => self.search_layout(call),
            ["search", "suggestions"] => self.suggestions(call),
            ["parameterizedSearch"] => self.parameterized_search(call),
            ["tooling", "query"] => self.tooling_query(call),
            ["recent"] => self.recent(call),
            ["actions", rest @ ..] => self.actions(call, rest),
            ["limits"] => self.limits(call),
            ["limits", "recordCount"] => self.record_count(call),
            ["event", "eventSchema", id] => self.event_schema(call, id),
            ["composite"] => self.composite(call),
            ["composite", "batch"] => self.batch(call),
            ["composite", "graph"] => self.graph(call),
            ["composite", "tree", object] => self.tree(call, object),
            ["composite", "sobjects"] => self.collection(call),
            ["composite", "sobjects", object] => self.retrieve_collection(call, object),
            ["composite", "sobjects", object, key] => self.upsert_collection(call, object, key),
            _ => Err(ApiError::not_found().into()),
        }
    }

    fn resources(&self, call: &Call) -> Json {
        let base = format!("/services/data/{}", call.version);
        let mut resources = serde_json::Map::new();
        for name in [
            "sobjects",
            "query",
            "queryAll",
            "search",
            "parameterizedSearch",
            "limits",
            "composite",
            "recent",
            "tooling",
            "jobs",
            "actions",
        ] {
            resources.insert(name.to_owned(), Json::String(format!("{base}/{name}")));
        }
        resources.insert("identity".to_owned(), Json::String(self.identity_url(&call.origin)));
        Json::Object(resources)
    }
}

/// The refusal when the calls of the day are used up.
pub(crate) fn quota_exhausted() -> ApiError {
    ApiError::request("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").with_status(StatusCode::FORBIDDEN)
}

/// `X-PrettyPrint: 1` asks for JSON that people can read.
fn prettify(reply: &mut Reply) {
    if let Ok(json) = serde_json::from_slice::<Json>(&reply.body) {
        reply.body = format!("{json:#}").into();
    }
}

fn reply(answer: Result<Answer, Failure>) -> Reply {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return failure_reply(&failure),
    };
    let mut reply = match (&answer.body, &answer.csv, &answer.binary) {
        (Some(body), ..) => json_reply(answer.status, body),
        (None, Some(csv), _) => Reply::text(answer.status, "text/csv; charset=UTF-8", csv.clone()),
        (None, None, Some(content)) => Reply::text(answer.status, "application/octetstream", content.clone()),
        (None, None, None) => Reply::empty(answer.status),
    };
    for (name, value) in &answer.headers {
        set(&mut reply, name, value);
    }
    reply
}

/// `?_HttpMethod=PATCH` makes a `POST` a `PATCH`; `HEAD` reads like `GET`.
fn method_of(request: &Request) -> Method {
    let named = request.param("_HttpMethod").filter(|_| request.method == Method::POST);
    match named.and_then(|name| Method::from_bytes(name.to_ascii_uppercase().as_bytes()).ok()) {
        Some(method) => method,
        None if request.method == Method::HEAD => Method::GET,
        None => request.method.clone(),
    }
}

/// Three releases a year; version 58 was Summer '23.
fn versions() -> Json {
    (OLDEST..=NEWEST)
        .map(|version| {
            let since = i64::from(version) - 58;
            let season =
                ["Summer", "Winter", "Spring"].into_iter().nth(usize::try_from(since.rem_euclid(3)).unwrap_or(0));
            let year = 23 + (since + 2).div_euclid(3);
            json!({
                "label": format!("{} '{year:02}", season.unwrap_or_default()),
                "url": format!("/services/data/v{version}.0"),
                "version": format!("{version}.0"),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_have_their_seasons() {
        let list = versions();
        let label = |version: &str| {
            let entry = list.as_array().unwrap().iter().find(|entry| entry["version"] == version).unwrap();
            entry["label"].as_str().unwrap().to_owned()
        };
        for (version, expected) in [
            ("58.0", "Summer '23"),
            ("59.0", "Winter '24"),
            ("60.0", "Spring '24"),
            ("61.0", "Summer '24"),
            ("62.0", "Winter '25"),
            ("65.0", "Winter '26"),
            ("68.0", "Winter '27"),
            ("51.0", "Spring '21"),
        ] {
            assert_eq!(label(version), expected);
        }
    }
}
