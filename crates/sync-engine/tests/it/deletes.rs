//! Deletions travel only by policy, only on evidence, and never in masses.

use crm_model::{Contact, ObjectKind, RemoteId};
use sync_core::Mapping;
use sync_core::deletes::DeletePolicy;
use sync_engine::{ObjectSync, Sync};
use unified_crm::{CollectionExt, Crm};

use crate::support::*;

fn deleting(pair: &Pair) -> Sync {
    pair.sync([ObjectSync::new(Mapping::unified(ObjectKind::Contact)).on_delete(DeletePolicy::Delete)])
}

async fn people(pair: &Pair, count: usize) -> Vec<RemoteId<Contact>> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(add(&pair.a, person("Ada", &format!("Nr{number}"), &format!("ada{number}@example.com"))).await);
    }
    deleting(pair).run().await.unwrap();
    pair.later();
    ids
}

async fn left(pair: &Pair) -> usize {
    all(pair.b.contacts().unwrap()).await.len()
}

#[tokio::test]
async fn by_policy_a_deletion_deletes_the_partner() {
    let pair = Pair::new();
    let ids = people(&pair, 3).await;
    pair.a.contacts().unwrap().delete(&ids[0]).await.unwrap();
    let report = deleting(&pair).run().await.unwrap();
    assert_eq!((report.writes(), left(&pair).await), (1, 2), "{report}");
    assert_eq!(deleting(&pair).run().await.unwrap().writes(), 0);
}

#[tokio::test]
async fn an_edit_survives_a_deletion_and_a_person_is_asked() {
    let pair = Pair::new();
    let ids = people(&pair, 1).await;
    let there = by_email(&pair.b, "ada0@example.com").await;
    pair.a.contacts().unwrap().delete(&ids[0]).await.unwrap();
    set_title(&pair.b, &RemoteId::new(there.meta.id), "Countess").await;
    let report = deleting(&pair).run().await.unwrap();
    assert_eq!((report.writes(), left(&pair).await), (0, 1), "{report}");
    assert_eq!(report.total(sync_core::Side::A).in_review + report.total(sync_core::Side::B).in_review, 1);
}

#[tokio::test]
async fn too_many_deletions_delete_nothing_and_say_so() {
    let pair = Pair::new();
    let ids = people(&pair, 30).await;
    for id in &ids[..12] {
        pair.a.contacts().unwrap().delete(id).await.unwrap();
    }
    let report = deleting(&pair).run().await.unwrap();
    assert_eq!((report.writes(), left(&pair).await), (0, 30), "{report}");
    assert_eq!(report.errors.len(), 1);
    assert_eq!(report.errors[0].code, "delete brake");
}
