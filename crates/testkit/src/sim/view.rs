//! What a record shows, in one form for both vendors: the simulation's own reading, which shares no code with the
//! clients, the adapters or the sync.

use std::collections::BTreeMap;

use chrono::DateTime;
use crm_model::ObjectKind;
use sandbox::Vendor;
use serde_json::{Value, json};

/// The objects of the simulation, in the order in which records refer to one another.
pub const OBJECTS: [ObjectKind; 5] =
    [ObjectKind::Account, ObjectKind::Contact, ObjectKind::Deal, ObjectKind::Task, ObjectKind::Note];

/// Which Freshsales stage is which Salesforce stage. The first pair that names a stage is the way to the other side.
pub const STAGES: [(&str, &str); 10] = [
    ("New", "Prospecting"),
    ("Qualification", "Qualification"),
    ("Discovery", "Needs Analysis"),
    ("Demo", "Value Proposition"),
    ("Demo", "Id. Decision Makers"),
    ("Demo", "Perception Analysis"),
    ("Negotiation", "Negotiation/Review"),
    ("Negotiation", "Proposal/Price Quote"),
    ("Won", "Closed Won"),
    ("Lost", "Closed Lost"),
];

/// The vendor's name of an object, as the sandbox uses it.
#[must_use]
pub fn object_name(vendor: Vendor, object: ObjectKind) -> &'static str {
    match (vendor, object) {
        (Vendor::Salesforce, ObjectKind::Account) => "Account",
        (Vendor::Salesforce, ObjectKind::Contact) => "Contact",
        (Vendor::Salesforce, ObjectKind::Deal) => "Opportunity",
        (Vendor::Salesforce, ObjectKind::Task) => "Task",
        (Vendor::Salesforce, ObjectKind::Note) => "Note",
        (_, ObjectKind::Account) => "sales_account",
        (_, other) => other.as_str(),
    }
}

/// The object behind a vendor's name, if the simulation looks at it.
pub(super) fn object_of(vendor: Vendor, name: &str) -> Option<ObjectKind> {
    OBJECTS.into_iter().find(|object| object_name(vendor, *object) == name)
}

/// What a record shows of the fields that are kept in agreement.
///
/// Fields go by the names of the mapping's pairs; an empty field is absent. References are the id that the record's
/// own vendor gave to the record referred to, after `contact:` and the like where it can be of several kinds;
/// `consent.email` is `out` or absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Whether the record exists and is not in the recycle bin.
    pub alive: bool,
    /// The fields that are not empty.
    pub fields: BTreeMap<&'static str, String>,
}

impl Shown {
    /// A field's value; empty if it is.
    #[must_use]
    pub fn get(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }
}

/// The fields of an object that the simulation watches.
#[must_use]
pub fn fields(object: ObjectKind) -> &'static [&'static str] {
    match object {
        ObjectKind::Account => {
            &["name", "website", "phones[main]", "addresses[billing]", "employee_count", "annual_revenue"]
        }
        ObjectKind::Contact => &[
            "first_name",
            "last_name",
            "job_title",
            "emails[primary]",
            "phones[work]",
            "phones[mobile]",
            "addresses[mailing]",
            "accounts[primary]",
            "consent.email",
        ],
        ObjectKind::Deal => &["name", "amount", "expected_close", "stage", "account"],
        ObjectKind::Task => &["title", "description", "due", "done", "targets[primary]"],
        ObjectKind::Note => &["body", "targets[primary]"],
        _ => &[],
    }
}

/// Whether a field holds the id of another record.
#[must_use]
pub fn is_reference(field: &str) -> bool {
    matches!(field, "accounts[primary]" | "account" | "targets[primary]")
}

/// The names of stages by what the sandbox's records hold.
pub(super) type StageNames = BTreeMap<String, String>;

