//! What only the SOAP API can do, with the session of the REST client.

use salesforce::{
    Account, AnyId, Change, Contact, ContactUpdate, ErrorKind, Id, Lead, LeadConversion, NewAccount, NewContact,
    NewLead, NewTask,
};
use sandbox::Vendor;
use serde_json::json;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{Org, client_of};

const CONVERTED: &str = "Closed - Converted";

async fn lead(org: &Org, name: &str) -> Id<Lead> {
    let new = NewLead { last_name: Some(name.into()), company: Some("Engines & Co".into()), ..NewLead::default() };
    org.client.records::<Lead>().create(&new).await.unwrap()
}

async fn account(org: &Org, name: &str) -> Id<Account> {
    org.client.accounts().create(&NewAccount { name: Some(name.into()), ..NewAccount::default() }).await.unwrap()
}

async fn contact(org: &Org, name: &str) -> Id<Contact> {
    org.client.contacts().create(&NewContact { last_name: Some(name.into()), ..NewContact::default() }).await.unwrap()
}

#[tokio::test]
async fn a_lead_becomes_a_contact_and_takes_its_tasks_along() {
    let org = Org::empty().await;
    let id = lead(&org, "Lovelace").await;
    let task = NewTask { subject: Some("Call".into()), who_id: Some(id.any()), ..NewTask::default() };
    let task = org.client.tasks().create(&task).await.unwrap();
    let converted =
        org.client.convert_lead(&LeadConversion::new(id, CONVERTED).opportunity_name("<Deal>")).await.unwrap();
    assert_eq!(converted.lead, id);
    let deal = org.client.opportunities().get(converted.opportunity.unwrap()).await.unwrap();
    assert_eq!(deal.name.as_deref(), Some("<Deal>"));
    let person = org.client.contacts().get(converted.contact).await.unwrap();
    assert_eq!((person.last_name.as_deref(), person.account_id), (Some("Lovelace"), Some(converted.account)));
    let moved = org.client.tasks().get(task).await.unwrap();
    assert_eq!(moved.who_id, Some(converted.contact.any()));
    let error = org.client.convert_lead(&LeadConversion::new(id, CONVERTED)).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Invalid, Some("CANNOT_UPDATE_CONVERTED_LEAD")));
    assert!(error.hint().contains("contact"), "{}", error.hint());
}

#[tokio::test]
async fn leads_are_converted_by_two_hundred_each_with_its_own_result() {
    let org = Org::empty().await;
    let target = account(&org, "Engines").await;
    let mut conversions = Vec::new();
    for number in 0..3 {
        let id = lead(&org, &format!("L{number}")).await;
        let conversion = LeadConversion::new(id, if number == 1 { "Working - Contacted" } else { CONVERTED });
        conversions.push(conversion.into_account(target).without_opportunity());
    }
    let repeated: Vec<LeadConversion> = conversions.iter().cycle().take(201).cloned().collect();
    let calls = org.calls();
    let results = org.client.convert_leads(&repeated).await;
    assert_eq!((results.len(), org.calls() - calls), (201, 2));
    let converted = results[0].as_ref().unwrap();
    assert_eq!((converted.account, converted.opportunity), (target, None));
    assert_eq!(results[1].as_ref().unwrap_err().vendor_code(), Some("INVALID_STATUS"));
    assert_eq!(results[3].as_ref().unwrap_err().vendor_code(), Some("CANNOT_UPDATE_CONVERTED_LEAD"));
}

