//! One call inside a composite, batch or graph request, as a value, with the type of its answer.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::Method;
use rest_core::{Error, Result, Row, Safety};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::api::Upserted;
use crate::config::ApiVersion;
use crate::ids::{Any, Id};
use crate::models::{Children, SObject, Writable};
use crate::soql::Soql;
use crate::writes::{MOST_WRITTEN, SaveResults, Verb, object_json, tagged};

/// One call of a composite, batch or graph request, whose answer is an `R`. Made by the functions of [`part`](crate::part).
///
/// Nothing is sent before the request it is added to. A defect (fields that cannot be written as JSON, an empty external
/// id) comes out when that is sent.
#[must_use = "a part is sent with the request that it is added to"]
pub struct Part<R> {
    pub(crate) draft: Draft,
    answer: PhantomData<fn() -> R>,
}

/// A part without the type of its answer.
#[derive(Clone)]
pub(crate) struct Draft {
    /// What it does, for people: `create Contact`.
    pub(crate) what: String,
    /// What its reference id begins with.
    pub(crate) stem: String,
    pub(crate) kind: Kind,
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) path: Vec<Segment>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    pub(crate) links: Vec<(String, Reference)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) safety: Safety,
    pub(crate) defect: Option<Error>,
}

/// What sort of resource a part calls; the limits differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Record,
    Query,
    Collection,
    Other,
}

/// One piece of a part's address.
#[derive(Clone)]
pub(crate) enum Segment {
    Text(String),
    Reference(Reference),
}

/// A place in the answer of an earlier part of the same request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The request it belongs to.
    pub(crate) tag: u64,
    /// The part it refers to.
    pub(crate) part: usize,
    /// The path, such as `Account_0.id`.
    pub(crate) path: String,
}

impl Reference {
    /// As it is written in addresses and bodies.
    pub(crate) fn text(&self) -> String {
        format!("@{{{}}}", self.path)
    }
}

/// The id of a record of `T` that an earlier part of the same request will have made or found.
pub struct Ref<T> {
    pub(crate) reference: Reference,
    record: PhantomData<fn() -> T>,
}

impl<T> Ref<T> {
    fn new(reference: Reference) -> Self {
        Self { reference, record: PhantomData }
    }
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        Self::new(self.reference.clone())
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reference.text())
    }
}

/// A record that a part is about: its id, or a reference to the answer of an earlier part.
#[derive(Debug)]
#[non_exhaustive]
pub enum Target<T> {
    /// A record whose id is known.
    Id(Id<T>),
    /// A record that an earlier part makes or finds.
    Earlier(Ref<T>),
}

impl<T> From<Id<T>> for Target<T> {
    fn from(id: Id<T>) -> Self {
        Self::Id(id)
    }
}

impl<T> From<Ref<T>> for Target<T> {
    fn from(earlier: Ref<T>) -> Self {
        Self::Earlier(earlier)
    }
}

impl<T> From<&Ref<T>> for Target<T> {
    fn from(earlier: &Ref<T>) -> Self {
        Self::Earlier(earlier.clone())
    }
}

impl<T> Target<T> {
    fn segment(self) -> Segment {
        match self {
            Self::Id(id) => Segment::Text(id.as_str().to_owned()),
            Self::Earlier(earlier) => Segment::Reference(earlier.reference),
        }
    }
}

/// Stands for a part that was added to a request: gives references to its answer before the request is sent, and the
/// typed answer afterwards.
pub struct Handle<R> {
    pub(crate) tag: u64,
    pub(crate) part: usize,
    pub(crate) name: Arc<str>,
    answer: PhantomData<fn() -> R>,
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self::new(self.tag, self.part, Arc::clone(&self.name))
    }
}

impl<R> fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.name)
    }
}

impl<R> Handle<R> {
    pub(crate) fn new(tag: u64, part: usize, name: Arc<str>) -> Self {
        Self { tag, part, name, answer: PhantomData }
    }

    /// The part's `referenceId`, as it appears in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn at<T>(&self, path: &str) -> Ref<T> {
        Ref::new(Reference { tag: self.tag, part: self.part, path: format!("{}{path}", self.name) })
    }
}

