//! Serves prebuilt pages of a query, and bulk jobs that accept anything, as fast as a socket allows: what is measured
//! against it is the client alone.
//!
//! ```text
//! cargo run --release -p salesforce --example page_server -- [ROWS]
//! ```
//!
//! Prints its address. The query is the one that [`SOQL`] shows; any token will do. An ingest job's results are the rows
//! that were uploaded, each with an id, last row first.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program for measurements")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Rows of a page.
const PAGE: usize = 2_000;
/// Names of the fields and how each is made: `#` becomes the number of the row.
const FIELDS: [(&str, &str); 25] = [
    ("Id", "\"003000000######AAA\""),
    ("FirstName", "\"Žofie #\""),
    ("LastName", "\"Nováková-Świątek #\""),
    ("Email", "\"person.#@example.com\""),
    ("Phone", "\"+49 30 #\""),
    ("MobilePhone", "\"+420 777 #\""),
    ("Title", "\"Senior Purchasing Manager\""),
    ("Department", "\"Purchasing, #\""),
    ("OwnerId", "\"005000000000001AAA\""),
    ("MailingStreet", "\"Unter den Linden #\\nHinterhaus\""),
    ("MailingCity", "\"Düsseldorf\""),
    ("MailingState", "null"),
    ("MailingPostalCode", "\"40210\""),
    ("MailingCountry", "\"Germany\""),
    ("LeadSource", "\"Web\""),
    ("Description", "\"Met at the fair; asked for prices. Call again after the holidays, number #.\""),
    ("HasOptedOutOfEmail", "false"),
    ("DoNotCall", "true"),
    ("Birthdate", "\"1980-05-06\""),
    ("CreatedDate", "\"2024-02-03T04:05:06.000+0000\""),
    ("LastModifiedDate", "\"2024-03-04T05:06:07.000+0000\""),
    ("SystemModstamp", "\"2024-03-04T05:06:07.000+0000\""),
    ("CreatedById", "\"005000000000001AAA\""),
    ("IsDeleted", "false"),
    ("Score__c", "1234.50"),
];

/// The query whose rows are served.
fn soql() -> String {
    let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    format!("SELECT {}, Account.Name FROM Contact", names.join(", "))
}

fn row(number: usize) -> String {
    let padded = format!("{number:06}");
    let value = |made: &str| made.replace("######", &padded).replace('#', &number.to_string());
    let fields: Vec<String> = FIELDS.iter().map(|(name, made)| format!("\"{name}\":{}", value(made))).collect();
    let base = "/services/data/v62.0/sobjects";
    format!(
        "{{\"attributes\":{{\"type\":\"Contact\",\"url\":\"{base}/Contact/003000000{padded}AAA\"}},{},\"Account\":{{\"attributes\":{{\"type\":\"Account\",\"url\":\"{base}/Account/001000000000001AAA\"}},\"Name\":\"Acme #{number}\"}}}}",
        fields.join(",")
    )
}

/// A page of rows; pages far apart are alike but for where they lead, so that a million rows need little memory.
fn page(number: usize, pages: usize, records: &str) -> Vec<u8> {
    let total = pages * PAGE;
    let next = number + 1;
    let lead = if next < pages {
        format!("\"done\":false,\"nextRecordsUrl\":\"/services/data/v62.0/query/01g000000000001AAA-{}\"", next * PAGE)
    } else {
        "\"done\":true".to_owned()
    };
    format!("{{\"totalSize\":{total},{lead},\"records\":[{records}]}}").into_bytes()
}

