//! The change feed: nothing missed, nothing invented.

use std::collections::BTreeSet;
use std::time::Duration;

use crm_model::{Deleted, FieldPath, Object, RecordPatch, RemoteId, Value};
use futures::StreamExt;
use unified_crm::{Change, ChangeSupport, CollectionExt, Cursor, DeleteEvidence, ErrorKind};

use super::Subject;
use super::bench::{Bench, Sample, assert_same, assert_shows, for_each_object, ok, update_write};

/// Longer than any overlap that a feed reads again.
const LONG: Duration = Duration::from_secs(2 * 3600);

/// One complete reading of a feed.
pub(crate) struct Feed<T> {
    pub(crate) complete: bool,
    pub(crate) records: Vec<T>,
    pub(crate) deleted: Vec<(RemoteId<T>, Deleted)>,
    pub(crate) cursor: Cursor,
}

impl<T: Object> Feed<T> {
    fn ids(&self) -> BTreeSet<RemoteId<T>> {
        self.records.iter().map(Object::id).collect()
    }
}

/// Reads a feed to its end, and checks its shape: begins once, ends once, tells only what it can.
pub(crate) async fn read_changes<T: Sample>(bench: &Bench, since: Option<Cursor>) -> Feed<T> {
    let first = since.is_none();
    let mut events = bench.on::<T>().changes(since);
    let started = ok(events.next().await.expect("a feed has events"), format!("changes of {}", T::KIND));
    let Change::Started { complete } = started else { panic!("{}: the feed does not begin with Started", T::KIND) };
    let (mut records, mut deleted, mut cursor) = (Vec::new(), Vec::new(), None);
    while let Some(event) = events.next().await {
        assert!(cursor.is_none(), "{}: the feed goes on after Finished", T::KIND);
        match ok(event, format!("changes of {}", T::KIND)) {
            Change::Record(record) => records.push(record),
            Change::Deleted { id, deleted: how } => deleted.push((id, how)),
            Change::Finished(end) => cursor = Some(end),
            other => panic!("{}: {other:?}", T::KIND),
        }
    }
    let cursor = cursor.unwrap_or_else(|| panic!("{}: the feed ends without Finished", T::KIND));
    let expected = first || bench.capabilities::<T>().changes == ChangeSupport::FullScan;
    assert_eq!(complete, expected, "{}: whether everything is told", T::KIND);
    Feed { complete, records, deleted, cursor }
}

fn can_tell<T: Sample>(bench: &Bench) -> bool {
    let able = bench.capabilities::<T>();
    able.create && able.get_batch > 0 && able.changes != ChangeSupport::None
}

/// A first read tells every record as it is; a second one right after tells nothing that the first did not.
pub async fn the_first_read_tells_everything(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, tells_everything);
}

async fn tells_everything<T: Sample>(bench: &Bench) {
    if !can_tell::<T>(bench) {
        return;
    }
    let made = bench.create_many::<T>(4).await;
    let first = read_changes::<T>(bench, None).await;
    for id in &made {
        let told = first.records.iter().find(|record| record.id() == *id);
        let told = told.unwrap_or_else(|| panic!("{} {id} is not told", T::KIND));
        assert_same("in the feed and by id", &told.to_record(), &bench.read(id).await);
    }
    let second = read_changes::<T>(bench, Some(first.cursor.clone())).await;
    assert!(second.ids().is_subset(&first.ids()), "{}: told although nothing changed", T::KIND);
    for record in &second.records {
        let before = first.records.iter().rev().find(|other| other.id() == record.id()).expect("a subset");
        assert_same("first and again", &before.to_record(), &record.to_record());
    }
}

/// Once the overlap is past, a feed without changes tells nothing.
pub async fn nothing_changed_tells_nothing(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, tells_nothing);
}

async fn tells_nothing<T: Sample>(bench: &Bench) {
    if !can_tell::<T>(bench) || bench.capabilities::<T>().changes == ChangeSupport::FullScan {
        return;
    }
    bench.create_many::<T>(2).await;
    let first = read_changes::<T>(bench, None).await;
    tokio::time::sleep(LONG).await;
    let second = read_changes::<T>(bench, Some(first.cursor)).await;
    tokio::time::sleep(LONG).await;
    let third = read_changes::<T>(bench, Some(second.cursor)).await;
    assert_eq!((third.records.len(), third.deleted.len()), (0, 0), "{}: nothing changed", T::KIND);
}

/// What was created or edited since the cursor is told as it is now; what is told of others is what they are.
pub async fn edits_between_two_reads_are_seen(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, sees_edits);
}

async fn sees_edits<T: Sample>(bench: &Bench) {
    if !can_tell::<T>(bench) || !bench.capabilities::<T>().update {
        return;
    }
    let made = bench.create_many::<T>(3).await;
    let first = read_changes::<T>(bench, None).await;
    tokio::time::sleep(LONG).await;
    let second = read_changes::<T>(bench, Some(first.cursor)).await;
    tokio::time::sleep(LONG).await;
    let name = bench.name();
    bench.rename(&made[1], &name).await;
    let new = bench.create_minimal::<T>().await;

    let third = read_changes::<T>(bench, Some(second.cursor)).await;
    let told = third.ids();
    assert!(told.contains(&made[1]), "{}: an edit is not told", T::KIND);
    assert!(told.contains(&new), "{}: a new record is not told", T::KIND);
    let edited = third.records.iter().rev().find(|record| record.id() == made[1]).expect("it is told").to_record();
    assert_shows(&edited, &RecordPatch::from_iter([(FieldPath::from(T::NAME), Value::Text(name))]));
    for record in &third.records {
        assert_same("in the feed and by id", &record.to_record(), &bench.read(&record.id()).await);
    }
}

