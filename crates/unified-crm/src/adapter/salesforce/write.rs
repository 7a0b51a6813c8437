//! Writes by the cheapest calls: as many records in one call as the vendor takes.

use std::collections::HashSet;

use crm_model::Object;
use rest_core::{Error, ErrorKind, Result};
use salesforce::{Fields, Id, MOST_WRITTEN, Records, Saved, Writable, Write as Many, WritePolicy};

use super::VENDOR;
use super::body::{Body, People, Purpose, body};
use super::layout::Layout;
use super::objects::Objects;
use super::people::{self, Wanted};
use super::table::Table;
use crate::{Outcome, Write, Written};

/// A write that is ready to be sent, with its place in the batch.
struct Ready<K> {
    index: usize,
    /// What tells the record from the others of a call: its id, its key, or nothing.
    key: K,
    body: Body,
}

/// The results of a batch, filled in as calls are answered.
struct Results<T>(Vec<Option<Result<Written<T>>>>);

impl<T: Object> Results<T> {
    fn put(&mut self, index: usize, result: Result<Written<T>>) {
        if let Some(slot) = self.0.get_mut(index) {
            *slot = Some(result);
        }
    }

    fn all(self) -> Vec<Result<Written<T>>> {
        let lost =
            || Err(Error::new(ErrorKind::Unknown, "write").with_vendor(VENDOR).with_message("the write has no result"));
        self.0.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }
}

/// A batch, sorted by what is done.
struct Batch<R> {
    creates: Vec<Ready<()>>,
    keyed: Vec<Ready<String>>,
    updates: Vec<Ready<Id<R>>>,
    deletes: Vec<Ready<Id<R>>>,
}

/// Writes a batch: creates first, then changes, then deletions.
pub(crate) async fn write<T: Object, R: Writable>(
    objects: &Objects<T, R>,
    layout: &Layout,
    writes: Vec<Write<T>>,
) -> Vec<Result<Written<T>>> {
    let mut results = Results(writes.iter().map(|_| None).collect());
    let mut batch = Batch { creates: Vec::new(), keyed: Vec::new(), updates: Vec::new(), deletes: Vec::new() };
    for (index, write) in writes.into_iter().enumerate() {
        if let Err(error) = sort(objects.table, layout, index, write, &mut batch) {
            results.put(index, Err(error));
        }
    }
    let records = objects.client().records::<R>();
    let mut people = Vec::new();
    carry_out(&records, layout, batch, &mut results, &mut people).await;
    if !people.is_empty() {
        for (index, error) in people::write(objects.client(), &people).await {
            results.put(index, Err(error));
        }
    }
    results.all()
}

fn refuse(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error::new(kind, "write").with_vendor(VENDOR).with_message(message)
}

/// Turns a write into what is sent, or says why it cannot be.
fn sort<T: Object, R: Writable>(
    table: &Table,
    layout: &Layout,
    index: usize,
    write: Write<T>,
    batch: &mut Batch<R>,
) -> Result<()> {
    let not_allowed =
        |what: &str| refuse(ErrorKind::Forbidden, format!("this user may not {what} {} records", T::KIND));
    let build = |patch, purpose| body(table, layout, &patch, purpose).map_err(|why| refuse(ErrorKind::Invalid, why));
    match write {
        Write::Create(_) if !layout.can_create => return Err(not_allowed("create")),
        Write::Update(_) if !layout.can_update => return Err(not_allowed("change")),
        Write::Delete(_) if !layout.can_delete => return Err(not_allowed("delete")),
        Write::Create(create) => {
            let body = build(T::new_to_patch(&create.new), Purpose::Create)?;
            match create.key {
                None => batch.creates.push(Ready { index, key: (), body }),
                Some(key) => {
                    check_key::<T>(layout, &key)?;
                    batch.keyed.push(Ready { index, key, body });
                }
            }
        }
        Write::Update(update) => {
            let key = id::<T, R>(update.id.as_str())?;
            let body = build(T::patch_to_record(&update.patch), Purpose::Update)?;
            batch.updates.push(Ready { index, key, body });
        }
        Write::Delete(gone) => {
            let key = id::<T, R>(gone.as_str())?;
            batch.deletes.push(Ready { index, key, body: Body::default() });
        }
    }
    Ok(())
}

/// What is no id of this object belongs to no record of it.
fn id<T: Object, R: Writable>(text: &str) -> Result<Id<R>> {
    text.parse().map_err(|error| refuse(ErrorKind::NotFound, format!("there is no {} {text}: {error}", T::KIND)))
}

