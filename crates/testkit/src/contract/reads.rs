//! What a read promises: order, completeness, and the same answer whichever way one asks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use crm_model::{Contact, FieldKey, FieldPath, Object, Presence, Record, RecordPatch, RemoteId, Slot, Value};
use futures::TryStreamExt;
use unified_crm::{ChangeSupport, CollectionExt, Fetched, FindBy, FindKey, ListQuery};

use super::Subject;
use super::bench::{Bench, Sample, assert_same, for_each_object, ok};
use super::changes::read_changes;

/// Everything a list query gives; each record comes once.
pub(crate) async fn list_all<T: Sample>(bench: &Bench, query: ListQuery) -> Vec<T> {
    let records: Vec<T> = ok(bench.on::<T>().list(query).try_collect().await, format!("list {} records", T::KIND));
    let ids: BTreeSet<_> = records.iter().map(Object::id).collect();
    assert_eq!(ids.len(), records.len(), "{}: a record is listed twice", T::KIND);
    records
}

/// One result per id in the order asked, repeated ids included; an id that nobody has is missing.
pub async fn get_keeps_the_order_and_tells_what_is_missing(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, gets_in_order);
}

async fn gets_in_order<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || able.get_batch == 0 {
        return;
    }
    let made = bench.create_many::<T>(3).await;
    let (a, b, c) = (made[0].clone(), made[1].clone(), made[2].clone());
    let asked = [c.clone(), RemoteId::new("nobody"), a.clone(), c.clone(), b.clone()];
    let fetched = ok(bench.on::<T>().get(&asked).await, format!("get {} records", T::KIND));
    let found: Vec<_> = fetched
        .into_iter()
        .map(|fetched| match fetched {
            Fetched::Found(record) => Some(record.id()),
            Fetched::Missing => None,
            other => panic!("{}: {other:?}", T::KIND),
        })
        .collect();
    assert_eq!(found, [Some(c.clone()), None, Some(a), Some(c), Some(b)], "{}", T::KIND);
}

/// Getting a batch costs no more calls than the capabilities say.
pub async fn gets_cost_what_is_claimed(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, get_cost);
}

async fn get_cost<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || able.get_batch == 0 {
        return;
    }
    let ids = bench.create_many::<T>(12).await;
    ok(bench.on::<T>().get(&ids[..1]).await, "get one"); // whatever is looked up once is looked up now
    let before = bench.calls();
    ok(bench.on::<T>().get(&ids).await, "get twelve");
    let spent = usize::try_from(bench.calls() - before).unwrap_or(usize::MAX);
    assert!(spent <= ids.len().div_ceil(able.get_batch), "{}: getting {} cost {spent} calls", T::KIND, ids.len());
}

/// An e-mail address finds its records whatever its case; answers keep the order of the keys.
pub async fn records_are_found_by_email_whatever_its_case(subject: Subject) {
    let bench = Bench::new(subject).await;
    if !bench.has::<Contact>() || !bench.capabilities::<Contact>().find.contains(&FindBy::Email) {
        return;
    }
    let mut made = Vec::new();
    for address in ["Ada.King@contract.example", "o'hara+tag@contract.example", "x_y%z@contract.example"] {
        let mut patch = bench.minimal::<Contact>(&bench.name());
        patch.set(FieldPath::entry(Contact::EMAILS, Slot::Primary), Value::text(address));
        made.push((address, bench.create::<Contact>(&patch).await));
    }
    // One that a careless pattern would find, too.
    let mut similar = bench.minimal::<Contact>(&bench.name());
    similar.set(FieldPath::entry(Contact::EMAILS, Slot::Primary), Value::text("xay1z@contract.example"));
    bench.create::<Contact>(&similar).await;

    let contacts = bench.on::<Contact>();
    let keys: Vec<_> =
        [made[1].0.to_uppercase(), "nobody@contract.example".into(), made[0].0.to_lowercase(), made[2].0.into()]
            .map(FindKey::Email)
            .into();
    let found = ok(contacts.find(&keys).await, "find by e-mail");
    let ids: Vec<Vec<_>> = found.iter().map(|records| records.iter().map(Object::id).collect()).collect();
    let expected = [vec![made[1].1.clone()], vec![], vec![made[0].1.clone()], vec![made[2].1.clone()]];
    assert_eq!(ids, expected);
    let one = ok(contacts.find_by_email("ADA.KING@CONTRACT.EXAMPLE").await, "find one by e-mail");
    assert_eq!(one.map(|contact| contact.id()), Some(made[0].1.clone()));
    assert!(ok(contacts.find_by_email("").await, "find by nothing").is_none(), "an empty address finds somebody");
}

