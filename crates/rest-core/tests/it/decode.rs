//! Pages of records: unknown fields kept, one bad record at a time, every digit of an amount.

use futures::TryStreamExt;
use proptest::prelude::*;
use rest_core::{BadRecord, Call, ErrorKind, Page, Row, depth_ok, pages, row, rows};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::support::*;

#[derive(Clone, Deserialize)]
struct Deal {
    #[serde(with = "rest_core::ids::text")]
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, with = "rest_core::money::opt")]
    amount: Option<Decimal>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Clone, Deserialize)]
struct Part {
    #[serde(with = "rest_core::money::exact")]
    price: Decimal,
}

#[derive(Deserialize)]
struct Envelope {
    deals: Vec<Box<RawValue>>,
    next: Option<String>,
}

const PAGE: &str = r#"{"deals":[
    {"id":9007199254740993,"name":"A","amount":1234567890123456.78,"cf":{"tier": [1, "x"]},"esc\u0061ped":null},
    {"id":"d2","name":"B","parts":[{"price":"1.10"},{"price":{"secret":"hush"}}]},
    {"name":"no id"},
    {"id":"d4","name":17},
    {"id":"d5","amount":"-1.5E3"}
],"next":null,"meta":{"deep":[[[]]]}}"#;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_bad_record_does_not_spoil_the_page() {
    let (reply, _) = outcome(&read(), vec![answer(200, PAGE).into()]).await;
    let page: Envelope = reply.unwrap().json().unwrap();
    assert_eq!(page.next, None);
    let rows: Vec<Result<Row<Deal>, BadRecord>> = rows(page.deals, "id");
    let good: Vec<_> = rows.iter().filter_map(|row| row.as_ref().ok()).collect();
    assert_eq!(good.iter().map(|deal| deal.id.as_str()).collect::<Vec<_>>(), ["9007199254740993", "d5"]);
    assert_eq!(good[0].amount.unwrap().to_string(), "1234567890123456.78");
    assert_eq!(good[1].amount.unwrap().to_string(), "-1500");
    let bad: Vec<_> = rows.into_iter().filter_map(Result::err).collect();
    let places: Vec<_> = bad.iter().map(|bad| (bad.id.as_deref(), bad.path.as_str())).collect();
    assert_eq!(places, [(Some("d2"), "parts[1].price"), (None, "."), (Some("d4"), "name")]);
    assert!(bad[1].message.contains("missing field `id`"), "{}", bad[1].message);
    assert!(bad[2].message.contains("integer `…`, expected a string"), "{}", bad[2].message);
    assert!(bad[0].raw.get().contains("hush") && !format!("{:?} {}", bad[0], bad[0]).contains("hush"));
    let error = bad[0].clone().into_error("deals.list");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Decode, "deals.list"));
    assert!(error.to_string().contains("record d2 cannot be read at parts[1].price"), "{error}");
}

