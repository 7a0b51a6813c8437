//! Serving over TCP, and the binary.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use sandbox::{Data, Fault, FaultKind, Sandbox, Vendor};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const FS: Vendor = Vendor::Freshsales;

fn new_account(name: &str) -> Value {
    json!({"sales_account": {"name": name}})
}

/// One HTTP/1.1 exchange by hand; what comes back before the connection ends.
async fn exchange(address: std::net::SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A dropped connection may show as an error or as an end.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn faults_show_on_real_connections() {
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    let running = sandbox.serve(0).await.unwrap();
    let address = running.address(FS).unwrap();
    let ready: Value = serde_json::from_str(running.ready_line()).unwrap();
    assert_eq!(ready["freshsales"]["base_url"], format!("http://{address}/crm/sales"));
    assert_eq!(ready["admin_url"], format!("http://{}", running.admin_address()));
    let key = ready["freshsales"]["api_key"].as_str().unwrap();
    let post = |name: &str| {
        let body = new_account(name).to_string();
        format!(
            "POST /crm/sales/api/sales_accounts HTTP/1.1\r\nHost: {address}\r\nAuthorization: Token token={key}\r\n\
            Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let stored = || sandbox.state(FS)["sales_accounts"].as_array().unwrap().len();

    sandbox.faults().inject(FS, Fault::next(FaultKind::ResetBefore));
    assert_eq!((exchange(address, &post("a")).await.as_str(), stored()), ("", 0));
    sandbox.faults().inject(FS, Fault::next(FaultKind::ResetAfter));
    assert_eq!((exchange(address, &post("a")).await.as_str(), stored()), ("", 1));
    sandbox.faults().inject(FS, Fault::next(FaultKind::TruncatedBody));
    let cut = exchange(address, &post("b")).await;
    assert!(cut.starts_with("HTTP/1.1 200 OK\r\n"), "{cut}");
    let (head, body) = cut.split_once("\r\n\r\n").unwrap();
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(body.len() < announced.parse().unwrap());
    assert_eq!(stored(), 2);
    let whole = exchange(address, &post("a")).await;
    assert!(
        whole.starts_with("HTTP/1.1 400 Bad Request\r\n") && whole.contains("Name has already been taken"),
        "{whole}"
    );

    let get = "GET /_sandbox/time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(exchange(running.admin_address(), get).await.contains("2025-06-02T09:00:00Z"));
    running.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    let running = sandbox.serve(0).await.unwrap();
    let taken = running.admin_address().port();
    let error = sandbox.serve(taken).await.unwrap_err();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
    assert!(sandbox.serve(u16::MAX).await.is_err());
}

#[test]
fn the_binary_says_one_line_and_stops_at_the_end_of_its_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crm-sandbox"))
        .args(["--port-base", "0", "--data", "empty", "--seed", "9", "--until-eof"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let base = ready["freshsales"]["base_url"].as_str().unwrap();
    assert!(base.starts_with("http://127.0.0.1:") && base.ends_with("/crm/sales"), "{base}");
    assert!(ready["admin_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let address = base.strip_prefix("http://").unwrap().strip_suffix("/crm/sales").unwrap();
    std::net::TcpStream::connect(address).unwrap();
    // Closing its input stops it.
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    line.clear();
    assert_eq!(stdout.read_line(&mut line).unwrap(), 0, "only one line is printed");
}

#[cfg(unix)]
#[test]
fn the_binary_stops_cleanly_on_sigterm() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crm-sandbox"))
        .args(["--port-base", "0", "--data", "empty"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}
