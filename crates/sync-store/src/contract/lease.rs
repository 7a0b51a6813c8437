//! Cases about the lease.

use std::sync::Arc;
use std::time::Duration;

use super::{HOUR, at, commit, contact, contents};
use crate::{Lease, Result, StateStore, StoreError};

type Store = Arc<dyn StateStore>;

/// Whether the lease still lets its holder write.
async fn is_stale(store: &Store, lease: &Lease) -> Result<bool> {
    let link = contact(&**store, &format!("of lease {}", lease.token)).await?;
    let before = contents(&**store).await?;
    let done = commit(&**store, lease, |batch| {
        batch.put_link(link.clone()).delete_link(link.id);
    });
    match done.await {
        Ok(()) => Ok(false),
        Err(StoreError::StaleLease { token, sync_id }) => {
            assert_eq!((token, sync_id.as_str()), (lease.token, store.sync_id()));
            assert_eq!(contents(&**store).await?, before);
            Ok(true)
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn keeps_others_out(store: Store) -> Result<()> {
    let first = store.acquire("one", HOUR, at(0)).await?;
    assert_eq!((first.owner.as_str(), first.until), ("one", at(3_600)));
    match store.acquire("two", HOUR, at(3_599)).await {
        Err(StoreError::Held { by, until, sync_id }) => {
            assert_eq!((by.as_str(), until), ("one", at(3_600)));
            assert_eq!(sync_id, store.sync_id());
        }
        other => panic!("a held lease gave {other:?}"),
    }
    assert!(!is_stale(&store, &first).await?);
    // It ends at the very instant it is said to.
    let second = store.acquire("two", HOUR, at(3_600)).await?;
    assert!(second.token > first.token);
    // A time to live beyond the calendar is no end.
    let third = store.acquire("two", Duration::MAX, at(0)).await?;
    assert!(third.until > at(1_000_000_000));
    Ok(())
}

pub(super) async fn fences_a_stale_worker(store: Store) -> Result<()> {
    let first = store.acquire("one", HOUR, at(0)).await?;
    // Past its end, but nobody has taken over: the work may go on.
    assert!(!is_stale(&store, &first).await?);
    let second = store.acquire("two", HOUR, at(4_000)).await?;
    assert!(is_stale(&store, &first).await?);
    assert!(!is_stale(&store, &second).await?);
    for refused in [store.renew(&first, HOUR, at(4_001)).await.map(|_| ()), store.release(&first).await] {
        assert!(matches!(refused, Err(StoreError::StaleLease { .. })));
    }
    assert!(!is_stale(&store, &second).await?);
    // An owner that comes back fences off its former self.
    let again = store.acquire("two", HOUR, at(4_002)).await?;
    assert!(again.token > second.token);
    assert!(is_stale(&store, &second).await?);
    assert!(!is_stale(&store, &again).await?);
    let forged = Lease { token: u64::MAX, ..again.clone() };
    assert!(is_stale(&store, &forged).await?);
    Ok(())
}

pub(super) async fn is_renewed_and_released(store: Store) -> Result<()> {
    let lease = store.acquire("one", HOUR, at(0)).await?;
    let renewed = store.renew(&lease, HOUR, at(3_000)).await?;
    assert_eq!((renewed.token, renewed.until), (lease.token, at(6_600)));
    let refused = store.acquire("two", HOUR, at(3_700)).await;
    assert!(matches!(refused, Err(StoreError::Held { until, .. }) if until == at(6_600)));
    assert!(!is_stale(&store, &lease).await?, "the token is the same");
    // Too late, but nobody has taken over.
    let renewed = store.renew(&renewed, HOUR, at(9_000)).await?;
    store.release(&renewed).await?;
    assert!(is_stale(&store, &renewed).await?);
    let refused = store.release(&renewed).await;
    assert!(matches!(refused, Err(StoreError::StaleLease { .. })));
    let next = store.acquire("two", HOUR, at(9_001)).await?;
    assert!(next.token > renewed.token, "a release does not reset it");
    Ok(())
}

pub(super) async fn belongs_to_one_sync(store: Store) -> Result<()> {
    let other = store.for_sync("other");
    let here = store.acquire("one", HOUR, at(0)).await?;
    assert!(is_stale(&other, &here).await?, "before the other has one");
    let there = other.acquire("two", HOUR, at(0)).await?;
    assert_ne!(here.token, there.token);
    assert!(is_stale(&other, &here).await?);
    assert!(is_stale(&store, &there).await?);
    assert!(!is_stale(&store, &here).await?);
    assert!(!is_stale(&other, &there).await?);
    Ok(())
}
