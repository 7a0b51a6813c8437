//! Switches for what the vendor does not document.

use serde::{Deserialize, Serialize};

/// How an account behaves where the vendor's documentation is silent or contradicts itself. The defaults are what
/// recorded answers suggest, or the best guess.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Quirks {
    /// Calls per hour for the whole account: Free and Growth 1000, Pro 2000, Enterprise 5000 (documented).
    pub hourly_limit: u32,
    /// Sends `x-ratelimit-limit`, `-remaining` and `-reset` (seconds to the next full hour). Undocumented; off.
    pub rate_limit_headers: bool,
    /// Calls per minute that the gateway admits before it looks at the key; beyond, 429 with a `Retry-After` of
    /// three minutes. 0: no such gateway (default).
    pub edge_limit_per_minute: u32,
    /// Every so many-th contact call fails with the 400 that hides an inner 429. 0: never (default).
    pub inner_limit_every: u32,
    /// Offset of the account's time zone from UTC, in minutes. Default -360.
    pub utc_offset_minutes: i32,
    /// Creates of tasks and upserts that created answer 200 instead of 201. Default off.
    pub always_200: bool,
    /// Refuses JSON bodies that are not labelled `application/json` with 415. Default on.
    pub json_content_type_required: bool,
    /// Accepts a record without its envelope (`{"first_name":…}` for `{"contact":{…}}`). Default off.
    pub envelope_optional: bool,
    /// Creates contacts that have a name but neither e-mail nor mobile number (older accounts). Default off.
    pub contact_names_suffice: bool,
    /// Requires `last_name` on contacts. Default off.
    pub contact_last_name_required: bool,
    /// Refuses a mobile number that another contact has. Default off.
    pub mobile_number_unique: bool,
    /// Refuses an `external_id` that another contact has. Default off.
    pub external_id_unique: bool,
    /// A record in the recycle bin keeps its unique values reserved. Default on.
    pub deleted_blocks_unique: bool,
    /// A record in the recycle bin can still be read by id, with `is_deleted: true`. Default on.
    pub deleted_readable: bool,
    /// Deleting a record sets its `updated_at`. Default on.
    pub delete_touches_updated_at: bool,
    /// A write that changes nothing leaves `updated_at` alone. Default on.
    pub no_change_keeps_updated_at: bool,
    /// Writing or deleting a note sets the `updated_at` of what it is about. Default on.
    pub note_touches_parent: bool,
    /// Writing or deleting a task sets the `updated_at` of what it is about. Default off.
    pub task_touches_parent: bool,
    /// Writing a deal sets the `updated_at` of its account and contacts, whose sums it changes. Default off.
    pub deal_touches_parents: bool,
    /// `created_at` and `updated_at` in a write are stored instead of ignored. Default off.
    pub timestamps_writable: bool,
    /// An unknown `cf_…` key is refused with 400 instead of ignored. Default off.
    pub unknown_custom_field_refused: bool,
    /// A contact who unsubscribed cannot be subscribed again by the API. Default off.
    pub resubscribe_refused: bool,
    /// Notes and tasks answer a delete with `{"success":"200"}`; otherwise `{"success":true}`. Default on.
    pub delete_success_as_text: bool,
    /// Deal writes and account reads answer with `users` although nobody asked for them. Default on.
    pub uninvited_users: bool,
    /// There is a view named `All Deals`. Default on.
    pub all_deals_view: bool,
    /// Rows of an unsorted view change places between two calls. Default off.
    pub unsorted_views_shuffle: bool,
    /// Pages hold three rows fewer than asked for although more follow. Default off.
    pub short_pages: bool,
    /// Seconds until a change shows in views; the last older version shows meanwhile. Default 0.
    pub view_delay_seconds: u32,
    /// Seconds until a change shows in search, lookup and filtered search. Default 0.
    pub search_delay_seconds: u32,
    /// A filtered search without hits answers `{}`. Default off.
    pub empty_search_is_empty_object: bool,
    /// Seconds after which a bulk job is done even if nobody asks; each poll does half of it. Default 5.
    pub bulk_job_seconds: u32,
    /// Bulk jobs that may run at a time; one more is answered with 405. Default 5.
    pub bulk_jobs_at_a_time: u32,
    /// The report of a bulk job is a JSON text inside the JSON (seen live) instead of an object (documented). Default on.
    pub bulk_report_as_text: bool,
}

impl Default for Quirks {
    fn default() -> Quirks {
        Quirks {
            hourly_limit: 5_000,
            rate_limit_headers: false,
            edge_limit_per_minute: 0,
            inner_limit_every: 0,
            utc_offset_minutes: -360,
            always_200: false,
            json_content_type_required: true,
            envelope_optional: false,
            contact_names_suffice: false,
            contact_last_name_required: false,
            mobile_number_unique: false,
            external_id_unique: false,
            deleted_blocks_unique: true,
            deleted_readable: true,
            delete_touches_updated_at: true,
            no_change_keeps_updated_at: true,
            note_touches_parent: true,
            task_touches_parent: false,
            deal_touches_parents: false,
            timestamps_writable: false,
            unknown_custom_field_refused: false,
            resubscribe_refused: false,
            delete_success_as_text: true,
            uninvited_users: true,
            all_deals_view: true,
            unsorted_views_shuffle: false,
            short_pages: false,
            view_delay_seconds: 0,
            search_delay_seconds: 0,
            empty_search_is_empty_object: false,
            bulk_job_seconds: 5,
            bulk_jobs_at_a_time: 5,
            bulk_report_as_text: true,
        }
    }
}

impl Quirks {
    /// A copy with some switches changed by their JSON names.
    pub(super) fn changed(&self, changes: &serde_json::Value) -> Result<Quirks, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let (Some(all_map), Some(changes)) = (all.as_object_mut(), changes.as_object()) else {
            return Err("switches are changed with a JSON object".to_owned());
        };
        all_map.extend(changes.clone());
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}
