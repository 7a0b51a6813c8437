//! Bulk jobs: what CSV makes easy to get wrong, jobs that take long, failures that look like success, rows that others
//! hold.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use rest_core::ErrorKind;
use salesforce::bulk::{
    ColumnDelimiter, Ingest, JobHandle, JobKind, JobState, KeyedRow, LineEnding, Operation, Polling, Record,
};
use salesforce::{Account, Change, Contact, ContactUpdate, Id, NewAccount, NewContact, Salesforce, soql};
use sandbox::{Fault, FaultKind, Matcher, Vendor};
use serde_json::{Value, json};

use crate::Org;

const QUICK: Duration = Duration::from_millis(2);

fn quick() -> Polling {
    Polling::default().pauses(QUICK, QUICK)
}

async fn org(quirks: Value) -> Org {
    let org = Org::empty().await;
    org.sandbox.set_quirks(Vendor::Salesforce, &quirks).unwrap();
    org
}

impl Org {
    fn load(&self, operation: Operation) -> Ingest {
        self.client.bulk().ingest("Contact", operation).polling(quick())
    }

    fn fail(&self, kind: FaultKind, method: &str, part: &str) {
        self.sandbox.faults().inject(Vendor::Salesforce, Fault::on(kind, Matcher::on(method, part)));
    }

    async fn people(&self) -> u64 {
        self.client.count("SELECT COUNT() FROM Contact").await.unwrap()
    }
}

fn person(n: usize) -> NewContact {
    NewContact { last_name: Some(format!("N{n}")), ..NewContact::default() }
}

