//! What a value survives: odd text, long numbers, days and moments, references.

use crm_model::{
    AnyRef, Contact, DateOrTime, Deal, Decimal, FieldKey, FieldPath, FieldType, Money, ObjectKind, RecordPatch, Slot,
    Task, Value,
};

use super::Subject;
use super::bench::{Bench, Sample, assert_shows, day, for_each_object, moment, ok};

/// Text of any script comes back to the character; nothing in it is taken for syntax.
pub async fn messy_text_survives(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, keeps_text);
}

async fn keeps_text<T: Sample>(bench: &Bench) {
    if !bench.capabilities::<T>().create {
        return;
    }
    let names = [
        "Łukasz Ångström-Ćwikła",
        "李雷 زين Ψ",
        "👩‍👩‍👧 & \"quoted\" 'single'",
        "O'Brien \\ 100% _under_ <b>bold</b> &amp; {x} $1 ; --",
        "null",
        "0012",
    ];
    for name in names {
        let id = bench.create::<T>(&bench.minimal::<T>(name)).await;
        let expected = RecordPatch::from_iter([(FieldPath::from(T::NAME), Value::text(name))]);
        assert_shows(&bench.read(&id).await, &expected);
    }
    let description = FieldKey::known("description");
    if bench.can_write::<T>(&description) && T::FIELDS.iter().any(|field| field.key == description) {
        let long = format!("first line\nsecond line\n\n\ttabbed {}", "é".repeat(900));
        let mut patch = bench.minimal::<T>(&bench.name());
        patch.set(description.into(), Value::Text(long));
        let id = bench.create::<T>(&patch).await;
        assert_shows(&bench.read(&id).await, &patch);
    }
}

/// An amount comes back with the digits that were written, as many as the vendor itself keeps.
pub async fn money_keeps_its_digits(subject: Subject) {
    let bench = Bench::new(subject).await;
    if !bench.has::<Deal>() || !bench.capabilities::<Deal>().create || !bench.can_write::<Deal>(&Deal::AMOUNT) {
        return;
    }
    for amount in ["1234567890123456.78", "1234567890123.45", "0.1", "0.30", "19.99", "1000000", "0"] {
        let amount: Decimal = ok(amount.parse(), amount);
        if amount.mantissa().unsigned_abs() >= 10_u128.pow(bench.subject.amount_digits) {
            continue;
        }
        let mut patch = bench.minimal::<Deal>(&bench.name());
        patch.set(Deal::AMOUNT.into(), Value::Money(Money::new(amount)));
        let id = bench.create::<Deal>(&patch).await;
        assert_shows(&bench.read(&id).await, &patch);

        let update = RecordPatch::from_iter([(Deal::AMOUNT.into(), Value::Money(Money::new(amount + Decimal::ONE)))]);
        ok(bench.update(&id, &update).await, "change the amount");
        assert_shows(&bench.read(&id).await, &update);
    }
}

/// A day stays that day in every time zone; a moment stays that moment.
pub async fn dates_keep_their_day(subject: Subject) {
    let bench = Bench::new(subject).await;
    let days = [day(2025, 1, 1), day(2025, 12, 31), day(2028, 2, 29), day(2025, 3, 30)];
    for date in days.into_iter().flatten() {
        if bench.has::<Deal>() && bench.can_write::<Deal>(&Deal::EXPECTED_CLOSE) {
            let mut patch = bench.minimal::<Deal>(&bench.name());
            patch.set(Deal::EXPECTED_CLOSE.into(), Value::Date(date));
            let id = bench.create::<Deal>(&patch).await;
            assert_shows(&bench.read(&id).await, &patch);
        }
        if bench.has::<Task>() && bench.can_write::<Task>(&Task::DUE) {
            let due = bench.schema::<Task>().field(&Task::DUE).map(|field| &field.field_type);
            let due = match due {
                Some(FieldType::Date) => DateOrTime::Date(date),
                _ => DateOrTime::Time(date.and_hms_opt(23, 59, 59).unwrap_or_default().and_utc()),
            };
            let mut patch = bench.minimal::<Task>(&bench.name());
            patch.set(Task::DUE.into(), Value::DateOrTime(due));
            let id = bench.create::<Task>(&patch).await;
            assert_shows(&bench.read(&id).await, &patch);
        }
    }
    for_each_object!(bench, keeps_custom_dates);
}

