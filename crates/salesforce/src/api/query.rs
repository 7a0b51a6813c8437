//! Queries: pages and rows as streams, one page in memory at a time.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use rest_core::{BadRecord, Call, Error, Page, Reply, Result, Row, Safety};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::children::{self, MOST_CHILDREN};
use crate::config::ApiVersion;
use crate::models::Children;
use crate::soql::{Parts, Select, Soql};
use crate::{Salesforce, VENDOR, error};

/// The largest page that is asked for.
const LARGEST_PAGE: u16 = 2000;
/// The smallest page that the API makes.
const SMALLEST_PAGE: u16 = 200;
/// The API takes 16,384 bytes of address and headers together; a longer query travels in a body.
const LONGEST_ADDRESS: usize = 12_000;
/// A page of 2,000 records with long texts is larger than an ordinary answer.
pub(crate) const PAGE_BYTES: u64 = 64 << 20;

/// A query that has not been sent yet; read it as a [`stream`](Self::stream) of rows or of [`pages`](Self::pages).
///
/// Each page costs one call. A page holds up to 2,000 rows; the server makes it smaller for wide rows.
///
/// - **Long queries** are sent whichever way they fit: in the address, or, beyond 12,000 characters, as the one part of a
///   composite request, whose body has no such bound; that is one call, too. Beyond the 100,000 characters of a statement,
///   [`Salesforce::select`] splits a long `IN` list into several queries where that changes nothing.
/// - **Sub-selects** come whole: the server cuts long sets of children, and the rest of each set is read before its parent
///   is given, to any depth, at the cost of a call per 2,000 children. A parent with more than
///   [`most_children`](Self::most_children) is an error, not a shortened set.
/// - **Interrupted reading** is taken up by [`Salesforce::resume`] from the [`Locator`] of the page that did not come; the
///   server keeps it for two days.
#[must_use = "a query is sent when it is read"]
pub struct Query<T> {
    client: Salesforce,
    source: Result<Source>,
    all: bool,
    page: Option<u16>,
    /// How many children are read for one set; `None`: sets stay as the server sends them.
    children: Option<u64>,
    rows: PhantomData<fn() -> T>,
}

/// What is read.
#[derive(Debug)]
enum Source {
    Parts(Parts),
    Locator(Locator),
}

/// Where the next page of a query is: good for two days, unless ten newer queries push it out. It is of use to the user who
/// ran the query only, and can be kept as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Locator(String);

impl Locator {
    /// The text to keep.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn call(&self, version: ApiVersion) -> Call {
        match self.0.contains('/') {
            true => Call::get("query").link(&self.0),
            false => Call::get("query").path(version.path(["query", &self.0])),
        }
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes the address of a next page (`nextRecordsUrl`), or its last part alone.
impl From<String> for Locator {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Locator {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<T> fmt::Debug for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("source", &self.source).field("all", &self.all).finish_non_exhaustive()
    }
}

/// One page of a query.
#[derive(Debug)]
#[non_exhaustive]
pub struct QueryPage<T> {
    /// How many rows the whole query has.
    pub total_size: u64,
    /// A moment by the server's clock at or before the instant at which this page was made; `None` if the server did not
    /// tell the time.
    pub as_of: Option<DateTime<Utc>>,
    /// The rows, each decoded on its own: one bad row does not harm the others.
    pub records: Vec<Result<Row<T>, BadRecord>>,
    /// Where the next page is, for [`Salesforce::resume`]; `None` on the last page.
    pub next: Option<Locator>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope {
    #[serde(default)]
    pub(super) total_size: u64,
    pub(super) done: bool,
    pub(super) next_records_url: Option<String>,
    pub(super) records: Vec<Box<RawValue>>,
}

impl<T> Query<T> {
    pub(crate) fn new(client: Salesforce, soql: Soql, all: bool) -> Self {
        Self::from_built(client, Ok(soql), all)
    }

    /// Takes a query that may not have been built; the error comes out when it is read.
    pub(crate) fn from_built(client: Salesforce, soql: Result<Soql>, all: bool) -> Self {
        let parts = soql.map(|soql| Parts { queries: vec![soql], limit: None, same_twice: false });
        Self::from_source(client, parts.map(Source::Parts), all)
    }

