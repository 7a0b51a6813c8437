//! Switches for behaviour that the vendor does not document, or that differs between organisations.

use serde::{Deserialize, Serialize};

use super::rules::{DuplicateRule, ValidationRule};

/// How the emulated organisation behaves where the vendor's documents are silent or organisations differ.
///
/// The defaults are what has most often been seen. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Quirks {
    /// API calls allowed in any 24 hours; further ones are answered 403 `REQUEST_LIMIT_EXCEEDED`. The default is
    /// the allowance of a full sandbox.
    pub daily_api_requests: u32,
    /// Life of an access token from the token endpoint after its last use. The token of the ready line does not
    /// age. (Not documented; two hours is the usual setting.)
    pub session_timeout_seconds: u32,
    /// Whether this host plays `login.salesforce.com` and not the organisation's My Domain, so that the client
    /// credentials flow is refused.
    pub is_login_host: bool,
    /// Whether SOAP `login()` is on; off in new organisations.
    pub soap_login: bool,
    /// Whether the caller's address is trusted, so that the security token may be left out after the password.
    pub trusted_address: bool,
    /// Whether the authorize page lets the app in at once, as the integration user; else it shows a login form.
    pub approve_at_once: bool,
    /// Whether the organisation has the API at all, as its edition decides.
    pub api_enabled: bool,
    /// Whether the organisation is active; the tokens of one that is not are refused with `inactive organization`.
    pub organization_active: bool,
    /// Whether the token endpoint accepts `grant_type=password`; off in new organisations.
    pub password_grant: bool,
    /// Whether each refresh hands out a new refresh token and kills the old one; reuse of a dead one then revokes
    /// the whole family.
    pub rotate_refresh_tokens: bool,
    /// How many query cursors stay open; the oldest is closed for a new one (not documented: 10).
    pub open_cursors: usize,
    /// Life of a query cursor; two days.
    pub cursor_lifetime_seconds: u32,
    /// By how many minutes the users' time zone is ahead of UTC: relative dates in queries (`TODAY`) begin and end at
    /// that zone's midnight, and `convertTimezone()` converts to it. The zone has no summer time.
    pub user_zone_minutes: i32,
    /// How long a new or changed record stays out of the search index. (Real ones take seconds to minutes.)
    pub search_delay_seconds: u32,
    /// Whether text loses its leading and trailing blanks on save (not documented).
    pub trim_text: bool,
    /// Whether `!=`, `NOT IN` and `NOT (… LIKE …)` let rows with a null in the field pass (sources disagree).
    pub null_is_different: bool,
    /// Whether reading a deleted record by its id says `ENTITY_IS_DELETED` instead of `NOT_FOUND`; both are seen.
    pub read_of_deleted_says_deleted: bool,
    /// The code for a reference to a record of a wrong object: `MALFORMED_ID`, or else
    /// `FIELD_INTEGRITY_EXCEPTION`; both are seen.
    pub wrong_reference_is_malformed_id: bool,
    /// Whether an upsert may not repeat its external id field in the body (not documented).
    pub refuse_external_id_in_body: bool,
    /// Whether an account with a won opportunity refuses to be deleted with `DELETE_FAILED`.
    pub protect_accounts_with_won_deals: bool,
    /// Whether a change of a record by id without a conditional header is answered 428.
    pub demand_conditional_updates: bool,
    /// Endings of external ids, without the dot, that the edge takes for those of blocked files and answers with 404.
    /// Which there are is not documented; `inc` is the documented example.
    pub blocked_endings: Vec<String>,
    /// Validation rules that an administrator has set up. None at first.
    pub validation_rules: Vec<ValidationRule>,
    /// Duplicate rules that an administrator has set up. None at first.
    pub duplicate_rules: Vec<DuplicateRule>,
    /// Paths below `services/apexrest` that custom code answers: with an echo of the request.
    pub apex_rest: Vec<String>,
    /// The connected app of the API tokens, and how many calls it may make in 24 hours if it has an allotment of its own.
    pub app: Option<AppAllotment>,
    /// Whether a new owner of an account becomes that of the former owner's contacts and open opportunities there, too.
    pub owner_cascade: bool,
    /// By how much `latestDateCovered` of the change feeds trails the present, as with long open transactions.
    pub feed_lag_seconds: u32,
    /// Whether parts of a composite request that may be collated (`collateSubrequests`) are run in reverse. Their order is
    /// not promised; callers who rely on it without a reference are wrong, and this shows it.
    pub collated_parts_run_in_reverse: bool,
    /// For how many seconds after its data was complete a bulk job waits before it runs. Default 0.
    pub bulk_seconds: u32,
    /// How often a bulk job must be looked at before it runs. With 0, the default, it runs by itself.
    pub bulk_polls: u32,
    /// Whether the results of ingest jobs come in another order than the upload (seeded); on by default, because
    /// callers must not count on the order.
    pub bulk_shuffle: bool,
    /// Whether the user may delete for good with `hardDelete`; off by default, as in most profiles.
    pub bulk_hard_delete: bool,
    /// Every n-th row of an ingest job fails with `UNABLE_TO_LOCK_ROW`, as if others wrote to it. Default 0: none.
    pub bulk_lock_every: usize,
    /// Whether rows fail with `UNABLE_TO_LOCK_ROW` when an earlier batch of the same job holds their parent: what
    /// happens to unsorted uploads. Off by default.
    pub bulk_parent_locks: bool,
    /// Rows of one batch, for `bulk_parent_locks`. Default 10,000, as on the platform.
    pub bulk_batch_rows: usize,
    /// Ingest jobs die after so many rows and leave the others unprocessed. Default 0: never.
    pub bulk_fail_after_rows: usize,
    /// Whether records that one transaction changed in the same way share a change event (the vendor may do so).
    pub group_change_events: bool,
    /// How many changes of an object one transaction may tell; behind them comes one `GAP_OVERFLOW`.
    pub change_event_overflow: u32,
}