async fn keeps_custom_dates<T: Sample>(bench: &Bench) {
    if !bench.capabilities::<T>().create {
        return;
    }
    for field in bench.schema::<T>().fields.iter().filter(|field| field.writable && field.key.custom_name().is_some()) {
        let value = match field.field_type {
            FieldType::Date => day(2028, 2, 29).map(Value::Date),
            FieldType::DateTime => Some(Value::Instant(moment())),
            _ => None,
        };
        let Some(value) = value else { continue };
        let mut patch = bench.minimal::<T>(&bench.name());
        patch.set(field.key.clone().into(), value);
        let id = bench.create::<T>(&patch).await;
        assert_shows(&bench.read(&id).await, &patch);
    }
}

/// References point at the record they were given, and follow when they are changed.
pub async fn references_read_back(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, keeps_references);
}

async fn keeps_references<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update {
        return;
    }
    let primary = |key: FieldKey| FieldPath::entry(key, Slot::Primary);
    let links: Vec<(FieldPath, ObjectKind)> = match T::KIND {
        ObjectKind::Account => vec![(FieldKey::known("parent").into(), ObjectKind::Account)],
        ObjectKind::Contact => vec![(primary(Contact::ACCOUNTS), ObjectKind::Account)],
        ObjectKind::Deal => {
            vec![(Deal::ACCOUNT.into(), ObjectKind::Account), (primary(Deal::CONTACTS), ObjectKind::Contact)]
        }
        ObjectKind::Task => [ObjectKind::Deal, ObjectKind::Account, ObjectKind::Contact]
            .map(|target| (primary(Task::TARGETS), target))
            .into(),
        ObjectKind::Lead => Vec::new(),
        ObjectKind::Ticket => vec![
            (FieldKey::known("requester").into(), ObjectKind::Contact),
            (FieldKey::known("account").into(), ObjectKind::Account),
        ],
        _ => [ObjectKind::Account, ObjectKind::Deal, ObjectKind::Contact]
            .map(|target| (primary(FieldKey::known("targets")), target))
            .into(),
    };
    for (path, target) in links.into_iter().filter(|(path, _)| bench.can_write::<T>(&path.key)) {
        let (Some(first), Some(second)) = (bench.reference(target), another(bench, target).await) else {
            continue;
        };
        let mut patch = bench.minimal::<T>(&bench.name());
        patch.set(path.clone(), Value::Ref(first));
        let id = bench.create::<T>(&patch).await;
        assert_shows(&bench.read(&id).await, &patch);

        // A note stays where it was written at vendors that cannot move one; they say so.
        let mover = RecordPatch::from_iter([(path.clone(), Value::Ref(second))]);
        match bench.update(&id, &mover).await {
            Ok(_) => assert_shows(&bench.read(&id).await, &mover),
            Err(error) => {
                let refused =
                    matches!(error.kind(), unified_crm::ErrorKind::Unsupported | unified_crm::ErrorKind::Invalid);
                assert!(refused && T::KIND == ObjectKind::Note, "{} {path}: {error}", T::KIND);
            }
        }
    }
}

async fn another(bench: &Bench, object: ObjectKind) -> Option<AnyRef> {
    let id = match object {
        ObjectKind::Account if bench.has::<crm_model::Account>() => {
            bench.create_minimal::<crm_model::Account>().await.as_str().to_owned()
        }
        ObjectKind::Contact if bench.has::<Contact>() => bench.create_minimal::<Contact>().await.as_str().to_owned(),
        ObjectKind::Deal if bench.has::<Deal>() => bench.create_minimal::<Deal>().await.as_str().to_owned(),
        _ => return None,
    };
    Some(AnyRef::new(object, id))
}
