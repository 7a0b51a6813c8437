//! A caller of the emulated organisation, for the other modules.

use axum::http::{HeaderMap, Method, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use sandbox::{Data, Sandbox, Vendor};
use serde_json::{Value, json};

pub(crate) const SF: Vendor = Vendor::Salesforce;

/// A sandbox and its token.
pub(crate) struct Org {
    pub(crate) sandbox: Sandbox,
    token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null for an empty body, a string for what is not JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// The status and the first error code.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body[0]["errorCode"].as_str().unwrap_or_default())
    }

    pub(crate) fn message(&self) -> &str {
        self.body[0]["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The id of a record just created.
    pub(crate) fn id(&self) -> String {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.body);
        self.body["id"].as_str().unwrap().to_owned()
    }

    /// One field of each record of a query, as text.
    pub(crate) fn column(&self, field: &str) -> Vec<String> {
        let records = self.body["records"].as_array().unwrap_or_else(|| panic!("{}", self.body));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        records.iter().map(|record| text(&record[field])).collect()
    }
}

impl Org {
    pub(crate) fn with(sandbox: Sandbox) -> Org {
        let token = sandbox.credentials(SF)["access_token"].as_str().unwrap().to_owned();
        Org { sandbox, token }
    }

    pub(crate) fn empty() -> Org {
        Org::with(Sandbox::builder().data(Data::Empty).build())
    }

    pub(crate) fn demo() -> Org {
        Org::with(Sandbox::builder().build())
    }

    /// Calls a resource; what does not start with a slash is below version 62.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/services/data/v62.0/{path}") };
        let mut request = axum::http::Request::builder().method(method).uri(format!("http://salesforce.sandbox{path}"));
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        self.send(request.body(Bytes::from(body)).unwrap()).await
    }

    pub(crate) async fn send(&self, request: axum::http::Request<Bytes>) -> Answer {
        let response = sandbox::send(self.sandbox.salesforce(), request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, &[], Some(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, &[], Some(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &[], None).await
    }

    pub(crate) async fn query(&self, soql: &str) -> Answer {
        self.get(&format!("query?q={}", encode(soql))).await
    }

    pub(crate) async fn query_all(&self, soql: &str) -> Answer {
        self.get(&format!("queryAll?q={}", encode(soql))).await
    }

    /// Creates a record and returns its id.
    pub(crate) async fn make(&self, object: &str, fields: Value) -> String {
        self.post(&format!("sobjects/{object}"), fields).await.id()
    }

    pub(crate) async fn contact(&self, last_name: &str) -> String {
        self.make("Contact", json!({"LastName": last_name})).await
    }

    pub(crate) async fn account(&self, name: &str) -> String {
        self.make("Account", json!({"Name": name})).await
    }

    /// A full record.
    pub(crate) async fn read(&self, object: &str, id: &str) -> Value {
        let answer = self.get(&format!("sobjects/{object}/{id}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.sandbox.clock().advance(chrono::TimeDelta::seconds(seconds));
    }
}

pub(crate) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
