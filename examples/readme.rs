//! The snippets of the README, whole: `cargo run --release -p crmkit-examples --example readme` plans a sync of the
//! sandbox's two CRMs. A test holds the README to this file.
#![allow(clippy::print_stdout, reason = "showing is what this program is for")]

use std::sync::Arc;

use crmkit::model::ObjectKind;
use crmkit::salesforce::{ClientCredentials, Contact, LoginHost, Salesforce, soql};
use crmkit::{CollectionExt, Crm, Mapping, Policy, SqliteStore, Sync, connect};
use crmkit_examples::{Office, Result, stages};
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<()> {
    match (std::env::var("SALESFORCE_ID"), std::env::var("SALESFORCE_SECRET")) {
        (Ok(id), Ok(secret)) => one_vendor(&id, &secret, "Lovelace").await?,
        _ => println!("set SALESFORCE_ID and SALESFORCE_SECRET to query an organisation of your own"),
    }
    match std::env::var("FRESHSALES_KEY") {
        Ok(_) => any_vendor().await?,
        Err(_) => println!("set FRESHSALES_KEY to look somebody up in an account of your own"),
    }
    let office = Office::open().await?;
    two_systems(office.freshsales.clone(), office.salesforce.clone()).await
}

async fn one_vendor(id: &str, secret: &str, name: &str) -> Result<()> {
    let login = ClientCredentials::new(LoginHost::my_domain("acme")?, id, secret.to_owned());
    let salesforce = Salesforce::builder().login(login).build()?;
    let query = soql!("SELECT Id, Email FROM Contact WHERE LastName = {}", name);
    let mut rows = salesforce.query::<Contact>(query).stream();
    while let Some(row) = rows.try_next().await? {
        println!("{}", row.email.as_deref().unwrap_or("no address"));
    }
    Ok(())
}

async fn any_vendor() -> Result<()> {
    let crm: Arc<dyn Crm> = connect("freshsales://acme?key_env=FRESHSALES_KEY")?;
    let contact = crm.contacts()?.find_by_email("ada@example.com").await?;
    println!("{}", if contact.is_some() { "found" } else { "nobody has that address" });
    Ok(())
}

async fn two_systems(freshsales: Arc<dyn Crm>, salesforce: Arc<dyn Crm>) -> Result<()> {
    let file = std::env::temp_dir().join(format!("crmkit-readme-{}.db", std::process::id()));
    let sync = Sync::between(freshsales, salesforce)
        .everything()
        .object(Mapping::unified(ObjectKind::Contact).both("custom.cf_tier", "custom.Tier__c"))
        .stages(stages())
        .on_conflict(Policy::newest())
        .state(SqliteStore::open(&file).await?)
        .build()?;
    let plan = sync.plan().await?; // reads both sides, writes to neither
    println!("{plan}"); // every create and update, with field diffs, reasons and API calls
    let report = plan.apply().await?; // may be killed at any instant; the next run picks up
    println!("{report}");
    drop((plan, sync));
    Ok(std::fs::remove_file(&file)?)
}
