//! The rarer parts of SOQL: subtotals, types, distances, aliases, time zones, limits; and child sets with their pages.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF, encode};

async fn records(org: &Org, soql: &str) -> Value {
    let answer = org.query(soql).await;
    assert_eq!(answer.status, StatusCode::OK, "{soql} {}", answer.body);
    answer.body["records"].clone()
}

/// The members of each record but `attributes`, as one line.
fn lines(records: &Value) -> Vec<String> {
    let line = |record: &Value| {
        let members = record.as_object().unwrap().iter().filter(|(name, _)| *name != "attributes");
        members.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    records.as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn groups_are_subtotalled() {
    let org = Org::empty();
    for (source, rating) in [("Web", "Hot"), ("Web", "Cold"), ("Other", "Hot"), ("Web", "Hot")] {
        org.make("Lead", json!({"LastName": "x", "Company": "c", "LeadSource": source, "Rating": rating})).await;
    }
    let rolled = "SELECT LeadSource s, Rating r, GROUPING(LeadSource) gs, GROUPING(Rating) gr, COUNT(Id) n FROM Lead GROUP BY ROLLUP(LeadSource, Rating) ORDER BY GROUPING(LeadSource), GROUPING(Rating), LeadSource, Rating";
    assert_eq!(
        lines(&records(&org, rolled).await),
        [
            r#"s="Web" r="Hot" gs=0 gr=0 n=2"#,
            r#"s="Web" r="Cold" gs=0 gr=0 n=1"#,
            r#"s="Other" r="Hot" gs=0 gr=0 n=1"#,
            r#"s="Web" r=null gs=0 gr=1 n=3"#,
            r#"s="Other" r=null gs=0 gr=1 n=1"#,
            r#"s=null r=null gs=1 gr=1 n=4"#,
        ]
    );
    let cubed = "SELECT COUNT(Id) FROM Lead GROUP BY CUBE(LeadSource, Rating)";
    assert_eq!(records(&org, cubed).await.as_array().unwrap().len(), 3 + 2 + 2 + 1);
    let having = "SELECT Rating, COUNT(Id) n FROM Lead GROUP BY ROLLUP(Rating) HAVING GROUPING(Rating) = 1";
    assert_eq!(lines(&records(&org, having).await), ["Rating=null n=4"]);
}

#[tokio::test]
async fn types_choose_what_is_shown_of_a_parent() {
    let org = Org::empty();
    let account = org.make("Account", json!({"Name": "Acme", "Phone": "1"})).await;
    let deal = json!({"Name": "d", "StageName": "Prospecting", "CloseDate": "2025-07-01", "Amount": 5});
    let deal = org.make("Opportunity", deal).await;
    for (subject, what) in [("a", Some(&account)), ("b", Some(&deal)), ("c", None)] {
        org.make("Task", json!({"Subject": subject, "WhatId": what})).await;
    }
    let soql = "SELECT TYPEOF What WHEN Account THEN Phone, Owner.Name ELSE Name END FROM Task ORDER BY Subject";
    let rows = records(&org, soql).await;
    assert_eq!((&rows[0]["What"]["attributes"]["type"], &rows[0]["What"]["Phone"]), (&json!("Account"), &json!("1")));
    assert_eq!(rows[0]["What"]["Owner"]["Name"], "Integration User");
    assert_eq!(rows[1]["What"]["Name"], "d");
    assert_eq!(rows[2]["What"], Value::Null);
    let rows = records(&org, "SELECT TYPEOF What WHEN Account THEN Phone END FROM Task ORDER BY Subject").await;
    assert_eq!(rows[1]["What"], Value::Null, "no branch for a deal");
    for (soql, code) in [
        ("SELECT TYPEOF Account WHEN Account THEN Phone END FROM Contact", "MALFORMED_QUERY"),
        ("SELECT TYPEOF What WHEN Contact THEN Phone END FROM Task", "INVALID_TYPE"),
        ("SELECT TYPEOF What WHEN Account THEN Nope END FROM Task", "INVALID_FIELD"),
        ("SELECT TYPEOF What ELSE Name END FROM Task", "MALFORMED_QUERY"),
        ("SELECT TYPEOF What WHEN Account THEN Phone FROM Task", "MALFORMED_QUERY"),
    ] {
        assert_eq!(org.query(soql).await.refusal(), (400, code), "{soql}");
    }
}

#[tokio::test]
async fn aliases_scopes_modes_and_distances() {
    let org = Org::empty();
    let near = json!({"Name": "near", "BillingCity": "SF", "BillingLatitude": 37.8, "BillingLongitude": -122.4});
    let near = org.make("Account", near).await;
    org.make("Account", json!({"Name": "far", "BillingLatitude": 40.7, "BillingLongitude": -74.0})).await;
    org.make("Account", json!({"Name": "nowhere"})).await;
    org.make("Contact", json!({"LastName": "x", "AccountId": near})).await;
    for (soql, expected) in [
        ("SELECT c.LastName FROM Contact c, c.Account a WHERE a.Name = 'near' AND a.Owner.IsActive = TRUE", 1),
        ("SELECT Id FROM Contact USING SCOPE everything WITH SECURITY_ENFORCED", 1),
        ("SELECT Id FROM Contact WHERE LastName = 'x' WITH USER_MODE ORDER BY Id LIMIT 1 FOR REFERENCE", 1),
        ("SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(37.77,-122.42), 'mi') < 5", 1),
        ("SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(37.77,-122.42), 'km') > 4000", 1),
        ("SELECT FIELDS(ALL) FROM Contact WHERE Id = '003gK0000000001'", 0),
        ("SELECT Id FROM Contact WHERE CreatedDate = NEXT_N_WEEKS:1", 0),
    ] {
        assert_eq!(records(&org, soql).await.as_array().unwrap().len(), expected, "{soql}");
    }
    let by_distance =
        "SELECT Name FROM Account ORDER BY DISTANCE(BillingAddress, GEOLOCATION(37.77,-122.42), 'mi') DESC NULLS LAST";
    assert_eq!(org.query(by_distance).await.column("Name"), ["far", "near", "nowhere"]);
    org.query("SELECT Id FROM Contact FOR VIEW").await;
    let row = &records(&org, "SELECT LastViewedDate, LastModifiedDate, SystemModstamp FROM Contact").await[0];
    assert!(row["LastViewedDate"].is_string(), "{row}");
}

/// `TODAY` is the user's day, and `convertTimezone` the user's clock.
#[tokio::test]
async fn relative_dates_follow_the_users_time_zone() {
    let org = Org::empty();
    // The sandbox starts at 09:00 UTC.
    org.contact("morning").await;
    let count = async |condition: &str| {
        org.query(&format!("SELECT COUNT() FROM Contact WHERE {condition}")).await.body["totalSize"].clone()
    };
    assert_eq!(count("HOUR_IN_DAY(CreatedDate) = 9 AND CreatedDate = TODAY").await, 1);
    org.sandbox.set_quirks(SF, &json!({"user_zone_minutes": 14 * 60})).unwrap();
    org.advance(2 * 3600);
    // There it is one in the morning of the next day now; the record was made at 23 o'clock of the day before.
    assert_eq!(count("CreatedDate = TODAY").await, 0);
    assert_eq!(count("CreatedDate = YESTERDAY").await, 1);
    assert_eq!(count("HOUR_IN_DAY(CreatedDate) = 9").await, 1);
    assert_eq!(count("HOUR_IN_DAY(convertTimezone(CreatedDate)) = 23").await, 1);
}

#[tokio::test]
async fn limits_are_refused_in_words() {
    let org = Org::empty();
    let join = |n: usize| format!("AccountId {} (SELECT Id FROM Account)", if n == 0 { "IN" } else { "NOT IN" });
    for (soql, code, words) in [
        (format!("SELECT Id FROM Contact WHERE {} OR Name = 'x'", join(0)), "MALFORMED_QUERY", "only allowed at the top level"),
        (format!("SELECT Id FROM Contact WHERE NOT ({})", join(0)), "MALFORMED_QUERY", "only allowed at the top level"),
        (format!("SELECT Id FROM Contact WHERE {} AND {} AND {}", join(0), join(1), join(0)), "MALFORMED_QUERY", "at most 2 semi join"),
        ("SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact))".into(), "MALFORMED_QUERY", "Nesting of semi join"),
        ("SELECT Id FROM Contact WHERE Id IN (SELECT WhoId FROM Task)".into(), "MALFORMED_QUERY", "Entity 'Task' is not supported for semi join inner selects"),
        ("SELECT Id FROM Contact WHERE Name IN (SELECT Id FROM Account)".into(), "MALFORMED_QUERY", "should be an id field, cannot use: 'Name'"),
        ("SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account LIMIT 1)".into(), "MALFORMED_QUERY", "LIMIT"),
        ("SELECT COUNT(Id) FROM Contact GROUP BY AccountId HAVING AccountId IN (SELECT Id FROM Account)".into(), "MALFORMED_QUERY", "HAVING"),
        ("SELECT Id, (SELECT Id FROM Contacts LIMIT 5 OFFSET 1) FROM Account".into(), "MALFORMED_QUERY", "OFFSET in a sub-query"),
        ("SELECT convertCurrency(Amount) FROM Opportunity".into(), "MALFORMED_QUERY", "one currency"),
        ("SELECT COUNT(Id) FROM Lead GROUP BY CUBE(LeadSource, Rating, Status, Industry)".into(), "MALFORMED_QUERY", "at most 3"),
        ("SELECT GROUPING(Rating) FROM Lead GROUP BY Rating".into(), "MALFORMED_QUERY", "ROLLUP"),
        ("SELECT Id FROM Contact WHERE convertTimezone(CreatedDate) = TODAY".into(), "MALFORMED_QUERY", "inside of a date function"),
        ("SELECT Id FROM Contact WHERE HOUR_IN_DAY(Birthdate) = 1".into(), "INVALID_FIELD", "needs a dateTime"),
        (format!("SELECT Id FROM Contact WHERE LastName = '{}'", "x".repeat(4_001)), "MALFORMED_QUERY", "longer than 4000"),
        ("SELECT Id FROM Account WHERE DISTANCE(Name, GEOLOCATION(1,1), 'mi') < 2".into(), "INVALID_FIELD", "location"),
        ("SELECT Id FROM Contact FOR UPDATE".into(), "MALFORMED_QUERY", "unexpected token: 'UPDATE'"),
        ("SELECT Id FROM Contact WITH NOBODY".into(), "MALFORMED_QUERY", "unexpected token: 'NOBODY'"),
    ] {
        let answer = org.query(&soql).await;
        assert_eq!(answer.refusal(), (400, code), "{soql} {}", answer.body);
        assert!(answer.message().contains(words), "{soql} {}", answer.message());
    }
    let one = "SELECT Id, (SELECT Id FROM Contacts LIMIT 5 OFFSET 1) FROM Account LIMIT 1";
    assert_eq!(org.query(one).await.status, StatusCode::OK);
    let old =
        org.get(&format!("/services/data/v50.0/query?q={}", encode("SELECT FIELDS(STANDARD) FROM Contact"))).await;
    assert_eq!(old.refusal(), (400, "MALFORMED_QUERY"));
    let tooling = org.get(&format!("tooling/query?q={}", encode("SELECT Id FROM ApexClass"))).await;
    assert_eq!(tooling.refusal(), (400, "INVALID_TYPE"));
}

/// Child sub-queries that are cut off: each set has a locator of its own and its own total.
#[tokio::test]
async fn child_sets_are_cut_and_read_on_by_their_own_locators() {
    let org = Org::empty();
    let (small, large) = (org.account("a small").await, org.account("b large").await);
    let child = |account: &str, n: usize| json!({"attributes": {"type": "Contact"}, "LastName": format!("{n:04}"), "AccountId": account});
    for start in (0..450).step_by(150) {
        let rows: Vec<Value> = (start..start + 150).map(|n| child(&large, n)).collect();
        org.post("composite/sobjects", json!({"allOrNone": true, "records": rows})).await;
    }
    org.post("composite/sobjects", json!({"records": [child(&small, 0), child(&small, 1)]})).await;

    let soql = encode("SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Name");
    let batch = [("sforce-query-options", "batchSize=200")];
    let first = org.call(Method::GET, &format!("query?q={soql}"), &batch, None).await.body;
    assert_eq!((&first["totalSize"], &first["done"]), (&json!(2), &json!(false)), "the child rows count in a page");
    assert_eq!(first["records"][0]["Contacts"]["done"], true);
    let second = org.get(first["nextRecordsUrl"].as_str().unwrap()).await.body;
    let mut set = second["records"][0]["Contacts"].clone();
    let mut names = Vec::new();
    // What happens meanwhile is not seen.
    org.sandbox.edit(SF, "Account", &large, json!({"Name": "renamed"})).unwrap();
    let victim = org.query("SELECT Id FROM Contact WHERE LastName = '0300'").await.column("Id").remove(0);
    org.sandbox.delete(SF, "Contact", &victim).unwrap();
    loop {
        assert_eq!(set["totalSize"], 450);
        names.extend(set["records"].as_array().unwrap().iter().map(|row| row["LastName"].as_str().unwrap().to_owned()));
        let Some(next) = set["nextRecordsUrl"].as_str() else { break };
        assert_eq!(set["done"], false);
        set = org.get(next).await.body;
    }
    assert_eq!(names, (0..450).map(|n| format!("{n:04}")).collect::<Vec<_>>());
    assert_eq!(org.get(first["nextRecordsUrl"].as_str().unwrap()).await.body["records"][0]["Name"], "b large");
}

#[tokio::test]
async fn cursors_are_few_and_pages_go_both_ways() {
    let org = Org::demo();
    org.sandbox.set_quirks(SF, &json!({"open_cursors": 2})).unwrap();
    let open = async || {
        let path = format!("query?q={}", encode("SELECT Id FROM Contact"));
        let page = org.call(Method::GET, &path, &[("sforce-query-options", "batchSize=200")], None).await;
        page.body["nextRecordsUrl"].as_str().unwrap().to_owned()
    };
    let first = open().await;
    let forward = org.get(&first).await.body;
    org.get(forward["nextRecordsUrl"].as_str().unwrap()).await;
    assert_eq!(org.get(&first).await.body, forward, "back again");
    let (second, third) = (open().await, open().await);
    assert_eq!(org.get(&first).await.refusal(), (400, "INVALID_QUERY_LOCATOR"), "closed for the third");
    assert_eq!(org.get(&second).await.status, StatusCode::OK);
    assert_eq!(org.get(&third).await.status, StatusCode::OK);
}

/// What the vendor's command line asks for before it prints a table.
#[tokio::test]
async fn columns_of_aggregates_are_shown_as_they_are_written() {
    let org = Org::empty();
    let soql = encode("SELECT LeadSource, COUNT(Id), MAX(CreatedDate) latest FROM Lead GROUP BY LeadSource");
    let columns = org.get(&format!("query?q={soql}&columns=true")).await.body["columnMetadata"].clone();
    let shown: Vec<(&str, &str, bool)> = columns
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["columnName"].as_str().unwrap(), c["displayName"].as_str().unwrap(), c["aggregate"] == true))
        .collect();
    assert_eq!(
        shown,
        [("LeadSource", "LeadSource", false), ("expr0", "COUNT(Id)", true), ("latest", "MAX(CreatedDate)", true)]
    );
}

