//! Recorded and documented bodies of the vendor, where a folder of them is given in `CRMKIT_SAMPLES`.

mod readers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use http::Method;
use salesforce::bulk::{ColumnDelimiter, JobHandle, JobInfo, JobKind, JobRow, parse_results};
use salesforce::soql::Condition;
use salesforce::sosl::{Find, Returning, Scope, Term};
use salesforce::{
    Account, Any, AnyRecord, ClientCredentials, Contact, DeletedRecords, Describe, ErrorDetails, ErrorKind, FieldKind,
    Fields, GlobalDescribe, Graph, Id, Identity, Limit, LoginHost, NewAccount, NewContact, ObjectSummary, Row,
    Salesforce, SecretString, Session, SoapLogin, Tree, UpdatedRecords, part,
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wiremock::matchers::{any, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use self::readers::*;

/// The sample as a type, or `None` where no samples are given.
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
fn sample<T: DeserializeOwned>(name: &str) -> Option<T> {
    let Some(folder) = std::env::var_os("CRMKIT_SAMPLES") else {
        println!("CRMKIT_SAMPLES is not set: {name} was not read");
        return None;
    };
    let path = PathBuf::from(folder).join("salesforce").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn required_fields_of_a_real_organisation_are_the_known_ones() {
    for (object, expected) in [
        ("Contact", vec!["LastName"]),
        ("Account", vec!["Name"]),
        ("Opportunity", vec!["CloseDate", "Name", "StageName"]),
    ] {
        let Some(described) = sample::<Describe>(&format!("describe/{object}.json")) else { return };
        let mut required: Vec<_> = described
            .fields
            .iter()
            .filter(|field| field.is_required() && !field.custom)
            .map(|f| f.name.as_str())
            .collect();
        required.sort_unstable();
        assert_eq!(required, expected, "{object}");
    }
}

/// By what of the client a sample is read.
#[derive(Debug, Clone, Copy)]
enum Is {
    /// Words for people.
    Prose,
    Described,
    DescribedAll,
    BasicInfo,
    Record,
    Account,
    Records,
    Retrieved,
    Page,
    Search,
    SearchRequest,
    ListView,
    Updated,
    Deleted,
    Limits,
    Identity,
    Releases,
    Created,
    Saves,
    Refusal(u16),
    Catalog,
    LoggedIn,
    LoginRefused,
    SoapLogin,
    Job,
    Jobs,
    JobResults,
    JobRows,
    Composite,
    CompositePart,
    Batch,
    BatchRequest,
    Graphs,
    TreeMade,
    TreeRefused,
    TreeRequest,
    Recorded,
}

#[rustfmt::skip]
const SAMPLES: &[(&str, Is)] = &[
    ("README.md", Is::Prose),
    ("bulk2/delete_not_terminated_400.json", Is::Refusal(400)),
    ("bulk2/failedResults.csv", Is::JobResults),
    ("bulk2/ingest_create_response.json", Is::Job),
    ("bulk2/ingest_get_complete.json", Is::Job),
    ("bulk2/ingest_get_open.json", Is::Job),
    ("bulk2/ingest_patch_state.json", Is::Job),
    ("bulk2/list_jobs_page.json", Is::Jobs),
    ("bulk2/query_get_complete.json", Is::Job),
    ("bulk2/query_results.csv", Is::JobRows),
    ("bulk2/successfulResults.csv", Is::JobResults),
    ("bulk2/unprocessedrecords.csv", Is::JobResults),
    ("describe/Account.json", Is::Described),
    ("describe/Case.json", Is::Described),
    ("describe/Contact.json", Is::Described),
    ("describe/Event.json", Is::Described),
    ("describe/Lead.json", Is::Described),
    ("describe/Opportunity.json", Is::Described),
    ("describe/OpportunityContactRole.json", Is::Described),
    ("describe/global_subset.json", Is::DescribedAll),
    ("doc_examples/batch_request.json", Is::BatchRequest),
    ("doc_examples/batch_response.json", Is::Batch),
    ("doc_examples/collections_create_partial.json", Is::Saves),
    ("doc_examples/collections_retrieve.json", Is::Retrieved),
    ("doc_examples/collections_update_rollback.json", Is::Saves),
    ("doc_examples/collections_upsert.json", Is::Saves),
    ("doc_examples/composite_null_reference_v51.json", Is::Composite),
    ("doc_examples/composite_response.json", Is::Composite),
    ("doc_examples/composite_rollback_case4.json", Is::Composite),
    ("doc_examples/composite_subrequest_error.json", Is::CompositePart),
    ("doc_examples/deleted.json", Is::Deleted),
    ("doc_examples/graph_response.json", Is::Graphs),
    ("doc_examples/parameterized_search_request.json", Is::SearchRequest),
    ("doc_examples/parameterized_search_response.json", Is::Search),
    ("doc_examples/query_first_page.json", Is::Page),
    ("doc_examples/relationship_friendly_url_contact_account.json", Is::Account),
    ("doc_examples/sobject_basic_info.json", Is::BasicInfo),
    ("doc_examples/tree_failure.json", Is::TreeRefused),
    ("doc_examples/tree_request.json", Is::TreeRequest),
    ("doc_examples/tree_success.json", Is::TreeMade),
    ("doc_examples/updated.json", Is::Updated),
    ("errors/catalog.json", Is::Catalog),
    ("errors/duplicates_detected_400.json", Is::Refusal(400)),
    ("recorded/cumulusci_http_pairs.json", Is::Recorded),
    ("restforce/auth_error_response.json", Is::LoginRefused),
    ("restforce/auth_success_response.json", Is::LoggedIn),
    ("restforce/create_success_response.json", Is::Created),
    ("restforce/delete_error_response.json", Is::Refusal(404)),
    ("restforce/describe_sobjects_success_response.json", Is::DescribedAll),
    ("restforce/expired_session_response.json", Is::Refusal(401)),
    ("restforce/get_deleted_success_response.json", Is::Deleted),
    ("restforce/get_updated_success_response.json", Is::Updated),
    ("restforce/list_sobjects_success_response.json", Is::DescribedAll),
    ("restforce/list_view_results_success_response.json", Is::ListView),
    ("restforce/org_query_response.json", Is::Page),
    ("restforce/query_aggregate_success_response.json", Is::Page),
    ("restforce/query_empty_response.json", Is::Page),
    ("restforce/query_error_response.json", Is::Refusal(400)),
    ("restforce/query_paginated_first_page_response.json", Is::Page),
    ("restforce/query_paginated_last_page_response.json", Is::Page),
    ("restforce/query_success_response.json", Is::Page),
    ("restforce/reauth_success_response.json", Is::LoggedIn),
    ("restforce/recent_success_response.json", Is::Records),
    ("restforce/refresh_error_response.json", Is::LoginRefused),
    ("restforce/refresh_success_response.json", Is::LoggedIn),
    ("restforce/search_error_response.json", Is::Refusal(400)),
    ("restforce/search_success_response.json", Is::Search),
    ("restforce/services_data_success_response.json", Is::Releases),
    ("restforce/sobject_describe_error_response.json", Is::Refusal(404)),
    ("restforce/sobject_describe_success_response.json", Is::Described),
    ("restforce/sobject_find_error_response.json", Is::Refusal(404)),
    ("restforce/sobject_find_success_response.json", Is::Record),
    ("restforce/sobject_select_success_response.json", Is::Record),
    ("restforce/upsert_created_success_response.json", Is::Created),
    ("restforce/upsert_error_response.json", Is::Refusal(404)),
    ("restforce/upsert_multiple_error_response.json", Is::Refusal(300)),
    ("restforce/write_error_response.json", Is::Refusal(400)),
    ("soap/login_fault.xml", Is::SoapLogin),
    ("soap/login_request.xml", Is::SoapLogin),
    ("soap/login_response.xml", Is::SoapLogin),
    ("soql_metadata/Contact.json", Is::Described),
    ("soql_metadata/Lead.json", Is::Described),
    ("soql_metadata/Note.json", Is::Described),
    ("soql_metadata/RecordType.json", Is::Described),
    ("soql_metadata/Task.json", Is::Described),
    ("soql_metadata/User.json", Is::Described),
    ("swiftly/MockAccount.json", Is::Account),
    ("swiftly/MockAggregateQueryResult.json", Is::Page),
    ("swiftly/MockIdentity.json", Is::Identity),
    ("swiftly/MockLimits.json", Is::Limits),
    ("swiftly/MockSearchResults.json", Is::Search),
];

/// A record with every field as it came.
type Open = BTreeMap<String, Box<RawValue>>;

/// No sample is passed over: each is read by the type it is for, with nothing lost, and each has its line in the table.
#[tokio::test]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
async fn every_sample_is_read_by_the_type_it_is_for() {
    let Some(folder) = std::env::var_os("CRMKIT_SAMPLES") else {
        println!("CRMKIT_SAMPLES is not set: no sample was read");
        return;
    };
    let folder = PathBuf::from(folder).join("salesforce");
    let mut found = Vec::new();
    let mut open = vec![folder.clone()];
    while let Some(place) = open.pop() {
        for entry in std::fs::read_dir(&place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found.sort_unstable();
    let named: Vec<&str> = SAMPLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, named, "the samples that there are, and those of the table");
    let mut unread = Vec::new();
    for (name, is) in SAMPLES {
        let (folder, text) = (folder.clone(), std::fs::read_to_string(folder.join(name)).unwrap());
        let reading = tokio::spawn(async move { check(*is, &folder, name, &text).await });
        if reading.await.is_err() {
            unread.push((*name, *is));
        }
    }
    assert!(unread.is_empty(), "not read as they should be: {unread:?}");
}

async fn check(is: Is, folder: &Path, name: &str, text: &str) {
    let json = || json(text);
    match is {
        Is::Prose => assert!(text.starts_with('#')),
        Is::Described => described(text),
        Is::DescribedAll => {
            let all: GlobalDescribe = serde_json::from_str(text).unwrap();
            assert_eq!(u64::from(all.max_batch_size), json()["maxBatchSize"]);
            let names = all.sobjects.iter().map(|object| [&object.name, &object.label]);
            assert!(names.eq(array(&json()["sobjects"]).iter().map(|object| [&object["name"], &object["label"]])));
        }
        Is::BasicInfo => {
            let object: ObjectSummary = serde_json::from_value(json()["objectDescribe"].clone()).unwrap();
            assert_eq!((object.name.as_str(), object.key_prefix.as_deref()), ("Account", Some("001")));
            same_records(&json()["recentItems"].to_string());
        }
        Is::Record => same_row::<Open>(text),
        Is::Account => same_row::<Account>(text),
        Is::Records => same_records(text),
        Is::Retrieved => {
            let (_server, client) = answering(200, text).await;
            let ids = vec!["001xx000003DGb1AAG".parse().unwrap(); array(&json()).len()];
            let rows = client.accounts().retrieve_as::<Open>(&ids, &["Name"]).await.unwrap();
            for (row, told) in rows.iter().zip(array(&json())) {
                match row {
                    Some(row) => same_fields(row.as_ref().unwrap(), told),
                    None => assert!(told.is_null()),
                }
            }
        }
        Is::Page => page(text).await,
        Is::Search => {
            let (_server, client) = answering(200, text).await;
            let found = client.search(Find::new(Term::words("acme"))).await.unwrap();
            let told = json();
            let told = array(told.get("searchRecords").unwrap_or(&told));
            assert_eq!(found.records.len(), told.len());
            for (record, told) in found.records.iter().zip(told) {
                assert_eq!(json_of(record.raw()), *told);
                same_fields(&record.decode::<Open>().unwrap(), told);
            }
        }
        Is::SearchRequest => search_request(&json()).await,
        // There is no type for these; they are read as the JSON that they are.
        Is::ListView => {
            let (_server, client) = answering(200, text).await;
            let call = rest_core::Call::get("test").path(["services", "data", "v62.0", "sobjects"]);
            let got: Value = client.raw(call).await.unwrap().json().unwrap();
            assert_eq!(got, json());
        }
        Is::Updated => {
            let updated: UpdatedRecords<Any> = serde_json::from_str(text).unwrap();
            assert!(updated.ids.iter().map(Id::as_str).eq(array(&json()["ids"]).iter().map(|id| id.as_str().unwrap())));
        }
        Is::Deleted => {
            let deleted: DeletedRecords<Any> = serde_json::from_str(text).unwrap();
            assert!(deleted.earliest_date_available <= deleted.latest_date_covered);
            let ids = deleted.deleted_records.iter().map(|record| record.id.as_str());
            assert!(ids.eq(array(&json()["deletedRecords"]).iter().map(|record| record["id"].as_str().unwrap())));
        }
        Is::Limits => {
            let limits: BTreeMap<String, Limit> = serde_json::from_str(text).unwrap();
            let told = json();
            assert_eq!(limits.len(), told.as_object().unwrap().len());
            assert!(
                limits
                    .iter()
                    .all(|(name, limit)| told[name]["Max"] == limit.max && told[name]["Remaining"] == limit.remaining)
            );
        }
        Is::Identity => {
            // The organisation's id was made a letter too long by those who recorded this.
            let text = text.replace("00Di0000000bAAAAAAA", "00Di0000000bAAAAAA");
            let who: Identity = serde_json::from_str(&text).unwrap();
            assert_eq!((who.user_id.as_str(), who.username.as_str()), ("005i00000016AAAAAA", "john@playground.com"));
            assert!(who.active && who.url("query").is_some());
        }
        Is::Releases => {
            let (_server, client) = answering(200, text).await;
            let told: Vec<_> = client.versions().await.unwrap();
            assert!(
                told.iter().map(|release| &release.label).eq(array(&json()).iter().map(|release| &release["label"]))
            );
        }
        Is::Created => {
            // The ids were made unreadable by those who recorded this.
            let id = "001D000000IRFmaIAH";
            let text = text.replace("some_id", id).replace("foo", id);
            let (_server, client) = answering(201, &text).await;
            let made: Id<Account> = client.accounts().create_fields(&json!({ "Name": "x" })).await.unwrap();
            assert_eq!(made.as_str(), id);
        }
        Is::Saves => saves(&json()).await,
        Is::Refusal(status) => refusal(status, &json()).await,
        Is::Catalog => {
            let catalog = json();
            for (name, entry) in catalog.as_object().unwrap().iter().filter(|(name, _)| *name != "_note") {
                let status = u16::try_from(entry["status"].as_u64().unwrap()).unwrap();
                if name.starts_with("oauth") {
                    login_refused(&entry["body"]).await;
                } else {
                    refusal(status, &entry["body"]).await;
                }
            }
        }
        Is::LoggedIn => {
            let (server, _) = answering(200, text).await;
            let at = Salesforce::builder().login(credentials(&server)).build().unwrap().connect().await.unwrap();
            assert_eq!(at.to_string().trim_end_matches('/'), json()["instance_url"]);
        }
        Is::LoginRefused => login_refused(&json()).await,
        Is::SoapLogin => soap_login(folder, name).await,
        Is::Job => same_job(&serde_json::from_str(text).unwrap(), &json()),
        Is::Jobs => {
            let (server, client) = silent().await;
            let answer = |body: &str| ResponseTemplate::new(200).set_body_raw(body.to_owned(), "application/json");
            Mock::given(any()).respond_with(answer(text)).up_to_n_times(1).mount(&server).await;
            Mock::given(any()).respond_with(answer(r#"{"done":true,"records":[]}"#)).mount(&server).await;
            let jobs: Vec<JobInfo> = client.bulk().jobs(JobKind::Query).try_collect().await.unwrap();
            jobs.iter().zip(array(&json()["records"])).for_each(|(job, told)| same_job(job, told));
            assert_eq!(jobs.len(), array(&json()["records"]).len());
        }
        Is::JobResults => job_results(folder).await,
        Is::JobRows => {
            let (server, client) = silent().await;
            let answer = ResponseTemplate::new(200).set_body_raw(text.to_owned(), "text/csv");
            Mock::given(any()).respond_with(answer).mount(&server).await;
            let job = client.bulk().attach(JobHandle::new(JobKind::Query, "750R0000000zlh9IAA"));
            // The ids were shortened by those who recorded this.
            let rows: Vec<BTreeMap<String, String>> = job.rows().try_collect().await.unwrap();
            let names: Vec<_> = rows.iter().map(|row| (row["Id"].as_str(), row["Name"].as_str())).collect();
            assert_eq!(names, [("0013000000rtGAAM", "Dummy1"), ("0013000000rtQAAE", "Dummy2.")]);
        }
        Is::Composite => composite(&json()["compositeResponse"]).await,
        Is::CompositePart => composite(&json!([json()])).await,
        Is::Batch => {
            let (_server, client) = answering(200, text).await;
            let mut request = client.batch();
            let told = json();
            let told = array(&told["results"]);
            let handles: Vec<_> =
                told.iter().map(|_| request.add(part::raw(Method::GET, ["limits"], NO_BODY))).collect();
            let answer = request.send().await.unwrap().into_result().unwrap();
            for (handle, told) in handles.iter().zip(told).filter(|(_, told)| !told["result"].is_null()) {
                assert_eq!(json_of(&answer.get(handle).unwrap()), told["result"]);
            }
        }
        Is::BatchRequest => batch_request(&json()).await,
        Is::Graphs => graphs(&json()).await,
        Is::TreeMade | Is::TreeRefused | Is::TreeRequest => tree(is, folder, text).await,
        Is::Recorded => {
            for pair in array(&json()) {
                recorded(&pair["request"], &pair["response"]).await;
            }
        }
    }
}
