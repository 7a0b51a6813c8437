//! References follow the link table, and wait for what is not linked yet.

use crm_model::{AnyRef, NewContact, NewNote, ObjectKind, Ref};
use unified_crm::{CollectionExt, Crm};

use crate::support::*;

#[tokio::test]
async fn a_contact_is_created_in_the_account_that_was_created_for_it() {
    let pair = Pair::new();
    let acme = add_account(&pair.a, company("Acme")).await;
    let mut ada = person("Ada", "Lovelace", "ada@example.com");
    ada.accounts = vec![Ref::new(acme).primary()];
    add(&pair.a, ada).await;
    let sync = pair.sync([ObjectKind::Account.into(), ObjectKind::Contact.into()]);
    let plan = sync.plan().await.unwrap();
    assert_eq!(plan.data.writes(), 2, "{plan}");
    sync.run().await.unwrap();
    let account = all(pair.b.accounts().unwrap()).await.remove(0);
    let contact = by_email(&pair.b, "ada@example.com").await;
    assert_eq!(contact.accounts.get().unwrap()[0].id.as_str(), account.meta.id.as_ref());
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn notes_are_matched_by_text_and_target_and_created_once() {
    let pair = Pair::new();
    for crm in [&pair.a, &pair.b] {
        let ada = add(crm, person("Ada", "Lovelace", "ada@example.com")).await;
        let target = AnyRef::new(ObjectKind::Contact, ada.as_str()).primary();
        let note =
            NewNote { body: Some("Called, wants a quote".into()), targets: vec![target.clone()], ..Default::default() };
        crm.notes().unwrap().create(note).await.unwrap();
        let own = NewNote { body: Some(format!("Only {crm:?} knows")), targets: vec![target], ..Default::default() };
        crm.notes().unwrap().create(own).await.unwrap();
    }
    let sync = pair.sync([ObjectKind::Contact.into(), ObjectKind::Note.into()]);
    let report = sync.run().await.unwrap();
    assert_eq!(report.writes(), 2, "{report}");
    for crm in [&pair.a, &pair.b] {
        assert_eq!(all(crm.notes().unwrap()).await.len(), 3);
    }
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn companies_that_belong_to_each_other_arrive_in_one_run() {
    let pair = Pair::new();
    let mut parent = None;
    for name in ["Holding", "Group", "Works"] {
        let new = crm_model::NewAccount { parent: parent.take().map(Ref::new), ..company(name) };
        parent = Some(add_account(&pair.a, new).await);
    }
    // The youngest is known to both sides, its parents are not.
    add_account(&pair.b, company("Works")).await;
    let sync = pair.sync([ObjectKind::Account.into()]);
    let report = sync.plan().await.unwrap().apply().await.unwrap();
    assert_eq!(
        (report.total(sync_core::Side::B).created, report.total(sync_core::Side::B).updated),
        (2, 1),
        "{report}"
    );
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn a_second_record_of_a_person_known_by_name_and_company_is_not_created_later() {
    let pair = Pair::new();
    let acme = add_account(&pair.a, company("Acme")).await;
    let ada = || NewContact { accounts: vec![Ref::new(acme.clone()).primary()], ..person("Ada", "Lovelace", "") };
    let without_email = |mut new: NewContact| {
        new.emails.clear();
        new
    };
    add(&pair.a, without_email(ada())).await;
    let sync = pair.sync([ObjectKind::Account.into(), ObjectKind::Contact.into()]);
    sync.run().await.unwrap();
    pair.later();
    add(&pair.a, without_email(ada())).await;
    let report = sync.run().await.unwrap();
    assert_eq!(report.writes(), 0, "{report}");
    assert_eq!(report.total(sync_core::Side::A).in_review, 1, "{report}");
}