/// Reads a record as the sandbox shows it.
pub(super) fn read(vendor: Vendor, object: ObjectKind, record: Option<&Value>, stages: &StageNames) -> Shown {
    let Some(record) = record else { return Shown::default() };
    let deleted = ["is_deleted", "IsDeleted"].iter().any(|name| record[*name] == json!(true));
    let mut shown = Shown { alive: !deleted, fields: BTreeMap::new() };
    for field in fields(object) {
        let text = match vendor {
            Vendor::Salesforce => read_salesforce(object, field, record),
            _ => read_freshsales(object, field, record, stages),
        };
        let text = text.trim();
        if !text.is_empty() {
            shown.fields.insert(field, text.to_owned());
        }
    }
    shown
}

fn read_salesforce(object: ObjectKind, field: &str, record: &Value) -> String {
    let text = |name: &str| plain(&record[name]);
    match (object, field) {
        (_, "name") => text("Name"),
        (_, "website") => website(&text("Website")),
        (_, "phones[main]" | "phones[work]") => phone(&text("Phone")),
        (_, "phones[mobile]") => phone(&text("MobilePhone")),
        (_, "addresses[billing]") => {
            address(&["BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry"].map(text))
        }
        (_, "addresses[mailing]") => {
            address(&["MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry"].map(text))
        }
        (_, "employee_count") => number(&text("NumberOfEmployees")),
        (_, "annual_revenue") => number(&text("AnnualRevenue")),
        (_, "first_name") => text("FirstName"),
        (_, "last_name") => text("LastName"),
        (_, "job_title") => text("Title"),
        (_, "emails[primary]") => text("Email").to_lowercase(),
        (_, "accounts[primary]" | "account") => text("AccountId"),
        (_, "consent.email") => flag(&record["HasOptedOutOfEmail"], "out"),
        (_, "amount") => number(&text("Amount")),
        (_, "expected_close") => text("CloseDate"),
        (_, "stage") => {
            let stage = text("StageName");
            STAGES.iter().find(|(_, there)| *there == stage).map_or(stage.clone(), |(here, _)| (*here).to_owned())
        }
        (_, "title") => text("Subject"),
        (_, "description") => text("Description"),
        (_, "due") => text("ActivityDate"),
        (_, "done") => flag(&record["IsClosed"], "yes"),
        (ObjectKind::Note, "targets[primary]") => salesforce_target(text("ParentId")),
        (_, "targets[primary]") => {
            let (what, who) = (text("WhatId"), text("WhoId"));
            salesforce_target(if what.starts_with("006") || who.is_empty() { what } else { who })
        }
        (_, "body") => text("Body"),
        _ => String::new(),
    }
}

fn read_freshsales(object: ObjectKind, field: &str, record: &Value, stages: &StageNames) -> String {
    let text = |name: &str| plain(&record[name]);
    let location = || address(&["address", "city", "state", "zipcode", "country"].map(text));
    match (object, field) {
        (_, "website") => website(&text("website")),
        (_, "phones[main]") => phone(&text("phone")),
        (_, "phones[work]") => phone(&text("work_number")),
        (_, "phones[mobile]") => phone(&text("mobile_number")),
        (_, "addresses[billing]" | "addresses[mailing]") => location(),
        (_, "employee_count") => number(&text("number_of_employees")),
        (_, "annual_revenue") => number(&text("annual_revenue")),
        (_, "emails[primary]") => text("email").to_lowercase(),
        (_, "accounts[primary]") => {
            let accounts = record["sales_accounts"].as_array().into_iter().flatten();
            accounts
                .filter(|account| account["is_primary"] == json!(true))
                .map(|account| plain(&account["id"]))
                .collect()
        }
        (_, "account") => text("sales_account_id"),
        (_, "consent.email") => {
            let out = matches!(record["subscription_status"].as_i64(), Some(0 | 3 | 4));
            if out { "out".to_owned() } else { String::new() }
        }
        (_, "amount") => number(&text("amount")),
        (_, "stage") => stages.get(&text("deal_stage_id")).cloned().unwrap_or_default(),
        (_, "due") => {
            let due = DateTime::parse_from_rfc3339(&text("due_date"));
            due.map(|due| due.to_utc().date_naive().to_string()).unwrap_or_default()
        }
        (_, "done") => flag(&json!(text("status") == "1"), "yes"),
        (_, "targets[primary]") => {
            let target = &record["targetables"][0];
            let object = match plain(&target["type"]).as_str() {
                "SalesAccount" => ObjectKind::Account,
                "Contact" => ObjectKind::Contact,
                "Deal" => ObjectKind::Deal,
                _ => return String::new(),
            };
            format!("{object}:{}", plain(&target["id"]))
        }
        (_, "body") => text("description"),
        // The others have the same name on the wire.
        (_, other) => text(other),
    }
}

