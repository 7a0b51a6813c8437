//! What a write promises: all of it, nothing beside it, and an answer per item.

use crm_model::{Contact, FieldPath, Label, Presence, ReadOnly, RecordPatch, RemoteId, Value};
use unified_crm::{CollectionExt, Create, ErrorKind, Fetched, FindKey, Outcome, Write};

use super::Subject;
use super::bench::{
    Bench, Sample, assert_same, assert_shows, create_write, for_each_object, ok, one, shows, update_write,
};

/// A patch changes the fields that it names; every other field reads as before.
pub async fn a_patch_touches_only_what_it_names(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, touches_only_what_it_names);
}

async fn touches_only_what_it_names<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update {
        return;
    }
    let id = bench.create::<T>(&bench.full::<T>()).await;
    let before = bench.read(&id).await;
    let rename = RecordPatch::from_iter([(T::NAME.into(), Value::text(bench.name()))]);
    ok(bench.update(&id, &rename).await, format!("rename a {}", T::KIND));

    let mut expected = before.clone();
    expected.apply(&rename);
    let after = bench.read(&id).await;
    expected.meta.updated_at = after.meta.updated_at;
    // Names that the vendor derives from the one that changed.
    let computed = bench.schema::<T>().fields.iter().filter(|field| field.read_only == Some(ReadOnly::Formula));
    let computed = computed.map(|field| field.key.clone());
    for derived in [Contact::FULL_NAME, crm_model::Note::TITLE].into_iter().chain(computed) {
        if derived != T::NAME && after.is_loaded(&derived) && !rename.iter().any(|(path, _)| path.key == derived) {
            expected.set(derived.clone(), after.peek(&derived.into()).cloned().unwrap_or(Value::Null));
        }
    }
    assert_same("after a patch of its name", &expected, &after);

    // A patch that names nothing changes nothing.
    ok(bench.update(&id, &RecordPatch::new()).await, format!("an empty patch of a {}", T::KIND));
    let untouched = bench.read(&id).await;
    expected.meta.updated_at = untouched.meta.updated_at;
    assert_same("after an empty patch", &expected, &untouched);
}

/// A cleared field reads as empty, not as never loaded; its neighbours keep their values.
pub async fn cleared_fields_read_back_empty(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, clears);
}

async fn clears<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update {
        return;
    }
    let mut paths: Vec<FieldPath> =
        ["job_title", "description", "website", "department"].map(|name| name.parse().unwrap_or(T::NAME.into())).into();
    paths.push(FieldPath::entry(Contact::PHONES, Label::Mobile));
    let full = bench.full::<T>();
    paths.retain(|path| path.key != T::NAME && full.get(path).is_some());

    let id = bench.create::<T>(&full).await;
    for path in paths {
        let mut expected = bench.read(&id).await;
        let clear = RecordPatch::from_iter([(path.clone(), Value::Null)]);
        ok(bench.update(&id, &clear).await, format!("clear {path}"));
        let after = bench.read(&id).await;
        assert_eq!(after.get(&path), Presence::Null, "{} {path}", T::KIND);
        expected.apply(&clear);
        expected.meta.updated_at = after.meta.updated_at;
        assert_same(format!("after clearing {path}"), &expected, &after);
    }
}

/// A deleted record is not found, not listed and cannot be changed; deleting it again is no error.
pub async fn deleted_records_are_gone(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, deletes);
}

async fn deletes<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.delete {
        return;
    }
    let (id, other) = (bench.create_minimal::<T>().await, bench.create_minimal::<T>().await);
    let done = ok(one(bench.on::<T>(), Write::Delete(id.clone())).await, format!("delete a {}", T::KIND));
    assert_eq!((done.outcome, &done.id), (Outcome::Deleted, &id));

    match bench.fetch(&id).await {
        Fetched::Deleted(deleted) => {
            assert!(!deleted.is_alive(), "{}: deleted, and alive", T::KIND);
        }
        Fetched::Missing => {}
        other => panic!("{}: deleted, but reads as {other:?}", T::KIND),
    }
    bench.read(&other).await;
    if able.list {
        let listed = super::reads::list_all::<T>(bench, unified_crm::ListQuery::all()).await;
        assert!(listed.iter().all(|record| record.id() != id), "{}: deleted, but listed", T::KIND);
        assert!(listed.iter().any(|record| record.id() == other), "{}: alive, but not listed", T::KIND);
    }
    ok(bench.on::<T>().delete(&id).await, format!("delete a {} again", T::KIND));
    if able.update {
        let rename = RecordPatch::from_iter([(T::NAME.into(), Value::text(bench.name()))]);
        let error = bench.update(&id, &rename).await.expect_err("the record is deleted");
        assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Gone), "{}: {error}", T::KIND);
        assert!(!error.is_retryable(), "{}: {error}", T::KIND);
    }
}

