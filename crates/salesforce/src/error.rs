//! What the vendor's errors mean. Every shape of error body ends here, and the meaning of a code is decided in one place.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use rest_core::{Acted, Allowance, Classified, Error, ErrorKind, FieldError, LimitFeedback, Profile};
use serde::Deserialize;

use crate::VENDOR;

/// One error as the API words it: REST writes `errorCode`, collections write `statusCode`, OAuth writes `error`.
#[derive(Clone, Deserialize)]
pub(crate) struct ApiError {
    #[serde(alias = "errorCode", alias = "statusCode", alias = "exceptionCode", alias = "error", default)]
    pub(crate) code: String,
    #[serde(alias = "error_description", alias = "exceptionMessage", default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) fields: Option<Vec<String>>,
    /// The key is misspelt by the vendor; some versions spell it right.
    #[serde(alias = "duplicateResut", default, rename = "duplicateResult")]
    duplicates: Option<Duplicates>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Duplicates {
    #[serde(default)]
    allow_save: bool,
    #[serde(default)]
    match_results: Vec<MatchResult>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MatchResult {
    #[serde(default)]
    match_records: Vec<MatchRecord>,
}

#[derive(Clone, Deserialize)]
struct MatchRecord {
    record: MatchedId,
}

#[derive(Clone, Deserialize)]
struct MatchedId {
    #[serde(rename = "Id")]
    id: String,
}

impl ApiError {
    /// The vendor's words, with the ids of the records that a duplicate rule matched.
    fn words(&self) -> String {
        let Some(duplicates) = &self.duplicates else { return self.message.clone() };
        let records = duplicates.match_results.iter().flat_map(|result| &result.match_records);
        let ids: Vec<&str> = records.map(|matched| matched.record.id.as_str()).collect();
        let allow = if duplicates.allow_save { "; the rule lets it be saved all the same" } else { "" };
        format!("{} (matches {}{allow})", self.message, ids.join(", "))
    }
}

/// The errors of a body in any of its shapes: an array, a bare object, or OAuth's object. None for HTML and the like.
pub(crate) fn parse(body: &[u8]) -> Vec<ApiError> {
    let errors: Vec<ApiError> = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_slice(body).map(|error: ApiError| vec![error]))
        .unwrap_or_default();
    errors.into_iter().filter(|error| !error.code.is_empty() || !error.message.is_empty()).collect()
}

/// What one code means.
struct Meaning {
    kind: ErrorKind,
    /// Whether the same request may succeed soon.
    transient: bool,
    hint: Option<&'static str>,
}

/// The meaning of a code. `None` for the many that only mean that the content was refused.
fn meaning(code: &str, message: &str) -> Option<Meaning> {
    use ErrorKind::{
        Config, Conflict, Forbidden, Invalid, NotFound, Precondition, QuotaExhausted, RateLimited, Server, Timeout,
        TooLarge, Unauthorized, Unsupported,
    };
    let is = |kind| Meaning { kind, transient: false, hint: None };
    let soon = |kind| Meaning { kind, transient: true, hint: None };
    let hinted = |kind, hint| Meaning { kind, transient: false, hint: Some(hint) };
    const LOCKED: &str = "another write holds the row; send the failed rows again a little later";
    Some(match code {
        "INVALID_SESSION_ID" => {
            hinted(Unauthorized, "the session ended or belongs to another organisation; log in again")
        }
        "INVALID_AUTH_HEADER" => {
            hinted(Unauthorized, "check that the access token was given without `Bearer` in front")
        }
        "REQUEST_LIMIT_EXCEEDED" if message.contains("oncurrent") => soon(RateLimited),
        "REQUEST_LIMIT_EXCEEDED" => {
            hinted(QuotaExhausted, "the organisation's API calls of 24 hours are spent; wait, or buy more")
        }
        "TOO_MANY_APEX_REQUESTS" => soon(RateLimited),
        "STORAGE_LIMIT_EXCEEDED" => hinted(QuotaExhausted, "the organisation's storage is full; free some or buy more"),
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" => {
            hinted(Forbidden, "the organisation or the user has no API access; see `API Enabled` in the user's profile")
        }
        "INSUFFICIENT_ACCESS_OR_READONLY"
        | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
        | "INSUFFICIENT_ACCESS"
        | "FORBIDDEN"
        | "TXN_SECURITY_METERING_ERROR" => is(Forbidden),
        "NOT_FOUND" => is(NotFound),
        "ENTITY_IS_DELETED" => hinted(NotFound, "the record is in the recycle bin, or was merged into another"),
        "GONE" => hinted(Unsupported, "this version of the API was retired; set a newer ApiVersion"),
        "METHOD_NOT_ALLOWED" => is(Unsupported),
        "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE" => is(Precondition),
        "DUPLICATE_VALUE" => hinted(Conflict, "another record holds this value of a unique field"),
        "DUPLICATES_DETECTED" => hinted(
            Conflict,
            "a duplicate rule matched; use the record it names, or allow duplicates in the client's settings",
        ),
        "DUPLICATE_EXTERNAL_ID" => hinted(Conflict, "several records carry this external id; make the field unique"),
        "ENTITY_IS_LOCKED" => hinted(Conflict, "the record is locked by an approval process"),
        "DELETE_FAILED" => is(Conflict),
        "UNABLE_TO_LOCK_ROW" => Meaning { hint: Some(LOCKED), ..soon(Conflict) },
        // Triggers and flows wrap the lock error of what they do.
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" | "CANNOT_EXECUTE_FLOW_TRIGGER"
            if message.contains("UNABLE_TO_LOCK_ROW") =>
        {
            Meaning { hint: Some(LOCKED), ..soon(Conflict) }
        }
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" | "CANNOT_EXECUTE_FLOW_TRIGGER" => {
            hinted(Invalid, "automation in the organisation refused the record; its administrator can say why")
        }
        "FIELD_CUSTOM_VALIDATION_EXCEPTION" => {
            hinted(Invalid, "a validation rule of the organisation refused the record")
        }
        "INVALID_FIELD" => {
            hinted(Invalid, "check the field's API name, and that field-level security shows it to this user")
        }
        "INVALID_FIELD_FOR_INSERT_UPDATE" => hinted(Invalid, "the field is read-only, or not writable for this user"),
        "INACTIVE_OWNER_OR_USER" => hinted(Invalid, "give the record to an active user"),
        "CANNOT_UPDATE_CONVERTED_LEAD" => hinted(Invalid, "the lead was converted; write to its contact"),
        "INVALID_QUERY_LOCATOR" => hinted(Precondition, "the query's cursor has ended; run the query again"),
        "INVALID_REPLICATION_DATE" => hinted(Invalid, "the window must lie within the last 30 days (deletions: 15)"),
        "LIMIT_EXCEEDED" | "EXCEEDED_ID_LIMIT" | "OPERATION_TOO_LARGE" => is(TooLarge),
        "QUERY_TIMEOUT" => {
            Meaning { hint: Some("filter by an indexed field, or read less at a time"), ..soon(Timeout) }
        }
        "REQUEST_RUNNING_TOO_LONG" => soon(Timeout),
        "SERVER_UNAVAILABLE" | "UNKNOWN_EXCEPTION" => soon(Server),
        "PROCESSING_HALTED" | "ALL_OR_NONE_OPERATION_ROLLED_BACK" | "BATCH_PROCESSING_HALTED" => {
            hinted(Precondition, "another part of the request failed, so this one was not done")
        }
        "invalid_grant" => hinted(
            Unauthorized,
            "client credentials work at the organisation's My Domain only, with a run-as user on the app; check user and app",
        ),
        "invalid_client_id" => {
            hinted(Unauthorized, "check the consumer key, and that the app belongs to this organisation")
        }
        "invalid_client" => hinted(Unauthorized, "check the consumer secret"),
        "invalid_app_access" | "inactive_user" | "inactive_org" => {
            hinted(Forbidden, "an administrator must approve the app for this user")
        }
        "unsupported_grant_type" => hinted(Config, "switch the client credentials flow on in the app's OAuth settings"),
        _ => return None,
    })
}

