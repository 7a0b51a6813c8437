//! The organisation: who is logged in, what is left of its limits, which versions it serves.

use std::collections::BTreeMap;

use rest_core::{Call, Result};
use serde::Deserialize;

use crate::ids::{AnyId, Id};
use crate::models::User;
use crate::{ApiVersion, Salesforce};

/// Who is logged in. `Debug` shows the ids only.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The user.
    pub user_id: Id<User>,
    /// The organisation.
    pub organization_id: AnyId,
    /// The login name.
    #[serde(default)]
    pub preferred_username: Option<String>,
    /// The whole name.
    #[serde(default)]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// The time zone's name.
    #[serde(default)]
    pub zoneinfo: Option<String>,
}

impl std::fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserInfo")
            .field("user_id", &self.user_id)
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}

/// Who is logged in, as the identity service tells it. `Debug` shows the ids only.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Identity {
    /// The user.
    pub user_id: Id<User>,
    /// The organisation.
    pub organization_id: AnyId,
    /// The login name.
    pub username: String,
    /// The whole name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the user may log in.
    pub active: bool,
    /// The time zone's name.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The locale, such as `en_US`.
    #[serde(default)]
    pub locale: Option<String>,
    /// The language, such as `en_US`.
    #[serde(default)]
    pub language: Option<String>,
    #[serde(default)]
    urls: BTreeMap<String, String>,
}

impl Identity {
    /// The address of one of the organisation's APIs (`rest`, `query`, `partner` and so on), with the text `{version}` in
    /// the place of the version.
    #[must_use]
    pub fn url(&self, api: &str) -> Option<&str> {
        self.urls.get(api).map(String::as_str)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("user_id", &self.user_id)
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}

/// One limit of the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "PascalCase")]
pub struct Limit {
    /// The whole allotment.
    pub max: i64,
    /// What is left of it; up to five minutes old.
    pub remaining: i64,
}

/// A version of the API that the instance serves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Release {
    /// The release's name, such as `Winter '25`.
    pub label: String,
    /// The version, such as `62.0`.
    pub version: String,
    /// Its path.
    pub url: String,
}

impl Release {
    /// The version, where it is one this client can use.
    #[must_use]
    pub fn api_version(&self) -> Option<ApiVersion> {
        self.version.parse().ok()
    }
}

/// A record that the user has used lately.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RecentItem {
    /// The record.
    #[serde(rename = "Id")]
    pub id: AnyId,
    /// Its name, where its object has one called so.
    #[serde(rename = "Name", default)]
    pub name: Option<String>,
    attributes: RecentAttributes,
}

#[derive(Clone, PartialEq, Eq, Deserialize)]
struct RecentAttributes {
    #[serde(rename = "type")]
    object: String,
}

impl RecentItem {
    /// The record's object, by API name.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.attributes.object
    }
}

impl std::fmt::Debug for RecentItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecentItem").field("id", &self.id).field("object", &self.object()).finish_non_exhaustive()
    }
}

impl Salesforce {
    /// Who is logged in: the cheapest way to test a connection.
    ///
    /// # Errors
    /// [`Unauthorized`](crate::ErrorKind::Unauthorized) if the login was refused.
    pub async fn userinfo(&self) -> Result<UserInfo> {
        self.send(Call::get("userinfo").path(["services", "oauth2", "userinfo"])).await?.json()
    }

    /// Who is logged in, with the addresses of the organisation's APIs. Costs two calls; [`userinfo`](Self::userinfo) is
    /// enough to test a connection.
    ///
    /// # Errors
    /// [`Unauthorized`](crate::ErrorKind::Unauthorized) if the login was refused.
    pub async fn identity(&self) -> Result<Identity> {
        let user = self.userinfo().await?;
        // The service answers at the instance as well as at the login host, where the session must not be sent.
        let path = ["id", user.organization_id.as_str(), user.user_id.as_str()];
        self.send(Call::get("identity").path(path)).await?.json()
    }

    /// What is left of the organisation's limits, by name (`DailyApiRequests`, …).
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn limits(&self) -> Result<BTreeMap<String, Limit>> {
        self.send(Call::get("limits").path(self.version().path(["limits"]))).await?.json()
    }

    /// The API versions that the instance serves, oldest first.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn versions(&self) -> Result<Vec<Release>> {
        self.send(Call::get("versions").path(["services", "data"])).await?.json()
    }

    /// The resources of this API version by name (`sobjects`, `query`, `limits`, …), as paths; `identity` is an absolute
    /// address.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the version was retired, [`NotFound`](crate::ErrorKind::NotFound)
    /// if it is not there yet.
    pub async fn resources(&self) -> Result<BTreeMap<String, String>> {
        self.send(Call::get("resources").path(self.version().path([]))).await?.json()
    }

    /// The records that the user has used lately, of all objects, the last first; at most `limit` (200).
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn recent(&self, limit: u8) -> Result<Vec<RecentItem>> {
        let limit = limit.clamp(1, 200).to_string();
        self.send(Call::get("recent").path(self.version().path(["recent"])).query("limit", limit)).await?.json()
    }

    /// About how many records these objects have; objects without a count are left out.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn record_counts(&self, objects: &[&str]) -> Result<BTreeMap<String, u64>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "sObjects")]
            objects: Vec<Count>,
        }
        #[derive(Deserialize)]
        struct Count {
            name: String,
            count: u64,
        }
        let call = Call::get("limits.record_count").path(self.version().path(["limits", "recordCount"]));
        let answer: Answer = self.send(call.query("sObjects", objects.join(","))).await?.json()?;
        Ok(answer.objects.into_iter().map(|count| (count.name, count.count)).collect())
    }
}
