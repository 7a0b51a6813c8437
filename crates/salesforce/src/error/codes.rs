//! What the vendor's codes mean, as a table.

use rest_core::ErrorKind;
use rest_core::ErrorKind::{
    Config, Conflict, Forbidden, Invalid, NotFound, Precondition, QuotaExhausted, RateLimited, Server, Timeout,
    TooLarge, Unauthorized, Unsupported,
};

/// Whether the same request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It would be refused again.
    No,
    /// It was refused as a whole and may well succeed soon.
    Soon,
    /// It may succeed soon, but parts of it may have been done: only what does no harm twice.
    IfHarmless,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    pub(super) code: &'static str,
    /// The message must contain this.
    pub(super) says: &'static str,
    pub(super) kind: ErrorKind,
    pub(super) again: Again,
    pub(super) hint: Option<&'static str>,
}

const fn is(code: &'static str, kind: ErrorKind) -> Meaning {
    Meaning { code, says: "", kind, again: Again::No, hint: None }
}

const fn told(code: &'static str, kind: ErrorKind, hint: &'static str) -> Meaning {
    Meaning { hint: Some(hint), ..is(code, kind) }
}

const fn soon(code: &'static str, kind: ErrorKind, hint: &'static str) -> Meaning {
    Meaning { again: Again::Soon, ..told(code, kind, hint) }
}

const fn when(says: &'static str, meaning: Meaning) -> Meaning {
    Meaning { says, ..meaning }
}

const LOCKED: &str = "another write holds the row; send the failed rows again a little later";
const CONSEQUENCE: &str = "another part of the request failed, so this one was not done";
const AUTOMATION: &str = "automation in the organisation refused the record; its administrator can say why";
const ACCESS: &str = "the user lacks access to the record or to one it refers to; see its profile and sharing";
const API_OFF: &str = "the organisation or the user has no API access; see `API Enabled` in the user's profile";
const APPROVAL: &str = "an administrator must approve the app for this user";

