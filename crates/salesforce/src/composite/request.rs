//! `composite`: up to 25 calls in one, of which later ones can refer to the answers of earlier ones.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rest_core::{Call, Error, Result, Safety};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::outcome::{Outcomes, PartAnswer, PartReply, PartSummary, in_order};
use super::part::{Draft, Handle, Kind, Part};
use crate::api::PAGE_BYTES;
use crate::config::ApiVersion;
use crate::writes::{WriteOptions, wait};
use crate::{Salesforce, VENDOR};

/// Calls in one composite or batch request.
pub const MOST_PARTS: usize = 25;
/// Of the calls of a composite request, queries and collections.
pub const MOST_HEAVY_PARTS: usize = 5;

/// Tells apart the handles of different requests.
static NEXT_TAG: AtomicU64 = AtomicU64::new(1);

pub(crate) fn new_tag() -> u64 {
    NEXT_TAG.fetch_add(1, Ordering::Relaxed)
}

/// Parts in the order in which they were added, with their reference ids.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) tag: u64,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) names: Vec<String>,
}

impl Parts {
    pub(crate) fn new() -> Self {
        Self { tag: new_tag(), drafts: Vec::new(), names: Vec::new() }
    }

    pub(crate) fn add<R>(&mut self, part: Part<R>) -> Handle<R> {
        let place = self.push(part.draft);
        let name = self.names.get(place).map_or_else(|| Arc::from(""), |name| Arc::from(name.as_str()));
        Handle::new(self.tag, place, name)
    }

    pub(crate) fn push(&mut self, draft: Draft) -> usize {
        let place = self.drafts.len();
        self.names.push(format!("{}_{place}", draft.stem));
        self.drafts.push(draft);
        place
    }

    /// How the parts as a whole may be repeated.
    pub(crate) fn safety(&self) -> Safety {
        let all = |safety| self.drafts.iter().all(|draft| draft.safety == safety);
        if all(Safety::Read) {
            Safety::Read
        } else if self.drafts.iter().any(|draft| draft.safety == Safety::Unsafe) {
            Safety::Unsafe
        } else {
            Safety::Idempotent
        }
    }

    /// What is wrong with the parts, before anything is sent.
    pub(crate) fn check(&self) -> Result<()> {
        for (place, draft) in self.drafts.iter().enumerate() {
            if let Some(defect) = &draft.defect {
                return Err(defect.clone());
            }
            if draft.references().any(|reference| reference.tag != self.tag || reference.part >= place) {
                return Err(Error::config(format!(
                    "{}: a reference points to a part of another request; parts refer to earlier ones of their own",
                    draft.what
                )));
            }
        }
        Ok(())
    }

    /// The entries of a `compositeRequest`.
    pub(crate) fn entries(&self, version: ApiVersion) -> Result<Vec<Entry<'_>>> {
        let mut entries = Vec::with_capacity(self.drafts.len());
        for (draft, name) in self.drafts.iter().zip(&self.names) {
            entries.push(Entry {
                method: draft.method.as_str().to_owned(),
                url: draft.url(version)?,
                reference_id: name.clone(),
                body: draft.json()?,
                http_headers: draft.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            });
        }
        Ok(entries)
    }
}

/// One subrequest as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'a> {
    method: String,
    url: String,
    reference_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    http_headers: std::collections::BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    all_or_none: bool,
    collate_subrequests: bool,
    composite_request: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompositeReply {
    pub(crate) composite_response: Vec<PartReply>,
}

/// Up to [`MOST_PARTS`] calls in one, which counts as one: later parts can refer to the answers of earlier ones.
///
/// ```no_run
/// use salesforce::{Account, Contact, NewAccount, NewContact, Salesforce, part};
/// # async fn example(client: Salesforce) -> salesforce::Result<()> {
/// let mut request = client.composite().all_or_none();
/// let account = request.add(part::create::<Account>(&NewAccount { name: Some("Acme".into()), ..Default::default() }));
/// let ada = NewContact { last_name: Some("Lovelace".into()), ..Default::default() };
/// let contact = request.add(part::create::<Contact>(&ada).link("AccountId", account.id()));
/// let answer = request.send().await?.into_result()?;     // an error if any part failed
/// println!("{} works at {}", answer.get(&contact)?, answer.get(&account)?);
/// # Ok(())
/// # }
/// ```
///
/// Parts are done in their order. Without [`all_or_none`](Self::all_or_none) a part that fails takes along only those that
/// refer to it.
#[must_use = "a request does nothing before it is sent"]
#[derive(Clone)]
pub struct CompositeRequest {
    client: Salesforce,
    parts: Parts,
    all_or_none: bool,
    collate: bool,
    resends: u32,
}