#[tokio::test]
async fn a_merge_keeps_what_is_told_and_leaves_a_trace() {
    let org = Org::empty().await;
    let (winner, loser) = (contact(&org, "A").await, contact(&org, "B").await);
    let task = NewTask { subject: Some("Call".into()), who_id: Some(loser.any()), ..NewTask::default() };
    let task = org.client.tasks().create(&task).await.unwrap();
    let update = ContactUpdate { title: Change::Set("R&D <lead>".into()), ..ContactUpdate::default() };
    let merged = org.client.contacts().merge(winner, &[loser], &update).await.unwrap();
    assert_eq!((merged.id, merged.merged.as_slice()), (winner, [loser].as_slice()));
    assert_eq!(merged.moved, [task.any()]);
    let kept = org.client.contacts().get(winner).await.unwrap();
    assert_eq!(kept.title.as_deref(), Some("R&D <lead>"));
    let error = org.client.contacts().merge(winner, &[loser], &update).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::NotFound, Some("ENTITY_IS_DELETED")), "{error}");
    let error = org.client.contacts().merge(winner, &[winner], &update).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn the_bin_gives_back_and_is_emptied() {
    let org = Org::empty().await;
    let (first, second) = (contact(&org, "A").await, contact(&org, "B").await);
    org.client.contacts().delete(first).await.unwrap();
    let results = org.client.undelete(&[first.any(), second.any()]).await;
    assert_eq!(results[0].as_ref().unwrap(), &first.any());
    assert_eq!(results[1].as_ref().unwrap_err().vendor_code(), Some("UNDELETE_FAILED"));
    org.client.contacts().get(first).await.unwrap();
    org.client.contacts().delete(first).await.unwrap();
    assert!(org.client.empty_recycle_bin(&[first.any()]).await[0].is_ok());
    assert!(org.client.undelete(&[first.any()]).await[0].is_err());
    assert!(org.client.undelete(&[]).await.is_empty(), "nothing is asked for nothing");
}

#[tokio::test]
async fn a_session_that_ended_is_renewed_for_soap_too() {
    let org = Org::empty().await;
    let id = lead(&org, "L").await;
    org.sandbox.setup(Vendor::Salesforce, "expire_sessions", &json!({})).unwrap();
    org.client.convert_lead(&LeadConversion::new(id, CONVERTED)).await.unwrap();
}

fn fault(code: &str, message: &str) -> ResponseTemplate {
    let body = format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><soapenv:Fault>\
         <faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail><sf:UnexpectedErrorFault>\
         <sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage>\
         </sf:UnexpectedErrorFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    );
    ResponseTemplate::new(500).set_body_raw(body, "text/xml; charset=utf-8")
}

#[tokio::test]
async fn faults_are_errors_like_any_other_and_shown_without_the_session() {
    let bin: [AnyId; 1] = ["003D000000IRFma".parse().unwrap()];
    for (code, message, kind, calls) in [
        ("INVALID_SESSION_ID", "Invalid Session ID found", ErrorKind::Unauthorized, 1),
        ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", ErrorKind::QuotaExhausted, 1),
        ("API_DISABLED_FOR_ORG", "API is not enabled", ErrorKind::Forbidden, 1),
        ("SOME_FUTURE_CODE", "words", ErrorKind::Invalid, 1),
        ("UNKNOWN_EXCEPTION", "An unexpected error occurred", ErrorKind::Unknown, 1),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path("/services/Soap/u/62.0"))
            .and(header("soapaction", "\"\""))
            .and(body_string_contains("<sessionId>00Dcanary!secret</sessionId>"))
            .respond_with(fault(code, message))
            .expect(calls)
            .mount(&server)
            .await;
        let error = client_of(&server).undelete(&bin).await.remove(0).unwrap_err();
        assert_eq!((error.kind(), error.vendor_code()), (kind, Some(code)), "{error}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_are_told() {
    let bin: [AnyId; 1] = ["003D000000IRFma".parse().unwrap()];
    let envelope = |inner: &str| {
        format!("<e:Envelope xmlns:e=\"x\"><e:Body><undeleteResponse>{inner}</undeleteResponse></e:Body></e:Envelope>")
    };
    for body in [
        String::new(),
        "<html/>".to_owned(),
        envelope(""),
        envelope("<result><success>true</success></result>"),
        envelope("<result><success>true</success><id>x</id></result>"),
        envelope("<result><id>003D000000IRFma</id></result>"),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body.clone(), "text/xml");
        Mock::given(method("POST")).respond_with(answer).mount(&server).await;
        let error = client_of(&server).undelete(&bin).await.remove(0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown, "the write was probably made: {body} {error}");
    }
}
