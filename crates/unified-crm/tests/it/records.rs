//! Field maps: the form on which a sync works, over the typed collections.

use std::sync::Arc;

use crm_model::{ObjectKind, Presence, Record, RecordPatch, RemoteId, Value};
use futures::StreamExt;
use unified_crm::{Change, Crm, ErrorKind, Fetched, MemoryCrm, Outcome, RecordWrite};

fn patch(fields: &[(&str, Value)]) -> RecordPatch {
    fields.iter().map(|(path, value)| (path.parse().expect("a path"), value.clone())).collect()
}

fn create(fields: &[(&str, Value)]) -> RecordWrite {
    RecordWrite::Create { fields: patch(fields), key: None }
}

fn shown(record: &Record, path: &str) -> Presence<Value> {
    record.get(&path.parse().expect("a path"))
}

#[tokio::test]
async fn writes_that_do_not_fit_the_model_are_refused_in_their_place() {
    let crm: Arc<dyn Crm> = Arc::new(MemoryCrm::new("acme"));
    let contacts = crm.records(ObjectKind::Contact).expect("it has contacts");
    let results = contacts
        .write(vec![
            create(&[("last_name", Value::text("King"))]),
            create(&[("birthday", Value::text("10 December"))]),
            create(&[("stage", Value::text("won"))]),
            create(&[("last_name", Value::text("Babbage")), ("custom.cf_tier", Value::Int(1))]),
        ])
        .await;
    let told: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().map(|done| done.outcome).map_err(unified_crm::Error::kind))
        .collect();
    assert_eq!(told, [Ok(Outcome::Created), Err(ErrorKind::Invalid), Err(ErrorKind::Invalid), Ok(Outcome::Created)]);
    let words = results[1].as_ref().err().map(ToString::to_string).unwrap_or_default();
    assert!(words.contains("`birthday` takes a date, not text") && !words.contains("December"), "{words}");
    let record = results[3].as_ref().ok().and_then(|done| done.record.as_ref()).expect("the record as it is now");
    assert_eq!(shown(record, "custom.cf_tier"), Presence::Known(Value::Int(1)));
}

#[tokio::test]
async fn entries_of_lists_are_written_one_at_a_time() {
    let crm: Arc<dyn Crm> = Arc::new(MemoryCrm::new("acme"));
    let contacts = crm.records(ObjectKind::Contact).expect("it has contacts");
    let new = create(&[("emails[primary]", Value::text("a@x.example")), ("phones[mobile]", Value::text("1"))]);
    let id = contacts.write(vec![new]).await.remove(0).expect("created").id;

    let change = patch(&[("phones[work]", Value::text("2")), ("emails[primary]", Value::text("b@x.example"))]);
    contacts.write(vec![RecordWrite::Update { id: id.clone(), patch: change }]).await.remove(0).expect("updated");
    let clear = patch(&[("phones[mobile]", Value::Null)]);
    contacts.write(vec![RecordWrite::Update { id: id.clone(), patch: clear }]).await.remove(0).expect("updated");

    let Some(Fetched::Found(record)) = contacts.get(&[id]).await.expect("got").pop() else { panic!("it is there") };
    assert_eq!(shown(&record, "emails[primary]"), Presence::Known(Value::text("b@x.example")));
    assert_eq!(shown(&record, "phones[work]"), Presence::Known(Value::text("2")));
    assert_eq!(shown(&record, "phones[mobile]"), Presence::Null);
}

#[tokio::test]
async fn a_feed_and_a_deletion_keep_their_ids() {
    let crm: Arc<dyn Crm> = Arc::new(MemoryCrm::new("acme"));
    let deals = crm.records(ObjectKind::Deal).expect("it has deals");
    assert_eq!((deals.object(), deals.schema().await.expect("a schema").object), (ObjectKind::Deal, ObjectKind::Deal));
    let id = deals.write(vec![create(&[("name", Value::text("Engine"))])]).await.remove(0).expect("created").id;
    let mut events: Vec<_> = deals.changes(None).map(|event| event.expect("an event")).collect().await;
    let Some(Change::Finished(cursor)) = events.pop() else { panic!("the feed is complete") };
    let Some(Change::Record(record)) = events.pop() else { panic!("the deal is told") };
    assert_eq!(&*record.meta.id, id.as_str());

    let gone = RemoteId::new("999");
    let done = deals.write(vec![RecordWrite::Delete { id: id.clone() }, RecordWrite::Delete { id: gone }]).await;
    assert!(done.iter().all(|done| { done.as_ref().is_ok_and(|done| done.outcome == Outcome::Deleted) }));
    let events: Vec<_> = deals.changes(Some(cursor)).map(|event| event.expect("an event")).collect().await;
    assert!(matches!(&events[1], Change::Deleted { id: told, .. } if *told == id));
    assert!(matches!(deals.get(&[id]).await.expect("got")[0], Fetched::Deleted(_)));
}

#[test]
fn an_object_without_fields_of_its_own_is_refused() {
    let crm: Arc<dyn Crm> = Arc::new(MemoryCrm::new("acme"));
    let error = crm.records(ObjectKind::Stage).err().expect("stages are no records");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
