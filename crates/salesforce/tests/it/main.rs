//! The client against the emulated vendor, and against scripted answers.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod actions;
mod answers;
mod any_answer;
mod auth;
mod budget;
mod bulk;
mod changes;
mod changes_simulated;
mod children;
mod codegen;
mod collections;
mod composite;
mod conditions;
mod derived;
mod descriptions;
mod errors;
mod events;
mod export;
mod external_ids;
mod files;
mod logins;
mod objects;
mod options;
mod query;
mod records;
mod related;
mod samples;
mod search;
mod sessions;
mod soap;
mod soql;
mod writes;

use salesforce::{ClientCredentials, LoginHost, Salesforce, SalesforceBuilder, Session};
use sandbox::{Data, Running, Sandbox, Vendor};

/// An emulated organisation on a loopback port, and a client that is logged in to it.
struct Org {
    sandbox: Sandbox,
    running: Running,
    client: Salesforce,
}

impl Org {
    async fn with(data: Data) -> Self {
        Self::build(data, |builder| builder).await
    }

    async fn empty() -> Self {
        Self::with(Data::Empty).await
    }

    async fn build(data: Data, settings: impl FnOnce(SalesforceBuilder) -> SalesforceBuilder) -> Self {
        let sandbox = Sandbox::builder().data(data).build();
        let running = sandbox.serve(0).await.unwrap();
        let builder = Salesforce::builder().login(credentials(&running)).seed(1);
        let client = settings(builder).build().unwrap();
        Self { sandbox, running, client }
    }

    fn origin(&self) -> String {
        text(&self.running, "instance_url")
    }

    fn calls(&self) -> usize {
        self.sandbox.log().of(Vendor::Salesforce).len()
    }
}

fn text(running: &Running, name: &str) -> String {
    let ready: serde_json::Value = serde_json::from_str(running.ready_line()).unwrap();
    ready["salesforce"][name].as_str().unwrap().to_owned()
}

fn credentials(running: &Running) -> ClientCredentials {
    let host = LoginHost::custom(&text(running, "instance_url")).unwrap();
    ClientCredentials::new(host, text(running, "client_id"), text(running, "client_secret"))
}

/// A client with a session at a scripted server.
fn client_of(server: &wiremock::MockServer) -> Salesforce {
    Salesforce::builder()
        .login(Session::new(&server.uri(), "00Dcanary!secret".to_owned()).unwrap())
        .seed(1)
        .build()
        .unwrap()
}
