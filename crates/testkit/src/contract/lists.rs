//! Lists and their members, engagements beside tasks, and search.

use std::time::Duration;

use crm_model::{
    AnyRef, Contact, Engagement, EngagementKind, NewMember, Object, ObjectKind, Presence, RemoteId, Task, Value,
};
use futures::TryStreamExt;
use unified_crm::{ErrorKind, ListQuery, SearchQuery};

use super::Subject;
use super::bench::{Bench, Sample, for_each_object, ok};
use super::reads::list_all;

/// What is put on a list is on it, once; what is taken off is not; the record says the same as the list.
pub async fn lists_hold_what_is_put_on_them(subject: Subject) {
    let bench = Bench::new(subject).await;
    if !bench.crm().capabilities().lists {
        return;
    }
    let lists = ok(bench.crm().lists(), "lists");
    assert!(bench.lists.iter().all(|list| !list.meta.id.is_empty() && !list.name.is_empty()), "a list without a name");
    let list = bench.lists.iter().find(|list| list.is_active && list.holds.contains(&ObjectKind::Contact));
    let list = list.expect("the subject has a list of contacts, or claims none").id();
    let on_it = async || -> Vec<AnyRef> {
        let members: Vec<_> = ok(lists.members(&list).try_collect().await, "members");
        members.into_iter().map(|member: crm_model::ListMember| member.record).collect()
    };
    let [a, b] = [bench.create_minimal::<Contact>().await, bench.create_minimal::<Contact>().await]
        .map(|id| AnyRef::new(ObjectKind::Contact, id.as_str()));

    for _ in 0..2 {
        let added = lists.add(&list, &[NewMember::from(a.clone()), NewMember::from(b.clone())]).await;
        let added: Vec<_> = added.into_iter().map(|member| ok(member, "put on the list").record).collect();
        assert_eq!(added, [a.clone(), b.clone()], "results in the order of the records");
        let members = on_it().await;
        let count = |one: &AnyRef| members.iter().filter(|member| *member == one).count();
        assert_eq!((count(&a), count(&b)), (1, 1), "once each, however often they are put there");
    }
    assert_eq!(ok(lists.of(&a).await, "the lists of a record"), std::slice::from_ref(&list));

    let mut results = lists.add(&list, &[AnyRef::new(ObjectKind::Contact, "nobody").into()]).await;
    let error = results.remove(0).expect_err("nobody cannot be on a list");
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid) && !error.is_retryable(), "{error}");

    for _ in 0..2 {
        let taken = lists.remove(&list, std::slice::from_ref(&a)).await;
        taken.into_iter().for_each(|taken| ok(taken, "take off the list"));
        let members = on_it().await;
        assert!(!members.contains(&a) && members.contains(&b), "the one and not the other");
    }
    assert_eq!(ok(lists.of(&a).await, "the lists of a record"), []);

    let nowhere = RemoteId::new("nobody");
    let missing: unified_crm::Result<Vec<_>> = lists.members(&nowhere).try_collect().await;
    let error = missing.expect_err("there is no such list");
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), "{error}");
}

/// Every kind of engagement that is offered can be written and keeps its kind; none of them is a task, and no task is
/// one of them.
pub async fn engagements_are_no_tasks(subject: Subject) {
    let bench = Bench::new(subject).await;
    if !bench.has::<Engagement>() || !bench.capabilities::<Engagement>().create {
        return;
    }
    let kinds = bench.kinds();
    assert!(kinds.contains(&EngagementKind::Call), "calls are what everybody has");
    let mut made = Vec::new();
    for kind in &kinds {
        let id = bench.create::<Engagement>(&bench.minimal_of(kind)).await;
        let read = bench.read(&id).await.get(&Engagement::ENGAGEMENT_KIND.into());
        let Presence::Known(Value::Choice(read)) = read else { panic!("{kind}: an engagement has no kind") };
        assert_eq!(read.key, kind.as_str());
        made.push(id);
    }
    let engagements = list_all::<Engagement>(&bench, ListQuery::all()).await;
    for (kind, id) in kinds.iter().zip(&made) {
        assert!(engagements.iter().any(|engagement| engagement.id() == *id), "{kind}: not listed");
    }
    if bench.has::<Task>() {
        let task = bench.create_minimal::<Task>().await;
        let title = bench.read(&task).await.get(&Task::TITLE.into()).into_option();
        let titles: Vec<_> = list_all::<Task>(&bench, ListQuery::all()).await.iter().map(title_of::<Task>).collect();
        assert!(titles.contains(&title), "a task is not listed");
        let engagements = list_all::<Engagement>(&bench, ListQuery::all()).await;
        let mut subjects = engagements.iter().map(title_of::<Engagement>);
        assert!(!subjects.clone().any(|subject| titles.contains(&subject)), "an engagement is listed as a task");
        assert!(!subjects.any(|subject| subject == title), "a task is listed as an engagement");
        // Two objects may number their records alike: what is found is another.
        let crossed = ok(bench.on::<Engagement>().get(&[RemoteId::new(task.as_str())]).await, "get");
        let crossed = crossed.into_iter().find_map(unified_crm::Fetched::found).map(|found| title_of(&found));
        assert_ne!(crossed, Some(title), "a task is fetched as an engagement");
    }
}

fn title_of<T: Sample>(record: &T) -> Option<Value> {
    record.to_record().get(&T::NAME.into()).into_option()
}

/// A search finds a record by a word of its name, among the objects asked for only; words mean what they say.
pub async fn a_search_finds_what_was_written(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, is_found);
    if let Some(object) = bench.crm().capabilities().search.first() {
        let nothing = SearchQuery::new("x").among([*object]);
        let error = bench.crm().search(&nothing).await.expect_err("one letter is no search");
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
}

async fn is_found<T: Sample>(bench: &Bench) {
    let searched = &bench.crm().capabilities().search;
    if !searched.contains(&T::KIND) || !bench.capabilities::<T>().create {
        return;
    }
    let word = format!("zq{}x", bench.name().to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), ""));
    let id = bench.create::<T>(&bench.minimal::<T>(&word)).await;
    let odd = bench.create::<T>(&bench.minimal::<T>(&format!("{word}y (odd) & \"?*{{~\" -one"))).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let search = async |text: &str, object| {
        let found =
            ok(bench.crm().search(&SearchQuery::new(text).among([object])).await, format!("search {}", T::KIND));
        found.into_iter().map(|hit| (hit.record.object, hit.record.id)).collect::<Vec<_>>()
    };
    let one = (T::KIND, Box::<str>::from(id.as_str()));
    assert!(search(&word, T::KIND).await.contains(&one), "{}: {word} is not found", T::KIND);
    let odd = (T::KIND, Box::<str>::from(odd.as_str()));
    let found = search(&format!("{word}y (odd) & \"?*{{~\" -one"), T::KIND).await;
    assert!(found.contains(&odd), "{}: characters of a query language are not taken as they are", T::KIND);
    assert!(search("zqnobodyiscalledthis", T::KIND).await.is_empty(), "{}", T::KIND);
    if let Some(other) = searched.iter().find(|other| **other != T::KIND) {
        assert!(search(&word, *other).await.is_empty(), "{}: found among {other} records", T::KIND);
    }
}
