//! Login is a maze: which host, which flow, which token. Every flow against the emulated organisation, and what each
//! refusal says about its cause.

use std::sync::Arc;

use rest_core::ManualClock;
use salesforce::{
    AuthorizationRequest, ClientCredentials, ConnectedApp, ErrorKind, JwtBearer, Login, LoginHost, PrivateKey,
    RefreshToken, Result, Salesforce, SecretString, Session, SessionProvider, SoapLogin, SubjectTokenType,
    TokenExchange, UsernamePassword,
};
use sandbox::{Data, Running, Sandbox, Vendor};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::text;

struct World {
    sandbox: Sandbox,
    running: Running,
}

impl World {
    async fn new() -> Self {
        let sandbox = Sandbox::builder().data(Data::Empty).build();
        let running = sandbox.serve(0).await.unwrap();
        Self { sandbox, running }
    }

    fn text(&self, name: &str) -> String {
        text(&self.running, name)
    }

    fn secret(&self, name: &str) -> SecretString {
        self.text(name).into()
    }

    fn host(&self) -> LoginHost {
        LoginHost::custom(&self.text("instance_url")).unwrap()
    }

    fn app(&self) -> ConnectedApp {
        ConnectedApp::new(self.text("client_id"), self.text("client_secret"))
    }

    fn key(&self) -> PrivateKey {
        PrivateKey::from_pem(&self.secret("jwt_private_key")).unwrap()
    }

    fn jwt(&self) -> JwtBearer {
        JwtBearer::new(self.host(), self.text("client_id"), self.text("username"), self.key())
    }

    /// A client whose clock is the organisation's.
    fn client(&self, login: impl Into<Login>) -> Salesforce {
        let clock = Arc::new(ManualClock::starting_at(self.sandbox.clock().now()));
        Salesforce::builder().login(login).clock(clock).seed(1).build().unwrap()
    }

    async fn refused(&self, login: impl Into<Login>) -> salesforce::Error {
        let error = self.client(login).userinfo().await.unwrap_err();
        assert!(!error.is_retryable(), "{error}");
        error
    }

    fn setup(&self, action: &str, with: &Value) {
        self.sandbox.setup(Vendor::Salesforce, action, with).unwrap();
    }

    fn quirk(&self, name: &str, value: bool) {
        self.sandbox.set_quirks(Vendor::Salesforce, &json!({name: value})).unwrap();
    }
}

#[tokio::test]
async fn every_flow_logs_in() {
    let world = World::new().await;
    let (id, user) = (world.text("client_id"), world.text("username"));
    let token = world.secret("security_token");
    world
        .setup("subject_token", &json!({"token_handler": "Partner", "subject_token": "their-token", "username": user}));
    let password = || UsernamePassword::new(world.host(), world.app(), user.clone(), world.text("password"));
    let exchange = TokenExchange::new(world.host(), world.app(), "their-token".to_owned(), SubjectTokenType::Jwt);
    let logins: Vec<(&str, Login)> = vec![
        ("client credentials", ClientCredentials::of(world.host(), world.app()).into()),
        ("client credentials in the form", ClientCredentials::of(world.host(), world.app().in_body()).into()),
        ("a signed assertion", ClientCredentials::of(world.host(), ConnectedApp::with_key(&id, world.key())).into()),
        ("jwt bearer", world.jwt().into()),
        ("jwt bearer for production", world.jwt().audience(LoginHost::Production).into()),
        ("refresh token", RefreshToken::new(world.host(), world.app(), world.secret("refresh_token")).into()),
        (
            "refresh token, public",
            RefreshToken::new(world.host(), ConnectedApp::public(&id), world.secret("refresh_token")).into(),
        ),
        ("password", password().into()),
        ("password and security token", password().security_token(&token).into()),
        ("token exchange", exchange.unwrap().handler("Partner").into()),
        ("soap", SoapLogin::new(world.host(), user.clone(), world.text("password")).security_token(&token).into()),
        ("a given session", Session::new(&world.text("instance_url"), world.secret("access_token")).unwrap().into()),
    ];
    for (name, login) in logins {
        let who = world.client(login).userinfo().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(who.preferred_username.as_deref(), Some(user.as_str()), "{name}");
    }
}

#[tokio::test]
async fn a_browser_lets_the_app_in_once_with_proof() {
    let world = World::new().await;
    let ask = |random: u8| {
        let callback = world.text("redirect_uri");
        AuthorizationRequest::new(world.host(), world.app(), &callback, &[random; 64]).unwrap().scopes(["api"])
    };
    let http = [ask(1), ask(2)];
    let mut backs = Vec::new();
    for request in &http {
        backs.push(visit(&world, &request.url()).await);
    }
    let login = http[0].redirected(&backs[0]).unwrap();
    assert_eq!(http[0].redirected(&backs[1]).unwrap_err().kind(), ErrorKind::Forbidden, "another attempt's answer");
    let client = world.client(login);
    client.userinfo().await.unwrap();
    // The session ends; the refresh token that came with the code goes on.
    world.setup("expire_sessions", &json!({}));
    client.userinfo().await.unwrap();
    let again = world.refused(http[0].redirected(&backs[0]).unwrap()).await;
    assert_eq!(again.vendor_code(), Some("invalid_grant"));
    assert!(again.hint().contains("one use within 15 minutes"), "{}", again.hint());
    // Someone who has the code but not the randomness.
    let thief = AuthorizationRequest::new(world.host(), world.app(), &world.text("redirect_uri"), &[9; 64]).unwrap();
    let state = thief.url().split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let code = backs[1].split("code=").nth(1).unwrap().split('&').next().unwrap();
    let stolen = thief.redirected(&format!("x?code={code}&state={state}")).unwrap();
    let error = world.refused(stolen).await;
    assert!(error.to_string().contains("invalid code verifier") && error.hint().contains("randomness"), "{error}");
}

