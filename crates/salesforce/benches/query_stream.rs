//! Streaming a query of 100,000 rows from prebuilt pages of 2,000, against bare serde_json decoding the same bytes into
//! the same struct. No network: the transport hands out the pages, so that what is measured is the client.
//!
//! Each measurement is a process of its own, so that its CPU time and peak memory are its own.

use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use rest_core::{ByteStream, Transport, TransportError};
use salesforce::{Salesforce, Session};
use serde::Deserialize;

const ROWS: usize = 100_000;
const PAGE: usize = 2_000;
const ROUNDS: usize = 5;
const BASE: &str = "http://127.0.0.1:9";
const TOKEN: &str = "00D000000000001AAA!AQ0AQBENCHMARK";

macro_rules! person {
    ($($name:literal $field:ident: $type:ty = $make:expr),* $(,)?) => {
        /// A contact as an integration selects it: 25 fields.
        #[derive(Deserialize)]
        #[allow(dead_code, reason = "decoded to be measured")]
        struct Person {
            $( #[serde(rename = $name)] $field: $type, )*
        }

        fn record(number: usize) -> String {
            let fields = [$( format!("\"{}\":{}", $name, $make(number)) ),*];
            let url = format!("/services/data/v62.0/sobjects/Contact/003000000{number:06}AAA");
            format!("{{\"attributes\":{{\"type\":\"Contact\",\"url\":\"{url}\"}},{}}}", fields.join(","))
        }
    };
}

fn text(prefix: &'static str) -> impl Fn(usize) -> String {
    move |number| format!("\"{prefix} {number}\"")
}

fn sometimes(prefix: &'static str) -> impl Fn(usize) -> String {
    move |number| if number.is_multiple_of(3) { "null".to_owned() } else { format!("\"{prefix} {number}\"") }
}

person! {
    "Id" id: String = |number| format!("\"003000000{number:06}AAA\""),
    "FirstName" first_name: Option<String> = text("Žofie"),
    "LastName" last_name: Option<String> = text("Nováková-Świątek"),
    "Email" email: Option<String> = |number| format!("\"person.{number}@example-{}.com\"", number % 997),
    "Phone" phone: Option<String> = |number| format!("\"+49 30 {number:08}\""),
    "MobilePhone" mobile_phone: Option<String> = sometimes("+420 777"),
    "Title" title: Option<String> = sometimes("Senior Purchasing Manager"),
    "Department" department: Option<String> = sometimes("Purchasing"),
    "AccountId" account_id: Option<String> = |number| format!("\"001000000{:06}AAA\"", number % 9999),
    "OwnerId" owner_id: Option<String> = |number| format!("\"005000000{:06}AAA\"", number % 40),
    "MailingStreet" mailing_street: Option<String> = sometimes("Unter den Linden"),
    "MailingCity" mailing_city: Option<String> = text("Düsseldorf"),
    "MailingState" mailing_state: Option<String> = sometimes("Nordrhein-Westfalen"),
    "MailingPostalCode" mailing_postal_code: Option<String> = |number| format!("\"{:05}\"", number % 99999),
    "MailingCountry" mailing_country: Option<String> = text("Germany"),
    "LeadSource" lead_source: Option<String> = sometimes("Partner Referral"),
    "Birthdate" birthdate: Option<String> = |number| format!("\"19{:02}-04-0{}\"", number % 80 + 10, number % 9 + 1),
    "Description" description: Option<String> = sometimes("Met at the trade fair; wants \\\"a quote\\\" by next week"),
    "DoNotCall" do_not_call: Option<bool> = |number: usize| number.is_multiple_of(7).to_string(),
    "HasOptedOutOfEmail" has_opted_out_of_email: Option<bool> = |number: usize| number.is_multiple_of(11).to_string(),
    "IsDeleted" is_deleted: bool = |_| "false".to_owned(),
    "CreatedDate" created_date: Option<String> = |number| format!("\"2023-02-0{}T04:05:06.000+0000\"", number % 9 + 1),
    "LastModifiedDate" last_modified_date: Option<String> = |number| format!("\"2025-02-0{}T04:05:06.000+0000\"", number % 9 + 1),
    "LastModifiedById" last_modified_by_id: Option<String> = |number| format!("\"005000000{:06}AAA\"", number % 40),
    "SystemModstamp" system_modstamp: Option<String> = |number| format!("\"2025-02-0{}T04:05:06.000+0000\"", number % 9 + 1),
}

fn pages() -> Vec<Bytes> {
    let page = |first: usize| {
        let records: Vec<String> = (first..first + PAGE).map(record).collect();
        let done = first + PAGE >= ROWS;
        let next = if done {
            String::new()
        } else {
            format!("\"nextRecordsUrl\":\"/services/data/v62.0/query/01g000000000001AAA-{}\",", first + PAGE)
        };
        format!("{{\"totalSize\":{ROWS},\"done\":{done},{next}\"records\":[{}]}}", records.join(",")).into()
    };
    (0..ROWS).step_by(PAGE).map(page).collect()
}

/// Hands out the page that a request asks for.
#[derive(Debug)]
struct Prebuilt(Vec<Bytes>);

#[async_trait]
impl Transport for Prebuilt {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<ByteStream>, TransportError> {
        let offset = request
            .uri()
            .path()
            .rsplit_once("01g000000000001AAA-")
            .and_then(|(_, offset)| offset.parse::<usize>().ok());
        let page = self.0.get(offset.unwrap_or(0) / PAGE).cloned().unwrap_or_default();
        let body = futures::stream::iter([Ok(page)]).boxed();
        let mut response = http::Response::new(body);
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
        Ok(response)
    }
}

/// The floor: the same bytes, envelope and all, into the same struct.
fn bare(pages: &[Bytes]) -> usize {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Envelope {
        #[allow(dead_code, reason = "decoded to be measured")]
        total_size: u64,
        records: Vec<Person>,
    }
    let decode = |page: &Bytes| serde_json::from_slice::<Envelope>(page).map_or(0, |envelope| envelope.records.len());
    pages.iter().map(decode).sum()
}

async fn stream(client: &Salesforce) -> usize {
    let rows = client.query::<Person>("SELECT Id FROM Contact").stream();
    rows.try_fold(0, async |count, row| Ok(count + usize::from(!row.id.is_empty()))).await.unwrap_or(0)
}

/// CPU seconds of this process so far, of all its threads.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: Vec<f64> =
        stat.rsplit(") ").next().unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    // utime and stime, in the hundredths of a second that the kernel counts for user space.
    ticks.get(10..12).map_or(0.0, |ticks| ticks.iter().sum::<f64>() / 100.0)
}

