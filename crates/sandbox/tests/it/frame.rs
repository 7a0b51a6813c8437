//! Faults, log, human edits, admin API, time, serving.

use axum::http::header;
use bytes::Bytes;
use chrono::TimeDelta;
use http_body_util::BodyExt as _;
use sandbox::{Action, Actor, Clock, Data, Fault, FaultKind, Matcher, Rate, Sandbox, Vendor};
use serde_json::{Value, json};

use crate::freshsales_account::{Account, start};

const FS: Vendor = Vendor::Freshsales;

fn new_account(name: &str) -> Value {
    json!({"sales_account": {"name": name}})
}

#[tokio::test]
async fn faults_before_and_after_the_write() {
    let account = Account::empty();
    let names = || {
        let state = account.sandbox.state(FS);
        state["sales_accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["fields"]["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let cases = [
        ("a", FaultKind::Status429 { retry_after: Some(7) }, Some(429), false),
        ("b", FaultKind::Quota, Some(429), false),
        ("c", FaultKind::Server5xx { status: 503, after: false }, Some(503), false),
        ("d", FaultKind::Server5xx { status: 500, after: true }, Some(500), true),
        ("e", FaultKind::ResetBefore, None, false),
        ("f", FaultKind::ResetAfter, None, true),
        ("g", FaultKind::MalformedBody, Some(200), true),
        ("h", FaultKind::Html200, Some(200), false),
        ("i", FaultKind::ExpiredToken, Some(401), false),
    ];
    for (name, kind, status, written) in cases {
        let before = names();
        account.sandbox.faults().inject(FS, Fault::on(kind.clone(), Matcher::on("POST", "/sales_accounts")));
        // Calls that do not match pass.
        assert_eq!(account.get("/selector/owners").await.status, 200);
        let answer = account.send(account.request("POST", "/sales_accounts", Some(&new_account(name)))).await;
        match (status, answer) {
            (None, Err(reset)) => assert_eq!(reset.acted, written),
            (Some(status), Ok(answer)) => {
                assert_eq!(answer.status, status, "{kind:?}");
                if let FaultKind::Status429 { .. } = kind {
                    assert_eq!(answer.headers[header::RETRY_AFTER], "7");
                }
                let is_json = serde_json::from_str::<Value>(&answer.text).is_ok();
                let expected = !matches!(
                    kind,
                    FaultKind::MalformedBody | FaultKind::Html200 | FaultKind::Server5xx { status: 503, .. }
                );
                assert_eq!(is_json, expected, "{kind:?}: {}", answer.text);
            }
            (status, answer) => panic!("{kind:?}: expected {status:?}, got {answer:?}"),
        }
        assert_eq!(names().len() > before.len(), written, "{kind:?}");
        let entry = account.sandbox.log().of(FS).pop().unwrap();
        assert_eq!((entry.status, entry.fault.as_deref()), (status, Some(kind.name())));
        assert_eq!(!entry.effects.is_empty(), written, "{kind:?}");
    }
    assert_eq!(names(), ["d", "f", "g"]);
}

#[tokio::test]
async fn a_cut_answer_ends_in_an_error_and_a_bad_record_spoils_one_row() {
    let account = Account::of(Sandbox::builder());
    let view = account.view("contacts", "All Contacts").await;
    let path = format!("/contacts/view/{view}");
    account.sandbox.faults().inject(FS, Fault::next(FaultKind::TruncatedBody));
    let response = sandbox::send(account.sandbox.freshsales(), account.request("GET", &path, None)).await.unwrap();
    let announced: usize = response.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    let mut body = response.into_body();
    let part = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(part.len() < announced);
    assert!(body.frame().await.unwrap().is_err());

    account.sandbox.faults().inject(FS, Fault::next(FaultKind::BadRecord));
    let page = account.get(&path).await.expect(200);
    let bad: Vec<bool> =
        page["contacts"].as_array().unwrap().iter().map(|row| !row["created_at"].is_string()).collect();
    assert_eq!(bad.iter().filter(|bad| **bad).count(), 1);
    assert!(bad[bad.len() / 2]);
}

#[tokio::test(start_paused = true)]
async fn latency_follows_tokios_clock_and_adds_to_another_fault() {
    let account = Account::over(Sandbox::builder().data(Data::Empty).clock(Clock::follow_tokio(start())).build());
    account.sandbox.faults().inject(FS, Fault::next(FaultKind::Latency { millis: 90_000 }));
    account.sandbox.faults().inject(FS, Fault::next(FaultKind::Quota));
    let asked = tokio::time::Instant::now();
    assert_eq!(account.get("/selector/owners").await.status, 429);
    assert_eq!(asked.elapsed().as_secs(), 90);
    let id = account.new_contact(json!({"emails": "a@b.c"})).await;
    let read = account.get(&format!("/contacts/{id}")).await.expect(200);
    assert_eq!(read["contact"]["created_at"], "2025-03-10T09:31:30-06:00");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_run() {
    let run = async |seed| {
        let account = Account::of(Sandbox::builder().seed(seed));
        account
            .sandbox
            .faults()
            .rate(FS, Rate { kind: FaultKind::ResetAfter, on: Matcher::on("POST", ""), chance: 0.5 });
        let mut lost = Vec::new();
        for n in 0..12 {
            account.advance(1);
            let request = account.request("POST", "/sales_accounts", Some(&new_account(&format!("Company {n}"))));
            lost.push(account.send(request).await.is_err());
        }
        (lost, account.sandbox.state(FS).to_string(), serde_json::to_string(&account.sandbox.log().entries()).unwrap())
    };
    let (one, two, other) = (run(7).await, run(7).await, run(8).await);
    assert!(one == two, "the same seed, clock and calls differ");
    assert_ne!(one.1, other.1);
    assert!(one.0.contains(&true) && one.0.contains(&false));
}

#[tokio::test]
async fn reset_leads_back_to_the_start() {
    let account = Account::of(Sandbox::builder().seed(4));
    let before = account.sandbox.state(FS);
    account.sandbox.faults().inject(FS, Fault::next(FaultKind::Quota).skip(9));
    account.advance(77);
    account.new_contact(json!({"emails": "a@b.c"})).await;
    assert_ne!(account.sandbox.state(FS), before);
    account.sandbox.reset();
    assert_eq!(account.sandbox.state(FS), before);
    assert_eq!(account.sandbox.clock().now(), start());
    assert_eq!(account.sandbox.faults().pending(FS), []);
    assert_eq!(account.sandbox.log().entries(), []);
}

#[tokio::test]
async fn humans_edit_under_the_same_rules_and_their_own_name() {
    let account = Account::empty();
    let sandbox = &account.sandbox;
    let made = sandbox.create(FS, "contact", json!({"emails": "a@x.example"})).unwrap();
    let refused = sandbox.create(FS, "contact", json!({"emails": "A@x.example"})).unwrap_err();
    assert_eq!((refused.status, &refused.body["errors"]["message"][0]), (400, &json!("Email is not unique")));
    account.advance(60);
    let edited = sandbox.edit(FS, "contact", &made.id, json!({"city": "Goa"})).unwrap();
    assert_eq!(edited.record["city"], "Goa");
    let api_user = account.get("/selector/owners").await.expect(200)["users"][0]["id"].clone();
    assert_ne!(edited.record["updater_id"], api_user);
    assert!(edited.record["updater_id"].is_i64());

    assert_eq!(sandbox.delete(FS, "contact", &made.id).unwrap().record["is_deleted"], true);
    assert_eq!(account.listed("contacts", "All Contacts").await.len(), 0);
    assert_eq!(sandbox.restore(FS, "contact", &made.id).unwrap().record["is_deleted"], false);
    assert_eq!(sandbox.restore(FS, "contact", &made.id).unwrap_err().status, 404);
    assert_eq!(account.listed("contacts", "All Contacts").await.len(), 1);
    let id: i64 = made.id.parse().unwrap();
    let task = json!({"title": "t", "due_date": "2025-04-01", "targetable_type": "Contact", "targetable_id": id});
    let task = sandbox.create(FS, "task", task).unwrap();
    let note = sandbox
        .create(FS, "note", json!({"description": "n", "targetable_type": "Contact", "targetable_id": id}))
        .unwrap();
    assert_eq!(sandbox.record(FS, "contact", &made.id).unwrap()["recent_note"], "n");
    sandbox.delete(FS, "note", &note.id).unwrap();
    assert_eq!(sandbox.purge(FS, "contact", &made.id).unwrap().record, Value::Null);
    assert_eq!(sandbox.record(FS, "task", &task.id).unwrap()["targetables"], json!([]));
    assert_eq!(sandbox.edit(FS, "lead", "1", json!({})).unwrap_err().status, 404);

    let actions: Vec<Action> = sandbox.log().effects(FS).into_iter().map(|effect| effect.action).collect();
    use Action::{Created, Deleted, Purged, Restored, Updated};
    assert_eq!(actions, [Created, Updated, Deleted, Restored, Created, Created, Deleted, Purged]);
    let humans = sandbox.log().entries().into_iter().filter(|entry| entry.actor == Actor::Human);
    assert_eq!(humans.count(), 11);
}

#[tokio::test]
async fn the_log_tells_equal_bodies_apart_from_others_without_keeping_them() {
    let account = Account::empty();
    for name in ["x", "x", "y"] {
        account.post("/sales_accounts?include=owner", new_account(name)).await;
    }
    let log = account.sandbox.log().of(FS);
    assert_eq!(log[0].body_digest, log[1].body_digest);
    assert_ne!(log[0].body_digest, log[2].body_digest);
    assert_eq!(
        (log[0].query.as_deref(), log[0].body_bytes),
        (Some("include=owner"), new_account("x").to_string().len())
    );
    assert_eq!(log.iter().map(|entry| entry.status).collect::<Vec<_>>(), [Some(200), Some(400), Some(200)]);
    assert_eq!(log[2].effects[0].fields, ["name"]);
    assert_eq!(account.sandbox.log().calls(FS), 3);
}

#[tokio::test]
async fn answers_are_packed_for_those_who_ask_and_packed_requests_are_read() {
    use std::io::{Read as _, Write as _};
    let account = Account::of(Sandbox::builder());
    let view = account.view("deals", "All Deals").await;
    let mut request = account.request("GET", &format!("/deals/view/{view}"), None);
    request.headers_mut().insert(header::ACCEPT_ENCODING, "br, gzip;q=0.8".parse().unwrap());
    let response = sandbox::send(account.sandbox.freshsales(), request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let packed = response.into_body().collect().await.unwrap().to_bytes();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_ref()).read_to_string(&mut text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["deals"].as_array().unwrap().len(), 25);

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(new_account("Packed").to_string().as_bytes()).unwrap();
    let mut request = account.request("POST", "/sales_accounts", None).map(|_| Bytes::from(encoder.finish().unwrap()));
    request.headers_mut().insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    assert_eq!(account.send(request).await.unwrap().status, 200);
}

#[test]
fn clocks_move_when_told_to() {
    let clock = Clock::manual(start());
    let shared = clock.clone();
    clock.advance(TimeDelta::hours(2));
    assert_eq!(shared.now(), start() + TimeDelta::hours(2));
    shared.set(start());
    assert_eq!(clock.now(), start());
    let system = Clock::system();
    system.set(start());
    assert!(system.now() - start() < TimeDelta::minutes(5));
}
