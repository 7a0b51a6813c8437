//! What the schema says of fields is true: what it calls writable can be written, what it lacks is refused.

use crm_model::{FieldKey, FieldPath, Presence, RecordPatch, Value, ValueKind};
use unified_crm::{CollectionExt, Create, ErrorKind, Write, Written};

use super::Subject;
use super::bench::{Bench, Sample, assert_shows, for_each_object, ok, one, paths_of, shows};

/// Every field that the schema calls writable can be written, one by one, and reads back as written.
pub async fn created_fields_read_back(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, reads_back);
}

async fn reads_back<T: Sample>(bench: &Bench) {
    if !bench.capabilities::<T>().create {
        return;
    }
    let mut broken = Vec::new();
    for (path, value) in bench.each_field::<T>().iter() {
        let Some(patch) = bench.with_field::<T>(path, value) else { continue };
        let new = ok(T::new_from_patch(patch), "a new record");
        match bench.on::<T>().create(new).await {
            Err(error) => broken.push(format!("{path}: {error}")),
            Ok(id) => {
                let read = bench.read(&id).await.get(path);
                if !shows(&read, value) {
                    let read = read.into_option().map(|value| value.reveal());
                    broken.push(format!("{path}: wrote {:?}, reads {read:?}", value.reveal()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{} fields do not read back:\n  {}", T::KIND, broken.join("\n  "));

    // All of them at once, too.
    let full = bench.full::<T>();
    let id = bench.create::<T>(&full).await;
    assert_shows(&bench.read(&id).await, &full);
}

/// A vendor's own fields are written, changed and cleared like any other.
pub async fn custom_fields_go_both_ways(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, custom_fields);
}

async fn custom_fields<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update {
        return;
    }
    let fields = bench.schema::<T>().fields.iter().filter(|field| field.writable && field.key.custom_name().is_some());
    for field in fields {
        let Some(value) = bench.sample::<T>(field) else {
            continue;
        };
        let path = FieldPath::from(field.key.clone());
        let set = RecordPatch::from_iter([(path.clone(), value)]);
        let id = bench.create_minimal::<T>().await;
        ok(bench.update(&id, &set).await, &field.key);
        assert_shows(&bench.read(&id).await, &set);

        if !field.nullable {
            continue;
        }
        let clear = RecordPatch::from_iter([(path.clone(), Value::Null)]);
        ok(bench.update(&id, &clear).await, &field.key);
        let read = bench.read(&id).await.get(&path);
        // A tick box has no third state.
        let is_empty = read == Presence::Null || read == Presence::Known(Value::Bool(false));
        assert!(is_empty, "{} {} was cleared, but is {read:?}", T::KIND, field.key);
    }
}

/// A field that the vendor does not have is refused by name, or it is kept; it is not passed over in silence.
pub async fn an_unknown_custom_field_is_never_dropped(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, keeps_or_refuses_custom);
}

async fn keeps_or_refuses_custom<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    let unknown = FieldPath::from(FieldKey::custom("cf_no_such_field_of_the_contract"));
    let set = RecordPatch::from_iter([(unknown, Value::text("x"))]);
    if able.create {
        let mut patch = bench.minimal::<T>(&bench.name());
        set.iter().for_each(|(path, value)| patch.set(path.clone(), value.clone()));
        let new = ok(T::new_from_patch(patch), "a new record");
        kept_or_refused(bench, one(bench.on::<T>(), Write::Create(Create { new, key: None })).await, &set).await;
    }
    if able.create && able.update {
        let id = bench.create_minimal::<T>().await;
        kept_or_refused(bench, bench.update(&id, &set).await, &set).await;
    }
}

async fn kept_or_refused<T: Sample>(bench: &Bench, done: unified_crm::Result<Written<T>>, set: &RecordPatch) {
    match done {
        Ok(written) => {
            let record = bench.read(&written.id).await;
            for (path, value) in set.iter() {
                assert!(shows(&record.get(path), value), "{} {path} was accepted and dropped", T::KIND);
            }
        }
        Err(error) => {
            let refused = matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Unsupported);
            assert!(refused && !error.is_retryable(), "{}: {error}", T::KIND);
            for (path, _) in set.iter() {
                let name = path.key.custom_name().unwrap_or(path.key.as_str());
                assert!(error.to_string().contains(name), "{}: the refusal does not name {name}: {error}", T::KIND);
            }
        }
    }
}

/// A field of the model that this vendor lacks, or that cannot be written, is refused; it is not passed over in
/// silence.
pub async fn a_field_the_schema_lacks_is_never_dropped(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, keeps_or_refuses_model_fields);
}

async fn keeps_or_refuses_model_fields<T: Sample>(bench: &Bench) {
    if !bench.capabilities::<T>().update || !bench.capabilities::<T>().create {
        return;
    }
    let id = bench.create_minimal::<T>().await;
    for def in T::FIELDS.iter().filter(|def| def.kind == ValueKind::Text && !bench.can_write::<T>(&def.key)) {
        let path = paths_of(T::KIND, &def.key).remove(0);
        let set = RecordPatch::from_iter([(path, Value::text("contract"))]);
        kept_or_refused(bench, bench.update(&id, &set).await, &set).await;
    }
}