async fn column(client: &Salesforce, soql: &'static str, name: &str) -> Vec<String> {
    let rows: Vec<Value> =
        client.query::<Value>(soql).stream().map_ok(salesforce::Row::into_data).try_collect().await.unwrap();
    rows.into_iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn every_row_has_its_own_result_in_the_order_of_the_input() {
    let org = org(json!({})).await;
    let mut rows: Vec<NewContact> = (0..50).map(person).collect();
    rows[7].last_name = None;
    rows[7].title = Some("no name".into());
    rows[20].email = Some("nonsense".into());
    rows[33] = rows[34].clone();
    let results = org.load(Operation::Insert).write_all(&rows).await;
    assert_eq!(results.len(), 50);
    for (n, result) in results.iter().enumerate() {
        match (n, result) {
            (7, Err(error)) => {
                assert_eq!(error.vendor_code(), Some("REQUIRED_FIELD_MISSING"));
                assert_eq!(error.fields()[0].field, "LastName");
            }
            (20, Err(error)) => assert_eq!(error.vendor_code(), Some("INVALID_EMAIL_ADDRESS")),
            (_, Ok(saved)) => {
                let id: Id<Contact> = saved.id.cast().unwrap();
                let read = org.client.contacts().get(id).await.unwrap();
                assert_eq!(read.last_name, rows[n].last_name, "the result of row {n} is its own");
            }
            (n, Err(error)) => panic!("row {n}: {error}"),
        }
    }
}

#[tokio::test]
async fn csv_traps_emptied_and_left_alone_quotes_newlines_and_line_endings() {
    let org = org(json!({})).await;
    let text = "a \"quoted\", word;\r\nand\ta second line|";
    let id = org
        .client
        .contacts()
        .create(&NewContact { title: Some("t".into()), department: Some("d".into()), ..person(1) })
        .await
        .unwrap();
    for (delimiter, ending) in [
        (ColumnDelimiter::Comma, LineEnding::Lf),
        (ColumnDelimiter::Semicolon, LineEnding::Crlf),
        (ColumnDelimiter::Tab, LineEnding::Lf),
        (ColumnDelimiter::Pipe, LineEnding::Crlf),
    ] {
        let update = ContactUpdate {
            title: Change::Clear,
            description: text.into(),
            phone: Change::Keep,
            ..ContactUpdate::default()
        };
        let load = org.load(Operation::Update).delimiter(delimiter).line_ending(ending);
        let report = load.run(stream::iter([KeyedRow::id(id, update)])).await;
        assert!(report.is_success(), "{delimiter:?}: {report} {:?}", report.failures);
        let read = org.client.contacts().get(id).await.unwrap();
        assert_eq!((read.title.as_deref(), read.department.as_deref()), (None, Some("d")));
        assert_eq!(read.description.as_deref(), Some(text));
    }
    let emptied = ContactUpdate { department: Change::Set(String::new()), ..ContactUpdate::default() };
    org.load(Operation::Update).run(stream::iter([KeyedRow::id(id, emptied)])).await.all_written().unwrap();
    assert_eq!(org.client.contacts().get(id).await.unwrap().department, None, "an empty text empties the field");
}

#[tokio::test]
async fn csv_traps_what_cannot_be_said_is_refused_before_it_is_sent() {
    let org = org(json!({})).await;
    let rows = [
        json!({"LastName": "#N/A"}),
        json!({"LastName": "a\u{0}b"}),
        json!({"LastName": "x", "MailingAddress": {"city": "Ulm", "street": "s"}}),
        json!({"LastName": ["x"]}),
        json!({}),
        json!(7),
        json!({"LastName": "good"}),
    ];
    let results = org.load(Operation::Insert).write_all(&rows).await;
    for (row, words) in [(0, "#N/A"), (1, "NUL"), (2, "compound"), (3, "a list"), (4, "no field"), (5, "no object")] {
        let error = results[row].as_ref().unwrap_err();
        assert_eq!((error.kind(), error.vendor()), (ErrorKind::Config, Some("salesforce")));
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(results[6].is_ok());
    assert_eq!(column(&org.client, "SELECT LastName FROM Contact", "LastName").await, ["good"]);
    let file = json!({"Name": "x.txt", "ParentId": "001000000000001AAA", "Body": "aGk="});
    let refused = org.client.bulk().ingest("Attachment", Operation::Insert).write_all(&[file]).await;
    assert!(refused[0].as_ref().unwrap_err().to_string().contains("Body holds a file"));
}

#[tokio::test]
async fn splitting_into_jobs_loses_no_row() {
    let org = org(json!({})).await;
    let rows: Vec<NewContact> = (0..95).map(person).collect();
    let report = org.load(Operation::Insert).job_rows(20).run(stream::iter(rows)).await;
    assert_eq!((report.rows, report.written, report.created, report.jobs.len()), (95, 95, 95, 5), "{report}");
    let mut names = column(&org.client, "SELECT LastName FROM Contact", "LastName").await;
    names.sort_by_key(|name| name[1..].parse::<u32>().unwrap());
    assert_eq!(names, (0..95).map(|n| format!("N{n}")).collect::<Vec<_>>());
    let wide = (0..40).map(|n| NewContact { description: Some("x".repeat(500)), ..person(n) });
    let report = org.load(Operation::Insert).job_bytes(4_000).run(stream::iter(wide)).await;
    assert!(report.is_success() && report.jobs.len() >= 6, "{report}");
    assert_eq!(org.people().await, 135);
}

#[tokio::test]
async fn rows_alike_in_every_cell_are_told_apart_by_number() {
    let org = org(json!({"bulk_lock_every": 3})).await;
    let rows = vec![person(1); 10];
    let results = org.load(Operation::Insert).lock_retries(0).write_all(&rows).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 7);
    let mut ids: Vec<_> = results.iter().flatten().map(|saved| saved.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 7, "each result belongs to one row");
}

#[tokio::test]
async fn upserts_parents_by_external_id_and_deletes() {
    let org = org(json!({"bulk_hard_delete": true})).await;
    let upsert = Operation::Upsert("Crmkit_Key__c".into());
    let row = |key: &str, name: &str| {
        KeyedRow::external_id("Crmkit_Key__c", key, NewAccount { name: Some(name.into()), ..NewAccount::default() })
    };
    let load = || org.client.bulk().ingest("Account", upsert.clone()).polling(quick());
    let first = load().write_all(&[row("a/1", "One"), row("a 2", "Two")]).await;
    assert!(first.iter().all(|result| result.as_ref().unwrap().created == Some(true)));
    let second = load().write_all(&[row("a 2", "Zwei"), row("a3", "Three")]).await;
    let created: Vec<_> = second.iter().map(|result| result.as_ref().unwrap().created).collect();
    assert_eq!(
        (created, second[0].as_ref().unwrap().id),
        (vec![Some(false), Some(true)], first[1].as_ref().unwrap().id)
    );
    let child = json!({"LastName": "Kid", "Account": {"Crmkit_Key__c": "a 2"}});
    org.load(Operation::Insert).run(stream::iter([child])).await.all_written().unwrap();
    let ids: Vec<Id<Contact>> = org
        .client
        .query::<Contact>("SELECT Id FROM Contact WHERE Account.Name = 'Zwei'")
        .stream()
        .map_ok(|row| row.id)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids.len(), 1);
    let gone = org.load(Operation::Delete).run(stream::iter(ids.iter().map(|id| KeyedRow::bare(*id)))).await;
    assert_eq!((gone.written, gone.created), (1, 0));
    let again = org.load(Operation::Delete).write_all(&[KeyedRow::bare(ids[0])]).await;
    assert_eq!(again[0].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_complete_job_with_failed_rows_is_no_success() {
    let org = org(json!({})).await;
    let rows = vec![person(1), NewContact { title: Some("x".into()), ..NewContact::default() }];
    let report = org.load(Operation::Insert).run(stream::iter(rows)).await;
    assert!(!report.is_success() && report.stopped.is_none());
    assert_eq!((report.rows, report.written, report.failures.len(), report.failures[0].row), (2, 1, 1, Some(1)));
    assert!(report.to_string().starts_with("2 rows: 1 written (1 new), 1 refused"), "{report}");
    let error = report.all_written().unwrap_err();
    assert_eq!(error.vendor_code(), Some("REQUIRED_FIELD_MISSING"));
    assert!(error.to_string().contains("2 rows: 1 written"), "{error}");
}

#[tokio::test]
async fn a_job_that_dies_says_which_rows_it_did_not_reach() {
    let org = org(json!({"bulk_fail_after_rows": 4})).await;
    let rows: Vec<NewContact> = (0..10).map(person).collect();
    let report = org.load(Operation::Insert).job_rows(6).run(stream::iter(rows)).await;
    assert_eq!((report.rows, report.written, report.failures.len()), (6, 4, 2), "{report}");
    assert!(
        report
            .failures
            .iter()
            .all(|failure| failure.error.kind() == ErrorKind::Precondition && failure.error.is_retryable())
    );
    let mut missed: Vec<_> = report.failures.iter().map(|failure| failure.row.unwrap()).collect();
    missed.sort_unstable();
    assert_eq!(missed, [4, 5]);
    assert!(report.stopped.unwrap().to_string().contains("InternalServerError"));

    let org = self::org(json!({})).await;
    let results = org.load(Operation::Insert).write_all(&[json!({"LastName": "x", "Nope__c": 1})]).await;
    assert!(results[0].as_ref().unwrap_err().to_string().contains("Field name not found : Nope__c"));
}

#[tokio::test]
async fn only_rows_that_others_hold_are_sent_again() {
    let org = org(json!({"bulk_lock_every": 10})).await;
    let mut rows: Vec<NewContact> = (0..200).map(person).collect();
    rows[3] = NewContact { title: Some("refused for good".into()), ..NewContact::default() };
    tokio::time::pause();
    let report = org.load(Operation::Insert).run(stream::iter(rows)).await;
    assert_eq!((report.rows, report.written, report.failures.len()), (200, 199, 1), "{report}");
    assert_eq!(report.failures[0].row, Some(3), "what is wrong for good is sent once");
    assert_eq!(report.jobs.len(), 3, "200 rows, then 20 that were held, then 2");
    assert_eq!(org.people().await, 199, "no row was written twice");
}

#[tokio::test]
async fn rows_sorted_by_parent_do_not_lock_each_other_out() {
    let org = org(json!({"bulk_parent_locks": true, "bulk_batch_rows": 10})).await;
    let mut parents: Vec<Id<Account>> = Vec::new();
    for n in 0..4 {
        parents.push(
            org.client
                .accounts()
                .create(&NewAccount { name: Some(format!("A{n}")), ..NewAccount::default() })
                .await
                .unwrap(),
        );
    }
    let rows: Vec<NewContact> = (0..40).map(|n| NewContact { account_id: Some(parents[n % 4]), ..person(n) }).collect();
    let unsorted = org.load(Operation::Insert).lock_retries(0).run(stream::iter(rows.clone())).await;
    assert!(unsorted.failures.iter().all(|failure| failure.error.vendor_code() == Some("UNABLE_TO_LOCK_ROW")));
    assert_eq!(unsorted.failures.len(), 30);
    let sorted = org.load(Operation::Insert).lock_retries(0).sort_by("AccountId").run(stream::iter(rows)).await;
    assert!(sorted.is_success(), "{sorted}");
}

#[tokio::test]
async fn a_job_outlives_the_program_that_made_it() {
    let org = org(json!({"bulk_polls": 3})).await;
    let kept = Arc::new(Mutex::new(Vec::<String>::new()));
    let notes = Arc::clone(&kept);
    let mut run = org
        .load(Operation::Insert)
        .polling(quick().deadline(Duration::ZERO))
        .on_progress(move |progress| notes.lock().unwrap().push(serde_json::to_string(progress.job).unwrap()))
        .stream(stream::iter(vec![person(1), NewContact { title: Some("x".into()), ..NewContact::default() }]));
    let mut lost = Vec::new();
    let stopped = loop {
        match run.next().await.unwrap() {
            Ok(row) => lost.push(row.result.unwrap_err()),
            Err(error) => break error,
        }
    };
    assert_eq!((stopped.kind(), lost.len()), (ErrorKind::Timeout, 2), "{stopped}");
    assert!(lost.iter().all(|error| error.kind() == ErrorKind::Unknown), "not known is not failed");
    assert!(stopped.hint().contains("look at it before the rows are sent again"), "{}", stopped.hint());

    // Another process, later.
    let handle: JobHandle = serde_json::from_str(kept.lock().unwrap().last().unwrap()).unwrap();
    assert_eq!((handle.rows, handle.kind), (2, JobKind::Ingest));
    let job = org.client.bulk().attach(handle).polling(quick());
    let looks: Vec<JobState> = job.progress().map_ok(|info| info.state).try_collect().await.unwrap();
    assert_eq!(looks.last(), Some(&JobState::JobComplete));
    let rows: Vec<_> = job.results().try_collect().await.unwrap();
    assert_eq!(rows.len(), 2);
    let written = rows.iter().find(|row| row.result.is_ok()).unwrap();
    assert_eq!((written.record.get("LastName"), written.record.get("sf__Created")), (Some("N1"), Some("true")));
    let refused = rows.iter().find_map(|row| row.result.as_ref().err()).unwrap();
    assert_eq!(refused.vendor_code(), Some("REQUIRED_FIELD_MISSING"));
    job.delete().await.unwrap();
    assert_eq!(job.info().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn waiting_survives_failures_and_the_end_of_the_session() {
    let org = org(json!({"bulk_polls": 2})).await;
    org.sandbox.faults().inject(Vendor::Salesforce, Fault::on(FaultKind::ExpiredToken, Matcher::on("PUT", "batches")));
    org.sandbox
        .faults()
        .inject(Vendor::Salesforce, Fault::on(FaultKind::ExpiredToken, Matcher::on("GET", "successfulResults")));
    org.fail(FaultKind::Server5xx { status: 503, after: false }, "PATCH", "jobs/ingest");
    let report = org.load(Operation::Insert).run(stream::iter((0..5).map(person))).await;
    assert!(report.is_success(), "{report} {:?}", report.stopped);
    assert_eq!(org.people().await, 5);
}

#[tokio::test]
async fn a_lost_answer_writes_nothing_twice() {
    for (method, part) in [("POST", "jobs/ingest"), ("PUT", "batches"), ("PATCH", "jobs/ingest")] {
        let org = org(json!({})).await;
        org.fail(FaultKind::ResetAfter, method, part);
        let report = org.load(Operation::Insert).run(stream::iter((0..5).map(person))).await;
        assert!(report.is_success(), "{method} {part}: {report} {:?}", report.stopped);
        assert_eq!(org.people().await, 5, "{method} {part}");
    }
}

#[tokio::test]
async fn downloads_that_break_off_are_taken_up_again() {
    let org = org(json!({})).await;
    org.load(Operation::Insert).run(stream::iter((0..500).map(person))).await.all_written().unwrap();
    for fault in [FaultKind::TruncatedBody, FaultKind::ResetBefore, FaultKind::ExpiredToken] {
        org.fail(fault, "GET", "results");
        let rows = org
            .client
            .bulk()
            .query("SELECT Id, LastName FROM Contact")
            .polling(quick())
            .page_rows(300)
            .rows::<Contact>();
        let rows: Vec<Contact> = rows.try_collect().await.unwrap();
        let mut ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((rows.len(), ids.len()), (500, 500));
    }
    org.fail(FaultKind::TruncatedBody, "GET", "successfulResults");
    let report = org.load(Operation::Insert).run(stream::iter((0..500).map(person))).await;
    assert!(report.is_success(), "{report}");
}

#[tokio::test]
async fn a_query_job_reads_pages_parents_and_types() {
    let org = org(json!({})).await;
    let parent = org
        .client
        .accounts()
        .create(&NewAccount { name: Some("Acme, \"Inc\"".into()), ..NewAccount::default() })
        .await
        .unwrap();
    let rows = (0..25).map(|n| NewContact { account_id: (n % 2 == 0).then_some(parent), ..person(n) });
    org.load(Operation::Insert).run(stream::iter(rows)).await.all_written().unwrap();
    let soql = "SELECT LastName, Account.Name, CreatedDate FROM Contact ORDER BY LastName";
    let query = || org.client.bulk().query(soql).polling(quick()).page_rows(10).delimiter(ColumnDelimiter::Caret);
    let records: Vec<Record> = query().records().try_collect().await.unwrap();
    assert_eq!(records.len(), 25);
    assert_eq!((records[0].get("LastName"), records[0].get("Account.Name")), (Some("N0"), Some("Acme, \"Inc\"")));

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        last_name: String,
        account: Option<Parent>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Parent {
        name: String,
    }
    let rows: Vec<Row> = query().rows().try_collect().await.unwrap();
    assert_eq!(
        rows.iter().filter(|row| row.account.as_ref().is_some_and(|parent| parent.name.starts_with("Acme"))).count(),
        13
    );
    assert!(rows.iter().all(|row| row.last_name.starts_with('N')));

    let job = query().start().await.unwrap();
    let kept = serde_json::to_string(job.handle()).unwrap();
    let job = org.client.bulk().attach(serde_json::from_str(&kept).unwrap());
    assert_eq!(job.wait().await.unwrap().number_records_processed, Some(25));
    assert_eq!(job.records().count().await, 25, "results are there after a restart");
    let listed: Vec<_> = org.client.bulk().jobs(JobKind::Query).try_collect().await.unwrap();
    assert_eq!(listed.len(), 3);
    let error =
        org.client.bulk().query(soql!("SELECT Id FROM Contact LIMIT 1 OFFSET {}", 2)).start().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Invalid, Some("FUNCTIONALITY_NOT_ENABLED")));
}

#[tokio::test]
async fn a_run_that_is_dropped_ends_its_job_if_asked_to() {
    let org = org(json!({"bulk_seconds": 3600})).await;
    let made = Arc::new(Mutex::new(None::<JobHandle>));
    let note = Arc::clone(&made);
    let run = org
        .load(Operation::Insert)
        .abort_on_drop()
        .on_progress(move |progress| *note.lock().unwrap() = Some(progress.job.clone()))
        .run(stream::iter([person(1)]));
    tokio::time::timeout(Duration::from_millis(300), run).await.unwrap_err();
    let job = org.client.bulk().attach(made.lock().unwrap().clone().unwrap()).polling(quick());
    assert_eq!(job.wait().await.unwrap().state, JobState::Aborted);
}
