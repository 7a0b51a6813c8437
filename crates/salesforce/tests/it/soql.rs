//! Values in queries, and queries that are too long: no value leaves its place, no row is lost or comes twice.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use proptest::prelude::*;
use rust_decimal::Decimal;
use salesforce::soql::{Aggregate, Condition, Order, Pattern, Relative, Select, Soql, Unit};
use salesforce::{Account, AnyRecord, Contact, ErrorKind, LeadingOperation, NewAccount, NewContact, Row, Task, soql};
use sandbox::{Data, fuzzing};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{Org, client_of};

proptest! {
    /// Values cannot break out of a query: the server's own parser reads back exactly what was put in, and nothing else.
    #[test]
    fn any_text_is_exactly_that_value_to_the_server(texts in prop::collection::vec(any::<String>(), 1..4)) {
        let one = soql!("SELECT Id FROM Contact WHERE LastName = {}", &texts[0]);
        prop_assert_eq!(fuzzing::soql_strings(one.as_str()), Ok(vec![texts[0].clone()]));
        let list = soql!("SELECT Id FROM Contact WHERE (Name IN {} AND Id != NULL) LIMIT {}", &texts, 7_u8);
        prop_assert_eq!(fuzzing::soql_strings(list.as_str()), Ok(texts.clone()));
        let built = Select::from("Contact").fields(["Id"]).filter(Condition::all([
            Condition::not(Condition::eq("Name", &texts[0])),
            Condition::any([Condition::is_in("Email", &texts), Condition::is_null("Title")]),
        ]));
        let all: Vec<String> = std::iter::once(&texts[0]).chain(&texts).cloned().collect();
        prop_assert_eq!(fuzzing::soql_strings(built.build().unwrap().as_str()), Ok(all));
    }

    #[test]
    fn any_text_in_a_pattern_stands_for_itself(text in any::<String>()) {
        let query = soql!("SELECT Id FROM Contact WHERE LastName LIKE {}", Pattern::new().text(&text));
        prop_assert_eq!(fuzzing::soql_strings(query.as_str()), Ok(vec![text]));
    }

    #[test]
    fn any_number_date_and_flag_is_understood(
        number in any::<i64>(), scale in 0_u32..9, seconds in -8_500_000_000_i64..60_000_000_000, flag in any::<bool>(),
    ) {
        let at = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap();
        let query = soql!(
            "SELECT Id FROM Opportunity WHERE Amount > {} AND CloseDate < {} AND CreatedDate >= {} AND IsWon = {} AND CloseDate = {}",
            Decimal::new(number, scale), at.date_naive(), at, flag, Relative::NextN(Unit::Week, 3)
        );
        prop_assert_eq!(fuzzing::soql(query.as_str()), Ok(()), "{}", query.as_str());
    }
}

#[tokio::test]
async fn every_kind_of_value_finds_what_it_names() {
    let org = Org::empty().await;
    let client = &org.client;
    let account = NewAccount {
        name: Some("50% off_now".into()),
        annual_revenue: Some(Decimal::new(15_000, 1)),
        ..NewAccount::default()
    };
    let id = client.accounts().create(&account).await.unwrap();
    let now = org.sandbox.clock().now();
    for condition in [
        Condition::eq("Id", id),
        Condition::is_in("Id", [id]),
        Condition::like("Name", Pattern::starting_with("50%")),
        Condition::like("Name", Pattern::ending_with("_NOW")),
        Condition::like("Name", Pattern::containing("% OFF")),
        Condition::eq("AnnualRevenue", Decimal::new(150_000, 2)),
        Condition::compare("CreatedDate", salesforce::soql::Op::Le, now),
        Condition::eq("CreatedDate", Relative::This(Unit::Day)),
        Condition::eq("CreatedDate", Relative::LastN(Unit::Day, 1)),
        Condition::eq("IsDeleted", false),
        Condition::is_null("Industry"),
        Condition::is_set("Name"),
        Condition::not_in("Name", ["other"]),
        Condition::not(Condition::eq("Name", "other")),
        Condition::is_in_query("OwnerId", Select::from("User").fields(["Id"]).filter(Condition::eq("IsActive", true))),
        Condition::eq("CALENDAR_YEAR(CreatedDate)", 2025),
    ] {
        let select = Select::from("Account").fields(["Id", "Name"]).filter(condition);
        let text = select.clone().build().unwrap();
        let found: Vec<Row<Account>> = client.select(select).stream().try_collect().await.unwrap();
        assert_eq!(found.len(), 1, "{}", text.as_str());
    }
    let none = Condition::like("Name", Pattern::starting_with("50_"));
    assert_eq!(client.count_of(Select::from("Account").filter(none)).await.unwrap(), 0);
    let empty = client.query::<Account>(soql!("SELECT Id FROM Account WHERE Id IN {}", Vec::<&str>::new()));
    let error = empty.first().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("a list is empty"), "{error}");
}

