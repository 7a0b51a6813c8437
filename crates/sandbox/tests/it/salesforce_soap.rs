//! The SOAP API: signing in, lead conversion, merging, the recycle bin.

use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::salesforce_org::{Answer, Org, SF};

const PARTNER: &str = "urn:partner.soap.sforce.com";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

async fn post(org: &Org, path: &str, envelope: &str) -> Answer {
    let request = Request::post(format!("http://127.0.0.1:4001{path}"))
        .header(header::HOST, "127.0.0.1:4001")
        .header(header::CONTENT_TYPE, "text/xml; charset=UTF-8")
        .header("SOAPAction", "\"\"");
    org.send(request.body(Bytes::from(envelope.to_owned())).unwrap()).await
}

/// The text of an answer.
fn text(answer: &Answer) -> &str {
    answer.body.as_str().unwrap()
}

/// What stands between the first `<name>` and its end.
fn inside<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let text = text(answer);
    let rest = text.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {text}")).1;
    rest.split_once(&format!("</{name}>")).unwrap().0
}

/// What stands in every `<name>`.
fn each<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    text(answer).split(open.as_str()).skip(1).map(|rest| rest.split(close.as_str()).next().unwrap()).collect()
}

async fn login(org: &Org, username: &str, password: &str) -> Answer {
    // As simple-salesforce words it.
    let envelope = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?><env:Envelope xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:urn=\"{PARTNER}\"><env:Header><urn:CallOptions><urn:client>x</urn:client></urn:CallOptions></env:Header>\
         <env:Body><n1:login xmlns:n1=\"{PARTNER}\"><n1:username>{}</n1:username><n1:password>{}</n1:password></n1:login>\
         </env:Body></env:Envelope>",
        escaped(username),
        escaped(password)
    );
    post(org, "/services/Soap/u/59.0", &envelope).await
}

/// A call with a session.
pub(crate) async fn call(org: &Org, session: &str, headers: &str, body: &str) -> Answer {
    let envelope = format!(
        "<se:Envelope xmlns:se=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"{PARTNER}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><se:Header><SessionHeader><sessionId>{session}</sessionId>\
         </SessionHeader>{headers}</se:Header><se:Body>{body}</se:Body></se:Envelope>"
    );
    post(org, "/services/Soap/u/62.0/00D000000000001", &envelope).await
}