/// What a failed answer means: the one place where status, code and message come together.
fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified {
    let mut class = Classified::from_status(status, headers);
    if status.as_u16() == 420 {
        // Routing to the organisation failed before anything was looked at.
        (class.kind, class.transient) = (ErrorKind::Server, true);
    }
    if body.starts_with(b"Bad_OAuth_Token") || body.starts_with(b"Missing_OAuth_Token") {
        // The identity endpoints word an ended session in their own way.
        (class.kind, class.refresh_auth) = (ErrorKind::Unauthorized, true);
    }
    let errors = parse(body);
    let Some(first) = errors.iter().find(|error| !is_consequence(&error.code)).or(errors.first()) else {
        return class;
    };
    if let Some(Meaning { kind, transient, hint }) = meaning(&first.code, &first.message) {
        class.kind = kind;
        class.transient = transient;
        class.hint = hint;
        class.refresh_auth = status == StatusCode::UNAUTHORIZED && first.code == "INVALID_SESSION_ID";
        if status.is_client_error() {
            // A 4xx refuses as a whole, but for these: what ran too long or broke may have been carried out.
            let doubtful = matches!(first.code.as_str(), "REQUEST_RUNNING_TOO_LONG" | "UNKNOWN_EXCEPTION");
            class.acted = if doubtful { Acted::Unknown } else { Acted::No };
        }
    }
    class.message = errors.iter().map(ApiError::words).collect::<Vec<_>>().join("; ");
    class.fields = errors.iter().flat_map(field_errors).collect();
    class.code = Some(first.code.clone());
    class
}

