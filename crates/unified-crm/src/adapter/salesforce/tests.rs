//! What the contract of the trait does not ask: how the model lands on Salesforce in particular.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use crm_model::{
    AnyRef, Contact, DateOrTime, Deal, DealPatch, Deleted, Direction, Engagement, EngagementKind, EngagementPatch,
    FieldPath, Label, Labelled, ListPatch, Money, NewContact, NewDeal, NewEngagement, NewNote, NewTask, NewTicket,
    Note, NotePatch, Object, ObjectKind, Presence, Record, RecordPatch, Ref, RemoteId, Slot, Task, TaskPatch,
    TicketPatch, TicketSource, TicketStatus, Value,
};
use futures::StreamExt;
use rest_core::{ByteStream, ErrorKind, Transport, TransportError};
use salesforce::{Describe, NewOpportunityContactRole, Salesforce, Session};
use sandbox::{Clock, Data, Sandbox, Vendor};
use testkit::SandboxTransport;

use super::body::{Purpose, body};
use super::layout::Layout;
use super::table::{CONTACTS, TASKS};
use super::*;
use crate::{Change, CollectionExt, Create, Cursor, Fetched, Outcome, Update, Write};

struct Org {
    sandbox: Sandbox,
    crm: SalesforceCrm,
}

impl Org {
    fn new() -> Self {
        let start = chrono::DateTime::from_timestamp(1_748_854_800, 0).unwrap();
        let sandbox = Sandbox::builder().data(Data::Empty).clock(Clock::manual(start)).build();
        let transport = SandboxTransport::new(&sandbox, Vendor::Salesforce);
        let crm = SalesforceCrm::new(testkit::salesforce_client(&sandbox, transport));
        Self { sandbox, crm }
    }

    fn calls(&self) -> usize {
        self.sandbox.log().of(Vendor::Salesforce).len()
    }

    async fn contact(&self, name: &str) -> RemoteId<Contact> {
        self.crm.contacts.create(NewContact { last_name: Some(name.into()), ..NewContact::default() }).await.unwrap()
    }

    async fn account(&self, name: &str) -> RemoteId<Account> {
        let new = crm_model::NewAccount { name: Some(name.into()), ..crm_model::NewAccount::default() };
        self.crm.accounts.create(new).await.unwrap()
    }

    async fn deal(&self, contacts: Vec<Ref<Contact>>) -> RemoteId<Deal> {
        self.crm.deals.create(deal(contacts)).await.unwrap()
    }

    async fn people(&self, id: &RemoteId<Deal>) -> Vec<(String, bool)> {
        let deal = self.crm.deals.get_one(id).await.unwrap().unwrap();
        deal.contacts
            .into_option()
            .unwrap()
            .into_iter()
            .map(|contact| (contact.id.to_string(), contact.is_primary))
            .collect()
    }

    fn row(&self, object: &str, id: &str) -> serde_json::Value {
        self.sandbox.record(Vendor::Salesforce, object, id).unwrap()
    }
}

fn deal(contacts: Vec<Ref<Contact>>) -> NewDeal {
    NewDeal {
        name: Some("Engine".into()),
        stage: Some(Ref::new("Prospecting")),
        expected_close: "2025-12-31".parse().ok(),
        contacts,
        ..NewDeal::default()
    }
}

async fn feed<T: Object, R: Writable>(
    objects: &Objects<T, R>,
    since: Option<Cursor>,
) -> (Vec<T>, Vec<(RemoteId<T>, Deleted)>, Cursor) {
    let (mut records, mut deleted, mut cursor) = (Vec::new(), Vec::new(), None);
    let mut events = objects.changes(since);
    while let Some(event) = events.next().await {
        match event.unwrap() {
            Change::Record(record) => records.push(record),
            Change::Deleted { id, deleted: how } => deleted.push((id, how)),
            Change::Finished(end) => cursor = Some(end),
            Change::Started { .. } => {}
            Change::Bad { error, .. } => panic!("{error}"),
        }
    }
    (records, deleted, cursor.unwrap())
}

