//! Descriptions that are kept: asked for once, shared by all clones of a client, and looked at again with
//! `If-Modified-Since` when they are old.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use rest_core::{Call, Reply, Result};
use serde::de::DeserializeOwned;

use super::describe::{Describe, GlobalDescribe, describe};
use super::sobjects::Records;
use crate::Salesforce;
use crate::models::SObject;

/// A description as it was last answered.
struct Kept<T> {
    value: Arc<T>,
    /// The answer's `Last-Modified`, as the vendor wrote it.
    stamp: Option<String>,
    asked_at: DateTime<Utc>,
}

/// One description. Whoever asks first asks for all; the others wait for the answer.
type Slot<T> = Arc<tokio::sync::Mutex<Option<Kept<T>>>>;

/// The descriptions of one organisation as one user sees it.
pub(crate) struct DescribeCache {
    max_age: Duration,
    objects: Mutex<HashMap<String, Slot<Describe>>>,
    global: Mutex<Slot<GlobalDescribe>>,
}

impl DescribeCache {
    /// A description that is older than `max_age` is asked for again.
    pub(crate) fn new(max_age: Duration) -> Self {
        Self { max_age, objects: Mutex::default(), global: Mutex::default() }
    }

    fn object(&self, name: &str) -> Slot<Describe> {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(objects.entry(name.to_ascii_lowercase()).or_default())
    }

    fn global(&self) -> Slot<GlobalDescribe> {
        Arc::clone(&self.global.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn forget(&self) {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.global.lock().unwrap_or_else(PoisonError::into_inner) = Slot::default();
    }

    /// A clock that was set back makes a description old, too.
    fn is_fresh<T>(&self, kept: &Kept<T>, now: DateTime<Utc>) -> bool {
        let age = now - kept.asked_at;
        age >= TimeDelta::zero() && age.to_std().is_ok_and(|age| age < self.max_age)
    }
}

impl fmt::Debug for DescribeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("DescribeCache").field("max_age", &self.max_age).field("objects", &objects).finish()
    }
}

impl Salesforce {
    /// The description of an object by its API name, from memory if it is not older than
    /// [`describe_max_age`](crate::SalesforceBuilder::describe_max_age); an older one costs a call that mostly
    /// answers "not modified". What an administrator changes of this user's permissions may leave the vendor's stamp
    /// as it is: [`forget_descriptions`](Self::forget_descriptions) reads anew.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if the object does not exist or this user may not see it.
    pub async fn described(&self, object: &str) -> Result<Arc<Describe>> {
        let call = describe(self.version(), object);
        self.kept(self.describes().object(object), call).await
    }

    /// The list of all objects, from memory as with [`described`](Self::described).
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn described_all(&self) -> Result<Arc<GlobalDescribe>> {
        let call = Call::get("describe.global").path(self.version().path(["sobjects"]));
        self.kept(self.describes().global(), call).await
    }

    /// Forgets every kept description, of all clones of this client.
    pub fn forget_descriptions(&self) {
        self.describes().forget();
    }

    async fn kept<T: DeserializeOwned>(&self, slot: Slot<T>, call: Call) -> Result<Arc<T>> {
        let mut slot = slot.lock().await;
        let now = self.now();
        if let Some(kept) = slot.as_ref().filter(|kept| self.describes().is_fresh(kept, now)) {
            return Ok(Arc::clone(&kept.value));
        }
        let stamp = slot.as_ref().and_then(|kept| kept.stamp.clone());
        let call = match &stamp {
            Some(stamp) => call.header("if-modified-since", stamp).also_ok(StatusCode::NOT_MODIFIED),
            None => call,
        };
        let reply = self.send(call).await?;
        if let Some(kept) = slot.as_mut().filter(|_| reply.status == StatusCode::NOT_MODIFIED) {
            kept.asked_at = now;
            return Ok(Arc::clone(&kept.value));
        }
        let value = Arc::new(reply.json()?);
        *slot = Some(Kept { value: Arc::clone(&value), stamp: stamp_of(&reply), asked_at: now });
        Ok(value)
    }
}

fn stamp_of(reply: &Reply) -> Option<String> {
    reply.header("last-modified").map(str::to_owned)
}

impl<T: SObject> Records<T> {
    /// The object's description, kept in memory: see [`Salesforce::described`].
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub async fn described(&self) -> Result<Arc<Describe>> {
        self.client.described(T::NAME).await
    }
}