/// Said of records that failed only because another did.
fn is_consequence(code: &str) -> bool {
    matches!(code, "PROCESSING_HALTED" | "ALL_OR_NONE_OPERATION_ROLLED_BACK" | "BATCH_PROCESSING_HALTED")
}

fn field_errors(error: &ApiError) -> impl Iterator<Item = FieldError> + '_ {
    let fields = error.fields.iter().flatten();
    fields.map(|field| FieldError::new(field, &error.message).with_code(&error.code))
}

/// The error of one record of a collections answer, or of an error body inside another answer.
pub(crate) fn record_error(operation: &'static str, errors: &[ApiError]) -> Error {
    let Some(first) = errors.iter().find(|error| !is_consequence(&error.code)).or(errors.first()) else {
        let error = Error::new(ErrorKind::Invalid, operation).with_vendor(VENDOR);
        return error.with_message("the record was refused without a reason");
    };
    let Meaning { kind, transient, hint } = meaning(&first.code, &first.message).unwrap_or(Meaning {
        kind: ErrorKind::Invalid,
        transient: false,
        hint: None,
    });
    let error = Error::new(kind, operation)
        .with_vendor(VENDOR)
        .with_code(&first.code)
        .with_message(errors.iter().map(ApiError::words).collect::<Vec<_>>().join("; "))
        .with_fields(errors.iter().flat_map(field_errors).collect())
        .with_retryable(transient);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// What the pipeline must know about Salesforce.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SalesforceProfile;

impl Profile for SalesforceProfile {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified {
        classify(status, headers, body)
    }

    fn limits(&self, headers: &HeaderMap, _: DateTime<Utc>) -> LimitFeedback {
        let daily = headers.get("sforce-limit-info").and_then(|value| usage(value.to_str().ok()?));
        daily.map_or_else(LimitFeedback::default, |daily| LimitFeedback::default().with_daily(daily))
    }
}

/// Reads `api-usage=18/15000; per-app-api-usage=17/250(appName=x)`.
fn usage(header: &str) -> Option<Allowance> {
    let (used, limit) = header.split(';').find_map(|part| part.trim().strip_prefix("api-usage=")?.split_once('/'))?;
    let (used, limit): (u64, u64) = (used.trim().parse().ok()?, limit.trim().parse().ok()?);
    Some(Allowance { remaining: limit.saturating_sub(used), limit: Some(limit), reset_in: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(status: u16, body: &str) -> Classified {
        classify(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn codes_mean_what_the_table_says() {
        use ErrorKind::{
            Config, Conflict, Forbidden, Invalid, NotFound, Precondition, QuotaExhausted, RateLimited, Server, Timeout,
            TooLarge, Unauthorized, Unsupported,
        };
        for (status, code, message, kind, transient, acted) in [
            (401, "INVALID_SESSION_ID", "Session expired or invalid", Unauthorized, false, Acted::No),
            (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", QuotaExhausted, false, Acted::No),
            (
                403,
                "REQUEST_LIMIT_EXCEEDED",
                "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
                RateLimited,
                true,
                Acted::No,
            ),
            (403, "API_DISABLED_FOR_ORG", "", Forbidden, false, Acted::No),
            (400, "INSUFFICIENT_ACCESS_OR_READONLY", "", Forbidden, false, Acted::No),
            (404, "NOT_FOUND", "", NotFound, false, Acted::No),
            (404, "ENTITY_IS_DELETED", "entity is deleted", NotFound, false, Acted::No),
            (405, "METHOD_NOT_ALLOWED", "", Unsupported, false, Acted::No),
            (410, "GONE", "", Unsupported, false, Acted::No),
            (412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "", Precondition, false, Acted::No),
            (400, "JSON_PARSER_ERROR", "", Invalid, false, Acted::No),
            (400, "SOME_FUTURE_CODE", "", Invalid, false, Acted::No),
            (400, "MALFORMED_QUERY", "", Invalid, false, Acted::No),
            (400, "INVALID_QUERY_LOCATOR", "", Precondition, false, Acted::No),
            (400, "DUPLICATE_VALUE", "", Conflict, false, Acted::No),
            (400, "UNABLE_TO_LOCK_ROW", "", Conflict, true, Acted::No),
            (
                400,
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                "t: caused by UNABLE_TO_LOCK_ROW, x",
                Conflict,
                true,
                Acted::No,
            ),
            (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "t: caused by a rule", Invalid, false, Acted::No),
            (400, "QUERY_TIMEOUT", "", Timeout, true, Acted::No),
            (400, "REQUEST_RUNNING_TOO_LONG", "", Timeout, true, Acted::Unknown),
            (400, "EXCEEDED_ID_LIMIT", "", TooLarge, false, Acted::No),
            (403, "STORAGE_LIMIT_EXCEEDED", "", QuotaExhausted, false, Acted::No),
            (503, "SERVER_UNAVAILABLE", "", Server, true, Acted::Unknown),
            (500, "UNKNOWN_EXCEPTION", "", Server, true, Acted::Unknown),
            (400, "unsupported_grant_type", "grant type not supported", Config, false, Acted::No),
        ] {
            let class = judge(status, &format!(r#"[{{"errorCode":"{code}","message":"{message}"}}]"#));
            assert_eq!(
                (class.kind, class.transient, class.acted),
                (kind, transient, acted),
                "{status} {code} {message}"
            );
            assert_eq!(class.code.as_deref(), Some(code));
            assert_eq!(class.refresh_auth, code == "INVALID_SESSION_ID");
        }
    }

    #[test]
    fn every_shape_of_body_is_read() {
        let array = judge(
            400,
            r#"[{"message":"a","errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName"]},{"message":"b","errorCode":"X","fields":null}]"#,
        );
        assert_eq!(array.message, "a; b");
        assert_eq!(array.fields, [FieldError::new("LastName", "a").with_code("REQUIRED_FIELD_MISSING")]);
        let object = judge(404, r#"{"message":"gone","errorCode":"NOT_FOUND"}"#);
        assert_eq!((object.kind, object.message.as_str()), (ErrorKind::NotFound, "gone"));
        let oauth = judge(400, r#"{"error":"invalid_grant","error_description":"authentication failure"}"#);
        assert_eq!((oauth.kind, oauth.code.as_deref()), (ErrorKind::Unauthorized, Some("invalid_grant")));
        assert!(!oauth.refresh_auth, "the token endpoint's refusal is final");
        let halted = judge(
            400,
            r#"[{"errorCode":"PROCESSING_HALTED","message":"rolled back"},{"errorCode":"DUPLICATE_VALUE","message":"dup"}]"#,
        );
        assert_eq!(halted.code.as_deref(), Some("DUPLICATE_VALUE"), "the cause, not its consequence");
        for html in ["<h1>Bad Message 414</h1>", "", "[]", "null", "{", "[1]"] {
            let class = judge(414, html);
            assert_eq!((class.kind, class.code), (ErrorKind::TooLarge, None), "{html}");
        }
        assert!(judge(420, "").transient);
        let ended = judge(403, "Bad_OAuth_Token");
        assert_eq!(
            (ended.kind, ended.refresh_auth),
            (ErrorKind::Unauthorized, true),
            "the identity endpoints' own words"
        );
        assert!(judge(401, "<html>").refresh_auth, "without a code, any 401 asks for a new token");
    }

    #[test]
    fn duplicate_rules_name_the_records_they_matched() {
        for key in ["duplicateResut", "duplicateResult"] {
            let body = format!(
                r#"[{{"{key}":{{"allowSave":true,"matchResults":[{{"matchRecords":[{{"record":{{"attributes":{{}},"Id":"0031i000013x2TEAAY"}}}}]}}]}},
                   "errorCode":"DUPLICATES_DETECTED","message":"Use one of these records?"}}]"#
            );
            let class = judge(400, &body);
            assert_eq!(class.kind, ErrorKind::Conflict);
            assert!(
                class.message.contains("0031i000013x2TEAAY") && class.message.contains("lets it be saved"),
                "{}",
                class.message
            );
        }
    }

    #[test]
    fn a_refused_record_keeps_the_vendors_words() {
        let errors = parse(br#"[{"statusCode":"INVALID_EMAIL_ADDRESS","message":"Email: invalid email address: x","fields":["Email"]}]"#);
        let error = record_error("contacts.create_many", &errors);
        assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Invalid, Some("INVALID_EMAIL_ADDRESS")));
        assert_eq!(error.fields()[0].field, "Email");
        assert!(!error.is_retryable());
        let locked = record_error(
            "x",
            &parse(br#"{"statusCode":"UNABLE_TO_LOCK_ROW","message":"unable to obtain exclusive access"}"#),
        );
        assert!(locked.is_retryable());
        assert_eq!(record_error("x", &[]).kind(), ErrorKind::Invalid);
    }

    #[test]
    fn the_usage_header_is_read() {
        let left = |header| usage(header).map(|allowance| (allowance.remaining, allowance.limit));
        assert_eq!(left("api-usage=18/15000"), Some((14_982, Some(15_000))));
        assert_eq!(left("per-app-api-usage=17/250(appName=x); api-usage=20/15000"), Some((14_980, Some(15_000))));
        assert_eq!(left("api-usage=15001/15000"), Some((0, Some(15_000))));
        for bad in ["", "api-usage=", "api-usage=1", "api-usage=x/y", "usage=1/2"] {
            assert_eq!(left(bad), None, "{bad}");
        }
    }
}
