//! Reads and writes under a condition.

use chrono::TimeDelta;
use salesforce::{Conditional, ContactUpdate, ErrorKind, Fresh, NewAccount, NewContact, Precondition};

use crate::Org;

fn person(name: &str) -> NewContact {
    NewContact { last_name: Some(name.to_owned()), ..NewContact::default() }
}

fn titled(title: &str) -> ContactUpdate {
    ContactUpdate { title: title.into(), ..ContactUpdate::default() }
}

#[tokio::test]
async fn a_record_is_read_again_only_if_it_changed() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let id = contacts.create(&person("x")).await.unwrap();
    let seen = contacts.get_versioned(id).await.unwrap();
    let since = seen.last_modified.unwrap();
    assert_eq!(Some(since), seen.row.last_modified_date);
    let condition = Precondition::ModifiedSince(since);
    assert!(matches!(contacts.get_if(id, &condition).await.unwrap(), Fresh::NotModified));
    org.sandbox.clock().advance(TimeDelta::seconds(2));
    contacts.update(id, &titled("t")).await.unwrap();
    let Fresh::Changed(now) = contacts.get_if(id, &condition).await.unwrap() else { panic!("it changed") };
    assert_eq!(now.row.title.as_deref(), Some("t"));
    let error = contacts.get_if(id, &Precondition::UnmodifiedSince(since)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
}

#[tokio::test]
async fn a_change_since_the_last_look_is_noticed() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let id = contacts.create(&person("x")).await.unwrap();
    let seen = contacts.get(id).await.unwrap().system_modstamp.unwrap();
    org.sandbox.clock().advance(TimeDelta::minutes(5));
    contacts.update_unmodified_since(id, seen, &titled("Analyst")).await.unwrap();
    org.sandbox.clock().advance(TimeDelta::minutes(5));
    let error = contacts.update_unmodified_since(id, seen, &titled("Analyst")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
    assert!(error.to_string().contains(id.as_str()), "{error}");

    let condition = Precondition::UnmodifiedSince(seen);
    assert_eq!(contacts.update_if(id, &condition, &titled("late")).await.unwrap(), Conditional::NotMet);
    assert_eq!(contacts.delete_if(id, &condition).await.unwrap(), Conditional::NotMet);
    let now = org.sandbox.clock().now();
    assert_eq!(contacts.delete_if(id, &Precondition::UnmodifiedSince(now)).await.unwrap(), Conditional::Done);
}

#[tokio::test]
async fn accounts_have_tags() {
    let org = Org::empty().await;
    let accounts = org.client.accounts();
    let id = accounts.create(&NewAccount { name: Some("Acme".into()), ..NewAccount::default() }).await.unwrap();
    let tag = accounts.get_versioned(id).await.unwrap().etag.unwrap();
    let none = Precondition::MatchesNone(vec![tag.clone()]);
    assert!(matches!(accounts.get_if(id, &none).await.unwrap(), Fresh::NotModified));
    let same = Precondition::Matches(vec!["\"other\"".to_owned(), tag.clone()]);
    let mut update = salesforce::AccountUpdate { phone: "1".into(), ..Default::default() };
    assert_eq!(accounts.update_if(id, &same, &update).await.unwrap(), Conditional::Done);
    update.phone = "2".into();
    assert_eq!(accounts.update_if(id, &same, &update).await.unwrap(), Conditional::NotMet, "the tag is an old one");
    assert!(matches!(accounts.get_if(id, &none).await.unwrap(), Fresh::Changed(_)));
}

#[tokio::test]
async fn conditions_that_the_vendor_would_ignore_are_refused() {
    let org = Org::empty().await;
    let id = "003000000000001AAA".parse().unwrap();
    let contacts = org.client.contacts();
    for tags in [vec![], vec!["unquoted".to_owned()], vec!["\"a\", \"b\"".to_owned()]] {
        let error = contacts.get_if(id, &Precondition::Matches(tags)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    let tag = Precondition::Matches(vec!["\"a\"".to_owned()]);
    assert_eq!(contacts.delete_if(id, &tag).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(org.calls(), 0);
}
