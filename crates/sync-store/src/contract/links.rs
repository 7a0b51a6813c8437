//! Cases about links.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{at, at_version, commit, contact, lease, link_id};
use crate::{
    Link, LinkFilter, LinkId, LinkState, MatchKey, Page, Parked, Result, ReviewId, ReviewMark, Seen, Side, StateStore,
    StoreError, Tombstone,
};

type Store = Arc<dyn StateStore>;

fn seen(blob: &str, stamp: Option<i64>) -> Seen {
    Seen { blob: blob.into(), digest: format!("{:016x}", blob.len()), stamp: stamp.map(at), seen_at: at(7) }
}

fn full(id: LinkId) -> Link {
    let mut link = Link::new(id, "contact");
    link.a.id = Some("1".to_owned());
    link.b.id = Some("003xx".to_owned());
    link.a.base = Some("{\"email\":\"a\"}".into());
    link.b.base = Some("{\"Email\":\"a\"}".into());
    link.a.seen = Some(seen("{\"email\":\"b\"}", Some(-5)));
    link.b.seen = Some(seen("{\"Email\":\"c\"}", None));
    link.state = LinkState::Tombstoned;
    link.dirty = true;
    link.tombstone = Some(Tombstone { side: Side::B, evidence: "delete feed".to_owned(), at: at(8) });
    link.review =
        vec![ReviewMark { field: "email".to_owned(), reason: "both changed".to_owned(), review: ReviewId(77) }];
    link.parked = Some(Parked { reason: "\"x\" is not a valid e-mail".to_owned(), tries: 3, next_at: Some(at(60)) });
    link.counters = Some("{\"email\":2}".into());
    link
}

pub(super) async fn keep_every_field(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let mut links = Vec::new();
    for _ in 0..2 {
        let id = link_id(&*store).await?;
        links.push(full(id));
    }
    let [one, two] = links.as_mut_slice() else {
        return Ok(());
    };
    // The second is at rest: all texts are equal, and nothing else is known.
    *two = Link::seen(two.id, "contact", Side::B, "5");
    for side in Side::BOTH {
        two.end_mut(side).base = Some("{}".into());
        two.end_mut(side).seen = Some(seen("{}", None));
    }
    commit(&*store, &lease, |batch| {
        batch.put_link(one.clone()).put_link(two.clone());
    })
    .await?;
    assert_eq!(store.link(one.id).await?, Some(at_version(one, 1)));
    assert_eq!(store.link(two.id).await?, Some(at_version(two, 1)));

    // A put replaces all of it: what is no longer there is gone.
    let bare = Link::new(one.id, "contact");
    commit(&*store, &lease, |batch| {
        batch.put_link(bare.clone());
    })
    .await?;
    assert_eq!(store.link(one.id).await?, Some(at_version(&bare, 2)));
    assert_eq!(store.link_of("contact", Side::A, "1").await?, None);
    Ok(())
}

/// One put for each way in which the four texts of a link can be present, absent and equal.
pub(super) async fn count_their_versions(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let mut link = contact(&*store, "1").await?;
    for round in 0..256_u32 {
        let text = |place: u32| match (round >> (2 * place)) & 3 {
            0 => None,
            n => Some(format!("{n}")),
        };
        link.a.base = text(0).map(Into::into);
        link.b.base = text(1).map(Into::into);
        link.a.seen = text(2).map(|text| seen(&text, None));
        link.b.seen = text(3).map(|text| seen(&text, None));
        commit(&*store, &lease, |batch| {
            batch.put_link(link.clone());
        })
        .await?;
        let wanted = at_version(&link, u64::from(round) + 1);
        assert_eq!(store.link(link.id).await?, Some(wanted), "round {round}");
    }
    Ok(())
}

pub(super) async fn keep_odd_texts(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let long = "x".repeat(70_000);
    let odd = [
        "",
        " ",
        "0",
        "007",
        "9223372036854775808",
        "' OR 1=1; --",
        "a\0b",
        "Zoë 🐘 \u{202e}",
        "\"",
        "%_",
        "Ada",
        "ada",
        &long,
    ];
    let mut links = Vec::new();
    for text in odd {
        let mut link = contact(&*store, text).await?;
        link.b.base = Some(text.into());
        link.counters = Some(text.into());
        links.push(link);
    }
    commit(&*store, &lease, |batch| {
        for link in &links {
            let key = link.a.id.clone().unwrap_or_default();
            batch.put_link_with_keys(link.clone(), vec![MatchKey::new(Side::A, key)]);
        }
    })
    .await?;
    let found = store.links_of("contact", Side::A, &odd).await?;
    let wanted: Vec<_> = links.iter().map(|link| Some(at_version(link, 1))).collect();
    assert_eq!(found, wanted);
    let found = store.find_by_keys("contact", Side::A, &odd).await?;
    let wanted: Vec<_> = links.iter().map(|link| vec![link.id]).collect();
    assert_eq!(found, wanted);
    Ok(())
}