impl<T> Handle<Id<T>> {
    /// The id of the record that the part creates.
    #[must_use]
    pub fn id(&self) -> Ref<T> {
        self.at(".id")
    }
}

impl<T> Handle<Upserted<T>> {
    /// The id of the record that the part creates or changes.
    #[must_use]
    pub fn id(&self) -> Ref<T> {
        self.at(".id")
    }
}

impl<T> Handle<Row<T>> {
    /// The id of the record that the part reads.
    #[must_use]
    pub fn id(&self) -> Ref<T> {
        self.at(".Id")
    }

    /// A field of the record that the part reads, by its API name; it must be among the fields read.
    #[must_use]
    pub fn field(&self, name: &str) -> Ref<Any> {
        self.at(&format!(".{name}"))
    }
}

impl<T> Handle<Children<T>> {
    /// The id of a row that the query finds, counted from 0; the query must select `Id`.
    #[must_use]
    pub fn id_of(&self, row: usize) -> Ref<T> {
        self.at(&format!(".records[{row}].Id"))
    }
}

impl<T> Handle<SaveResults<T>> {
    /// The id of a record that the part saves, counted from 0.
    #[must_use]
    pub fn id_of(&self, record: usize) -> Ref<T> {
        self.at(&format!("[{record}].id"))
    }
}

impl<R> Part<R> {
    fn new(what: String, stem: &str, kind: Kind, operation: &'static str, method: Method) -> Self {
        let safety = match method {
            Method::GET => Safety::Read,
            Method::POST => Safety::Unsafe,
            _ => Safety::Idempotent,
        };
        let draft = Draft {
            what,
            stem: stem.to_owned(),
            kind,
            operation,
            method,
            path: Vec::new(),
            query: Vec::new(),
            body: None,
            links: Vec::new(),
            headers: Vec::new(),
            safety,
            defect: None,
        };
        Self { draft, answer: PhantomData }
    }

    fn path<'a>(mut self, segments: impl IntoIterator<Item = &'a str>) -> Self {
        self.draft.path.extend(segments.into_iter().map(|text| Segment::Text(text.to_owned())));
        self
    }

    fn record(mut self, segment: Segment) -> Self {
        self.draft.path.push(segment);
        self
    }

    fn body(mut self, fields: &impl Serialize) -> Self {
        match object_json(fields) {
            Ok(json) => self.draft.body = Some(json),
            Err(error) => self.spoil(error),
        }
        self
    }

    fn spoil(&mut self, error: Error) {
        self.draft.defect.get_or_insert(error);
    }

    /// Gives a field the id of a record that an earlier part of the same request makes or finds. The body must not hold the field.
    pub fn link<T>(mut self, field: &str, record: Ref<T>) -> Self {
        self.draft.links.push((field.to_owned(), record.reference));
        self
    }

    /// Sends a header with this part, such as `If-Unmodified-Since`. Those of the request as a whole (`Accept`,
    /// `Authorization`, `Content-Type`) cannot be sent with a part.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.draft.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl<R> fmt::Debug for Part<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({})", self.draft.what)
    }
}

impl Draft {
    /// The address, references as they stand.
    pub(crate) fn url(&self, version: ApiVersion) -> Result<String> {
        let mut url = format!("/services/data/v{version}");
        for segment in &self.path {
            url.push('/');
            match segment {
                Segment::Reference(reference) => url.push_str(&reference.text()),
                Segment::Text(text) if text.trim().is_empty() || text == "." || text == ".." => {
                    return Err(Error::config(format!("{}: the address has an empty part or a dot", self.what)));
                }
                Segment::Text(text) => rest_core::percent_encode(&mut url, text),
            }
        }
        for (place, (name, value)) in self.query.iter().enumerate() {
            url.push(if place == 0 { '?' } else { '&' });
            rest_core::percent_encode(&mut url, name);
            url.push('=');
            rest_core::percent_encode(&mut url, value);
        }
        Ok(url)
    }

    /// The body as it is, for requests that know no references.
    pub(crate) fn plain_json(&self) -> Result<Option<Box<RawValue>>> {
        let refuse = |error: serde_json::Error| Error::config(format!("{}: the body is no JSON: {error}", self.what));
        self.body.clone().map(RawValue::from_string).transpose().map_err(refuse)
    }

