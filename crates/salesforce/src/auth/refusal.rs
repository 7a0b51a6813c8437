//! What a refused login means, and what to do about it. The vendor says little: `invalid_grant` alone stands for a dozen
//! causes, told apart by its words and by the flow that was used.

use rest_core::{BaseUrl, Error, ErrorKind};

/// The flow that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ClientCredentials,
    #[cfg_attr(not(feature = "jwt"), allow(dead_code, reason = "known to the table all the same"))]
    JwtBearer,
    Refresh,
    Code,
    Password,
    Exchange,
    #[cfg_attr(not(feature = "soap"), allow(dead_code, reason = "known to the table all the same"))]
    Soap,
}

/// What was asked, and where.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) host: BaseUrl,
}

/// One row of the table: a code, words in the message, the flow; what it means and what to do.
#[derive(Clone, Copy)]
struct Row {
    code: &'static str,
    /// In lower case; empty for any words.
    words: &'static str,
    /// `None` for any flow.
    flow: Option<Kind>,
    kind: ErrorKind,
    hint: &'static str,
}

const fn row(code: &'static str, words: &'static str, kind: ErrorKind, hint: &'static str) -> Row {
    Row { code, words, flow: None, kind, hint }
}

const fn of(flow: Kind, row: Row) -> Row {
    Row { flow: Some(flow), ..row }
}

const MY_DOMAIN: &str = "the client credentials flow works at the organisation's My Domain only: \
                         LoginHost::my_domain(\"NAME\"), not login.salesforce.com or test.salesforce.com";
const APPROVE: &str = "let an administrator pre-authorise the user: in the app's policies set Permitted Users to `Admin \
                       approved users are pre-authorized` and add the user's profile or permission set; also check that \
                       the host is the user's own (test.salesforce.com or the sandbox's My Domain for sandboxes)";
const WRONG_PASSWORD: &str = "check user name and password; outside of trusted addresses append the security token; a \
                              user of a sandbox logs in at test.salesforce.com or its My Domain; users with single \
                              sign-on or multi-factor authentication cannot log in by password: use client credentials \
                              or JWT bearer";
const PASSWORD_FLOW: &str = "check user name, password and security token, and that the user is not locked; organisations \
                             since Summer '23 block this flow (Setup, OAuth and OpenID Connect Settings); users with \
                             single sign-on or multi-factor authentication cannot use it: prefer client credentials or \
                             JWT bearer";
const AUTHORISE_AGAIN: &str = "the refresh token was revoked, has expired, or was replaced by a newer one: let the user \
                               authorise the app again; processes that share a token need one RefreshTokenStore with a \
                               lock";
const NO_API: &str = "the organisation's edition or the user's profile has no API access (`API Enabled`)";

