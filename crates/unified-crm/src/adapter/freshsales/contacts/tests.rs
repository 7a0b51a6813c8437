use super::*;
use crm_model::{Address, Channel, ConsentState, Object, OptOuts, Patch, Value};
use freshsales::SideLoads;
use freshsales::models::FieldSetting;
use rest_core::{BaseUrl, row};
use std::sync::Arc;

fn fields() -> Fields {
    let settings: Vec<FieldSetting> = serde_json::from_str(
        r#"[{"name":"cf_tier","label":"Tier","type":"dropdown","choices":[{"id":1,"value":"Gold"}]},
            {"name":"cf_do_not_call","label":"Do not call","type":"checkbox"},
            {"name":"lifecycle_stage_id","label":"Stage","type":"dropdown","choices":[{"id":70,"value":"Lead"}]}]"#,
    )
    .unwrap();
    let base = BaseUrl::parse("https://acme.myfreshworks.com/crm/sales/api").unwrap();
    Fields::new::<Contact>(&settings, &[], &crate::FreshsalesOptions::default(), &base)
}

fn record(json: &str) -> Loaded<fs::Contact> {
    let raw = serde_json::value::RawValue::from_string(json.to_owned()).unwrap();
    Loaded::new(row(raw, "id").unwrap(), Arc::new(SideLoads::default()))
}

const ADA: &str = r#"{"id":7,"first_name":"Ada","last_name":null,"job_title":"","email":"ada@example.com",
    "emails":[{"id":1,"value":"ada@example.com","is_primary":true,"label":null},{"id":2,"value":"a.king@example.com","is_primary":false,"label":"home"}],
    "work_number":"123","mobile_number":null,"phone_numbers":[{"id":5,"value":"456","label":"fax"},{"id":6,"value":"789","label":null}],
    "address":"1 Way","city":null,"state":null,"zipcode":"0123","country":"UK","owner_id":null,"lifecycle_stage_id":70,
    "sales_accounts":[{"id":8,"name":"Engines","is_primary":false},{"id":9,"is_primary":true}],
    "subscription_status":4,"sms_subscription_status":2,"custom_field":{"cf_tier":"Gold","cf_do_not_call":true},"facebook":"ada",
    "is_deleted":false,"tags":["a"],"created_at":"2021-10-19T00:28:18-06:00","updated_at":"2023-03-23T05:19:22-06:00"}"#;

