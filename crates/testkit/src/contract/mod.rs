//! What every [`Crm`] promises, as tests.
//!
//! Which cases apply follows from the [capabilities](unified_crm::Capabilities): what is claimed must work, what is
//! not claimed must be refused before anything is sent. A case that has nothing to check passes.
//!
//! The suite writes records and deletes few of them, so point it at an account that is empty or made for tests.
//! It lets hours pass by sleeping: run it under [`paused`](crate::paused) time.

mod bench;
mod changes;
mod connection;
mod consent;
mod conversion;
mod directory;
mod fields;
mod lists;
mod reads;
mod values;
mod writes;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use crm_model::ObjectKind;
use futures::future::BoxFuture;
use unified_crm::Crm;

/// The cases by name, each a function that takes a fresh [`Subject`] and panics where the contract is broken.
pub mod cases {
    pub use super::changes::*;
    pub use super::connection::*;
    pub use super::consent::*;
    pub use super::conversion::*;
    pub use super::directory::*;
    pub use super::fields::*;
    pub use super::lists::*;
    pub use super::reads::*;
    pub use super::values::*;
    pub use super::writes::*;
}

/// A CRM under test, and what the suite may know about it beside the trait.
pub struct Subject {
    /// The CRM.
    pub crm: Arc<dyn Crm>,
    /// Somebody else who works in the same CRM. Without one, the suite makes those edits through the CRM itself.
    pub human: Option<Arc<dyn Human>>,
    /// A path that the vendor answers with 2xx to GET, for the proxy.
    pub proxy_path: Option<String>,
    /// Texts that must never show: keys, tokens.
    pub secrets: Vec<String>,
    /// How many digits of an amount the vendor itself keeps. 18, or 15 where its numbers are floats.
    pub amount_digits: u32,
    /// Stands in every record that the suite writes, to tell runs apart where records outlive them.
    pub tag: String,
}

impl Subject {
    /// A CRM about which nothing else is known.
    #[must_use]
    pub fn new(crm: Arc<dyn Crm>) -> Self {
        Self { crm, human: None, proxy_path: None, secrets: Vec::new(), amount_digits: 18, tag: "Contract".to_owned() }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("crm", &self.crm).finish_non_exhaustive()
    }
}

/// A person who works in the CRM under test, past the connection that is tested.
#[async_trait]
pub trait Human: Send + Sync {
    /// Gives a record another name: a contact another last name, a task another title, a note another text.
    async fn rename(&self, object: ObjectKind, id: &str, name: &str);

    /// Deletes a record as the user interface does.
    async fn delete(&self, object: ObjectKind, id: &str);
}

/// One case of the contract.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// Its name: what must hold.
    pub name: &'static str,
    /// Runs it. Panics where the contract is broken.
    pub run: fn(Subject) -> BoxFuture<'static, ()>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({})", self.name)
    }
}

/// Runs every case on a subject of its own and returns how many there were.
///
/// # Panics
/// At the first case that finds the contract broken.
pub async fn run<F: AsyncFn() -> Subject>(make: F) -> usize {
    for case in CASES {
        (case.run)(make().await).await;
    }
    CASES.len()
}

/// Makes a `#[test]` of every case of the [contract](crate::contract) for the subjects that an async function without
/// arguments makes: `testkit::contract_tests!(make);`.
#[macro_export]
macro_rules! contract_tests {
    ($make:expr) => {
        $crate::__each_contract_case! { __contract_test, $make }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __contract_test {
    ([$make:expr] $($case:ident)*) => {$(
        #[test]
        fn $case() {
            $crate::paused(async { $crate::contract::cases::$case($make().await).await });
        }
    )*};
}

macro_rules! case_table {
    ([] $($case:ident)*) => {
        /// Every case, in an order from the simple to the involved.
        pub const CASES: &[Case] = &[
            $(Case { name: stringify!($case), run: |subject| Box::pin(cases::$case(subject)) },)*
        ];
    };
}

/// The one list of cases; hands it to a macro by name.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_contract_case {
    (case_table) => { $crate::__each_contract_case! { @list case_table [] } };
    (__contract_test, $make:expr) => { $crate::__each_contract_case! { @list $crate::__contract_test [$make] } };
    (@list $callback:path [$($arg:tt)*]) => {
        $callback! {
            [$($arg)*]
            the_identity_is_stable
            accessors_follow_the_capabilities
            what_is_not_claimed_is_refused_unsent
            empty_batches_cost_nothing
            calls_are_counted
            the_proxy_passes_requests_on
            debug_texts_are_silent
            users_are_sane
            queues_own_records_like_users
            pipelines_are_sane
            field_groups_name_known_fields
            views_list_what_they_show
            engagements_are_no_tasks
            lists_hold_what_is_put_on_them
            a_search_finds_what_was_written
            created_fields_read_back
            custom_fields_go_both_ways
            an_unknown_custom_field_is_never_dropped
            a_field_the_schema_lacks_is_never_dropped
            a_patch_touches_only_what_it_names
            cleared_fields_read_back_empty
            deleted_records_are_gone
            a_bad_write_does_not_stop_the_others
            large_batches_keep_their_order
            writes_return_records_as_claimed
            writes_cost_what_is_claimed
            a_create_with_a_key_happens_once
            get_keeps_the_order_and_tells_what_is_missing
            gets_cost_what_is_claimed
            records_are_found_by_email_whatever_its_case
            records_are_found_by_name
            records_are_found_by_key
            list_passes_page_boundaries
            list_honours_its_query
            all_reads_agree
            the_schema_names_what_reads_return
            the_author_is_told_as_claimed
            messy_text_survives
            money_keeps_its_digits
            dates_keep_their_day
            references_read_back
            an_opt_out_travels_up_and_stays
            an_opt_out_is_never_dropped
            the_first_read_tells_everything
            nothing_changed_tells_nothing
            edits_between_two_reads_are_seen
            an_edit_at_the_moment_of_the_read_is_seen
            changes_that_share_a_moment_are_all_seen
            deletions_are_told_as_claimed
            a_cursor_can_be_used_again
            a_foreign_cursor_is_refused
            a_converted_lead_is_told_with_what_it_became
            a_conversion_fills_what_is_empty_and_keeps_refusals
            merged_records_are_told_with_their_survivor
        }
    };
}

__each_contract_case! { case_table }