    /// The body with its links.
    pub(crate) fn json(&self) -> Result<Option<Box<RawValue>>> {
        if self.body.is_none() && self.links.is_empty() {
            return Ok(None);
        }
        let body = self.body.as_deref().unwrap_or("{}");
        if mentions_reference(body) {
            return Err(Error::config(format!(
                "{}: a value holds `@{{`, which the vendor would read as a reference to another part; write that record \
                 by a call of its own",
                self.what
            )));
        }
        let refuse = |error: serde_json::Error| Error::config(format!("{}: the body is no JSON: {error}", self.what));
        if self.links.is_empty() {
            return RawValue::from_string(body.to_owned()).map(Some).map_err(refuse);
        }
        let fields: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(body).map_err(refuse)?;
        let mut members: Vec<String> = Vec::with_capacity(self.links.len());
        for (place, (field, reference)) in self.links.iter().enumerate() {
            let same = |name: &String| name.eq_ignore_ascii_case(field);
            let earlier = self.links.iter().take(place).any(|(name, _)| same(name));
            if fields.keys().any(same) || earlier {
                return Err(Error::config(format!("{}: the field {field} is given twice", self.what)));
            }
            let name = serde_json::to_string(field).map_err(refuse)?;
            members.push(format!("{name}:\"{}\"", reference.text()));
        }
        let inner = body.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
        if !inner.is_empty() {
            members.insert(0, inner.to_owned());
        }
        RawValue::from_string(format!("{{{}}}", members.join(","))).map(Some).map_err(refuse)
    }

    /// Every reference of the part.
    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        let in_path = self.path.iter().filter_map(|segment| match segment {
            Segment::Reference(reference) => Some(reference),
            Segment::Text(_) => None,
        });
        in_path.chain(self.links.iter().map(|(_, reference)| reference))
    }
}

/// Whether JSON holds text that the vendor would take for a reference, however it is escaped.
pub(crate) fn mentions_reference(json: &str) -> bool {
    json.contains("@{")
        || (json.contains("\\u") && {
            let plain = json.replace("\\u0040", "@").replace("\\u007b", "{").replace("\\u007B", "{");
            plain.contains("@{")
        })
}

/// A record is created.
pub fn create<T: Writable>(new: &T::New) -> Part<Id<T>> {
    create_fields::<T>(new)
}

/// As [`create`], with any serializable fields.
pub fn create_fields<T: SObject>(fields: &impl Serialize) -> Part<Id<T>> {
    Part::new(format!("create {}", T::NAME), T::NAME, Kind::Record, "sobjects.create", Method::POST)
        .path(["sobjects", T::NAME])
        .body(fields)
}

/// What an update names of a record is changed.
pub fn update<T: Writable>(record: impl Into<Target<T>>, update: &T::Update) -> Part<()> {
    update_fields(record, update)
}

/// As [`update`], with any serializable fields.
pub fn update_fields<T: SObject>(record: impl Into<Target<T>>, fields: &impl Serialize) -> Part<()> {
    Part::new(format!("update {}", T::NAME), T::NAME, Kind::Record, "sobjects.update", Method::PATCH)
        .path(["sobjects", T::NAME])
        .record(record.into().segment())
        .body(fields)
}

/// The record that carries an external id is created or changed.
pub fn upsert<T: Writable>(field: &str, value: &str, record: &T::New) -> Part<Upserted<T>> {
    upsert_fields::<T>(field, value, record)
}

/// As [`upsert`], with any serializable fields.
pub fn upsert_fields<T: SObject>(field: &str, value: &str, fields: &impl Serialize) -> Part<Upserted<T>> {
    let what = format!("upsert {}", T::NAME);
    let mut part = Part::new(what, T::NAME, Kind::Record, "sobjects.upsert", Method::PATCH)
        .path(["sobjects", T::NAME, field, value])
        .body(fields);
    if value.trim().is_empty() {
        part.spoil(Error::config(format!("the external id {field} is empty, and an empty value matches nothing")));
    }
    part
}

/// A record is deleted.
pub fn delete<T: SObject>(record: impl Into<Target<T>>) -> Part<()> {
    Part::new(format!("delete {}", T::NAME), T::NAME, Kind::Record, "sobjects.delete", Method::DELETE)
        .path(["sobjects", T::NAME])
        .record(record.into().segment())
}

