//! Names that vendors spell differently: what has a name gets it, what has none keeps the vendor's key.

use crm_model::{
    AnyRef, Choice, Conversion, Deleted, EngagementKind, FieldGroup, FieldValue, ObjectKind, Party, PartyRole,
    RemoteId, TicketStatus, Value, View,
};

#[test]
fn what_has_no_name_keeps_the_vendors_key() {
    for named in TicketStatus::NAMED {
        assert_eq!(TicketStatus::from(named.as_str()), *named);
        assert_eq!(TicketStatus::from_value(named.clone().into_value()).as_ref(), Some(named));
    }
    let own = TicketStatus::from("Escalated to Möhre");
    assert_eq!(own, TicketStatus::Other("Escalated to Möhre".to_owned()));
    assert_eq!(own.clone().into_value(), Value::Choice(Choice::new("Escalated to Möhre")));
    assert_eq!(TicketStatus::from_value(own.clone().into_value()), Some(own.clone()));
    let stored = serde_json::to_string(&own).unwrap();
    assert_eq!(
        (stored.as_str(), serde_json::from_str::<TicketStatus>(&stored).unwrap()),
        ("\"Escalated to Möhre\"", own)
    );
    assert_eq!(EngagementKind::from_value(Value::Int(1)), None);
}

#[test]
fn a_participant_is_shown_to_people_and_not_to_logs() {
    let ada = Party { record: Some(AnyRef::new(ObjectKind::Lead, "7")), ..Party::at(PartyRole::To, "ada@x.example") };
    assert_eq!(format!("{ada:?} {:?}", ada.clone().into_value()), "Party(to) Party(…)");
    assert_eq!(ada.clone().into_value().reveal(), "ada@x.example (to)");
    let known = Party::record(PartyRole::from("observer"), AnyRef::new(ObjectKind::User, "9"));
    assert_eq!(known.to_string(), "user 9 (observer)");
    assert!(Party { role: PartyRole::Cc, address: None, record: None }.into_value().is_empty());
}

#[test]
fn what_became_of_a_lead_is_stored_in_words() {
    let became = Conversion { contact: Some(RemoteId::new("003")), ..Conversion::default() };
    let text = serde_json::to_string(&Deleted::ConvertedTo(became.clone())).unwrap();
    assert_eq!(text, r#"{"converted_to":{"contact":"003"}}"#);
    let Deleted::ConvertedTo(again) = serde_json::from_str(&text).unwrap() else { panic!("converted") };
    assert_eq!(again, became);
    assert!(!Deleted::ConvertedTo(became).is_alive());
}

#[test]
fn descriptions_of_views_and_groups_are_stored() {
    let mut view = View::new(ObjectKind::Lead, "00B1", "My leads");
    view.owner = Some(RemoteId::new("005"));
    let text = serde_json::to_string(&view).unwrap();
    assert_eq!(serde_json::from_str::<View>(&text).unwrap(), view);
    let mut group = FieldGroup::new(ObjectKind::Deal, "1", "About");
    group.fields = vec![crm_model::Deal::NAME];
    let text = serde_json::to_string(&group).unwrap();
    assert_eq!(serde_json::from_str::<FieldGroup>(&text).unwrap(), group);
}

#[test]
fn every_object_is_read_by_its_name() {
    for kind in ObjectKind::RECORDS {
        assert_eq!(kind.as_str().parse::<ObjectKind>().unwrap(), kind);
    }
    assert!(ObjectKind::SYNCED.iter().all(|kind| ObjectKind::RECORDS.contains(kind)));
    assert!("prospect".parse::<ObjectKind>().unwrap_err().to_string().contains("lead, deal, ticket"));
}
