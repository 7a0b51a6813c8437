use crm_model::{
    Address, AnyRef, Choice, Contact, ContactPatch, Currency, DateOrTime, Deal, FieldKey, Label, Labelled, ListPatch,
    Meta, ModelError, Money, NewContact, NewDeal, Object, ObjectKind, Patch, Presence, RawJson, Record, User, Value,
};

const CANARY: &str = "canary-7c1e";

/// Fails where a `Debug` text, in either of its forms, shows a value.
fn silent(what: &dyn std::fmt::Debug) {
    for text in [format!("{what:?}"), format!("{what:#?}")] {
        assert!(!text.contains(CANARY) && !text.contains("271828"), "{text}");
    }
}

fn contact() -> Contact {
    let mut contact = Contact::default();
    contact.meta = Meta::new("test", "1");
    contact.meta.raw = Some(RawJson::new(format!("{{\"name\":\"{CANARY}\"}}")));
    contact.meta.url = Some(format!("https://crm.example/{CANARY}"));
    contact.first_name = Presence::Known(CANARY.to_owned());
    contact.status = Presence::Known(Choice::new(CANARY).labelled(CANARY));
    contact.emails = Presence::Known(vec![Labelled::new(CANARY, Label::Work)]);
    let address = Address { street: CANARY.to_owned(), ..Address::default() };
    contact.addresses = Presence::Known(vec![Labelled::new(address, Label::Home)]);
    contact.custom.insert("cf".to_owned(), Value::List(vec![Value::text(CANARY), Value::Json(CANARY.to_owned())]));
    contact
}

#[test]
fn no_debug_text_shows_a_value() {
    let contact = contact();
    silent(&contact);
    silent(&contact.to_record());
    silent(&contact.to_record().fields().collect::<Vec<_>>());
    silent(&contact.emails);
    silent(contact.addresses.get().unwrap());
    silent(&NewContact { last_name: Some(CANARY.to_owned()), ..NewContact::default() });
    let patch = ContactPatch {
        last_name: Patch::Set(CANARY.to_owned()),
        tags: ListPatch::Replace(vec![CANARY.to_owned()]),
        ..ContactPatch::default()
    };
    silent(&patch);
    silent(&patch.to_record_patch());
    silent(&patch.last_name);

    let amount = Money::new(271_828).in_currency("EUR".parse::<Currency>().unwrap());
    silent(&NewDeal { amount: Some(amount), ..NewDeal::default() });
    let mut deal = Deal::default();
    deal.amount = Presence::Known(amount);
    silent(&deal);
    silent(&deal.to_record());
    silent(&DateOrTime::Time(chrono::DateTime::from_timestamp(271_828, 0).unwrap()));

    let mut user = User::new(Meta::new("test", "1"));
    user.name = CANARY.to_owned();
    user.email = Some(CANARY.to_owned());
    silent(&user);
}

#[test]
fn errors_do_not_repeat_the_value() {
    let mut record = Record::new(ObjectKind::Contact, Meta::default());
    record.set(Contact::BIRTHDAY, Value::text(CANARY));
    let error = Contact::from_record(record).unwrap_err();
    silent(&error);
    assert!(!error.to_string().contains(CANARY), "{error}");
    assert!(matches!(error, ModelError::Type { .. }));
}

#[test]
fn what_a_person_asks_to_see_is_shown() {
    let shown = |value: Value| value.reveal();
    let address = Address { street: "1 Elm".into(), city: "Bath".into(), ..Address::default() };
    assert_eq!(shown(Value::Null), "(empty)");
    assert_eq!(shown(Value::Decimal("1.50".parse().unwrap())), "1.5");
    assert_eq!(shown(Value::Money(Money::new(7).in_currency("usd".parse().unwrap()))), "7 USD");
    assert_eq!(shown(Value::Choice(Choice::new("a").labelled("Alpha"))), "Alpha");
    assert_eq!(shown(Value::Choices(vec![Choice::new("a"), Choice::new("b")])), "a; b");
    assert_eq!(shown(Value::Address(address)), "1 Elm, Bath");
    assert_eq!(shown(Value::Ref(AnyRef::new(ObjectKind::Deal, "9"))), "deal 9");
    assert_eq!(shown(Labelled::new("x", Label::Home).map_to_value()), "x (home)");
    assert_eq!(shown(Value::List(vec![Value::Int(1), Value::Bool(true)])), "1, yes");
    assert_eq!(FieldKey::custom("cf_x").to_string(), "custom.cf_x");
}

trait MapToValue {
    fn map_to_value(self) -> Value;
}

impl MapToValue for Labelled<String> {
    fn map_to_value(self) -> Value {
        crm_model::FieldValue::into_value(self)
    }
}