fn check_key<T: Object>(layout: &Layout, key: &str) -> Result<()> {
    if layout.key_field.is_none() {
        let message = format!("{} records have no unique external id field to keep a key in", T::KIND);
        return Err(refuse(ErrorKind::Unsupported, message).with_hint(
            "add a unique external id text field (Crmkit_Key__c), or name another in the adapter's options",
        ));
    }
    if key.trim().is_empty() {
        return Err(refuse(ErrorKind::Invalid, "the key of a create is empty"));
    }
    Ok(())
}

/// Sends the calls, one kind after the other.
async fn carry_out<T: Object, R: Writable>(
    records: &Records<R>,
    layout: &Layout,
    batch: Batch<R>,
    results: &mut Results<T>,
    people: &mut Vec<Wanted>,
) {
    let Batch { creates, keyed, updates, deletes } = batch;
    if !creates.is_empty() {
        let (places, rows): (Vec<_>, Vec<_>) = creates.into_iter().map(with_contact).unzip();
        let saved = match rows.len() > MOST_WRITTEN {
            true => many(records, rows.iter().map(Many::create_fields).collect()).await,
            false => records.create_many_fields(&rows).await.into_iter().collect(),
        };
        for ((index, rest), saved) in places.into_iter().zip(saved) {
            keep(index, saved.map(|saved| (saved, true)), rest, results, people);
        }
    }
    let key_field = layout.key_field.as_deref().unwrap_or_default();
    for wave in waves(keyed, |key| key.trim().to_lowercase()) {
        let (places, rows): (Vec<_>, Vec<_>) =
            wave.into_iter().map(|r| ((r.index, r.body.people), (r.key, r.body.fields))).unzip();
        let upsert = |(key, fields): &(String, Fields)| Many::upsert_fields(key_field, key, fields);
        let saved: Vec<_> = match rows.len() > MOST_WRITTEN {
            true => many(records, rows.iter().map(upsert).collect()).await,
            false => records.upsert_many_fields(key_field, &rows).await.into_iter().collect(),
        };
        for ((index, rest), saved) in places.into_iter().zip(saved) {
            let saved = saved.map(|saved| {
                let is_new = saved.created == Some(true);
                (saved, is_new)
            });
            keep(index, saved, rest, results, people);
        }
    }
    for wave in waves(updates, |id| *id) {
        update(records, wave, results, people).await;
    }
    for wave in waves(deletes, |id| *id) {
        let (places, ids): (Vec<_>, Vec<_>) = wave.into_iter().map(|ready| (ready.index, ready.key)).unzip();
        let deleted: Vec<_> = match ids.len() > MOST_WRITTEN {
            true => many(records, ids.iter().copied().map(Many::delete).collect()).await,
            false => records.delete_many(&ids).await.into_iter().collect(),
        };
        for ((index, id), result) in places.into_iter().zip(ids).zip(deleted) {
            results.put(index, deletion(id, result));
        }
    }
}

/// More writes than one collection takes, by the way that takes the fewest calls.
async fn many<R: Writable>(records: &Records<R>, writes: Vec<Many<R>>) -> Vec<Result<Saved<R>>> {
    match records.write_many(&writes, &WritePolicy::new()).await {
        Ok(report) => report.results.into_iter().collect(),
        Err(error) => writes.iter().map(|_| Err(error.clone())).collect(),
    }
}

async fn update<T: Object, R: Writable>(
    records: &Records<R>,
    wave: Vec<Ready<Id<R>>>,
    results: &mut Results<T>,
    people: &mut Vec<Wanted>,
) {
    // A patch without fields of the record itself costs no call.
    let (with_fields, without): (Vec<_>, Vec<_>) = wave.into_iter().partition(|ready| !ready.body.fields.is_empty());
    let (places, rows): (Vec<_>, Vec<_>) =
        with_fields.into_iter().map(|r| ((r.index, r.body.people), (r.key, r.body.fields))).unzip();
    let ids: Vec<_> = rows.iter().map(|(id, _)| *id).collect();
    let change = |(id, fields): &(Id<R>, Fields)| Many::update_fields(*id, fields);
    let saved: Vec<_> = match rows.len() > MOST_WRITTEN {
        true => many(records, rows.iter().map(change).collect()).await,
        false => records.update_many_fields(&rows).await.into_iter().collect(),
    };
    let updated =
        places.into_iter().zip(ids).zip(saved).map(|(((index, rest), id), saved)| (index, rest, id, saved.map(drop)));
    let untouched = without.into_iter().map(|ready| (ready.index, ready.body.people, ready.key, Ok(())));
    for (index, rest, id, saved) in updated.chain(untouched) {
        let saved = saved.map_err(missing);
        if let (Ok(()), Some(wanted)) = (&saved, rest) {
            push_people(people, index, id.any(), false, wanted);
        }
        results.put(index, saved.map(|()| Written::new(id.as_str().into(), Outcome::Updated)));
    }
}

