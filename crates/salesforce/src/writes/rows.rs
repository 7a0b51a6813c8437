//! Records on their way into collections calls: their JSON, and the calls as pure functions.

use http::Method;
use rest_core::{Call, Error, Result, Safety};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::config::ApiVersion;

/// How many records one call writes at most.
pub const MOST_WRITTEN: usize = 200;
/// How many runs of records of the same object one call takes at most.
pub(crate) const MOST_RUNS: usize = 10;

/// One kind of collections call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Update,
    Upsert { object: &'static str, field: String },
    Delete,
}

impl Verb {
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Create => "sobjects.create_many",
            Self::Update => "sobjects.update_many",
            Self::Upsert { .. } => "sobjects.upsert_many",
            Self::Delete => "sobjects.delete_many",
        }
    }

    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Create => Method::POST,
            Self::Update | Self::Upsert { .. } => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }

    pub(crate) fn safety(&self) -> Safety {
        match self {
            Self::Create => Safety::Unsafe,
            _ => Safety::Idempotent,
        }
    }

    /// The resource below the version.
    pub(crate) fn path(&self) -> Vec<&str> {
        match self {
            Self::Upsert { object, field } => vec!["composite", "sobjects", object, field],
            _ => vec!["composite", "sobjects"],
        }
    }

    /// The body, for all but deletes.
    pub(crate) fn body(&self, rows: &[&str], all_or_none: bool) -> Option<String> {
        (*self != Self::Delete).then(|| format!(r#"{{"allOrNone":{all_or_none},"records":[{}]}}"#, rows.join(",")))
    }

    /// The query, for deletes.
    pub(crate) fn query(&self, rows: &[&str], all_or_none: bool) -> Vec<(&'static str, String)> {
        match self {
            Self::Delete => vec![("ids", rows.join(",")), ("allOrNone", all_or_none.to_string())],
            _ => Vec::new(),
        }
    }

    /// A call of its own.
    pub(crate) fn call(&self, version: ApiVersion, rows: &[&str], all_or_none: bool) -> Call {
        let mut call = Call::new(self.method(), self.operation()).path(version.path(self.path())).safety(self.safety());
        for (name, value) in self.query(rows, all_or_none) {
            call = call.query(name, value);
        }
        match self.body(rows, all_or_none) {
            Some(body) => call.body("application/json", body),
            None => call,
        }
    }
}

/// One record, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its place among the results.
    pub(crate) place: usize,
    /// Which of the job's verbs writes it.
    pub(crate) verb: usize,
    pub(crate) object: &'static str,
    /// Its JSON; for a delete, its id.
    pub(crate) text: String,
    /// Whether it must not travel inside a composite request.
    pub(crate) alone: bool,
}

impl Line {
    pub(crate) fn new(place: usize, verb: usize, object: &'static str, text: String) -> Self {
        Self { place, verb, object, text, alone: false }
    }
}

/// Cuts lines, which are in order of their verbs, into collections: of one verb each, as full as they can be.
pub(crate) fn cut(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut calls: Vec<Vec<Line>> = Vec::new();
    let mut runs = 0;
    for line in lines {
        let fits = calls.last().and_then(|call| Some((call.len(), call.last()?))).filter(|(length, last)| {
            let is_new_run = last.object != line.object;
            (last.verb, last.alone) == (line.verb, line.alone)
                && *length < MOST_WRITTEN
                && runs + usize::from(is_new_run) <= MOST_RUNS
        });
        match fits {
            Some((_, last)) => {
                runs += usize::from(last.object != line.object);
                if let Some(call) = calls.last_mut() {
                    call.push(line);
                }
            }
            None => {
                runs = 1;
                calls.push(vec![line]);
            }
        }
    }
    calls
}

fn refuse(why: impl std::fmt::Display) -> Error {
    Error::config(format!("a record cannot be written as JSON: {why}"))
}

/// Writes a record's fields as a JSON object.
pub(crate) fn object_json(record: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string(record).map_err(refuse)?;
    if json.starts_with('{') && json.ends_with('}') { Ok(json) } else { Err(refuse("it is no object")) }
}

