//! Tokens: one refresh for many callers, one forced refresh after a 401, early expiry, back-off after failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use http::header::AUTHORIZATION;
use rest_core::{
    AuthContext, Authenticator, BaseUrl, Call, Credentials, ErrorKind, RestClient, Result, Safety, SecretString,
    StaticHeader,
};

use crate::support::*;

/// Gets tokens from `/token` on a login host.
#[derive(Debug)]
struct Login {
    lifetime: Option<TimeDelta>,
    instance: Option<&'static str>,
}

#[derive(serde::Deserialize)]
struct Token {
    access_token: String,
}

#[async_trait]
impl Authenticator for Login {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let call = Call::post("auth.token").path(["token"]).form([("secret", "s3cr3t")]).safety(Safety::Idempotent);
        let login = BaseUrl::parse("https://login.example")?;
        let token: Token = context.send(Some(&login), &call).await?.json()?;
        let mut credentials = Credentials::bearer(&SecretString::from(token.access_token))?;
        if let Some(lifetime) = self.lifetime {
            credentials = credentials.expiring_at(context.now() + lifetime);
        }
        if let Some(instance) = self.instance {
            credentials = credentials.with_base(BaseUrl::parse(instance)?);
        }
        Ok(credentials)
    }
}

const FOREVER: Login = Login { lifetime: None, instance: None };

fn with_login(script: &Arc<Script>, login: Login) -> RestClient {
    builder(script).auth(Arc::new(login)).build().unwrap()
}

