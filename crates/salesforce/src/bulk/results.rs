//! Downloading results: as a stream, page after page, taken up again where a connection broke.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream, Stream};
use rest_core::{Accept, Call, Error, ErrorKind, Result};

use super::csv::{Cells, Reader};
use super::job::BulkJob;
use crate::VENDOR;

/// How often one page is begun anew after it broke off.
const MOST_RESUMED: u32 = 5;

/// Where a download is.
struct Download<F, X> {
    job: BulkJob,
    resource: &'static str,
    page_rows: Option<u64>,
    /// The page in hand; `None` is the first.
    locator: Option<String>,
    page: Option<OpenPage>,
    /// Records of this page that were given out already, and their digest: they are passed over when the page is begun
    /// anew, after a check that they are the same.
    given: u64,
    digest: u64,
    resumed: u32,
    read: F,
    ready: VecDeque<X>,
    over: bool,
}

struct OpenPage {
    body: BoxStream<'static, Result<Bytes>>,
    reader: Reader,
    digest: DefaultHasher,
    expected: Option<u64>,
    next: Option<String>,
}

/// The rows of one of an ingest job's results.
pub(crate) fn ingest<X, F>(
    job: &BulkJob,
    resource: &'static str,
    read: F,
) -> impl Stream<Item = Result<X>> + Send + use<X, F>
where
    X: Send + 'static,
    F: Fn(Cells<'_>) -> X + Send + 'static,
{
    start(job, resource, None, read)
}

/// The rows of a query job, with pages of this many rows, if that is said.
pub(crate) fn query<X, F>(
    job: &BulkJob,
    page_rows: Option<u64>,
    read: F,
) -> impl Stream<Item = Result<X>> + Send + use<X, F>
where
    X: Send + 'static,
    F: Fn(Cells<'_>) -> X + Send + 'static,
{
    start(job, "results", page_rows, read)
}

fn start<X, F>(
    job: &BulkJob,
    resource: &'static str,
    page_rows: Option<u64>,
    read: F,
) -> impl Stream<Item = Result<X>> + Send + use<X, F>
where
    X: Send + 'static,
    F: Fn(Cells<'_>) -> X + Send + 'static,
{
    let download = Download {
        job: job.clone(),
        resource,
        page_rows,
        locator: None,
        page: None,
        given: 0,
        digest: 0,
        resumed: 0,
        read,
        ready: VecDeque::new(),
        over: false,
    };
    stream::unfold(download, |mut download| async move {
        loop {
            if let Some(item) = download.ready.pop_front() {
                return Some((Ok(item), download));
            }
            if download.over {
                return None;
            }
            if let Err(error) = download.step().await {
                download.over = true;
                download.ready.clear();
                return Some((Err(error), download));
            }
        }
    })
}

impl<X, F: Fn(Cells<'_>) -> X> Download<F, X> {
    /// Reads one piece of the page in hand, or opens it.
    async fn step(&mut self) -> Result<()> {
        let Some(page) = &mut self.page else {
            let call = self.call();
            self.page = Some(open(self.job.clone(), call).await?);
            return Ok(());
        };
        match page.body.next().await {
            Some(Ok(bytes)) => self.take(Some(&bytes)),
            None => {
                self.take(None)?;
                self.close()
            }
            Some(Err(error)) if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout) => {
                self.resumed += 1;
                if self.resumed > MOST_RESUMED {
                    return Err(error);
                }
                self.page = None;
                Ok(())
            }
            Some(Err(error)) => Err(error),
        }
    }

    /// The call for the page in hand.
    fn call(&self) -> Call {
        Call::get("bulk.results")
            .path(self.job.path(Some(self.resource)))
            .query_opt("maxRecords", self.page_rows.map(|rows| rows.to_string()))
            .query_opt("locator", self.locator.clone())
            .accept(Accept::Type("text/csv"))
            .body_limit(u64::MAX)
    }

    /// Takes a piece of the page, or its end.
    fn take(&mut self, bytes: Option<&[u8]>) -> Result<()> {
        let Self { page: Some(page), given, digest, read, ready, .. } = self else { return Ok(()) };
        let OpenPage { reader, digest: hasher, .. } = page;
        let mut place = reader.records();
        let mut changed = false;
        let mut each = |cells: Cells<'_>| {
            place += 1;
            for (_, cell) in cells.iter() {
                cell.hash(hasher);
            }
            if place > *given {
                *given = place;
                *digest = hasher.finish();
                ready.push_back(read(cells));
            } else if place == *given {
                changed = hasher.finish() != *digest;
            }
        };
        match bytes {
            Some(bytes) => reader.push(bytes, &mut each)?,
            None => reader.finish(&mut each)?,
        }
        if changed {
            return Err(self.error("the results came in another order when they were read again"));
        }
        Ok(())
    }

    /// Ends the page in hand and goes to the next.
    fn close(&mut self) -> Result<()> {
        let Some(page) = self.page.take() else { return Ok(()) };
        let got = page.reader.records();
        if let Some(expected) = page.expected.filter(|expected| *expected != got) {
            return Err(self.error(&format!("the answer has {got} records and announced {expected}")));
        }
        if got < self.given {
            return Err(self.error("the results have become fewer"));
        }
        if page.next.is_some() && page.next == self.locator {
            return Err(self.error("the answer's next page is the page itself"));
        }
        (self.given, self.digest, self.resumed) = (0, 0, 0);
        self.over = page.next.is_none();
        self.locator = page.next;
        Ok(())
    }

    fn error(&self, message: &str) -> Error {
        let id: Arc<str> = self.job.shared_id();
        Error::new(ErrorKind::Decode, "bulk.results")
            .with_vendor(VENDOR)
            .with_message(format!("job {id}, {}: {message}", self.resource))
            .with_hint("read the results again: they are kept for seven days")
    }
}

async fn open(job: BulkJob, call: Call) -> Result<OpenPage> {
    let reply = job.client().open(call).await?;
    let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
    let expected = header("sforce-numberofrecords").and_then(|text| text.trim().parse().ok());
    let next = header("sforce-locator").filter(|text| !matches!(*text, "null" | "")).map(str::to_owned);
    let reader = Reader::new(job.handle().delimiter);
    Ok(OpenPage { body: reply.body, reader, digest: DefaultHasher::new(), expected, next })
}