#[test]
fn fields_that_nobody_named_are_kept_as_they_came() {
    let text = r#"{"id":1,"cf":{"tier": [1, "x"]},"esc\u0061ped" : null,"big":1234567890123456789012345.50}"#;
    let deal: Row<Deal> = row(raw(text), "id").unwrap();
    assert_eq!(deal.extra("cf").unwrap().get(), r#"{"tier": [1, "x"]}"#);
    assert_eq!(deal.extra("escaped").unwrap().get(), "null");
    assert_eq!(deal.extra("big").unwrap().get(), "1234567890123456789012345.50");
    assert!(deal.extra("absent").is_none());
    let keys: Vec<_> = deal.extras().map(|(key, _)| key).collect();
    assert_eq!(keys, ["id", "cf", "escaped", "big"]);
    assert_eq!(deal.raw().get(), text);
    let (data, kept) = deal.clone().into_parts();
    assert_eq!((data.name, kept.get()), (None, text));
    assert_eq!(deal.into_data().id, "1");
}

#[test]
fn values_are_taken_out_of_messages_whatever_they_hold() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only decoded")]
    struct Strict {
        number: Option<u8>,
        choice: Option<Choice>,
        flag: Option<bool>,
    }
    #[derive(Debug, Deserialize)]
    enum Choice {
        Yes,
    }
    for value in [r#""canary""#, r#""ca\"nary\", expected canary""#, r#""`canary`, expected canary""#] {
        for field in ["number", "choice", "flag"] {
            let bad = row::<Strict>(raw(&format!(r#"{{"id":5,"{field}":{value}}}"#)), "id").unwrap_err();
            assert!(!bad.message.contains("nary"), "{}", bad.message);
            assert!(bad.message.contains("expected") && bad.path.starts_with(field), "{} {}", bad.path, bad.message);
            assert_eq!(bad.id.as_deref(), Some("5"));
        }
    }
    let bad = row::<Strict>(raw(r#"{"number":40012345}"#), "id").unwrap_err();
    assert!(!bad.message.contains("40012345"), "{}", bad.message);
    let bad = row::<Strict>(raw("[1]"), "id").unwrap_err();
    assert_eq!(bad.id, None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_names_the_place() {
    let (reply, _) = outcome(&read(), vec![answer(200, r#"{"deals":{"a":1},"next":null}"#).into()]).await;
    let error = reply.unwrap().json::<Envelope>().err().unwrap();
    let text = error.to_string();
    assert!(
        text.starts_with("acme things.get: 200 Decode: the answer cannot be read at deals: invalid type: map"),
        "{text}"
    );
    let (reply, _) = outcome(&read(), vec![answer(200, "{} {}").into()]).await;
    assert!(reply.unwrap().json::<serde::de::IgnoredAny>().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_one_stream() {
    let page = |ids: &str, next: &str| Step::from(answer(200, format!(r#"{{"deals":[{ids}],"next":{next}}}"#)));
    let script = Script::new([
        page(r#"{"id":1},{"id":2}"#, r#""https://acme.example/api/deals?c=2""#),
        page("", r#""/deals?c=3""#),
        status(500),
        page(r#"{"id":3},{"bad":true}"#, "null"),
    ]);
    let client = client(&script);
    let fetch = |link: Option<String>| {
        let client = client.clone();
        async move {
            let call = Call::get("deals.list");
            let call = match link {
                Some(link) => call.link(link),
                None => call.path(["deals"]),
            };
            let page: Envelope = client.send(&call).await?.json()?;
            Ok(Page::new(rows::<Deal>(page.deals, "id"), page.next.map(Some)))
        }
    };
    let deals: Vec<_> = pages("deals.list", None, fetch).try_collect().await.unwrap();
    let ids: Vec<_> = deals.iter().map(|deal| deal.as_ref().map_or("bad", |deal| deal.id.as_str())).collect();
    assert_eq!(ids, ["1", "2", "3", "bad"]);
    assert_eq!(script.count(), 4);
}

#[test]
fn amounts_in_nested_records_keep_every_digit() {
    let deal: Row<Deal> = row(raw(r#"{"id":1,"parts":[{"price":0.10},{"price":"7.000"}]}"#), "id").unwrap();
    let prices: Vec<_> = deal.parts.iter().map(|part| part.price.to_string()).collect();
    assert_eq!(prices, ["0.10", "7.000"]);
}

#[test]
fn depth_is_measured_outside_strings() {
    assert!(depth_ok(br#"{"a":["[[[[","{\"{{"]}"#, 2));
    assert!(!depth_ok(br#"{"a":[[1]]}"#, 2));
    assert!(depth_ok(b"[][][][]", 1));
    assert!(!depth_ok("[".repeat(1_000_000).as_bytes(), 64));
}

proptest! {
    #[test]
    fn records_come_out_as_they_went_in(keys in proptest::collection::btree_map("[a-zé\"\\\\ ]{1,8}", any::<Option<i64>>(), 0..12)) {
        let mut text = serde_json::to_string(&keys).unwrap();
        text.insert_str(1, if keys.is_empty() { r#""id":"x""# } else { r#""id":"x","# });
        let deal: Row<Deal> = match row(raw(&text), "id") {
            Ok(deal) => deal,
            Err(bad) => {
                // A random key may be one that the record names.
                prop_assert!(keys.keys().any(|key| key == "id" || bad.path.contains(key.as_str())));
                return Ok(());
            }
        };
        prop_assert_eq!(deal.extras().count(), keys.len() + 1);
        for (key, value) in &keys {
            let extra: Option<i64> = serde_json::from_str(deal.extra(key).unwrap().get()).unwrap();
            prop_assert_eq!(extra, *value);
        }
    }

    #[test]
    fn no_text_panics_the_decoder(text in "[\\[\\]{}\",:0-9a-z\\\\ ]{0,60}") {
        let _ = depth_ok(text.as_bytes(), 5);
        if let Ok(raw) = RawValue::from_string(text) {
            let _ = row::<Deal>(raw, "id").map(|deal| deal.extras().count());
        }
    }
}
