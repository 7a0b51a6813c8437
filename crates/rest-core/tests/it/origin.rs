//! Credentials go to the configured origin and nowhere else.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderName;
use http::header::AUTHORIZATION;
use rest_core::{
    AuthContext, Authenticator, Call, Credentials, ErrorKind, RestClient, Result, SecretString, StaticHeader,
};

use crate::support::*;

const CANARY: &str = "canary-4f1d77";

/// Every way in which credentials are carried.
fn styles() -> Vec<Arc<dyn Authenticator>> {
    #[derive(Debug)]
    struct Bearer;
    #[async_trait]
    impl Authenticator for Bearer {
        async fn credentials(&self, _: &AuthContext<'_>) -> Result<Credentials> {
            let session = SecretString::from(CANARY);
            Credentials::bearer(&session)?.and_header(HeaderName::from_static("x-session"), session)
        }
    }
    let key =
        |name, value: String| -> Arc<dyn Authenticator> { Arc::new(StaticHeader::new(name, value.into()).unwrap()) };
    vec![
        Arc::new(Bearer),
        key(AUTHORIZATION, format!("Token token={CANARY}")),
        key(HeaderName::from_static("x-api-key"), CANARY.to_owned()),
    ]
}

fn clients(script: &Arc<Script>) -> Vec<RestClient> {
    styles().into_iter().map(|auth| builder(script).auth(auth).build().unwrap()).collect()
}

fn carries_canary(seen: &Seen) -> bool {
    seen.headers.values().any(|value| String::from_utf8_lossy(value.as_bytes()).contains(CANARY))
}

#[tokio::test(start_paused = true)]
async fn redirects_are_reported_and_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        for location in [
            "https://evil.example/api/things/1?secret=1",
            "https://acme.example:8443/api/things/1",
            "http://acme.example/api/things/1",
            "https://sub.acme.example/api/things/1",
            "https://acme.example@evil.example/",
            "https://acme.example/api/things/2",
            "/login",
        ] {
            let script = Script::new([answer(status, "").header("location", location).into(), ok()]);
            for client in clients(&script) {
                let before = script.count();
                let result = client.send(&read()).await;
                if before > 0 {
                    continue;
                }
                let error = result.unwrap_err();
                assert_eq!((error.kind(), script.count()), (ErrorKind::Config, 1), "{status} {location}");
                let text = error.to_string();
                assert!(text.contains("redirects to") && !text.contains("secret"), "{text}");
            }
            assert!(script.seen().iter().all(|seen| seen.uri == "https://acme.example/api/things/1"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn links_to_other_origins_are_refused_before_anything_is_sent() {
    let hostile = [
        "https://evil.example/next",
        "http://acme.example/next",
        "https://acme.example:8443/next",
        "https://sub.acme.example/next",
        "https://example/next",
        "https://acme.example.evil.example/next",
        "https://acme.example@evil.example/next",
        "https://user:pw@acme.example/next",
        "//evil.example/next",
        "\\\\evil.example\\next",
        "https:\\\\evil.example/next",
        "/\\evil.example/next",
        "/../../next",
        "/%2e%2e/next",
        "https://acme.example\t.evil.example/next",
        "javascript:alert(1)",
        "ftp://acme.example/next",
        "",
    ];
    for link in hostile {
        let script = Script::new([ok()]);
        for client in clients(&script) {
            let error = client.send(&Call::get("things.next").link(link)).await.unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Config, "things.next"), "{link}");
            assert!(!error.to_string().contains("evil"), "{error}");
        }
        assert_eq!(script.count(), 0, "{link}");
    }
}

#[tokio::test(start_paused = true)]
async fn links_on_the_own_origin_are_followed_with_credentials() {
    let script = Script::new([ok()]);
    for client in clients(&script) {
        for (link, uri) in [
            ("https://acme.example/anything?page=2", "https://acme.example/anything?page=2"),
            ("https://ACME.example:443/x", "https://acme.example/x"),
            ("/things?page=2", "https://acme.example/api/things?page=2"),
        ] {
            client.send(&Call::get("things.next").link(link)).await.unwrap();
            let seen = script.seen().pop().unwrap();
            assert_eq!(seen.uri, uri);
            assert!(carries_canary(&seen));
        }
    }
}