pub(crate) fn standing_session(org: &Org) -> String {
    org.sandbox.credentials(SF)["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn lead(org: &Org, more: Value) -> String {
    let mut fields = json!({
        "LastName": "Lovelace", "FirstName": "Ada", "Company": "Analytical & Sons", "Email": "ada@example.com",
        "Phone": "+44 20 7946 0001", "City": "London", "LeadSource": "Web",
    });
    fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    org.make("Lead", fields).await
}

pub(crate) fn convert(lead: &str, more: &str) -> String {
    format!(
        "<convertLead><leadConverts><leadId>{lead}</leadId><convertedStatus>Closed - Converted</convertedStatus>{more}\
         </leadConverts></convertLead>"
    )
}

#[tokio::test]
async fn a_password_with_its_security_token_opens_a_session_for_rest_and_soap() {
    let org = Org::empty();
    let credentials = org.sandbox.credentials(SF);
    let secret = |name: &str| credentials[name].as_str().unwrap().to_owned();
    let (user, password) = (secret("username"), format!("{}{}", secret("password"), secret("security_token")));
    let answer = login(&org, &user.to_uppercase(), &password).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let session = inside(&answer, "sessionId").to_owned();
    assert!(inside(&answer, "serverUrl").starts_with("http://127.0.0.1:4001/services/Soap/u/59.0/00D"));
    assert_eq!(inside(&answer, "passwordExpired"), "false");
    assert_eq!(inside(&answer, "userName"), user);
    let bearer = format!("Bearer {session}");
    let rest = org.call(axum::http::Method::GET, "limits", &[("authorization", &bearer)], None).await;
    assert_eq!(rest.status, StatusCode::OK);
    let who = call(&org, &session, "", "<getUserInfo/>").await;
    assert_eq!(inside(&who, "userName"), user);
    let now = call(&org, &session, "", "<getServerTimestamp/>").await;
    assert_eq!(inside(&now, "timestamp"), "2025-06-02T09:00:00.000Z");
    assert_eq!(call(&org, &session, "", "<logout/>").await.status, StatusCode::OK);
    let gone = call(&org, &session, "", "<getUserInfo/>").await;
    assert_eq!((gone.status.as_u16(), inside(&gone, "sf:exceptionCode")), (500, "INVALID_SESSION_ID"));
}

#[tokio::test]
async fn refused_logins_are_faults_with_their_own_codes() {
    let org = Org::empty();
    let credentials = org.sandbox.credentials(SF);
    let secret = |name: &str| credentials[name].as_str().unwrap().to_owned();
    let (user, password) = (secret("username"), secret("password"));
    for (name, word) in [(user.as_str(), "wrong"), ("nobody@example.com", password.as_str()), (&user, "")] {
        let answer = login(&org, name, word).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(inside(&answer, "sf:exceptionCode"), "INVALID_LOGIN");
        assert_eq!(
            inside(&answer, "faultstring"),
            "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
        );
        assert_eq!(inside(&answer, "faultcode"), "sf:INVALID_LOGIN");
    }
    assert_eq!(login(&org, &user, &password).await.status, StatusCode::OK, "from a trusted address");
    for (quirk, value, code) in [
        ("trusted_address", json!(false), "LOGIN_MUST_USE_SECURITY_TOKEN"),
        ("api_enabled", json!(false), "API_DISABLED_FOR_ORG"),
        ("soap_login", json!(false), "INVALID_OPERATION"),
    ] {
        org.sandbox.set_quirks(SF, &json!({quirk: value})).unwrap();
        assert_eq!(inside(&login(&org, &user, &password).await, "sf:exceptionCode"), code);
    }
}

#[tokio::test]
async fn envelopes_that_make_no_sense_are_faults() {
    let org = Org::empty();
    let session = standing_session(&org);
    let unknown = call(&org, &session, "", "<describeGlobal/>").await;
    assert_eq!(unknown.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(inside(&unknown, "faultcode"), "soapenv:Client");
    assert_eq!(
        inside(&unknown, "faultstring"),
        format!("No operation available for request {{{PARTNER}}}describeGlobal")
    );
    for bad in ["", "<a>", "{}", "<a/>", "<!DOCTYPE x><a/>"] {
        let answer = post(&org, "/services/Soap/u/62.0", bad).await;
        assert_eq!((answer.status.as_u16(), inside(&answer, "faultcode")), (500, "soapenv:Client"), "{bad}");
    }
    let envelope = format!(
        "<se:Envelope xmlns:se=\"http://schemas.xmlsoap.org/soap/envelope/\"><se:Body><login xmlns=\"{PARTNER}\"/></se:Body></se:Envelope>"
    );
    let retired = post(&org, "/services/Soap/u/65.0", &envelope).await;
    assert_eq!(inside(&retired, "sf:exceptionCode"), "INVALID_OPERATION", "login() ends with version 64");
    let version = post(&org, "/services/Soap/u/9000.0", &envelope).await;
    assert_eq!(inside(&version, "sf:exceptionCode"), "UNSUPPORTED_API_VERSION");
    let wrong = post(&org, "/services/Soap/c/62.0", &envelope).await;
    assert!(inside(&wrong, "faultstring").starts_with("No operation available"), "another flavour's namespace");
    let silent = Request::post("http://x/services/Soap/u/62.0").header(header::CONTENT_TYPE, "text/xml");
    let silent = org.send(silent.body(Bytes::from(envelope)).unwrap()).await;
    assert_eq!(inside(&silent, "faultstring"), "SOAPAction HTTP header missing");
    org.sandbox.faults().inject(SF, Fault::next(FaultKind::ExpiredToken));
    let ended = call(&org, &session, "", "<getUserInfo/>").await;
    assert_eq!(inside(&ended, "sf:exceptionCode"), "INVALID_SESSION_ID", "faults on demand are worded as SOAP, too");
    assert_eq!(call(&org, &session, "", "<getUserInfo/>").await.status.as_u16(), 500, "and end the session");
}

#[tokio::test]
async fn a_lead_becomes_an_account_a_contact_and_an_opportunity() {
    let org = Org::empty();
    let session = standing_session(&org);
    let id = lead(&org, json!({})).await;
    let task = org.make("Task", json!({"Subject": "Call", "WhoId": id})).await;
    org.advance(60);
    let answer = call(&org, &session, "", &convert(&id, "")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!((inside(&answer, "success"), inside(&answer, "leadId")), ("true", id.as_str()));
    let (account, contact, deal) =
        (inside(&answer, "accountId"), inside(&answer, "contactId"), inside(&answer, "opportunityId"));
    let row = async |object: &str, id: &str| org.get(&format!("sobjects/{object}/{id}")).await.body;
    let made = row("Account", account).await;
    assert_eq!((&made["Name"], &made["BillingCity"]), (&json!("Analytical & Sons"), &json!("London")));
    let made = row("Contact", contact).await;
    assert_eq!((&made["Email"], &made["AccountId"]), (&json!("ada@example.com"), &json!(account)));
    assert_eq!((&made["MailingCity"], &made["LeadSource"]), (&json!("London"), &json!("Web")));
    let made = row("Opportunity", deal).await;
    assert_eq!((&made["Name"], &made["StageName"]), (&json!("Analytical & Sons"), &json!("Prospecting")));
    assert_eq!((&made["CloseDate"], &made["AccountId"]), (&json!("2025-06-30"), &json!(account)));
    let role = org.query("SELECT ContactId, IsPrimary FROM OpportunityContactRole").await;
    assert_eq!(
        (role.column("ContactId"), role.column("IsPrimary")),
        (vec![contact.to_owned()], vec!["true".to_owned()])
    );
    let moved = row("Task", &task).await;
    assert_eq!((&moved["WhoId"], &moved["WhatId"]), (&json!(contact), &json!(deal)));

    let lead = row("Lead", &id).await;
    assert_eq!((&lead["IsConverted"], &lead["Status"]), (&json!(true), &json!("Closed - Converted")));
    assert_eq!((&lead["ConvertedDate"], &lead["ConvertedContactId"]), (&json!("2025-06-02"), &json!(contact)));
    assert_eq!(lead["SystemModstamp"], "2025-06-02T09:01:00.000+0000");
    let late = org.patch(&format!("sobjects/Lead/{id}"), json!({"Title": "x"})).await;
    assert_eq!(late.refusal(), (400, "CANNOT_UPDATE_CONVERTED_LEAD"));
    assert_eq!(late.message(), "cannot reference converted lead");
    let late = org.post("sobjects/Task", json!({"Subject": "x", "WhoId": id})).await;
    assert_eq!(late.refusal(), (400, "CANNOT_UPDATE_CONVERTED_LEAD"));
    let again = call(&org, &session, "", &convert(&id, "")).await;
    assert_eq!((inside(&again, "success"), inside(&again, "statusCode")), ("false", "CANNOT_UPDATE_CONVERTED_LEAD"));
}

#[tokio::test]
async fn a_lead_that_goes_into_existing_records_fills_what_is_empty() {
    let org = Org::empty();
    let session = standing_session(&org);
    let account = org.make("Account", json!({"Name": "Engines", "Phone": "1"})).await;
    let other = org.account("Other").await;
    let fields = json!({"LastName": "L", "AccountId": account, "LeadSource": "Other", "Email": "own@example.com"});
    let contact = org.make("Contact", fields).await;
    let id = lead(&org, json!({"Website": "https://a.example"})).await;
    let target = format!("<accountId>{account}</accountId><contactId>{contact}</contactId>");
    for (more, code) in [
        (format!("<contactId>{contact}</contactId>"), "REQUIRED_FIELD_MISSING"),
        (format!("<accountId>{other}</accountId><contactId>{contact}</contactId>"), "FIELD_INTEGRITY_EXCEPTION"),
        (format!("<accountId>{contact}</accountId>"), "INVALID_CROSS_REFERENCE_KEY"),
        (
            "<opportunityName>x</opportunityName><doNotCreateOpportunity>true</doNotCreateOpportunity>".to_owned(),
            "INVALID_FIELD",
        ),
        ("<overwriteLeadSource>true</overwriteLeadSource>".to_owned(), "INVALID_FIELD"),
        ("<accountId>nonsense</accountId>".to_owned(), "MALFORMED_ID"),
    ] {
        let refused = call(&org, &session, "", &convert(&id, &more)).await;
        assert_eq!(each(&refused, "statusCode"), [code], "{more}");
    }
    let body = convert(&id, "").replace("Closed - Converted", "Working - Contacted");
    assert_eq!(inside(&call(&org, &session, "", &body).await, "statusCode"), "INVALID_STATUS");

    let more = format!(
        "{target}<doNotCreateOpportunity>true</doNotCreateOpportunity><overwriteLeadSource>true</overwriteLeadSource>\
         <opportunityId xsi:nil=\"true\"/>"
    );
    let answer = call(&org, &session, "", &convert(&id, &more)).await;
    assert_eq!((inside(&answer, "accountId"), inside(&answer, "contactId")), (account.as_str(), contact.as_str()));
    assert!(text(&answer).contains("<opportunityId xsi:nil=\"true\"/>"));
    let filled = org.get(&format!("sobjects/Account/{account}")).await.body;
    assert_eq!((&filled["Name"], &filled["Phone"]), (&json!("Engines"), &json!("1")), "what is set stays");
    assert_eq!(filled["Website"], "https://a.example");
    let filled = org.get(&format!("sobjects/Contact/{contact}")).await.body;
    assert_eq!((&filled["Email"], &filled["FirstName"]), (&json!("own@example.com"), &json!("Ada")));
    assert_eq!(filled["LeadSource"], "Web", "overwritten, as asked");
    assert_eq!(org.query("SELECT Id FROM Opportunity").await.body["totalSize"], 0);
}

#[tokio::test]
async fn a_batch_of_conversions_fails_lead_by_lead_or_as_a_whole() {
    let org = Org::empty();
    let session = standing_session(&org);
    let (first, second) = (lead(&org, json!({})).await, lead(&org, json!({})).await);
    let item = |id: &str, status: &str| {
        format!("<leadConverts><leadId>{id}</leadId><convertedStatus>{status}</convertedStatus></leadConverts>")
    };
    let both = format!("<convertLead>{}{}</convertLead>", item(&first, "Closed - Converted"), item(&second, "x"));
    let all = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>";
    let undone = call(&org, &session, all, &both).await;
    assert_eq!(each(&undone, "statusCode"), ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_STATUS"]);
    assert_eq!(org.query("SELECT Id FROM Account").await.body["totalSize"], 0);
    let partly = call(&org, &session, "", &both).await;
    assert_eq!(each(&partly, "success"), ["true", "false"]);
    assert_eq!(org.query("SELECT Id FROM Account").await.body["totalSize"], 1);
    let many = format!("<convertLead>{}</convertLead>", item(&second, "x").repeat(201));
    assert_eq!(inside(&call(&org, &session, "", &many).await, "sf:exceptionCode"), "EXCEEDED_ID_LIMIT");
}

#[tokio::test]
async fn a_merge_moves_children_and_leaves_the_losers_in_the_bin() {
    let org = Org::empty();
    let session = standing_session(&org);
    let (winner, loser) = (org.make("Account", json!({"Name": "A", "Phone": "1"})).await, org.account("B").await);
    let contact = org.make("Contact", json!({"LastName": "C", "AccountId": loser})).await;
    let body = format!(
        "<merge><request><masterRecord><type>Account</type><Id>{winner}</Id><Name>A &amp; B</Name><fieldsToNull>Phone</fieldsToNull>\
         </masterRecord><recordToMergeIds>{loser}</recordToMergeIds></request></merge>"
    );
    let answer = call(&org, &session, "", &body).await;
    assert_eq!(inside(&answer, "success"), "true", "{}", answer.body);
    assert_eq!((inside(&answer, "id"), inside(&answer, "mergedRecordIds")), (winner.as_str(), loser.as_str()));
    assert_eq!(inside(&answer, "updatedRelatedIds"), contact);
    let kept = org.get(&format!("sobjects/Account/{winner}")).await.body;
    assert_eq!((&kept["Name"], &kept["Phone"]), (&json!("A & B"), &Value::Null));
    assert_eq!(org.get(&format!("sobjects/Contact/{contact}")).await.body["AccountId"], winner);
    let gone = org.query_all("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true").await;
    assert_eq!((gone.column("Id"), gone.column("MasterRecordId")), (vec![loser.clone()], vec![winner.clone()]));
    let again = call(&org, &session, "", &body).await;
    assert_eq!((inside(&again, "success"), inside(&again, "statusCode")), ("false", "ENTITY_IS_DELETED"));
    let none = body.replace(&format!("<recordToMergeIds>{loser}</recordToMergeIds>"), "");
    assert_eq!(inside(&call(&org, &session, "", &none).await, "statusCode"), "INVALID_OPERATION");
    let undelete = call(&org, &session, "", &format!("<undelete><ids>{loser}</ids></undelete>")).await;
    assert_eq!(inside(&undelete, "statusCode"), "UNDELETE_FAILED", "a merged record does not come back");
}

#[tokio::test]
async fn the_recycle_bin_gives_back_and_is_emptied() {
    let org = Org::empty();
    let session = standing_session(&org);
    let account = org.account("A").await;
    let contact = org.make("Contact", json!({"LastName": "C", "AccountId": account})).await;
    let alone = org.contact("D").await;
    org.delete(&format!("sobjects/Account/{account}")).await;
    let body = |operation: &str, ids: &[&str]| {
        let ids: String = ids.iter().map(|id| format!("<ids>{id}</ids>")).collect();
        format!("<{operation}>{ids}</{operation}>")
    };
    let refused = call(&org, &session, "", &body("undelete", &[&alone, &contact, "003000000000001", "x"])).await;
    assert_eq!(
        each(&refused, "statusCode"),
        ["UNDELETE_FAILED", "UNDELETE_FAILED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"]
    );
    let back = call(&org, &session, "", &body("undelete", &[&account])).await;
    assert_eq!(each(&back, "success"), ["true"]);
    assert_eq!(
        org.get(&format!("sobjects/Contact/{contact}")).await.status,
        StatusCode::OK,
        "what went with it is back"
    );
    org.delete(&format!("sobjects/Contact/{alone}")).await;
    let emptied = call(&org, &session, "", &body("emptyRecycleBin", &[&alone, &contact])).await;
    assert_eq!(each(&emptied, "success"), ["true", "false"]);
    assert_eq!(org.query_all("SELECT Id FROM Contact WHERE LastName = 'D'").await.body["totalSize"], 0);
}