    fn from_source(client: Salesforce, source: Result<Source>, all: bool) -> Self {
        Self { client, source, all, page: None, children: Some(MOST_CHILDREN), rows: PhantomData }
    }

    /// Asks for pages of this many rows, from 200 to 2,000. Default: 2,000. A hint: the server may make them smaller.
    pub fn page_size(mut self, rows: u16) -> Self {
        self.page = Some(rows.clamp(SMALLEST_PAGE, LARGEST_PAGE));
        self
    }

    /// How many rows one set of children may have; a larger one is an error of kind
    /// [`TooLarge`](crate::ErrorKind::TooLarge). Default: 50,000. A parent is held in memory with all its children.
    pub fn most_children(mut self, rows: u64) -> Self {
        self.children = Some(rows);
        self
    }

    /// Leaves sets of children as the server sends them. What is missing of a set is told by
    /// [`Children::is_complete`] and read by [`Salesforce::rest_of`].
    pub fn children_as_sent(mut self) -> Self {
        self.children = None;
        self
    }
}

impl<T: DeserializeOwned + Send + 'static> Query<T> {
    /// All rows, as they come. A row that cannot be decoded is an `Err` of kind [`Decode`](crate::ErrorKind::Decode) and the stream goes
    /// on; after an error of a call it ends, and the error says where the reading can be taken up. Holds one page at a time.
    pub fn stream(self) -> BoxStream<'static, Result<Row<T>>> {
        let rows = |page: QueryPage<T>| {
            let row =
                |record: Result<Row<T>, BadRecord>| record.map_err(|bad| bad.into_error("query").with_vendor(VENDOR));
            stream::iter(page.records.into_iter().map(move |record| Ok(row(record))))
        };
        self.pages().map_ok(rows).try_flatten().map(|row| row.and_then(|row| row)).boxed()
    }

    /// All pages, as they come. Ends after an error.
    pub fn pages(self) -> BoxStream<'static, Result<QueryPage<T>>> {
        let refused = |error: Error| stream::iter([Err(error.with_operation("query").with_vendor(VENDOR))]).boxed();
        let parts = match self.source {
            Ok(Source::Parts(parts)) => parts,
            Ok(Source::Locator(locator)) => {
                let reading = Reading { client: self.client, page: self.page, children: self.children };
                let call = with_page(locator.call(reading.client.version()), self.page).body_limit(PAGE_BYTES);
                return read_pages(reading, call, Some(locator));
            }
            Err(error) => return refused(error),
        };
        if let Some(defect) = parts.queries.iter().find_map(Soql::defect) {
            return refused(Error::config(format!("the query cannot be sent: {defect}")));
        }
        let (client, all, page) = (self.client, self.all, self.page);
        let one = parts.queries.len() == 1;
        let children = self.children;
        let queries = stream::iter(parts.queries).map(move |soql| {
            let start = first(client.version(), &soql, all, page);
            // Only a sub-select has children; without one the rows need not be looked through for them.
            let children = children.filter(|_| has_sub_select(soql.as_str()));
            read_pages(Reading { client: client.clone(), page, children }, start, None)
        });
        let pages = queries.flatten().boxed();
        if one { pages } else { joined(pages, parts.limit, parts.same_twice) }
    }

    /// The first row, if there is any. Rows that cannot be decoded are passed over.
    ///
    /// # Errors
    /// What befell the call.
    pub async fn first(self) -> Result<Option<Row<T>>> {
        let mut pages = self.pages();
        while let Some(page) = pages.try_next().await? {
            if let Some(row) = page.records.into_iter().find_map(std::result::Result::ok) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

/// The pages of the parts of one query: each row once, no more than are wanted, nothing after an error. Their totals are
/// of their part, and they have no locators, which would stand for their part only.
fn joined<T: Send + 'static>(
    pages: BoxStream<'static, Result<QueryPage<T>>>,
    limit: Option<u64>,
    same_twice: bool,
) -> BoxStream<'static, Result<QueryPage<T>>> {
    struct Joined<T> {
        pages: BoxStream<'static, Result<QueryPage<T>>>,
        left: u64,
        seen: HashSet<String>,
    }
    let joined = Joined { pages, left: limit.unwrap_or(u64::MAX), seen: HashSet::new() };
    let next = move |mut joined: Joined<T>| async move {
        if joined.left == 0 {
            return Ok(None);
        }
        let Some(mut page) = joined.pages.try_next().await? else {
            return Ok(None);
        };
        if same_twice {
            let seen = &mut joined.seen;
            page.records.retain(|record| match record {
                Ok(row) => row.extra("Id").is_none_or(|id| seen.insert(id.get().to_owned())),
                Err(_) => true,
            });
        }
        page.records.truncate(usize::try_from(joined.left).unwrap_or(usize::MAX));
        joined.left = joined.left.saturating_sub(page.records.len() as u64);
        page.next = None;
        Ok(Some((page, joined)))
    };
    stream::try_unfold(joined, next).boxed()
}