#[tokio::test]
async fn the_primary_person_of_a_deal_changes_and_the_others_stay() {
    let org = Org::new();
    let (a, b) = (org.contact("A").await, org.contact("B").await);
    let id = org.deal(vec![Ref::new(a.clone()).primary()]).await;
    assert_eq!(org.people(&id).await, [(a.to_string(), true)]);

    let patch = |slot: Option<Ref<Contact>>| DealPatch {
        contacts: ListPatch::slot(Slot::Primary, slot),
        ..DealPatch::default()
    };
    org.crm.deals.update(&id, patch(Some(Ref::new(b.clone())))).await.unwrap();
    assert_eq!(org.people(&id).await, [(b.to_string(), true), (a.to_string(), false)]);
    let before = org.calls();
    org.crm.deals.update(&id, patch(Some(Ref::new(b.clone())))).await.unwrap();
    assert_eq!(org.calls() - before, 1, "it is looked up, and nothing is written");

    org.crm.deals.update(&id, patch(None)).await.unwrap();
    assert_eq!(org.people(&id).await, [(a.to_string(), false)]);
    let all = DealPatch {
        contacts: ListPatch::Replace(vec![Ref::new(a.clone()), Ref::new(b.clone()).primary()]),
        ..DealPatch::default()
    };
    org.crm.deals.update(&id, all).await.unwrap();
    assert_eq!(org.people(&id).await, [(b.to_string(), true), (a.to_string(), false)]);
}

#[tokio::test]
async fn a_deal_is_created_once_with_its_people() {
    let org = Org::new();
    let (a, b) = (org.contact("A").await, org.contact("B").await);
    let contacts = vec![Ref::new(b.clone()).primary(), Ref::new(a.clone())];
    let first = org.crm.deals.create_once("k", deal(contacts.clone())).await.unwrap();
    let second = org.crm.deals.create_once("k", deal(contacts)).await.unwrap();
    assert_eq!((first.outcome, second.outcome), (Outcome::Created, Outcome::Updated));
    assert_eq!(first.id, second.id);
    assert_eq!(org.people(&first.id).await, [(b.to_string(), true), (a.to_string(), false)]);
}

#[tokio::test]
async fn a_deal_whose_people_changed_is_told_though_it_was_not_stamped() {
    let org = Org::new();
    let person = org.contact("A").await;
    let (id, other) = (org.deal(Vec::new()).await, org.deal(Vec::new()).await);
    let (_, _, cursor) = feed(&org.crm.deals, None).await;
    org.sandbox.clock().advance(TimeDelta::hours(1));
    let (overlap, _, cursor) = feed(&org.crm.deals, Some(cursor)).await;
    assert_eq!(overlap.len(), 2, "what was just created may not have been all");
    org.sandbox.clock().advance(TimeDelta::hours(1));
    let before = org.calls();
    let (quiet, _, cursor) = feed(&org.crm.deals, Some(cursor)).await;
    assert_eq!((quiet.len(), org.calls() - before), (0, 2));

    let role = NewOpportunityContactRole {
        opportunity_id: id.as_str().parse().ok(),
        contact_id: person.as_str().parse().ok(),
        is_primary: Some(true),
        ..NewOpportunityContactRole::default()
    };
    org.sandbox.clock().advance(TimeDelta::hours(1));
    org.crm.client().opportunity_contact_roles().create(&role).await.unwrap();
    let (told, _, _) = feed(&org.crm.deals, Some(cursor)).await;
    assert_eq!(told.len(), 1, "{other} did not change");
    assert_eq!(told[0].meta.id.as_ref(), id.as_str());
    assert_eq!(told[0].contacts.get().unwrap()[0].id, person);
}

