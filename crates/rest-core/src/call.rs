//! Requests as data. Vendor crates build [`Call`]s in pure functions and test them without a server.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::url::{BaseUrl, percent_encode};

const FORM: &str = "application/x-www-form-urlencoded";

/// What happens if a request is carried out twice. It decides what may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safety {
    /// Changes nothing. Repeated after timeouts, lost connections, broken answers and server failures.
    Read,
    /// A write whose repetition ends in the same state (an update by id, a delete, an upsert). Repeated like a read.
    Idempotent,
    /// A write that would happen twice (a create). Repeated only if the server certainly did not act; otherwise it
    /// ends as [`ErrorKind::Unknown`].
    Unsafe,
}

/// Where a request goes, always on the client's own origin.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Path segments below the base URL, each percent-encoded on its own.
    Path(Vec<String>),
    /// A path that begins with `/` and is already encoded, with an optional query, below the base URL.
    Raw(String),
    /// An absolute URL that a server gave (a next page, a job). Refused unless it is on the configured origin.
    Absolute(String),
}

/// What kind of answer a call wants, and accepts with a 2xx status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accept {
    /// JSON, as the vendor's [`Profile::accepts`](crate::Profile::accepts) sees it.
    Json,
    /// Exactly this media type, such as `text/csv` (parameters are ignored).
    Type(&'static str),
    /// Anything.
    Any,
}

/// A request's body.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    /// The value of `Content-Type`.
    pub content_type: HeaderValue,
    /// The body's bytes.
    pub bytes: Bytes,
}

/// One request as data: what to send, and what is known about sending it.
///
/// The building methods never fail; a part that cannot be sent (a dot segment, a header with a line break, a value
/// that does not serialize) makes the call fail with [`ErrorKind::Config`] before anything is sent. `Debug` shows the
/// shape of the request, and neither query values, ids nor bodies.
#[derive(Clone)]
#[non_exhaustive]
pub struct Call {
    /// What is done, as `object.verb`: the name in errors, spans, metrics and the ledger.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// Where it goes.
    pub target: Target,
    /// The query, in order; values are encoded when sent.
    pub query: Vec<(Cow<'static, str>, String)>,
    /// Further headers. Authentication is not among them: the client adds it.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Payload>,
    /// What may be repeated.
    pub safety: Safety,
    /// How many calls this counts for under the rate limits and the daily budget. Default 1.
    pub weight: u32,
    /// Whether the answer may hold secrets, so that errors never quote its body.
    pub sensitive: bool,
    /// Whether credentials are sent. Default: yes.
    pub authenticated: bool,
    /// What kind of answer is wanted.
    pub accept: Accept,
    /// Statuses outside 2xx that are answers, not errors, for this call (such as 304 or 300).
    pub also_ok: Vec<StatusCode>,
    /// Time for one attempt, if other than the client's.
    pub timeout: Option<Duration>,
    /// Size limit of the decoded answer in bytes, if other than the client's.
    pub body_limit: Option<u64>,
    defect: Option<String>,
}

impl Call {
    /// A call of `method`. GET, HEAD and OPTIONS are [`Safety::Read`], PUT and DELETE [`Safety::Idempotent`], the rest
    /// [`Safety::Unsafe`] until [`Call::safety`] says otherwise.
    #[must_use]
    pub fn new(method: Method, operation: &'static str) -> Self {
        let safety = match method {
            Method::GET | Method::HEAD | Method::OPTIONS => Safety::Read,
            Method::PUT | Method::DELETE => Safety::Idempotent,
            _ => Safety::Unsafe,
        };
        Self {
            operation,
            method,
            target: Target::Path(Vec::new()),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            safety,
            weight: 1,
            sensitive: false,
            authenticated: true,
            accept: Accept::Json,
            also_ok: Vec::new(),
            timeout: None,
            body_limit: None,
            defect: None,
        }
    }

    /// A GET: a read.
    #[must_use]
    pub fn get(operation: &'static str) -> Self {
        Self::new(Method::GET, operation)
    }

    /// A POST: an unsafe write unless [`Call::safety`] says otherwise.
    #[must_use]
    pub fn post(operation: &'static str) -> Self {
        Self::new(Method::POST, operation)
    }

    /// A PUT: an idempotent write unless [`Call::safety`] says otherwise.
    #[must_use]
    pub fn put(operation: &'static str) -> Self {
        Self::new(Method::PUT, operation)
    }

    /// A PATCH: an unsafe write unless [`Call::safety`] says otherwise (an update by id is idempotent).
    #[must_use]
    pub fn patch(operation: &'static str) -> Self {
        Self::new(Method::PATCH, operation)
    }

