//! People's data does not show in `Debug` or in errors.

use sync_store::{Decision, MatchKey, MemoryStore, Review, ReviewId, RunId, Seen, Side, StateStore, StoreError};

use crate::support::{lease, link, now};

const CANARY: &str = "canary@example.com";

#[tokio::test]
async fn debug_and_errors_keep_people_s_data_to_themselves() {
    let store = MemoryStore::new();
    let lease = lease(&store).await;
    let mut one = link(1);
    one.a.base = Some(CANARY.into());
    one.b.seen = Some(Seen { blob: CANARY.into(), digest: "0".to_owned(), stamp: None, seen_at: now() });
    one.counters = Some(CANARY.into());
    let mut review = Review::new(ReviewId(2), one.id, RunId(3), "differ", now());
    review.a = Some(CANARY.into());
    let mut batch = sync_store::Batch::new();
    batch
        .put_link_with_keys(one.clone(), vec![MatchKey::new(Side::A, CANARY)])
        .add_review(review)
        .decide_review(ReviewId(2), Decision { by: "ada".to_owned(), choice: CANARY.into(), at: now() });
    let shown = format!("{one:?} {one:#?} {batch:?} {store:?}");
    assert!(shown.contains("Blob(18 bytes)"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");

    store.commit(&lease, batch.clone()).await.unwrap();
    let mut thief = one.clone();
    thief.id = sync_store::LinkId(9);
    let mut steal = sync_store::Batch::new();
    steal.put_link(thief);
    for refused in [steal, batch] {
        let error: StoreError = store.commit(&lease, refused).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(error.to_string().contains("nothing was changed"), "{error}");
    }
}