/// A server whose token endpoint counts, and whose API accepts what `accepts` says of the token's number.
fn server(accepts: impl Fn(u32) -> bool + Send + 'static) -> (Arc<Script>, Arc<AtomicU32>) {
    let issued = Arc::new(AtomicU32::new(0));
    let counter = issued.clone();
    let script = Script::rule(move |seen| {
        if seen.uri == "https://login.example/token" {
            let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
            let body = format!(r#"{{"access_token":"token-{number}"}}"#);
            return answer(200, body).after(Duration::from_secs(1)).into();
        }
        let number = seen.header("authorization").strip_prefix("Bearer token-").map_or(0, |n| n.parse().unwrap());
        if accepts(number) {
            ok()
        } else {
            answer(401, r#"{"message":"expired"}"#).after(Duration::from_millis(100)).into()
        }
    });
    (script, issued)
}

async fn many(client: &RestClient, calls: usize) -> Vec<Result<u16>> {
    let call =
        |client: RestClient| tokio::spawn(async move { client.send(&read()).await.map(|reply| reply.status.as_u16()) });
    let tasks: Vec<_> = (0..calls).map(|_| call(client.clone())).collect();
    futures::future::join_all(tasks).await.into_iter().map(|task| task.unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn many_callers_share_one_token_request() {
    let (script, issued) = server(|number| number > 0);
    let client = with_login(&script, FOREVER);
    assert!(many(&client, 50).await.iter().all(Result::is_ok));
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    assert_eq!(script.count(), 51);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_for_all_and_unsafe_writes_are_sent_again() {
    let (script, issued) = server(|number| number >= 2);
    let client = with_login(&script, FOREVER);
    assert!(many(&client, 20).await.iter().all(Result::is_ok));
    assert_eq!(issued.load(Ordering::SeqCst), 2, "one login and one renewal, however many were refused");

    let (script, issued) = server(|number| number >= 2);
    let reply = with_login(&script, FOREVER).send(&create()).await.unwrap();
    assert_eq!((reply.attempts, issued.load(Ordering::SeqCst)), (2, 2), "a 401 did not create anything");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_never_works_is_renewed_once_per_call() {
    let (script, issued) = server(|_| false);
    let error = with_login(&script, FOREVER).send(&read()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.is_retryable()), (ErrorKind::Unauthorized, 2, false));
    assert_eq!(issued.load(Ordering::SeqCst), 2);
    assert!(error.to_string().contains("check the credentials"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_fixed_key_is_not_renewed() {
    let script = Script::new([status(401)]);
    let key = StaticHeader::new(AUTHORIZATION, "Token token=abcdef".to_owned().into()).unwrap();
    let client = builder(&script).auth(Arc::new(key)).build().unwrap();
    assert_eq!(client.send(&read()).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    assert_eq!(script.count(), 1);
    assert_eq!(script.seen()[0].header("authorization"), "Token token=abcdef");
    assert!(script.seen()[0].headers["authorization"].is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn tokens_are_renewed_before_they_expire() {
    let (script, issued) = server(|number| number > 0);
    let client = with_login(&script, Login { lifetime: Some(TimeDelta::hours(1)), instance: None });
    client.send(&read()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600 - 130)).await;
    client.send(&read()).await.unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 1, "still good for more than two minutes");
    tokio::time::sleep(Duration::from_secs(75)).await;
    client.send(&read()).await.unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 2, "less than a minute left");
}

#[tokio::test(start_paused = true)]
async fn short_lived_tokens_are_used_for_most_of_their_life() {
    let (script, issued) = server(|number| number > 0);
    let client = with_login(&script, Login { lifetime: Some(TimeDelta::seconds(100)), instance: None });
    for _ in 0..7 {
        client.send(&read()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    client.send(&read()).await.unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_names_the_base_for_calls_and_links() {
    let (script, _) = server(|number| number > 0);
    let client = with_login(&script, Login { lifetime: None, instance: Some("https://eu7.acme.example") });
    assert_eq!(client.connect().await.unwrap().origin(), "https://eu7.acme.example");
    client.send(&read()).await.unwrap();
    client.send(&Call::get("next").link("https://eu7.acme.example/next?c=1")).await.unwrap();
    let uris: Vec<_> = script.seen().into_iter().skip(1).map(|seen| seen.uri).collect();
    assert_eq!(uris, ["https://eu7.acme.example/things/1", "https://eu7.acme.example/next?c=1"]);
    let error = client.send(&Call::get("next").link("https://acme.example/next")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "the configured base is not the token's origin");
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn login_calls_carry_no_credentials_and_are_retried() {
    let mut failures = 2;
    let script = Script::rule(move |seen| match (seen.uri.contains("/token"), failures) {
        (true, 1..) => {
            failures -= 1;
            status(503)
        }
        (true, _) => answer(200, r#"{"access_token":"token-1"}"#).into(),
        _ => ok(),
    });
    let client = with_login(&script, FOREVER);
    client.send(&read()).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().take(3).all(|seen| seen.header("authorization").is_empty() && seen.body == "secret=s3cr3t"));
    assert_eq!(client.ledger().snapshot().operation("auth.token").retried, 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_not_hammered() {
    let body = r#"{"code":"invalid_client","message":"wrong secret s3cr3t=zzzzzz99"}"#;
    let script = Script::new([answer(400, body).into()]);
    let client = with_login(&script, FOREVER);
    let outcomes = many(&client, 30).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| { outcome.as_ref().is_err_and(|error| error.vendor_code() == Some("invalid_client")) })
    );
    assert_eq!(script.count(), 1, "the others are told what the first one heard");
    for expected in [2, 3, 4] {
        tokio::time::sleep(Duration::from_secs(30 << (expected - 2))).await;
        let error = client.send(&read()).await.unwrap_err();
        assert_eq!((error.kind(), error.operation(), error.vendor()), (ErrorKind::Invalid, "auth.token", Some("acme")));
        client.send(&read()).await.unwrap_err();
        assert_eq!(script.count(), expected, "the pause doubles");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_early_renewal_lets_the_old_token_serve_on() {
    let mut issued = 0;
    let script = Script::rule(move |seen| {
        if !seen.uri.contains("/token") {
            return ok();
        }
        issued += 1;
        if issued == 1 { answer(200, r#"{"access_token":"token-1"}"#).into() } else { status(400) }
    });
    let client = with_login(&script, Login { lifetime: Some(TimeDelta::hours(1)), instance: None });
    client.send(&read()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600 - 30)).await;
    client.send(&read()).await.expect("thirty seconds are left");
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(client.send(&read()).await.unwrap_err().operation(), "auth.token");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_does_not_lose_the_token() {
    let (script, issued) = server(|number| number > 0);
    let client = with_login(&script, FOREVER);
    let impatient = tokio::time::timeout(Duration::from_millis(500), client.send(&read())).await;
    assert!(impatient.is_err());
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.send(&read()).await.unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn anonymous_calls_ask_for_no_token() {
    let (script, issued) = server(|_| true);
    let client = with_login(&script, FOREVER);
    client.send(&read().anonymous()).await.unwrap();
    assert_eq!((issued.load(Ordering::SeqCst), script.seen()[0].header("authorization")), (0, ""));
}