/// A name finds the records that have exactly that name.
pub async fn records_are_found_by_name(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, finds_by_name);
}

async fn finds_by_name<T: Sample>(bench: &Bench) {
    if !bench.capabilities::<T>().find.contains(&FindBy::Name) {
        return;
    }
    let name = format!("{} O'Brien & Söhne \\ 100%", bench.name());
    let id = bench.create::<T>(&bench.minimal::<T>(&name)).await;
    bench.create::<T>(&bench.minimal::<T>(&format!("{name} Ltd"))).await;
    let keys = [FindKey::Name("nobody is called this".into()), FindKey::Name(name)];
    let found = ok(bench.on::<T>().find(&keys).await, format!("find a {} by name", T::KIND));
    let ids: Vec<Vec<_>> = found.iter().map(|records| records.iter().map(Object::id).collect()).collect();
    assert_eq!(ids, [vec![], vec![id]], "{}", T::KIND);
}

/// A key finds the record that was created under it, and stops when the record is gone.
pub async fn records_are_found_by_key(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, finds_by_key);
}

async fn finds_by_key<T: Sample>(bench: &Bench) {
    if !bench.capabilities::<T>().create_once {
        return;
    }
    let key = |n: u8| FindKey::CreateKey(format!("{}-{}-find-{n}", bench.subject.tag, T::KIND));
    let mut ids = Vec::new();
    for n in 0..3 {
        let new = ok(T::new_from_patch(bench.minimal::<T>(&bench.name())), "a new record");
        ids.push(ok(bench.on::<T>().create_once(key(n).text(), new).await, "create with a key").id);
    }
    let find = async |keys: &[FindKey]| {
        let found = ok(bench.on::<T>().find(keys).await, format!("find a {} by key", T::KIND));
        found.iter().map(|records| records.iter().map(Object::id).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let expected = [vec![ids[2].clone()], vec![], vec![ids[0].clone()]];
    assert_eq!(find(&[key(2), key(9), key(0)]).await, expected, "{}", T::KIND);
    if bench.capabilities::<T>().delete {
        ok(bench.on::<T>().delete(&ids[2]).await, "delete");
        assert_eq!(
            find(&[key(2), key(0)]).await,
            [vec![], vec![ids[0].clone()]],
            "{}: found although deleted",
            T::KIND
        );
    }
}

/// A list holds every record exactly once, past the largest page that a vendor gives.
pub async fn list_passes_page_boundaries(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, lists_everything);
}

async fn lists_everything<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.list {
        return;
    }
    let made: BTreeSet<_> = bench.create_many::<T>(230).await.into_iter().collect();
    let listed: BTreeSet<_> = list_all::<T>(bench, ListQuery::all()).await.iter().map(Object::id).collect();
    let missed = made.difference(&listed).count();
    assert_eq!(missed, 0, "{}: {missed} of {} records are not listed", T::KIND, made.len());
}

/// A limit and a time are honoured.
pub async fn list_honours_its_query(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, honours_query);
}

async fn honours_query<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.list || able.get_batch == 0 {
        return;
    }
    let old = bench.create_minimal::<T>().await;
    let old_stamp = bench.read(&old).await.meta.updated_at.expect("a record says when it changed");
    tokio::time::sleep(std::time::Duration::from_secs(86_400)).await;
    let new = bench.create_many::<T>(3).await;

    let since = old_stamp + TimeDelta::hours(12);
    let listed: Vec<_> =
        list_all::<T>(bench, ListQuery::all().updated_since(since)).await.iter().map(Object::id).collect();
    assert!(new.iter().all(|id| listed.contains(id)), "{}: a new record is not listed", T::KIND);
    assert!(!listed.contains(&old), "{}: a record that did not change since is listed", T::KIND);

    for limit in [0, 1, 3] {
        assert_eq!(list_all::<T>(bench, ListQuery::all().limit(limit)).await.len(), limit, "{}", T::KIND);
    }
    let new_stamp = bench.read(&new[0]).await.meta.updated_at.expect("a record says when it changed");
    let at_the_moment = list_all::<T>(bench, ListQuery::all().updated_since(new_stamp)).await;
    assert!(at_the_moment.iter().any(|record| record.id() == new[0]), "{}: the moment itself is left out", T::KIND);
}

