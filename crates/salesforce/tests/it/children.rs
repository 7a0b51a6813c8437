//! Child sub-queries are never cut off without a word: sets come whole, or the caller asked for them as they are sent.

use futures::TryStreamExt;
use salesforce::soql::{Condition, Order, Select};
use salesforce::{Children, Contact, ErrorKind, Id, NewAccount, NewContact, Row, Task};
use serde_json::json;

use crate::Org;

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccountWithContacts {
    name: String,
    contacts: Option<Children<ContactWithTasks>>,
}

#[derive(serde::Deserialize, Clone)]
#[serde(rename_all = "PascalCase")]
struct ContactWithTasks {
    id: Id<Contact>,
    last_name: String,
    tasks: Option<Children<Task>>,
}

/// Accounts with 450, 3 and no contacts; one contact has 210 tasks.
async fn org() -> Org {
    let org = Org::empty().await;
    let client = &org.client;
    let mut accounts = Vec::new();
    for name in ["a", "b", "c"] {
        let account = NewAccount { name: Some(name.into()), ..NewAccount::default() };
        accounts.push(client.accounts().create(&account).await.unwrap());
    }
    let contact = |account: usize, n: usize| NewContact {
        last_name: Some(format!("{n:04}")),
        account_id: Some(accounts[account]),
        ..NewContact::default()
    };
    let contacts: Vec<NewContact> = (0..450).map(|n| contact(0, n)).chain((0..3).map(|n| contact(1, n))).collect();
    let mut ids = Vec::new();
    for batch in contacts.chunks(200) {
        let rows: Vec<_> = batch
            .iter()
            .map(|row| {
                let mut row = serde_json::to_value(row).unwrap();
                row["attributes"] = json!({"type": "Contact"});
                row
            })
            .collect();
        ids.extend(post(client, &json!({"allOrNone": true, "records": rows})).await);
    }
    for start in [0, 105] {
        let task = |n: usize| json!({"attributes": {"type": "Task"}, "Subject": format!("{n:04}"), "WhoId": ids[440]});
        let tasks: Vec<_> = (start..start + 105).map(task).collect();
        post(client, &json!({"allOrNone": true, "records": tasks})).await;
    }
    org
}

async fn post(client: &salesforce::Salesforce, body: &serde_json::Value) -> Vec<String> {
    let call = rest_core::Call::post("test").path(["services", "data", "v62.0", "composite", "sobjects"]).json(body);
    let answer: Vec<serde_json::Value> = client.raw(call).await.unwrap().json().unwrap();
    answer.iter().map(|saved| saved["id"].as_str().unwrap_or_else(|| panic!("{saved}")).to_owned()).collect()
}

fn select() -> Select {
    let tasks = Select::from("Tasks").fields(["Id", "Subject"]).order_by(["Subject"]);
    let contacts = Select::from("Contacts").fields(["Id", "LastName"]).child(tasks).order_by(["LastName"]);
    Select::from("Account").fields(["Name"]).child(contacts).order_by([Order::ascending("Name")])
}

#[tokio::test]
async fn child_sets_come_whole_at_every_level() {
    let org = org().await;
    let query = || org.client.select::<AccountWithContacts>(select()).page_size(200);
    let rows: Vec<Row<AccountWithContacts>> = query().stream().try_collect().await.unwrap();
    let sizes: Vec<_> = rows.iter().map(|row| row.contacts.as_ref().map(|set| set.records.len())).collect();
    assert_eq!(sizes, [Some(450), Some(3), None]);
    let set = rows[0].contacts.as_ref().unwrap();
    assert!(set.is_complete() && set.total_size == 450);
    let contacts: Vec<_> = set.records.iter().map(|record| record.as_ref().unwrap()).collect();
    assert!(contacts.iter().enumerate().all(|(n, contact)| contact.last_name == format!("{n:04}")), "in their order");
    let tasks = contacts[440].tasks.as_ref().unwrap();
    assert!(tasks.is_complete());
    let subjects: Vec<_> = tasks.records.iter().map(|task| task.as_ref().unwrap().subject.clone().unwrap()).collect();
    assert_eq!(subjects, (0..210).map(|n| format!("{n:04}")).collect::<Vec<_>>());
    assert!(contacts[0].tasks.is_none());
    assert_eq!(rows[1].name, "b");
}

#[tokio::test]
async fn cut_sets_are_seen_and_read_on_by_those_who_ask_for_them() {
    let org = org().await;
    let query = org.client.select::<AccountWithContacts>(select()).page_size(200).children_as_sent();
    let row = query.first().await.unwrap().unwrap();
    let set = row.contacts.as_ref().unwrap();
    assert!(!set.is_complete() && set.records.len() < 450 && set.total_size == 450);
    let rest: Vec<Row<ContactWithTasks>> = org.client.rest_of(set).try_collect().await.unwrap();
    assert_eq!(set.records.len() + rest.len(), 450);
    assert!(rest.iter().all(|contact| contact.id.as_str().starts_with("003")));
}

#[tokio::test]
async fn a_set_too_large_for_memory_is_an_error_and_not_a_shorter_set() {
    let org = org().await;
    let query = || org.client.select::<AccountWithContacts>(select()).page_size(200);
    let error = query().most_children(449).first().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("450 rows in Contacts"), "{error}");
    assert_eq!(query().most_children(450).first().await.unwrap().unwrap().name, "a");
    let one = select().filter(Condition::eq("Name", "b"));
    assert!(org.client.select::<AccountWithContacts>(one).most_children(3).first().await.unwrap().is_some());
}
