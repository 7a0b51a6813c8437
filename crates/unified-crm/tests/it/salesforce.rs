use std::sync::Arc;

use sandbox::salesforce::Quirks;
use sandbox::{Clock, Data, Sandbox, Vendor};
use serde_json::json;
use testkit::SandboxHuman;
use testkit::contract::Subject;

/// An empty organisation in the tests' own time, and a person who works in it.
fn subject(quirks: Quirks) -> Subject {
    let start = chrono::DateTime::from_timestamp(1_748_854_800, 0).expect("a time");
    let clock = Clock::follow_tokio(start);
    let sandbox = Sandbox::builder().data(Data::Empty).clock(clock).salesforce_quirks(quirks).build();
    let made = sandbox.create(Vendor::Salesforce, "Campaign", json!({"Name": "Trade fair", "IsActive": true}));
    assert!(made.is_ok(), "a campaign");
    let mut subject = Subject::new(Arc::new(testkit::connect_salesforce(&sandbox)));
    subject.human = Some(Arc::new(SandboxHuman::new(&sandbox, Vendor::Salesforce)));
    // The API's numbers are doubles.
    subject.amount_digits = 15;
    subject.proxy_path = Some("/services/data/v62.0/limits".to_owned());
    let credentials = sandbox.credentials(Vendor::Salesforce);
    let secrets =
        ["client_secret", "access_token", "password"].map(|name| credentials[name].as_str().map(str::to_owned));
    subject.secrets.extend(secrets.into_iter().flatten());
    subject
}

mod an_ordinary_organisation {
    use super::*;

    async fn make() -> Subject {
        subject(Quirks::default())
    }
    testkit::contract_tests!(make);
}

/// Where the vendor's documents are silent, everything goes the other way; sessions end while a sync sleeps.
mod a_difficult_organisation {
    use super::*;

    async fn make() -> Subject {
        let mut quirks = Quirks::default();
        quirks.session_timeout_seconds = 15 * 60;
        quirks.open_cursors = 1;
        quirks.trim_text = false;
        quirks.null_is_different = false;
        quirks.read_of_deleted_says_deleted = true;
        quirks.wrong_reference_is_malformed_id = false;
        quirks.feed_lag_seconds = 300;
        subject(quirks)
    }
    testkit::contract_tests!(make);
}
