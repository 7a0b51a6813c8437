//! A Freshsales account to call in process, for the other test modules.

use axum::http::{Request, header};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use http_body_util::BodyExt as _;
use sandbox::{Clock, ConnectionReset, Data, Sandbox, SandboxBuilder, Vendor};
use serde_json::{Value, json};

pub(crate) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 3, 10, 15, 30, 0).unwrap()
}

pub(crate) struct Account {
    pub(crate) sandbox: Sandbox,
    key: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The messages of a 400.
    pub(crate) fn complaints(&self) -> Vec<String> {
        assert_eq!(self.status, 400, "{}", self.text);
        let body = self.json();
        assert_eq!(body["errors"]["code"], 400);
        serde_json::from_value(body["errors"]["message"].clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

impl Account {
    pub(crate) fn empty() -> Account {
        Account::of(Sandbox::builder().data(Data::Empty))
    }

    pub(crate) fn of(builder: SandboxBuilder) -> Account {
        Account::over(builder.clock(Clock::manual(start())).build())
    }

    pub(crate) fn over(sandbox: Sandbox) -> Account {
        let key = sandbox.credentials(Vendor::Freshsales)["api_key"].as_str().unwrap().to_owned();
        Account { sandbox, key }
    }

    pub(crate) fn quirk(&self, changes: Value) {
        self.sandbox.set_quirks(Vendor::Freshsales, &changes).unwrap();
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.sandbox.clock().advance(TimeDelta::seconds(seconds));
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Request<Bytes> {
        let path = if path.starts_with("/api") { path.to_owned() } else { format!("/crm/sales/api{path}") };
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Token token={}", self.key))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default())
            .unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Answer, ConnectionReset> {
        let response = sandbox::send(self.sandbox.freshsales(), request).await?;
        let (parts, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, text })
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.send(self.request(method, path, body.as_ref())).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    /// Like [`get`](Account::get), for paths made on the fly.
    pub(crate) async fn get_owned(&self, path: String) -> Answer {
        self.get(&path).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None).await
    }

    pub(crate) async fn new_contact(&self, fields: Value) -> i64 {
        let answer = self.post("/contacts", json!({ "contact": fields })).await.expect(200);
        answer["contact"]["id"].as_i64().unwrap()
    }

    pub(crate) async fn new_account(&self, name: &str) -> i64 {
        let answer = self.post("/sales_accounts", json!({ "sales_account": { "name": name } })).await.expect(200);
        answer["sales_account"]["id"].as_i64().unwrap()
    }

    pub(crate) async fn new_deal(&self, fields: Value) -> i64 {
        let answer = self.post("/deals", json!({ "deal": fields })).await.expect(200);
        answer["deal"]["id"].as_i64().unwrap()
    }

    /// A view's id by its name.
    pub(crate) async fn view(&self, entity: &str, name: &str) -> i64 {
        let filters = self.get(&format!("/{entity}/filters")).await.expect(200);
        let filters = filters["filters"].as_array().unwrap();
        let view = filters.iter().find(|view| view["name"] == name);
        view.unwrap_or_else(|| panic!("no view {name}"))["id"].as_i64().unwrap()
    }

    /// The ids in a view, in order, all on one page.
    pub(crate) async fn listed(&self, entity: &str, name: &str) -> Vec<i64> {
        let view = self.view(entity, name).await;
        let page = self.get(&format!("/{entity}/view/{view}?per_page=100")).await.expect(200);
        ids(&page[entity])
    }

    /// An item of a selector by its name.
    pub(crate) async fn choice(&self, selector: &str, name: &str) -> i64 {
        let list = self.get(&format!("/selector/{selector}")).await.expect(200);
        let list = list.as_object().unwrap().values().next().unwrap().as_array().unwrap();
        list.iter().find(|item| item["name"] == name).unwrap()["id"].as_i64().unwrap()
    }
}

pub(crate) fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect()
}
