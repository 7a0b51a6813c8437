//! Sign-in, quota, describe, limits and change feeds.

use axum::http::{Method, Request, StatusCode, header};
use base64::Engine as _;
use bytes::Bytes;
use sandbox::{Data, Fault, FaultKind, Matcher, Sandbox};
use serde_json::{Value, json};

use crate::salesforce_org::{Answer, Org, SF, encode};

async fn token(org: &Org, fields: &[(&str, &str)], basic: Option<(&str, &str)>) -> Answer {
    let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut request = Request::post("http://127.0.0.1:4001/services/oauth2/token")
        .header(header::HOST, "127.0.0.1:4001")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some((id, secret)) = basic {
        let code = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        request = request.header(header::AUTHORIZATION, format!("Basic {code}"));
    }
    org.send(request.body(Bytes::from(form)).unwrap()).await
}

fn secret(credentials: &Value, name: &str) -> String {
    credentials[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn tokens_are_issued_for_every_grant() {
    let org = Org::empty();
    let credentials = org.sandbox.credentials(SF);
    let get = |name| secret(&credentials, name);
    let (id, key, user, password) = (get("client_id"), get("client_secret"), get("username"), get("password"));
    let refresh = get("refresh_token");
    let app = [("client_id", id.as_str()), ("client_secret", key.as_str())];
    let with = |more: &[(&'static str, &str)]| -> Vec<(&str, String)> {
        app.iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .chain(more.iter().map(|(name, value)| (*name, (*value).to_owned())))
            .collect()
    };
    let with_token = format!("{password}{}", get("security_token"));
    let cases = [
        (with(&[("grant_type", "client_credentials")]), None),
        (vec![("grant_type", "client_credentials".to_owned())], Some((id.as_str(), key.as_str()))),
        (with(&[("grant_type", "password"), ("username", &user), ("password", &password)]), None),
        (with(&[("grant_type", "password"), ("username", &user), ("password", &with_token)]), None),
        (with(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]), None),
    ];
    for (fields, basic) in cases {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = token(&org, &fields, basic).await;
        assert_eq!(answer.status, StatusCode::OK, "{fields:?} {}", answer.body);
        let access = answer.body["access_token"].as_str().unwrap();
        let (organization, noise) = access.split_once('!').unwrap();
        assert!(organization.starts_with("00D") && organization.len() == 15);
        assert!(noise.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_'));
        assert_eq!(answer.body["instance_url"], "http://127.0.0.1:4001");
        assert_eq!(answer.body["token_type"], "Bearer");
        assert!(answer.body["issued_at"].is_string() && answer.body.get("expires_in").is_none());
        let bearer = format!("Bearer {access}");
        let read = org.call(Method::GET, "limits", &[("authorization", &bearer)], None).await;
        assert_eq!(read.status, StatusCode::OK);
        let identity = answer.body["id"].as_str().unwrap().trim_start_matches("http://127.0.0.1:4001");
        let who = org.call(Method::GET, identity, &[("authorization", &bearer)], None).await;
        assert_eq!(who.body["username"], user);
    }
}

#[tokio::test]
async fn refused_sign_ins_say_why() {
    let org = Org::empty();
    let credentials = org.sandbox.credentials(SF);
    let get = |name| secret(&credentials, name);
    let (id, key, user) = (get("client_id"), get("client_secret"), get("username"));
    let cases = [
        (
            vec![("grant_type", "client_credentials"), ("client_id", "x"), ("client_secret", &key)],
            "invalid_client_id",
            "client identifier invalid",
        ),
        (
            vec![("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", "x")],
            "invalid_client",
            "invalid client credentials",
        ),
        (
            vec![("grant_type", "client_credentials"), ("client_id", &id)],
            "invalid_client",
            "invalid client credentials",
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", &id),
                ("client_secret", &key),
                ("username", &user),
                ("password", "x"),
            ],
            "invalid_grant",
            "authentication failure",
        ),
        (
            vec![("grant_type", "refresh_token"), ("client_id", &id), ("refresh_token", "x")],
            "invalid_grant",
            "expired access/refresh token",
        ),
        (vec![("grant_type", "magic"), ("client_id", &id)], "unsupported_grant_type", "grant type not supported"),
        (vec![], "unsupported_grant_type", "grant type not supported"),
    ];
    for (fields, error, description) in cases {
        let answer = token(&org, &fields, None).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.body, json!({"error": error, "error_description": description}), "{fields:?}");
    }
    org.sandbox.set_quirks(SF, &json!({"password_grant": false})).unwrap();
    let password = get("password");
    let fields = [
        ("grant_type", "password"),
        ("client_id", id.as_str()),
        ("client_secret", &key),
        ("username", &user),
        ("password", &password),
    ];
    assert_eq!(token(&org, &fields, None).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_kills_the_family() {
    let org = Org::empty();
    org.sandbox.set_quirks(SF, &json!({"rotate_refresh_tokens": true})).unwrap();
    let credentials = org.sandbox.credentials(SF);
    let (id, first) = (secret(&credentials, "client_id"), secret(&credentials, "refresh_token"));
    let refresh = async |with: &str| {
        token(&org, &[("grant_type", "refresh_token"), ("client_id", &id), ("refresh_token", with)], None).await
    };
    let second = secret(&refresh(&first).await.body, "refresh_token");
    let third = secret(&refresh(&second).await.body, "refresh_token");
    assert_eq!(refresh(&first).await.body["error"], "invalid_grant");
    assert_eq!(refresh(&third).await.body["error"], "invalid_grant", "the whole family is revoked");
}

#[tokio::test]
async fn sessions_end_by_age_by_revocation_and_by_fault() {
    let org = Org::empty();
    let credentials = org.sandbox.credentials(SF);
    let (id, key) = (secret(&credentials, "client_id"), secret(&credentials, "client_secret"));
    let app = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", &key)];
    let fresh = async || format!("Bearer {}", secret(&token(&org, &app, None).await.body, "access_token"));
    let status =
        async |bearer: &str| org.call(Method::GET, "limits", &[("authorization", bearer)], None).await.status.as_u16();
    let bearer = fresh().await;
    org.advance(7_000);
    assert_eq!(status(&bearer).await, 200, "use prolongs it");
    org.advance(7_000);
    assert_eq!(status(&bearer).await, 200);
    org.advance(7_201);
    let expired = org.call(Method::GET, "limits", &[("authorization", &bearer)], None).await;
    assert_eq!(expired.body, json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]));
    assert_eq!(expired.status, StatusCode::UNAUTHORIZED);
    assert_eq!(org.get("limits").await.status, StatusCode::OK, "the token of the ready line does not age");

    let bearer = fresh().await;
    let revoke = Request::post("http://x/services/oauth2/revoke")
        .body(Bytes::from(format!("token={}", encode(&bearer[7..]))))
        .unwrap();
    assert_eq!(org.send(revoke).await.status, StatusCode::OK);
    assert_eq!(status(&bearer).await, 401);

    let bearer = fresh().await;
    org.sandbox.faults().inject(SF, Fault::on(FaultKind::ExpiredToken, Matcher::on("GET", "/limits")));
    assert_eq!((status(&bearer).await, status(&bearer).await), (401, 401), "an expired token stays expired");
    for (header, code) in
        [("", "INVALID_SESSION_ID"), ("Bearer", "INVALID_SESSION_ID"), ("Basic abc", "INVALID_AUTH_HEADER")]
    {
        let answer = org.call(Method::GET, "limits", &[("authorization", header)], None).await;
        assert_eq!(answer.refusal(), (401, code), "{header}");
    }
}

#[tokio::test]
async fn the_quota_counts_up_ends_and_comes_back() {
    let org = Org::with(Sandbox::builder().data(Data::Empty).build());
    org.sandbox.set_quirks(SF, &json!({"daily_api_requests": 2})).unwrap();
    assert_eq!(org.get("limits").await.body["DailyApiRequests"], json!({"Max": 2, "Remaining": 1}));
    assert_eq!(org.get("sobjects/Nope").await.header("sforce-limit-info"), "api-usage=2/2");
    let spent = org.get("limits").await;
    assert_eq!(spent.refusal(), (403, "REQUEST_LIMIT_EXCEEDED"));
    assert_eq!(spent.message(), "TotalRequests Limit exceeded.");
    let versions = org.call(Method::GET, "/services/data/", &[("authorization", "")], None).await;
    assert_eq!(versions.status, StatusCode::OK, "the list of versions is free");
    let newest = versions.body.as_array().unwrap().last().unwrap();
    assert_eq!(newest, &json!({"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}));
    assert_eq!(versions.header("sforce-limit-info"), "");
    org.advance(25 * 3_600);
    let root = org.get("/services/data/v62.0/").await;
    assert_eq!(root.body["sobjects"], "/services/data/v62.0/sobjects");
    assert!(root.body["identity"].as_str().unwrap().starts_with("http://salesforce.sandbox/id/00D"));
    assert!(org.get("/services/data/v35.0/").await.header("warning").starts_with("299"));
}

#[tokio::test]
async fn describe_shows_what_writes_are_checked_against() {
    let org = Org::empty();
    let global = org.get("sobjects").await.body;
    assert_eq!((&global["encoding"], &global["maxBatchSize"]), (&json!("UTF-8"), &json!(200)));
    let names: Vec<&str> =
        global["sobjects"].as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap()).collect();
    for name in [
        "Account",
        "Contact",
        "Lead",
        "Opportunity",
        "OpportunityContactRole",
        "Task",
        "Note",
        "User",
        "RecordType",
        "OpportunityStage",
        "TaskStatus",
        "TaskPriority",
        "Organization",
    ] {
        assert!(names.contains(&name), "{name}");
        let fields = org.get(&format!("sobjects/{name}/describe")).await.body["fields"].clone();
        let all: Vec<&str> = fields.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert!(fields.as_array().unwrap().iter().all(|field| field.as_object().unwrap().len() == 57), "{name}");
        let answer = org.query(&format!("SELECT {} FROM {name}", all.join(","))).await;
        assert_eq!(answer.status, StatusCode::OK, "every described field can be selected: {}", answer.body);
    }
    let contact = org.get("sobjects/contact/describe").await;
    let field = |name: &str| {
        contact.body["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap().clone()
    };
    let key = field("Crmkit_Key__c");
    assert_eq!(
        (&key["externalId"], &key["unique"], &key["idLookup"], &key["custom"]),
        (&json!(true), &json!(true), &json!(true), &json!(true))
    );
    let name = field("LastName");
    assert_eq!(
        (&name["nillable"], &name["length"], &name["byteLength"], &name["extraTypeInfo"]),
        (&json!(false), &json!(80), &json!(240), &json!("personname"))
    );
    assert_eq!(
        field("Tier__c")["picklistValues"][0],
        json!({"active": true, "defaultValue": false, "label": "Gold", "validFor": null, "value": "Gold"})
    );
    assert_eq!(field("AccountId")["referenceTo"], json!(["Account"]));
    let account = org.get("sobjects/Account/describe").await.body;
    let link = account["childRelationships"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["relationshipName"] == "Contacts")
        .unwrap();
    assert_eq!(
        (&link["childSObject"], &link["field"], &link["cascadeDelete"]),
        (&json!("Contact"), &json!("AccountId"), &json!(true))
    );
    let types = &account["recordTypeInfos"];
    assert_eq!((&types[0]["recordTypeId"], types.as_array().unwrap().len()), (&json!("012000000000000AAA"), 3));

    let stamp = contact.header("last-modified").to_owned();
    let known = org.call(Method::GET, "sobjects/Contact/describe", &[("if-modified-since", &stamp)], None).await;
    assert_eq!((known.status, known.body), (StatusCode::NOT_MODIFIED, Value::Null));
    assert_eq!(org.get("sobjects/Nope/describe").await.refusal(), (404, "NOT_FOUND"));
    let id = org.contact("x").await;
    assert_eq!(org.get("sobjects/Contact").await.body["recentItems"][0]["Id"], id);
    assert_eq!(
        org.get("limits/recordCount?sObjects=Contact,Account").await.body,
        json!({"sObjects": [{"count": 1, "name": "Contact"}]})
    );
}

#[tokio::test]
async fn feeds_tell_what_changed_and_what_went() {
    let org = Org::empty();
    let first = org.contact("a").await;
    let second = org.contact("b").await;
    org.advance(600);
    org.sandbox.automate(SF, "Contact", &first, json!({"Title": "t"})).unwrap();
    org.delete(&format!("sobjects/Contact/{second}")).await;
    org.advance(600);
    let feed = async |which: &str, start: &str, end: &str| {
        org.get(&format!("sobjects/Contact/{which}/?start={}&end={}", encode(start), encode(end))).await
    };
    let early = feed("updated", "2025-06-02T08:00:30+00:00", "2025-06-02T09:05:00+00:00").await;
    assert_eq!(early.body, json!({"ids": [], "latestDateCovered": "2025-06-02T09:05:00.000+0000"}));
    let late = feed("updated", "2025-06-02T09:10:00Z", "2025-06-02T10:00:00Z").await;
    assert_eq!(late.body, json!({"ids": [first], "latestDateCovered": "2025-06-02T09:20:00.000+0000"}));
    let deleted = feed("deleted", "2025-06-02T09:00:00+00:00", "2025-06-02T10:00:00+00:00").await;
    assert_eq!(
        deleted.body,
        json!({
            "deletedRecords": [{"id": second, "deletedDate": "2025-06-02T09:10:00.000+0000"}],
            "earliestDateAvailable": "2025-06-02T09:00:00.000+0000",
            "latestDateCovered": "2025-06-02T09:20:00.000+0000",
        })
    );
    for (which, start, end) in [
        ("updated", "2025-06-02T09:00:00Z", "2025-06-02T09:00:59Z"),
        ("updated", "2025-06-02T10:00:00Z", "2025-06-02T09:00:00Z"),
        ("updated", "2025-05-01T00:00:00Z", "2025-06-02T09:00:00Z"),
        ("deleted", "2025-05-17T00:00:00Z", "2025-06-02T09:00:00Z"),
        ("deleted", "yesterday", "2025-06-02T09:00:00Z"),
    ] {
        assert_eq!(feed(which, start, end).await.refusal(), (400, "INVALID_REPLICATION_DATE"), "{which} {start} {end}");
    }
    // After fifteen days the bin is emptied, and the feed says so.
    org.advance(16 * 86_400);
    let purged = feed("deleted", "2025-06-10T00:00:00Z", "2025-06-18T09:00:00Z").await;
    assert_eq!(purged.body["earliestDateAvailable"], "2025-06-02T09:10:00.000+0000");
    assert_eq!(org.query_all("SELECT COUNT() FROM Contact").await.body["totalSize"], 1);
    org.sandbox.set_quirks(SF, &json!({"feed_lag_seconds": 120})).unwrap();
    let lagging = feed("updated", "2025-06-18T00:00:00Z", "2025-06-19T00:00:00Z").await;
    assert_eq!(lagging.body["latestDateCovered"], "2025-06-18T09:18:00.000+0000");
}

#[tokio::test]
async fn refusals_of_the_frame_speak_the_vendors_language() {
    let org = Org::empty();
    for (kind, status, code) in [
        (FaultKind::Status429 { retry_after: None }, 403, "REQUEST_LIMIT_EXCEEDED"),
        (FaultKind::Quota, 403, "REQUEST_LIMIT_EXCEEDED"),
        (FaultKind::Server5xx { status: 503, after: false }, 503, "SERVER_UNAVAILABLE"),
        (FaultKind::Server5xx { status: 500, after: true }, 500, "UNKNOWN_EXCEPTION"),
    ] {
        org.sandbox.faults().inject(SF, Fault::next(kind));
        assert_eq!(org.get("limits").await.refusal(), (status, code));
    }
    org.sandbox.faults().inject(SF, Fault::next(FaultKind::Status429 { retry_after: Some(3) }));
    assert_eq!(org.get("limits").await.header("retry-after"), "3");
}
