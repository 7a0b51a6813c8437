//! What the client makes of every kind of answer.

use std::time::Duration;

use freshsales::models::{Contact, ContactWrite, DealWrite, FilterRule, SalesAccount};
use freshsales::{Call, ContactId, DealId, ErrorKind, Freshsales, Listing, TaskFilter, UniqueIdentifier};
use futures::{StreamExt, TryStreamExt};
use rest_core::TransportErrorKind;
use tokio::time::Instant;

use crate::script::{Answer, Script, html, json};

const ADA: ContactId = ContactId::new(7);
const FILTERS: &str =
    r#"{"filters":[{"id":1,"name":"My Contacts"},{"id":2,"name":"All Contacts"},{"id":3,"name":"Recycle Bin"}]}"#;

async fn error_of(answers: Vec<Answer>) -> freshsales::Error {
    Script::new(answers).client().contacts().get(ADA, &[]).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn bad_answers_each_have_a_clear_error() {
    let many = |answer: fn() -> Answer| (0..4).map(|_| answer()).collect::<Vec<_>>();
    for (answers, kind, words) in [
        (vec![json(401, r#"{"login":"failed","message":null}"#)], ErrorKind::Unauthorized, "API Settings"),
        (vec![json(404, r#"{"errors":{"code":404,"message":"not found"}}"#)], ErrorKind::NotFound, "not found"),
        (vec![html(404)], ErrorKind::Config, "bundle alias"),
        (vec![html(200)], ErrorKind::Decode, "Sign in"),
        (many(|| json(200, "{\"contact\":{\"id\":7,\"first")), ErrorKind::Connect, "broke off"),
        (vec![json(200, "{}")], ErrorKind::Decode, "holds no `contact`"),
        (vec![json(200, "null")], ErrorKind::Decode, "contacts.get"),
        (
            vec![json(200, r#"{"contact":{"id":7,"updated_at":"soon"}}"#)],
            ErrorKind::Decode,
            "record 7 cannot be read at updated_at",
        ),
        (vec![json(403, r#"{"message":"denied"}"#)], ErrorKind::Forbidden, "denied"),
        (vec![Answer::Redirect("https://evil.example/login")], ErrorKind::Config, "contacts.get"),
        (many(|| html(502)), ErrorKind::Server, "502"),
        (many(|| Answer::Failure(TransportErrorKind::NotSent)), ErrorKind::Connect, "contacts.get"),
    ] {
        let error = error_of(answers).await;
        assert_eq!(error.kind(), kind, "{error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(words), "{words:?} is not in {shown}");
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(error.vendor(), Some("freshsales"));
    }
}

#[tokio::test]
async fn an_unknown_host_is_a_connection_error() {
    let client = Freshsales::builder("127.0.0.1:1", "key-1234".to_owned())
        .retry(rest_core::RetryPolicy::none())
        .build()
        .unwrap();
    assert_eq!(client.verify().await.unwrap_err().kind(), ErrorKind::Connect);
}

#[tokio::test(start_paused = true)]
async fn a_create_is_never_repeated_and_an_upsert_is() {
    let lost = || Answer::Failure(TransportErrorKind::Lost);
    let created = || json(201, r#"{"contact":{"id":7}}"#);

    let script = Script::new([lost(), created()]);
    let error = script.client().contacts().create(&ContactWrite::default(), &[]).await.unwrap_err();
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Unknown, 1));

    let script = Script::new([lost(), created()]);
    let done = script
        .client()
        .contacts()
        .upsert(&UniqueIdentifier::external_id("k"), &ContactWrite::default(), &[])
        .await
        .unwrap();
    assert_eq!((done.record.id, done.created, script.requests().len()), (ADA, true, 2));

    // An answer that cannot be read, after a create: it was probably made.
    let script = Script::new([html(200)]);
    let error = script.client().contacts().create(&ContactWrite::default(), &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);

    // Refused before anything was done: sent again.
    let script = Script::new([Answer::RetryAfter(429, 30), created()]);
    let started = Instant::now();
    script.client().contacts().create(&ContactWrite::default(), &[]).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_inside_a_400_is_waited_for() {
    let hidden = || {
        json(
            400,
            r#"{"errors":{"code":400,"message":["UCR contact fetch failure :: response_code :: 429 :: response :: Too many requests"]}}"#,
        )
    };
    let script = Script::new([hidden(), json(200, r#"{"contact":{"id":7}}"#)]);
    script.client().contacts().update(ADA, &ContactWrite::default(), &[]).await.unwrap();
    assert_eq!(script.requests().len(), 2);

    // After a create nobody knows whether it was refused before or after the save.
    let error = Script::new([hidden()]).client().contacts().create(&ContactWrite::default(), &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
}

#[tokio::test]
async fn a_bad_record_does_not_fail_its_page() {
    let page = r#"{"contacts":[{"id":1,"first_name":"A"},{"id":2,"first_name":{"x":1}},{"id":3,"mcr_id":1450348061427834880,"new_key":[1]}],
        "users":[{"id":9,"display_name":"Grace"},{"bad":true}],"meta":{"total_pages":1,"total":3}}"#;
    let script = Script::new([json(200, FILTERS), json(200, page)]);
    let items: Vec<_> = script.client().contacts().list_all(Listing::new().include(&["owner"])).collect().await;
    let [Ok(first), Err(bad), Ok(third)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(first.first_name.as_deref(), Some("A"));
    assert_eq!(bad.kind(), ErrorKind::Decode);
    assert!(bad.to_string().contains("record 2 cannot be read at first_name"), "{bad}");
    assert_eq!(third.extra("mcr_id").unwrap().get(), "1450348061427834880");
    assert!(third.extra("owner_id").is_none() && third.owner_id.is_none());
    assert_eq!(third.side.users().len(), 1);
    assert_eq!(
        script.lines(),
        [
            "GET /contacts/filters",
            "GET /contacts/view/2?page=1&per_page=100&sort=updated_at&sort_type=desc&include=owner"
        ]
    );
}

#[tokio::test]
async fn short_pages_and_repeated_rows_are_no_end() {
    let row = |id: u32| format!(r#"{{"id":{id},"updated_at":"2025-06-02T09:00:00-06:00"}}"#);
    let page = |ids: &[u32], total: u32, pages: u32| {
        let rows: Vec<String> = ids.iter().copied().map(row).collect();
        json(200, format!(r#"{{"contacts":[{}],"meta":{{"total":{total},"total_pages":{pages}}}}}"#, rows.join(",")))
    };
    let script = Script::new([json(200, FILTERS), page(&[1, 2], 4, 3), page(&[2, 3], 4, 3), page(&[4], 4, 3)]);
    let ids: Vec<i64> = script
        .client()
        .contacts()
        .list_all(Listing::new())
        .map_ok(|contact| contact.id.get())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids, [1, 2, 3, 4]);

    // A row is deleted while the list is read: the page it was on is read again.
    let script = Script::new([json(200, FILTERS), page(&[1, 2], 4, 2), page(&[4], 3, 2), page(&[2, 3], 3, 2)]);
    let ids: Vec<i64> = script
        .client()
        .contacts()
        .list_all(Listing::new())
        .map_ok(|contact| contact.id.get())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids, [1, 2, 4, 3]);

    // No hit: nothing at all.
    for nothing in ["{}", "null", r#"{"contacts":[],"meta":{"total_pages":0,"total":0}}"#, r#"{"contacts":null}"#] {
        let script = Script::new([json(200, FILTERS), json(200, nothing)]);
        let contacts: Vec<_> = script.client().contacts().list_all(Listing::new()).try_collect().await.unwrap();
        assert!(contacts.is_empty());
    }
}

#[tokio::test]
async fn an_incremental_read_stops_where_nothing_is_new() {
    let page = |stamps: &[(u32, &str)]| {
        let rows: Vec<String> =
            stamps.iter().map(|(id, at)| format!(r#"{{"id":{id},"updated_at":"2025-06-02T{at}:00-06:00"}}"#)).collect();
        json(200, format!(r#"{{"contacts":[{}],"meta":{{"total":900,"total_pages":9}}}}"#, rows.join(",")))
    };
    let script =
        Script::new([json(200, FILTERS), page(&[(1, "10:00"), (2, "09:00")]), page(&[(3, "08:30"), (4, "08:00")])]);
    let since = "2025-06-02T08:30:00-06:00".parse().unwrap();
    let ids: Vec<i64> = script
        .client()
        .contacts()
        .list_all(Listing::new().updated_since(since))
        .map_ok(|contact| contact.id.get())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(script.requests().len(), 3);

    // A vendor that does not sort as asked must not end the reading.
    let script =
        Script::new([json(200, FILTERS), page(&[(1, "07:00"), (2, "10:00"), (3, "07:00")]), page(&[(4, "06:00")])]);
    let ids: Vec<i64> = script
        .client()
        .contacts()
        .list_all(Listing::new().updated_since(since))
        .map_ok(|contact| contact.id.get())
        .try_collect()
        .await
        .unwrap();
    assert_eq!((ids, script.requests().len()), (vec![2], 3));
}

#[tokio::test]
async fn views_are_found_by_name_and_asked_for_once() {
    let script = Script::new([json(200, FILTERS), json(200, "{}"), json(200, "{}")]);
    let client = script.client();
    for _ in 0..2 {
        let _: Vec<_> = client.clone().contacts().list_all(Listing::new()).try_collect().await.unwrap();
    }
    assert_eq!(script.requests().len(), 3);
    assert_eq!(client.contacts().view("recycle bin").await.unwrap().get(), 3);
    let error = client.contacts().view("Todos").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("My Contacts, All Contacts, Recycle Bin"), "{error}");

    // Deals: an account without a view of all of them.
    let views =
        r#"{"filters":[{"id":1,"name":"Lost Deals"},{"id":2,"name":"Open Deals"},{"id":3,"name":"Won Deals"}]}"#;
    let script = Script::new([json(200, views)]);
    let ids: Vec<i64> =
        script.client().deals().all_views().await.unwrap().into_iter().map(freshsales::ViewId::get).collect();
    assert_eq!(ids, [2, 3, 1]);
    let none = Script::new([json(200, r#"{"filters":[{"id":1,"name":"Open Deals"}]}"#)]);
    assert_eq!(none.client().deals().all_views().await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn an_error_ends_a_list() {
    let script = Script::new([json(200, FILTERS), json(403, r#"{"message":"denied"}"#)]);
    let items: Vec<_> = script.client().contacts().list_all(Listing::new()).collect().await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].as_ref().unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn deletes_answer_in_many_forms() {
    for done in ["true", r#"{"success":"200"}"#, r#"{"success":true}"#, r#"{"message":"x"}"#, ""] {
        Script::new([json(200, done)]).client().contacts().delete(ADA).await.unwrap();
    }
    let refused = Script::new([json(200, "false")]).client().contacts().delete(ADA).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn searches_read_their_odd_envelopes() {
    let script = Script::new([
        json(200, r#"[{"id":"2009495244","type":"contact","name":"Ada","email":null},{"id":5,"type":"cm_x"}]"#),
        json(200, r#"{"contacts":{"contacts":[{"id":7,"email":"ada@example.com"}],"users":[]}}"#),
        json(200, "{}"),
        json(200, r#"{"sales_accounts":{"sales_accounts":[]}}"#),
        json(200, r#"{"contacts":[{"partial":true,"id":7}],"meta":{"total":1}}"#),
    ]);
    let client = script.client();
    let hits = client.search().text("Ada L", &["contact", "deal"]).await.unwrap();
    assert_eq!(
        hits.iter().map(|hit| (hit.id.as_str(), hit.kind.as_str())).collect::<Vec<_>>(),
        [("2009495244", "contact"), ("5", "cm_x")]
    );
    let found = client.search().lookup::<Contact>("email", "ada@example.com").await.unwrap();
    assert_eq!(found.rows[0].as_ref().unwrap().id, ADA);
    assert!(client.contacts().lookup("email", "x").await.unwrap().rows.is_empty());
    assert!(client.search().lookup::<SalesAccount>("name", "x").await.unwrap().rows.is_empty());
    let rules = [FilterRule::new("owner_id", "is_in", vec!["1", "2"])];
    assert_eq!(client.contacts().filtered_search(&rules, 1).await.unwrap().total, Some(1));
    assert_eq!(script.lines()[0], "GET /search?q=Ada%20L&include=contact%2Cdeal");
    assert_eq!(script.lines()[1], "GET /lookup?q=ada%40example.com&f=email&entities=contact");
    assert_eq!(
        script.requests()[4].1,
        r#"{"filter_rule":[{"attribute":"owner_id","operator":"is_in","value":["1","2"]}]}"#
    );
}

#[tokio::test]
async fn selectors_and_field_settings() {
    let script = Script::new([
        json(200, r#"{"users":[{"id":1,"display_name":"Grace","email":"g@example.com","is_active":false}]}"#),
        json(
            200,
            r#"{"deal_pipelines":[{"id":1,"name":"P","is_default":true,"deal_stages":[{"id":2,"name":"New"}]}]}"#,
        ),
        json(200, r#"{"deal_types":[{"partial":true,"id":3,"name":"New Business","position":1}]}"#),
        json(200, r#"{"nothing":[]}"#),
        json(
            200,
            r#"{"fields":[{"id":1,"name":"group","label":"G","type":"group_field","fields":[
            {"id":2,"name":"cf_tier","label":"Tier","type":"dropdown","default":false,"required":true,"choices":[{"id":5,"value":"Gold"},{"id":"6","value":null}]}]},
            {"id":3,"name":"name","type":"text"}]}"#,
        ),
    ]);
    let client = script.client();
    let owners = client.selectors().owners().await.unwrap();
    assert_eq!((owners[0].is_active, script.lines()[0].as_str()), (Some(false), "GET /selector/owners"));
    assert_eq!(client.selectors().deal_pipelines().await.unwrap()[0].deal_stages.as_ref().unwrap().len(), 1);
    assert_eq!(client.selectors().list("deal_types").await.unwrap()[0].name.as_deref(), Some("New Business"));
    assert_eq!(client.selectors().currencies().await.unwrap_err().kind(), ErrorKind::Decode);
    let fields = client.field_settings().sales_accounts().await.unwrap();
    assert_eq!(fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["cf_tier", "name"]);
    let choices = fields[0].choices.as_ref().unwrap();
    assert_eq!((choices[0].id.as_str(), choices[1].id.as_str(), fields[0].required), ("5", "6", true));
    assert_eq!(script.lines()[4], "GET /settings/sales_accounts/fields");
}

#[tokio::test]
async fn tasks_and_notes_are_read_to_their_end() {
    let task = |id: u32| format!(r#"{{"id":{id},"status":0,"targetables":[{{"id":1,"type":"Lead"}}]}}"#);
    let script = Script::new([
        json(200, format!(r#"{{"tasks":[{},{}],"meta":{{"total":3}}}}"#, task(1), task(2))),
        json(200, format!(r#"{{"tasks":[{}],"meta":{{"total":3}}}}"#, task(3))),
        json(200, r#"{"notes":[{"id":1,"description":"x"}],"users":[],"meta":{"total":1}}"#),
    ]);
    let client = script.client();
    let pages: Vec<_> = client.tasks().pages(TaskFilter::Open).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(client.deals().notes(DealId::new(5)).await.unwrap().len(), 1);
    assert_eq!(script.lines()[2], "GET /deals/5/notes?include=creater&page=1&per_page=100");
}

#[tokio::test]
async fn the_escape_hatch_keeps_key_and_errors() {
    let script = Script::new([json(200, "null"), json(404, "")]);
    let client = script.client();
    let reply = client.raw(Call::get("raw").path(["deals", "5", "activity_counts"])).await.unwrap();
    assert_eq!(&reply.body[..], b"null");
    assert_eq!(client.raw(Call::get("raw").path(["no", "such"])).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(client.usage().total().calls, 2);
}

#[tokio::test]
async fn amounts_keep_every_digit_both_ways() {
    let script = Script::new([json(
        200,
        r#"{"deal":{"id":5,"amount":"1234567890123456.78","base_currency_amount":7000.10,"probability":100}}"#,
    )]);
    let deal = script
        .client()
        .deals()
        .create(&DealWrite { name: "Engine".into(), ..DealWrite::default() }, &[])
        .await
        .unwrap();
    assert_eq!(deal.amount.unwrap().to_string(), "1234567890123456.78");
    assert_eq!(deal.base_currency_amount.unwrap().to_string(), "7000.10");
}

#[tokio::test(start_paused = true)]
async fn calls_are_paced_by_the_plan() {
    let answers = (0..300).map(|_| json(200, r#"{"contact":{"id":7}}"#));
    let script = Script::new(answers);
    let client = Freshsales::builder("acme", "canary-key-1234".to_owned())
        .plan(freshsales::Plan::Enterprise)
        .calls_per_hour(1000)
        .transport(std::sync::Arc::new(script.clone()))
        .build()
        .unwrap();
    let started = Instant::now();
    for _ in 0..300 {
        client.contacts().get(ADA, &[]).await.unwrap();
    }
    // A burst of a tenth, then one call in about four seconds: 200 of them.
    let minutes = started.elapsed().as_secs() / 60;
    assert!((12..=15).contains(&minutes), "300 calls took {minutes} minutes");
}
