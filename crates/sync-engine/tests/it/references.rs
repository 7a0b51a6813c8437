//! References follow the link table, and wait for what is not linked yet.

use crm_model::{AnyRef, NewNote, ObjectKind, Ref};
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
    assert_eq!(
        contact.accounts.get().unwrap()[0].id.as_str(),
        account.meta.id.as_ref()
    );
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn notes_are_matched_by_text_and_target_and_created_once() {
    let pair = Pair::new();
    for crm in [&pair.a, &pair.b] {
        let ada = add(crm, person("Ada", "Lovelace", "ada@example.com")).await;
        let target = AnyRef::new(ObjectKind::Contact, ada.as_str()).primary();
        let note = NewNote {
            body: Some("Called, wants a quote".into()),
            targets: vec![target.clone()],
            ..Default::default()
        };
        crm.notes().unwrap().create(note).await.unwrap();
        let own = NewNote {
            body: Some(format!("Only {crm:?} knows")),
            targets: vec![target],
            ..Default::default()
        };
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