/// What a reference refers to, by the letters with which its id begins.
fn salesforce_target(id: String) -> String {
    let object = match id.get(..3) {
        Some("001") => ObjectKind::Account,
        Some("003") => ObjectKind::Contact,
        Some("006") => ObjectKind::Deal,
        _ => return id,
    };
    format!("{object}:{id}")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        _ => String::new(),
    }
}

fn flag(value: &Value, word: &str) -> String {
    if *value == json!(true) { word.to_owned() } else { String::new() }
}

/// A phone number by its digits.
pub(super) fn phone(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

fn website(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let text = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(&text);
    text.strip_prefix("www.").unwrap_or(text).trim_end_matches('/').to_owned()
}

/// A number without the zeros that say nothing.
fn number(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// An address is one field: its parts in order, as long as any is there.
fn address(parts: &[String; 5]) -> String {
    if parts.iter().all(String::is_empty) { String::new() } else { parts.join("|") }
}

/// The vendor's keys and values that give a field a value (empty: clear it), as a person would enter it.
pub(super) fn written(vendor: Vendor, object: ObjectKind, field: &str, value: &str, stages: &StageNames) -> Value {
    let optional = if value.is_empty() { Value::Null } else { json!(value) };
    let (names, parts) = (address_names(vendor, object), split(value));
    let key = match (vendor, object, field) {
        (_, _, "addresses[billing]" | "addresses[mailing]") => {
            let pairs = names.into_iter().zip(parts).map(|(name, part)| (name.to_owned(), part));
            return Value::Object(pairs.collect());
        }
        (Vendor::Salesforce, _, field) => match (object, field) {
            (_, "name") => "Name",
            (_, "website") => "Website",
            (_, "phones[main]" | "phones[work]") => "Phone",
            (_, "phones[mobile]") => "MobilePhone",
            (_, "employee_count") => return json!({"NumberOfEmployees": value.parse::<i64>().ok()}),
            (_, "annual_revenue") => return json!({"AnnualRevenue": value.parse::<i64>().ok()}),
            (_, "first_name") => "FirstName",
            (_, "last_name") => "LastName",
            (_, "job_title") => "Title",
            (_, "emails[primary]") => "Email",
            (_, "accounts[primary]" | "account") => "AccountId",
            (_, "consent.email") => return json!({"HasOptedOutOfEmail": value == "out"}),
            (_, "amount") => return json!({"Amount": value.parse::<f64>().ok()}),
            (_, "expected_close") => "CloseDate",
            (_, "stage") => {
                let there = STAGES.iter().find(|(here, _)| *here == value).map(|(_, there)| *there);
                return json!({"StageName": there});
            }
            (_, "title") => "Subject",
            (_, "description") => "Description",
            (_, "due") => "ActivityDate",
            (_, "done") => return json!({"Status": if value == "yes" { "Completed" } else { "Not Started" }}),
            (ObjectKind::Note, "targets[primary]") => {
                return json!({"ParentId": value.split_once(':').map(|(_, id)| id)});
            }
            (_, "targets[primary]") => {
                let (key, other) =
                    if value.starts_with("contact:") { ("WhoId", "WhatId") } else { ("WhatId", "WhoId") };
                return json!({key: value.split_once(':').map(|(_, id)| id), other: null});
            }
            (_, "body") => return json!({"Body": value, "Title": "Note"}),
            _ => "",
        },
        (_, object, field) => match (object, field) {
            (_, "phones[main]") => "phone",
            (_, "phones[work]") => "work_number",
            (_, "phones[mobile]") => "mobile_number",
            (_, "employee_count") => return json!({"number_of_employees": value.parse::<i64>().ok()}),
            (_, "annual_revenue") => return json!({"annual_revenue": value.parse::<i64>().ok()}),
            (_, "emails[primary]") => "email",
            (_, "accounts[primary]") => {
                let account = value.parse::<i64>().map(|id| json!({"id": id, "is_primary": true}));
                return json!({"sales_accounts": account.into_iter().collect::<Vec<_>>()});
            }
            (_, "account") => return json!({"sales_account_id": value.parse::<i64>().ok()}),
            (_, "consent.email") => return json!({"subscription_status": if value == "out" { 0 } else { 1 }}),
            (_, "stage") => {
                let id = stages.iter().find(|(_, name)| *name == value).and_then(|(id, _)| id.parse::<i64>().ok());
                return json!({"deal_stage_id": id});
            }
            (_, "due") => return json!({"due_date": format!("{value}T12:00:00Z")}),
            (_, "done") => return json!({"status": i32::from(value == "yes")}),
            (_, "targets[primary]") => {
                let (kind, id) = value.split_once(':').unwrap_or_default();
                let kind = match kind {
                    "account" => "SalesAccount",
                    "contact" => "Contact",
                    "deal" => "Deal",
                    _ => return json!({"targetable_type": null, "targetable_id": null}),
                };
                return json!({"targetable_type": kind, "targetable_id": id.parse::<i64>().ok()});
            }
            (_, "body") => "description",
            (_, other) => other,
        },
    };
    json!({ key: optional })
}

fn address_names(vendor: Vendor, object: ObjectKind) -> [&'static str; 5] {
    match (vendor, object) {
        (Vendor::Salesforce, ObjectKind::Account) => {
            ["BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry"]
        }
        (Vendor::Salesforce, _) => {
            ["MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry"]
        }
        _ => ["address", "city", "state", "zipcode", "country"],
    }
}

fn split(value: &str) -> [Value; 5] {
    let mut parts = value.split('|');
    std::array::from_fn(|_| parts.next().filter(|part| !part.is_empty()).map_or(Value::Null, Value::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_writes_is_what_a_record_shows() {
        let stages = StageNames::from([("7".to_owned(), "Demo".to_owned())]);
        for vendor in Vendor::ALL {
            for (object, field, value) in [
                (ObjectKind::Account, "addresses[billing]", "1 Rue|Paris||75001|"),
                (ObjectKind::Account, "annual_revenue", "5000"),
                (ObjectKind::Contact, "emails[primary]", "ada@x.example"),
                (ObjectKind::Contact, "phones[work]", "+442071234567"),
                (ObjectKind::Contact, "consent.email", "out"),
                (ObjectKind::Deal, "stage", "Demo"),
                (ObjectKind::Deal, "amount", "12.5"),
                (ObjectKind::Task, "due", "2025-06-10"),
                (ObjectKind::Note, "body", "Called."),
            ] {
                let record = written(vendor, object, field, value, &stages);
                assert_eq!(read(vendor, object, Some(&record), &stages).get(field), value, "{vendor} {record}");
                let cleared = written(vendor, object, field, "", &stages);
                assert_eq!(read(vendor, object, Some(&cleared), &stages).get(field), "", "{vendor} {cleared}");
            }
        }
    }
}