/// `attributes`, nested parents and the aliases of aggregates stay out of the way of typed rows.
#[tokio::test]
async fn rows_of_any_shape_are_plain_structs() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct WithParent {
        last_name: String,
        account: Option<Named>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        name: String,
    }
    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Group {
        #[serde(rename = "LastName")]
        last_name: String,
        n: u64,
        expr0: Option<String>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct About {
        what: Option<AnyRecord>,
    }
    let org = Org::empty().await;
    let client = &org.client;
    let account = NewAccount { name: Some("Acme".into()), ..NewAccount::default() };
    let account = client.accounts().create(&account).await.unwrap();
    for (name, account) in [("a", Some(account)), ("a", None), ("b", None)] {
        let contact = NewContact { last_name: Some(name.into()), account_id: account, ..NewContact::default() };
        client.contacts().create(&contact).await.unwrap();
    }
    let select =
        Select::from("Contact").fields(["LastName", "Account.Name"]).order_by([Order::descending("Account.Name")]);
    let rows: Vec<Row<WithParent>> = client.select(select).stream().try_collect().await.unwrap();
    let parents: Vec<Option<&str>> =
        rows.iter().map(|row| row.account.as_ref().map(|account| account.name.as_str())).collect();
    assert_eq!(parents, [None, None, Some("Acme")]);
    assert_eq!(rows[2].last_name, "a");

    let select = Select::from("Contact")
        .fields(["LastName"])
        .aggregate(Aggregate::Count, "Id", "n")
        .group_by(["LastName"])
        .order_by([Order::descending("COUNT(Id)")]);
    let groups: Vec<Row<Group>> = client.select(select).stream().try_collect().await.unwrap();
    assert_eq!(*groups[0], Group { last_name: "a".into(), n: 2, expr0: None });
    let unnamed = "SELECT LastName, COUNT(Id) n, MAX(Name) FROM Contact GROUP BY LastName HAVING COUNT(Id) = 1";
    let group = client.query::<Group>(unnamed).first().await.unwrap().unwrap();
    assert_eq!(*group, Group { last_name: "b".into(), n: 1, expr0: Some("b".into()) });
    assert_eq!(client.count("SELECT COUNT() FROM Contact").await.unwrap(), 3);

    let task = salesforce::NewTask { subject: Some("s".into()), what_id: account.cast(), ..Default::default() };
    client.tasks().create(&task).await.unwrap();
    let select = Select::from("Task").type_of("What", &[("Account", &["Id", "Name"])], &["Name"]);
    let about = client.select::<About>(select).first().await.unwrap().unwrap().into_data();
    let what = about.what.unwrap();
    assert!(what.is::<Account>() && !what.is::<Task>());
    assert_eq!(what.decode::<Account>().unwrap().name.as_deref(), Some("Acme"));
}

/// A list that makes a query longer than a statement is split; the rows are those of the whole.
#[tokio::test]
async fn a_list_of_any_length_is_read_in_parts() {
    let org = Org::with(Data::Demo).await;
    let client = &org.client;
    let all: Vec<Row<Contact>> = client.query("SELECT Id, LastName FROM Contact").stream().try_collect().await.unwrap();
    let strangers = (0..12_000).map(|n| format!("003gK0{n:09}"));
    let ids: Vec<String> = all.iter().map(|row| row.id.to_string()).chain(strangers).collect();
    let select = || Select::from("Contact").fields(["Id", "LastName"]).filter(Condition::is_in("Id", &ids));
    let before = org.calls();
    let mut found: Vec<_> =
        client.select::<Contact>(select()).stream().map_ok(|row| row.id).try_collect().await.unwrap();
    assert!((org.calls() - before) < 12, "{} calls", org.calls() - before);
    let mut expected: Vec<_> = all.iter().map(|row| row.id).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "each row once");
    assert_eq!(client.count_of(select()).await.unwrap(), all.len() as u64);
    let few: Vec<Row<Contact>> = client.select(select().limit(5)).stream().try_collect().await.unwrap();
    assert_eq!(few.len(), 5);
    // Names that differ in case, or beyond ASCII, may match one row from two parts.
    let names: Vec<String> = all
        .iter()
        .flat_map(|row| row.last_name.iter().flat_map(|name| [name.to_uppercase(), name.to_lowercase()]))
        .chain((0..12_000).map(|n| format!("niemand ß {n}")))
        .collect();
    let by_name = Select::from("Contact").fields(["Id"]).filter(Condition::is_in("LastName", names));
    let rows: Vec<Row<Contact>> = client.select(by_name.clone()).stream().try_collect().await.unwrap();
    assert_eq!(rows.len(), all.len());
    let error = client.select::<Contact>(by_name.order_by(["Id"])).first().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("order"), "{error}");
}

