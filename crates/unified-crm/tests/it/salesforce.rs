use std::sync::Arc;

use sandbox::{Clock, Data, Sandbox, Vendor};
use testkit::SandboxHuman;
use testkit::contract::Subject;

/// An empty organisation in the tests' own time, and a person who works in it.
async fn make() -> Subject {
    let start = chrono::DateTime::from_timestamp(1_748_854_800, 0).expect("a time");
    let sandbox = Sandbox::builder().data(Data::Empty).clock(Clock::follow_tokio(start)).build();
    let mut subject = Subject::new(Arc::new(testkit::connect_salesforce(&sandbox)));
    subject.human = Some(Arc::new(SandboxHuman::new(&sandbox, Vendor::Salesforce)));
    subject.proxy_path = Some("/services/data/v62.0/limits".to_owned());
    let credentials = sandbox.credentials(Vendor::Salesforce);
    let secrets = ["client_secret", "access_token", "password"].map(|name| credentials[name].as_str().map(str::to_owned));
    subject.secrets.extend(secrets.into_iter().flatten());
    subject
}

testkit::contract_tests!(make);