/// The allotment of one connected app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppAllotment {
    /// The app's name.
    pub name: String,
    /// Calls in any 24 hours.
    pub daily_api_requests: u32,
}

impl Default for Quirks {
    fn default() -> Quirks {
        Quirks {
            daily_api_requests: 5_000_000,
            session_timeout_seconds: 2 * 60 * 60,
            is_login_host: false,
            soap_login: true,
            trusted_address: true,
            approve_at_once: true,
            api_enabled: true,
            organization_active: true,
            password_grant: true,
            rotate_refresh_tokens: false,
            open_cursors: 10,
            cursor_lifetime_seconds: 2 * 24 * 60 * 60,
            user_zone_minutes: 0,
            search_delay_seconds: 0,
            trim_text: true,
            null_is_different: true,
            read_of_deleted_says_deleted: false,
            wrong_reference_is_malformed_id: true,
            refuse_external_id_in_body: true,
            protect_accounts_with_won_deals: false,
            demand_conditional_updates: false,
            blocked_endings: ["inc", "exe"].map(str::to_owned).to_vec(),
            validation_rules: Vec::new(),
            duplicate_rules: Vec::new(),
            apex_rest: Vec::new(),
            app: None,
            owner_cascade: true,
            feed_lag_seconds: 0,
            collated_parts_run_in_reverse: false,
            bulk_seconds: 0,
            bulk_polls: 0,
            bulk_shuffle: true,
            bulk_hard_delete: false,
            bulk_lock_every: 0,
            bulk_parent_locks: false,
            bulk_batch_rows: 10_000,
            bulk_fail_after_rows: 0,
            group_change_events: false,
            change_event_overflow: 100_000,
        }
    }
}

impl Quirks {
    /// These quirks with some switches changed.
    ///
    /// # Errors
    /// A sentence that names the unknown switch or the wrong value.
    pub(crate) fn changed(&self, changes: &serde_json::Value) -> Result<Quirks, String> {
        let changes = changes.as_object().ok_or("the switches must be given as a JSON object")?;
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Some(all) = all.as_object_mut() {
            all.extend(changes.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}