impl Salesforce {
    /// A query built from parts, whose rows decode as `T`. If it is longer than a statement may be because of a list of
    /// which each row has one value (`field IN (…)`, alone or joined by `AND`), it is sent in several parts: each row comes
    /// once, in no order, and no more than the limit. A query that says in which order, or aggregates, cannot be split and
    /// is refused.
    ///
    /// ```
    /// # use futures::TryStreamExt;
    /// # use salesforce::{AnyId, Contact, Result, Salesforce, soql::{Condition, Select}};
    /// # async fn f(client: Salesforce, ids: Vec<AnyId>) -> Result<()> {
    /// let select = Select::all_of::<Contact>().filter(Condition::is_in("AccountId", ids));
    /// let mut contacts = client.select::<Contact>(select).stream();
    /// while let Some(contact) = contacts.try_next().await? {
    ///     println!("{}", contact.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn select<T>(&self, select: Select) -> Query<T> {
        Query::from_source(self.clone(), select.parts().map(Source::Parts), false)
    }

    /// As [`select`](Self::select), with deleted and archived rows.
    pub fn select_all<T>(&self, select: Select) -> Query<T> {
        Query::from_source(self.clone(), select.parts().map(Source::Parts), true)
    }

    /// Reads a query on from the page at a [`Locator`]. The rows are those that the query found when it ran.
    ///
    /// In the stream: [`ErrorKind::Precondition`](crate::ErrorKind::Precondition) (`INVALID_QUERY_LOCATOR`) if the server
    /// has forgotten it.
    pub fn resume<T>(&self, locator: impl Into<Locator>) -> Query<T> {
        Query::from_source(self.clone(), Ok(Source::Locator(locator.into())), false)
    }

    /// How many rows a `SELECT COUNT() FROM …` counts.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn count(&self, soql: impl Into<Soql>) -> Result<u64> {
        let soql = soql.into();
        if let Some(defect) = soql.defect() {
            return Err(Error::config(format!("the query cannot be sent: {defect}")).with_vendor(VENDOR));
        }
        let reply = self.send(first(self.version(), &soql, false, None)).await?;
        envelope(&reply).map(|envelope| envelope.total_size)
    }

    /// How many rows a query would find. Of a `Select` only the object, the condition and the limit count.
    ///
    /// # Errors
    /// As [`count`](Self::count); [`ErrorKind::Config`](crate::ErrorKind::Config) if it cannot be built.
    pub async fn count_of(&self, select: Select) -> Result<u64> {
        let parts = select.counting().parts()?;
        let mut total = 0;
        for soql in parts.queries {
            total += self.count(soql).await?;
        }
        Ok(parts.limit.map_or(total, |limit| total.min(limit)))
    }

    /// The rows of a sub-select that its parent's answer did not hold. Ends at once if there are none, which is always so
    /// unless the query was read with [`children_as_sent`](Query::children_as_sent).
    pub fn rest_of<T>(&self, children: &Children<T>) -> BoxStream<'static, Result<Row<T>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        match &children.next {
            Some(link) => self.resume(link.as_str()).stream(),
            None => stream::empty().boxed(),
        }
    }
}

/// The rows of a call that answers like a query, all pages of them.
pub(super) fn rows_of<T>(client: Salesforce, call: Call) -> BoxStream<'static, Result<Row<T>>>
where
    T: DeserializeOwned + Send + 'static,
{
    let rows = |page: QueryPage<T>| stream::iter(page.records.into_iter().map(Ok));
    let row =
        |record: Result<Result<Row<T>, BadRecord>>| record?.map_err(|bad| bad.into_error("query").with_vendor(VENDOR));
    let reading = Reading { client, page: None, children: None };
    read_pages::<T>(reading, call, None).map_ok(rows).try_flatten().map(row).boxed()
}

