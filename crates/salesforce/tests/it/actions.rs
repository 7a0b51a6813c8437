//! Actions, custom code, and small resources of the organisation.

use http::Method;
use salesforce::{ActionName, ErrorKind, NewContact};
use sandbox::Vendor;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{Org, client_of};

fn person(name: &str) -> NewContact {
    NewContact { last_name: Some(name.to_owned()), ..NewContact::default() }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Post<'a> {
    text: &'a str,
    subject_name_or_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    feed_item_id: String,
}

#[tokio::test]
async fn an_action_has_one_result_for_each_input() {
    let org = Org::empty().await;
    let client = &org.client;
    assert!(client.standard_actions().await.unwrap().iter().any(|action| action.name == "emailSimple"));
    assert!(client.custom_actions("flow").await.unwrap().is_empty());
    assert_eq!(client.custom_actions("nope").await.unwrap_err().kind(), ErrorKind::NotFound);
    let post = ActionName::standard("chatterPost");
    let described = client.describe_action(&post).await.unwrap();
    assert!(described.inputs.iter().any(|input| input.name == "text" && input.required));
    assert_eq!(described.outputs[0].name, "feedItemId");

    let id = client.contacts().create(&person("x")).await.unwrap();
    let on = |subject: &str| Post { text: "hello", subject_name_or_id: subject.to_owned() };
    let results = client.invoke::<_, Posted>(&post, &[on(id.as_str()), on("nobody"), on(id.as_str())]).await.unwrap();
    assert_eq!(results.len(), 3);
    assert!(results[0].as_ref().unwrap().as_ref().unwrap().feed_item_id.starts_with("0D5"));
    assert_eq!(
        results[1].as_ref().err().unwrap().vendor_code(),
        Some("INVALID_ID_FIELD"),
        "an input that fails is no error of the others"
    );
    assert!(results[2].is_ok());

    let mail = json!({ "emailAddresses": "ada@example.com", "emailSubject": "s", "emailBody": "b" });
    let sent = client.invoke::<_, Value>(&ActionName::standard("emailSimple"), &[mail]).await.unwrap();
    assert!(matches!(sent[0], Ok(None)), "it gives nothing");
    let calls = org.calls();
    assert!(client.invoke::<Value, Value>(&post, &[]).await.unwrap().is_empty());
    let many = vec![json!({}); 201];
    assert_eq!(client.invoke::<_, Value>(&post, &many).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(org.calls(), calls);
}

#[tokio::test]
async fn results_that_do_not_match_the_inputs_are_not_believed() {
    let server = MockServer::start().await;
    let one = json!([{ "actionName": "a", "isSuccess": true, "errors": null, "outputValues": null }]);
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(one)).mount(&server).await;
    let action = ActionName::custom("apex", "Deduplicate");
    let error = client_of(&server).invoke::<_, Value>(&action, &[json!({}), json!({})]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown, "something was done, and nobody knows what");
    let sent = server.received_requests().await.unwrap();
    assert_eq!(sent[0].url.path(), "/services/data/v62.0/actions/custom/apex/Deduplicate");
}

#[tokio::test]
async fn custom_code_is_called_below_apexrest() {
    let org = Org::empty().await;
    org.sandbox.set_quirks(Vendor::Salesforce, &json!({ "apex_rest": ["/echo"] })).unwrap();
    let answer: Value = org.client.apex_get(["echo", "a/b"]).query("q", "1 & 2").json().await.unwrap();
    assert_eq!((&answer["method"], &answer["query"]["q"]), (&json!("GET"), &json!("1 & 2")));
    let answer: Value = org.client.apex_post(["echo"], &json!({ "x": 1 })).json().await.unwrap();
    assert_eq!((&answer["method"], &answer["body"]), (&json!("POST"), &json!({ "x": 1 })));
    let put = org.client.apex(Method::PUT, ["echo"]).body(&json!([1])).repeatable().send().await.unwrap();
    assert_eq!(put.json::<Value>().unwrap()["method"], "PUT");
    let error = org.client.apex_get(["nope"]).send().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_message()), (ErrorKind::NotFound, "Could not find a match for URL"));
}

#[tokio::test]
async fn the_root_and_recent_records_are_read() {
    let org = Org::empty().await;
    let resources = org.client.resources().await.unwrap();
    assert_eq!(resources["limits"], "/services/data/v62.0/limits");
    assert!(resources["identity"].starts_with("http"));
    let id = org.client.contacts().create(&person("x")).await.unwrap();
    let recent = org.client.recent(200).await.unwrap();
    let item = recent.iter().find(|item| item.id == id.any()).unwrap();
    assert_eq!((item.object(), item.name.as_deref()), ("Contact", Some("x")));
    assert!(!format!("{item:?}").contains("\"x\""));
}