pub(super) async fn are_found_by_record(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let mut linked = contact(&*store, "1").await?;
    linked.b.id = Some("2".to_owned());
    let lone = contact(&*store, "2").await?;
    let deal = Link::seen(link_id(&*store).await?, "deal", Side::A, "1");
    commit(&*store, &lease, |batch| {
        for link in [&linked, &lone, &deal] {
            batch.put_link(link.clone());
        }
    })
    .await?;
    let ids = |found: Vec<Option<Link>>| -> Vec<Option<LinkId>> {
        found.into_iter().map(|link| link.map(|link| link.id)).collect()
    };
    let on_a = store.links_of("contact", Side::A, &["2", "9", "1", "2"]).await?;
    assert_eq!(ids(on_a), [Some(lone.id), None, Some(linked.id), Some(lone.id)]);
    let on_b = store.links_of("contact", Side::B, &["1", "2"]).await?;
    assert_eq!(ids(on_b), [None, Some(linked.id)]);
    let deals = store.links_of("deal", Side::A, &["1", "2"]).await?;
    assert_eq!(ids(deals), [Some(deal.id), None]);
    let unknown = store.links_of("ticket", Side::A, &["1", "2"]).await?;
    assert_eq!(ids(unknown), [None, None]);
    assert_eq!(store.link(LinkId(deal.id.0 + 1)).await?, None);
    Ok(())
}

pub(super) async fn claim_a_record_alone(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let mut first = contact(&*store, "1").await?;
    first.b.id = Some("7".to_owned());
    let second = contact(&*store, "2").await?;
    commit(&*store, &lease, |batch| {
        batch.put_link(first.clone()).put_link(second.clone());
    })
    .await?;

    for (side, record) in [(Side::A, "1"), (Side::B, "7")] {
        let mut thief = second.clone();
        thief.end_mut(side).id = Some(record.to_owned());
        let refused = commit(&*store, &lease, |batch| {
            batch.put_link(thief);
        });
        match refused.await {
            Err(StoreError::Conflict { object, side: on, record: claimed, link, holder }) => {
                assert_eq!((object.as_str(), on), ("contact", side));
                assert_eq!((claimed.as_str(), link, holder), (record, second.id, first.id));
            }
            other => panic!("a second claim on {side} {record} gave {other:?}"),
        }
    }
    assert_eq!(store.link(second.id).await?, Some(at_version(&second, 1)));

    // In one batch: the giver must come before the taker.
    let giver = Link::seen(first.id, "contact", Side::B, "7");
    let taker = Link::seen(second.id, "contact", Side::A, "1");
    let refused = commit(&*store, &lease, |batch| {
        batch.put_link(taker.clone()).put_link(giver.clone());
    });
    assert!(matches!(refused.await, Err(StoreError::Conflict { .. })));
    commit(&*store, &lease, |batch| {
        batch.put_link(giver).put_link(taker);
    })
    .await?;
    let holder = store.link_of("contact", Side::A, "1").await?;
    assert_eq!(holder.map(|link| link.id), Some(second.id));
    Ok(())
}

pub(super) async fn are_remembered_when_unlinked(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let mut old = contact(&*store, "1").await?;
    let mut older = contact(&*store, "1").await?;
    std::mem::swap(&mut old, &mut older);
    old.state = LinkState::Unlinked;
    older.state = LinkState::Unlinked;
    commit(&*store, &lease, |batch| {
        batch.put_link(old.clone()).put_link(older.clone());
    })
    .await?;
    let found = store.link_of("contact", Side::A, "1").await?;
    assert_eq!(found.map(|link| link.id), Some(old.id), "the newest unlinked one");

    let live = contact(&*store, "1").await?;
    commit(&*store, &lease, |batch| {
        batch.put_link(live.clone());
    })
    .await?;
    let found = store.link_of("contact", Side::A, "1").await?;
    assert_eq!(found.map(|link| link.id), Some(live.id), "a live one comes first");

    old.state = LinkState::Linked;
    let refused = commit(&*store, &lease, |batch| {
        batch.put_link(old.clone());
    });
    assert!(
        matches!(refused.await, Err(StoreError::Conflict { holder, .. }) if holder == live.id),
        "an unlinked one cannot come back while a live one has the record"
    );
    Ok(())
}