impl Salesforce {
    /// A request of several calls that may refer to each other.
    pub fn composite(&self) -> CompositeRequest {
        CompositeRequest {
            client: self.clone(),
            parts: Parts::new(),
            all_or_none: false,
            collate: false,
            resends: WriteOptions::default().resends,
        }
    }
}

impl CompositeRequest {
    /// Undoes everything if any part fails, or any record of a collection. If all that failed was refused for the moment
    /// (a locked row), the request is sent again after a short wait, a few times.
    pub fn all_or_none(mut self) -> Self {
        self.all_or_none = true;
        self
    }

    /// Lets the server do neighbouring parts of the same kind together, which is faster. Parts that do not refer to each
    /// other may then be done in any order.
    pub fn in_any_order(mut self) -> Self {
        self.collate = true;
        self
    }

    /// How often an all-or-none request whose failures pass is sent again. Default 4.
    pub fn resends(mut self, times: u32) -> Self {
        self.resends = times;
        self
    }

    /// Adds a call.
    pub fn add<R>(&mut self, part: Part<R>) -> Handle<R> {
        self.parts.add(part)
    }

    pub(crate) fn push(&mut self, draft: Draft) -> usize {
        self.parts.push(draft)
    }

    /// The call, or what forbids it.
    fn call(&self) -> Result<Call> {
        let drafts = &self.parts.drafts;
        if !(1..=MOST_PARTS).contains(&drafts.len()) {
            let message = format!("a composite request holds 1 to {MOST_PARTS} parts, this one {}", drafts.len());
            return Err(Error::config(message));
        }
        let heavy = drafts.iter().filter(|draft| matches!(draft.kind, Kind::Query | Kind::Collection)).count();
        if heavy > MOST_HEAVY_PARTS {
            let message = format!(
                "of the parts of a composite request at most {MOST_HEAVY_PARTS} are queries or collections, here {heavy}"
            );
            return Err(Error::config(message));
        }
        self.parts.check()?;
        let version = self.client.version();
        let body = Body {
            all_or_none: self.all_or_none,
            collate_subrequests: self.collate,
            composite_request: self.parts.entries(version)?,
        };
        let call = Call::post("composite").path(version.path(["composite"])).json(&body);
        Ok(call.safety(self.parts.safety()).body_limit(PAGE_BYTES))
    }

    /// Sends the request.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, if the request breaks a limit or a part is
    /// unusable; whatever befalls the call as a whole. Failures of parts are in the answer.
    pub async fn send(self) -> Result<CompositeAnswer> {
        let call = self.call().map_err(|error| error.with_operation("composite").with_vendor(VENDOR))?;
        let mut resend = 0;
        loop {
            let reply = self.client.send(call.clone()).await?;
            let parts = reply.json::<CompositeReply>()?.composite_response;
            let Parts { tag, drafts, names } = &self.parts;
            let parts = in_order(&reply, names, parts)?;
            let outcomes = Outcomes::judge(*tag, self.all_or_none, drafts, names, parts);
            if resend >= self.resends || !outcomes.may_be_sent_again() {
                return Ok(CompositeAnswer { outcomes });
            }
            wait(&self.client, resend).await;
            resend += 1;
        }
    }
}

impl fmt::Debug for CompositeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompositeRequest")
            .field("all_or_none", &self.all_or_none)
            .field("parts", &self.parts.names)
            .finish_non_exhaustive()
    }
}

/// The answers of a composite request, part by part. The call says 200 whatever became of its parts: ask
/// [`into_result`](Self::into_result), or each part.
#[must_use = "parts can fail inside an answer that says 200"]
pub struct CompositeAnswer {
    pub(crate) outcomes: Outcomes,
}

impl CompositeAnswer {
    /// The answer of one part.
    ///
    /// # Errors
    /// Why the part failed. A part that was not done, or was undone, because of another names that one's failure: its
    /// kind is [`Precondition`](crate::ErrorKind::Precondition) and its source the other error.
    pub fn get<R: PartAnswer>(&self, handle: &Handle<R>) -> Result<R> {
        self.outcomes.get(handle)
    }

    /// A header of one part's answer, such as `ETag`.
    #[must_use]
    pub fn header<R>(&self, handle: &Handle<R>, name: &str) -> Option<&str> {
        let part = self.outcomes.parts.get(handle.part).filter(|_| handle.tag == self.outcomes.tag)?;
        part.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The failures that are not consequences of others: each part's reference id and its error.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.outcomes.failures()
    }

    /// The counts.
    #[must_use]
    pub fn summary(&self) -> PartSummary {
        self.outcomes.summary()
    }

    /// The answer, if every part was done, with every record of its collections.
    ///
    /// # Errors
    /// The first failure that is not a consequence of another; its message begins with the counts and the part.
    pub fn into_result(self) -> Result<Self> {
        match self.outcomes.error() {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }
}

impl fmt::Debug for CompositeAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CompositeAnswer").field(&self.summary()).finish()
    }
}
