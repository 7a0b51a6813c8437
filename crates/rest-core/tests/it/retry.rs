//! What is repeated, what is not, and what a lost write is called.

use std::time::Duration;

use rest_core::ErrorKind::{self, *};
use rest_core::{Call, RetryBudget, RetryPolicy, TransportErrorKind as T};

use crate::support::*;

/// A fault that never ends: how often each kind of call is sent, and how it ends.
#[tokio::test(start_paused = true)]
async fn three_way_retry_safety() {
    let cut = || Step::from(answer(200, r#"{"ok":"#).end(End::Cut));
    let short = || Step::from(answer(200, r#"{"ok":tr"#));
    let wait = |status| Step::from(answer(status, "{}").header("retry-after", "1"));
    type Row = (&'static str, Step, [(usize, ErrorKind); 3]);
    let table: Vec<Row> = vec![
        ("not sent", Step::Fail(T::NotSent), [(4, Connect), (4, Connect), (4, Connect)]),
        ("no answer", Step::Hang, [(3, Timeout), (3, Timeout), (1, Unknown)]),
        ("timeout", Step::Fail(T::Timeout), [(4, Timeout), (4, Timeout), (1, Unknown)]),
        ("lost", Step::Fail(T::Lost), [(4, Connect), (4, Connect), (1, Unknown)]),
        ("body cut", cut(), [(4, Connect), (4, Connect), (1, Unknown)]),
        ("body short", short(), [(4, Connect), (4, Connect), (1, Unknown)]),
        ("500", status(500), [(4, Server), (4, Server), (1, Unknown)]),
        ("502", status(502), [(4, Server), (4, Server), (1, Unknown)]),
        ("503", status(503), [(4, Server), (4, Server), (1, Unknown)]),
        ("504", status(504), [(4, Server), (4, Server), (1, Unknown)]),
        ("500 wait", wait(500), [(4, Server), (4, Server), (1, Unknown)]),
        ("503 wait", wait(503), [(4, Server), (4, Server), (4, Server)]),
        ("429", status(429), [(4, RateLimited), (4, RateLimited), (4, RateLimited)]),
        ("429 wait", wait(429), [(4, RateLimited), (4, RateLimited), (4, RateLimited)]),
        ("408", status(408), [(4, Timeout), (4, Timeout), (1, Unknown)]),
        ("400", status(400), [(1, Invalid), (1, Invalid), (1, Invalid)]),
        ("401", status(401), [(1, Unauthorized), (1, Unauthorized), (1, Unauthorized)]),
        ("403", status(403), [(1, Forbidden), (1, Forbidden), (1, Forbidden)]),
        ("404", status(404), [(1, NotFound), (1, NotFound), (1, NotFound)]),
        ("409", status(409), [(1, Conflict), (1, Conflict), (1, Conflict)]),
        ("412", status(412), [(1, Precondition), (1, Precondition), (1, Precondition)]),
    ];
    for (name, step, expected) in table {
        for (call, (sent, kind)) in [read(), update(), create()].iter().zip(expected) {
            let (result, count) = outcome(call, vec![step.clone()]).await;
            let error = result.unwrap_err();
            assert_eq!((count, error.kind()), (sent, kind), "{name}, {:?}: {error}", call.safety);
            assert_eq!(error.attempts() as usize, count, "{name}");
            assert_eq!(error.is_retryable(), sent > 1, "{name}, {:?}: {error}", call.safety);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_passes_is_survived() {
    for fault in [Step::Fail(T::NotSent), Step::Fail(T::Lost), status(500), answer(200, "[1,").into()] {
        let (reply, count) = outcome(&read(), vec![fault, ok()]).await;
        assert_eq!((reply.unwrap().attempts, count), (2, 2));
    }
    for fault in [Step::Fail(T::NotSent), status(429)] {
        let (reply, count) = outcome(&create(), vec![fault, ok()]).await;
        assert_eq!((reply.unwrap().attempts, count), (2, 2), "a create that certainly did not happen is repeated");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_certain_refusal_an_unsafe_write_may_still_be_lost() {
    let (result, count) = outcome(&create(), vec![status(429), Step::Fail(T::Lost), ok()]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), count, error.is_retryable()), (Unknown, 2, false));
    assert!(error.to_string().contains("read the record back"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_an_unsafe_write_that_cannot_be_read_is_unknown() {
    let html = || Step::from(answer(200, "<html>").header("content-type", "text/html"));
    for (call, kind) in [(read(), Decode), (update(), Decode), (create(), Unknown)] {
        assert_eq!(outcome(&call, vec![html()]).await.0.unwrap_err().kind(), kind);
        for body in ["", "[1]", "nonsense"] {
            let (reply, _) = outcome(&call, vec![answer(200, body).into()]).await;
            let error = reply.unwrap().json::<std::collections::BTreeMap<String, bool>>().unwrap_err();
            assert_eq!(error.kind(), kind, "{body:?}");
            assert!(error.to_string().starts_with("acme things."), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_error_says_everything() {
    let body = r#"{"code":"E7","message":"Email is not unique","field":"email"}"#;
    let step = answer(400, body).header("x-request-id", "r-42").after(Duration::from_millis(210));
    let (result, _) = outcome(&create(), vec![step.into()]).await;
    let error = result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "acme things.create: 400 Invalid: Email is not unique [code E7, field email, request r-42] (1 attempt, 0.2 s); \
         correct the named value and send again"
    );
    assert_eq!((error.vendor(), error.vendor_code()), (Some("acme"), Some("E7")));
    assert_eq!((error.fields()[0].field.as_str(), error.request_id()), ("email", Some("r-42")));
    let (result, _) = outcome(&read(), vec![Step::Fail(T::NotSent)]).await;
    let text = result.unwrap_err().to_string();
    assert!(text.contains("Connect: the request was not sent: scripted failure (4 attempts, "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn delays_are_jittered_bounded_and_repeatable() {
    let gaps = |seed| async move {
        let script = Script::new([status(500)]);
        builder(&script).seed(seed).build().unwrap().send(&read()).await.unwrap_err();
        script.gaps()
    };
    let first = gaps(1).await;
    assert_eq!(first.len(), 3);
    for (gap, bound) in first.iter().zip([0.25, 0.5, 1.0]) {
        assert!(*gap <= bound + 0.002, "{first:?}");
    }
    assert_eq!(first, gaps(1).await, "the same seed waits the same");
    assert_ne!(first, gaps(2).await);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_call() {
    let mut policy = RetryPolicy::default();
    policy.max_attempts = 1000;
    policy.base = Duration::from_secs(10);
    policy.cap = Duration::from_secs(10);
    let script = Script::new([status(503)]);
    let error = builder(&script).retry(policy).build().unwrap().send(&read()).await.unwrap_err();
    assert!(error.elapsed() <= Duration::from_secs(180), "{error}");
    assert!(script.count() > 10 && script.count() < 100, "{}", script.count());
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_shared_by_clones_and_renewed() {
    let script = Script::new([status(500)]);
    let mut policy = RetryPolicy::default();
    policy.budget = RetryBudget::new(0.1, 5);
    let client = builder(&script).retry(policy).build().unwrap();
    for _ in 0..200 {
        client.clone().send(&read()).await.unwrap_err();
    }
    let retries = script.count() - 200;
    assert!((5..=5 + 25).contains(&retries), "{retries} repetitions for 200 failing calls within a minute");
    tokio::time::sleep(Duration::from_secs(70)).await;
    let before = script.count();
    client.send(&read()).await.unwrap_err();
    assert_eq!(script.count() - before, 4, "a minute later there is a budget again");
}

#[tokio::test(start_paused = true)]
async fn one_failure_in_ten_costs_little_and_loses_nothing() {
    let mut rng = fastrand::Rng::with_seed(3);
    let script = Script::rule(move |_| if rng.f64() < 0.1 { status(500) } else { ok() });
    let client = client(&script);
    let mut lost = 0;
    for _ in 0..2000 {
        tokio::time::sleep(Duration::from_millis(40)).await;
        lost += usize::from(client.send(&read()).await.is_err());
    }
    let extra = script.count() - 2000;
    assert!(extra <= 300, "{extra} extra calls");
    assert!(lost <= 2, "{lost} lost");
}

#[tokio::test(start_paused = true)]
async fn a_failure_hidden_in_a_success_and_a_status_that_is_an_answer() {
    let (result, _) = outcome(&read(), vec![answer(200, r#"{"hidden":1}"#).into()]).await;
    assert_eq!(result.unwrap_err().kind(), Conflict);
    let call = Call::get("x").path(["x"]).also_ok(http::StatusCode::NOT_MODIFIED);
    let (reply, _) = outcome(&call, vec![answer(304, "").into()]).await;
    assert_eq!(reply.unwrap().status, 304);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_built_is_never_sent() {
    let script = Script::new([ok()]);
    let client = client(&script);
    let error = client.send(&Call::get("things.get").path(["things", ".."])).await.unwrap_err();
    assert_eq!((error.kind(), error.operation(), error.attempts()), (Config, "things.get", 0));
    assert_eq!(script.count(), 0);
    assert_eq!(client.ledger().snapshot().total().failed, 1);
}

#[tokio::test(start_paused = true)]
async fn requests_look_as_they_should() {
    let script = Script::new([ok()]);
    builder(&script).user_agent("acme-client/1").build().unwrap().send(&create()).await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(seen.uri, "https://acme.example/api/things");
    assert_eq!((seen.header("user-agent"), seen.header("accept-encoding")), ("acme-client/1", "gzip"));
    assert_eq!((seen.header("accept"), seen.header("content-type")), ("application/json", "application/json"));
    assert_eq!(seen.body, "1");
}
