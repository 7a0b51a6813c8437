//! How fast the emulated Salesforce answers: requests per second over HTTP, and queries over a large object, each against
//! a scan of the whole object in the same run.
//!
//! `ROWS` in the environment sets the size of the object (default 1,000,000).

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, in which a failure is the end")]

use std::time::Duration;

use axum::http::{Request, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use sandbox::{Data, Sandbox, Vendor};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Records per write.
const BATCH: usize = 200;
/// Requests over HTTP that are timed.
const REQUESTS: usize = 5_000;
/// Each query is timed so often; the median counts.
const ROUNDS: usize = 15;

struct Org {
    sandbox: Sandbox,
    token: String,
}

impl Org {
    async fn call(&self, request: axum::http::request::Builder, body: String) -> Value {
        let request = request
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body))
            .unwrap();
        let response = sandbox::send(self.sandbox.salesforce(), request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(status.is_success(), "{body}");
        body
    }

    async fn query(&self, soql: &str) -> Value {
        let soql: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.call(Request::get(format!("http://sandbox/services/data/v62.0/query?q={soql}")), String::new()).await
    }

    /// Accounts with a dozen fields each, one every second. The first one's id.
    async fn fill(&self, rows: usize) -> String {
        let mut first = None;
        for start in (0..rows).step_by(BATCH) {
            let record = |n: usize| {
                json!({
                    "attributes": {"type": "Account"},
                    "Name": format!("Company {n}"),
                    "AccountNumber": format!("A-{n:07}"),
                    "Phone": format!("+49 30 {n:08}"),
                    "Website": format!("https://company-{n}.example"),
                    "BillingStreet": format!("Street {}", n % 977),
                    "BillingCity": "Berlin",
                    "BillingPostalCode": format!("{:05}", n % 99_999),
                    "Industry": "Energy",
                    "NumberOfEmployees": n % 5_000,
                    "AnnualRevenue": n,
                })
            };
            let records: Vec<Value> = (start..(start + BATCH).min(rows)).map(record).collect();
            let body = json!({"allOrNone": true, "records": records}).to_string();
            let saved = self.call(Request::post("http://sandbox/services/data/v62.0/composite/sobjects"), body).await;
            first = first.or_else(|| saved[0]["id"].as_str().map(str::to_owned));
            self.sandbox.clock().advance(chrono::TimeDelta::seconds(1));
            if start % 20_000 == 0 {
                self.sandbox.log().clear();
            }
        }
        self.sandbox.log().clear();
        first.unwrap()
    }

    /// The median time of a query, and how many rows it found.
    async fn time(&self, soql: &str, rounds: usize) -> (Duration, u64) {
        let mut times = Vec::new();
        let mut total = 0;
        for _ in 0..rounds {
            let start = Instant::now();
            let body = self.query(soql).await;
            times.push(start.elapsed());
            total = body["totalSize"].as_u64().unwrap();
        }
        times.sort_unstable();
        (times[rounds / 2], total)
    }
}

/// Bytes of memory that the process holds.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4_096
}

/// Seconds of processor time that the process has used.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Sends the same request over one connection, one after the other; requests per second of processor time, of which the
/// caller here takes its part.
async fn over_http(org: &Org, path: &str) -> f64 {
    let running = org.sandbox.serve(0).await.unwrap();
    let address = running.address(Vendor::Salesforce).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n", org.token);
    let mut buffer = vec![0; 1 << 20];
    let start = processor_time();
    for _ in 0..REQUESTS {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = 0;
        loop {
            read += stream.read(&mut buffer[read..]).await.unwrap();
            let text = String::from_utf8_lossy(&buffer[..read]);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse::<usize>().unwrap() {
                break;
            }
        }
    }
    let rate = REQUESTS as f64 / (processor_time() - start).max(0.01);
    running.shutdown().await;
    rate
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rows: usize = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    sandbox.set_quirks(Vendor::Salesforce, &json!({"daily_api_requests": u32::MAX})).unwrap();
    let token = sandbox.credentials(Vendor::Salesforce)["access_token"].as_str().unwrap().to_owned();
    let org = Org { sandbox, token };
    let (memory, start) = (resident(), Instant::now());
    let first = org.fill(rows).await;
    let took = start.elapsed().as_secs_f64();
    let held = (resident().saturating_sub(memory)) / rows as u64;
    println!("{rows} accounts written in {took:.1} s ({:.0} rows/s), {held} bytes a row", rows as f64 / took);

    let (scan, _) = org.time("SELECT COUNT() FROM Account WHERE BillingPostalCode = 'none'", 3).await;
    println!("scan of the whole object: {:.1} ms", scan.as_secs_f64() * 1e3);
    let stamps = org.query("SELECT SystemModstamp FROM Account ORDER BY SystemModstamp DESC LIMIT 1").await;
    let last = stamps["records"][0]["SystemModstamp"].as_str().unwrap().replace("+0000", "Z");
    let middle = rows / 2;
    for (what, soql) in [
        ("by id", format!("SELECT Id, Name FROM Account WHERE Id = '{first}'")),
        ("by name", format!("SELECT Id, Name FROM Account WHERE Name = 'company {middle}'")),
        ("by the beginning of a name", format!("SELECT Id, Name FROM Account WHERE Name LIKE 'Company {middle}%'")),
        ("by a range of time", format!("SELECT Id, Name FROM Account WHERE SystemModstamp >= {last}")),
        ("the first 200 of all", "SELECT Id, Name FROM Account LIMIT 200".to_owned()),
        ("the first 200 by time", "SELECT Id, Name FROM Account ORDER BY SystemModstamp, Id LIMIT 200".to_owned()),
        ("the last 200 by name", "SELECT Id, Name FROM Account ORDER BY Name DESC LIMIT 200".to_owned()),
        ("the number of all", "SELECT COUNT() FROM Account".to_owned()),
    ] {
        let (median, found) = org.time(&soql, ROUNDS).await;
        let ratio = scan.as_secs_f64() / median.as_secs_f64();
        println!("{what}: {:.3} ms, {found} rows, {ratio:.0} times faster than the scan", median.as_secs_f64() * 1e3);
    }
    let (all, found) = org.time("SELECT Id, Name FROM Account", 3).await;
    println!("the first page of all, frozen: {:.1} ms, {found} rows", all.as_secs_f64() * 1e3);
    for (what, path) in [
        ("a record by its id", format!("/services/data/v62.0/sobjects/Account/{first}")),
        ("a query for one row", format!("/services/data/v62.0/query?q=SELECT+Id,Name+FROM+Account+WHERE+Id='{first}'")),
        ("limits", "/services/data/v62.0/limits/recordCount?sObjects=Account".to_owned()),
    ] {
        let rate = over_http(&org, &path).await;
        println!("{what} over HTTP: {rate:.0} requests/s of processor time, the caller's included");
    }
}