/// The codes that mean more than "the content was refused", the first row that fits counts.
static TABLE: &[Meaning] = &[
    told("INVALID_SESSION_ID", Unauthorized, "the session ended or belongs to another organisation; log in again"),
    told("INVALID_AUTH_HEADER", Unauthorized, "check that the access token was given without `Bearer` in front"),
    when(
        "oncurrent",
        soon("REQUEST_LIMIT_EXCEEDED", RateLimited, "too many long requests at once; have fewer under way"),
    ),
    told(
        "REQUEST_LIMIT_EXCEEDED",
        QuotaExhausted,
        "the organisation's API calls of 24 hours are spent; wait, or buy more",
    ),
    soon("TOO_MANY_APEX_REQUESTS", RateLimited, "too many long requests at once; have fewer under way"),
    told("STORAGE_LIMIT_EXCEEDED", QuotaExhausted, "the organisation's storage is full; free some or buy more"),
    told("API_DISABLED_FOR_ORG", Forbidden, API_OFF),
    told("API_CURRENTLY_DISABLED", Forbidden, API_OFF),
    told("INSUFFICIENT_ACCESS_OR_READONLY", Forbidden, ACCESS),
    told("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", Forbidden, ACCESS),
    told("INSUFFICIENT_ACCESS", Forbidden, ACCESS),
    is("FORBIDDEN", Forbidden),
    is("TXN_SECURITY_METERING_ERROR", Forbidden),
    when(
        "external ID field does not exist",
        told(
            "NOT_FOUND",
            NotFound,
            "the path names neither a record's id nor an external id field that this user may see",
        ),
    ),
    is("NOT_FOUND", NotFound),
    told("ENTITY_IS_DELETED", NotFound, "the record is in the recycle bin, or was merged into another"),
    told("GONE", Unsupported, "this version of the API was retired; set a newer ApiVersion"),
    told(
        "METHOD_NOT_ALLOWED",
        Unsupported,
        "the path does not take this method; a PATCH or DELETE needs the record's id, or an external id, in its path",
    ),
    told("UNSUPPORTED_MEDIA_TYPE", Config, "send the body with its Content-Type, which is application/json mostly"),
    told(
        "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE",
        Precondition,
        "somebody changed the record; read it again and decide",
    ),
    told("DUPLICATE_VALUE", Conflict, "another record holds this value of a unique field"),
    told(
        "DUPLICATES_DETECTED",
        Conflict,
        "a duplicate rule matched; use the record it names, or allow duplicates in the client's settings",
    ),
    told("DUPLICATE_EXTERNAL_ID", Conflict, "several records carry this external id; make the field unique"),
    told("ENTITY_IS_LOCKED", Conflict, "the record is locked by an approval process"),
    told("DELETE_FAILED", Conflict, "the record is in use; delete or move what refers to it first"),
    soon("UNABLE_TO_LOCK_ROW", Conflict, LOCKED),
    // Triggers and flows wrap the lock error of what they do.
    when("UNABLE_TO_LOCK_ROW", soon("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", Conflict, LOCKED)),
    when("UNABLE_TO_LOCK_ROW", soon("CANNOT_EXECUTE_FLOW_TRIGGER", Conflict, LOCKED)),
    told("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", Invalid, AUTOMATION),
    told("CANNOT_EXECUTE_FLOW_TRIGGER", Invalid, AUTOMATION),
    told("FIELD_CUSTOM_VALIDATION_EXCEPTION", Invalid, "a validation rule of the organisation refused the record"),
    told("FIELD_FILTER_VALIDATION_EXCEPTION", Invalid, "a lookup filter of the organisation refused the reference"),
    told("INVALID_FIELD", Invalid, "check the field's API name, and that field-level security shows it to this user"),
    told("INVALID_FIELD_FOR_INSERT_UPDATE", Invalid, "the field is read-only, or not writable for this user"),
    told("INVALID_CROSS_REFERENCE_KEY", Invalid, "the record that is referred to does not exist or is hidden"),
    told("MALFORMED_ID", Invalid, "the value is no id, or one of another object"),
    told("INACTIVE_OWNER_OR_USER", Invalid, "give the record to an active user"),
    told("CANNOT_UPDATE_CONVERTED_LEAD", Invalid, "the lead was converted; write to its contact"),
    told("INVALID_QUERY_LOCATOR", Precondition, "the query's cursor has ended; run the query again"),
    told("INVALID_REPLICATION_DATE", Invalid, "the window must lie within the last 30 days (deletions: 15)"),
    is("LIMIT_EXCEEDED", TooLarge),
    told("EXCEEDED_ID_LIMIT", TooLarge, "narrow the window"),
    is("OPERATION_TOO_LARGE", TooLarge),
    soon("QUERY_TIMEOUT", Timeout, "filter by an indexed field, or read less at a time"),
    Meaning { again: Again::IfHarmless, ..is("REQUEST_RUNNING_TOO_LONG", Timeout) },
    soon("SERVER_UNAVAILABLE", Server, "the organisation is under maintenance or overloaded; try again later"),
    Meaning { again: Again::IfHarmless, ..is("UNKNOWN_EXCEPTION", Server) },
    told("PROCESSING_HALTED", Precondition, CONSEQUENCE),
    told("ALL_OR_NONE_OPERATION_ROLLED_BACK", Precondition, CONSEQUENCE),
    told("BATCH_PROCESSING_HALTED", Precondition, CONSEQUENCE),
    told(
        "invalid_grant",
        Unauthorized,
        "client credentials work at the organisation's My Domain only, with a run-as user on the app; check user and app",
    ),
    told("invalid_client_id", Unauthorized, "check the consumer key, and that the app belongs to this organisation"),
    told("invalid_client", Unauthorized, "check the consumer secret"),
    told("invalid_app_access", Forbidden, APPROVAL),
    told("inactive_user", Forbidden, APPROVAL),
    told("inactive_org", Forbidden, APPROVAL),
    told("unsupported_grant_type", Config, "switch the client credentials flow on in the app's OAuth settings"),
];

/// The meaning of a code. `None` for the many that only mean that the content was refused, and for unknown ones.
pub(super) fn meaning(code: &str, message: &str) -> Option<&'static Meaning> {
    TABLE.iter().find(|row| row.code == code && message.contains(row.says))
}

/// Said of records that failed only because another did.
pub(crate) fn is_consequence(code: &str) -> bool {
    matches!(code, "PROCESSING_HALTED" | "ALL_OR_NONE_OPERATION_ROLLED_BACK" | "BATCH_PROCESSING_HALTED")
}

/// What to do about a status that comes without a code, from the edge of the vendor's network.
pub(super) fn hint_of_status(status: u16) -> Option<&'static str> {
    Some(match status {
        405 => "the path does not take this method; a PATCH or DELETE needs the record's id in its path",
        409 => "the resource is in another state, or does not exist in this API version",
        412 => "somebody changed the record; read it again and decide",
        414 => "the address is too long (16,384 bytes with its query): name fewer fields, or send the query in a body",
        415 => "send the body with its Content-Type, which is application/json mostly",
        428 => "the resource is only changed under a condition: send If-Unmodified-Since or If-Match",
        431 => "address and headers together are too long (16,384 bytes): shorten the query or the headers",
        _ => return None,
    })
}