/// The same answer whichever index leads.
#[tokio::test]
async fn indexes_change_the_way_and_not_the_answer() {
    let org = Org::demo();
    let all = org.query("SELECT Id, LastName, Email, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id").await;
    let stamps = all.column("SystemModstamp");
    let (ids, names) = (all.column("Id"), all.column("LastName"));
    let middle = stamps.len() / 2;
    let stamp = &stamps[middle].replace("+0000", "Z");
    let id = &ids[middle];
    let after = format!("(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{id}'))");
    let page = org.query(&format!("SELECT Id FROM Contact WHERE {after} ORDER BY SystemModstamp, Id LIMIT 7")).await;
    assert_eq!(page.column("Id"), ids[middle + 1..middle + 8], "read on after a row");
    let back = org.query("SELECT Id FROM Contact ORDER BY SystemModstamp DESC, Id DESC LIMIT 5").await.column("Id");
    assert!(back.iter().eq(ids.iter().rev().take(5)));
    let mut sorted = ids.clone();
    sorted.sort();
    let ranged = format!("SELECT Id FROM Contact WHERE Id > '{}' ORDER BY Id LIMIT 3", sorted[10]);
    assert_eq!(org.query(&ranged).await.column("Id"), sorted[11..14]);
    let prefix: String = names[0].chars().take(2).collect();
    let like = format!("SELECT LastName FROM Contact WHERE Name LIKE '{prefix}%' OR LastName LIKE '{prefix}%'");
    let found = org.query(&like).await.column("LastName");
    let expected = names.iter().filter(|name| name.to_uppercase().starts_with(&prefix.to_uppercase())).count();
    assert!(found.len() >= expected && expected > 0);
    for (clause, leading) in [
        ("WHERE Name LIKE 'A%' LIMIT 5", "Index"),
        ("WHERE Id = '003gK0000000001'", "Index"),
        ("ORDER BY SystemModstamp LIMIT 5", "Index"),
        ("WHERE FirstName = 'x'", "TableScan"),
    ] {
        let plan = org.get(&format!("query?explain={}", encode(&format!("SELECT Id FROM Contact {clause}")))).await;
        assert_eq!(plan.body["plans"][0]["leadingOperationType"], leading, "{clause}");
    }
}
