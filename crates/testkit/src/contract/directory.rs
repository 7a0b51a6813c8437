//! Users and pipelines: what references resolve to.

use std::collections::BTreeSet;

use super::Subject;
use super::bench::ok;

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
    if let Some(user) = ok(subject.crm.identity().await, "identity").user {
        assert!(users.iter().any(|other| other.id() == user), "the connection's own user is not in the directory");
    }
}

/// One pipeline is the default; stages are in order, their ids are unique, and won means closed.
pub async fn pipelines_are_sane(subject: Subject) {
    if !subject.crm.capabilities().pipelines {
        return;
    }
    let pipelines = ok(subject.crm.pipelines().await, "pipelines");
    assert_eq!(pipelines.iter().filter(|pipeline| pipeline.is_default).count(), 1, "one pipeline is the default");
    let mut seen = BTreeSet::new();
    for pipeline in &pipelines {
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