/// An edit in the same second as a reading that did not see it is told by the next.
pub async fn an_edit_at_the_moment_of_the_read_is_seen(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, sees_edits_at_the_moment);
}

async fn sees_edits_at_the_moment<T: Sample>(bench: &Bench) {
    if !can_tell::<T>(bench) || !bench.capabilities::<T>().update {
        return;
    }
    let id = bench.create_minimal::<T>().await;
    let mut cursor = read_changes::<T>(bench, None).await.cursor;
    for _ in 0..3 {
        let name = bench.name();
        bench.rename(&id, &name).await;
        let feed = read_changes::<T>(bench, Some(cursor)).await;
        let told = feed.records.iter().rev().find(|record| record.id() == id);
        let told = told.unwrap_or_else(|| panic!("{}: an edit is not told", T::KIND)).to_record();
        assert_shows(&told, &RecordPatch::from_iter([(FieldPath::from(T::NAME), Value::Text(name))]));
        cursor = feed.cursor;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// More changes in one moment than fit on a page are all told, on the first reading and on a later one.
pub async fn changes_that_share_a_moment_are_all_seen(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, sees_ties);
}

async fn sees_ties<T: Sample>(bench: &Bench) {
    if !can_tell::<T>(bench) || !bench.capabilities::<T>().update {
        return;
    }
    let made = bench.create_many::<T>(130).await;
    let first = read_changes::<T>(bench, None).await;
    let missed = made.iter().filter(|id| !first.ids().contains(id)).count();
    assert_eq!(missed, 0, "{}: {missed} new records are not told", T::KIND);

    tokio::time::sleep(LONG).await;
    let rename = |id| update_write::<T>(id, &RecordPatch::from_iter([(T::NAME.into(), Value::text(bench.name()))]));
    for written in bench.on::<T>().write(made.iter().map(rename).collect()).await {
        ok(written, "rename");
    }
    let told = read_changes::<T>(bench, Some(first.cursor)).await.ids();
    let missed = made.iter().filter(|id| !told.contains(id)).count();
    assert_eq!(missed, 0, "{}: {missed} edited records are not told", T::KIND);
}

/// A deletion is told where that is claimed and never where it is not; what is alive is never told as deleted.
pub async fn deletions_are_told_as_claimed(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, tells_deletions);
}

async fn tells_deletions<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !can_tell::<T>(bench) || !able.delete {
        return;
    }
    let made = bench.create_many::<T>(4).await;
    let first = read_changes::<T>(bench, None).await;
    tokio::time::sleep(LONG).await;
    ok(bench.on::<T>().delete(&made[0]).await, "delete");
    bench.delete_elsewhere(&made[1]).await;
    let second = read_changes::<T>(bench, Some(first.cursor)).await;

    let told: BTreeSet<_> = second.deleted.iter().map(|(id, _)| id.clone()).collect();
    let expected = match able.deletes {
        DeleteEvidence::Feed => BTreeSet::from([made[0].clone(), made[1].clone()]),
        _ => BTreeSet::new(),
    };
    assert_eq!(told, expected, "{}: deletions", T::KIND);
    assert!(second.deleted.iter().all(|(_, how)| !how.is_alive()), "{}: deleted, and alive", T::KIND);
    for feed in [second, read_changes::<T>(bench, None).await] {
        let alive = feed.ids();
        assert!(!alive.contains(&made[0]) && !alive.contains(&made[1]), "{}: told as alive", T::KIND);
        assert!(!feed.complete || alive.contains(&made[2]), "{}: alive, but not told", T::KIND);
        assert!(feed.deleted.iter().all(|(id, _)| !made[2..].contains(id)), "{}: alive, but told as deleted", T::KIND);
    }
}

/// A run that was cut off starts again from the cursor it had: stored as text, it tells the same once more.
pub async fn a_cursor_can_be_used_again(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, reuses_cursor);
}

async fn reuses_cursor<T: Sample>(bench: &Bench) {
    if !can_tell::<T>(bench) {
        return;
    }
    bench.create_many::<T>(2).await;
    let cursor = read_changes::<T>(bench, None).await.cursor;
    tokio::time::sleep(LONG).await;
    let new: BTreeSet<_> = bench.create_many::<T>(3).await.into_iter().collect();

    let once = read_changes::<T>(bench, Some(cursor.clone())).await;
    // A reader that gives up in the middle changes nothing.
    drop(bench.on::<T>().changes(Some(cursor.clone())).next().await);
    let stored = Cursor::new(cursor.as_str().to_owned());
    let again = read_changes::<T>(bench, Some(stored)).await;
    assert_eq!(once.ids(), again.ids(), "{}: the same cursor tells something else", T::KIND);
    assert!(new.is_subset(&again.ids()), "{}: a new record is not told", T::KIND);
}

/// A text that is no cursor of this collection is refused; it is not taken for the beginning.
pub async fn a_foreign_cursor_is_refused(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, refuses_cursor);
}

async fn refuses_cursor<T: Sample>(bench: &Bench) {
    if !can_tell::<T>(bench) {
        return;
    }
    for text in ["", "not a cursor", "v999:2025-01-01T00:00:00Z", "v1:", "v1:not a time"] {
        let events: Vec<_> = bench.on::<T>().changes(Some(Cursor::new(text))).collect().await;
        let finished = events.iter().any(|event| matches!(event, Ok(Change::Finished(_))));
        assert!(!finished, "{}: {text:?} was taken for a cursor", T::KIND);
        let error = events.into_iter().find_map(Result::err);
        let error = error.unwrap_or_else(|| panic!("{}: {text:?} was not refused", T::KIND));
        assert_eq!(error.kind(), ErrorKind::Invalid, "{}: {error}", T::KIND);
    }
}