/// Forgets the most memory this process has had, so that what comes next is measured alone.
fn reset_peak() {
    // Where the kernel does not offer it, the peak of building the pages is reported: too much, never too little.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory this process has had since the last reset, in MiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}

/// Runs one phase and prints its CPU seconds for all rounds and its peak memory.
#[allow(clippy::print_stdout, reason = "the answer to the parent process")]
fn phase(name: &str) {
    let pages = pages();
    reset_peak();
    let before = cpu();
    let rows: usize = match name {
        "nothing" => ROWS * ROUNDS,
        "bare" => (0..ROUNDS).map(|_| bare(&pages)).sum(),
        _ => {
            let login = Session::new(BASE, TOKEN).expect("a loopback address");
            let client =
                Salesforce::builder().login(login).transport(Arc::new(Prebuilt(pages))).build().expect("a client");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
            runtime.block_on(async {
                let mut rows = 0;
                for _ in 0..ROUNDS {
                    rows += stream(&client).await;
                }
                rows
            })
        }
    };
    assert_eq!(rows, ROWS * ROUNDS, "every row is read");
    println!("{} {}", cpu() - before, peak());
}

fn measure(name: &str) -> (f64, f64) {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).env("PHASE", name).output().expect("this program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    let cpu = numbers.next().unwrap_or_else(|| panic!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
    (cpu / ROUNDS as f64, numbers.next().unwrap_or_default())
}

#[allow(clippy::print_stdout, reason = "a benchmark prints")]
fn main() {
    if let Ok(name) = std::env::var("PHASE") {
        return phase(&name);
    }
    let bytes: usize = pages().iter().map(Bytes::len).sum();
    println!("{ROWS} rows of 25 fields in pages of {PAGE}, {:.1} MB; mean of {ROUNDS} rounds", bytes as f64 / 1e6);
    let (_, empty) = measure("nothing");
    let mut ratios = Vec::new();
    for round in 1..=3 {
        let (bare, bare_peak) = measure("bare");
        let (stream, stream_peak) = measure("stream");
        let rate = ROWS as f64 / stream;
        ratios.push(stream / bare);
        println!(
            "{round}: bare serde_json {bare:.3} CPU s (peak +{:.0} MiB); client stream {stream:.3} CPU s, {rate:.0} rows/s (peak +{:.0} MiB); ratio {:.2}",
            bare_peak - empty,
            stream_peak - empty,
            stream / bare
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2} (aim: at most 1.30)", ratios[1]);
}