/// Puts a record's type, and its id or external id, in front of its fields, which are a JSON object.
pub(crate) fn tagged(object: &str, key: Option<(&str, &str)>, fields: &str) -> Result<String> {
    let inner = fields.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
    let quoted = |text: &str| serde_json::to_string(text).map_err(refuse);
    let mut out = format!(r#"{{"attributes":{{"type":{}}}"#, quoted(object)?);
    if let Some((name, value)) = key {
        out.push_str(&format!(",{}:{}", quoted(name)?, quoted(value)?));
    }
    if !inner.is_empty() {
        out.push(',');
        out.push_str(inner);
    }
    out.push('}');
    Ok(out)
}

/// The text of one field of a record's JSON; names are compared as the vendor does, whatever their case.
pub(crate) fn field_text(json: &str, field: &str) -> Option<String> {
    let fields: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).ok()?;
    let (_, value) = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(field))?;
    Some(serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fields, NewContact};
    use bytes::Bytes;
    use rest_core::{BaseUrl, ErrorKind};

    fn tag(key: Option<(&str, &str)>, record: &impl Serialize) -> Result<String> {
        tagged("Contact", key, &object_json(record)?)
    }

    #[test]
    fn records_are_tagged_with_type_and_key() {
        let ada = NewContact { last_name: Some("Love\"lace".into()), ..NewContact::default() };
        assert_eq!(
            tag(Some(("Key__c", "a\"b")), &ada).unwrap(),
            r#"{"attributes":{"type":"Contact"},"Key__c":"a\"b","LastName":"Love\"lace"}"#
        );
        assert_eq!(tag(None, &NewContact::default()).unwrap(), r#"{"attributes":{"type":"Contact"}}"#);
        assert_eq!(tag(None, &[1]).unwrap_err().kind(), ErrorKind::Config);
        let mut fields = Fields::new();
        fields.set("X__c", f64::NAN);
        assert_eq!(tag(None, &fields).unwrap(), r#"{"attributes":{"type":"Contact"},"X__c":null}"#);
    }

    #[test]
    fn requests_are_what_the_api_wants() {
        let request = |call: Call| -> http::Request<Bytes> {
            call.to_request(&BaseUrl::parse("https://h.example").unwrap()).unwrap()
        };
        let ids: Vec<String> = (1..=MOST_WRITTEN).map(|n| format!("003{n:012}AAA")).collect();
        let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
        let sent = request(Verb::Delete.call(ApiVersion::DEFAULT, &texts, true));
        assert!(sent.uri().to_string().len() < 12_000, "200 ids fit into an address");
        assert!(sent.uri().query().unwrap().ends_with("allOrNone=true"));
        let upsert = Verb::Upsert { object: "Contact", field: "Key__c".into() };
        let sent = request(upsert.call(ApiVersion::DEFAULT, &["{}", "{}"], false));
        assert_eq!(sent.uri(), "https://h.example/services/data/v62.0/composite/sobjects/Contact/Key__c");
        assert_eq!(
            (sent.method(), sent.body().as_ref()),
            (&Method::PATCH, &br#"{"allOrNone":false,"records":[{},{}]}"#[..])
        );
    }

    #[test]
    fn fields_are_found_whatever_their_case() {
        let json = r#"{"attributes":{"type":"x"},"AccountId":"001\u0041","N":5}"#;
        assert_eq!(field_text(json, "accountid").as_deref(), Some("001A"));
        assert_eq!(field_text(json, "n").as_deref(), Some("5"));
        assert_eq!(field_text(json, "Title"), None);
        assert_eq!(field_text("no json", "Title"), None);
    }

    proptest::proptest! {
        #[test]
        fn calls_hold_every_line_once_in_order_and_keep_the_limits(
            kinds in proptest::collection::vec((0usize..3, 0usize..4), 0..900),
        ) {
            const OBJECTS: [&str; 4] = ["Account", "Contact", "Lead", "Task"];
            let mut kinds = kinds;
            kinds.sort_by_key(|(verb, _)| *verb);
            let lines: Vec<Line> = kinds
                .iter()
                .enumerate()
                .map(|(place, (verb, object))| Line::new(place, *verb, OBJECTS[*object], String::new()))
                .collect();
            let calls = cut(lines.clone());
            for call in &calls {
                let runs = call.chunk_by(|left, right| left.object == right.object).count();
                proptest::prop_assert!((1..=MOST_WRITTEN).contains(&call.len()) && runs <= MOST_RUNS);
                proptest::prop_assert!(call.iter().all(|line| line.verb == call[0].verb));
            }
            proptest::prop_assert_eq!(calls.concat(), lines);
        }
    }
}
