//! Signing in with a name and a password, and who is signed in.

use super::super::org::Org;
use super::super::session::SignIn;
use super::super::value::Value;
use super::xml::leaf;
use super::{Fault, Operation};

/// `login()` exists up to this version.
const LAST_WITH_LOGIN: u32 = 64;

impl Org {
    pub(super) fn soap_login(&mut self, operation: &Operation<'_>) -> Result<String, Fault> {
        if operation.version > LAST_WITH_LOGIN || !self.quirks.soap_login {
            let message = if self.quirks.soap_login {
                format!("SOAP API login() is not available in API version {}.0 and later.", LAST_WITH_LOGIN + 1)
            } else {
                "SOAP API login() is disabled by default in this org.".to_owned()
            };
            return Err(Fault::api("UnexpectedErrorFault", "INVALID_OPERATION", message));
        }
        let username = operation.body.text_of("username").unwrap_or_default();
        let password = operation.body.text_of("password").unwrap_or_default();
        let refused = |code, message: &str| Err(Fault::api("LoginFault", code, message));
        let user = match self.sign_in(username, password) {
            SignIn::Welcome(user) => user,
            SignIn::NeedsSecurityToken => {
                let message = "Invalid username, password, security token; or user locked out. Are you at a new \
                               location? When accessing Salesforce--either via a desktop client or the API--from \
                               outside of your company's trusted networks, you must add a security token to your \
                               password to log in.";
                return refused("LOGIN_MUST_USE_SECURITY_TOKEN", message);
            }
            SignIn::ApiDisabled => {
                return refused("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner");
            }
            SignIn::Wrong | SignIn::Inactive => {
                let message = "Invalid username, password, security token; or user locked out.";
                return refused("INVALID_LOGIN", message);
            }
        };
        let session = self.sessions.issue(self.now, user, "", None);
        self.sessions.user = user;
        let organization = self.fixtures.organization.short();
        let url =
            |kind: &str| format!("{}/services/Soap/{kind}/{}.0/{organization}", operation.origin, operation.version);
        let mut out = String::from("<result>");
        leaf(&mut out, "metadataServerUrl", Some(&url("m")));
        leaf(&mut out, "passwordExpired", Some("false"));
        leaf(&mut out, "sandbox", Some("true"));
        leaf(&mut out, "serverUrl", Some(&url(operation.wsdl.path())));
        leaf(&mut out, "sessionId", Some(&session));
        leaf(&mut out, "userId", Some(&user.to_string()));
        out.push_str("<userInfo>");
        out.push_str(&self.soap_user_fields());
        out.push_str("</userInfo></result>");
        Ok(out)
    }

    pub(super) fn soap_user_info(&self) -> String {
        format!("<result>{}</result>", self.soap_user_fields())
    }

    fn soap_user_fields(&self) -> String {
        let field = |object: &str, id, name: &str| {
            let object = self.schema.find(object);
            let row = object.and_then(|index| Some((self.schema.object(index), self.store.get(index, id)?)));
            let value = row.map_or(Value::Null, |(object, row)| row.get(object, name).clone());
            match value {
                Value::Id(id) => Some(id.to_string()),
                value => value.as_text().map(str::to_owned),
            }
        };
        let user = |name| field("User", self.sessions.user, name);
        let organization = self.fixtures.organization;
        let mut out = String::new();
        let mut put = |name: &str, text: Option<String>| leaf(&mut out, name, text.as_deref());
        put("accessibilityMode", Some("false".to_owned()));
        put("chatterExternal", Some("false".to_owned()));
        put("currencySymbol", Some("$".to_owned()));
        put("orgAttachmentFileSizeLimit", Some("26214400".to_owned()));
        put("orgDefaultCurrencyIsoCode", Some("USD".to_owned()));
        put("orgDisallowHtmlAttachments", Some("false".to_owned()));
        put("orgHasPersonAccounts", Some("false".to_owned()));
        put("organizationId", Some(organization.to_string()));
        put("organizationMultiCurrency", Some("false".to_owned()));
        put("organizationName", field("Organization", organization, "Name"));
        put("profileId", user("ProfileId"));
        put("roleId", user("UserRoleId"));
        put("sessionSecondsValid", Some(self.quirks.session_timeout_seconds.to_string()));
        put("userDefaultCurrencyIsoCode", None);
        put("userEmail", user("Email"));
        put("userFullName", user("Name"));
        put("userId", Some(self.sessions.user.to_string()));
        put("userLanguage", user("LanguageLocaleKey"));
        put("userLocale", user("LocaleSidKey"));
        put("userName", user("Username"));
        put("userTimeZone", user("TimeZoneSidKey"));
        put("userType", Some("Standard".to_owned()));
        put("userUiSkin", Some("Theme3".to_owned()));
        out
    }
}