/// The address of a query that selects hundreds of fields would be refused with 414; the query is sent in a body instead.
#[tokio::test]
async fn hundreds_of_fields_do_not_make_the_address_too_long() {
    let server = MockServer::start().await;
    let page = serde_json::json!({"totalSize": 0, "done": true, "records": []});
    let part = serde_json::json!({"compositeResponse": [{"body": page, "httpStatusCode": 200, "httpHeaders": {}, "referenceId": "rows"}]});
    Mock::given(method("POST"))
        .and(path("/services/data/v62.0/composite"))
        .respond_with(ResponseTemplate::new(200).set_body_json(part))
        .expect(1)
        .mount(&server)
        .await;
    let fields = (0..800).map(|n| format!("A_field_with_a_rather_long_name_{n}__c"));
    let select = Select::from("Contact").fields(fields);
    assert!(client_of(&server).select::<serde_json::Value>(select).first().await.unwrap().is_none());
}

/// A query timeout is an error of its own kind, and the stream does not end as if all rows had been read.
#[tokio::test]
async fn a_query_timeout_is_told_and_says_where_to_go_on() {
    let server = MockServer::start().await;
    let next = "/services/data/v62.0/query/01g000000000001AAA-1";
    let first = serde_json::json!({"totalSize": 2, "done": false, "nextRecordsUrl": next,
        "records": [{"attributes": {"type": "Contact"}, "Id": "003000000000001AAA"}]});
    let timeout =
        serde_json::json!([{"message": "Your query request was running for too long.", "errorCode": "QUERY_TIMEOUT"}]);
    let get = |at: &str| Mock::given(method("GET")).and(path(at.to_owned()));
    get("/services/data/v62.0/query")
        .respond_with(ResponseTemplate::new(200).set_body_json(first))
        .mount(&server)
        .await;
    get(next).respond_with(ResponseTemplate::new(400).set_body_json(timeout)).up_to_n_times(9).mount(&server).await;
    let client = client_of(&server);
    let mut rows = client.query::<Contact>("SELECT Id FROM Contact").stream();
    assert!(rows.try_next().await.unwrap().is_some());
    let error = rows.try_next().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Timeout, Some("QUERY_TIMEOUT")));
    assert!(error.hint().contains(next) && error.hint().contains("indexed field"), "{}", error.hint());
    assert!(rows.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn reading_is_taken_up_from_a_locator() {
    let org = Org::with(Data::Demo).await;
    let query = || org.client.query::<Contact>("SELECT Id FROM Contact ORDER BY SystemModstamp, Id").page_size(200);
    let all: Vec<_> = query().stream().map_ok(|row| row.id).try_collect().await.unwrap();
    let mut pages = query().pages();
    let first = pages.try_next().await.unwrap().unwrap();
    drop(pages);
    let kept = first.next.unwrap().to_string();
    let bare = kept.rsplit('/').next().unwrap().to_owned();
    for locator in [kept.clone(), bare] {
        let rest: Vec<_> =
            org.client.resume::<Contact>(locator).stream().map_ok(|row| row.id).try_collect().await.unwrap();
        assert_eq!(rest, all[200..]);
    }
    org.sandbox.clock().advance(chrono::TimeDelta::days(3));
    let error = org.client.resume::<Contact>(kept.as_str()).first().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Precondition, Some("INVALID_QUERY_LOCATOR")));
    assert!(error.hint().contains(&kept) && error.hint().contains("run it again"), "{}", error.hint());
}

#[tokio::test]
async fn a_plan_says_whether_an_index_leads() {
    let org = Org::with(Data::Demo).await;
    let plans = org
        .client
        .explain(soql!("SELECT Id FROM Contact WHERE Name LIKE {}", Pattern::starting_with("A")))
        .await
        .unwrap();
    assert_eq!(
        (&plans[0].leading_operation_type, plans[0].fields.as_slice()),
        (&LeadingOperation::Index, &["Name".to_owned()][..])
    );
    let plans = org.client.explain("SELECT Id FROM Contact WHERE FirstName = 'x'").await.unwrap();
    assert_eq!(plans[0].leading_operation_type, LeadingOperation::TableScan);
    assert!(org.client.explain(Soql::unchecked("SELECT")).await.is_err());
}
