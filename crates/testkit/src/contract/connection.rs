//! Identity, capabilities, cost and the proxy.

use bytes::Bytes;
use crm_model::{Account, Contact, Deal, Engagement, Lead, Note, ObjectKind, RemoteId, Task, Ticket};
use futures::StreamExt;
use unified_crm::{
    ChangeSupport, ConvertLead, Create, Error, ErrorKind, FindBy, FindKey, ListQuery, Merge, ProxyRequest, SearchQuery,
    Write,
};

use super::Subject;
use super::bench::{Bench, Sample, create_write, for_each_object, ok, one, update_write};

/// The identity names the vendor and the account, and is the same each time.
pub async fn the_identity_is_stable(subject: Subject) {
    let first = ok(subject.crm.identity().await, "identity");
    let second = ok(subject.crm.identity().await, "identity");
    assert_eq!(first, second);
    assert_eq!(first.vendor, subject.crm.vendor());
    assert!(!first.account.is_empty(), "the account is not named");
}

/// An accessor answers for exactly the objects that the capabilities list, with the same capabilities.
pub async fn accessors_follow_the_capabilities(subject: Subject) {
    check_accessor::<Account>(&subject);
    check_accessor::<Contact>(&subject);
    check_accessor::<Deal>(&subject);
    check_accessor::<Task>(&subject);
    check_accessor::<Note>(&subject);
    check_accessor::<Lead>(&subject);
    check_accessor::<Ticket>(&subject);
    check_accessor::<Engagement>(&subject);
    let crm = &subject.crm;
    let (users, pipelines) = (crm.users().await, crm.pipelines().await);
    assert_claimed("users", crm.capabilities().users, users.err().as_ref());
    assert_claimed("pipelines", crm.capabilities().pipelines, pipelines.err().as_ref());
    let request =
        ProxyRequest { method: http::Method::GET, path: subject.proxy_path.clone().unwrap_or_default(), body: None };
    if !crm.capabilities().proxy {
        assert_unsupported("proxy", crm.proxy(request).await.err().as_ref());
    }
    let able = crm.capabilities();
    assert_claimed("lists", able.lists, crm.lists().err().as_ref());
    for object in ObjectKind::RECORDS {
        let (groups, views) = (crm.field_groups(object).await, crm.views(object).await);
        assert_claimed(
            &format!("field groups of {object}"),
            able.field_groups.contains(&object),
            groups.err().as_ref(),
        );
        assert_claimed(&format!("views of {object}"), able.views.contains(&object), views.err().as_ref());
        let search = crm.search(&SearchQuery::new("contract").among([object])).await;
        assert_claimed(&format!("search in {object}"), able.search.contains(&object), search.err().as_ref());
        if !able.merge.contains(&object) {
            assert_unsupported("merge", crm.merge(Merge::new(object, "1", "2")).await.err().as_ref());
        }
        if !able.objects.contains_key(&object) {
            assert_unsupported("fields", crm.fields(object).await.err().as_ref());
        }
    }
    if !able.convert_leads {
        assert_unsupported("conversion", crm.convert_leads(&[ConvertLead::new("1")]).await.err().as_ref());
    }
}

fn check_accessor<T: Sample>(subject: &Subject) {
    let listed = subject.crm.capabilities().objects.get(&T::KIND);
    match (T::collection(&*subject.crm), listed) {
        (Ok(collection), Some(listed)) => {
            assert_eq!(collection.capabilities(), listed, "{}", T::KIND);
        }
        (Err(error), None) => assert_unsupported(T::KIND.as_str(), Some(&error)),
        (Ok(_), None) => panic!("{} has an accessor that the capabilities do not list", T::KIND),
        (Err(error), Some(_)) => panic!("{} is listed, but: {error}", T::KIND),
    }
}

fn assert_claimed(what: &str, claimed: bool, error: Option<&Error>) {
    match (claimed, error) {
        (true, Some(error)) => panic!("{what} is claimed, but: {error}"),
        (false, error) => assert_unsupported(what, error),
        (true, None) => {}
    }
}

#[track_caller]
fn assert_unsupported(what: &str, error: Option<&Error>) {
    match error {
        Some(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{what} is not claimed: {error}"),
        None => panic!("{what} is not claimed, but works"),
    }
}

/// What the capabilities do not claim is refused with `Unsupported`, and nothing is sent.
pub async fn what_is_not_claimed_is_refused_unsent(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, refuses);
}

