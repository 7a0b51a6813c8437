//! SOQL over HTTP: what it finds, how it pages, how it refuses.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::salesforce_org::{Org, encode};

/// Three accounts, five contacts, a deal and a task to ask about.
async fn org() -> Org {
    let org = Org::empty();
    let acme = org
        .make("Account", json!({"Name": "Acme", "Industry": "Energy", "AnnualRevenue": 500, "NumberOfEmployees": 10}))
        .await;
    let zeta = org
        .make(
            "Account",
            json!({"Name": "zeta", "Industry": "Banking", "AnnualRevenue": 1500.5, "NumberOfEmployees": 30}),
        )
        .await;
    org.make("Account", json!({"Name": "O'Hara & 50%", "Industry": "Energy"})).await;
    for (first, last, email, account, tier, interests) in [
        (Some("Ada"), "Byron", Some("ada@x.test"), Some(&acme), Some("Gold"), Some("Analytics;Billing")),
        (Some("Bob"), "young", Some("bob@x.test"), Some(&acme), Some("Bronze"), Some("Billing")),
        (None, "Curie", None, Some(&zeta), Some("Silver"), None),
        (Some("Dan"), "Émile", Some("dan@y.test"), None, None, Some("Support")),
        (Some("Eve"), "Adams", Some("eve@y.test"), None, Some("Gold"), None),
    ] {
        org.advance(86_400);
        let fields = json!({"FirstName": first, "LastName": last, "Email": email, "AccountId": account, "Tier__c": tier, "Interests__c": interests});
        org.make("Contact", fields).await;
    }
    let contact = org.query("SELECT Id FROM Contact WHERE LastName = 'byron'").await.column("Id").remove(0);
    let deal = org.make("Opportunity", json!({"Name": "d", "StageName": "Prospecting", "CloseDate": "2025-07-01", "AccountId": acme, "Amount": 100})).await;
    org.make("Task", json!({"Subject": "about deal", "WhoId": contact, "WhatId": deal, "ActivityDate": "2025-06-07"}))
        .await;
    org.make("Task", json!({"Subject": "about account", "WhatId": acme, "Status": "Completed"})).await;
    org
}

