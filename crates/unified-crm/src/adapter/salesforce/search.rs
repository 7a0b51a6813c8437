//! Search across objects, by the vendor's index.

use crm_model::{AnyRef, ObjectKind, SearchHit};
use http::Method;
use rest_core::{Call, Error, ErrorKind, Result, Safety};
use salesforce::Salesforce;
use serde::{Deserialize, Serialize};

use super::VENDOR;
use super::table::Rows;
use crate::SearchQuery;

/// What can be searched in. Notes are not in the index.
pub(crate) const SEARCHED: [ObjectKind; 7] = [
    ObjectKind::Account,
    ObjectKind::Contact,
    ObjectKind::Lead,
    ObjectKind::Deal,
    ObjectKind::Ticket,
    ObjectKind::Task,
    ObjectKind::Engagement,
];

/// The vendor gives no more in one answer.
const MOST: usize = 2_000;

/// The objects of the vendor that an object of the model is kept in, with the field that people call a record by.
fn objects(object: ObjectKind) -> &'static [(&'static str, &'static str)] {
    match object {
        ObjectKind::Account => &[("Account", "Name")],
        ObjectKind::Contact => &[("Contact", "Name")],
        ObjectKind::Lead => &[("Lead", "Name")],
        ObjectKind::Deal => &[("Opportunity", "Name")],
        ObjectKind::Ticket => &[("Case", "Subject")],
        ObjectKind::Task => &[("Task", "Subject")],
        ObjectKind::Engagement => &[("Task", "Subject"), ("Event", "Subject")],
        _ => &[],
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    q: String,
    #[serde(rename = "in")]
    group: &'static str,
    overall_limit: usize,
    sobjects: Vec<Within>,
}

#[derive(Serialize, PartialEq)]
struct Within {
    name: &'static str,
    fields: Vec<&'static str>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "searchRecords")]
    records: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    attributes: Attributes,
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "Subject")]
    subject: Option<String>,
    #[serde(rename = "TaskSubtype")]
    subtype: Option<String>,
    #[serde(rename = "IsConverted", default)]
    is_converted: bool,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(rename = "type")]
    kind: String,
}

impl Hit {
    /// The object of the model that was found; `None` for what is not shown: converted leads.
    fn object(&self) -> Option<ObjectKind> {
        Some(match self.attributes.kind.as_str() {
            "Task" if Rows::Calls.include(self.subtype.as_deref()) => ObjectKind::Engagement,
            "Task" => ObjectKind::Task,
            "Event" => ObjectKind::Engagement,
            "Lead" if self.is_converted => return None,
            other => super::shape::object_of(other)?,
        })
    }
}

/// The words as they are: in quotes, with the two characters escaped that mean something between them.
fn phrase(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Searches, in one call.
pub(crate) async fn search(client: &Salesforce, query: &SearchQuery) -> Result<Vec<SearchHit>> {
    let invalid =
        |what: &str| Error::new(ErrorKind::Invalid, "search").with_vendor(VENDOR).with_message(what.to_owned());
    if let Some(other) = query.objects.iter().find(|object| !SEARCHED.contains(object)) {
        return Err(crate::crm::cannot(VENDOR, "search", &format!("does not search in {other} records")));
    }
    let text = query.text.trim();
    if text.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
        return Err(invalid("a search takes at least two letters or digits"));
    }
    let limit = query.limit.unwrap_or(MOST).min(MOST);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let among = if query.objects.is_empty() { &SEARCHED[..] } else { &query.objects[..] };
    let mut sobjects: Vec<Within> = Vec::new();
    for (name, title) in among.iter().flat_map(|object| objects(*object)) {
        let mut fields = vec!["Id", *title];
        fields.extend((*name == "Task").then_some("TaskSubtype"));
        fields.extend((*name == "Lead").then_some("IsConverted"));
        let within = Within { name, fields };
        if !sobjects.contains(&within) {
            sobjects.push(within);
        }
    }
    // Rows that are not shown are taken out below, so the limit is applied there again.
    let asked = Asked { q: phrase(text), group: "ALL", overall_limit: MOST, sobjects };
    let body = serde_json::to_vec(&asked).map_err(|error| invalid(&error.to_string()))?;
    let path = format!("/services/data/v{}/parameterizedSearch", client.version());
    // A search changes nothing, whatever its method.
    let call = Call::new(Method::POST, "search").raw_path(path).body("application/json", body).safety(Safety::Read);
    let reply = client.raw(call).await?;
    let answer: Answer = serde_json::from_slice(&reply.body).map_err(|error| {
        let what = format!("the answer cannot be read at line {}, column {}", error.line(), error.column());
        Error::new(ErrorKind::Decode, "search").with_vendor(VENDOR).with_message(what)
    })?;
    let hit = |hit: Hit| {
        let object = hit.object().filter(|object| among.contains(object))?;
        let mut found = SearchHit::new(AnyRef::new(object, hit.id));
        found.title = hit.name.or(hit.subject);
        Some(found)
    };
    Ok(answer.records.into_iter().filter_map(hit).take(limit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_as_they_are() {
        assert_eq!(phrase("a (b) -c"), r#""a (b) -c""#);
        assert_eq!(phrase(r#"say "hi" \ bye"#), r#""say \"hi\" \\ bye""#);
    }

    #[test]
    fn what_was_found_is_an_object_of_the_model() {
        let hit = |json: &str| serde_json::from_str::<Hit>(json).unwrap().object();
        let of = |kind: &str, more: &str| hit(&format!(r#"{{"attributes":{{"type":"{kind}"}},"Id":"1"{more}}}"#));
        assert_eq!(of("Task", r#","TaskSubtype":"Call""#), Some(ObjectKind::Engagement));
        assert_eq!(of("Task", r#","TaskSubtype":"Task""#), Some(ObjectKind::Task));
        assert_eq!(of("Event", ""), Some(ObjectKind::Engagement));
        assert_eq!(of("Case", ""), Some(ObjectKind::Ticket));
        assert_eq!(of("Lead", r#","IsConverted":true"#), None);
        assert_eq!(of("Product2", ""), None);
    }
}