/// How pages are read.
#[derive(Clone)]
struct Reading {
    client: Salesforce,
    page: Option<u16>,
    children: Option<u64>,
}

/// All pages from a call on; `at` is where that call stands, if it is not the first.
fn read_pages<T>(reading: Reading, first: Call, at: Option<Locator>) -> BoxStream<'static, Result<QueryPage<T>>>
where
    T: DeserializeOwned + Send + 'static,
{
    let began = at.clone();
    let fetch = move |cursor: Option<Locator>| {
        let call = match &cursor {
            Some(locator) if cursor != began => more(locator.as_str(), reading.page),
            _ => first.clone(),
        };
        let reading = reading.clone();
        async move {
            let sent = Instant::now();
            let page = async {
                let reply = reading.client.send(call).await?;
                let as_of = server_time(&reply, sent);
                let mut envelope = envelope(&reply)?;
                let next = next(&reply, &envelope)?.map(Locator);
                if let Some(most) = reading.children {
                    envelope.records = children::complete(&reading.client, envelope.records, most).await?;
                }
                let records = rest_core::rows(envelope.records, "Id");
                let page = QueryPage { total_size: envelope.total_size, as_of, records, next: next.clone() };
                Ok(Page::new(vec![page], next.map(Some)))
            };
            page.await.map_err(|error| placed(error, cursor.as_ref()))
        }
    };
    rest_core::pages("query", at, fetch).boxed()
}

/// An error on the way says where the reading can be taken up, or that it cannot.
fn placed(error: Error, at: Option<&Locator>) -> Error {
    let Some(locator) = at else { return error };
    if error.vendor_code() == Some("INVALID_QUERY_LOCATOR") {
        return error.with_hint(format!(
            "the server has closed the query at {locator}: after two days, or for newer queries; run it again, from the \
             last row on if it was read in the order SystemModstamp, Id (soql::Condition::after)"
        ));
    }
    let hint = error.hint().to_owned();
    error.with_hint(format!("{hint}; the query can be read on from {locator} (Salesforce::resume)"))
}

/// Whether a query may have a sub-select. One in its condition is taken for one, which does no harm.
fn has_sub_select(text: &str) -> bool {
    let inside = |rest: &str| rest.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"));
    text.match_indices('(').any(|(at, _)| text.get(at + 1..).is_some_and(inside))
}

/// The `Date` header tells when the answer was finished; the page was made at most as much earlier as the call took.
pub(super) fn server_time(reply: &Reply, sent: Instant) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc2822(reply.header("date")?).ok()?.to_utc();
    date.checked_sub_signed(TimeDelta::from_std(sent.elapsed()).ok()?)
}

pub(super) fn next(reply: &Reply, envelope: &Envelope) -> Result<Option<String>> {
    match (&envelope.next_records_url, envelope.done) {
        (_, true) => Ok(None),
        (Some(link), false) => Ok(Some(link.clone())),
        (None, false) => Err(reply.decode_error("the answer says that there are more rows, and not where")),
    }
}

/// Reads the answer of a query, whichever way it travelled.
pub(super) fn envelope(reply: &Reply) -> Result<Envelope> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Composite {
        composite_response: Vec<Part>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Part {
        body: Box<RawValue>,
        http_status_code: u16,
    }
    if !reply.body.starts_with(b"{\"compositeResponse\"") {
        return reply.json();
    }
    let parts = reply.json::<Composite>()?.composite_response;
    let Some(part) = parts.into_iter().next() else {
        return Err(reply.decode_error("the answer holds no part"));
    };
    let body = part.body.get();
    if part.http_status_code >= 400 {
        return Err(error::record_error("query", &error::parse(body.as_bytes())));
    }
    serde_json::from_str(body).map_err(|_| reply.decode_error("the answer's part is no page of rows"))
}

/// The call for the first page of a query.
pub(crate) fn query_call(version: ApiVersion, soql: &Soql) -> Call {
    first(version, soql, false, None)
}

/// The call for a further page.
pub(crate) fn query_link(link: &str) -> Call {
    more(link, None)
}

