//! Sessions expire mid-job, and nobody notices: streams and batches go on, however many callers there are, and refresh
//! tokens survive rotation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::{StreamExt, TryStreamExt};
use rest_core::{ExposeSecret, ManualClock};
use salesforce::{
    ConnectedApp, Contact, Error, ErrorKind, LoginHost, RefreshToken, RefreshTokenStore, Result, Salesforce,
    SecretString,
};
use sandbox::{Data, Vendor};
use serde_json::json;

use crate::{Org, text};

fn tokens(org: &Org) -> usize {
    org.sandbox.log().of(Vendor::Salesforce).iter().filter(|entry| entry.path.ends_with("/oauth2/token")).count()
}

/// Ends every session, as an administrator does.
fn expire(org: &Org) {
    org.sandbox.setup(Vendor::Salesforce, "expire_sessions", &json!({})).unwrap();
}

/// A store as several processes share it: it notes what it is told, and can fail.
#[derive(Debug, Default)]
struct Shared {
    token: std::sync::Mutex<Option<SecretString>>,
    saves: AtomicU32,
    fail_next: AtomicU32,
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[async_trait::async_trait]
impl RefreshTokenStore for Shared {
    async fn load(&self) -> Result<Option<SecretString>> {
        Ok(self.token.lock().unwrap().clone())
    }

    async fn save(&self, token: &SecretString) -> Result<()> {
        if self.fail_next.swap(0, Ordering::SeqCst) > 0 {
            return Err(Error::new(ErrorKind::Server, "vault.save").with_message("the vault is sealed"));
        }
        self.saves.fetch_add(1, Ordering::SeqCst);
        *self.token.lock().unwrap() = Some(token.clone());
        Ok(())
    }

    async fn lock(&self) -> Result<Box<dyn Send>> {
        Ok(Box::new(Arc::clone(&self.turn).lock_owned().await))
    }
}

fn login(org: &Org, store: &Arc<Shared>) -> RefreshToken {
    let host = LoginHost::custom(&org.origin()).unwrap();
    let app = ConnectedApp::new(text(&org.running, "client_id"), text(&org.running, "client_secret"));
    RefreshToken::stored(host, app, Arc::clone(store) as Arc<dyn RefreshTokenStore>)
}

fn process(org: &Org, login: RefreshToken) -> Salesforce {
    let clock = Arc::new(ManualClock::starting_at(org.sandbox.clock().now()));
    Salesforce::builder().login(login).clock(clock).seed(1).build().unwrap()
}

async fn rotating() -> (Org, Arc<Shared>) {
    let org = Org::empty().await;
    org.sandbox.set_quirks(Vendor::Salesforce, &json!({"rotate_refresh_tokens": true})).unwrap();
    let store = Arc::new(Shared::default());
    *store.token.lock().unwrap() = Some(text(&org.running, "refresh_token").into());
    (org, store)
}

#[tokio::test]
async fn a_session_that_ends_inside_a_stream_is_not_noticed() {
    let org = Org::with(Data::Demo).await;
    let total = org.client.count("SELECT COUNT() FROM Contact").await.unwrap();
    assert!(total > 600, "{total} are too few for several pages");
    let mut seen = 0;
    let mut rows = org.client.query::<Contact>("SELECT Id FROM Contact").page_size(200).stream();
    while let Some(row) = rows.try_next().await.unwrap() {
        assert!(row.id.as_str().starts_with("003"));
        if seen % 150 == 0 {
            expire(&org);
        }
        seen += 1;
    }
    assert_eq!(seen, total);
    assert!(tokens(&org) > 2, "sessions did end meanwhile");
}

#[tokio::test]
async fn many_calls_share_one_renewal_and_each_is_repeated_once() {
    let org = Org::empty().await;
    org.client.userinfo().await.unwrap();
    for round in 2..5 {
        expire(&org);
        let calls = (0..12).map(|_| org.client.userinfo());
        let done = futures::stream::iter(calls).buffer_unordered(12).try_collect::<Vec<_>>().await.unwrap();
        assert_eq!((done.len(), tokens(&org)), (12, round));
    }
}

#[tokio::test]
async fn rotated_tokens_are_stored_before_they_are_used() {
    let (org, store) = rotating().await;
    let client = process(&org, login(&org, &store));
    for saves in 1..4 {
        let before = store.token.lock().unwrap().clone().unwrap();
        client.userinfo().await.unwrap();
        let after = store.token.lock().unwrap().clone().unwrap();
        assert_ne!(before.expose_secret(), after.expose_secret());
        assert_eq!(store.saves.load(Ordering::SeqCst), saves);
        expire(&org);
    }
}

#[tokio::test]
async fn processes_that_share_a_token_do_not_lock_each_other_out() {
    let (org, store) = rotating().await;
    let processes: Vec<Salesforce> = (0..4).map(|_| process(&org, login(&org, &store))).collect();
    for _ in 0..3 {
        let calls = processes.iter().map(Salesforce::userinfo);
        futures::future::try_join_all(calls).await.unwrap();
        expire(&org);
    }
}

/// What a process without a lock runs into: between its reading of the store and its refresh another was faster.
#[derive(Debug)]
struct Late {
    stale: std::sync::Mutex<Option<SecretString>>,
    shared: Arc<Shared>,
}

#[async_trait::async_trait]
impl RefreshTokenStore for Late {
    async fn load(&self) -> Result<Option<SecretString>> {
        let stale = self.stale.lock().unwrap().take();
        match stale {
            Some(token) => Ok(Some(token)),
            None => self.shared.load().await,
        }
    }

    async fn save(&self, token: &SecretString) -> Result<()> {
        self.shared.save(token).await
    }
}

#[tokio::test]
async fn a_process_that_lost_the_race_reads_the_store_again() {
    let org = Org::empty().await;
    let good: SecretString = text(&org.running, "refresh_token").into();
    let shared = Arc::new(Shared::default());
    shared.save(&good).await.unwrap();
    let late = Late { stale: std::sync::Mutex::new(Some("5Aep861replaced".to_owned().into())), shared };
    let host = LoginHost::custom(&org.origin()).unwrap();
    let app = ConnectedApp::public(text(&org.running, "client_id"));
    let login = RefreshToken::stored(host, app, Arc::new(late));
    Salesforce::builder().login(login).build().unwrap().userinfo().await.unwrap();
    assert_eq!(tokens(&org), 2, "one refusal, one session");
}

#[tokio::test]
async fn a_rotated_token_that_cannot_be_stored_is_not_lost() {
    let (org, store) = rotating().await;
    let login = login(&org, &store);
    store.fail_next.store(1, Ordering::SeqCst);
    let error = process(&org, login.clone()).userinfo().await.unwrap_err();
    assert!(error.to_string().contains("the vault is sealed"), "{error}");
    process(&org, login).userinfo().await.unwrap();
    assert_eq!(store.saves.load(Ordering::SeqCst), 1);
    assert_eq!(tokens(&org), 1, "the session that was given is used, and none is asked for twice");
}

#[tokio::test]
async fn a_refused_login_is_not_hammered() {
    let (org, store) = rotating().await;
    *store.token.lock().unwrap() = Some("revoked-canary".to_owned().into());
    let client = process(&org, login(&org, &store));
    for _ in 0..20 {
        let error = client.userinfo().await.unwrap_err();
        assert_eq!(error.vendor_code(), Some("invalid_grant"), "each caller is told: {error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    assert_eq!(tokens(&org), 1, "but the login host is asked once");
}
