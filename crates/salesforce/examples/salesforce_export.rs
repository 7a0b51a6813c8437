//! Writes the rows of a query as CSV and tells what it cost.
//!
//! ```text
//! cargo run --release --example salesforce_export -- --instance-url URL --token T --soql S [--out FILE.csv] [--bulk]
//! ```
//!
//! Without `--out` the rows are read, written as CSV and thrown away. With `--bulk` a job of the server runs the query.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the command line")]

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};

use futures::TryStreamExt;
use salesforce::soql::Soql;
use salesforce::{Salesforce, Session};
use tokio::time::Instant;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 20;

struct Options {
    instance: String,
    token: String,
    soql: String,
    out: Option<String>,
    bulk: bool,
}

fn options() -> Result<Options, String> {
    let (mut instance, mut token, mut soql, mut out, mut bulk) = (None, None, None, None, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let slot = match word.as_str() {
            "--instance-url" => &mut instance,
            "--token" => &mut token,
            "--soql" => &mut soql,
            "--out" => &mut out,
            "--bulk" => {
                bulk = true;
                continue;
            }
            _ => return Err(format!("unknown option {word}")),
        };
        *slot = Some(words.next().ok_or_else(|| format!("{word} needs a value"))?);
    }
    let needed = |value: Option<String>, name: &str| value.ok_or_else(|| format!("{name} is missing"));
    Ok(Options {
        instance: needed(instance, "--instance-url")?,
        token: needed(token.or_else(|| std::env::var("SALESFORCE_TOKEN").ok()), "--token")?,
        soql: needed(soql, "--soql")?,
        out,
        bulk,
    })
}

/// One page at a time: reading and writing alternate, so one thread is enough.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = options().map_err(|problem| {
        format!("{problem}\nusage: salesforce_export --instance-url URL --token T --soql S [--out FILE.csv] [--bulk]")
    })?;
    let client = Salesforce::builder().login(Session::new(&options.instance, options.token)?).build()?;
    let mut file: Box<dyn Write> = match &options.out {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::sink()),
    };
    let soql = Soql::unchecked(options.soql);
    let started = Instant::now();
    let records =
        if options.bulk { by_job(&client, soql, &mut file).await? } else { by_pages(&client, soql, &mut file).await? };
    file.flush()?;
    let calls = client.ledger().snapshot().total().calls;
    let seconds = started.elapsed().as_secs_f64();
    println!("records {records}, seconds {seconds:.3}, calls {calls}, peak memory {:.1} MiB", peak());
    Ok(())
}

async fn by_pages(client: &Salesforce, soql: Soql, file: &mut dyn Write) -> Result<u64, Box<dyn Error>> {
    let mut export = client.export(soql);
    let mut out = Vec::with_capacity(2 * GATHERED);
    while export.next_page(&mut out).await?.is_some() {
        file.write_all(&out)?;
        out.clear();
    }
    Ok(export.rows())
}

async fn by_job(client: &Salesforce, soql: Soql, file: &mut dyn Write) -> Result<u64, Box<dyn Error>> {
    let mut rows = client.bulk().query(soql).records();
    let mut out = Vec::with_capacity(2 * GATHERED);
    let mut count = 0u64;
    while let Some(record) = rows.try_next().await? {
        if count == 0 {
            line(&mut out, record.iter().map(|(name, _)| name));
        }
        count += 1;
        line(&mut out, record.iter().map(|(_, cell)| cell));
        if out.len() > GATHERED {
            file.write_all(&out)?;
            out.clear();
        }
    }
    file.write_all(&out)?;
    Ok(count)
}

fn line<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    }
    out.push(b'\n');
}

/// The most memory that this process has had, in MiB; 0 where the system does not tell.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}