/// The page within the answer of a query, whichever way the query travelled.
pub(crate) fn query_body(body: &[u8]) -> Result<Cow<'_, [u8]>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Composite {
        composite_response: Vec<Part>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Part {
        body: Box<RawValue>,
        http_status_code: u16,
    }
    if !body.starts_with(b"{\"compositeResponse\"") {
        return Ok(Cow::Borrowed(body));
    }
    let parts = serde_json::from_slice(body).map_or_else(|_| Vec::new(), |answer: Composite| answer.composite_response);
    let Some(part) = parts.into_iter().next() else {
        let error = rest_core::Error::new(rest_core::ErrorKind::Decode, "query").with_vendor(VENDOR);
        return Err(error.with_message("the answer holds no part"));
    };
    let body = part.body.get().as_bytes();
    if part.http_status_code >= 400 {
        return Err(error::record_error("query", &error::parse(body)));
    }
    Ok(Cow::Owned(body.to_vec()))
}

/// The call for the first page.
fn first(version: ApiVersion, soql: &Soql, all: bool, page: Option<u16>) -> Call {
    let resource = if all { "queryAll" } else { "query" };
    let mut encoded = String::new();
    rest_core::percent_encode(&mut encoded, soql.as_str());
    if encoded.len() <= LONGEST_ADDRESS {
        let call = Call::get("query").path(version.path([resource])).query("q", soql.as_str());
        return with_page(call, page).body_limit(PAGE_BYTES);
    }
    let part = serde_json::json!({ "compositeRequest": [{
        "method": "GET",
        "url": format!("/services/data/v{version}/{resource}?q={encoded}"),
        "referenceId": "rows",
    }] });
    let call = Call::post("query").path(version.path(["composite"])).json(&part).safety(Safety::Read);
    with_page(call, page).body_limit(PAGE_BYTES)
}

/// The call for a further page; the link takes no parameters.
pub(super) fn more(link: &str, page: Option<u16>) -> Call {
    with_page(Call::get("query").link(link), page).body_limit(PAGE_BYTES)
}

fn with_page(call: Call, page: Option<u16>) -> Call {
    match page {
        Some(rows) => call.header("sforce-query-options", &format!("batchSize={rows}")),
        None => call,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use rest_core::{BaseUrl, ErrorKind};

    fn request(call: &Call) -> http::Request<Bytes> {
        call.to_request(&BaseUrl::parse("https://h.example").unwrap()).unwrap()
    }

    #[test]
    fn a_query_is_encoded_so_that_plus_and_percent_survive() {
        let soql = Soql::unchecked("SELECT Id FROM Contact WHERE Name LIKE '50%+ü'");
        let sent = request(&first(ApiVersion::DEFAULT, &soql, true, Some(500)));
        assert_eq!(
            sent.uri(),
            "https://h.example/services/data/v62.0/queryAll?q=SELECT%20Id%20FROM%20Contact%20WHERE%20Name%20LIKE%20%2750%25%2B%C3%BC%27"
        );
        assert_eq!(sent.headers()["sforce-query-options"], "batchSize=500");
    }

    #[test]
    fn a_query_too_long_for_an_address_travels_in_a_body() {
        let soql =
            Soql::unchecked(format!("SELECT {} FROM Contact", vec!["Some_Long_Custom_Field_Name__c"; 600].join(",")));
        let call = first(ApiVersion::DEFAULT, &soql, false, None);
        assert_eq!(call.safety, Safety::Read);
        let sent = request(&call);
        assert_eq!((sent.method(), sent.uri().path()), (&http::Method::POST, "/services/data/v62.0/composite"));
        assert!(sent.uri().to_string().len() < 200);
        let body: serde_json::Value = serde_json::from_slice(sent.body()).unwrap();
        assert!(
            body["compositeRequest"][0]["url"]
                .as_str()
                .unwrap()
                .starts_with("/services/data/v62.0/query?q=SELECT%20Some")
        );
    }

    #[test]
    fn further_pages_keep_to_the_origin() {
        let base = BaseUrl::parse("https://h.example").unwrap();
        let sent = more("/services/data/v62.0/query/01g000000000001AAA-2000", None).to_request(&base).unwrap();
        assert_eq!(sent.uri(), "https://h.example/services/data/v62.0/query/01g000000000001AAA-2000");
        for foreign in ["https://evil.example/query/1", "//evil.example/x", "http://h.example/x"] {
            assert_eq!(more(foreign, None).to_request(&base).unwrap_err().kind(), ErrorKind::Config, "{foreign}");
        }
    }
}