#[tokio::test]
async fn conditions_select_the_right_rows() {
    let org = org().await;
    for (condition, expected) in [
        ("LastName = 'BYRON'", "Byron"),
        ("LastName != 'Byron' AND FirstName != null", "young Émile Adams"),
        ("FirstName = null", "Curie"),
        ("FirstName = ''", "Curie"),
        ("FirstName != 'Ada'", "young Curie Émile Adams"),
        ("NOT (FirstName = 'Ada')", "young Curie Émile Adams"),
        ("FirstName NOT IN ('Ada', 'Bob')", "Curie Émile Adams"),
        ("FirstName IN ('Ada', NULL)", "Byron Curie"),
        ("LastName LIKE '%y%'", "Byron young"),
        ("LastName LIKE 'é_ile'", "Émile"),
        ("NOT LastName LIKE '%y%'", "Curie Émile Adams"),
        ("LastName > 'c' AND LastName <= 'curie'", "Curie"),
        ("(LastName = 'Byron' OR LastName = 'Curie') AND Account.Name = 'zeta'", "Curie"),
        ("Account.Name = null", "Émile Adams"),
        ("Account.Industry = 'energy'", "Byron young"),
        ("Account.AnnualRevenue > 1000", "Curie"),
        ("Contact.Account.NumberOfEmployees = 10", "Byron young"),
        ("AccountId = null", "Émile Adams"),
        ("AccountId IN (SELECT Id FROM Account WHERE Industry = 'Banking')", "Curie"),
        ("AccountId NOT IN (SELECT Id FROM Account WHERE Industry = 'Banking')", "Byron young Émile Adams"),
        ("AccountId IN (SELECT AccountId FROM Opportunity)", "Byron young"),
        ("Interests__c INCLUDES ('Analytics', 'Support')", "Byron Émile"),
        ("Interests__c INCLUDES ('Analytics;Billing')", "Byron"),
        ("Interests__c EXCLUDES ('Billing')", "Curie Émile Adams"),
        ("Interests__c = 'Billing;Analytics'", "Byron"),
        ("DoNotCall = false AND Tier__c = 'gold'", "Byron Adams"),
        ("CreatedDate = TODAY", "Adams"),
        ("CreatedDate = YESTERDAY", "Émile"),
        ("CreatedDate = LAST_N_DAYS:2", "Curie Émile Adams"),
        ("CreatedDate < LAST_N_DAYS: 2", "Byron young"),
        ("CreatedDate > N_DAYS_AGO:2", "Émile Adams"),
        ("SystemModstamp >= 2025-06-05T09:00:00Z AND SystemModstamp < 2025-06-07T09:00:00.000+00:00", "Curie Émile"),
        ("SystemModstamp > 2025-06-05T09:00:00Z", "Émile Adams"),
        ("SystemModstamp <= 2025-06-05T10:00:00+01:00", "Byron young Curie"),
        ("SystemModstamp = 2025-06-05T09:00:00Z", "Curie"),
        ("SystemModstamp != 2025-06-05T09:00:00Z", "Byron young Émile Adams"),
        ("DAY_IN_MONTH(CreatedDate) = 4", "young"),
        ("Owner.Name = 'Integration User' AND Email LIKE '%@y.test'", "Émile Adams"),
        ("Email = 'ADA@X.TEST'", "Byron"),
        ("Email IN ('ada@x.test', 'eve@y.test', 'no@no.test')", "Byron Adams"),
    ] {
        let answer = org.query(&format!("SELECT LastName FROM Contact WHERE {condition} ORDER BY CreatedDate")).await;
        assert_eq!(answer.column("LastName").join(" "), expected, "{condition}");
        let count = org.query(&format!("SELECT COUNT() FROM Contact WHERE {condition}")).await;
        assert_eq!(
            count.body,
            json!({"totalSize": answer.body["totalSize"], "done": true, "records": []}),
            "{condition}"
        );
    }
    let accounts = org.query(r"SELECT Name FROM Account WHERE Name LIKE 'O\'H%50\%'").await;
    assert_eq!(accounts.column("Name"), ["O'Hara & 50%"]);
    let tasks = org.query("SELECT Subject FROM Task WHERE What.Type = 'Account'").await;
    assert_eq!(tasks.column("Subject"), ["about account"]);
    let tasks = org.query("SELECT Subject FROM Task WHERE ActivityDate = TODAY AND Who.Name LIKE 'ada%'").await;
    assert_eq!(tasks.column("Subject"), ["about deal"]);
    let mine = org.query("SELECT Id FROM Contact USING SCOPE mine").await;
    assert_eq!(mine.body["totalSize"], 5);
}

#[tokio::test]
async fn null_rows_follow_the_switch() {
    let org = org().await;
    org.sandbox.set_quirks(crate::salesforce_org::SF, &json!({"null_is_different": false})).unwrap();
    for (condition, expected) in [
        ("FirstName != 'Ada'", "young Émile Adams"),
        ("FirstName NOT IN ('Ada', 'Bob')", "Émile Adams"),
        ("NOT FirstName LIKE 'A%'", "young Émile Adams"),
        ("FirstName != null", "Byron young Émile Adams"),
    ] {
        let answer = org.query(&format!("SELECT LastName FROM Contact WHERE {condition} ORDER BY CreatedDate")).await;
        assert_eq!(answer.column("LastName").join(" "), expected, "{condition}");
    }
}

#[tokio::test]
async fn orders_limits_and_offsets() {
    let org = org().await;
    for (clause, expected) in [
        ("ORDER BY LastName", "Adams Byron Curie young Émile"),
        ("ORDER BY LastName DESC", "Émile young Curie Byron Adams"),
        ("ORDER BY FirstName, LastName", "Curie Byron young Émile Adams"),
        ("ORDER BY FirstName DESC", "Curie Adams Émile young Byron"),
        ("ORDER BY FirstName DESC NULLS LAST", "Adams Émile young Byron Curie"),
        ("ORDER BY Tier__c, LastName", "Émile Adams Byron Curie young"),
        ("ORDER BY Account.Name NULLS LAST, LastName", "Byron young Curie Adams Émile"),
        ("ORDER BY LastName LIMIT 2", "Adams Byron"),
        ("ORDER BY LastName LIMIT 2 OFFSET 3", "young Émile"),
        ("ORDER BY LastName LIMIT 0", ""),
    ] {
        let answer = org.query(&format!("SELECT LastName FROM Contact {clause}")).await;
        assert_eq!(answer.column("LastName").join(" "), expected, "{clause}");
        assert_eq!(answer.body["totalSize"].as_u64().unwrap() as usize, expected.split_whitespace().count());
    }
}

