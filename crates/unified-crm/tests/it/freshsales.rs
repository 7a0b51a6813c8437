use std::sync::Arc;

use sandbox::freshsales::Quirks;
use sandbox::{Clock, Data, Sandbox, Vendor};
use testkit::SandboxHuman;
use testkit::contract::Subject;

/// An empty account in the tests' own time, and a person who works in it.
fn subject(quirks: Quirks) -> Subject {
    let start = chrono::DateTime::from_timestamp(1_748_854_800, 0).expect("a time");
    let clock = Clock::follow_tokio(start);
    let sandbox = Sandbox::builder().data(Data::Empty).clock(clock).freshsales_quirks(quirks).build();
    let mut subject = Subject::new(Arc::new(testkit::connect_freshsales(&sandbox)));
    subject.human = Some(Arc::new(SandboxHuman::new(&sandbox, Vendor::Freshsales)));
    subject.proxy_path = Some("/selector/owners".to_owned());
    subject.secrets.extend(sandbox.credentials(Vendor::Freshsales)["api_key"].as_str().map(str::to_owned));
    subject
}

mod an_ordinary_account {
    use super::*;

    async fn make() -> Subject {
        subject(Quirks::default())
    }
    testkit::contract_tests!(make);
}

/// Where the vendor's documents are silent, nearly everything goes the other way. (An upsert that always answers 200
/// cannot be told from an update, so that switch stays.)
mod a_difficult_account {
    use super::*;

    async fn make() -> Subject {
        let mut quirks = Quirks::default();
        quirks.rate_limit_headers = true;
        quirks.utc_offset_minutes = 330;
        quirks.contact_last_name_required = true;
        quirks.external_id_unique = true;
        quirks.deleted_readable = false;
        quirks.no_change_keeps_updated_at = false;
        quirks.task_touches_parent = true;
        quirks.deal_touches_parents = true;
        quirks.unknown_custom_field_refused = true;
        quirks.resubscribe_refused = true;
        quirks.delete_success_as_text = false;
        quirks.uninvited_users = false;
        quirks.all_deals_view = false;
        quirks.unsorted_views_shuffle = true;
        quirks.short_pages = true;
        quirks.empty_search_is_empty_object = true;
        subject(quirks)
    }
    testkit::contract_tests!(make);
}