#[test]
fn a_contact_is_read_field_by_field() {
    let ada = Contact::read(&record(ADA), &fields());
    assert_eq!(ada.first_name, Presence::Known("Ada".to_owned()));
    assert_eq!((ada.last_name, ada.job_title, ada.owner), (Presence::Null, Presence::Null, Presence::Null));
    assert_eq!(
        (ada.status, ada.lead_source, ada.full_name),
        (Presence::NotLoaded, Presence::NotLoaded, Presence::NotLoaded)
    );
    assert_eq!(ada.lifecycle_stage.get().map(|choice| (choice.key.as_str(), choice.text())), Some(("70", "Lead")));
    let emails: Vec<_> = ada
        .emails
        .get()
        .unwrap()
        .iter()
        .map(|entry| (entry.value.as_str(), entry.label.clone(), entry.is_primary))
        .collect();
    assert_eq!(emails, [("ada@example.com", Label::Work, true), ("a.king@example.com", Label::Home, false)]);
    let phones: Vec<_> =
        ada.phones.get().unwrap().iter().map(|entry| (entry.value.as_str(), entry.label.to_string())).collect();
    assert_eq!(phones, [("123", "work".to_owned()), ("456", "fax".to_owned()), ("789", "other".to_owned())]);
    let address = &ada.addresses.get().unwrap()[0];
    assert_eq!(
        (address.label.clone(), address.value.postal_code.as_str(), address.value.city.as_str()),
        (Label::Mailing, "0123", "")
    );
    let accounts: Vec<_> =
        ada.accounts.get().unwrap().iter().map(|account| (account.id.as_str(), account.is_primary)).collect();
    assert_eq!(accounts, [("8", false), ("9", true)]);
    assert_eq!(ada.consent.state(Channel::Email), ConsentState::OptedOut);
    assert_eq!(ada.consent.state(Channel::Phone), ConsentState::OptedOut);
    assert_eq!(ada.consent.state(Channel::Sms), ConsentState::Unknown);
    assert!(ada.consent.get(Channel::WhatsApp).is_none());
    assert_eq!(ada.custom["cf_tier"], Value::Choice(Choice::new("Gold")));
    assert_eq!(ada.custom["facebook"], Value::text("ada"));
    assert!(!ada.custom.contains_key("twitter"));
    assert_eq!(ada.meta.url.as_deref(), Some("https://acme.myfreshworks.com/crm/sales/contacts/7"));
    assert_eq!(ada.meta.updated_at.unwrap().to_rfc3339(), "2023-03-23T11:19:22+00:00");
    assert!(ada.meta.deleted.is_alive());

    let bare = Contact::read(&record(r#"{"id":7}"#), &fields());
    assert!(bare.to_record().fields().next().is_none(), "what was not sent is not loaded");
}

fn body(patch: &ContactPatch, current: Option<&str>) -> String {
    let current = current.map(record);
    serde_json::to_string(&Contact::write(patch, current.as_ref(), &fields()).unwrap()).unwrap()
}

#[test]
fn a_patch_writes_what_it_names() {
    let email = |text: &str| Labelled::new(text, Label::Work);
    let slot = |slot: Slot, value: Option<Labelled<String>>| ListPatch::slot(slot, value);
    let account = |id: &str| Ref::new(RemoteId::new(id));
    let phone = |text: &str| Labelled::new(text, Label::Work);
    let keep = ContactPatch::default;
    for (patch, expected) in [
        (keep(), "{}"),
        (
            ContactPatch {
                first_name: Patch::Set("Ada".into()),
                job_title: Patch::Clear,
                last_name: Patch::Set(String::new()),
                ..keep()
            },
            r#"{"first_name":"Ada","last_name":null,"job_title":null}"#,
        ),
        (
            ContactPatch { emails: slot(Slot::Primary, Some(email("new@example.com"))), ..keep() },
            r#"{"emails":[{"id":1,"value":"new@example.com","is_primary":true}]}"#,
        ),
        (
            ContactPatch { emails: slot(Slot::Primary, Some(email("A.King@example.com"))), ..keep() },
            r#"{"emails":[{"id":2,"value":"A.King@example.com","is_primary":true}]}"#,
        ),
        (
            ContactPatch { emails: slot(Slot::Primary, None), ..keep() },
            r#"{"emails":[{"id":1,"value":"ada@example.com","_destroy":true}]}"#,
        ),
        (
            ContactPatch {
                emails: ListPatch::Replace(vec![email("ada@example.com").primary(), email("third@example.com")]),
                ..keep()
            },
            r#"{"emails":[{"id":2,"value":"a.king@example.com","_destroy":true},{"id":1,"value":"ada@example.com","is_primary":true},{"value":"third@example.com","is_primary":false}]}"#,
        ),
        (
            ContactPatch { phones: slot(Label::Mobile.into(), Some(phone("555"))), ..keep() },
            r#"{"mobile_number":"555"}"#,
        ),
        (
            ContactPatch { phones: slot(Label::Fax.into(), Some(phone("555"))), ..keep() },
            r#"{"phone_numbers":[{"id":5,"value":"555","label":"fax"}]}"#,
        ),
        (
            ContactPatch { phones: slot(Label::Fax.into(), None), ..keep() },
            r#"{"phone_numbers":[{"id":5,"value":"456","_destroy":true}]}"#,
        ),
        (
            ContactPatch { phones: slot(Label::Home.into(), Some(phone("555"))), ..keep() },
            r#"{"phone_numbers":[{"value":"555","label":"home"}]}"#,
        ),
        (
            ContactPatch { phones: ListPatch::Replace(vec![Labelled::new("1", Label::Mobile)]), ..keep() },
            r#"{"work_number":null,"mobile_number":"1","phone_numbers":[{"id":5,"value":"456","_destroy":true},{"id":6,"value":"789","_destroy":true}]}"#,
        ),
        (
            ContactPatch {
                addresses: ListPatch::slot(
                    Label::Mailing.into(),
                    Some(Labelled::new(Address { city: "London".into(), ..Address::default() }, Label::Mailing)),
                ),
                ..keep()
            },
            r#"{"address":null,"city":"London","state":null,"zipcode":null,"country":null}"#,
        ),
        (
            ContactPatch { accounts: ListPatch::slot(Slot::Primary, Some(account("8"))), ..keep() },
            r#"{"sales_accounts":[{"id":8,"is_primary":true}]}"#,
        ),
        (
            ContactPatch { accounts: ListPatch::slot(Slot::Primary, None), ..keep() },
            r#"{"sales_accounts":[{"id":8,"is_primary":true}]}"#,
        ),
        (
            ContactPatch { accounts: ListPatch::Replace(vec![account("8"), account("9")]), ..keep() },
            r#"{"sales_accounts":[{"id":8,"is_primary":true},{"id":9,"is_primary":false}]}"#,
        ),
        (
            ContactPatch {
                custom: [
                    ("cf_tier".to_owned(), Value::Choice(Choice::new("Gold"))),
                    ("facebook".to_owned(), Value::Null),
                ]
                .into(),
                ..keep()
            },
            r#"{"custom_field":{"cf_tier":"Gold"},"facebook":null}"#,
        ),
        (
            ContactPatch { opt_outs: OptOuts::from_iter([Channel::Email, Channel::Phone]), ..keep() },
            r#"{"subscription_status":0,"custom_field":{"cf_do_not_call":true}}"#,
        ),
    ] {
        assert_eq!(body(&patch, Some(ADA)), expected);
    }
}

#[test]
fn what_has_no_place_is_refused() {
    let keep = ContactPatch::default;
    for (patch, words) in [
        (ContactPatch { addresses: ListPatch::slot(Label::Billing.into(), None), ..keep() }, "addresses[billing]"),
        (ContactPatch { owner: Patch::Set(Ref::new(RemoteId::new("005A"))), ..keep() }, "owner is not a Freshsales id"),
        (ContactPatch { opt_outs: OptOuts::from_iter([Channel::Sms]), ..keep() }, "opt-out of Sms"),
    ] {
        let error = Contact::write(&patch, None, &fields()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    for (name, refused) in [
        ("cf_tier", false),
        ("cf_do_not_call", true),
        ("cf_nothing", true),
        ("subscription_status", true),
        ("twitter", false),
    ] {
        let patch = ContactPatch { custom: [(name.to_owned(), Value::Null)].into(), ..keep() };
        let checked = fields().check(&Contact::patch_to_record(&patch));
        assert_eq!(checked.is_err(), refused, "{name}");
        assert!(checked.err().is_none_or(|error| error.to_string().contains(name)));
    }
}

#[test]
fn the_create_key_never_overwrites_an_external_id() {
    let mut write = ContactWrite::default();
    assert_eq!(Contact::put_key(&mut write, "k-1", &fields()).unwrap().as_deref(), Some(EXTERNAL_ID));
    assert_eq!(write.external_id, Set::To("k-1".to_owned()));
    let mut write = ContactWrite { external_id: "theirs".into(), ..ContactWrite::default() };
    assert_eq!(Contact::put_key(&mut write, "k-1", &fields()).unwrap_err().kind(), ErrorKind::Invalid);
}
