//! Writes the Rust structs of an organisation's objects, from what the organisation tells of them.
//!
//! ```text
//! cargo run -p salesforce --example codegen -- --instance-url URL --token T [--object Invoice__c]... [--out FILE.rs]
//! cargo run -p salesforce --example codegen -- --describe Invoice__c.json... [--out FILE.rs]
//! ```
//!
//! Without `--object`, every custom object that can be queried is written. The token may also stand in the variable
//! `SALESFORCE_TOKEN`. A file for `--describe` holds the answer of `/sobjects/NAME/describe`. Objects that refer to each
//! other belong into one run, so that their ids are typed. The code needs the crates `salesforce` (with its feature
//! `derive`), `rust_decimal` and `chrono`.

#![allow(clippy::print_stdout, reason = "a program for the command line")]

mod names;
mod render;

use std::error::Error;

use salesforce::{Describe, Salesforce, Session};

const USAGE: &str =
    "usage: codegen (--instance-url URL --token T [--object NAME]... | --describe FILE.json...) [--out FILE.rs]";

#[derive(Default)]
struct Options {
    instance: Option<String>,
    token: Option<String>,
    objects: Vec<String>,
    files: Vec<String>,
    out: Option<String>,
}

fn options(words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let mut value = || words.next_if(|next| !next.starts_with("--")).ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--instance-url" => options.instance = Some(value()?),
            "--token" => options.token = Some(value()?),
            "--object" => options.objects.push(value()?),
            "--out" => options.out = Some(value()?),
            "--describe" => {
                options.files.push(value()?);
                while let Ok(file) = value() {
                    options.files.push(file);
                }
            }
            _ => return Err(format!("unknown option {word}")),
        }
    }
    match (&options.instance, options.files.is_empty()) {
        (None, true) => Err("either --instance-url or --describe is needed".to_owned()),
        (Some(_), false) => Err("--instance-url and --describe exclude each other".to_owned()),
        (None, false) if !options.objects.is_empty() => Err("--object goes with --instance-url".to_owned()),
        _ => Ok(options),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = options(std::env::args().skip(1)).map_err(|problem| format!("{problem}\n{USAGE}"))?;
    let mut objects = Vec::new();
    for file in &options.files {
        let text = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        let described: Describe = serde_json::from_slice(&text).map_err(|error| format!("{file}: {error}"))?;
        if described.name.is_empty() || described.fields.is_empty() {
            return Err(format!("{file} is no description of an object: it has no name or no fields").into());
        }
        objects.push(described);
    }
    if let Some(instance) = &options.instance {
        let token = options.token.or_else(|| std::env::var("SALESFORCE_TOKEN").ok());
        let token = token.ok_or_else(|| format!("--token is missing\n{USAGE}"))?;
        let client = Salesforce::builder().login(Session::new(instance, token)?).build()?;
        let mut names = options.objects;
        if names.is_empty() {
            let all = client.described_all().await?;
            let wanted = all.sobjects.iter().filter(|object| object.custom && object.queryable);
            names.extend(wanted.map(|object| object.name.clone()));
        }
        for name in names {
            objects.push(client.described(&name).await?.as_ref().clone());
        }
    }
    let code = render::render(&objects);
    match &options.out {
        Some(path) => std::fs::write(path, code).map_err(|error| format!("{path}: {error}"))?,
        None => print!("{code}"),
    }
    Ok(())
}
