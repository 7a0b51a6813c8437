//! Neither a secret nor a person's data gets into anything that is printed, also at the finest log level.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use rest_core::{
    AuthContext, Authenticator, BaseUrl, Call, Credentials, Error, RestClient, Result, SecretString, StaticHeader,
    TransportErrorKind,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::*;

const CANARY: &str = "canary4f1d77aa";
const PERSON: &str = "ada.lovelace@example.com";

/// Writes down everything that is traced, at every level.
#[derive(Clone, Default)]
struct Notebook(Arc<Mutex<String>>);

impl Visit for Notebook {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Notebook {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        writeln!(self.0.lock().unwrap(), "span {}", span.metadata().name()).unwrap();
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Notebook {
    fn note(&self, text: impl std::fmt::Display) {
        writeln!(self.0.lock().unwrap(), "{text}").unwrap();
    }

    fn note_error(&self, error: &Error) {
        self.note(error);
        self.note(format!("{error:?} {error:#?}"));
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            self.note(format!("{error} {error:?}"));
            cause = error.source();
        }
    }

    fn assert_clean(&self) {
        let text = self.0.lock().unwrap();
        for secret in [CANARY, PERSON, "ada.lovelace"] {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} leaked: {}", line.unwrap_or_default());
        }
        assert!(
            text.contains("operation=\"things.create\"") && text.contains("vendor=\"acme\""),
            "tracing was watched"
        );
        assert!(text.contains("status=400") && text.contains("attempts=") && text.contains("elapsed_ms="), "{text}");
    }
}

#[derive(Debug)]
struct Login;

#[async_trait]
impl Authenticator for Login {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let call = Call::post("auth.token").path(["token"]).form([("client_secret", CANARY)]);
        context.send(None, &call).await?;
        Credentials::bearer(&SecretString::from(CANARY))
    }
}

/// A server that echoes what it was sent in its errors, as some do.
fn echoes() -> Vec<Step> {
    let words = format!(r#"{{"code":"Bearer {CANARY}","message":"{CANARY} is bad for {PERSON}","field":"{PERSON}"}}"#);
    vec![
        answer(400, words.clone()).header("x-request-id", PERSON).into(),
        answer(401, words.clone()).into(),
        answer(500, words.clone()).into(),
        answer(429, words.clone()).header("retry-after", "1000").into(),
        answer(418, format!("you sent Authorization: Token token={CANARY} as {PERSON}")).into(),
        answer(200, words.clone()).header("content-type", "text/html").into(),
        answer(200, words).header("content-type", "text/html").end(End::Cut).into(),
        answer(302, "").header("location", format!("https://{CANARY}@evil.example/{PERSON}?q={CANARY}")).into(),
        Step::Fail(TransportErrorKind::Lost),
    ]
}

fn telling_calls() -> [Call; 3] {
    let call = |call: Call| call.query("email", PERSON).header("x-person", PERSON);
    [
        call(Call::get("things.get").path(["things", PERSON])),
        call(Call::put("things.update").path(["things"]).json(PERSON)),
        call(Call::post("things.create").path(["things"]).json(PERSON)),
    ]
}

#[tokio::test(start_paused = true)]
async fn nothing_printed_contains_a_secret_or_a_person() {
    let notebook = Notebook::default();
    // With a single dispatcher, a span first met on the thread of another test would be switched off for good.
    let _second = tracing::Dispatch::new(notebook.clone());
    let _watch = tracing::subscriber::set_default(notebook.clone());
    let key = StaticHeader::new(AUTHORIZATION, format!("Token token={CANARY}").into()).unwrap();
    let styles: [Arc<dyn Authenticator>; 2] = [Arc::new(key), Arc::new(Login)];
    for auth in styles {
        notebook.note(format!("{auth:?}"));
        for step in echoes() {
            for call in telling_calls() {
                let step = step.clone();
                let token = answer(200, format!(r#"{{"access_token":"{CANARY}"}}"#));
                let script =
                    Script::rule(
                        move |seen| {
                            if seen.uri.ends_with("/token") { token.clone().into() } else { step.clone() }
                        },
                    );
                let building = builder(&script).auth(auth.clone());
                notebook.note(format!("{building:?}"));
                let client = building.build().unwrap();
                notebook.note(format!("{client:?} {call:?} {:?}", call.target));
                let error = client.send(&call).await.unwrap_err();
                notebook.note_error(&error);
                let stream = client.stream(&call).await;
                if let Err(error) = stream {
                    notebook.note_error(&error);
                }
                notebook.note(client.ledger().snapshot());
            }
        }
    }
    notebook.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_login_that_fails_tells_no_secret() {
    for step in echoes() {
        let script = Script::new([step]);
        let client = builder(&script).auth(Arc::new(Login)).build().unwrap();
        let error = client.send(&read()).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains(PERSON) && !text.contains(CANARY), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_and_records_do_not_print_their_content() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only decoded")]
    struct Person {
        age: u8,
    }
    let body = format!(r#"[{{"id":"{PERSON}","age":"{PERSON}"}},{{"id":1,"age":7,"mail":"{PERSON}"}}]"#);
    let (reply, _) = outcome(&read(), vec![answer(200, body).into()]).await;
    let reply = reply.unwrap();
    let page: Vec<Box<RawValue>> = reply.json().unwrap();
    let rows = rest_core::rows::<Person>(page, "id");
    let bad = rows[0].as_ref().unwrap_err().clone();
    let wrong = reply.json::<Vec<u8>>().unwrap_err();
    let text = format!("{reply:?} {rows:?} {bad} {} {wrong} {wrong:?}", bad.clone().into_error("x"));
    assert!(!text.contains("ada"), "{text}");
    assert_eq!(bad.id.as_deref(), Some(PERSON), "the id itself is there for the program");
}

#[test]
fn a_refused_base_url_is_not_quoted() {
    for text in [
        format!("https://user:{CANARY}@acme.example"),
        format!("https://acme.example?key={CANARY}"),
        format!("ftp://{CANARY}"),
    ] {
        let error = BaseUrl::parse(&text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(CANARY));
    }
    let builder = RestClient::builder(BaseUrl::parse(BASE).unwrap(), Arc::new(Acme)).user_agent(format!("{CANARY}\n"));
    let error = builder.transport(Arc::new(NoServer)).build().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY));
}

#[derive(Debug)]
struct NoServer;

#[async_trait]
impl rest_core::Transport for NoServer {
    async fn send(
        &self,
        _: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<rest_core::ByteStream>, rest_core::TransportError> {
        Err(rest_core::TransportError::new(TransportErrorKind::NotSent, "there is no server"))
    }
}
