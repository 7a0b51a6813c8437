//! Queries: pages and rows as streams, one page in memory at a time.

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use rest_core::{BadRecord, Call, Page, Reply, Result, Row, Safety};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::config::ApiVersion;
use crate::models::Children;
use crate::soql::Soql;
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
#[must_use = "a query is sent when it is read"]
pub struct Query<T> {
    client: Salesforce,
    soql: Result<Soql>,
    all: bool,
    page: Option<u16>,
    rows: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("soql", &self.soql).field("all", &self.all).finish_non_exhaustive()
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
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(default)]
    total_size: u64,
    done: bool,
    next_records_url: Option<String>,
    records: Vec<Box<RawValue>>,
}

/// Where the next page is.
#[derive(Clone, PartialEq)]
enum Cursor {
    Start,
    Link(String),
}

impl<T> Query<T> {
    pub(crate) fn new(client: Salesforce, soql: Soql, all: bool) -> Self {
        Self::from_built(client, Ok(soql), all)
    }

    /// Takes a query that may not have been built; the error comes out when it is read.
    pub(crate) fn from_built(client: Salesforce, soql: Result<Soql>, all: bool) -> Self {
        Self { client, soql, all, page: None, rows: PhantomData }
    }

    /// Asks for pages of this many rows, from 200 to 2,000. Default: 2,000. A hint: the server may make them smaller.
    pub fn page_size(mut self, rows: u16) -> Self {
        self.page = Some(rows.clamp(SMALLEST_PAGE, LARGEST_PAGE));
        self
    }
}

impl<T: DeserializeOwned + Send + 'static> Query<T> {
    /// All rows, as they come. A row that cannot be decoded is an `Err` of kind [`Decode`](crate::ErrorKind::Decode) and the stream goes
    /// on; after an error of a call it ends. Holds one page at a time.
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
        match self.soql {
            Ok(soql) => {
                let start = first(self.client.version(), &soql, self.all, self.page);
                read_pages(self.client, Cursor::Start, start, self.page)
            }
            Err(error) => stream::iter([Err(error.with_operation("query").with_vendor(VENDOR))]).boxed(),
        }
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

impl Salesforce {
    /// How many rows a `SELECT COUNT() FROM …` counts.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn count(&self, soql: impl Into<Soql>) -> Result<u64> {
        let reply = self.send(first(self.version(), &soql.into(), false, None)).await?;
        envelope(&reply).map(|envelope| envelope.total_size)
    }

    /// The rows of a sub-select that its parent's answer did not hold. Ends at once if there are none.
    pub fn rest_of<T>(&self, children: &Children<T>) -> BoxStream<'static, Result<Row<T>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let Some(link) = children.next.clone() else { return stream::empty().boxed() };
        let call = more(&link, None);
        let pages = read_pages::<T>(self.clone(), Cursor::Link(link), call, None);
        let rows = |page: QueryPage<T>| stream::iter(page.records.into_iter().map(Ok));
        let row = |record: Result<Result<Row<T>, BadRecord>>| {
            record?.map_err(|bad| bad.into_error("query").with_vendor(VENDOR))
        };
        pages.map_ok(rows).try_flatten().map(row).boxed()
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
    read_pages::<T>(client, Cursor::Start, call, None).map_ok(rows).try_flatten().map(row).boxed()
}

fn read_pages<T>(
    client: Salesforce,
    start: Cursor,
    first: Call,
    page: Option<u16>,
) -> BoxStream<'static, Result<QueryPage<T>>>
where
    T: DeserializeOwned + Send + 'static,
{
    let began = start.clone();
    let fetch = move |cursor: Cursor| {
        let call = match &cursor {
            Cursor::Link(link) if cursor != began => more(link, page),
            _ => first.clone(),
        };
        let client = client.clone();
        async move {
            let sent = Instant::now();
            let reply = client.send(call).await?;
            let as_of = server_time(&reply, sent);
            let envelope = envelope(&reply)?;
            let next = next(&reply, &envelope)?.map(Cursor::Link);
            let records = rest_core::rows(envelope.records, "Id");
            Ok(Page::new(vec![QueryPage { total_size: envelope.total_size, as_of, records }], next))
        }
    };
    rest_core::pages("query", start, fetch).boxed()
}

/// The `Date` header tells when the answer was finished; the page was made at most as much earlier as the call took.
pub(super) fn server_time(reply: &Reply, sent: Instant) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc2822(reply.header("date")?).ok()?.to_utc();
    date.checked_sub_signed(TimeDelta::from_std(sent.elapsed()).ok()?)
}

fn next(reply: &Reply, envelope: &Envelope) -> Result<Option<String>> {
    match (&envelope.next_records_url, envelope.done) {
        (_, true) => Ok(None),
        (Some(link), false) => Ok(Some(link.clone())),
        (None, false) => Err(reply.decode_error("the answer says that there are more rows, and not where")),
    }
}

/// Reads the answer of a query, whichever way it travelled.
fn envelope(reply: &Reply) -> Result<Envelope> {
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
fn more(link: &str, page: Option<u16>) -> Call {
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