/// Opens a page as a browser does; where it leads.
async fn visit(world: &World, page: &str) -> String {
    let uri: http::Uri = page.parse().unwrap();
    let request = http::Request::get(uri).body(bytes::Bytes::new()).unwrap();
    let response = sandbox::send(world.sandbox.salesforce(), request).await.unwrap();
    assert_eq!(response.status(), 302);
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn refusals_of_the_organisation_name_cause_and_remedy() {
    let world = World::new().await;
    let user = world.text("username");
    let of = |error: &salesforce::Error| (error.kind(), error.vendor_code().unwrap_or_default().to_owned());
    let invalid_grant = "invalid_grant".to_owned();

    let error = world.refused(RefreshToken::new(world.host(), world.app(), "stale-canary".to_owned())).await;
    assert_eq!(of(&error), (ErrorKind::Unauthorized, invalid_grant.clone()));
    assert!(error.to_string().contains("expired access/refresh token"), "{error}");
    assert!(error.hint().contains("authorise the app again"), "{}", error.hint());
    assert!(!format!("{error} {error:?}").contains("canary"));

    let error =
        world.refused(UsernamePassword::new(world.host(), world.app(), user.clone(), "canary-x".to_owned())).await;
    assert!(error.hint().contains("multi-factor"), "{}", error.hint());
    assert!(!format!("{error} {error:?}").contains("canary"));

    world.quirk("trusted_address", false);
    let error = world.refused(SoapLogin::new(world.host(), user.clone(), world.text("password"))).await;
    assert_eq!(of(&error), (ErrorKind::Unauthorized, "LOGIN_MUST_USE_SECURITY_TOKEN".to_owned()));
    assert!(error.hint().contains(".security_token("), "{}", error.hint());
    let error = world.refused(SoapLogin::new(world.host(), user.clone(), "canary-x".to_owned())).await;
    assert_eq!(of(&error), (ErrorKind::Unauthorized, "INVALID_LOGIN".to_owned()));
    assert!(!format!("{error} {error:?}").contains("canary"));
    world.quirk("soap_login", false);
    let error = world.refused(SoapLogin::new(world.host(), user.clone(), world.text("password"))).await;
    assert!(error.kind() == ErrorKind::Config && error.hint().contains("client credentials"), "{}", error.hint());

    world.quirk("is_login_host", true);
    let error = world.refused(ClientCredentials::of(world.host(), world.app())).await;
    assert_eq!(of(&error), (ErrorKind::Config, invalid_grant.clone()));
    assert!(error.hint().contains("My Domain"), "{}", error.hint());
    world.quirk("is_login_host", false);

    world.setup("connected_app", &json!({"run_as": ""}));
    let error = world.refused(ClientCredentials::of(world.host(), world.app())).await;
    assert!(error.hint().contains("Run As"), "{}", error.hint());

    world.setup("connected_app", &json!({"approval": "themselves"}));
    let error = world.refused(world.jwt()).await;
    assert_eq!(of(&error), (ErrorKind::Forbidden, invalid_grant));
    assert!(error.to_string().contains("user hasn't approved this consumer"), "{error}");
    assert!(error.hint().contains("pre-authorized"), "{}", error.hint());
    world.setup("connected_app", &json!({"approved_users": [user]}));
    world.client(world.jwt()).userinfo().await.unwrap();
    world.setup("connected_app", &json!({"approval": "admin", "approved_users": []}));
    assert_eq!(of(&world.refused(world.jwt()).await), (ErrorKind::Forbidden, "invalid_app_access".to_owned()));

    world.quirk("organization_active", false);
    world.setup("connected_app", &json!({"approval": "everyone"}));
    let error = world.refused(world.jwt()).await;
    assert!(error.to_string().contains("inactive organization"), "{error}");
}

#[tokio::test]
async fn assertions_are_held_to_clock_audience_and_key() {
    let world = World::new().await;
    let other = LoginHost::my_domain("somebody-else").unwrap();
    let error = world.refused(world.jwt().audience(other)).await;
    assert!(error.kind() == ErrorKind::Config && error.to_string().contains("audience is invalid"), "{error}");
    let late = Arc::new(ManualClock::starting_at(world.sandbox.clock().now() - chrono::TimeDelta::minutes(4)));
    let client = Salesforce::builder().login(world.jwt()).clock(late).build().unwrap();
    let error = client.userinfo().await.unwrap_err();
    assert!(error.to_string().contains("expired assertion") && error.hint().contains("clock"), "{error}");
    let nobody = JwtBearer::new(world.host(), world.text("client_id"), "nobody@example.com", world.key());
    assert_eq!(world.refused(nobody).await.kind(), ErrorKind::Forbidden);
    let no_app = JwtBearer::new(world.host(), "3MVG9nope", world.text("username"), world.key());
    assert_eq!(world.refused(no_app).await.vendor_code(), Some("invalid_client_id"));
    world.setup("connected_app", &json!({"public_key": OTHER_PUBLIC_KEY}));
    let error = world.refused(world.jwt()).await;
    assert!(error.to_string().contains("invalid assertion") && error.hint().contains("certificate"), "{error}");
    let signed = ClientCredentials::of(world.host(), ConnectedApp::with_key(world.text("client_id"), world.key()));
    assert_eq!(world.refused(signed).await.vendor_code(), Some("invalid_client"));
}

#[derive(Debug)]
struct Vault(String, SecretString);

#[async_trait::async_trait]
impl SessionProvider for Vault {
    async fn session(&self) -> Result<Session> {
        Session::new(&self.0, self.1.clone())
    }
}

#[tokio::test]
async fn sessions_may_come_from_a_provider_of_ones_own() {
    let world = World::new().await;
    let login = Login::provider(Vault(world.text("instance_url"), world.secret("access_token")));
    world.client(login).userinfo().await.unwrap();
    let stale = Login::provider(Vault(world.text("instance_url"), "00D000000000001!canary".to_owned().into()));
    let error = world.refused(stale).await;
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[tokio::test]
async fn a_user_can_be_told_and_a_session_ended() {
    let world = World::new().await;
    let client = world.client(ClientCredentials::of(world.host(), world.app()));
    let identity = client.identity().await.unwrap();
    assert_eq!(identity.username, world.text("username"));
    assert!(identity.active && identity.user_id == client.userinfo().await.unwrap().user_id);
    assert!(identity.url("query").unwrap().contains("/services/data/v{version}/query/"));
    client.logout().await.unwrap();
    client.userinfo().await.unwrap();
    let standing = world.client(Session::new(&world.text("instance_url"), world.secret("access_token")).unwrap());
    standing.logout().await.unwrap();
    assert_eq!(
        standing.userinfo().await.unwrap_err().kind(),
        ErrorKind::Unauthorized,
        "a given session is not replaced"
    );
    client.revoke(&world.secret("refresh_token")).await.unwrap();
    let error = client.revoke(&world.secret("refresh_token")).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Invalid, Some("invalid_token")), "{error}");
}

