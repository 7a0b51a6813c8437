//! Users and queues, pipelines, field groups and views: what references resolve to, and how people see records.

use std::collections::BTreeSet;

use crm_model::{FieldKey, FieldPath, Lead, Object, ObjectKind, RecordPatch, Ticket, UserKind, Value};
use futures::TryStreamExt;
use unified_crm::{ErrorKind, ListQuery};

use super::Subject;
use super::bench::{Bench, Sample, assert_shows, for_each_object, ok};
use super::reads::list_all;

/// Users have ids of their own and names; somebody is active.
pub async fn users_are_sane(subject: Subject) {
    if !subject.crm.capabilities().users {
        return;
    }
    let users = ok(subject.crm.users().await, "users");
    let ids: BTreeSet<_> = users.iter().map(|user| &user.meta.id).collect();
    assert_eq!(ids.len(), users.len(), "two users share an id");
    assert!(users.iter().all(|user| !user.meta.id.is_empty() && user.meta.vendor == subject.crm.vendor()));
    assert!(users.iter().any(|user| user.is_active), "nobody is active");
    assert!(users.iter().filter(|user| user.is_active).all(|user| !user.name.is_empty()), "a user has no name");
    let emails: Vec<_> = users.iter().filter_map(|user| user.email.as_deref()).collect();
    assert!(emails.iter().all(|email| email.contains('@')), "an e-mail address is none");
    let queues = users.iter().filter(|user| user.kind == UserKind::Queue);
    assert!(queues.clone().all(|queue| !queue.owns.is_empty()), "a queue owns nothing");
    if let Some(user) = ok(subject.crm.identity().await, "identity").user {
        assert!(users.iter().any(|other| other.id() == user), "the connection's own user is not in the directory");
    }
}

/// One pipeline is the default; its stages are in order, their ids are unique, and won means closed.
pub async fn pipelines_are_sane(subject: Subject) {
    if !subject.crm.capabilities().pipelines {
        return;
    }
    let pipelines = ok(subject.crm.pipelines().await, "pipelines");
    assert_eq!(pipelines.iter().filter(|pipeline| pipeline.is_default).count(), 1, "one pipeline is the default");
    for pipeline in &pipelines {
        let mut seen = BTreeSet::new();
        assert!(!pipeline.meta.id.is_empty() && !pipeline.name.is_empty());
        assert!(!pipeline.stages.is_empty(), "{} has no stages", pipeline.name);
        assert!(pipeline.stages.is_sorted_by_key(|stage| stage.order), "{}: stages out of order", pipeline.name);
        assert!(pipeline.stages.iter().any(|stage| !stage.is_closed), "{}: no stage is open", pipeline.name);
        for stage in &pipeline.stages {
            assert!(seen.insert(stage.meta.id.clone()), "stage id {} comes twice", stage.meta.id);
            assert!(!stage.name.is_empty() && (!stage.is_won || stage.is_closed), "{}", stage.name);
            let probability = stage.probability.unwrap_or_default();
            assert!(!probability.is_sign_negative() && probability <= 100.into(), "{}: {probability} %", stage.name);
        }
    }
}

/// A record can be given to a queue, and says so.
pub async fn queues_own_records_like_users(subject: Subject) {
    let bench = Bench::new(subject).await;
    if bench.has::<Lead>() {
        waits_in_a_queue::<Lead>(&bench, Lead::OWNER).await;
    }
    if bench.has::<Ticket>() {
        waits_in_a_queue::<Ticket>(&bench, Ticket::GROUP).await;
    }
}

async fn waits_in_a_queue<T: Sample>(bench: &Bench, field: FieldKey) {
    let Some(queue) = bench.queue(T::KIND) else { return };
    let path = FieldPath::from(field);
    let give = RecordPatch::from_iter([(path.clone(), Value::Ref(queue))]);
    let mut new = bench.minimal::<T>(&bench.name());
    give.iter().for_each(|(path, value)| new.set(path.clone(), value.clone()));
    let id = bench.create::<T>(&new).await;
    assert_shows(&bench.read(&id).await, &give);
    if T::KIND == ObjectKind::Ticket {
        let assignee = bench.read(&id).await.get(&Ticket::ASSIGNEE.into());
        assert!(assignee.get().is_none(), "a ticket that waits in a queue is somebody's");
    }
    let user = bench.reference(ObjectKind::User).expect("somebody is active");
    let owner = if T::KIND == ObjectKind::Ticket { Ticket::ASSIGNEE } else { Lead::OWNER };
    let take = RecordPatch::from_iter([(owner.into(), Value::Ref(user))]);
    ok(bench.update(&id, &take).await, "take it");
    assert_shows(&bench.read(&id).await, &take);
}

/// A group has a name and fields of the schema; no group is listed twice.
pub async fn field_groups_name_known_fields(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, groups_are_sane);
}

async fn groups_are_sane<T: Sample>(bench: &Bench) {
    if !bench.crm().capabilities().field_groups.contains(&T::KIND) {
        return;
    }
    let groups = ok(bench.crm().field_groups(T::KIND).await, format!("field groups of {}", T::KIND));
    assert!(!groups.is_empty(), "{}: no group", T::KIND);
    let ids: BTreeSet<_> = groups.iter().map(|group| &group.id).collect();
    assert_eq!(ids.len(), groups.len(), "{}: two groups share an id", T::KIND);
    for group in &groups {
        assert_eq!(group.object, T::KIND);
        assert!(!group.id.is_empty() && !group.label.is_empty(), "{}: a group without a name", T::KIND);
        for key in &group.fields {
            assert!(bench.schema::<T>().field(key).is_some(), "{} {key} is in a group, and not in the schema", T::KIND);
        }
    }
}

/// Views have names; what is listed through one is alive and listed without it, too; a view that nobody has is refused.
pub async fn views_list_what_they_show(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, views_are_sane);
}

async fn views_are_sane<T: Sample>(bench: &Bench) {
    if !bench.crm().capabilities().views.contains(&T::KIND) {
        return;
    }
    let views = ok(bench.crm().views(T::KIND).await, format!("views of {}", T::KIND));
    let ids: BTreeSet<_> = views.iter().map(|view| &view.id).collect();
    assert_eq!(ids.len(), views.len(), "{}: two views share an id", T::KIND);
    assert!(views.iter().all(|view| !view.id.is_empty() && !view.name.is_empty() && view.object == T::KIND));
    let made = bench.create_many::<T>(3).await;
    let all: BTreeSet<_> = list_all::<T>(bench, ListQuery::all()).await.iter().map(Object::id).collect();
    assert!(made.iter().all(|id| all.contains(id)));
    for view in &views {
        let shown = list_all::<T>(bench, ListQuery::all().view(&view.id)).await;
        assert!(shown.iter().all(|record| all.contains(&record.id())), "{} {}: shows others", T::KIND, view.name);
        let few = list_all::<T>(bench, ListQuery::all().view(&view.id).limit(1)).await;
        assert_eq!(few.len(), shown.len().min(1), "{} {}: the limit is not honoured", T::KIND, view.name);
    }
    if !views.is_empty() {
        let nobodys: unified_crm::Result<Vec<T>> =
            bench.on::<T>().list(ListQuery::all().view("no such view")).try_collect().await;
        let error = nobodys.expect_err("there is no such view");
        assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), "{}: {error}", T::KIND);
    }
}