    /// A DELETE: an idempotent write.
    #[must_use]
    pub fn delete(operation: &'static str) -> Self {
        Self::new(Method::DELETE, operation)
    }

    /// Sets the path below the base URL, one segment per item. Empty and dot segments are refused.
    #[must_use]
    pub fn path<S: Into<String>>(mut self, segments: impl IntoIterator<Item = S>) -> Self {
        self.target = Target::Path(segments.into_iter().map(Into::into).collect());
        self
    }

    /// Sets a path that begins with `/` and is already encoded, such as a relative next-page path from a server.
    #[must_use]
    pub fn raw_path(mut self, path: impl Into<String>) -> Self {
        self.target = Target::Raw(path.into());
        self
    }

    /// Follows a link from a server's answer: a path that begins with `/`, or an absolute URL on the own origin.
    #[must_use]
    pub fn link(mut self, link: impl Into<String>) -> Self {
        let link = link.into();
        self.target = if link.starts_with('/') { Target::Raw(link) } else { Target::Absolute(link) };
        self
    }

    /// Adds a query pair.
    #[must_use]
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a query pair if there is a value.
    #[must_use]
    pub fn query_opt(self, name: impl Into<Cow<'static, str>>, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => drop(self.headers.insert(name, value)),
            _ => self.spoil(format!("the header {name:?} cannot be sent")),
        }
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => {
                self.body =
                    Some(Payload { content_type: HeaderValue::from_static("application/json"), bytes: bytes.into() });
            }
            Err(error) => self.spoil(format!("the body cannot be written as JSON: {error}")),
        }
        self
    }

    /// Sets a form-encoded body.
    #[must_use]
    pub fn form<K: AsRef<str>, V: AsRef<str>>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut text = String::new();
        for (name, value) in pairs {
            push_pair(&mut text, name.as_ref(), value.as_ref());
        }
        let content_type = HeaderValue::from_static(FORM);
        self.body = Some(Payload { content_type, bytes: text.into() });
        self
    }

    /// Sets any body.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        match HeaderValue::try_from(content_type) {
            Ok(content_type) => {
                self.body = Some(Payload { content_type, bytes: bytes.into() });
            }
            Err(_) => self.spoil(format!("the content type {content_type:?} cannot be sent")),
        }
        self
    }

    /// Says what may be repeated.
    #[must_use]
    pub fn safety(mut self, safety: Safety) -> Self {
        self.safety = safety;
        self
    }

    /// Says how many calls this counts for.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Says that the answer may hold secrets: errors never quote its body.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Sends no credentials.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.authenticated = false;
        self
    }

    /// Says what kind of answer is wanted. Default: JSON.
    #[must_use]
    pub fn accept(mut self, accept: Accept) -> Self {
        self.accept = accept;
        self
    }

    /// Treats a status outside 2xx as an answer.
    #[must_use]
    pub fn also_ok(mut self, status: StatusCode) -> Self {
        self.also_ok.push(status);
        self
    }

    /// Gives one attempt this much time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the size limit of the decoded answer, in bytes.
    #[must_use]
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// The HTTP request this call makes on `base`, without credentials and the client's standing headers.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if a part of the call cannot be sent, or its target leaves the origin of `base`.
    pub fn to_request(&self, base: &BaseUrl) -> Result<Request<Bytes>> {
        self.build(base).map_err(|error| error.with_operation(self.operation))
    }

    fn build(&self, base: &BaseUrl) -> Result<Request<Bytes>> {
        if let Some(defect) = &self.defect {
            return Err(Error::new(ErrorKind::Config, self.operation).with_message(defect.clone()));
        }
        let uri = self.uri(base)?;
        let (bytes, content_type) = match &self.body {
            Some(payload) => (payload.bytes.clone(), Some(payload.content_type.clone())),
            None => (Bytes::new(), None),
        };
        let mut request = Request::new(bytes);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri
            .try_into()
            .map_err(|error: http::uri::InvalidUri| Error::config("the address cannot be sent").with_source(error))?;
        let headers = request.headers_mut();
        headers.extend(self.headers.clone());
        let accept = match self.accept {
            Accept::Json => "application/json",
            Accept::Type(media_type) => media_type,
            Accept::Any => "*/*",
        };
        if let Ok(accept) = HeaderValue::try_from(accept) {
            headers.entry(ACCEPT).or_insert(accept);
        }
        if let Some(content_type) = content_type {
            headers.entry(CONTENT_TYPE).or_insert(content_type);
        }
        Ok(request)
    }

    fn uri(&self, base: &BaseUrl) -> Result<String> {
        let mut uri = match &self.target {
            Target::Path(segments) => base.join_segments(segments)?,
            Target::Raw(path) => base.join_raw(path)?,
            Target::Absolute(link) => base.same_origin(link)?,
        };
        let mut query = String::new();
        for (name, value) in &self.query {
            push_pair(&mut query, name, value);
        }
        if !query.is_empty() {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str(&query);
        }
        Ok(uri)
    }

    /// The secrets in a form body, to be taken out of what the server says.
    pub(crate) fn form_secrets(&self) -> Vec<String> {
        const SECRET: [&str; 6] = ["secret", "password", "token", "assertion", "code", "verifier"];
        let form = self.body.as_ref().filter(|body| body.content_type == FORM);
        let pairs = form.into_iter().flat_map(|body| url::form_urlencoded::parse(&body.bytes));
        pairs
            .filter(|(name, _)| SECRET.iter().any(|word| name.contains(word)))
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    fn spoil(&mut self, defect: String) {
        self.defect.get_or_insert(defect);
    }
}

