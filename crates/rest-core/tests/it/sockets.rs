//! Over real loopback sockets, where connections can break in ways that no script shows.
#![cfg(feature = "reqwest")]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::TryStreamExt;
use http::header::AUTHORIZATION;
use rest_core::{Accept, BaseUrl, Call, ErrorKind, RestClient, RetryPolicy, StaticHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::matchers::{any, body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::Acme;

fn client(base: &str) -> RestClient {
    let mut policy = RetryPolicy::default();
    policy.base = Duration::from_millis(1);
    let key = StaticHeader::new(AUTHORIZATION, "Token token=canary99".to_owned().into()).unwrap();
    RestClient::builder(BaseUrl::parse(base).unwrap(), Arc::new(Acme))
        .auth(Arc::new(key))
        .retry(policy)
        .build()
        .unwrap()
}

fn read() -> Call {
    Call::get("things.get").path(["things", "a b/c"]).query("q", "x&y")
}

fn create() -> Call {
    Call::post("things.create").path(["things"]).json(&[1])
}

#[tokio::test]
async fn requests_arrive_as_built() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/things/a%20b%2Fc"))
        .and(query_param("q", "x&y"))
        .and(header("authorization", "Token token=canary99"))
        .and(header("accept-encoding", "gzip"))
        .respond_with(ResponseTemplate::new(200).set_body_json([1, 2]))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/things"))
        .and(body_json([1]))
        .respond_with(ResponseTemplate::new(201).set_body_json(3))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&format!("{}/api", server.uri()));
    assert_eq!(client.send(&read()).await.unwrap().json::<Vec<u8>>().unwrap(), [1, 2]);
    assert_eq!(client.send(&create()).await.unwrap().status, 201);
}

#[tokio::test]
async fn redirects_to_another_server_do_not_take_the_key_along() {
    let thief = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(1)).expect(0).mount(&thief).await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start().await;
        let location = format!("{}/api/things", thief.uri());
        Mock::given(any())
            .respond_with(ResponseTemplate::new(status).insert_header("location", location.as_str()))
            .expect(2)
            .mount(&server)
            .await;
        let client = client(&server.uri());
        for call in [read(), create()] {
            assert_eq!(client.send(&call).await.unwrap_err().kind(), ErrorKind::Config);
        }
        let error = client.send(&Call::get("things.next").link(location)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "another port is another origin");
    }
}

#[tokio::test]
async fn compressed_bodies_are_unpacked_by_us() {
    let json = format!("[{}1]", "1,".repeat(10_000));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(json.as_bytes()).unwrap();
    let wire = encoder.finish().unwrap();
    let server = MockServer::start().await;
    let template = ResponseTemplate::new(200)
        .set_body_raw(wire.clone(), "application/json")
        .insert_header("content-encoding", "gzip");
    Mock::given(any()).respond_with(template).mount(&server).await;
    let client = client(&server.uri());
    assert_eq!(client.send(&read()).await.unwrap().body, json);
    assert_eq!(client.ledger().snapshot().total().bytes_in as usize, wire.len(), "what came over the wire");
    let stream = client.stream(&read().accept(Accept::Any)).await.unwrap();
    let parts: Vec<_> = stream.body.try_collect().await.unwrap();
    assert_eq!(parts.concat(), json.as_bytes());
}

/// Accepts connections and treats each as `behave` says; counts them.
async fn rude(behave: fn(usize) -> Rude) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let rude = behave(counter.fetch_add(1, Ordering::SeqCst));
            tokio::spawn(treat(socket, rude));
        }
    });
    (base, connections)
}

enum Rude {
    /// Reads the request, then closes without an answer.
    Close,
    /// Answers with this text, then closes.
    Say(&'static str),
    /// Never answers.
    Silent,
}

async fn treat(mut socket: TcpStream, rude: Rude) {
    let mut buffer = [0; 4096];
    let _ = socket.read(&mut buffer).await;
    match rude {
        Rude::Close => {}
        Rude::Say(text) => {
            let _ = socket.write_all(text.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
        Rude::Silent => futures::future::pending().await,
    }
}

const GOOD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\nconnection: close\r\n\r\n[1]";
const SHORT: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 30\r\nconnection: close\r\n\r\n[1,2";
const CHUNK_CUT: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n4\r\n[1,2\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n[1,2";

#[tokio::test]
async fn a_connection_that_breaks_is_unknown_for_a_create_and_repeated_for_a_read() {
    for behave in [
        (|n| if n == 0 { Rude::Close } else { Rude::Say(GOOD) }) as fn(usize) -> Rude,
        |n| Rude::Say(if n == 0 { SHORT } else { GOOD }),
        |n| Rude::Say(if n == 0 { CHUNK_CUT } else { GOOD }),
        |n| Rude::Say(if n == 0 { UNTIL_CLOSE } else { GOOD }),
    ] {
        let (base, connections) = rude(behave).await;
        let reply = client(&base).send(&read()).await.unwrap();
        assert_eq!((reply.attempts, reply.body.as_ref()), (2, &b"[1]"[..]));
        assert_eq!(connections.load(Ordering::SeqCst), 2);
        let (base, connections) = rude(behave).await;
        let error = client(&base).send(&create()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unknown, 1), "{error}");
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_refused_connection_was_certainly_not_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&base).send(&create()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.is_retryable()), (ErrorKind::Connect, 4, true));
    let text = error.to_string();
    assert!(text.contains("the request was not sent") && text.to_lowercase().contains("refused"), "{text}");
    assert!(!text.contains("127.0.0.1:") || !text.contains("things"), "no URL in the message: {text}");
}

#[tokio::test]
async fn a_failed_tls_handshake_was_certainly_not_served() {
    let (base, _) = rude(|_| Rude::Say("this is not TLS\r\n\r\n")).await;
    let error = client(&base.replace("http://", "https://")).send(&create()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 4), "{error}");
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let (base, connections) = rude(|_| Rude::Silent).await;
    let client = client(&base);
    let error = client.send(&create().timeout(Duration::from_millis(50))).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unknown, 1));
    let error = client.send(&read().timeout(Duration::from_millis(50))).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 4));
    assert_eq!(connections.load(Ordering::SeqCst), 5);
}
