//! What an adapter tells when the network or the vendor fails, on every vendor's sandbox.

use std::sync::Arc;

use crm_model::{Contact, Label, Labelled, NewContact, Object};
use futures::StreamExt;
use sandbox::{Action, Clock, Data, Fault, FaultKind, Matcher, Sandbox, Vendor};
use testkit::SandboxTransport;
use unified_crm::{Change, CollectionExt, Crm, ErrorKind, ListQuery, Outcome};

/// One vendor of a sandbox, connected.
struct Scene {
    vendor: Vendor,
    sandbox: Sandbox,
    transport: SandboxTransport,
    crm: Arc<dyn Crm>,
}

/// Every vendor that this build knows, each in a time of its own.
fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    #[cfg(feature = "salesforce")]
    scenes.push(Scene::new(Vendor::Salesforce, |sandbox, transport| {
        Arc::new(unified_crm::SalesforceCrm::new(testkit::salesforce_client(sandbox, transport)))
    }));
    #[cfg(feature = "freshsales")]
    scenes.push(Scene::new(Vendor::Freshsales, |sandbox, transport| {
        Arc::new(unified_crm::FreshsalesCrm::new(testkit::freshsales_client(sandbox, transport)))
    }));
    scenes
}

impl Scene {
    fn new(vendor: Vendor, connect: impl FnOnce(&Sandbox, SandboxTransport) -> Arc<dyn Crm>) -> Self {
        let start = chrono::DateTime::from_timestamp(1_748_854_800, 0).expect("a time");
        let sandbox = Sandbox::builder().data(Data::Empty).clock(Clock::follow_tokio(start)).build();
        let transport = SandboxTransport::new(&sandbox, vendor);
        let crm = connect(&sandbox, transport.clone());
        Self { vendor, sandbox, transport, crm }
    }

    /// Lets the next calls that create contacts meet a fault.
    fn on_create(&self, kind: &FaultKind, times: u32) {
        for method in ["POST", "PATCH"] {
            let part = if self.vendor == Vendor::Salesforce { "sobjects" } else { "contacts" };
            self.sandbox.faults().inject(self.vendor, Fault::on(kind.clone(), Matcher::on(method, part)).times(times));
        }
    }

    /// Lets the next pages of contacts meet a fault.
    fn on_page(&self, kind: FaultKind, times: u32) {
        let part = if self.vendor == Vendor::Salesforce { "/query" } else { "/view/" };
        self.sandbox.faults().inject(self.vendor, Fault::on(kind, Matcher::on("GET", part)).times(times));
    }

    fn clear(&self) {
        self.sandbox.faults().clear(self.vendor);
    }

    /// How many contacts the vendor has created so far.
    fn created(&self) -> usize {
        let effects = self.sandbox.log().effects(self.vendor);
        effects
            .iter()
            .filter(|effect| effect.action == Action::Created && effect.object.to_lowercase().contains("contact"))
            .count()
    }

    async fn contacts(&self, count: usize) {
        for index in 0..count {
            self.crm.contacts().expect("contacts").create(new_contact(index)).await.expect("created");
        }
    }
}

fn new_contact(index: usize) -> NewContact {
    NewContact {
        last_name: Some(format!("Person {index}")),
        emails: vec![Labelled::new(format!("person{index}@fault.example"), Label::Work).primary()],
        ..NewContact::default()
    }
}

/// Runs a check on each vendor.
macro_rules! on_every_vendor {
    ($(#[doc = $doc:literal])* $name:ident, |$scene:ident| $check:block) => {
        $(#[doc = $doc])*
        #[test]
        fn $name() {
            testkit::paused(async {
                for $scene in scenes() {
                    $check
                }
            });
        }
    };
}

on_every_vendor!(
    /// The record exists, the answer was lost: the caller learns that it cannot know, and nothing is sent twice.
    a_create_without_an_answer_is_unknown_and_not_repeated,
    |scene| {
        scene.contacts(1).await;
        for kind in [FaultKind::ResetAfter, FaultKind::Server5xx { status: 502, after: true }] {
            let before = scene.created();
            scene.on_create(&kind, 1);
            let error = scene.crm.contacts().expect("contacts").create(new_contact(100 + before)).await.expect_err("no answer");
            assert_eq!(error.kind(), ErrorKind::Unknown, "{}: {error}", scene.vendor);
            assert!(!error.is_retryable(), "{}: {error}", scene.vendor);
            assert_eq!(scene.created(), before + 1, "{}", scene.vendor);
            scene.clear();
        }
    }
);

on_every_vendor!(
    /// Under a key a lost answer costs a repetition and no second record.
    a_create_with_a_key_survives_a_lost_answer,
    |scene| {
        let contacts = scene.crm.contacts().expect("contacts");
        if !contacts.capabilities().create_once {
            continue;
        }
        scene.contacts(1).await;
        let before = scene.created();
        scene.on_create(&FaultKind::ResetAfter, 1);
        let done = match contacts.create_once("key-1", new_contact(7)).await {
            Ok(done) => done,
            // Where the vendor's way is not safe to repeat by itself, the caller repeats it by key.
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unknown, "{}: {error}", scene.vendor);
                scene.clear();
                contacts.create_once("key-1", new_contact(7)).await.expect("the key finds it")
            }
        };
        scene.clear();
        assert_eq!(scene.created(), before + 1, "{}", scene.vendor);
        let again = contacts.create_once("key-1", new_contact(7)).await.expect("the key finds it");
        assert_eq!(again.id, done.id, "{}", scene.vendor);
        assert_ne!(again.outcome, Outcome::Created, "{}", scene.vendor);
    }
);