async fn refuses<T: Sample>(bench: &Bench) {
    let (records, able) = (bench.on::<T>(), bench.capabilities::<T>());
    let before = bench.calls();
    let id = RemoteId::<T>::new("1");
    let refused = |what: &str, error: Option<Error>| {
        assert_unsupported(&format!("{} {what}", T::KIND), error.as_ref());
    };
    if !able.list {
        refused("list", records.list(ListQuery::all()).next().await.and_then(Result::err));
    }
    if able.get_batch == 0 {
        refused("get", records.get(std::slice::from_ref(&id)).await.err());
    }
    let keys = [FindKey::Email("a@b.example".into()), FindKey::CreateKey("k".into()), FindKey::Name("n".into())];
    for key in keys.into_iter().filter(|key| !able.find.contains(&key.by())) {
        refused("find", records.find(&[key]).await.err());
    }
    if !bench.crm().capabilities().views.contains(&T::KIND) {
        refused("a view", records.list(ListQuery::all().view("1")).next().await.and_then(Result::err));
    }
    if able.changes == ChangeSupport::None {
        refused("changes", records.changes(None).next().await.and_then(Result::err));
    }
    if !able.create {
        let write = create_write(&bench.minimal::<T>(&bench.name()));
        refused("create", one(records, write).await.err());
    }
    if !able.update {
        refused("update", one(records, update_write(&id, &bench.minimal::<T>(&bench.name()))).await.err());
    }
    if !able.delete {
        refused("delete", one(records, Write::Delete(id)).await.err());
    }
    if able.create && !able.create_once {
        let new = ok(T::new_from_patch(bench.minimal::<T>(&bench.name())), "a new record");
        let write = Write::Create(Create { new, key: Some("contract-key".to_owned()) });
        refused("create with a key", one(records, write).await.err());
    }
    assert_eq!(
        able.create_once,
        able.find.contains(&FindBy::CreateKey),
        "{}: a key is of use when it can be found",
        T::KIND
    );
    assert_eq!(bench.calls(), before, "{}: something was sent for what is not claimed", T::KIND);
}

/// No ids, no keys and no writes give no results and cost no call.
pub async fn empty_batches_cost_nothing(subject: Subject) {
    let bench = Bench::new(subject).await;
    for_each_object!(bench, costs_nothing);
}

async fn costs_nothing<T: Sample>(bench: &Bench) {
    let before = bench.calls();
    assert!(ok(bench.on::<T>().get(&[]).await, "get nothing").is_empty());
    assert!(ok(bench.on::<T>().find(&[]).await, "find nothing").is_empty());
    assert!(bench.on::<T>().write(Vec::new()).await.is_empty());
    assert_eq!(bench.calls(), before, "{}", T::KIND);
}

/// Calls to a vendor are counted, and counting costs none. Where there is no vendor, there is nothing to count.
pub async fn calls_are_counted(subject: Subject) {
    let bench = Bench::new(subject).await;
    let before = bench.calls();
    assert_eq!(before, bench.calls());
    for_each_object!(bench, counts);
    let has_vendor = bench.crm().capabilities().proxy;
    assert_eq!(bench.calls() > before, has_vendor, "calls before {before}, after {}", bench.calls());
}

async fn counts<T: Sample>(bench: &Bench) {
    if bench.capabilities::<T>().create && bench.capabilities::<T>().get_batch > 0 {
        let before = bench.calls();
        let id = bench.create_minimal::<T>().await;
        let created = bench.calls();
        bench.read(&id).await;
        let sent = (created - before, bench.calls() - created);
        assert!(sent == (0, 0) || sent.0 >= 1 && sent.1 >= 1, "{}: create and get cost {sent:?} calls", T::KIND);
    }
}

/// A request of one's own keeps authentication and errors, and never leaves the vendor.
pub async fn the_proxy_passes_requests_on(subject: Subject) {
    let crm = &subject.crm;
    if !crm.capabilities().proxy {
        return;
    }
    let request = |path: &str| ProxyRequest { method: http::Method::GET, path: path.to_owned(), body: None::<Bytes> };
    if let Some(path) = &subject.proxy_path {
        let before = crm.usage().total().calls;
        let answer = ok(crm.proxy(request(path)).await, "proxy");
        assert!((200..300).contains(&answer.status) && !answer.body.is_empty());
        assert!(crm.usage().total().calls > before, "the call was not counted");

        let nowhere = crm.proxy(request(&format!("{path}/no/such/thing"))).await.expect_err("nothing is there");
        assert!(nowhere.status().is_some(), "the vendor's answer is told: {nowhere}");
        assert_eq!(nowhere.vendor(), Some(crm.vendor()));
    }
    let before = crm.usage().total().calls;
    for elsewhere in ["https://elsewhere.example/x", "//elsewhere.example/x", "/../../x"] {
        let error = crm.proxy(request(elsewhere)).await.expect_err(elsewhere);
        assert!(matches!(error.kind(), ErrorKind::Config | ErrorKind::Invalid), "{elsewhere}: {error}");
    }
    assert_eq!(crm.usage().total().calls, before, "a request left for somewhere else");
}

/// Neither a connection nor a record nor an error shows a secret or a customer's data.
pub async fn debug_texts_are_silent(subject: Subject) {
    let bench = Bench::new(subject).await;
    let shown = format!("{:?} {:#?} {}", bench.crm(), bench.crm(), bench.crm().usage());
    for secret in &bench.subject.secrets {
        assert!(!shown.contains(secret), "a secret shows in Debug of the connection");
    }
    for_each_object!(bench, silent);
}

async fn silent<T: Sample>(bench: &Bench) {
    if !bench.capabilities::<T>().create {
        return;
    }
    let name = "Canary-4f1b9d";
    let id = bench.create::<T>(&bench.minimal::<T>(name)).await;
    let fetched = bench.fetch(&id).await;
    let shown = format!("{fetched:?} {fetched:#?}");
    assert!(!shown.contains(name), "{}: {shown}", T::KIND);

    let gone = RemoteId::<T>::new("nobody");
    if let Err(error) = bench.update(&gone, &bench.minimal::<T>(name)).await {
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(!shown.contains(name), "{}: {shown}", T::KIND);
        assert!(bench.subject.secrets.iter().all(|secret| !shown.contains(secret)), "a secret shows in an error");
    }
}