/// First match wins; so rows with words come before those without.
const TABLE: &[Row] = &[
    row("invalid_grant", "not supported on this domain", ErrorKind::Config, MY_DOMAIN),
    row(
        "invalid_grant",
        "no client credentials user",
        ErrorKind::Config,
        "set a Run As user for the client credentials flow in the app's policies",
    ),
    row("invalid_grant", "approved this consumer", ErrorKind::Forbidden, APPROVE),
    row("invalid_grant", "inactive organization", ErrorKind::Forbidden, "the organisation is locked or was deleted"),
    row("invalid_grant", "inactive user", ErrorKind::Forbidden, "the user was deactivated; activate it or use another"),
    row(
        "invalid_grant",
        "audience is invalid",
        ErrorKind::Config,
        "set the audience that this organisation expects: JwtBearer::audience(LoginHost::Production), or Test for sandboxes",
    ),
    row(
        "invalid_grant",
        "invalid assertion",
        ErrorKind::Unauthorized,
        "the key does not belong to the certificate in the app's settings, or this machine's clock is wrong",
    ),
    row("invalid_grant", "expired assertion", ErrorKind::Unauthorized, "set this machine's clock"),
    row(
        "invalid_grant",
        "expired authorization code",
        ErrorKind::Unauthorized,
        "a code is good for one use within 15 minutes: send the user to the login page again",
    ),
    row(
        "invalid_grant",
        "code verifier",
        ErrorKind::Unauthorized,
        "use the same randomness for the login page and for the code that came back",
    ),
    row(
        "invalid_grant",
        "subject token",
        ErrorKind::Unauthorized,
        "the token handler of the organisation did not take the token; get a new one",
    ),
    row(
        "invalid_grant",
        "ip restricted",
        ErrorKind::Forbidden,
        "this machine's address is outside of the profile's login ranges; add it, or relax the app's IP policy",
    ),
    row("invalid_grant", "invalid password", ErrorKind::Unauthorized, PASSWORD_FLOW),
    row("invalid_grant", "expired access/refresh token", ErrorKind::Unauthorized, AUTHORISE_AGAIN),
    of(Kind::Password, row("invalid_grant", "", ErrorKind::Unauthorized, PASSWORD_FLOW)),
    of(Kind::Refresh, row("invalid_grant", "", ErrorKind::Unauthorized, AUTHORISE_AGAIN)),
    of(
        Kind::ClientCredentials,
        row(
            "invalid_grant",
            "",
            ErrorKind::Unauthorized,
            "check that the flow is enabled on the app, that it has a Run As user, and that the host is its My Domain",
        ),
    ),
    of(Kind::JwtBearer, row("invalid_grant", "", ErrorKind::Unauthorized, APPROVE)),
    row(
        "invalid_client_id",
        "",
        ErrorKind::Unauthorized,
        "check the consumer key, and that the app belongs to this organisation; a new app takes ten minutes to be known",
    ),
    row(
        "app_not_found",
        "",
        ErrorKind::Unauthorized,
        "check the consumer key and the host; newer apps are known at the organisation's My Domain only",
    ),
    row(
        "invalid_client",
        "",
        ErrorKind::Unauthorized,
        "check the consumer secret, or the key whose certificate is in the app's settings",
    ),
    of(
        Kind::ClientCredentials,
        row(
            "unsupported_grant_type",
            "",
            ErrorKind::Config,
            "switch `Enable Client Credentials Flow` on in the app's OAuth settings",
        ),
    ),
    row("unsupported_grant_type", "", ErrorKind::Config, "enable this flow in the app's OAuth settings"),
    row(
        "invalid_app_access",
        "",
        ErrorKind::Forbidden,
        "let an administrator approve the app for this user: add the user's profile or permission set in the app's policies",
    ),
    row(
        "invalid_request",
        "refresh_token scope is required",
        ErrorKind::Config,
        "add the scope `refresh_token, offline_access` to the app",
    ),
    row(
        "invalid_request",
        "token handler",
        ErrorKind::Config,
        "name a token handler that is set up in the organisation and enabled for the app",
    ),
    row("invalid_scope", "", ErrorKind::Config, "ask only for scopes that the app's settings allow"),
    row(
        "redirect_uri_mismatch",
        "",
        ErrorKind::Config,
        "write the redirect_uri exactly as one of the callback URLs in the app's settings",
    ),
    row("access_denied", "", ErrorKind::Forbidden, "the user did not let the app in; ask again if that was a mistake"),
    row("inactive_user", "", ErrorKind::Forbidden, "the user was deactivated; activate it or use another"),
    row("inactive_org", "", ErrorKind::Forbidden, "the organisation is locked or was deleted"),
    row(
        "rate_limit_exceeded",
        "",
        ErrorKind::RateLimited,
        "this user logs in too often (3,600 times an hour); keep one client and its session instead of making new ones",
    ),
    row("INVALID_LOGIN", "", ErrorKind::Unauthorized, WRONG_PASSWORD),
    row(
        "LOGIN_MUST_USE_SECURITY_TOKEN",
        "",
        ErrorKind::Unauthorized,
        "this machine's address is not trusted: give the security token with .security_token(…), or trust the address in \
         Setup, Network Access",
    ),
    row(
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
        "",
        ErrorKind::Unauthorized,
        "the password has expired: set a new one, and give integration users a password that does not expire",
    ),
    row("PASSWORD_LOCKOUT", "", ErrorKind::Forbidden, "too many wrong passwords: an administrator can unlock the user"),
    row(
        "LOGIN_DURING_RESTRICTED_DOMAIN",
        "",
        ErrorKind::Forbidden,
        "this machine's address is outside of the profile's login ranges",
    ),
    row("LOGIN_DURING_RESTRICTED_TIME", "", ErrorKind::Forbidden, "it is outside of the profile's login hours"),
    row("ORG_LOCKED", "", ErrorKind::Forbidden, "the organisation is locked"),
    row("API_DISABLED_FOR_ORG", "", ErrorKind::Forbidden, NO_API),
    row("API_CURRENTLY_DISABLED", "", ErrorKind::Forbidden, NO_API),
    of(
        Kind::Soap,
        row(
            "INVALID_OPERATION",
            "",
            ErrorKind::Config,
            "SOAP login() is off in this organisation, as in every new one, and will be retired: use client credentials or \
             JWT bearer",
        ),
    ),
];

