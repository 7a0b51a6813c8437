//! Edits travel; edits of both sides are decided by policy, and the loser is kept.

use sync_core::{Mapping, Policy, Side};
use sync_engine::ObjectSync;
use sync_store::{Page, Scope, StateStore};
use unified_crm::{CollectionExt, Crm};

use crate::support::*;

async fn linked(pair: &Pair) -> (crm_model::RemoteId<crm_model::Contact>, crm_model::RemoteId<crm_model::Contact>) {
    let a = add(&pair.a, person("Ada", "Lovelace", "ada@example.com")).await;
    let b = add(&pair.b, person("Ada", "Lovelace", "ada@example.com")).await;
    pair.contacts().run().await.unwrap();
    pair.later();
    (a, b)
}

#[tokio::test]
async fn an_edit_travels_either_way_and_comes_to_rest() {
    let pair = Pair::new();
    let (a, b) = linked(&pair).await;
    let sync = pair.contacts();
    set_title(&pair.a, &a, "Analyst").await;
    assert_eq!(sync.run().await.unwrap().writes(), 1);
    assert_eq!(titles(&pair.b).await, [Some("Analyst".to_owned())]);
    pair.later();
    set_title(&pair.b, &b, "Countess").await;
    assert_eq!(sync.run().await.unwrap().writes(), 1);
    assert_eq!(titles(&pair.a).await, [Some("Countess".to_owned())]);
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn clearing_a_field_travels() {
    let pair = Pair::new();
    let (a, _) = linked(&pair).await;
    let sync = pair.contacts();
    set_title(&pair.a, &a, "Analyst").await;
    sync.run().await.unwrap();
    pair.later();
    let clear = crm_model::ContactPatch { job_title: crm_model::Patch::Clear, ..Default::default() };
    pair.a.contacts().unwrap().update(&a, clear).await.unwrap();
    sync.run().await.unwrap();
    assert_eq!(titles(&pair.b).await, [None]);
}

#[tokio::test]
async fn the_newest_of_two_edits_wins_and_the_other_is_on_record() {
    let pair = Pair::new();
    let (a, b) = linked(&pair).await;
    set_title(&pair.a, &a, "Analyst").await;
    pair.later();
    set_title(&pair.b, &b, "Countess").await;
    let sync = pair.contacts();
    let report = sync.run().await.unwrap();
    assert_eq!(report.total(Side::A).conflicts, 1, "{report}");
    assert_eq!(titles(&pair.a).await, [Some("Countess".to_owned())]);
    let log = pair.store.conflicts(Scope::All, Page::first(10)).await.unwrap();
    assert_eq!(log.len(), 1);
    assert!(log[0].loser.as_str().contains("Analyst"));
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn edits_too_close_to_tell_wait_for_a_person_and_block_nothing_else() {
    let pair = Pair::new();
    let (a, b) = linked(&pair).await;
    set_title(&pair.a, &a, "Analyst").await;
    set_title(&pair.b, &b, "Countess").await;
    let department =
        crm_model::ContactPatch { department: crm_model::Patch::Set("Engines".into()), ..Default::default() };
    pair.a.contacts().unwrap().update(&a, department).await.unwrap();
    let sync = pair.contacts();
    sync.run().await.unwrap();
    assert_eq!(titles(&pair.a).await, [Some("Analyst".to_owned())]);
    assert_eq!(titles(&pair.b).await, [Some("Countess".to_owned())]);
    assert_eq!(text(&by_email(&pair.b, "ada@example.com").await.department), Some("Engines"));
    assert_eq!(pair.store.open_reviews(Page::first(10)).await.unwrap().len(), 1);
    assert_eq!(sync.run().await.unwrap().writes(), 0);
    assert_eq!(pair.store.open_reviews(Page::first(10)).await.unwrap().len(), 1, "a question is asked once");
}

#[tokio::test]
async fn a_preferred_side_wins_over_a_newer_edit() {
    let pair = Pair::new();
    let (a, b) = linked(&pair).await;
    set_title(&pair.a, &a, "Analyst").await;
    pair.later();
    set_title(&pair.b, &b, "Countess").await;
    let sync =
        pair.sync_with([ObjectSync::new(Mapping::unified(crm_model::ObjectKind::Contact))], Policy::Prefer(Side::A));
    sync.run().await.unwrap();
    assert_eq!(titles(&pair.b).await, [Some("Analyst".to_owned())]);
}

#[tokio::test]
async fn a_deletion_unlinks_and_is_not_undone() {
    let pair = Pair::new();
    let (a, _) = linked(&pair).await;
    let sync = pair.contacts();
    pair.a.contacts().unwrap().delete(&a).await.unwrap();
    let report = sync.run().await.unwrap();
    assert_eq!(report.writes(), 0, "{report}");
    assert_eq!(all(pair.b.contacts().unwrap()).await.len(), 1, "the other record stays");
    assert_eq!(sync.run().await.unwrap().writes(), 0);
    assert_eq!(all(pair.a.contacts().unwrap()).await.len(), 0, "and the deleted one does not come back");
}
