//! Records that only one side has are created once; records that both have are linked.

use sync_core::Side;
use unified_crm::Crm;

use crate::support::*;

#[tokio::test]
async fn what_one_side_lacks_is_created_there_once() {
    let pair = Pair::new();
    add(&pair.a, person("Ada", "Lovelace", "ada@example.com")).await;
    add(&pair.b, person("Grace", "Hopper", "grace@example.com")).await;
    let sync = pair.contacts();

    let plan = sync.plan().await.unwrap();
    assert_eq!(plan.data.writes(), 2);
    assert_eq!(all(pair.b.contacts().unwrap()).await.len(), 1, "a plan writes nothing");

    let report = plan.apply().await.unwrap();
    assert_eq!((report.total(Side::A).created, report.total(Side::B).created), (1, 1), "{report}");
    assert_eq!(text(&by_email(&pair.b, "ada@example.com").await.last_name), Some("Lovelace"));
    assert_eq!(text(&by_email(&pair.a, "grace@example.com").await.first_name), Some("Grace"));
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn the_same_person_on_both_sides_is_linked_and_gaps_are_filled() {
    let pair = Pair::new();
    let mut here = person("Ada", "Lovelace", "Ada@Example.com");
    here.job_title = Some("Analyst".into());
    add(&pair.a, here).await;
    let mut there = person("Ada", "Lovelace", "ada@example.com");
    there.department = Some("Engines".into());
    add(&pair.b, there).await;
    let sync = pair.contacts();

    let report = sync.run().await.unwrap();
    assert_eq!((report.total(Side::A).linked, report.total(Side::B).created), (1, 0), "{report}");
    assert_eq!(text(&by_email(&pair.a, "ada@example.com").await.department), Some("Engines"));
    assert_eq!(text(&by_email(&pair.b, "ada@example.com").await.job_title), Some("Analyst"));
    assert_quiet(&sync).await;
}

#[tokio::test]
async fn two_records_of_one_person_on_one_side_do_not_become_two_on_the_other() {
    let pair = Pair::new();
    add(&pair.a, person("Ada", "Lovelace", "ada@example.com")).await;
    add(&pair.a, person("Ada", "Lovelace", "ada@example.com")).await;
    let sync = pair.contacts();

    let report = sync.run().await.unwrap();
    assert_eq!(all(pair.b.contacts().unwrap()).await.len(), 1, "{report}");
    assert_eq!(report.total(Side::A).in_review, 1, "{report}");

    // A third one comes later: it is recognised, too.
    pair.later();
    add(&pair.a, person("Ada", "Lovelace", "ada@example.com")).await;
    sync.run().await.unwrap();
    assert_eq!(all(pair.b.contacts().unwrap()).await.len(), 1);
}

#[tokio::test]
async fn a_new_sync_of_the_same_state_goes_on_where_the_last_one_was() {
    let pair = Pair::new();
    add(&pair.a, person("Ada", "Lovelace", "ada@example.com")).await;
    pair.contacts().run().await.unwrap();
    let report = pair.contacts().run().await.unwrap();
    assert_eq!((report.writes(), report.total(Side::A).read), (0, 0), "{report}");
}

#[tokio::test]
async fn a_plan_is_not_applied_to_a_record_that_changed_since() {
    let pair = Pair::new();
    let ada = add(&pair.a, person("Ada", "Lovelace", "ada@example.com")).await;
    let sync = pair.contacts();
    sync.run().await.unwrap();

    pair.later();
    set_title(&pair.a, &ada, "Analyst").await;
    let plan = sync.plan().await.unwrap();
    set_title(&pair.a, &ada, "Countess").await;
    assert_eq!(plan.apply().await.unwrap().writes(), 0);
    assert_eq!(titles(&pair.b).await, [None]);
    assert_eq!(sync.run().await.unwrap().writes(), 1);
    assert_eq!(titles(&pair.b).await, [Some("Countess".to_owned())]);
}
