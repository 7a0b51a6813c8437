//! Answers that are not what they should be: HTML, cut short, too large, bombs, too deep, too slow.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::TryStreamExt;
use rest_core::{Accept, BodyLimits, ErrorKind};
use tokio::time::Instant;

use crate::support::*;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_page_of_html_with_200_is_quoted_but_not_believed() {
    let html = "<html>\n<title>Sign in ada@example.com</title>".to_owned() + &"x".repeat(5000);
    let step = answer(200, html).header("content-type", "text/html");
    let (result, count) = outcome(&read(), vec![step.clone().into()]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), count), (ErrorKind::Decode, 1));
    let text = error.to_string();
    assert!(text.contains("text/html") && text.contains("<title>Sign in [email]"), "{text}");
    assert!(!text.contains("ada@") && text.len() < 400 && text.lines().count() == 1, "{text}");
    let (result, _) = outcome(&read().sensitive(), vec![step.into()]).await;
    assert!(!result.unwrap_err().to_string().contains("Sign in"), "a sensitive answer is not quoted");
}

#[tokio::test(start_paused = true)]
async fn html_with_an_error_status_is_an_error_with_an_excerpt() {
    let step = answer(414, "<h1>Bad Message 414</h1>").header("content-type", "text/html");
    let (result, _) = outcome(&read(), vec![step.into()]).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.vendor_message().contains("Bad Message 414"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn no_body_needs_no_content_type() {
    for status in [200, 201, 202, 204] {
        let step = answer(status, "").header("content-type", "text/html");
        let (reply, _) = outcome(&create(), vec![step.into()]).await;
        assert!(reply.unwrap().body.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn gzip_is_unpacked_and_broken_gzip_is_asked_for_again() {
    let wire = gzip(br#"{"ok":true}"#);
    let whole = answer(200, wire.clone()).header("content-encoding", "gzip");
    let (reply, _) = outcome(&read(), vec![whole.clone().into()]).await;
    assert_eq!(reply.unwrap().body, r#"{"ok":true}"#);
    let mut damaged = wire.clone();
    damaged[12] ^= 0xff;
    for broken in [wire[..wire.len() - 5].to_vec(), damaged] {
        let broken = answer(200, broken).header("content-encoding", "gzip");
        let (reply, count) = outcome(&read(), vec![broken.clone().into(), whole.clone().into()]).await;
        assert_eq!((reply.unwrap().body.as_ref(), count), (&br#"{"ok":true}"#[..], 2));
        let (result, count) = outcome(&create(), vec![broken.into(), whole.clone().into()]).await;
        assert_eq!((result.unwrap_err().kind(), count), (ErrorKind::Unknown, 1));
    }
    let strange = answer(200, "x").header("content-encoding", "br");
    assert_eq!(outcome(&read(), vec![strange.into()]).await.0.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn a_content_length_that_promises_more_is_a_broken_answer() {
    let short = answer(200, "[1]").header("content-length", "30");
    let (reply, count) = outcome(&read(), vec![short.into(), ok()]).await;
    assert_eq!((reply.unwrap().attempts, count), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn oversize_bombs_and_deep_nesting_are_refused_once() {
    let big = answer(200, vec![b' '; (16 << 20) + 1]);
    // A lie about the length changes nothing.
    let lying = answer(200, vec![b' '; (16 << 20) + 1]).header("content-length", "5");
    let bomb = answer(200, gzip(&vec![b'0'; 12 << 20])).header("content-encoding", "gzip");
    let deep = answer(200, "[".repeat(65) + &"]".repeat(65));
    for (step, words) in [(big, "larger than"), (lying, "larger than"), (bomb, "200 times"), (deep, "deeper than 64")] {
        let (result, count) = outcome(&read(), vec![step.into()]).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind(), count, error.is_retryable()), (ErrorKind::TooLarge, 1, false), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let deepest = answer(200, "[".repeat(64) + &"]".repeat(64));
    outcome(&read(), vec![deepest.into()]).await.0.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_error_answer_is_read_within_limits_too() {
    let bomb = answer(400, gzip(&vec![b'0'; 50 << 20])).header("content-encoding", "gzip");
    assert_eq!(outcome(&read(), vec![bomb.into()]).await.0.unwrap_err().kind(), ErrorKind::Invalid);
    let cut = answer(400, r#"{"code":"E1","message":"no"}"#).end(End::Cut);
    let error = outcome(&read(), vec![cut.into()]).await.0.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Invalid, Some("E1")), "what arrived still counts");
}

#[tokio::test(start_paused = true)]
async fn a_trickling_body_ends_with_the_attempt() {
    let parts = vec![Bytes::from_static(b" "); 1000];
    let trickle = answer(200, "").parts(parts, Duration::from_secs(1));
    let (result, count) = outcome(&create(), vec![trickle.into()]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), count), (ErrorKind::Unknown, 1));
    assert_eq!(error.elapsed().as_secs(), 60);
    let call = read().timeout(Duration::from_secs(5));
    let (result, _) = outcome(&call, vec![Step::Hang]).await;
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind(), error.elapsed().as_secs() / 20),
        (ErrorKind::Timeout, 1),
        "four attempts of five seconds"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_gives_the_body_as_it_comes() {
    let csv: Vec<u8> = (0..20_000).flat_map(|n| format!("{n},name {n}\n").into_bytes()).collect();
    let wire = gzip(&csv);
    let parts = wire.chunks(2000).map(Bytes::copy_from_slice).collect();
    let step = answer(200, "").header("content-type", "text/csv; charset=UTF-8").header("content-encoding", "gzip");
    let script = Script::new([status(500), step.parts(parts, Duration::from_secs(40)).into()]);
    let client = client(&script);
    let reply = client.stream(&read().accept(Accept::Type("text/csv"))).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.attempts), (200, 2));
    let body: Vec<Bytes> = reply.body.try_collect().await.unwrap();
    assert_eq!(body.concat(), csv);
    assert_eq!(script.seen()[1].header("accept"), "text/csv");
    assert!(client.ledger().snapshot().total().bytes_in >= wire.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_the_limits() {
    let stream = |step: Answer, limits: BodyLimits| async move {
        let script = Script::new([step.into()]);
        let client = builder(&script).body_limits(limits).build().unwrap();
        let reply = client.stream(&read().accept(Accept::Any)).await?;
        reply.body.map_ok(|part| part.len()).try_fold(0, |sum, len| async move { Ok(sum + len) }).await
    };
    let mut small = BodyLimits::default();
    small.decoded = 1000;
    for (step, limits, kind) in [
        (answer(200, vec![b'x'; 1001]), small, ErrorKind::TooLarge),
        (
            answer(200, gzip(&vec![b'0'; 30 << 20])).header("content-encoding", "gzip"),
            BodyLimits::default(),
            ErrorKind::TooLarge,
        ),
        (answer(200, "a,b").end(End::Cut), BodyLimits::default(), ErrorKind::Connect),
        (answer(200, "a,b").header("content-length", "99"), BodyLimits::default(), ErrorKind::Connect),
    ] {
        let error = stream(step, limits).await.unwrap_err();
        assert_eq!((error.kind(), error.operation(), error.vendor()), (kind, "things.get", Some("acme")), "{error}");
    }
    let started = Instant::now();
    let hanging = answer(200, vec![b'x'; 5000]).end(End::Hang);
    assert_eq!(stream(hanging, BodyLimits::default()).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(started.elapsed() <= Duration::from_secs(121), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_the_wrong_kind_is_refused() {
    let html = answer(200, "<html>").header("content-type", "text/html");
    let script = Script::new([html.into()]);
    let error = client(&script).stream(&read().accept(Accept::Type("text/csv"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn a_stream_holds_its_place_until_it_is_dropped() {
    let script = Script::new([answer(200, "1").into()]);
    let limits = rest_core::Limits::new().concurrency(1);
    let client = builder(&script).limits(limits).build().unwrap();
    let reply = client.stream(&read()).await.unwrap();
    let error = client.send(&read()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    drop(reply);
    client.send(&read()).await.unwrap();
}