/// Get, list, find and the change feed tell the same of a record, what is loaded included.
pub async fn all_reads_agree(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, reads_agree);
}

async fn reads_agree<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || able.get_batch == 0 {
        return;
    }
    let full = bench.create::<T>(&bench.full::<T>()).await;
    let bare = bench.create_minimal::<T>().await;
    for id in [&full, &bare] {
        let got = bench.read(id).await;
        assert_same("twice by id", &got, &bench.read(id).await);
        assert_eq!(got.meta.vendor, bench.crm().vendor());
        assert!(got.meta.created_at.is_some() && got.meta.updated_at >= got.meta.created_at, "{}: stamps", T::KIND);
        if able.list {
            let listed = list_all::<T>(bench, ListQuery::all()).await;
            assert_same("by id and in the list", &got, &the(id, listed));
        }
        if able.changes != ChangeSupport::None {
            assert_same("by id and in the feed", &got, &the(id, read_changes::<T>(bench, None).await.records));
        }
        if able.find.contains(&FindBy::Email)
            && let Presence::Known(Value::Text(email)) = got.get(&FieldPath::entry(Contact::EMAILS, Slot::Primary))
        {
            let found = ok(bench.on::<T>().find(&[FindKey::Email(email)]).await, "find").remove(0);
            assert_same("by id and by e-mail", &got, &the(id, found));
        }
    }
}

fn the<T: Object>(id: &RemoteId<T>, records: Vec<T>) -> Record {
    let found = records.into_iter().find(|record| record.id() == *id);
    found.unwrap_or_else(|| panic!("{} {id} is not among what was read", T::KIND)).to_record()
}

/// Every field that a read returns is in the schema, and every choice is one of its options.
pub async fn the_schema_names_what_reads_return(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, schema_is_complete);
}

async fn schema_is_complete<T: Sample>(bench: &Bench) {
    let schema = bench.schema::<T>();
    assert_eq!(schema.object, T::KIND);
    let mut seen = BTreeMap::<&FieldKey, usize>::new();
    schema.fields.iter().for_each(|field| *seen.entry(&field.key).or_default() += 1);
    let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).map(|(key, _)| key).collect();
    assert!(twice.is_empty(), "{}: in the schema twice: {twice:?}", T::KIND);
    for field in &schema.fields {
        let is_known = field.key.custom_name().is_some() || T::FIELDS.iter().any(|def| def.key == field.key);
        assert!(is_known, "{} {} is neither a field of the model nor a vendor's", T::KIND, field.key);
        assert!(!field.api_names.is_empty() && !field.label.is_empty(), "{} {}", T::KIND, field.key);
        assert!(field.options.iter().all(|option| !option.key.is_empty()), "{} {}", T::KIND, field.key);
    }
    if !bench.capabilities::<T>().create {
        return;
    }
    let id = bench.create::<T>(&bench.full::<T>()).await;
    let record = bench.read(&id).await;
    for (key, value) in record.fields() {
        let field = schema.field(key).unwrap_or_else(|| panic!("{} {key} is read, but not in the schema", T::KIND));
        if let (Value::Choice(choice), false) = (value, field.options.is_empty()) {
            let is_option = field.options.iter().any(|option| option.key == choice.key);
            assert!(is_option, "{} {key} is {choice:?}, which is no option", T::KIND);
        }
    }
    let loaded = |field: &&crm_model::Field| field.writable && !record.is_loaded(&field.key);
    let missing: Vec<_> = schema.fields.iter().filter(loaded).map(|field| field.key.as_str()).collect();
    assert!(missing.is_empty(), "{}: writable, but never read: {missing:?}", T::KIND);
}

/// A record says who changed it last where that is claimed, and does not where it is not.
pub async fn the_author_is_told_as_claimed(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, tells_author);
}

async fn tells_author<T: Sample>(bench: &Bench) {
    let able = bench.capabilities::<T>();
    if !able.create || !able.update || able.get_batch == 0 {
        return;
    }
    let id = bench.create_minimal::<T>().await;
    let rename = RecordPatch::from_iter([(T::NAME.into(), Value::text(bench.name()))]);
    ok(bench.update(&id, &rename).await, "rename");
    let author = bench.read(&id).await.meta.updated_by;
    assert_eq!(author.is_some(), able.tells_author, "{}: the author is {author:?}", T::KIND);
    if let (Some(author), Some(user)) = (author, ok(bench.crm().identity().await, "identity").user) {
        assert_eq!(&*author, user.as_str(), "{}: the connection's own edit is another's", T::KIND);
    }
}
