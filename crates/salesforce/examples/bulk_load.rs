//! Writes and reads a million rows by bulk jobs and tells how much memory that took, against `page_server`.
//!
//! ```text
//! cargo run --release -p salesforce --example page_server -- 1000000     # prints URL
//! cargo run --release -p salesforce --example bulk_load -- URL [ROWS]
//! ```

#![allow(clippy::print_stdout, reason = "a program for measurements")]

use futures::{TryStreamExt, stream};
use salesforce::bulk::Operation;
use salesforce::{NewContact, Salesforce, Session};
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let url = words.next().ok_or("usage: bulk_load URL [ROWS]")?;
    let rows: u64 = words.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let client = Salesforce::builder().login(Session::new(&url, "00Dx!token".to_owned())?).build()?;
    let empty = peak();

    let people = stream::iter((0..rows).map(|number| NewContact {
        last_name: Some(format!("Nováková {number}")),
        first_name: Some("Žofie".to_owned()),
        email: Some(format!("person.{number}@example.com")),
        phone: Some(format!("+49 30 {number:08}")),
        title: Some("Senior Purchasing Manager".to_owned()),
        mailing_city: Some("Düsseldorf".to_owned()),
        ..NewContact::default()
    }));
    let started = Instant::now();
    let report = client.bulk().ingest("Contact", Operation::Insert).run(people).await;
    println!("{report}; {:.1} s, {:.1} MiB above the empty process", started.elapsed().as_secs_f64(), peak() - empty);
    report.all_written()?;

    reset_peak();
    let started = Instant::now();
    let read = client.bulk().query("SELECT Id FROM Contact").records();
    let count = read.try_fold(0u64, async |count, record| Ok(count + u64::from(record.get("Id").is_some()))).await?;
    println!(
        "{count} rows read; {:.1} s, {:.1} MiB above the empty process",
        started.elapsed().as_secs_f64(),
        peak() - empty
    );
    Ok(())
}

/// The most memory that this process has had, in MiB; 0 where the system does not tell.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}

fn reset_peak() {
    // Where the system does not offer it, the peak of what came before is told: too much, never too little.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