#[tokio::test]
async fn what_a_task_is_about_reads_back_as_it_was_written() {
    let org = Org::new();
    let person = AnyRef::new(ObjectKind::Contact, org.contact("A").await.as_str());
    let company = AnyRef::new(ObjectKind::Account, org.account("B").await.as_str());
    let sale = AnyRef::new(ObjectKind::Deal, org.deal(Vec::new()).await.as_str());
    let task = NewTask { title: Some("Call".into()), ..NewTask::default() };
    let id = org.crm.tasks.create(task).await.unwrap();
    for target in [&person, &company, &sale, &person, &sale, &company, &person] {
        let patch = TaskPatch { targets: ListPatch::slot(Slot::Primary, Some(target.clone())), ..TaskPatch::default() };
        org.crm.tasks.update(&id, patch).await.unwrap();
        let read = org.crm.tasks.get_one(&id).await.unwrap().unwrap().to_record();
        let primary = read.get(&FieldPath::entry(Task::TARGETS, Slot::Primary));
        let Presence::Known(Value::Ref(primary)) = primary else { panic!("{target:?} is lost") };
        assert_eq!((primary.object, &primary.id), (target.object, &target.id));
    }
    // A deal does not drive the person away.
    let both = TaskPatch { targets: ListPatch::Replace(vec![person.clone(), sale.clone()]), ..TaskPatch::default() };
    org.crm.tasks.update(&id, both).await.unwrap();
    let targets = org.crm.tasks.get_one(&id).await.unwrap().unwrap().targets.into_option().unwrap();
    assert_eq!(
        targets.iter().map(|target| (&target.id, target.is_primary)).collect::<Vec<_>>(),
        [(&sale.id, true), (&person.id, false)]
    );
    let two = TaskPatch { targets: ListPatch::Replace(vec![company, sale]), ..TaskPatch::default() };
    assert_eq!(org.crm.tasks.update(&id, two).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_task_refers_to_a_lead_and_keeps_what_the_model_does_not_know() {
    let org = Org::new();
    let client = org.crm.client();
    let call = rest_core::Call::post("lead").path(["services", "data", "v62.0", "sobjects", "Lead"]);
    let lead: serde_json::Value =
        client.raw(call.json(&serde_json::json!({ "LastName": "L", "Company": "C" }))).await.unwrap().json().unwrap();
    let lead = lead["id"].as_str().unwrap();
    let task = salesforce::NewTask {
        subject: Some("Call".into()),
        who_id: lead.parse().ok(),
        ..salesforce::NewTask::default()
    };
    let id = client.tasks().create(&task).await.unwrap();
    let task = org.crm.tasks.get_one(&id.as_str().into()).await.unwrap().unwrap();
    assert_eq!(task.targets.get().unwrap(), &[AnyRef::new(ObjectKind::Lead, lead).primary()]);
    assert!(task.custom["WhoId"] == Value::Null && task.custom["WhatId"] == Value::Null);

    let product = org.sandbox.create(Vendor::Salesforce, "Product2", serde_json::json!({ "Name": "Engine" })).unwrap();
    let what = salesforce::NewTask { what_id: product.id.parse().ok(), ..salesforce::NewTask::default() };
    let id = client.tasks().create(&what).await.unwrap();
    let task = org.crm.tasks.get_one(&id.as_str().into()).await.unwrap().unwrap();
    assert!(task.targets.get().unwrap().is_empty());
    assert!(task.custom["WhatId"] == Value::text(product.id) && task.custom["WhoId"] == Value::Null);
}

#[tokio::test]
async fn done_and_open_are_two_of_the_vendors_statuses() {
    let org = Org::new();
    let new = NewTask { title: Some("Call".into()), done: Some(true), ..NewTask::default() };
    let id = org.crm.tasks.create(new).await.unwrap();
    assert_eq!(org.row("Task", id.as_str())["Status"], "Completed");
    org.crm.tasks.update(&id, TaskPatch { done: crm_model::Patch::Set(false), ..TaskPatch::default() }).await.unwrap();
    assert_eq!(org.row("Task", id.as_str())["Status"], "Not Started");
    let precise = TaskPatch {
        done: crm_model::Patch::Set(false),
        status: crm_model::Patch::Set(crm_model::Choice::new("Deferred")),
        ..TaskPatch::default()
    };
    org.crm.tasks.update(&id, precise).await.unwrap();
    assert_eq!(org.row("Task", id.as_str())["Status"], "Deferred");
    let moment = DateOrTime::Time(org.sandbox.clock().now());
    let error = org
        .crm
        .tasks
        .update(&id, TaskPatch { due: crm_model::Patch::Set(moment), ..TaskPatch::default() })
        .await
        .unwrap_err();
    assert!(error.to_string().contains("time zone"), "{error}");
}

#[tokio::test]
async fn a_note_is_called_by_its_first_line() {
    let org = Org::new();
    let person = AnyRef::new(ObjectKind::Contact, org.contact("A").await.as_str()).primary();
    let note = |title: Option<&str>, text: &str| NewNote {
        title: title.map(str::to_owned),
        body: Some(text.to_owned()),
        targets: vec![person.clone()],
        ..NewNote::default()
    };
    let long = "é".repeat(100);
    for (given, text, title) in [
        (None, "\n  first line  \nsecond", "first line"),
        (None, long.as_str(), &*"é".repeat(80)),
        (None, " \n ", "Note"),
        (Some("given"), "text", "given"),
    ] {
        let id = org.crm.notes.create(note(given, text)).await.unwrap();
        assert_eq!(org.row("Note", id.as_str())["Title"], title);
        org.crm
            .notes
            .update(&id, NotePatch { body: crm_model::Patch::Set("other".into()), ..NotePatch::default() })
            .await
            .unwrap();
        assert_eq!(org.row("Note", id.as_str())["Title"], title, "a change of the text leaves the title");
    }
    let unattached = NewNote { body: Some("x".into()), ..NewNote::default() };
    assert_eq!(org.crm.notes.create(unattached).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn what_goes_to_the_recycle_bin_is_told_with_its_children() {
    let org = Org::new();
    let company = org.account("A").await;
    let person =
        NewContact { last_name: Some("P".into()), accounts: vec![Ref::new(company.clone())], ..NewContact::default() };
    let person = org.crm.contacts.create(person).await.unwrap();
    let (_, _, cursor) = feed(&org.crm.contacts, None).await;
    org.sandbox.clock().advance(TimeDelta::hours(1));
    org.crm.accounts.delete(&company).await.unwrap();
    let (_, deleted, cursor) = feed(&org.crm.contacts, Some(cursor)).await;
    assert!(matches!(deleted.as_slice(), [(id, Deleted::Soft { at: Some(_) })] if *id == person), "{deleted:?}");
    assert!(matches!(org.crm.contacts.get(std::slice::from_ref(&person)).await.unwrap()[0], Fetched::Deleted(_)));

    org.sandbox.clock().advance(TimeDelta::hours(1));
    org.sandbox.restore(Vendor::Salesforce, "Account", company.as_str()).unwrap();
    let (alive, _, _) = feed(&org.crm.contacts, Some(cursor)).await;
    assert_eq!(alive.len(), 1, "what comes back is told as alive");
}

#[tokio::test]
async fn quiet_feeds_cost_one_call_and_large_batches_the_fewest() {
    let org = Org::new();
    org.crm.prepare().await.unwrap();
    let new = |n: usize| NewContact { last_name: Some(format!("P{n}")), ..NewContact::default() };
    let before = org.calls();
    let writes = (0..401).map(|n| Write::Create(Create { new: new(n), key: Some(format!("k{n}")) })).collect();
    let written = org.crm.contacts.write(writes).await;
    assert!(written.iter().all(|written| written.as_ref().unwrap().outcome == Outcome::Created));
    assert_eq!(org.calls() - before, 1, "three collections travel in one request");
    let ids: Vec<_> = written.into_iter().map(|written| written.unwrap().id).collect();
    let before = org.calls();
    assert!(org.crm.contacts.get(&ids).await.unwrap().into_iter().all(|fetched| fetched.found().is_some()));
    assert_eq!(org.calls() - before, 1);
    let (told, _, cursor) = feed(&org.crm.contacts, None).await;
    assert_eq!(told.len(), 401);
    org.sandbox.clock().advance(TimeDelta::hours(1));
    let (_, _, cursor) = feed(&org.crm.contacts, Some(cursor)).await;
    org.sandbox.clock().advance(TimeDelta::hours(1));
    let before = org.calls();
    assert!(feed(&org.crm.contacts, Some(cursor)).await.0.is_empty());
    assert_eq!(org.calls() - before, 1);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_refused_alone_and_unsent() {
    let org = Org::new();
    let id = org.deal(Vec::new()).await;
    let with = |value: Value| {
        let patch = RecordPatch::from_iter([("custom.Margin__c".parse::<FieldPath>().unwrap(), value)]);
        Write::Update(Update { id: id.clone(), patch: Deal::patch_from_record(patch).unwrap() })
    };
    let twice = org.crm.deals.write(vec![with(Value::text("much")), with(Value::Int(12)), with(Value::Int(13))]).await;
    let error = twice[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("Margin__c") && !error.to_string().contains("much"), "{error}");
    assert!(twice[1].is_ok() && twice[2].is_ok(), "two changes of one record go one after the other");
    assert_eq!(org.row("Opportunity", id.as_str())["Margin__c"].as_f64(), Some(13.0));
}

#[tokio::test]
async fn stages_and_users_are_the_directory() {
    let org = Org::new();
    let pipelines = org.crm.pipelines().await.unwrap();
    let stages = &pipelines[0].stages;
    let won = stages.iter().find(|stage| stage.is_won).unwrap();
    assert_eq!((&*won.meta.id, won.is_closed), ("Closed Won", true));
    let id = org.deal(Vec::new()).await;
    let patch = DealPatch { stage: crm_model::Patch::Set(Ref::new(won.id())), ..DealPatch::default() };
    org.crm.deals.update(&id, patch).await.unwrap();
    let deal = org.crm.deals.get_one(&id).await.unwrap().unwrap();
    assert_eq!(deal.stage.get().unwrap().id, won.id());
    assert_eq!(deal.pipeline.get().unwrap().id, pipelines[0].id());
    assert!(deal.meta.url.unwrap().ends_with(id.as_str()));
}

/// An object as described to a user who sees little.
fn described(fields: &[(&str, &str)]) -> Describe {
    let field = |(name, kind): &(&str, &str)| serde_json::json!({ "name": name, "label": name, "type": kind, "createable": true, "updateable": true, "nillable": true });
    let fields: Vec<_> = fields.iter().map(field).collect();
    serde_json::from_value(
        serde_json::json!({ "name": "Contact", "createable": true, "updateable": true, "fields": fields }),
    )
    .unwrap()
}

fn hidden_layout() -> Layout {
    let fields =
        [("Id", "id"), ("LastName", "string"), ("Phone", "phone"), ("MailingCity", "string"), ("Score__c", "double")];
    Layout::new(&CONTACTS, &described(&fields), "Crmkit_Key__c", String::new())
}

fn patch(path: &str, value: Value) -> RecordPatch {
    RecordPatch::from_iter([(path.parse().unwrap(), value)])
}

#[test]
fn fields_that_are_hidden_are_neither_selected_nor_written_in_silence() {
    let layout = hidden_layout();
    assert_eq!(layout.select, ["Id", "LastName", "MailingCity", "Phone", "Score__c"]);
    assert!(layout.key_field.is_none());
    let keys: Vec<&str> = layout.schema.fields.iter().map(|field| field.key.as_str()).collect();
    assert_eq!(keys, ["last_name", "phones", "addresses", "custom.Score__c"]);

    let write = |patch: &RecordPatch| body(&CONTACTS, &layout, patch, Purpose::Update);
    for (path, value) in [
        ("first_name", Value::text("x")),
        ("emails[primary]", Value::text("x")),
        ("phones[mobile]", Value::text("x")),
        ("phones[home]", Value::text("x")),
        ("tags", Value::List(vec![Value::text("x")])),
        ("custom.Other__c", Value::text("x")),
    ] {
        let why = write(&patch(path, value)).unwrap_err();
        assert!(why.starts_with(path) && why.contains("Salesforce"), "{why}");
    }
    let mut opt_out = RecordPatch::new();
    opt_out.opt_outs.close(crm_model::Channel::Email);
    assert!(write(&opt_out).unwrap_err().contains("HasOptedOutOfEmail"));
    // What is not there is as empty as it can be.
    assert!(write(&patch("phones[mobile]", Value::Null)).unwrap().fields.is_empty());
}

#[test]
fn a_whole_list_empties_the_places_that_it_does_not_name() {
    let names = [("Phone", "phone"), ("MobilePhone", "phone"), ("Fax", "phone"), ("Email", "email")];
    let layout = Layout::new(&CONTACTS, &described(&names), "k", String::new());
    let entry = |text: &str, label: Label| Value::Labelled(Box::new(Labelled::new(Value::text(text), label)));
    let write = |path: &str, value: Value| body(&CONTACTS, &layout, &patch(path, value), Purpose::Update);
    let fields = write("phones", Value::List(vec![entry("1", Label::Mobile)])).unwrap().fields;
    let show = |api: &str| fields.get(api).map(serde_json::value::RawValue::get);
    assert_eq!(
        (show("MobilePhone"), show("Phone"), show("Fax"), show("HomePhone")),
        (Some("\"1\""), Some("null"), Some("null"), None)
    );

    let twice = vec![entry("1", Label::Mobile), entry("2", Label::Mobile)];
    assert!(write("phones", Value::List(twice)).unwrap_err().contains("one place"));
    assert!(write("phones[pager]", Value::text("1")).unwrap_err().contains("no place for the label `pager`"));
    let two = vec![entry("a@x.example", Label::Work), entry("b@x.example", Label::Home)];
    assert!(write("emails", Value::List(two)).unwrap_err().contains("one e-mail address"));
    assert!(write("emails[home]", Value::text("a@x.example")).is_err());
    let money = Value::Money(Money::new(1));
    assert!(write("emails[primary]", money).unwrap_err().contains("emails[primary]"));
}

#[test]
fn a_task_without_a_status_field_cannot_be_done() {
    let layout = Layout::new(&TASKS, &described(&[("Subject", "string")]), "k", String::new());
    let why = body(&TASKS, &layout, &patch("done", Value::Bool(true)), Purpose::Update).unwrap_err();
    assert!(why.contains("Status"), "{why}");
}

/// Answers each call with the next of a list of bodies, and keeps what was asked.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<Vec<(u16, String)>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Script {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<ByteStream>, TransportError> {
        self.asked.lock().unwrap().push(request.uri().to_string());
        let (status, body) = self.answers.lock().unwrap().remove(0);
        let mut response = http::Response::new(rest_core::whole(body.into()));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        let headers = response.headers_mut();
        headers.insert("content-type", http::HeaderValue::from_static("application/json"));
        headers.insert("date", http::HeaderValue::from_static("Mon, 02 Jun 2025 09:30:00 GMT"));
        Ok(response)
    }
}

fn scripted(answers: Vec<(u16, serde_json::Value)>) -> (SalesforceCrm, Arc<Script>) {
    let script = Arc::new(Script::default());
    *script.answers.lock().unwrap() = answers.into_iter().map(|(status, body)| (status, body.to_string())).collect();
    let session = Session::new("https://acme.my.salesforce.com", "00Dx!y".to_owned()).unwrap();
    let client = Salesforce::builder().login(session).transport(script.clone()).seed(1).build().unwrap();
    (SalesforceCrm::new(client), script)
}

fn note_described() -> serde_json::Value {
    let field = |name: &str, kind: &str| serde_json::json!({ "name": name, "label": name, "type": kind, "createable": true, "updateable": true });
    let fields = [("Id", "id"), ("Title", "string"), ("SystemModstamp", "datetime"), ("IsDeleted", "boolean")];
    let fields: Vec<_> = fields.iter().map(|(name, kind)| field(name, kind)).collect();
    serde_json::json!({ "name": "Note", "fields": fields })
}

fn note(n: u32, stamp: &str, deleted: bool) -> serde_json::Value {
    let id: salesforce::AnyId = format!("002{n:012}").parse().unwrap();
    serde_json::json!({ "Id": id, "Title": format!("N{n}"), "SystemModstamp": stamp, "IsDeleted": deleted })
}

fn page(records: &[serde_json::Value], next: bool) -> serde_json::Value {
    serde_json::json!({ "totalSize": 9, "done": !next, "nextRecordsUrl": next.then_some("/services/data/v62.0/query/01g-2"), "records": records })
}

#[tokio::test]
async fn a_reading_whose_cursor_the_vendor_lost_goes_on_behind_the_last_row() {
    let stamp = "2025-06-02T09:00:00.000+0000";
    let lost = serde_json::json!([{ "errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator" }]);
    let (crm, script) = scripted(vec![
        (200, note_described()),
        (200, page(&[note(1, stamp, false), note(2, stamp, false)], true)),
        (400, lost.clone()),
        (200, page(&[note(3, stamp, false), note(4, stamp, true)], true)),
        (400, lost.clone()),
        (200, page(&[], true)),
        (400, lost),
    ]);
    let events: Vec<_> = crm.notes.changes(Some(Cursor::new("v1:2025-06-02T09:00:00.000Z"))).collect().await;
    let asked = script.asked.lock().unwrap().clone();
    let told = |event: &rest_core::Result<Change<Note>>| match event {
        Ok(Change::Record(note)) => note.title.get().cloned(),
        Ok(Change::Deleted { .. }) => Some("deleted".to_owned()),
        _ => None,
    };
    assert_eq!(events.iter().filter_map(told).collect::<Vec<_>>(), ["N1", "N2", "N3", "deleted"]);
    assert!(
        asked[1].contains("/queryAll?") && asked[1].contains("SystemModstamp%20%3E%3D%202025-06-02T08%3A50%3A00.000Z"),
        "{}",
        asked[1]
    );
    assert!(asked[3].contains("Id%20%3E%20%27002000000000002AAA%27"), "{}", asked[3]);
    // No row came between two losses: going on would never end.
    let error = events.last().unwrap().as_ref().unwrap_err();
    assert_eq!(error.vendor_code(), Some("INVALID_QUERY_LOCATOR"), "{error}");
}

#[tokio::test]
async fn a_cursor_is_the_vendors_time_before_the_first_page_and_never_goes_back() {
    let old = "2025-06-02T08:00:00.000+0000";
    let (crm, _) = scripted(vec![
        (200, note_described()),
        (200, page(&[note(1, old, false)], true)),
        (200, page(&[note(2, "2025-06-02T09:29:59.000+0000", false)], false)),
        (200, page(&[], false)),
    ]);
    let (_, _, cursor) = feed(&crm.notes, None).await;
    let moment = super::read::cursor_instant(cursor.as_str()).unwrap();
    let answered = "2025-06-02T09:30:00Z".parse::<crm_model::Instant>().unwrap();
    assert!(moment <= answered && answered - moment < TimeDelta::minutes(1), "{cursor}");
    let later = Cursor::new("v1:2025-06-03T00:00:00.000Z");
    let (_, _, cursor) = feed(&crm.notes, Some(later.clone())).await;
    assert_eq!(cursor, later);
}

#[tokio::test]
async fn without_a_key_field_nothing_is_created_once() {
    let (crm, script) = scripted(vec![(
        200,
        serde_json::json!({ "name": "Contact", "createable": true, "fields": [
        { "name": "Id", "label": "Id", "type": "id" },
        { "name": "LastName", "label": "Last Name", "type": "string", "createable": true, "updateable": true },
        { "name": "Crmkit_Key__c", "label": "Key", "type": "string", "externalId": true, "unique": false, "createable": true, "updateable": true },
    ] }),
    )]);
    assert!(crm.contacts.capabilities().create_once, "until it is known better");
    let schema = crm.contacts.schema().await.unwrap();
    assert!(!crm.contacts.capabilities().create_once, "an external id that is not unique is no key");
    assert!(!crm.contacts.capabilities().update, "this user may not");
    assert!(schema.field(&crm_model::FieldKey::custom("Crmkit_Key__c")).is_some());
    let error = crm
        .contacts
        .create_once("k", NewContact { last_name: Some("x".into()), ..NewContact::default() })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(script.asked.lock().unwrap().len(), 1);
}

#[test]
fn a_merged_record_names_its_master() {
    let raw = r#"{"Id":"003000000000001AAA","IsDeleted":true,"MasterRecordId":"003000000000002AAA","SystemModstamp":"2025-06-02T09:00:00.000+0000"}"#;
    let row =
        rest_core::row::<super::read::Base>(serde_json::value::RawValue::from_string(raw.to_owned()).unwrap(), "Id")
            .unwrap();
    assert_eq!(super::read::Fields::of(&row).deleted(), Deleted::MergedInto("003000000000002AAA".into()));
}

#[test]
fn a_currency_comes_with_its_amount() {
    let layout = Layout::new(
        &super::table::DEALS,
        &described(&[("Amount", "currency"), ("CurrencyIsoCode", "picklist")]),
        "k",
        String::new(),
    );
    let raw = r#"{"Id":"006000000000001AAA","Amount":12.50,"CurrencyIsoCode":"EUR"}"#;
    let row = rest_core::row(serde_json::value::RawValue::from_string(raw.to_owned()).unwrap(), "Id").unwrap();
    let (record, _): (Record, _) = super::read::record(&super::table::DEALS, &layout, &row, true).unwrap();
    let Presence::Known(Value::Money(money)) = record.get(&Deal::AMOUNT.into()) else { panic!("an amount") };
    assert_eq!((money.amount.to_string(), money.currency.unwrap().as_str()), ("12.50".to_owned(), "EUR"));
    assert_eq!(record.meta.raw.as_ref().unwrap().as_str(), raw);
    assert!(!record.is_loaded(&Deal::CONTACTS), "what was not selected is not loaded");
    let euros = Money::new(5).in_currency("USD".parse().unwrap());
    let written = body(&super::table::DEALS, &layout, &patch("amount", Value::Money(euros)), Purpose::Update).unwrap();
    assert_eq!(written.fields.get("CurrencyIsoCode").unwrap().get(), "\"USD\"");
}

async fn engagement(org: &Org, new: NewEngagement) -> Engagement {
    let id = org.crm.engagements.create(new).await.unwrap();
    org.crm.engagements.get_one(&id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_call_is_a_closed_task_and_its_day_is_a_day() {
    let org = Org::new();
    let day = DateOrTime::Date("2025-06-02".parse().unwrap());
    let new = NewEngagement {
        kind: Some(EngagementKind::Call),
        subject: Some("Hello".into()),
        occurred_at: Some(day),
        duration: Some(95),
        direction: Some(Direction::Inbound),
        ..NewEngagement::default()
    };
    let call = engagement(&org, new).await;
    let row = org.row("Task", &call.meta.id);
    let stored = ["TaskSubtype", "Status", "CallType", "ActivityDate"].map(|name| row[name].clone());
    assert_eq!(stored, ["Call", "Completed", "Inbound", "2025-06-02"]);
    assert_eq!((call.duration.get(), call.occurred_at.get()), (Some(&95), Some(&day)));
    assert_eq!((call.direction.get(), call.location), (Some(&Direction::Inbound), Presence::Null));
    assert!(org.crm.tasks.list_all(crate::ListQuery::all()).await.unwrap().is_empty());
    let again = NewEngagement { kind: Some(EngagementKind::Sms), ..NewEngagement::default() };
    let error = org.crm.engagements.create(again).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("no sms"), "{error}");
}

#[tokio::test]
async fn a_meeting_keeps_its_length_when_it_moves_and_may_take_whole_days() {
    let org = Org::new();
    let at = |text: &str| Some(DateOrTime::Time(text.parse().unwrap()));
    let day = |text: &str| Some(DateOrTime::Date(text.parse().unwrap()));
    let new = |occurred_at, ended_at| NewEngagement {
        kind: Some(EngagementKind::Meeting),
        subject: Some("Review".into()),
        occurred_at,
        ended_at,
        ..NewEngagement::default()
    };
    let meeting = engagement(&org, new(at("2025-06-02T10:00:00Z"), at("2025-06-02T11:30:00Z"))).await;
    let moved = EngagementPatch { occurred_at: at("2025-06-03T10:00:00Z").into(), ..EngagementPatch::default() };
    org.crm.engagements.update(&meeting.id(), moved).await.unwrap();
    let meeting = org.crm.engagements.get_one(&meeting.id()).await.unwrap().unwrap();
    assert_eq!(meeting.ended_at.into_option(), at("2025-06-03T11:30:00Z"));

    let days = engagement(&org, new(day("2025-06-02"), day("2025-06-04"))).await;
    assert_eq!(days.all_day, Presence::Known(true));
    assert_eq!((days.occurred_at.into_option(), days.ended_at.into_option()), (day("2025-06-02"), day("2025-06-04")));
    let mixed = org.crm.engagements.create(new(day("2025-06-02"), at("2025-06-04T10:00:00Z"))).await.unwrap_err();
    assert!(mixed.to_string().contains("both days, or both moments"), "{mixed}");
}

#[tokio::test]
async fn an_email_is_told_once_though_a_task_stands_beside_it() {
    let org = Org::new();
    let json = |value: serde_json::Value| value;
    let make = |object: &str, fields| org.sandbox.create(Vendor::Salesforce, object, json(fields)).unwrap().id;
    let shadow = make("Task", serde_json::json!({ "Subject": "Email: Hi", "TaskSubtype": "Email" }));
    let alone = make("Task", serde_json::json!({ "Subject": "Email: Before", "TaskSubtype": "Email" }));
    let fields = serde_json::json!({ "Subject": "Hi", "ActivityId": shadow, "ToAddress": "a@x.example; b@x.example" });
    let message = make("EmailMessage", fields);
    let told = |records: Vec<Engagement>| records.iter().map(|one| one.meta.id.to_string()).collect::<Vec<_>>();
    let expected = [alone.clone(), message.clone()];
    assert_eq!(told(org.crm.engagements.list_all(crate::ListQuery::all()).await.unwrap()), expected);
    let ids = [&shadow, &alone, &message].map(|id| RemoteId::new(id.as_str()));
    let got = org.crm.engagements.get(&ids).await.unwrap();
    assert!(matches!(got.as_slice(), [Fetched::Missing, Fetched::Found(_), Fetched::Found(_)]), "{got:?}");
    let Fetched::Found(message) = &got[2] else { panic!("it is there") };
    assert_eq!(message.participants.get().unwrap().len(), 2);
    assert!(org.crm.tasks.list_all(crate::ListQuery::all()).await.unwrap().is_empty(), "nothing of it is to be done");
}

#[tokio::test]
async fn a_tickets_status_has_a_name_where_the_model_has_one_and_its_own_key_where_not() {
    let org = Org::new();
    let new = NewTicket {
        subject: Some("Broken".into()),
        status: Some(TicketStatus::Open),
        source: Some(TicketSource::Web),
        ..NewTicket::default()
    };
    let id = org.crm.tickets.create(new).await.unwrap();
    assert_eq!(org.row("Case", id.as_str())["Status"], "Working");
    org.sandbox.edit(Vendor::Salesforce, "Case", id.as_str(), serde_json::json!({ "Status": "Escalated" })).unwrap();
    let ticket = org.crm.tickets.get_one(&id).await.unwrap().unwrap();
    assert_eq!(ticket.status, Presence::Known(TicketStatus::Other("Escalated".into())));
    assert_eq!(ticket.source, Presence::Known(TicketSource::Web));
    let pending = TicketPatch { status: crm_model::Patch::Set(TicketStatus::Pending), ..TicketPatch::default() };
    let error = org.crm.tickets.update(&id, pending).await.unwrap_err();
    assert!(error.to_string().contains("no value for `pending`") && error.to_string().contains("new, open"), "{error}");
    let back =
        TicketPatch { status: crm_model::Patch::Set(ticket.status.into_option().unwrap()), ..TicketPatch::default() };
    org.crm.tickets.update(&id, back).await.unwrap();
    assert_eq!(org.row("Case", id.as_str())["Status"], "Escalated");
}
