use crm_model::{
    Account, Contact, ContactPatch, Deal, Engagement, Label, Labelled, Lead, ListPatch, Meta, NewContact, Note, Object,
    ObjectKind, Patch, Record, RecordPatch, Task, Ticket, Value,
};
use proptest::prelude::*;

use crate::strategy::{patch, record};

/// A patch as field maps and the same patch gone through the typed form do the same to any record.
fn typed_patch_does_the_same<T: Object>(patch: &RecordPatch, before: &Record) -> Result<(), TestCaseError> {
    let typed = T::patch_from_record(patch.clone()).unwrap();
    let again = T::patch_to_record(&typed);
    prop_assert_eq!(again.len(), patch.len());
    prop_assert_eq!(&again.opt_outs, &patch.opt_outs);

    let (mut direct, mut through) = (before.clone(), before.clone());
    direct.apply(patch);
    through.apply(&again);
    prop_assert!(direct == through, "the typed form did something else");
    prop_assert_eq!(T::patch_to_record(&T::patch_from_record(again.clone()).unwrap()), again);
    T::from_record(direct).unwrap();
    Ok(())
}

fn touches_only_what_it_names<T: Object>(patch: &RecordPatch, before: &Record) -> Result<(), TestCaseError> {
    let mut after = before.clone();
    after.apply(patch);
    for field in T::FIELDS {
        if patch.iter().all(|(path, _)| path.key != field.key) {
            let path = field.key.clone().into();
            prop_assert!(after.get(&path) == before.get(&path), "{} changed", field.key);
        }
    }
    let once = after.clone();
    after.apply(patch);
    // Removing an entry by its label again removes the next one with that label, so only settings are repeatable.
    if patch.iter().all(|(path, value)| path.slot.is_none() || *value != Value::Null) {
        prop_assert!(after == once, "applying it again changed something");
    }
    Ok(())
}

macro_rules! for_every_object {
    ($($name:ident: $object:ty),*) => {$(
        mod $name {
            use super::*;
            proptest! {
                #[test]
                fn the_typed_form_does_the_same(patch in patch::<$object>(), before in record::<$object>()) {
                    typed_patch_does_the_same::<$object>(&patch, &before)?;
                }
                #[test]
                fn only_what_is_named_changes(patch in patch::<$object>(), before in record::<$object>()) {
                    touches_only_what_it_names::<$object>(&patch, &before)?;
                }
                #[test]
                fn a_new_record_holds_what_it_was_created_from(patch in patch::<$object>()) {
                    let new = <$object>::new_from_patch(patch.clone()).unwrap();
                    let again = <$object>::new_from_patch(<$object>::new_to_patch(&new)).unwrap();
                    prop_assert_eq!(<$object>::new_to_patch(&again), <$object>::new_to_patch(&new));
                    prop_assert_eq!(&new.opt_outs, &patch.opt_outs);
                    prop_assert!(<$object>::new_to_patch(&new).iter().all(|(_, value)| !value.is_empty()));
                }
            }
        }
    )*};
}
for_every_object!(
    accounts: Account, contacts: Contact, leads: Lead, deals: Deal, tickets: Ticket, tasks: Task, notes: Note,
    engagements: Engagement
);

#[test]
fn empty_values_are_left_out_of_a_new_record() {
    let patch: RecordPatch = [
        ("job_title", Value::text("")),
        ("department", Value::Null),
        ("emails[primary]", Value::text("")),
        ("custom.cf_tier", Value::text("")),
        ("last_name", Value::text("Lovelace")),
    ]
    .into_iter()
    .map(|(path, value)| (path.parse().unwrap(), value))
    .collect();
    let new = Contact::new_from_patch(patch).unwrap();
    assert_eq!(new, NewContact { last_name: Some("Lovelace".into()), ..NewContact::default() });
}

#[test]
fn entries_become_a_list_with_their_labels_when_a_record_is_created() {
    let patch: RecordPatch = [("emails[primary]", "a@x.example"), ("phones[mobile]", "1"), ("phones[Lab]", "2")]
        .into_iter()
        .map(|(path, value)| (path.parse().unwrap(), Value::text(value)))
        .collect();
    let new = Contact::new_from_patch(patch).unwrap();
    assert_eq!(new.emails, [Labelled::new("a@x.example", Label::Work).primary()]);
    let lab = Label::Other("Lab".to_owned());
    let phones: Vec<_> = new.phones.iter().map(|phone| (phone.label.clone(), phone.value.as_str())).collect();
    assert!(phones.len() == 2 && phones.contains(&(Label::Mobile, "1")) && phones.contains(&(lab, "2")));
}

#[test]
fn a_plain_value_in_a_slot_gets_the_slots_label() {
    let patch = RecordPatch::from_iter([("phones[mobile]".parse().unwrap(), Value::text("1"))]);
    let typed = Contact::patch_from_record(patch).unwrap();
    let ListPatch::Slots(slots) = typed.phones else { panic!("entries stay entries") };
    assert_eq!(slots.into_values().collect::<Vec<_>>(), [Some(Labelled::new("1", Label::Mobile))]);
}

#[test]
fn clearing_is_said_and_never_guessed() {
    let patch = ContactPatch { job_title: Patch::Clear, department: None.into(), ..ContactPatch::default() };
    let fields = patch.to_record_patch();
    assert_eq!(fields.len(), 2);
    assert!(fields.iter().all(|(_, value)| *value == Value::Null));
    assert_eq!(fields.get(&Contact::FIRST_NAME.into()), None);
    assert!(ContactPatch::default().to_record_patch().is_empty());

    let mut untouched = Record::new(ObjectKind::Contact, Meta::default());
    untouched.apply(&ContactPatch::default().to_record_patch());
    assert_eq!(untouched.fields().count(), 0);
}

#[test]
fn a_patch_that_does_not_fit_names_the_field() {
    let refused = |path: &str, value| {
        let patch = RecordPatch::from_iter([(path.parse().unwrap(), value)]);
        Contact::patch_from_record(patch).unwrap_err().to_string()
    };
    assert_eq!(refused("birthday", Value::text("1815-12-10")), "contact field `birthday` takes a date, not text");
    assert_eq!(
        refused("emails[primary]", Value::Int(1)),
        "contact field `emails[primary]` takes text, not a whole number"
    );
    assert!(refused("stage", Value::Null).contains("contact has no field `stage`"));
}
