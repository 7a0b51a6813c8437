use crm_model::{
    Account, AnyRef, Contact, ContactPatch, Deal, Engagement, FieldKey, Label, Labelled, Lead, ListPatch, Meta,
    ModelError, Note, Object, ObjectKind, Presence, Record, RecordPatch, Slot, Task, Ticket, Value,
};
use proptest::prelude::*;

use crate::strategy::record;

fn round_trip<T: Object>(record: &Record) -> Result<(), TestCaseError> {
    let typed = T::from_record(record.clone()).unwrap();
    prop_assert!(typed.to_record() == *record, "the record came back changed");
    prop_assert_eq!(T::from_record(typed.to_record()).unwrap(), typed);
    Ok(())
}

proptest! {
    #[test]
    fn accounts_round_trip(record in record::<Account>()) { round_trip::<Account>(&record)?; }
    #[test]
    fn contacts_round_trip(record in record::<Contact>()) { round_trip::<Contact>(&record)?; }
    #[test]
    fn deals_round_trip(record in record::<Deal>()) { round_trip::<Deal>(&record)?; }
    #[test]
    fn tasks_round_trip(record in record::<Task>()) { round_trip::<Task>(&record)?; }
    #[test]
    fn notes_round_trip(record in record::<Note>()) { round_trip::<Note>(&record)?; }
    #[test]
    fn leads_round_trip(record in record::<Lead>()) { round_trip::<Lead>(&record)?; }
    #[test]
    fn tickets_round_trip(record in record::<Ticket>()) { round_trip::<Ticket>(&record)?; }
    #[test]
    fn engagements_round_trip(record in record::<Engagement>()) { round_trip::<Engagement>(&record)?; }

    #[test]
    fn a_field_is_loaded_or_not_and_empty_or_not(record in record::<Contact>()) {
        for field in Contact::FIELDS {
            let presence = record.get(&field.key.clone().into());
            prop_assert_eq!(presence.is_loaded(), record.is_loaded(&field.key));
            prop_assert!(presence.get().is_none_or(|value| !value.is_empty()));
        }
    }
}

fn contact(fields: &[(FieldKey, Value)]) -> Record {
    let mut record = Record::new(ObjectKind::Contact, Meta::new("test", "1"));
    fields.iter().for_each(|(key, value)| record.set(key.clone(), value.clone()));
    record
}

fn labelled(text: &str, label: Label) -> Labelled<String> {
    Labelled::new(text, label)
}

#[test]
fn what_does_not_fit_the_declaration_is_refused_with_its_field() {
    let wrong = |fields: &[(FieldKey, Value)]| Contact::from_record(contact(fields)).unwrap_err().to_string();
    assert_eq!(
        wrong(&[(Contact::JOB_TITLE, Value::Int(7))]),
        "contact field `job_title` takes text, not a whole number"
    );
    assert_eq!(
        wrong(&[(Contact::EMAILS, Value::List(vec![Value::Bool(true)]))]),
        "contact field `emails` takes text, not yes or no"
    );
    assert!(wrong(&[(Deal::STAGE, Value::text("x"))]).contains("has no field `stage`"));
    let deal_for_owner = Value::Ref(AnyRef::new(ObjectKind::Deal, "1"));
    assert!(wrong(&[(Contact::OWNER, deal_for_owner)]).contains("`owner`"));

    let error = Deal::from_record(contact(&[])).unwrap_err();
    assert_eq!(error, ModelError::WrongObject { expected: ObjectKind::Deal, found: ObjectKind::Contact });
}

#[test]
fn a_single_value_stands_for_a_list_of_one() {
    let read = Contact::from_record(contact(&[(Contact::TAGS, Value::text("vip"))])).unwrap();
    assert_eq!(read.tags, Presence::Known(vec!["vip".to_owned()]));
}

#[test]
fn entries_of_lists_are_found_by_their_slots() {
    let mut ada = Contact::default();
    ada.phones = Presence::Known(vec![labelled("1", Label::Work), labelled("2", Label::Mobile).primary()]);
    ada.emails = Presence::Known(vec![labelled("a@x.example", Label::Home), labelled("b@x.example", Label::Work)]);
    ada.addresses = Presence::Known(Vec::new());
    let record = ada.to_record();
    let check = |path: &str, expected: Presence<&str>| {
        assert_eq!(record.get(&path.parse().unwrap()), expected.map(Value::text), "{path}");
    };
    check("phones[primary]", Presence::Known("2"));
    check("phones[work]", Presence::Known("1"));
    check("phones[fax]", Presence::Null);
    check("emails[primary]", Presence::Known("a@x.example")); // none is marked: the first
    check("addresses[mailing]", Presence::Null);
    check("addresses", Presence::Null);
    check("accounts[primary]", Presence::NotLoaded);
}

fn after(start: &[Labelled<String>], slot: Slot, value: Option<Labelled<String>>) -> Vec<Labelled<String>> {
    let mut before = Contact::default();
    before.phones = Presence::Known(start.to_vec());
    let patch = ContactPatch { phones: ListPatch::slot(slot, value), ..ContactPatch::default() };
    let mut record = before.to_record();
    record.apply(&patch.to_record_patch());
    Contact::from_record(record).unwrap().phones.into_option().unwrap()
}

#[test]
fn a_slot_changes_one_entry_and_leaves_the_others() {
    let start = [
        Labelled { remote_id: Some("7".into()), ..labelled("1", Label::Home).primary() },
        labelled("2", Label::Mobile),
    ];
    let put = |slot, text| after(&start, slot, Some(labelled(text, Label::Work)));

    let primary = put(Slot::Primary, "9");
    assert_eq!(primary[0], Labelled { value: "9".to_owned(), ..start[0].clone() });
    assert_eq!(primary[1], start[1]);

    let mobile = put(Slot::Label(Label::Mobile), "9");
    assert_eq!(mobile, [start[0].clone(), labelled("9", Label::Mobile)]);

    let fax = put(Slot::Label(Label::Fax), "9");
    assert_eq!(fax, [start[0].clone(), start[1].clone(), labelled("9", Label::Fax)]);

    assert_eq!(after(&start, Slot::Label(Label::Mobile), None), [start[0].clone()]);
    assert_eq!(after(&start, Slot::Label(Label::Fax), None), start);
    assert_eq!(after(&[], Slot::Primary, Some(labelled("9", Label::Work))), [labelled("9", Label::Work).primary()]);
}

#[test]
fn a_record_that_takes_the_first_place_is_not_listed_twice() {
    let account = |id: &str| AnyRef::new(ObjectKind::Account, id);
    let list = |refs: Vec<AnyRef>| Value::List(refs.into_iter().map(Value::Ref).collect());
    let mut record = contact(&[(Contact::ACCOUNTS, list(vec![account("b"), account("a").primary(), account("c")]))]);
    let patch = RecordPatch::from_iter([("accounts[primary]".parse().unwrap(), Value::Ref(account("b")))]);
    record.apply(&patch);
    assert_eq!(
        record.get(&Contact::ACCOUNTS.into()),
        Presence::Known(list(vec![account("b").primary(), account("c")]))
    );
}