/// The bulk form of the rows.
fn csv(rows: usize) -> String {
    let names: Vec<String> = FIELDS.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let mut out = names.join(",");
    out.push('\n');
    for number in 0..rows {
        let cell = |made: &str| {
            let text = made.replace("######", &format!("{number:06}")).replace('#', &number.to_string());
            format!("\"{}\"", text.trim_matches('"').replace("null", "").replace("\\n", "\n"))
        };
        let cells: Vec<String> = FIELDS.iter().map(|(_, made)| cell(made)).collect();
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

struct Served {
    pages: usize,
    /// The records of some pages; others repeat them.
    records: Vec<String>,
    bulk: String,
    uploads: Mutex<HashMap<String, Vec<u8>>>,
}

impl Served {
    fn answer(&self, method: &str, path: &str, body: Vec<u8>) -> (u16, &'static str, String, Vec<u8>) {
        let json = |text: String| (200, "application/json", String::new(), text.into_bytes());
        let job =
            path.split("/jobs/").nth(1).and_then(|rest| rest.split(['/', '?']).nth(1)).unwrap_or("750000000000001AAA");
        let described = |state: &str| {
            format!(
                "{{\"id\":\"{job}\",\"operation\":\"insert\",\"object\":\"Contact\",\"state\":\"{state}\",\"numberRecordsFailed\":0}}"
            )
        };
        let uploads = || self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        if path.contains("/jobs/query") && path.contains("/results") {
            let size = PAGE * 50;
            let start: usize =
                path.split("locator=").nth(1).and_then(|text| text.split('&').next()?.parse().ok()).unwrap_or(0);
            let next = start + size;
            let locator = if next < self.pages * PAGE { next.to_string() } else { "null".to_owned() };
            let count = size.min(self.pages * PAGE - start);
            return (
                200,
                "text/csv",
                format!("Sforce-Locator: {locator}\r\nSforce-NumberOfRecords: {count}\r\n"),
                self.bulk.clone().into_bytes(),
            );
        }
        if path.ends_with("/batches") {
            uploads().insert(job.to_owned(), body);
            return (201, "text/plain", String::new(), Vec::new());
        }
        if path.ends_with("/successfulResults") {
            let upload = uploads().remove(job).unwrap_or_default();
            return (200, "text/csv", String::new(), results(&upload));
        }
        if path.contains("Results") || path.contains("unprocessed") {
            return (200, "text/csv", String::new(), Vec::new());
        }
        if method == "POST" && path.ends_with("/jobs/ingest") {
            let id = format!("750{:012}AAA", uploads().len() + 1);
            return json(described("Open").replace(job, &id));
        }
        if path.contains("/jobs/") {
            return json(described("JobComplete"));
        }
        let number = path.rsplit_once("AAA-").and_then(|(_, start)| start.parse::<usize>().ok()).unwrap_or(0) / PAGE;
        let records = self.records.get(number % self.records.len()).map_or("", String::as_str);
        (200, "application/json;charset=UTF-8", String::new(), page(number, self.pages, records))
    }
}

/// Every uploaded line with an id in front, the last one first. The lines hold no newlines of their own.
fn results(upload: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(upload);
    let mut lines = text.lines();
    let mut out = format!("\"sf__Id\",\"sf__Created\",{}\n", lines.next().unwrap_or_default());
    for (number, line) in lines.rev().enumerate() {
        out.push_str(&format!("\"003{number:012}AAA\",\"true\",{line}\n"));
    }
    out.into_bytes()
}

fn serve(stream: TcpStream, served: &Served) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let (mut length, mut chunked) = (0usize, false);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        while chunked {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            let mut part = vec![0; size + 2];
            reader.read_exact(&mut part)?;
            part.truncate(size);
            body.extend(part);
            chunked = size > 0;
        }
        let (status, kind, headers, answer) = served.answer(&method, &path, body);
        let head = format!(
            "HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{headers}\r\n",
            answer.len()
        );
        writer.write_all(head.as_bytes())?;
        writer.write_all(&answer)?;
    }
}

fn main() {
    let rows: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let pages = rows.div_ceil(PAGE).max(1);
    let records = |number: usize| (0..PAGE).map(|place| row(number * PAGE + place)).collect::<Vec<_>>().join(",");
    let served = Arc::new(Served {
        pages,
        records: (0..pages.min(50)).map(records).collect(),
        bulk: csv(PAGE * 50),
        uploads: Mutex::new(HashMap::new()),
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("http://{}", listener.local_addr().expect("an address"));
    println!("{}", soql());
    for stream in listener.incoming().flatten() {
        let served = Arc::clone(&served);
        std::thread::spawn(move || serve(stream, &served));
    }
}