/// Adds to a refusal what it means and what to do. Errors that are no refusals, such as lost connections, stay as they
/// are.
pub(super) fn explain(error: Error, asked: &Asked) -> Error {
    let code = error.vendor_code().unwrap_or_default();
    let words = error.vendor_message().to_ascii_lowercase();
    let fits =
        |row: &&Row| row.code == code && words.contains(row.words) && row.flow.is_none_or(|flow| flow == asked.kind);
    let Some(row) = TABLE.iter().find(fits) else {
        return error;
    };
    let transient = row.kind == ErrorKind::RateLimited;
    let error = error.with_kind(row.kind).with_retryable(transient);
    error.with_hint(format!("at {}: {}", asked.host.origin(), row.hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(kind: Kind, code: &str, words: &str) -> Error {
        let asked = Asked { kind, host: BaseUrl::parse("https://login.salesforce.com").unwrap() };
        let error = Error::new(ErrorKind::Invalid, "auth.token").with_code(code).with_message(words);
        explain(error, &asked)
    }

    #[test]
    fn each_refusal_is_told_apart_from_the_others() {
        use ErrorKind::{Config, Forbidden, RateLimited, Unauthorized};
        let cases = [
            (Kind::Password, "invalid_grant", "authentication failure", Unauthorized, "security token"),
            (Kind::Password, "invalid_grant", "authentication failure - Invalid Password", Unauthorized, "locked"),
            (Kind::Refresh, "invalid_grant", "expired access/refresh token", Unauthorized, "authorise the app again"),
            (Kind::JwtBearer, "invalid_grant", "user hasn't approved this consumer", Forbidden, "pre-authorized"),
            (Kind::JwtBearer, "invalid_grant", "inactive organization", Forbidden, "organisation is locked"),
            (Kind::JwtBearer, "invalid_grant", "inactive user", Forbidden, "deactivated"),
            (Kind::JwtBearer, "invalid_grant", "audience is invalid", Config, "audience"),
            (Kind::JwtBearer, "invalid_grant", "invalid assertion", Unauthorized, "certificate"),
            (Kind::ClientCredentials, "invalid_grant", "request not supported on this domain", Config, "My Domain"),
            (Kind::ClientCredentials, "invalid_grant", "no client credentials user enabled", Config, "Run As"),
            (Kind::ClientCredentials, "invalid_client_id", "client identifier invalid", Unauthorized, "consumer key"),
            (Kind::ClientCredentials, "invalid_client", "invalid client credentials", Unauthorized, "consumer secret"),
            (
                Kind::ClientCredentials,
                "unsupported_grant_type",
                "grant type not supported",
                Config,
                "Client Credentials",
            ),
            (
                Kind::JwtBearer,
                "invalid_app_access",
                "user is not admin approved to access this app",
                Forbidden,
                "approve",
            ),
            (Kind::JwtBearer, "invalid_request", "refresh_token scope is required", Config, "refresh_token, offline"),
            (Kind::Code, "invalid_grant", "expired authorization code", Unauthorized, "15 minutes"),
            (Kind::Code, "invalid_grant", "invalid code verifier", Unauthorized, "randomness"),
            (Kind::Code, "redirect_uri_mismatch", "redirect_uri must match configuration", Config, "callback"),
            (Kind::Exchange, "invalid_request", "token handler not found", Config, "token handler"),
            (Kind::Password, "rate_limit_exceeded", "login rate exceeded", RateLimited, "too often"),
            (Kind::Soap, "INVALID_LOGIN", "Invalid username, password, security token", Unauthorized, "single sign-on"),
            (Kind::Soap, "LOGIN_MUST_USE_SECURITY_TOKEN", "", Unauthorized, "security_token"),
            (Kind::Soap, "API_DISABLED_FOR_ORG", "", Forbidden, "API Enabled"),
            (Kind::Soap, "INVALID_OPERATION", "SOAP API login() is disabled by default in this org.", Config, "JWT"),
        ];
        for (flow, code, words, kind, hint) in cases {
            let error = explained(flow, code, words);
            assert_eq!(error.kind(), kind, "{code} {words}");
            assert!(error.hint().contains(hint), "{code} {words}: {}", error.hint());
            assert!(
                error.to_string().contains(code) && error.to_string().contains(words),
                "the vendor's own words: {error}"
            );
            assert!(error.hint().contains("login.salesforce.com"), "where: {}", error.hint());
            assert_eq!(error.is_retryable(), kind == RateLimited);
        }
    }

    #[test]
    fn what_is_not_known_stays_as_it_is() {
        let error = explained(Kind::Password, "some_future_code", "words");
        assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Invalid, Some("some_future_code")));
    }
}