/// A record is read, with every field or with some.
pub fn get<T: SObject>(record: impl Into<Target<T>>, fields: &[&str]) -> Part<Row<T>> {
    let mut part = Part::new(format!("read {}", T::NAME), T::NAME, Kind::Record, "sobjects.get", Method::GET)
        .path(["sobjects", T::NAME])
        .record(record.into().segment());
    if !fields.is_empty() {
        part.draft.query.push(("fields".to_owned(), fields.join(",")));
    }
    part
}

/// A query is run. Its answer is the first page; [`Salesforce::rest_of`](crate::Salesforce::rest_of) reads the others.
pub fn query<T: DeserializeOwned>(soql: impl Into<Soql>) -> Part<Children<T>> {
    let mut part = Part::new("query".to_owned(), "query", Kind::Query, "query", Method::GET).path(["query"]);
    part.draft.query.push(("q".to_owned(), soql.into().as_str().to_owned()));
    part
}

/// Up to [`MOST_WRITTEN`] records are created, each with a result of its own.
pub fn create_many<T: Writable>(records: &[T::New]) -> Part<SaveResults<T>> {
    let rows = records.iter().map(|record| tagged(T::NAME, None, &object_json(record)?)).collect();
    collection::<T>(&Verb::Create, rows)
}

/// Up to [`MOST_WRITTEN`] records are changed, each with a result of its own.
pub fn update_many<T: Writable>(updates: &[(Id<T>, T::Update)]) -> Part<SaveResults<T>> {
    let row = |(id, update): &(Id<T>, T::Update)| tagged(T::NAME, Some(("id", id.as_str())), &object_json(update)?);
    collection::<T>(&Verb::Update, updates.iter().map(row).collect())
}

/// Up to [`MOST_WRITTEN`] records are created or changed by external id, each with a result of its own.
pub fn upsert_many<T: Writable>(field: &str, records: &[(String, T::New)]) -> Part<SaveResults<T>> {
    let row = |(value, record): &(String, T::New)| match value.trim().is_empty() {
        true => Err(Error::config(format!("the external id {field} of a record is empty"))),
        false => tagged(T::NAME, Some((field, value)), &object_json(record)?),
    };
    let verb = Verb::Upsert { object: T::NAME, field: field.to_owned() };
    collection::<T>(&verb, records.iter().map(row).collect())
}

/// Up to [`MOST_WRITTEN`] records are deleted, each with a result of its own.
pub fn delete_many<T: SObject>(ids: &[Id<T>]) -> Part<SaveResults<T>> {
    collection::<T>(&Verb::Delete, Ok(ids.iter().map(|id| id.as_str().to_owned()).collect()))
}

fn collection<T: SObject>(verb: &Verb, rows: Result<Vec<String>>) -> Part<SaveResults<T>> {
    let (rows, defect) = match rows {
        Ok(rows) if (1..=MOST_WRITTEN).contains(&rows.len()) => (rows, None),
        Ok(rows) => {
            let message = format!("one part writes 1 to {MOST_WRITTEN} records, this one {}", rows.len());
            (Vec::new(), Some(Error::config(message)))
        }
        Err(error) => (Vec::new(), Some(error)),
    };
    let texts: Vec<&str> = rows.iter().map(String::as_str).collect();
    let mut draft = collection_draft(verb, T::NAME, &texts, false);
    draft.defect = defect;
    Part { draft, answer: PhantomData }
}

/// A collections call as a part.
pub(crate) fn collection_draft(verb: &Verb, object: &str, rows: &[&str], all_or_none: bool) -> Draft {
    let what = format!("{} of {} records", verb.operation(), rows.len());
    let part = Part::<()>::new(what, object, Kind::Collection, verb.operation(), verb.method()).path(verb.path());
    let query = verb.query(rows, all_or_none).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Draft { query, body: verb.body(rows, all_or_none), safety: verb.safety(), ..part.draft }
}