pub(super) async fn are_found_by_key(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let one = contact(&*store, "1").await?;
    let two = contact(&*store, "2").await?;
    let key = |side, text: &str| MatchKey::new(side, text);
    commit(&*store, &lease, |batch| {
        let shared = key(Side::A, "name:ada");
        batch
            .put_link_with_keys(two.clone(), vec![shared.clone(), key(Side::B, "email:b"), shared.clone()])
            .put_link_with_keys(one.clone(), vec![key(Side::A, "email:a"), shared]);
    })
    .await?;
    let find = |object: &'static str, side, text: &'static str| {
        let store = Arc::clone(&store);
        async move { store.find_by_key(object, side, text).await }
    };
    assert_eq!(find("contact", Side::A, "name:ada").await?, [one.id, two.id]);
    assert_eq!(find("contact", Side::B, "email:b").await?, [two.id]);
    assert_eq!(find("contact", Side::A, "email:b").await?, []);
    assert_eq!(find("deal", Side::A, "name:ada").await?, []);
    let many = store.find_by_keys("contact", Side::A, &["email:a", "none", "name:ada"]).await?;
    assert_eq!(many, [vec![one.id], vec![], vec![one.id, two.id]]);

    // A put without keys leaves them; one with keys replaces them all.
    commit(&*store, &lease, |batch| {
        batch
            .put_link(one.clone())
            .put_link_with_keys(two.clone(), vec![key(Side::B, "email:b"), key(Side::B, "email:c")]);
    })
    .await?;
    assert_eq!(find("contact", Side::A, "name:ada").await?, [one.id]);
    assert_eq!(find("contact", Side::A, "email:a").await?, [one.id]);
    assert_eq!(find("contact", Side::B, "email:b").await?, [two.id]);
    assert_eq!(find("contact", Side::B, "email:c").await?, [two.id]);
    commit(&*store, &lease, |batch| {
        batch.put_link_with_keys(one.clone(), Vec::new()).delete_link(two.id);
    })
    .await?;
    for (side, text) in [(Side::A, "name:ada"), (Side::A, "email:a"), (Side::B, "email:b")] {
        assert_eq!(find("contact", side, text).await?, []);
    }
    Ok(())
}

pub(super) async fn are_scanned_in_pages(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let mut links = Vec::new();
    for n in 0..20 {
        let mut link = contact(&*store, &n.to_string()).await?;
        link.dirty = n % 2 == 0;
        if n % 5 == 0 {
            link.state = LinkState::Parked;
        }
        links.push(link);
    }
    let other = Link::seen(link_id(&*store).await?, "deal", Side::A, "1");
    commit(&*store, &lease, |batch| {
        batch.put_link(other);
        for link in links.iter().rev() {
            batch.put_link(link.clone());
        }
    })
    .await?;
    type Pass = fn(&Link) -> bool;
    let filters: [(LinkFilter, Pass); 4] = [
        (LinkFilter::All, |_| true),
        (LinkFilter::Dirty, |link| link.dirty),
        (LinkFilter::State(LinkState::Parked), |link| link.state == LinkState::Parked),
        (LinkFilter::State(LinkState::Review), |_| false),
    ];
    for (filter, pass) in filters {
        let wanted: Vec<LinkId> = links.iter().filter(|link| pass(link)).map(|link| link.id).collect();
        for limit in [1, 3, 100] {
            let mut found = Vec::new();
            let mut page = Page::first(limit);
            loop {
                let part = store.scan_links("contact", filter, page).await?;
                assert!(part.len() <= limit as usize);
                found.extend(part.iter().map(|link| link.id));
                let Some(last) = part.last() else { break };
                page = Page::after(last.id.0, limit);
            }
            assert_eq!(found, wanted, "{filter:?} by {limit}");
        }
    }
    let counts = BTreeMap::from([(LinkState::Seen, 16), (LinkState::Parked, 4)]);
    assert_eq!(store.count_links("contact").await?, counts);
    assert_eq!(store.count_links("ticket").await?, BTreeMap::new());
    assert_eq!(store.scan_links("contact", LinkFilter::All, Page::first(0)).await?, []);
    Ok(())
}

pub(super) async fn are_forgotten_when_deleted(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let link = contact(&*store, "1").await?;
    commit(&*store, &lease, |batch| {
        batch.put_link(link.clone());
    })
    .await?;
    let heir = contact(&*store, "1").await?;
    commit(&*store, &lease, |batch| {
        batch.delete_link(link.id).put_link(heir.clone());
    })
    .await?;
    assert_eq!(store.link(link.id).await?, None);
    let found = store.link_of("contact", Side::A, "1").await?;
    assert_eq!(found.map(|link| link.id), Some(heir.id));
    commit(&*store, &lease, |batch| {
        batch.delete_link(link.id);
    })
    .await?;
    Ok(())
}

pub(super) async fn never_change_their_object(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let link = contact(&*store, "1").await?;
    commit(&*store, &lease, |batch| {
        batch.put_link(link.clone());
    })
    .await?;
    let refused = commit(&*store, &lease, |batch| {
        batch.put_link(Link::seen(link.id, "deal", Side::A, "1"));
    });
    assert!(matches!(refused.await, Err(StoreError::Invalid { .. })));
    assert_eq!(store.link(link.id).await?, Some(at_version(&link, 1)));
    Ok(())
}
