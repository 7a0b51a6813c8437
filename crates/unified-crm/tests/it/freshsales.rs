use std::sync::Arc;

use sandbox::{Clock, Data, Sandbox, Vendor};
use testkit::SandboxHuman;
use testkit::contract::Subject;

/// An empty account in the tests' own time, and a person who works in it.
async fn make() -> Subject {
    let start = chrono::DateTime::from_timestamp(1_748_854_800, 0).expect("a time");
    let sandbox = Sandbox::builder().data(Data::Empty).clock(Clock::follow_tokio(start)).build();
    let mut subject = Subject::new(Arc::new(testkit::connect_freshsales(&sandbox)));
    subject.human = Some(Arc::new(SandboxHuman::new(&sandbox, Vendor::Freshsales)));
    subject.proxy_path = Some("/selector/owners".to_owned());
    subject.secrets.extend(sandbox.credentials(Vendor::Freshsales)["api_key"].as_str().map(str::to_owned));
    subject
}

testkit::contract_tests!(make);
