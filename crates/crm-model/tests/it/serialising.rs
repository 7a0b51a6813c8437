use crm_model::{
    ChoiceOption, Contact, Currency, Field, FieldKey, FieldPath, FieldType, Label, Money, ObjectKind, RecordPatch,
    RemoteId, Required, Schema, Value,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::strategy::{any_value, consent_set, label, patch};

fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Equal in everything, labels of choices and digits of numbers included, which equality of values leaves out.
fn same_text<T: Serialize + DeserializeOwned>(value: &T) -> Result<(), TestCaseError> {
    prop_assert_eq!(serde_json::to_string(&again(value)).unwrap(), serde_json::to_string(value).unwrap());
    Ok(())
}

proptest! {
    #[test]
    fn values_round_trip(value in any_value()) {
        prop_assert_eq!(again(&value), value.clone());
        same_text(&value)?;
    }

    #[test]
    fn patches_round_trip(patch in patch::<Contact>()) {
        prop_assert_eq!(again(&patch), patch);
    }

    #[test]
    fn consent_round_trips(set in consent_set()) {
        prop_assert_eq!(again(&set), set);
    }

    #[test]
    fn labels_round_trip(label in label()) {
        prop_assert_eq!(again(&label), label);
    }
}

#[test]
fn a_patch_is_stored_in_words_that_a_person_can_read() {
    let patch = RecordPatch::from_iter([
        ("emails[primary]".parse().unwrap(), Value::text("a@x.example")),
        ("job_title".parse().unwrap(), Value::Null),
    ]);
    let text = serde_json::to_string(&patch).unwrap();
    assert_eq!(text, r#"{"fields":{"emails[primary]":{"t":"text","v":"a@x.example"},"job_title":{"t":"null"}}}"#);
}

#[test]
fn every_digit_of_an_amount_is_stored() {
    let money = Money::new("1234567890123456.780".parse::<crm_model::Decimal>().unwrap());
    let text = serde_json::to_string(&Value::Money(money)).unwrap();
    assert_eq!(text, r#"{"t":"money","v":{"amount":"1234567890123456.780"}}"#);
}

#[test]
fn what_is_stored_wrongly_is_refused() {
    let refused = |text: &str| {
        let patch: Result<RecordPatch, _> = serde_json::from_str(text);
        patch.unwrap_err().to_string()
    };
    assert!(refused(r#"{"fields":{"emails[":{"t":"null"}}}"#).contains("not a field path"));
    assert!(refused(r#"{"fields":{"job_title":{"t":"colour","v":1}}}"#).contains("colour"));
    assert!(serde_json::from_str::<FieldKey>("\"emails[primary]\"").is_err());
    assert!(serde_json::from_str::<Currency>("\"EURO\"").is_err());
    assert_eq!(serde_json::from_str::<Currency>("\"eur\"").unwrap().as_str(), "EUR");
}

#[test]
fn schemas_and_ids_round_trip() {
    let mut tier = Field::new(FieldKey::custom("Tier__c"), "Tier__c", FieldType::Choice);
    tier.required = Required::OnCreate;
    tier.options = vec![ChoiceOption::new("g", "Gold")];
    let other = Field::new(Contact::ACCOUNTS, "AccountId", FieldType::Ref { target: Some(ObjectKind::Account) });
    let schema = Schema::new(ObjectKind::Contact, vec![tier.clone(), other]);
    assert_eq!(again(&schema), schema);
    assert_eq!(schema.field(&FieldKey::custom("Tier__c")), Some(&tier));

    // Beyond 2^53, where a number type would round.
    let id = RemoteId::<Contact>::new("9007199254740993");
    assert_eq!(serde_json::to_string(&id).unwrap(), "\"9007199254740993\"");
    assert_eq!(again(&id), id);
    let path: FieldPath = again(&"phones[\"primary\"]".parse().unwrap());
    assert_eq!(path, FieldPath::entry(Contact::PHONES, Label::Other("primary".into())));
}