on_every_vendor!(
    /// Nothing was sent: the error says so, and the caller may try again.
    an_unreachable_vendor_is_told_as_such,
    |scene| {
        scene.contacts(1).await;
        scene.transport.set_reachable(false);
        let error = scene.crm.contacts().expect("contacts").create(new_contact(9)).await.expect_err("cut off");
        assert_eq!(error.kind(), ErrorKind::Connect, "{}: {error}", scene.vendor);
        assert!(error.is_retryable(), "{}: {error}", scene.vendor);
        scene.transport.set_reachable(true);
        scene.crm.contacts().expect("contacts").create(new_contact(9)).await.expect("reachable again");
    }
);

on_every_vendor!(
    /// Too many calls: the vendor's wait is kept, and the call succeeds.
    a_throttled_call_waits_and_succeeds,
    |scene| {
        scene.contacts(1).await;
        let before = tokio::time::Instant::now();
        scene.on_create(&FaultKind::Status429 { retry_after: Some(30) }, 1);
        scene.crm.contacts().expect("contacts").create(new_contact(9)).await.expect("after a wait");
        assert!(before.elapsed().as_secs() >= 30, "{}", scene.vendor);
        assert_eq!(scene.crm.usage().total().throttled, 1, "{}", scene.vendor);
        scene.clear();
    }
);

on_every_vendor!(
    /// One record of a page cannot be read: it is an error of its own, and the others arrive.
    a_bad_record_does_not_end_a_list_or_a_feed,
    |scene| {
        scene.contacts(9).await;
        let contacts = scene.crm.contacts().expect("contacts");
        contacts.schema().await.expect("a schema");

        scene.on_page(FaultKind::BadRecord, 1);
        let listed: Vec<_> = contacts.list(ListQuery::all()).collect().await;
        scene.clear();
        let bad = listed.iter().filter(|record| record.is_err()).count();
        assert_eq!((listed.len() - bad, bad), (8, 1), "{}", scene.vendor);

        scene.on_page(FaultKind::BadRecord, 1);
        let events: Vec<Change<Contact>> = contacts.changes(None).map(|event| event.expect("an event")).collect().await;
        scene.clear();
        let told = events.iter().filter(|event| matches!(event, Change::Record(_))).count();
        let bad = events.iter().filter(|event| matches!(event, Change::Bad { id: Some(_), .. })).count();
        assert_eq!((told, bad), (8, 1), "{}", scene.vendor);
        assert!(matches!(events.last(), Some(Change::Finished(_))), "{}", scene.vendor);
    }
);

on_every_vendor!(
    /// A reading that fails half-way is told as failed; it never ends as if it were complete.
    a_feed_that_breaks_off_is_not_finished,
    |scene| {
        scene.contacts(5).await;
        let contacts = scene.crm.contacts().expect("contacts");
        for kind in [FaultKind::Server5xx { status: 503, after: false }, FaultKind::TruncatedBody, FaultKind::Html200] {
            scene.on_page(kind.clone(), 1000);
            let events: Vec<_> = contacts.changes(None).collect().await;
            assert!(events.iter().any(Result::is_err), "{} {kind:?}", scene.vendor);
            let finished = events.iter().any(|event| matches!(event, Ok(Change::Finished(_))));
            assert!(!finished, "{} {kind:?}: a broken reading was called complete", scene.vendor);
            let listed: Vec<_> = contacts.list(ListQuery::all()).collect().await;
            assert!(listed.last().is_some_and(Result::is_err), "{} {kind:?}", scene.vendor);
            scene.clear();
        }
        let events: Vec<_> = contacts.changes(None).collect().await;
        assert!(matches!(events.last(), Some(Ok(Change::Finished(_)))), "{}", scene.vendor);
    }
);

on_every_vendor!(
    /// A single failure of a read is made good by itself.
    a_read_is_repeated,
    |scene| {
        scene.contacts(3).await;
        let contacts = scene.crm.contacts().expect("contacts");
        for kind in [FaultKind::ResetBefore, FaultKind::ResetAfter, FaultKind::Server5xx { status: 500, after: false }] {
            scene.on_page(kind, 1);
            let listed: Vec<_> = contacts.list(ListQuery::all()).map(|record| record.expect("a record").id()).collect().await;
            assert_eq!(listed.len(), 3, "{}", scene.vendor);
            scene.clear();
        }
    }
);
