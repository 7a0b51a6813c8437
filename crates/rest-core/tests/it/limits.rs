//! The client's own limits, and the account it keeps.

use std::time::Duration;

use rest_core::{BodyLimits, DailyBudget, ErrorKind, Limits, Quota};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn calls_keep_to_the_quota_and_weigh_what_they_cost() {
    let script = Script::new([ok()]);
    let limits = Limits::new().window(Quota::per_minute(60).burst(1));
    let client = builder(&script).limits(limits).build().unwrap();
    for _ in 0..3 {
        client.send(&read()).await.unwrap();
    }
    client.send(&read().weight(5)).await.unwrap();
    let gaps = script.gaps();
    assert!(gaps[..2].iter().all(|gap| (0.99..1.01).contains(gap)), "{gaps:?}");
    assert!((4.95..5.05).contains(&gaps[2]), "a call that counts five times waits five times: {gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_leaves_no_time_is_an_error_at_once() {
    let script = Script::new([ok()]);
    let limits = Limits::new().window(Quota::per_hour(1));
    let client = builder(&script).limits(limits).build().unwrap();
    client.send(&read()).await.unwrap();
    let error = client.send(&read()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 0));
    assert!(error.retry_after().unwrap() > Duration::from_secs(3000), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn the_daily_budget_and_the_reserve() {
    let script = Script::new([ok()]);
    let client = builder(&script).limits(Limits::new().daily(DailyBudget::calls(2))).build().unwrap();
    client.send(&read()).await.unwrap();
    client.send(&read()).await.unwrap();
    let error = client.send(&read()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::QuotaExhausted, Some(Duration::from_secs(14 * 3600))));
    assert_eq!(script.count(), 2);

    let script = Script::new([answer(200, "1").header("x-day-used", "901").into()]);
    let client = builder(&script).limits(Limits::new().daily(DailyBudget::default().reserve(100))).build().unwrap();
    assert_eq!(client.daily_allowance(), None);
    client.send(&read()).await.unwrap();
    assert_eq!(client.daily_allowance().map(|left| left.remaining), Some(99));
    assert_eq!(client.clone().send(&read()).await.unwrap_err().kind(), ErrorKind::QuotaExhausted);
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_at_once_than_allowed() {
    let slow = answer(200, "1").after(Duration::from_secs(10));
    let script = Script::new([slow.into()]);
    let client = builder(&script).limits(Limits::new().concurrency(2)).build().unwrap();
    futures::future::join_all((0..6).map(|_| async { client.send(&read()).await.unwrap() })).await;
    let starts: Vec<_> = script.seen().iter().map(|seen| seen.at.as_secs()).collect();
    assert_eq!(starts, [0, 0, 10, 10, 20, 20]);
}

#[tokio::test(start_paused = true)]
async fn the_ledger_counts_what_the_vendor_counts() {
    let busy = answer(429, "busy!").header("retry-after", "1");
    let script = Script::new([busy.into(), ok(), status(500), ok(), status(404)]);
    let client = client(&script);
    client.send(&read()).await.unwrap();
    client.clone().send(&update()).await.unwrap();
    client.send(&read()).await.unwrap_err();
    let snapshot = client.ledger().snapshot();
    let (get, put) = (snapshot.operation("things.get"), snapshot.operation("things.update"));
    assert_eq!((get.calls, get.retried, get.throttled, get.failed), (3, 1, 1, 1));
    assert_eq!((put.calls, put.retried, put.throttled, put.failed), (2, 1, 0, 0));
    assert_eq!(put.bytes_out, 2);
    let not_found = r#"{"code":"E404","message":"status 404"}"#.len();
    assert_eq!(get.bytes_in as usize, "busy!".len() + r#"{"ok":true}"#.len() + not_found);
    assert_eq!(snapshot.total().calls as usize, script.count());
    assert!(snapshot.to_string().starts_with("acme "), "{snapshot}");
}

#[tokio::test(start_paused = true)]
async fn a_body_limit_can_be_raised_for_one_call() {
    let script = Script::new([answer(200, vec![b' '; 2000]).into()]);
    let mut limits = BodyLimits::default();
    limits.page = 1000;
    let client = builder(&script).body_limits(limits).build().unwrap();
    assert_eq!(client.send(&read()).await.unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(client.send(&read().body_limit(3000)).await.unwrap().body.len(), 2000);
}