/// Any other resource: its path below the version (`["limits"]`), and a JSON object as body if there is one. The answer is
/// the JSON as it comes.
pub fn raw<'a>(
    method: Method,
    path: impl IntoIterator<Item = &'a str>,
    body: Option<&(impl Serialize + ?Sized)>,
) -> Part<Box<RawValue>> {
    let what = format!("{method} of another resource");
    let part = Part::new(what, "part", Kind::Other, "composite.part", method).path(path);
    match body {
        Some(body) => part.body(&body),
        None => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Contact, ContactUpdate, NewContact, NewNote, Note};
    use rest_core::ErrorKind;

    fn account() -> Handle<Id<crate::Account>> {
        Handle::new(1, 0, "Account_0".into())
    }

    fn json(draft: &Draft) -> String {
        draft.json().unwrap().map(|json| json.get().to_owned()).unwrap_or_default()
    }

    #[test]
    fn references_are_written_from_handles() {
        let new = NewContact { last_name: Some("x".into()), ..NewContact::default() };
        let part = create::<Contact>(&new).link("AccountId", account().id());
        assert_eq!(json(&part.draft), r#"{"LastName":"x","AccountId":"@{Account_0.id}"}"#);
        let alone = create::<Contact>(&NewContact::default()).link("AccountId", account().id());
        assert_eq!(json(&alone.draft), r#"{"AccountId":"@{Account_0.id}"}"#);
        let change = update(account().id(), &crate::AccountUpdate::default());
        assert_eq!(
            change.draft.url(ApiVersion::DEFAULT).unwrap(),
            "/services/data/v62.0/sobjects/Account/@{Account_0.id}"
        );
        let found: Handle<Children<Contact>> = Handle::new(1, 3, "query_3".into());
        assert_eq!(format!("{:?}", found.id_of(2)), "@{query_3.records[2].Id}");
        let saved: Handle<SaveResults<Contact>> = Handle::new(1, 3, "Contact_3".into());
        assert_eq!(format!("{:?}", saved.id_of(0)), "@{Contact_3[0].id}");
    }

    #[test]
    fn values_that_look_like_references_are_refused_and_addresses_encode_them() {
        for text in ["@{Account_0.id}", "mail me @{home", "\u{40}{x}"] {
            let note = NewNote { title: Some(text.into()), ..NewNote::default() };
            assert_eq!(create::<Note>(&note).draft.json().unwrap_err().kind(), ErrorKind::Config, "{text}");
        }
        for escaped in [r#""\u0040{x}""#, r#""@\u007bx}""#, r#""\u0040\u007Bx}""#] {
            assert!(mentions_reference(escaped), "{escaped}");
        }
        assert!(!mentions_reference(r#""a@b.example {x}\u00e9""#));
        let part = upsert::<Contact>("Key__c", "a/@{b}?c", &NewContact::default());
        assert_eq!(
            part.draft.url(ApiVersion::DEFAULT).unwrap(),
            "/services/data/v62.0/sobjects/Contact/Key__c/a%2F%40%7Bb%7D%3Fc"
        );
    }

    #[test]
    fn defects_are_kept_until_the_request_is_sent() {
        let twice = create::<Contact>(&NewContact {
            account_id: Some("001000000000001".parse().unwrap()),
            ..NewContact::default()
        })
        .link("accountid", account().id());
        assert_eq!(twice.draft.json().unwrap_err().kind(), ErrorKind::Config);
        assert!(upsert::<Contact>("Key__c", " ", &NewContact::default()).draft.defect.is_some());
        assert!(create_many::<Contact>(&[]).draft.defect.is_some());
        assert!(create_many::<Contact>(&vec![NewContact::default(); 201]).draft.defect.is_some());
        let empty = get::<Contact>("003000000000001".parse::<Id<Contact>>().unwrap(), &["Id", "Name"]);
        assert_eq!(
            empty.draft.url(ApiVersion::DEFAULT).unwrap(),
            "/services/data/v62.0/sobjects/Contact/003000000000001AAA?fields=Id%2CName"
        );
        assert_eq!(
            update_many::<Contact>(&[("003000000000001".parse().unwrap(), ContactUpdate::default())]).draft.safety,
            Safety::Idempotent
        );
        assert!(raw(Method::GET, ["sobjects", ".."], None::<&()>).draft.url(ApiVersion::DEFAULT).is_err());
    }
}
