//! The server's word about waiting: heard by all clones, clamped, and not believed when it is absurd.

use std::time::Duration;

use rest_core::{ErrorKind, RetryPolicy};
use tokio::time::Instant;

use crate::support::*;

fn busy(status: u16, retry_after: &str) -> Step {
    answer(status, "{}").header("retry-after", retry_after).into()
}

#[tokio::test(start_paused = true)]
async fn the_word_is_obeyed_in_every_form() {
    for (word, at_least, at_most) in [
        ("7", 7.0, 7.3),
        ("0", 0.0, 0.3),
        ("1.5", 1.5, 1.8),
        ("Wed, 01 May 2024 10:00:20 GMT", 19.9, 20.3),
        ("Wed, 01 May 2024 09:00:00 GMT", 0.0, 0.3),
        // Absurd or unreadable: as if nothing had been said, so full jitter below 250 ms.
        ("-1", 0.0, 0.26),
        ("1000000000", 0.0, 0.26),
        ("Thu, 01 May 2093 10:00:00 GMT", 0.0, 0.26),
        ("in a minute", 0.0, 0.26),
    ] {
        for status in [429, 503] {
            let script = Script::new([busy(status, word), ok()]);
            client(&script).send(&read()).await.unwrap();
            let gap = script.gaps()[0];
            assert!(gap >= at_least && gap <= at_most, "{status} {word}: {gap}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_an_error_that_names_it() {
    for (word, seconds) in [("600", 600), ("40000", 40_000)] {
        let script = Script::new([busy(429, word), ok()]);
        let client = client(&script);
        let started = Instant::now();
        let error = client.send(&read()).await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(seconds))));
        assert!(error.is_retryable());
        // The clones know it without asking.
        let error = client.clone().send(&create()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 0));
        assert!(error.retry_after().unwrap() > Duration::from_secs(500), "{error}");
        assert_eq!((script.count(), started.elapsed()), (1, Duration::ZERO));
        // And at the latest after 15 minutes someone asks again.
        tokio::time::sleep(Duration::from_secs(15 * 60)).await;
        client.send(&read()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn one_refusal_pauses_all_clones() {
    let script = Script::new([busy(429, "30"), ok()]);
    let client = client(&script);
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.send(&read()).await.map(drop) }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let others = (0..5).map(|_| client.clone()).map(|client| async move { client.send(&read()).await.map(drop) });
    futures::future::try_join_all(others).await.unwrap();
    first.await.unwrap().unwrap();
    let seen = script.seen();
    assert_eq!(seen.len(), 7);
    assert!(seen.iter().skip(1).all(|seen| seen.at >= Duration::from_secs(30)), "nobody goes before the pause ends");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_may_have_acted_pauses_nobody() {
    let script = Script::new([busy(500, "30"), ok()]);
    let client = client(&script);
    client.send(&create()).await.unwrap_err();
    let started = Instant::now();
    client.send(&read()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_spent_window_in_a_good_answer_pauses_all_clones() {
    let spent = answer(200, "1").header("x-ratelimit-remaining", "0").header("x-ratelimit-reset", "45");
    let script = Script::new([spent.into(), ok()]);
    let client = client(&script);
    client.send(&read()).await.unwrap();
    client.clone().send(&read()).await.unwrap();
    assert!(script.gaps()[0] >= 45.0, "{:?}", script.gaps());
}

#[tokio::test(start_paused = true)]
async fn without_retry_after_the_window_says_when() {
    let step = answer(429, "{}").header("x-ratelimit-remaining", "0").header("x-ratelimit-reset", "20");
    let script = Script::new([step.into(), ok()]);
    client(&script).send(&read()).await.unwrap();
    assert!(script.gaps()[0] >= 20.0, "{:?}", script.gaps());
}

#[tokio::test(start_paused = true)]
async fn a_policy_without_repetition_reports_the_word() {
    let script = Script::new([busy(429, "3")]);
    let error = builder(&script).retry(RetryPolicy::none()).build().unwrap().send(&read()).await.unwrap_err();
    assert_eq!((script.count(), error.retry_after()), (1, Some(Duration::from_secs(3))));
    assert!(error.to_string().contains("retry after 3 s"), "{error}");
}
