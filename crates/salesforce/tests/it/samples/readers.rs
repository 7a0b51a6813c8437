//! Each kind of sample, read by what of the client is for it, and compared with what it holds.

use super::*;

pub(super) const NO_BODY: Option<&()> = None;

pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(super) fn json_of(raw: &RawValue) -> Value {
    json(raw.get())
}

pub(super) fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no array: {value}"))
}

/// A client that tries nothing twice, and a server that has no answer yet.
pub(super) async fn silent() -> (MockServer, Salesforce) {
    let server = MockServer::start().await;
    let session = Session::new(&server.uri(), "00Dcanary!secret".to_owned()).unwrap();
    let client = Salesforce::builder().login(session).retry(rest_core::RetryPolicy::none()).build().unwrap();
    (server, client)
}

pub(super) async fn answering(status: u16, body: &str) -> (MockServer, Salesforce) {
    let (server, client) = silent().await;
    let answer = ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    (server, client)
}

pub(super) async fn sent(server: &MockServer) -> Value {
    serde_json::from_slice(&server.received_requests().await.unwrap().last().unwrap().body).unwrap()
}

pub(super) fn described(text: &str) {
    let (described, told): (Describe, Value) = (serde_json::from_str(text).unwrap(), json(text));
    assert_eq!(told["name"], described.name);
    let fields = array(&told["fields"]);
    assert_eq!(described.fields.len(), fields.len());
    for (field, told) in described.fields.iter().zip(fields) {
        assert_eq!((&told["name"], &told["label"]), (&json!(field.name), &json!(field.label)));
        assert!(!matches!(field.kind, FieldKind::Other(_)), "{}: the kind {} is unknown", field.name, told["type"]);
        let values = field.picklist_values.iter().map(|value| &value.value);
        assert!(values.eq(array(&told["picklistValues"]).iter().map(|value| &value["value"])), "{}", field.name);
        assert_eq!(told["referenceTo"], json!(field.reference_to));
        assert_eq!(told["inlineHelpText"], json!(field.inline_help_text));
    }
    let children = told["childRelationships"].as_array().map_or(0, Vec::len);
    assert_eq!(described.child_relationships.len(), children);
    assert_eq!(described.record_type_infos.len(), told["recordTypeInfos"].as_array().map_or(0, Vec::len));
}

/// Everything that the server told of a row is there to be read, what its type names and what it does not.
pub(super) fn same_fields<T>(row: &Row<T>, told: &Value) {
    let read: serde_json::Map<String, Value> =
        row.extras().map(|(name, raw)| (name.to_owned(), json_of(raw))).collect();
    assert_eq!(Value::Object(read), *told);
}

pub(super) fn same_row<T: DeserializeOwned>(text: &str) {
    let row: Row<T> = rest_core::row(serde_json::from_str(text).unwrap(), "Id").unwrap();
    same_fields(&row, &json(text));
}

pub(super) fn same_records(text: &str) {
    let records: Vec<AnyRecord> = serde_json::from_str(text).unwrap();
    let told = json(text);
    assert_eq!(records.len(), array(&told).len());
    for (record, told) in records.iter().zip(array(&told)) {
        assert_eq!(told["attributes"]["type"], record.object());
        same_fields(&record.decode::<Open>().unwrap(), told);
    }
}

pub(super) fn same_job(job: &JobInfo, told: &Value) {
    assert_eq!((told["id"].as_str(), told["operation"].as_str()), (Some(&*job.id), Some(&*job.operation)));
    assert_eq!(told["state"], format!("{:?}", job.state));
    assert_eq!(told["apiVersion"].as_f64(), job.api_version);
    assert_eq!(told["numberRecordsProcessed"].as_u64(), job.number_records_processed);
    assert_eq!(told["numberRecordsFailed"].as_u64(), job.number_records_failed);
    assert_eq!(told["externalIdFieldName"].as_str(), job.external_id_field_name.as_deref());
}

pub(super) async fn page(text: &str) {
    let (_server, client) = answering(200, text).await;
    let told = json(text);
    let query = client.query::<Open>("SELECT Id FROM Account").children_as_sent();
    let page = query.pages().try_next().await.unwrap().unwrap();
    assert_eq!(
        (told["totalSize"].as_u64(), page.records.len()),
        (Some(page.total_size), array(&told["records"]).len())
    );
    assert_eq!(page.next.is_some(), told["done"] == false);
    for (row, told) in page.records.iter().zip(array(&told["records"])) {
        same_fields(row.as_ref().unwrap(), told);
    }
}

