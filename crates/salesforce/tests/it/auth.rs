//! Logging in, and what happens when a session ends.

use futures::StreamExt;
use salesforce::{ClientCredentials, Contact, ErrorKind, LoginHost, Salesforce, Session};
use sandbox::{Data, Fault, FaultKind, Sandbox, Vendor};

use crate::{Org, credentials, text};

fn tokens(org: &Org) -> usize {
    let log = org.sandbox.log().of(Vendor::Salesforce);
    log.iter().filter(|entry| entry.path.ends_with("/oauth2/token")).count()
}

#[tokio::test]
async fn both_ways_of_sending_the_secret_log_in() {
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    let running = sandbox.serve(0).await.unwrap();
    for login in [credentials(&running), credentials(&running).in_body()] {
        let client = Salesforce::builder().login(login).build().unwrap();
        client.userinfo().await.unwrap();
        assert_eq!(client.connect().await.unwrap().origin(), text(&running, "instance_url"));
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_with_what_to_do() {
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    let running = sandbox.serve(0).await.unwrap();
    let host = || LoginHost::custom(&text(&running, "instance_url")).unwrap();
    for login in [
        ClientCredentials::new(host(), text(&running, "client_id"), "canary-secret".to_owned()),
        ClientCredentials::new(host(), "canary-id", text(&running, "client_secret")),
    ] {
        let client = Salesforce::builder().login(login).build().unwrap();
        let error = client.userinfo().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
        assert!(error.hint().contains("consumer"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    let session = Session::new(&text(&running, "instance_url"), "00Dwrong!canary".to_owned()).unwrap();
    let client = Salesforce::builder().login(session).build().unwrap();
    let error = client.userinfo().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Unauthorized, 1),
        "a given session cannot be renewed: {error}"
    );
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn a_session_that_ends_is_renewed_once_however_many_calls_notice() {
    let org = Org::with(Data::Demo).await;
    org.client.userinfo().await.unwrap();
    assert_eq!(tokens(&org), 1);
    org.sandbox.faults().inject(Vendor::Salesforce, Fault::next(FaultKind::ExpiredToken));
    let query = "SELECT Id FROM Contact LIMIT 5";
    let readers = (0..5).map(|_| org.client.query::<Contact>(query).stream().collect::<Vec<_>>());
    for rows in futures::future::join_all(readers).await {
        assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 5);
    }
    assert_eq!(tokens(&org), 2);
}

#[tokio::test]
async fn a_session_that_is_refused_again_is_an_error() {
    let org = Org::empty().await;
    org.sandbox.faults().inject(
        Vendor::Salesforce,
        Fault::on(FaultKind::ExpiredToken, sandbox::Matcher::on("GET", "userinfo")).times(10),
    );
    let error = org.client.userinfo().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Unauthorized, Some("INVALID_SESSION_ID")), "{error}");
    assert_eq!(tokens(&org), 2, "one login and one renewal");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told_as_such() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut retry = rest_core::RetryPolicy::default();
    retry.max_attempts = 1;
    let login = ClientCredentials::new(LoginHost::custom(&origin).unwrap(), "id", "secret".to_owned());
    let client = Salesforce::builder().login(login).retry(retry).build().unwrap();
    let error = client.userinfo().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn calls_that_must_be_left_for_others_are_left() {
    let org = Org::build(Data::Empty, |builder| builder.keep_daily_calls(4_999_998)).await;
    let count = || org.client.count("SELECT COUNT() FROM Contact");
    count().await.unwrap();
    let calls = org.calls();
    let mut refused = None;
    for _ in 0..4 {
        refused = refused.or(count().await.err());
    }
    let error = refused.expect("the floor was reached");
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted, "{error}");
    assert!(org.calls() - calls < 4, "a refused call is not sent");
}

#[tokio::test]
async fn the_organisations_own_quota_is_an_error_that_says_to_wait() {
    let org = Org::empty().await;
    org.client.userinfo().await.unwrap();
    org.sandbox.faults().inject(Vendor::Salesforce, Fault::next(FaultKind::Quota));
    let error = org.client.userinfo().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.vendor_code()),
        (ErrorKind::QuotaExhausted, Some("REQUEST_LIMIT_EXCEEDED")),
        "{error}"
    );
    assert!(org.origin().starts_with("http://127.0.0.1"));
}