fn push_pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    percent_encode(out, name);
    out.push('=');
    percent_encode(out, value);
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(segments) => write!(f, "Path({} segments)", segments.len()),
            Self::Raw(path) => write!(f, "Raw({} bytes)", path.len()),
            Self::Absolute(link) => write!(f, "Absolute({} bytes)", link.len()),
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({:?}, {} bytes)", self.content_type, self.bytes.len())
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("target", &self.target)
            .field("query", &self.query.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .field("safety", &self.safety)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseUrl {
        BaseUrl::parse("https://h.example/api").unwrap()
    }

    #[test]
    fn a_call_is_a_request() {
        let call = Call::post("contacts.create")
            .path(["contacts", "a b"])
            .query("q", "x & y=z+ü")
            .query_opt("page", Some("2"))
            .query_opt("sort", None::<String>)
            .header("x-trace", "on")
            .json(&[1, 2]);
        let request = call.to_request(&base()).unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), "https://h.example/api/contacts/a%20b?q=x%20%26%20y%3Dz%2B%C3%BC&page=2");
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(request.headers()["accept"], "application/json");
        assert_eq!(request.headers()["x-trace"], "on");
        assert_eq!(request.body().as_ref(), b"[1,2]");
    }

    #[test]
    fn the_method_sets_the_default_safety() {
        assert_eq!(Call::get("x").safety, Safety::Read);
        assert_eq!(Call::put("x").safety, Safety::Idempotent);
        assert_eq!(Call::delete("x").safety, Safety::Idempotent);
        assert_eq!(Call::post("x").safety, Safety::Unsafe);
        assert_eq!(Call::patch("x").safety, Safety::Unsafe);
        assert_eq!(Call::post("x").safety(Safety::Read).safety, Safety::Read);
    }

    #[test]
    fn a_link_keeps_its_query_and_takes_more() {
        let call = Call::get("next").link("/q/01?cursor=a").query("b", "c");
        assert_eq!(call.to_request(&base()).unwrap().uri(), "https://h.example/api/q/01?cursor=a&b=c");
        let call = Call::get("next").link("https://h.example/api/q?cursor=a");
        assert_eq!(call.to_request(&base()).unwrap().uri(), "https://h.example/api/q?cursor=a");
        let call = Call::get("next").link("https://evil.example/q");
        let error = call.to_request(&base()).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Config, "next"));
    }

    #[test]
    fn defects_surface_before_sending_and_without_values() {
        struct Broken;
        impl Serialize for Broken {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("no"))
            }
        }
        for call in [
            Call::get("x").header("a", "b\r\nc: canary"),
            Call::get("x").header("a b", "c"),
            Call::get("x").body("te\nxt", "b"),
            Call::post("x").json(&Broken),
            Call::get("x").path(["a", ".."]),
        ] {
            let error = call.to_request(&base()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.to_string().contains("canary"));
        }
    }

    #[test]
    fn a_form_is_encoded_strictly() {
        let call = Call::post("token").form([("grant_type", "refresh token"), ("a&b", "c=d")]);
        assert_eq!(call.body.as_ref().unwrap().bytes, "grant_type=refresh%20token&a%26b=c%3Dd");
    }

    #[test]
    fn debug_shows_the_shape_only() {
        let call = Call::post("x").path(["canary"]).query("q", "canary").header("k", "canary").json("canary");
        let debug = format!("{call:?}");
        assert!(!debug.contains("canary") && debug.contains("\"q\""), "{debug}");
    }
}
