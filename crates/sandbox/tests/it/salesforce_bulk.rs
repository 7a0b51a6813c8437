//! Bulk jobs: ingest and query.

use axum::http::Method;
use bytes::Bytes;
use chrono::TimeDelta;
use sandbox::{Data, Sandbox};
use serde_json::{Value, json};

use crate::salesforce_org::{Answer, Org, SF};

impl Org {
    fn bulk(quirks: Value) -> Org {
        let org = Org::with(Sandbox::builder().data(Data::Empty).build());
        org.sandbox.set_quirks(SF, &quirks).unwrap();
        org
    }

    async fn raw(&self, method: Method, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let token = self.sandbox.credentials(SF)["access_token"].as_str().unwrap().to_owned();
        let request = axum::http::Request::builder()
            .method(method)
            .uri(format!("http://salesforce.sandbox/services/data/v62.0/{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", content_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn job(&self, description: Value) -> String {
        let answer = self.post("jobs/ingest", description).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    async fn upload(&self, id: &str, csv: &str) -> Answer {
        let path = format!("jobs/ingest/{id}/batches");
        self.raw(Method::PUT, &path, "text/csv", csv.to_owned()).await
    }

    async fn close(&self, id: &str) -> Answer {
        self.patch(&format!("jobs/ingest/{id}"), json!({"state": "UploadComplete"})).await
    }

    /// Runs a job from end to end and gives its final description.
    async fn run(&self, description: Value, csv: &str) -> (String, Value) {
        let id = self.job(description).await;
        assert_eq!(self.upload(&id, csv).await.status, 201);
        assert_eq!(self.close(&id).await.status, 200);
        let done = self.get(&format!("jobs/ingest/{id}")).await.body;
        (id, done)
    }

    async fn lines(&self, id: &str, resource: &str) -> Vec<String> {
        let answer = self.get(&format!("jobs/ingest/{id}/{resource}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = answer.body.as_str().unwrap_or_default();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if let Some((_, rest)) = lines.split_first_mut() {
            rest.sort();
        }
        lines
    }
}

fn contacts(operation: &str) -> Value {
    json!({"object": "contact", "operation": operation})
}

#[tokio::test]
async fn a_job_goes_from_open_to_its_results() {
    let org = Org::bulk(json!({}));
    let answer = org.post("jobs/ingest", contacts("insert")).await;
    let id = answer.body["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("750"));
    assert_eq!((&answer.body["state"], &answer.body["object"]), (&json!("Open"), &json!("Contact")));
    assert_eq!(answer.body["apiVersion"].to_string(), "62.0");
    assert_eq!(answer.body["contentUrl"], format!("services/data/v62.0/jobs/ingest/{id}/batches"));
    assert!(answer.body.get("jobType").is_none());
    assert_eq!(
        org.upload(&id, "LastName,Email,DoNotCall\nA,a@example.com,1\n,b@example.com,false\n").await.status,
        201
    );
    let closed = org.close(&id).await.body;
    assert_eq!(closed["state"], "UploadComplete");
    assert!(["jobType", "lineEnding", "columnDelimiter"].iter().all(|name| closed.get(name).is_none()));
    let done = org.get(&format!("jobs/ingest/{id}")).await.body;
    assert_eq!((&done["state"], &done["jobType"]), (&json!("JobComplete"), &json!("V2Ingest")));
    assert_eq!((&done["numberRecordsProcessed"], &done["numberRecordsFailed"]), (&json!(2), &json!(1)));
    let ok = org.lines(&id, "successfulResults").await;
    assert_eq!(ok[0], r#""sf__Id","sf__Created","LastName","Email","DoNotCall""#);
    assert!(ok[1].ends_with(r#","true","A","a@example.com","1""#), "{}", ok[1]);
    assert_eq!(
        org.lines(&id, "failedResults").await[1],
        r#""","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --","","b@example.com","false""#
    );
    for name in ["unprocessedrecords", "unprocessedRecords"] {
        assert_eq!(org.lines(&id, name).await, [r#""LastName","Email","DoNotCall""#]);
    }
    assert_eq!(org.query("SELECT DoNotCall FROM Contact").await.column("DoNotCall"), ["true"]);
    assert_eq!(org.close(&id).await.refusal(), (400, "INVALIDJOBSTATE"));
    assert_eq!(org.delete(&format!("jobs/ingest/{id}")).await.status, 204);
    assert_eq!(org.get(&format!("jobs/ingest/{id}")).await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn descriptions_are_checked() {
    let org = Org::bulk(json!({}));
    for (description, code, words) in [
        (json!({"operation": "insert"}), "INVALIDJOB", "object is required"),
        (json!({"object": "Contact"}), "INVALIDJOB", "operation is required"),
        (json!({"object": "Contact", "operation": "merge"}), "JSON_PARSER_ERROR", "merge"),
        (json!({"object": "Nope", "operation": "insert"}), "INVALIDENTITY", "Unable to find object: Nope"),
        (json!({"object": "Contact", "operation": "insert", "contentType": "JSON"}), "JSON_PARSER_ERROR", "JSON"),
        (json!({"object": "Contact", "operation": "insert", "columnDelimiter": ";"}), "JSON_PARSER_ERROR", ";"),
        (json!({"object": "Contact", "operation": "insert", "linending": "LF"}), "JSON_PARSER_ERROR", "linending"),
        (contacts("upsert"), "INVALIDJOB", "External ID was blank for Contact"),
        (
            json!({"object": "Contact", "operation": "upsert", "externalIdFieldName": "Title"}),
            "INVALIDJOB",
            "does not match an External ID",
        ),
        (contacts("hardDelete"), "FEATURENOTENABLED", "permission"),
    ] {
        let answer = org.post("jobs/ingest", description.clone()).await;
        assert_eq!(answer.refusal(), (400, code), "{description}");
        assert!(answer.message().contains(words), "{}", answer.message());
    }
    let id = org.job(contacts("insert")).await;
    let answer = org.raw(Method::PUT, &format!("jobs/ingest/{id}/batches"), "application/json", "{}").await;
    assert_eq!(answer.refusal(), (415, "UNSUPPORTED_MEDIA_TYPE"));
    assert_eq!(org.delete(&format!("jobs/ingest/{id}")).await.refusal(), (400, "API_ERROR"));
    assert_eq!(org.get(&format!("jobs/ingest/{id}/failedResults")).await.refusal(), (400, "INVALIDJOBSTATE"));
    let aborted = org.patch(&format!("jobs/ingest/{id}"), json!({"state": "Aborted"})).await;
    assert_eq!(aborted.body["state"], "Aborted");
    assert_eq!(org.upload(&id, "LastName\nA\n").await.refusal(), (400, "INVALIDJOBSTATE"));
}

#[tokio::test]
async fn what_is_wrong_with_the_data_as_a_whole_fails_the_job() {
    let org = Org::bulk(json!({}));
    for (operation, csv, error) in [
        ("insert", "LastName,Foo\nA,1\n", "InvalidBatch : Field name not found : Foo"),
        ("insert", "LastName,MailingAddress\nA,1\n", "InvalidBatch : Field name not found : MailingAddress"),
        (
            "insert",
            "LastName\r\nA\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        ("insert", "LastName,Title\nA\n", "InvalidBatch : Failed to parse CSV."),
        ("insert", "LastName\nA\"b\n", "InvalidBatch : Failed to parse CSV. Found unescaped quote"),
        ("delete", "Id,LastName\n003,x\n", "InvalidBatch : The 'delete' batch must contain only ids"),
    ] {
        let (id, done) = org.run(contacts(operation), csv).await;
        assert_eq!(done["state"], "Failed", "{csv}");
        assert!(done["errorMessage"].as_str().unwrap().starts_with(error), "{done}");
        assert!(org.lines(&id, "successfulResults").await.len() <= 1, "nothing but a header");
    }
    let id = org.job(contacts("insert")).await;
    org.upload(&id, "LastName\nA\n").await;
    org.upload(&id, "LastName\nB\n").await;
    org.close(&id).await;
    let done = org.get(&format!("jobs/ingest/{id}")).await.body;
    assert!(done["errorMessage"].as_str().unwrap().contains("Found multiple contents for job"), "{done}");
    assert_eq!(org.query("SELECT Id FROM Contact").await.body["totalSize"], 0);
    let (_, empty) = org.run(contacts("insert"), "").await;
    assert_eq!((&empty["state"], &empty["numberRecordsProcessed"]), (&json!("JobComplete"), &json!(0)));
}

#[tokio::test]
async fn null_marks_empty_cells_and_types_are_told_apart() {
    let org = Org::bulk(json!({}));
    let id = org.make("Contact", json!({"LastName": "A", "Title": "t", "Department": "d"})).await;
    let csv = format!("Id,Title,Department\n{id},#N/A,\n");
    let (_, done) = org.run(contacts("update"), &csv).await;
    assert_eq!(done["numberRecordsFailed"], 0);
    let row = org.get(&format!("sobjects/Contact/{id}")).await.body;
    assert_eq!((&row["Title"], &row["Department"]), (&Value::Null, &json!("d")));
    let csv = format!("Id,Birthdate,Email\n{id},soon,\n003gK0000000000,,a@b.co\n,,a@b.co\n{id},,nonsense\n");
    let (job, _) = org.run(contacts("update"), &csv).await;
    let failed = org.lines(&job, "failedResults").await.join("\n");
    for words in [
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Birthdate: value not of required type: soon:Birthdate --",
        "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id: --",
        "MISSING_ARGUMENT:Id not specified in an update call: --",
        "INVALID_EMAIL_ADDRESS:Email: invalid email address: nonsense:Email --",
    ] {
        assert!(failed.contains(words), "{words} in {failed}");
    }
}

#[tokio::test]
async fn delimiters_line_endings_marks_and_newlines_in_cells() {
    let org = Org::bulk(json!({}));
    let mut description = contacts("insert");
    description["columnDelimiter"] = json!("SEMICOLON");
    description["lineEnding"] = json!("CRLF");
    let (id, done) = org.run(description, "\u{feff}LastName;Description\r\n\"a;\"\"b\"\"\";\"one\r\ntwo\"\r\n").await;
    assert_eq!(done["numberRecordsFailed"], 0, "{done}");
    let read = org.query("SELECT LastName, Description FROM Contact").await;
    assert_eq!(read.column("LastName"), ["a;\"b\""]);
    assert_eq!(read.column("Description"), ["one\r\ntwo"]);
    let answer = org.get(&format!("jobs/ingest/{id}/successfulResults")).await;
    assert!(answer.body.as_str().unwrap().starts_with("\"sf__Id\";\"sf__Created\";\"LastName\";\"Description\"\r\n"));
    assert!(answer.header("content-type").starts_with("text/csv"));
}

#[tokio::test]
async fn upsert_finds_by_external_id_and_parents_by_theirs() {
    let org = Org::bulk(json!({}));
    let field = org.get("sobjects/Account/describe").await.body["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["externalId"] == true)
        .map(|field| field["name"].as_str().unwrap().to_owned())
        .unwrap();
    let account = json!({"externalIdFieldName": field, "object": "Account", "operation": "upsert"});
    let (first, _) = org.run(account.clone(), &format!("{field},Name\nk-1,One\nk-2,Two\n")).await;
    assert_eq!(org.lines(&first, "successfulResults").await.iter().filter(|line| line.contains("\"true\"")).count(), 2);
    let (second, done) = org.run(account, &format!("{field},Name\nk-1,Uno\nk-3,x\nk-3,y\n,z\n")).await;
    assert_eq!(done["numberRecordsFailed"], 3, "{done}");
    let ok = org.lines(&second, "successfulResults").await;
    assert!(ok[1].ends_with(r#","false","k-1","Uno""#), "{}", ok[1]);
    let failed = org.lines(&second, "failedResults").await.join("\n");
    assert!(failed.contains("DUPLICATE_VALUE:Duplicate external id specified: k-3"), "{failed}");
    let csv = format!("LastName,Account.{field}\nA,k-1\nB,k-9\n");
    let (job, _) = org.run(contacts("insert"), &csv).await;
    assert_eq!(org.query("SELECT Account.Name FROM Contact").await.body["records"][0]["Account"]["Name"], "Uno");
    assert!(org.lines(&job, "failedResults").await[1].contains("INVALID_FIELD:Foreign key external ID: k-9 not found"));
}

#[tokio::test]
async fn deleting_softly_and_for_good() {
    let org = Org::bulk(json!({"bulk_hard_delete": true}));
    let (one, two) = (org.contact("One").await, org.contact("Two").await);
    org.run(contacts("delete"), &format!("Id\n{one}\n")).await;
    org.run(contacts("hardDelete"), &format!("Id\n{two}\n")).await;
    assert_eq!(org.query_all("SELECT Id FROM Contact").await.column("Id"), [one]);
}

#[tokio::test]
async fn jobs_wait_for_polls_or_for_the_clock() {
    let org = Org::bulk(json!({"bulk_polls": 3}));
    let id = org.job(contacts("insert")).await;
    org.upload(&id, "LastName\nA\n").await;
    org.close(&id).await;
    let mut states = Vec::new();
    for _ in 0..3 {
        states.push(org.get(&format!("jobs/ingest/{id}")).await.body["state"].as_str().unwrap().to_owned());
    }
    assert_eq!(states, ["UploadComplete", "InProgress", "JobComplete"]);

    let org = Org::bulk(json!({"bulk_seconds": 60}));
    let (id, done) = org.run(contacts("insert"), "LastName\nA\n").await;
    assert_eq!(done["state"], "UploadComplete");
    org.sandbox.clock().advance(TimeDelta::seconds(61));
    assert_eq!(org.query("SELECT Id FROM Contact").await.body["totalSize"], 1, "it ran without being looked at");
    assert_eq!(org.get(&format!("jobs/ingest/{id}")).await.body["state"], "JobComplete");
    org.sandbox.clock().advance(TimeDelta::days(7));
    assert_eq!(org.get(&format!("jobs/ingest/{id}")).await.status, 404, "kept for seven days");
}

#[tokio::test]
async fn locks_and_sudden_death_come_on_demand() {
    let csv: String =
        "LastName\n".chars().chain((0..10).flat_map(|n| format!("N{n}\n").chars().collect::<Vec<_>>())).collect();
    let org = Org::bulk(json!({"bulk_lock_every": 4}));
    let (id, done) = org.run(contacts("insert"), &csv).await;
    assert_eq!(done["numberRecordsFailed"], 2);
    assert!(org.lines(&id, "failedResults").await[1].contains("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access"));
    let org = Org::bulk(json!({"bulk_fail_after_rows": 7}));
    let (id, done) = org.run(contacts("insert"), &csv).await;
    assert_eq!((&done["state"], &done["numberRecordsProcessed"]), (&json!("Failed"), &json!(7)));
    assert_eq!(org.lines(&id, "unprocessedrecords").await.len(), 4);
    assert_eq!(org.lines(&id, "successfulResults").await.len(), 8);

    let org = Org::bulk(json!({"bulk_parent_locks": true, "bulk_batch_rows": 2}));
    let (a, b) = (org.account("A").await, org.account("B").await);
    let unsorted = format!("LastName,AccountId\n1,{a}\n2,{b}\n3,{a}\n4,{b}\n");
    let (_, done) = org.run(contacts("insert"), &unsorted).await;
    assert_eq!(done["numberRecordsFailed"], 2);
    let sorted = format!("LastName,AccountId\n1,{a}\n2,{a}\n3,{b}\n4,{b}\n");
    let (_, done) = org.run(contacts("insert"), &sorted).await;
    assert_eq!(done["numberRecordsFailed"], 0);
}

#[tokio::test]
async fn a_multipart_request_is_complete_at_once() {
    let org = Org::bulk(json!({}));
    let body = "--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n{\"object\":\"Contact\",\"operation\":\"insert\"}\r\n--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\nLastName\nA\n\r\n--B--\r\n";
    let answer = org.raw(Method::POST, "jobs/ingest", "multipart/form-data; boundary=B", body).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("UploadComplete")), "{}", answer.body);
    assert_eq!(org.query("SELECT Id FROM Contact").await.body["totalSize"], 1);
    let long = body.replace("A\n", &"A\n".repeat(60_000));
    let answer = org.raw(Method::POST, "jobs/ingest", "multipart/form-data; boundary=B", long).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn queries_run_as_jobs_and_are_read_in_pages() {
    let org = Org::bulk(json!({}));
    let account = org.account("Acme, \"Inc\"").await;
    for n in 0..5 {
        org.make("Contact", json!({"LastName": format!("N{n}"), "AccountId": account})).await;
    }
    let soql = "SELECT LastName, Title, Account.Name, CreatedDate, DoNotCall FROM Contact ORDER BY LastName";
    let answer = org.post("jobs/query", json!({"operation": "query", "query": soql})).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("UploadComplete")));
    assert!(answer.body.get("query").is_none());
    let id = answer.body["id"].as_str().unwrap().to_owned();
    let done = org.get(&format!("jobs/query/{id}")).await.body;
    assert_eq!((&done["state"], &done["jobType"]), (&json!("JobComplete"), &json!("V2Query")));
    assert_eq!(done["numberRecordsProcessed"], 5);
    let first = org.get(&format!("jobs/query/{id}/results?maxRecords=3")).await;
    assert_eq!(first.header("sforce-numberofrecords"), "3");
    let text = first.body.as_str().unwrap();
    assert!(text.starts_with(
        "\"LastName\",\"Title\",\"Account.Name\",\"CreatedDate\",\"DoNotCall\"\n\"N0\",\"\",\"Acme, \"\"Inc\"\"\",\""
    ));
    assert!(text.lines().nth(1).unwrap().ends_with(".000Z\",\"false\""), "{text}");
    let locator = first.header("sforce-locator").to_owned();
    let last = org.get(&format!("jobs/query/{id}/results?maxRecords=3&locator={locator}")).await;
    assert_eq!((last.header("sforce-locator"), last.header("sforce-numberofrecords")), ("null", "2"));
    assert_eq!(last.body.as_str().unwrap().lines().count(), 3);
    let pages = org.get(&format!("jobs/query/{id}/resultPages?maxRecords=2")).await.body;
    assert_eq!((pages["resultPages"].as_array().unwrap().len(), &pages["done"]), (3, &json!(true)));
    let link = pages["resultPages"][2]["resultLink"].as_str().unwrap().to_owned();
    assert_eq!(org.get(&link).await.header("sforce-numberofrecords"), "1");
    let other = org.get(&format!("/services/data/v61.0/jobs/query/{id}/results")).await;
    assert_eq!(other.status, 409);
    assert_eq!(
        org.get(&format!("jobs/query/{id}/results?locator=nonsense")).await.refusal().1,
        "INVALID_QUERY_LOCATOR"
    );
    let listed = org.get("jobs/query").await.body;
    assert_eq!((&listed["done"], listed["records"].as_array().unwrap().len()), (&json!(true), 1));
    assert_eq!(org.delete(&format!("jobs/query/{id}")).await.status, 204);
}

#[tokio::test]
async fn what_jobs_cannot_query_is_refused_at_once() {
    let org = Org::bulk(json!({}));
    for (soql, code) in [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT COUNT(Id) FROM Contact GROUP BY LastName", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT Id FROM Contact LIMIT 5 OFFSET 2", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT MailingAddress FROM Contact", "FUNCTIONALITY_NOT_ENABLED"),
    ] {
        let answer = org.post("jobs/query", json!({"operation": "query", "query": soql})).await;
        assert_eq!(answer.refusal(), (400, code), "{soql}");
    }
    let deleted = org.contact("gone").await;
    org.delete(&format!("sobjects/Contact/{deleted}")).await;
    let job = org.post("jobs/query", json!({"operation": "queryAll", "query": "SELECT Id FROM Contact"})).await;
    let id = job.body["id"].as_str().unwrap();
    let rows = org.get(&format!("jobs/query/{id}/results")).await;
    assert_eq!(rows.body.as_str().unwrap(), format!("\"Id\"\n\"{deleted}\"\n"));
}

#[tokio::test]
async fn jobs_draw_on_the_allowances_and_are_listed_in_pages() {
    let org = Org::bulk(json!({}));
    org.run(contacts("insert"), "LastName\nA\n").await;
    org.post("jobs/query", json!({"operation": "query", "query": "SELECT Id FROM Contact"})).await;
    let limits = org.get("limits").await.body;
    assert_eq!(limits["DailyBulkApiBatches"], json!({"Max": 15_000, "Remaining": 14_999}));
    assert_eq!(limits["DailyBulkV2QueryJobs"], json!({"Max": 10_000, "Remaining": 9_999}));
    for _ in 0..1_000 {
        org.job(contacts("insert")).await;
    }
    let page = org.get("jobs/ingest?jobType=V2Ingest").await.body;
    assert_eq!((&page["done"], page["records"].as_array().unwrap().len()), (&json!(false), 1_000));
    let next = page["nextRecordsUrl"].as_str().unwrap().to_owned();
    let rest = org.get(&next).await.body;
    assert_eq!((&rest["done"], rest["records"].as_array().unwrap().len()), (&json!(true), 1));
}