pub(super) async fn search_request(told: &Value) {
    let (server, client) = answering(200, r#"{"searchRecords":[]}"#).await;
    // Only what is too long for an address travels as JSON.
    let names = (0..1_500).map(|number| format!("No Such Name {number}"));
    let find = Find::new(Term::words("Smith"))
        .in_fields(Scope::All)
        .returning(Returning::of("Account").fields(["id", "NumberOfEmployees"]).limit(20))
        .returning(Returning::of("Contact").fields(["id"]).filter(Condition::is_in("LastName", names)))
        .limit(100);
    client.search(find).await.unwrap();
    let sent = sent(&server).await;
    for member in ["q", "in", "overallLimit"] {
        assert_eq!(sent[member], told[member], "{member}");
    }
    assert_eq!(sent["sobjects"][0], told["sobjects"][0]);
    assert_eq!(sent["sobjects"][1]["name"], told["sobjects"][1]["name"]);
}

pub(super) async fn saves(told: &Value) {
    let (_server, client) = answering(200, &told.to_string()).await;
    let rows = vec![json!({ "LastName": "x" }); array(told).len()];
    let results = client.contacts().create_many_fields(&rows).await;
    assert_eq!(results.iter().count(), rows.len());
    for (result, told) in results.iter().zip(array(told)) {
        match result {
            Ok(saved) => {
                assert_eq!((&told["success"], &told["id"]), (&json!(true), &json!(saved.id.as_str())));
                assert_eq!(told["created"].as_bool(), saved.created);
            }
            Err(error) => assert_eq!(told["errors"][0]["statusCode"].as_str(), error.vendor_code(), "{error}"),
        }
    }
}

pub(super) async fn refusal(status: u16, told: &Value) {
    let (_server, client) = answering(status, &told.to_string()).await;
    let error = client.contacts().get_by_external_id("Email", "x").await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
    if status == 300 {
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(error.body().map(json).as_ref(), Some(told), "the paths are there to be read");
        return;
    }
    let entries = error.entries();
    assert_eq!(entries.len(), array(told).len());
    assert_eq!(error.vendor_code(), told[0]["errorCode"].as_str());
    for (entry, told) in entries.iter().zip(array(told)) {
        assert_eq!((&told["errorCode"], &told["message"]), (&json!(entry.code), &json!(entry.message)));
        assert!(told["fields"].as_array().is_none_or(|fields| json!(entry.fields) == json!(fields)));
    }
    if told[0].get("duplicateResut").is_some() {
        assert_eq!(error.matching_ids().iter().map(Id::as_str).collect::<Vec<_>>(), ["0031i000013x2TEAAY"]);
    }
}

pub(super) fn credentials(server: &MockServer) -> ClientCredentials {
    ClientCredentials::new(LoginHost::custom(&server.uri()).unwrap(), "id", "secret".to_owned())
}

pub(super) async fn login_refused(told: &Value) {
    let (server, _) = answering(400, &told.to_string()).await;
    let login = credentials(&server);
    let client = Salesforce::builder().login(login).retry(rest_core::RetryPolicy::none()).build().unwrap();
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.vendor_code(), told["error"].as_str());
    assert!(error.vendor_message().contains(told["error_description"].as_str().unwrap()), "{error}");
}

/// The request, the session that is granted, and the fault belong together.
pub(super) async fn soap_login(folder: &Path, name: &str) {
    let read = |name: &str| std::fs::read_to_string(folder.join("soap").join(name)).unwrap();
    let fault = name.ends_with("fault.xml");
    let (status, body) = if fault { (500, read("login_fault.xml")) } else { (200, read("login_response.xml")) };
    let (server, _) = silent().await;
    let answer = ResponseTemplate::new(status).set_body_raw(body, "text/xml");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let host = LoginHost::custom(&server.uri()).unwrap();
    let token = SecretString::from("TOKEN".to_owned());
    let login = SoapLogin::new(host, "user@example.com", "password".to_owned()).security_token(&token);
    let client = Salesforce::builder().login(login).retry(rest_core::RetryPolicy::none()).build().unwrap();
    match client.connect().await {
        Ok(address) => {
            assert!(!fault);
            assert_eq!(address.to_string().trim_end_matches('/'), "https://na1.salesforce.com");
        }
        Err(error) => {
            assert!(fault, "{error}");
            assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Unauthorized, Some("INVALID_LOGIN")));
        }
    }
    let sent = server.received_requests().await.unwrap();
    let sent = String::from_utf8(sent.last().unwrap().body.clone()).unwrap();
    assert_eq!(leaves(&sent), leaves(&read("login_request.xml")));
}

