//! What the vendor's errors mean. Every shape of error body ends here, and the meaning of a code is decided in one place.

mod codes;
mod entries;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use rest_core::{Acted, Classified, Error, ErrorKind, LimitFeedback, Profile};
use serde_json::value::RawValue;

use crate::VENDOR;
use crate::usage::{ApiUsage, UsageBoard};
pub(crate) use codes::is_consequence;
use codes::{Again, hint_of_status, meaning};
pub(crate) use entries::several;
pub use entries::{ApiError, Duplicates, ErrorDetails, MatchRecord, MatchResult};

/// The errors of a body in any of its shapes: an array, a bare object, or OAuth's object. None for HTML and the like.
pub(crate) fn parse(body: &[u8]) -> Vec<ApiError> {
    let entries: Vec<Box<RawValue>> = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_slice(body).map(|entry: Box<RawValue>| vec![entry]))
        .unwrap_or_default();
    if entries.is_empty() && body.starts_with(b"error=") {
        // Revocation is refused in the form encoding of what was sent.
        return vec![ApiError::of_form(body)];
    }
    let errors = entries.iter().filter_map(|entry| serde_json::from_str::<ApiError>(entry.get()).ok());
    errors.filter(|error| !error.code.is_empty() || !error.message.is_empty()).collect()
}

/// The error in a SOAP fault.
#[cfg(feature = "soap")]
fn fault(body: &[u8]) -> Option<ApiError> {
    crate::soap::fault(body)
}

#[cfg(not(feature = "soap"))]
fn fault(_: &[u8]) -> Option<ApiError> {
    None
}

/// The entry that tells the cause: not one that failed only because another did.
fn cause(errors: &[ApiError]) -> Option<&ApiError> {
    errors.iter().find(|error| !is_consequence(&error.code)).or(errors.first())
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
    class.hint = hint_of_status(status.as_u16());
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        class.kind = ErrorKind::Config;
    }
    let fault = fault(body);
    let is_fault = fault.is_some();
    let errors = fault.map_or_else(|| parse(body), |fault| vec![fault]);
    let Some(first) = cause(&errors) else {
        return class;
    };
    if is_fault {
        // A fault comes with 500, but refuses the call as a whole like a 4xx.
        class = Classified::new(ErrorKind::Invalid);
    }
    if let Some(meaning) = meaning(&first.code, &first.message) {
        class.kind = meaning.kind;
        class.transient = meaning.again != Again::No;
        class.hint = meaning.hint.or(class.hint);
        class.refresh_auth = status == StatusCode::UNAUTHORIZED && first.code == "INVALID_SESSION_ID";
        if status.is_client_error() || is_fault {
            // A 4xx refuses as a whole, but for what ran too long or broke: that may have been carried out.
            class.acted = if meaning.again == Again::IfHarmless { Acted::Unknown } else { Acted::No };
        }
    }
    class.message = errors.iter().map(ApiError::words).collect::<Vec<_>>().join("; ");
    class.fields = errors.iter().flat_map(ApiError::field_errors).collect();
    class.code = Some(first.code.clone());
    class
}

/// The error of one record of a collections answer, or of an error body inside another answer.
pub(crate) fn record_error(operation: &'static str, errors: &[ApiError]) -> Error {
    let Some(first) = cause(errors) else {
        let error = Error::new(ErrorKind::Invalid, operation).with_vendor(VENDOR);
        return error.with_message("the record was refused without a reason");
    };
    let meaning = meaning(&first.code, &first.message);
    let error = Error::new(meaning.map_or(ErrorKind::Invalid, |meaning| meaning.kind), operation)
        .with_vendor(VENDOR)
        .with_code(&first.code)
        .with_message(errors.iter().map(ApiError::words).collect::<Vec<_>>().join("; "))
        .with_fields(errors.iter().flat_map(ApiError::field_errors).collect())
        .with_body(serde_json::to_string(errors).unwrap_or_default())
        .with_retryable(meaning.is_some_and(|meaning| meaning.again != Again::No));
    match meaning.and_then(|meaning| meaning.hint) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Several records carry the external id that a call named: a 300, whose body lists their paths.
pub(crate) fn multiple_choices(operation: &'static str, field: &str, body: &[u8]) -> Error {
    let ids = several(body);
    let named = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Error::new(ErrorKind::Conflict, operation)
        .with_vendor(VENDOR)
        .with_status(StatusCode::MULTIPLE_CHOICES)
        .with_code("MULTIPLE_CHOICES")
        .with_message(format!("{} records carry this value of {field}: {named}", ids.len()))
        .with_body(String::from_utf8_lossy(body).into_owned())
        .with_hint("make the external id field unique, or merge the records")
}

/// What the pipeline must know about Salesforce.
#[derive(Debug, Clone, Default)]
pub(crate) struct SalesforceProfile {
    /// Where the usage that answers tell is kept.
    pub(crate) usage: Arc<UsageBoard>,
}

impl Profile for SalesforceProfile {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified {
        classify(status, headers, body)
    }

    fn limits(&self, headers: &HeaderMap, _: DateTime<Utc>) -> LimitFeedback {
        let usage = headers.get("sforce-limit-info").and_then(|value| ApiUsage::parse(value.to_str().ok()?));
        let Some(usage) = usage else { return LimitFeedback::default() };
        let feedback = usage.feedback();
        self.usage.note(usage);
        feedback
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rest_core::FieldError;

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
}