#[tokio::test]
async fn rows_have_the_documented_shape() {
    let org = org().await;
    let soql = "SELECT Name, Account.Name, Account.Owner.Email, MailingAddress, (SELECT Subject FROM Tasks) FROM Contact c WHERE c.LastName IN ('Byron', 'Adams') ORDER BY LastName";
    let answer = org.query(soql).await;
    let [adams, byron] = answer.body["records"].as_array().unwrap().as_slice() else { panic!("{}", answer.body) };
    let keys: Vec<&String> = byron.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["attributes", "Name", "Account", "MailingAddress", "Tasks"]);
    assert_eq!(byron["Account"]["Name"], "Acme");
    assert_eq!(byron["Account"]["attributes"]["type"], "Account");
    assert_eq!(byron["Account"]["Owner"]["Email"], "integration@crmkit.example");
    assert_eq!(byron["Tasks"]["totalSize"], 1);
    assert_eq!(byron["Tasks"]["done"], true);
    assert_eq!(byron["Tasks"]["records"][0]["Subject"], "about deal");
    assert_eq!(
        (&adams["Account"], &adams["Tasks"], &adams["MailingAddress"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );

    let old = org.get(&format!("/services/data/v45.0/query/?q={}", encode("SELECT Id FROM Contact LIMIT 1"))).await;
    assert!(old.body["records"][0]["attributes"]["url"].as_str().unwrap().starts_with("/services/data/v45.0/"));

    let poly = org.query("SELECT Who.Name, What.Type, What.Name, Owner.Type FROM Task ORDER BY Subject DESC").await;
    let deal = &poly.body["records"][0];
    assert_eq!(
        (&deal["Who"]["Name"], &deal["What"]["Type"], &deal["Owner"]["Type"]),
        (&json!("Ada Byron"), &json!("Opportunity"), &json!("User"))
    );
    assert_eq!(deal["Who"]["attributes"]["type"], "Contact");
    assert_eq!(poly.body["records"][1]["Who"], Value::Null);

    let fields = org.query("SELECT FIELDS(CUSTOM), toLabel(CleanStatus) FROM Contact LIMIT 1").await;
    assert!(fields.body["records"][0].as_object().unwrap().contains_key("Tier__c"));
    let nested = org.query("SELECT Name, (SELECT LastName, (SELECT Subject FROM Tasks) FROM Contacts WHERE LastName = 'Byron') FROM Account WHERE Name = 'Acme'").await;
    assert_eq!(nested.body["records"][0]["Contacts"]["records"][0]["Tasks"]["totalSize"], 1);
}

#[tokio::test]
async fn groups_and_aggregates() {
    let org = org().await;
    let records = async |soql: &str| {
        let answer = org.query(soql).await;
        assert_eq!(answer.status, StatusCode::OK, "{soql} {}", answer.body);
        answer.body["records"].clone()
    };
    let row = |fields: Value| {
        let mut row = json!({"attributes": {"type": "AggregateResult"}});
        row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        row
    };
    assert_eq!(records("SELECT COUNT(Id) FROM Contact").await, json!([row(json!({"expr0": 5}))]));
    assert_eq!(
        records("SELECT COUNT(Id) FROM Contact WHERE LastName = 'none'").await,
        json!([row(json!({"expr0": 0}))])
    );
    assert_eq!(
        records("SELECT COUNT(Email), COUNT_DISTINCT(Tier__c) tiers, MIN(LastName), MAX(CreatedDate) FROM Contact")
            .await,
        json!([row(json!({"expr0": 4, "tiers": 3, "expr1": "Adams", "expr2": "2025-06-07T09:00:00.000+0000"}))])
    );
    assert_eq!(
        records("SELECT Industry, SUM(AnnualRevenue) total, AVG(NumberOfEmployees) FROM Account GROUP BY Industry ORDER BY Industry").await,
        json!([
            row(json!({"Industry": "Banking", "total": 1501.0, "expr0": 30.0})),
            row(json!({"Industry": "Energy", "total": 500.0, "expr0": 10.0})),
        ])
    );
    assert_eq!(
        records("SELECT Tier__c t, COUNT(Id) n FROM Contact GROUP BY Tier__c HAVING COUNT(Id) > 1").await,
        json!([row(json!({"t": "Gold", "n": 2}))])
    );
    assert_eq!(
        records("SELECT Account.Name, COUNT(Id) FROM Contact WHERE AccountId != null GROUP BY Account.Name ORDER BY COUNT(Id) DESC LIMIT 1").await,
        json!([row(json!({"Name": "Acme", "expr0": 2}))])
    );
    assert_eq!(
        records("SELECT CALENDAR_MONTH(CreatedDate) m, COUNT(Id) FROM Contact GROUP BY CALENDAR_MONTH(CreatedDate)")
            .await,
        json!([row(json!({"m": 6, "expr0": 5}))])
    );
}

#[tokio::test]
async fn refused_queries_carry_code_place_and_words() {
    let org = Org::empty();
    let no_column = "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.";
    for (soql, code, message) in [
        ("select count() from XYZZY", "INVALID_TYPE",
            "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.".to_owned()),
        ("SELECT Id, Foo FROM Contact", "INVALID_FIELD",
            format!("\nSELECT Id, Foo FROM Contact\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Contact'. {no_column}")),
        ("SELECT Id, Id FROM Contact", "INVALID_FIELD", "\nSELECT Id, Id FROM Contact\n           ^\nERROR at Row:1:Column:12\nduplicate field selected: Id".to_owned()),
        ("SELECT Id FORM Contact", "MALFORMED_QUERY", "\nSELECT Id FORM Contact\n          ^\nERROR at Row:1:Column:11\nunexpected token: 'FORM'".to_owned()),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: <EOF>".to_owned()),
    ] {
        let answer = org.query(soql).await;
        assert_eq!(answer.body, json!([{"message": message, "errorCode": code}]), "{soql}");
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    for (soql, code, words) in [
        ("SELECT Foo.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Foo' in field path."),
        (
            "SELECT Id, (SELECT Id FROM Foos) FROM Contact",
            "INVALID_TYPE",
            "Didn't understand relationship 'Foos' in FROM part of query call.",
        ),
        (
            "SELECT Id FROM Contact WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Contact ORDER BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be sorted in a query call",
        ),
        ("SELECT Id FROM Contact WHERE Id = 'foo'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: foo"),
        (
            "SELECT Id FROM Contact WHERE CreatedDate > '2024-01-01'",
            "INVALID_FIELD",
            "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Contact WHERE CreatedDate > 2024-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Contact WHERE Birthdate = 2024-01-01T00:00:00Z", "INVALID_FIELD", "must be of type date "),
        (
            "SELECT Id FROM Contact WHERE DoNotCall = 'true'",
            "INVALID_FIELD",
            "must be of type boolean and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        ("SELECT Id FROM Contact WHERE LastName INCLUDES ('x')", "INVALID_QUERY_FILTER_OPERATOR", "multi-select"),
        ("SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        (
            "SELECT Id FROM Contact LIMIT 1 OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Name, COUNT(Id) FROM Contact", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT COUNT(Id) FROM Contact LIMIT 1", "MALFORMED_QUERY", "cannot also use LIMIT"),
        ("SELECT Name n FROM Contact", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT SUM(LastName) FROM Contact", "MALFORMED_QUERY", "does not support aggregate operator"),
        ("SELECT AnnualRevenue FROM Account GROUP BY AnnualRevenue", "MALFORMED_QUERY", "can not be grouped"),
        ("SELECT Id FROM Contact WHERE Id IN (SELECT Name FROM Account)", "MALFORMED_QUERY", "'Name' of a semi join"),
        (r"SELECT Id FROM Contact WHERE LastName = 'a\d'", "MALFORMED_QUERY", "Illegal character sequence"),
    ] {
        let answer = org.query(soql).await;
        assert_eq!(answer.refusal(), (400, code), "{soql} {}", answer.body);
        assert!(answer.message().contains(words), "{soql} {}", answer.message());
    }
    assert_eq!(org.get("query").await.refusal(), (400, "MALFORMED_QUERY"));
    let shallow = encode("SELECT Id, (SELECT Id, (SELECT Id FROM Tasks) FROM Contacts) FROM Account");
    assert_eq!(org.get(&format!("/services/data/v57.0/query?q={shallow}")).await.refusal(), (400, "INVALID_TYPE"));
    assert_eq!(org.get(&format!("/services/data/v58.0/query?q={shallow}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_are_frozen_when_the_query_runs() {
    let org = Org::demo();
    let soql = encode("SELECT Id, LastName, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id");
    let small = [("sforce-query-options", "batchSize=500")];
    let first = org.call(Method::GET, &format!("query?q={soql}"), &small, None).await;
    let total = first.body["totalSize"].as_u64().unwrap() as usize;
    assert!(total > 1_000);
    assert_eq!((first.column("Id").len(), &first.body["done"]), (500, &json!(false)));
    let next = first.body["nextRecordsUrl"].as_str().unwrap().to_owned();
    assert!(next.starts_with("/services/data/v62.0/query/01g") && next.ends_with("-500"), "{next}");

    // What happens meanwhile is not seen.
    let victims = org.query("SELECT Id FROM Contact ORDER BY SystemModstamp DESC, Id DESC LIMIT 3").await.column("Id");
    org.sandbox.edit(crate::salesforce_org::SF, "Contact", &victims[0], json!({"LastName": "Changed"})).unwrap();
    org.sandbox.delete(crate::salesforce_org::SF, "Contact", &victims[1]).unwrap();
    org.contact("Brand new").await;

    let mut ids = first.column("Id");
    let mut names = first.column("LastName");
    let mut page = org.get(&next).await;
    let again = org.get(&next).await;
    assert_eq!(page.body, again.body, "a page can be read again");
    loop {
        assert_eq!(page.body["totalSize"], total);
        ids.extend(page.column("Id"));
        names.extend(page.column("LastName"));
        let Some(next) = page.body["nextRecordsUrl"].as_str() else {
            break;
        };
        page = org.get(next).await;
    }
    assert_eq!(page.body["done"], true);
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (total, total));
    assert!(!names.contains(&"Changed".to_owned()) && victims.iter().all(|victim| ids.contains(victim)));

    let locator = next.rsplit('/').next().unwrap();
    assert_eq!(org.get(&format!("queryAll/{locator}")).await.status, StatusCode::OK);
    org.advance(3 * 86_400);
    assert_eq!(org.get(&next).await.refusal(), (400, "INVALID_QUERY_LOCATOR"));
    let tiny =
        org.call(Method::GET, &format!("query?q={soql}"), &[("sforce-query-options", "batchSize=1")], None).await;
    assert_eq!(tiny.column("Id").len(), 200, "smaller pages than 200 are not given");
}

#[tokio::test]
async fn columns_and_explain_describe_instead_of_answering() {
    let org = Org::empty();
    let soql = encode("SELECT Id, Owner.Name, (SELECT Id FROM Tasks) FROM Contact WHERE AccountId = '001gK0000000000'");
    let columns = org.get(&format!("query?q={soql}&columns=true")).await.body;
    assert_eq!(columns["entityName"], "Contact");
    let names: Vec<&str> = columns["columnMetadata"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["columnName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Id", "Owner", "Tasks"]);
    assert_eq!(columns["columnMetadata"][1]["joinColumns"][0]["columnName"], "Name");
    let plan = org.get(&format!("query?explain={soql}")).await.body;
    assert_eq!(plan["plans"][0]["leadingOperationType"], "Index");
}