/// The elements of a document that hold text, without their namespaces.
pub(super) fn leaves(xml: &str) -> Vec<(String, String)> {
    let pieces = xml.split('<').filter_map(|piece| piece.split_once('>'));
    let full = pieces.filter(|(tag, text)| !tag.starts_with(['/', '?']) && !text.trim().is_empty());
    full.map(|(tag, text)| {
        let name = tag.split_whitespace().next().unwrap_or_default();
        (name.rsplit(':').next().unwrap_or_default().to_owned(), text.to_owned())
    })
    .collect()
}

pub(super) async fn job_results(folder: &Path) {
    let (server, client) = silent().await;
    for name in ["successfulResults", "failedResults", "unprocessedrecords"] {
        let text = std::fs::read_to_string(folder.join(format!("bulk2/{name}.csv"))).unwrap();
        let records = parse_results(text.as_bytes(), ColumnDelimiter::Comma).unwrap();
        assert_eq!(records.len(), text.lines().count() - 1, "{name}");
        let columns: Vec<&str> = text.lines().next().unwrap().split(',').map(|name| name.trim_matches('"')).collect();
        assert!(records.iter().all(|record| record.iter().map(|(name, _)| name).eq(columns.iter().copied())), "{name}");
        let answer = ResponseTemplate::new(200).set_body_raw(text, "text/csv");
        Mock::given(path_regex(format!("/{name}/?$"))).respond_with(answer).mount(&server).await;
    }
    let job = client.bulk().attach(JobHandle::new(JobKind::Ingest, "7505fEXAMPLE4C2AAM"));
    let rows: Vec<JobRow> = job.results().try_collect().await.unwrap();
    let ids: Vec<_> = rows.iter().filter_map(|row| Some(row.result.as_ref().ok()?.id.as_str().to_owned())).collect();
    assert_eq!(ids, ["a011s00000DML8XAAX", "a011s00000DML8YAAX"]);
    assert_eq!(rows[0].record.get("Email"), Some("contact1@example.com"));
    let refused: Vec<_> = rows.iter().filter_map(|row| row.result.as_ref().err()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(
        (refused[0].vendor_code(), refused[0].fields()[0].field.as_str()),
        (Some("REQUIRED_FIELD_MISSING"), "Name")
    );
}

/// What a part of a composite answer says is what its handle gives.
pub(super) fn same_part(result: rest_core::Result<Box<RawValue>>, told: &Value) {
    if told["httpStatusCode"].as_u64() < Some(300) {
        assert_eq!(json_of(&result.unwrap()), told["body"]);
    } else if told["httpStatusCode"].as_u64() >= Some(400) {
        let error = result.unwrap_err();
        assert_eq!(error.vendor_code(), told["body"][0]["errorCode"].as_str(), "{error}");
    }
}

pub(super) async fn composite(told: &Value) {
    let (server, client) = silent().await;
    let mut request = client.composite();
    let mut body = told.clone();
    let mut handles = Vec::new();
    for entry in body.as_array_mut().unwrap() {
        let handle = request.add(part::raw(Method::GET, ["limits"], NO_BODY));
        entry["referenceId"] = handle.name().into();
        handles.push(handle);
    }
    let answer = ResponseTemplate::new(200).set_body_json(json!({ "compositeResponse": body }));
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let answer = request.send().await.unwrap();
    for (handle, told) in handles.iter().zip(array(told)) {
        for (name, value) in told["httpHeaders"].as_object().unwrap() {
            assert_eq!(answer.header(handle, name), value.as_str());
        }
        same_part(answer.get(handle), told);
    }
}

pub(super) async fn graphs(told: &Value) {
    let (server, client) = silent().await;
    let mut request = client.graphs();
    let mut body = told.clone();
    let mut handles = Vec::new();
    for told in body["graphs"].as_array_mut().unwrap() {
        let mut graph = Graph::new(told["graphId"].as_str().unwrap());
        for entry in told["graphResponse"]["compositeResponse"].as_array_mut().unwrap() {
            let handle = graph.add(part::create_fields::<Account>(&json!({ "Name": "x" })));
            entry["referenceId"] = handle.name().into();
            handles.push((handle, entry["body"]["id"].clone()));
        }
        request.add(graph);
    }
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(&body)).mount(&server).await;
    let answers = request.send().await.unwrap().into_result().unwrap();
    for (graph, told) in answers.graphs().iter().zip(array(&told["graphs"])) {
        assert_eq!((&json!(graph.id()), &json!(graph.is_successful())), (&told["graphId"], &told["isSuccessful"]));
    }
    for (handle, id) in &handles {
        assert_eq!(answers.get(handle).unwrap().as_str(), *id);
    }
}