#[tokio::test]
async fn a_refusal_in_form_encoding_is_read_too() {
    let server = MockServer::start().await;
    let body = "error=unsupported_token_type&error_description=this+token+type+is+not+supported";
    let answer = ResponseTemplate::new(400).set_body_raw(body, "application/x-www-form-urlencoded");
    Mock::given(method("POST")).and(path("/services/oauth2/revoke")).respond_with(answer).mount(&server).await;
    let error = crate::client_of(&server).revoke(&"canary".to_owned().into()).await.unwrap_err();
    assert_eq!(error.vendor_code(), Some("unsupported_token_type"), "{error}");
    assert!(error.to_string().contains("this token type is not supported"), "{error}");
}

#[tokio::test]
async fn answers_that_are_no_tokens_are_told_without_secrets() {
    let server = MockServer::start().await;
    let login = || ClientCredentials::new(LoginHost::custom(&server.uri()).unwrap(), "id", "canary-secret".to_owned());
    for body in [
        json!({"access_token": "canary-token"}),
        json!({"access_token": "", "instance_url": "https://x.my.salesforce.com"}),
        json!({"access_token": "canary-token", "instance_url": "http://canary.example"}),
        json!({"instance_url": "https://x.my.salesforce.com"}),
    ] {
        server.reset().await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(&body)).mount(&server).await;
        let client = Salesforce::builder().login(login()).build().unwrap();
        let error = client.userinfo().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert!(!format!("{error} {error:?}").contains("canary-"), "{error:?}");
    }
}

/// Of a key that was thrown away.
const OTHER_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5MZH2z3koCWxXegBUp1r
COV3yO4Y0oImxq+6uOPOz0h4E3Fu1mH0lDpdO9K8M14LNTrerxFsXtnuNw6Wr3kr
ModHM7rKAfQTQfvjGEbzLU7cy9Hn2OZzpFNaXd6aJr0fdVDMJRwnXTXECDebdcLD
Dajr/3lQk4+W/nmW1DANmOtcA40yatz2wkzyosMpc1IngwqheIQvUaqd1H5JIPmg
jB6N0E9nSTWCCfWZBw8HkUlsuIm3+pS2qEbKsDtOyx2Ce283vat7KhMLHbN7bsCS
g7xBMJzpMwpk/5bKMP+g6TF1SUqDO+/LalOfj89ODiQrBkJ9ljnHhFG/rnhU8PnX
SwIDAQAB
-----END PUBLIC KEY-----";
