//! Who a token belongs to.

use serde_json::{Value as Json, json};

use super::super::org::Org;

impl Org {
    /// The absolute URL of the token's user.
    pub(crate) fn identity_url(&self, origin: &str) -> String {
        format!("{origin}/id/{}/{}", self.fixtures.organization, self.sessions.user)
    }

    /// A text field of the token's user.
    fn user_text(&self, name: &str) -> Json {
        let object = self.schema.find("User").map(|index| (index, self.schema.object(index)));
        let row = object.and_then(|(index, object)| Some((object, self.store.get(index, self.sessions.user)?)));
        row.map_or(Json::Null, |(object, row)| row.get(object, name).to_json())
    }

    fn api_urls(&self, origin: &str) -> Json {
        let data = format!("{origin}/services/data/v{{version}}/");
        let soap =
            |kind: &str| format!("{origin}/services/Soap/{kind}/{{version}}/{}", self.fixtures.organization.short());
        json!({
            "enterprise": soap("c"),
            "metadata": soap("m"),
            "partner": soap("u"),
            "rest": data,
            "sobjects": format!("{data}sobjects/"),
            "search": format!("{data}search/"),
            "query": format!("{data}query/"),
            "recent": format!("{data}recent/"),
            "tooling_soap": soap("T"),
            "tooling_rest": format!("{data}tooling/"),
            "profile": format!("{origin}/{}", self.sessions.user),
            "custom_domain": origin,
        })
    }

    /// `GET /id/ORG/USER`.
    pub(crate) fn identity(&self, origin: &str) -> Json {
        json!({
            "id": self.identity_url(origin),
            "asserted_user": true,
            "user_id": self.sessions.user.to_string(),
            "organization_id": self.fixtures.organization.to_string(),
            "username": self.user_text("Username"),
            "nick_name": self.user_text("CommunityNickname"),
            "display_name": self.user_text("Name"),
            "email": self.user_text("Email"),
            "email_verified": true,
            "first_name": self.user_text("FirstName"),
            "last_name": self.user_text("LastName"),
            "timezone": self.user_text("TimeZoneSidKey"),
            "urls": self.api_urls(origin),
            "active": true,
            "user_type": "STANDARD",
            "language": self.user_text("LanguageLocaleKey"),
            "locale": self.user_text("LocaleSidKey"),
            "utcOffset": 0,
            "last_modified_date": self.born.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "is_app_installed": true,
        })
    }

    /// `GET /services/oauth2/userinfo`.
    pub(crate) fn userinfo(&self, origin: &str) -> Json {
        json!({
            "sub": self.identity_url(origin),
            "user_id": self.sessions.user.to_string(),
            "organization_id": self.fixtures.organization.to_string(),
            "preferred_username": self.user_text("Username"),
            "nickname": self.user_text("CommunityNickname"),
            "name": self.user_text("Name"),
            "email": self.user_text("Email"),
            "email_verified": true,
            "given_name": self.user_text("FirstName"),
            "family_name": self.user_text("LastName"),
            "zoneinfo": self.user_text("TimeZoneSidKey"),
            "locale": self.user_text("LocaleSidKey"),
            "language": self.user_text("LanguageLocaleKey"),
            "user_type": "STANDARD",
            "active": true,
            "utcOffset": 0,
            "urls": self.api_urls(origin),
        })
    }
}