/// In a batch with a write that cannot be done, that one fails in its place and the others are done.
pub async fn a_bad_write_does_not_stop_the_others(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, bad_write_in_the_middle);
}

async fn bad_write_in_the_middle<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update {
        return;
    }
    let existing = bench.create_minimal::<T>().await;
    let names: Vec<String> = (0..3).map(|_| bench.name()).collect();
    let named = |name: &String| RecordPatch::from_iter([(FieldPath::from(T::NAME), Value::text(name))]);
    let nobody = RemoteId::<T>::new("nobody");
    let writes = vec![
        create_write(&bench.minimal::<T>(&names[0])),
        update_write(&nobody, &named(&names[1])),
        update_write(&existing, &named(&names[1])),
        create_write(&bench.minimal::<T>(&names[2])),
    ];
    let mut results = bench.on::<T>().write(writes).await.into_iter();
    assert_eq!(results.len(), 4, "{}: one result per write", T::KIND);
    let mut next = || results.next().expect("four results");
    let first = ok(next(), "the first create");
    let bad = next().expect_err("nobody is there");
    let updated = ok(next(), "the update");
    let last = ok(next(), "the last create");

    assert!(matches!(bad.kind(), ErrorKind::NotFound | ErrorKind::Gone | ErrorKind::Invalid), "{}: {bad}", T::KIND);
    assert!(!bad.is_retryable(), "{}: {bad}", T::KIND);
    assert_eq!((first.outcome, last.outcome), (Outcome::Created, Outcome::Created));
    assert_eq!((updated.outcome, &updated.id), (Outcome::Updated, &existing));
    for (id, name) in [(&first.id, &names[0]), (&existing, &names[1]), (&last.id, &names[2])] {
        assert_shows(&bench.read(id).await, &named(name));
    }
}

/// A batch larger than the vendor takes in one call gives one result per write, in the order of the writes.
pub async fn large_batches_keep_their_order(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, large_batch);
}

async fn large_batch<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update || able.get_batch == 0 {
        return;
    }
    let count = (able.write_batch + 7).min(230);
    let ids = bench.create_many::<T>(count).await;
    let name = |index: usize| Value::Text(format!("{} number {index}", bench.subject.tag));
    let patch = |index| RecordPatch::from_iter([(FieldPath::from(T::NAME), name(index))]);
    let updates = ids.iter().enumerate().map(|(index, id)| update_write(id, &patch(index))).collect();
    let updated = bench.on::<T>().write(updates).await;
    let updated: Vec<_> = updated.into_iter().map(|written| ok(written, "update").id).collect();
    assert_eq!(updated, ids, "{}: results are not in the order of the writes", T::KIND);

    let fetched = ok(bench.on::<T>().get(&ids).await, "get them all");
    for (index, fetched) in fetched.into_iter().enumerate() {
        let record = fetched.found().expect("it was just written").to_record();
        assert!(shows(&record.get(&T::NAME.into()), &name(index)), "{} {index} has another's name", T::KIND);
    }
}

/// A write answers with the record as it is then where that is claimed, and without one where it is not.
pub async fn writes_return_records_as_claimed(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, returns_records);
}

async fn returns_records<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update {
        return;
    }
    let created = one(bench.on::<T>(), create_write(&bench.minimal::<T>(&bench.name()))).await;
    let created = ok(created, format!("create a {}", T::KIND));
    let id = created.id.clone();
    assert_eq!(created.record.is_some(), able.returns_record, "{}: a create returns the record", T::KIND);
    if let Some(record) = created.record {
        assert_same("as created and as read", &record.to_record(), &bench.read(&id).await);
    }
    let rename = RecordPatch::from_iter([(T::NAME.into(), Value::text(bench.name()))]);
    let updated = ok(bench.update(&id, &rename).await, format!("rename a {}", T::KIND));
    assert_eq!(updated.record.is_some(), able.returns_record, "{}: an update returns the record", T::KIND);
    if let Some(record) = updated.record {
        assert_same("as updated and as read", &record.to_record(), &bench.read(&id).await);
    }
}