pub(super) async fn batch_request(told: &Value) {
    let (server, client) = answering(200, r#"{"hasErrors":false,"results":[]}"#).await;
    let id: Id<Account> = serde_json::from_value(json!("001D000000K0fXOIAZ")).unwrap();
    let mut request = client.batch();
    request.add(part::update_fields::<Account>(id, &json!({ "Name": "NewName" })));
    request.add(part::get::<Account>(id, &["Name", "BillingPostalCode"]));
    assert!(request.send().await.is_err(), "an answer without results is none");
    let sent = sent(&server).await;
    for (sent, told) in array(&sent["batchRequests"]).iter().zip(array(&told["batchRequests"])) {
        assert_eq!((&sent["method"], sent.get("richInput")), (&told["method"], told.get("richInput")));
        // The vendor's example writes the object in lower case.
        let url = |request: &Value| request["url"].as_str().unwrap().to_lowercase().replace("%2c", ",");
        assert_eq!(url(sent), url(told));
    }
    assert_eq!(array(&sent["batchRequests"]).len(), array(&told["batchRequests"]).len());
}

/// The request of the documentation, what it makes, and how a request like it is refused.
pub(super) async fn tree(is: Is, folder: &Path, text: &str) {
    let request = std::fs::read_to_string(folder.join("doc_examples/tree_request.json")).unwrap();
    let ours = |text: &str| {
        let names = [("ref1", "Account_0"), ("ref2", "Contact_1"), ("ref3", "Contact_2"), ("ref4", "Account_3")];
        names.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
    };
    let custom = |told: &Value| {
        let mut fields = Fields::new();
        for (name, value) in told.as_object().unwrap().iter().filter(|(_, value)| value.is_string()) {
            fields.set(name, value);
        }
        fields
    };
    let told = json(&request);
    let mut tree = Tree::<Account>::new();
    let company = |told: &Value| NewAccount { custom: custom(told), ..NewAccount::default() };
    let first = tree.add(&company(&told["records"][0]));
    for person in array(&told["records"][0]["Contacts"]["records"]) {
        let new = NewContact { custom: custom(person), ..NewContact::default() };
        tree.add_below::<Account, Contact>(&first, "Contacts", &new);
    }
    let last = tree.add(&company(&told["records"][1]));
    let refused = matches!(is, Is::TreeRefused);
    let answer = if matches!(is, Is::TreeRequest) { r#"{"hasErrors":false,"results":[]}"# } else { text };
    let (server, client) = answering(if refused { 400 } else { 201 }, &ours(answer)).await;
    let answer = client.create_tree(&tree).await;
    assert_eq!(sent(&server).await, json(&ours(&request)));
    match is {
        Is::TreeMade => {
            let answer = answer.unwrap().into_result().unwrap();
            assert_eq!(answer.id(&first).unwrap().as_str(), "001D000000K0fXOIAZ");
            assert_eq!(answer.id(&last).unwrap().as_str(), "001D000000K0fXPIAZ");
        }
        Is::TreeRefused => {
            let answer = answer.unwrap();
            let failures: Vec<_> = answer.failures().map(|(name, error)| (name, error.vendor_code())).collect();
            assert_eq!(failures, [("Contact_1", Some("INVALID_EMAIL_ADDRESS"))]);
        }
        _ => {}
    }
}

pub(super) async fn recorded(request: &Value, response: &Value) {
    let (uri, body) = (request["uri"].as_str().unwrap(), &response["body"]);
    let path = uri.split('?').next().unwrap().trim_end_matches('/').trim_start_matches("/services/data/");
    match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["composite"] => composite(&body["compositeResponse"]).await,
        ["composite", "sobjects", ..] => saves(body).await,
        ["query"] => page(&body.to_string()).await,
        ["sobjects", _] => {
            let (_server, client) = answering(201, &body.to_string()).await;
            let id: Id<Account> = client.accounts().create_fields(&json!({ "Name": "x" })).await.unwrap();
            assert_eq!(id.as_str(), body["id"]);
        }
        ["limits", "recordCount"] => {
            let (_server, client) = answering(200, &body.to_string()).await;
            let counts = client.record_counts(&["Account"]).await.unwrap();
            assert_eq!(counts.len(), array(&body["sObjects"]).len());
            assert!(
                array(&body["sObjects"]).iter().all(|told| told["count"] == counts[told["name"].as_str().unwrap()])
            );
        }
        _ => panic!("{uri}: there is no case for this call"),
    }
}