/// The first person of a new deal travels with it; the vendor makes the primary role.
fn with_contact(ready: Ready<()>) -> ((usize, Option<People>), Fields) {
    let Ready { index, body: Body { mut fields, people }, .. } = ready;
    let rest = match people {
        Some(People::Primary(Some(first))) => {
            fields.set("ContactId", &*first);
            None
        }
        Some(People::All(ids)) => {
            if let Some(first) = ids.first() {
                fields.set("ContactId", &**first);
            }
            (ids.len() > 1).then_some(People::All(ids))
        }
        Some(People::Primary(None)) | None => None,
    };
    ((index, rest), fields)
}

fn keep<T: Object, R>(
    index: usize,
    saved: Result<(Saved<R>, bool)>,
    rest: Option<People>,
    results: &mut Results<T>,
    people: &mut Vec<Wanted>,
) {
    if let (Ok((saved, _)), Some(wanted)) = (&saved, rest) {
        // The vendor has made the first role of a create without a key, so roles are looked up.
        push_people(people, index, saved.id.any(), saved.created == Some(true), wanted);
    }
    let outcome = |is_new| if is_new { Outcome::Created } else { Outcome::Updated };
    results.put(index, saved.map(|(saved, is_new)| Written::new(saved.id.as_str().into(), outcome(is_new))));
}

fn push_people(people: &mut Vec<Wanted>, index: usize, deal: salesforce::AnyId, is_new: bool, wanted: People) {
    if let Some(deal) = deal.cast() {
        people.push(Wanted { index, deal, is_new, people: wanted });
    }
}

/// An update of a record that is not there says that a reference is wrong, and means the record itself.
fn missing(error: Error) -> Error {
    let is_own_id = error.vendor_code() == Some("INVALID_CROSS_REFERENCE_KEY")
        && error.fields().iter().all(|field| field.field.eq_ignore_ascii_case("id"));
    if is_own_id { error.with_kind(ErrorKind::NotFound) } else { error }
}

/// A record that is gone already is as deleted as it can be.
fn deletion<T: Object, R>(id: Id<R>, result: Result<Saved<R>>) -> Result<Written<T>> {
    let gone = Written::new(id.as_str().into(), Outcome::Deleted);
    match result.map_err(missing) {
        Ok(_) => Ok(gone),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(gone),
        Err(error) => Err(error),
    }
}

/// Splits writes such that no call names a record twice; the order of the writes of one record is kept.
fn waves<K, U: std::hash::Hash + Eq>(ready: Vec<Ready<K>>, unique: impl Fn(&K) -> U) -> Vec<Vec<Ready<K>>> {
    let mut waves: Vec<(HashSet<U>, Vec<Ready<K>>)> = Vec::new();
    for item in ready {
        let key = unique(&item.key);
        // After the last wave that names the record already.
        let after = waves.iter().rposition(|(seen, _)| seen.contains(&key)).map_or(0, |last| last + 1);
        if after == waves.len() {
            waves.push((HashSet::new(), Vec::new()));
        }
        if let Some((seen, wave)) = waves.get_mut(after) {
            seen.insert(key);
            wave.push(item);
        }
    }
    waves.into_iter().map(|(_, wave)| wave).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(index: usize, key: &str) -> Ready<String> {
        Ready { index, key: key.to_owned(), body: Body::default() }
    }

    #[test]
    fn no_call_names_a_record_twice_and_order_is_kept() {
        let keys = ["a", "b", "a", "c", "b", "a"];
        let batch = keys.iter().enumerate().map(|(index, key)| ready(index, key)).collect();
        let waves: Vec<Vec<usize>> =
            waves(batch, String::clone).iter().map(|wave| wave.iter().map(|r| r.index).collect()).collect();
        assert_eq!(waves, [vec![0, 1, 3], vec![2, 4], vec![5]]);
    }

    #[test]
    fn the_first_person_travels_with_a_new_deal() {
        let with = |people| {
            let body = Body { people, ..Body::default() };
            let ((_, rest), fields) = with_contact(Ready { index: 0, key: (), body });
            (fields.get("ContactId").map(|id| id.get().to_owned()), rest)
        };
        assert_eq!(with(Some(People::Primary(Some("x".into())))), (Some("\"x\"".to_owned()), None));
        let two = People::All(vec!["x".into(), "y".into()]);
        assert_eq!(with(Some(two.clone())), (Some("\"x\"".to_owned()), Some(two)));
        assert_eq!(with(Some(People::All(vec!["x".into()]))), (Some("\"x\"".to_owned()), None));
        assert_eq!(with(Some(People::Primary(None))), (None, None));
        assert_eq!(with(None), (None, None));
    }
}
