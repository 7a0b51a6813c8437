//! Recorded answers of real accounts, where a folder of them is given in `CRMKIT_SAMPLES`.

use std::path::PathBuf;

use freshsales::models::{Contact, Deal, LifecycleStage, SalesAccount, Task, User};
use rest_core::Row;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CRMKIT_SAMPLES").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: CRMKIT_SAMPLES is not set");
    }
    Some(folder?.join("freshsales"))
}

/// The records under a key of one sample, decoded.
fn records<T: DeserializeOwned>(folder: &std::path::Path, file: &str, key: &str) -> Vec<Row<T>> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let envelope: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text).unwrap();
    let value = &envelope[key];
    let raw: Vec<Box<RawValue>> = match serde_json::from_str(value.get()) {
        Ok(list) => list,
        Err(_) => vec![value.clone()],
    };
    assert!(!raw.is_empty(), "{file} holds no {key}");
    raw.into_iter().map(|raw| rest_core::row(raw, "id").unwrap_or_else(|bad| panic!("{file}: {bad}"))).collect()
}

#[test]
fn recorded_answers_are_decoded() {
    let Some(folder) = folder() else { return };
    for (file, key) in [
        ("suite_contacts_view_records.json", "contacts"),
        ("classic_list_contacts.json", "contacts"),
        ("response_contacts_upsert_include_sales_accounts.json", "contact"),
        ("response_contacts_upsert_new_email_only.json", "contact"),
    ] {
        for contact in records::<Contact>(&folder, file, key) {
            assert!(
                contact.created_at.is_some() && contact.updated_at.is_some() && contact.custom_field.is_some(),
                "{file}"
            );
        }
    }
    for (file, key) in [
        ("suite_sales_accounts_view_records.json", "sales_accounts"),
        ("response_sales_accounts_upsert.json", "sales_account"),
    ] {
        let accounts = records::<SalesAccount>(&folder, file, key);
        assert!(accounts.iter().all(|account| account.name.is_some() && account.extra("owner_id").is_some()), "{file}");
    }
    for (file, key) in [
        ("suite_deals_open_and_won_records.json", "deals"),
        ("classic_list_deals.json", "deals"),
        ("classic_deal_detail_include_owner.json", "deal"),
    ] {
        assert!(records::<Deal>(&folder, file, key).iter().all(|deal| deal.amount.is_some()), "{file}");
    }
    assert!(
        records::<Task>(&folder, "suite_tasks_open_and_completed_records.json", "tasks")
            .iter()
            .all(|task| task.due_date.is_some())
    );
    assert!(
        records::<User>(&folder, "classic_deal_detail_include_owner.json", "users")
            .iter()
            .all(|user| user.is_active.is_some())
    );
    assert!(
        records::<LifecycleStage>(&folder, "response_selector_lifecycle_stages.json", "lifecycle_stages").len() > 1
    );
}