/// A batch costs no more calls than the capabilities say.
pub async fn writes_cost_what_is_claimed(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, write_cost);
}

async fn write_cost<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update {
        return;
    }
    let count = 25;
    let ids = bench.create_many::<T>(1).await; // whatever is looked up once is looked up now
    let before = bench.calls();
    let mut all = bench.create_many::<T>(count).await;
    let spent = usize::try_from(bench.calls() - before).unwrap_or(usize::MAX);
    assert!(spent <= able.write_calls(count), "{}: {count} creates cost {spent} calls", T::KIND);

    all.extend(ids);
    let rename = |id| update_write::<T>(id, &RecordPatch::from_iter([(T::NAME.into(), Value::text(bench.name()))]));
    let before = bench.calls();
    for written in bench.on::<T>().write(all.iter().map(rename).collect()).await {
        ok(written, "rename");
    }
    let spent = usize::try_from(bench.calls() - before).unwrap_or(usize::MAX);
    assert!(spent <= able.write_calls(all.len()), "{}: {} updates cost {spent} calls", T::KIND, all.len());
}

/// A second create under the same key finds the first record and makes no other.
pub async fn a_create_with_a_key_happens_once(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, creates_once);
}

async fn creates_once<T: Sample>(bench: &Bench) {
    if !bench.capabilities::<T>().create_once {
        return;
    }
    let key = format!("{}-{}-key", bench.subject.tag, T::KIND);
    let patch = bench.minimal::<T>(&bench.name());
    let new = || ok(T::new_from_patch(patch.clone()), "a new record");
    let first = ok(bench.on::<T>().create_once(&key, new()).await, "create with a key");
    assert_eq!(first.outcome, Outcome::Created, "{}", T::KIND);
    assert_shows(&bench.read(&first.id).await, &patch);

    let again = ok(bench.on::<T>().create_once(&key, new()).await, "create with the same key");
    assert!(matches!(again.outcome, Outcome::Existed | Outcome::Updated), "{}: {}", T::KIND, again.outcome);
    assert_eq!(again.id, first.id, "{}: a second record was created", T::KIND);

    let other = ok(
        bench
            .on::<T>()
            .create_once(&format!("{key}-2"), {
                ok(T::new_from_patch(bench.minimal::<T>(&bench.name())), "a new record")
            })
            .await,
        "create with another key",
    );
    assert_ne!(other.id, first.id, "{}", T::KIND);

    let found = ok(bench.on::<T>().find(&[FindKey::CreateKey(key)]).await, "find by key");
    let ids: Vec<_> = found.iter().flatten().map(crm_model::Object::id).collect();
    assert_eq!(ids, [first.id], "{}", T::KIND);

    // In one batch, beside a create without a key, each keeps its place.
    let keyed = |key: String| {
        let new = ok(T::new_from_patch(bench.minimal::<T>(&bench.name())), "a new record");
        Write::Create(Create { new, key: Some(key) })
    };
    let tag = &bench.subject.tag;
    let plain = create_write(&bench.minimal::<T>(&bench.name()));
    let batch = vec![keyed(format!("{tag}-{}-3", T::KIND)), plain, keyed(format!("{tag}-{}-4", T::KIND))];
    let written: Vec<_> =
        bench.on::<T>().write(batch).await.into_iter().map(|done| ok(done, "a batch with keys")).collect();
    assert!(written.iter().all(|done| done.outcome == Outcome::Created), "{}", T::KIND);
    let find = [FindKey::CreateKey(format!("{tag}-{}-4", T::KIND)), FindKey::CreateKey(format!("{tag}-{}-3", T::KIND))];
    let found = ok(bench.on::<T>().find(&find).await, "find by keys");
    let ids: Vec<Vec<_>> = found.iter().map(|found| found.iter().map(crm_model::Object::id).collect()).collect();
    assert_eq!(ids, [[written[2].id.clone()], [written[0].id.clone()]], "{}", T::KIND);
}
