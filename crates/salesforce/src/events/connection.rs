//! The way to the service: the connection, who calls, and the schemas read so far.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body::Body as HttpBody;
use rest_core::{Access, BaseUrl, Call, Error, ErrorKind, Result};
use serde::Deserialize;
use tonic::codegen::StdError;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{ClientTlsConfig, Endpoint};
use tonic::{Request, Status};
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use super::avro::Schema;
use super::event::decode_error;
use super::proto::pub_sub_client::PubSubClient;
use super::proto::{SchemaRequest, TopicRequest};
use super::status::{self, Remedy};
use super::subscription::{Start, Subscription};
use crate::{AnyId, Salesforce, VENDOR};

/// Where the vendor serves the Pub/Sub API to everyone.
const GLOBAL: &str = "https://api.pubsub.salesforce.com:7443";
/// Schemas kept; each is one version of one object.
const MOST_SCHEMAS: usize = 1024;
/// No answer to a single call takes longer.
const LONGEST_CALL: Duration = Duration::from_secs(60);

type Body = tonic::body::Body;
type Service = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Unreachable>;
pub(super) type Client = PubSubClient<Service>;
pub(super) type Answer<A> = std::result::Result<tonic::Response<A>, Status>;

/// The service could not be called. A type of its own, because the compiler cannot follow a boxed one through futures.
#[derive(Debug, thiserror::Error)]
#[error("the Pub/Sub API could not be reached: {0}")]
pub(super) struct Unreachable(#[source] StdError);

/// Events of one organisation. Keep it: clones and subscriptions share one connection and the schemas read so far.
/// Connects when it is first used, which must be within a tokio runtime.
#[derive(Clone)]
pub struct PubSub {
    client: Salesforce,
    shared: Arc<Shared>,
    pub(super) batch: i32,
    pub(super) retries: u32,
    pub(super) seed: Option<u64>,
}

struct Shared {
    endpoint: String,
    service: OnceLock<Service>,
    schemas: Mutex<HashMap<String, Arc<Schema>>>,
    /// The schema that events published on a topic must have.
    pub(super) topics: Mutex<HashMap<String, String>>,
    caller: Mutex<Option<Caller>>,
}

/// Whose session it is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Caller {
    pub(super) organization_id: AnyId,
    pub(super) user_id: AnyId,
}

impl Salesforce {
    /// Change events and platform events, by the Pub/Sub API. Nothing is sent until it is used.
    #[must_use]
    pub fn pubsub(&self) -> PubSub {
        PubSub {
            client: self.clone(),
            shared: Arc::new(Shared::new(GLOBAL.to_owned(), None)),
            batch: 100,
            retries: 10,
            seed: None,
        }
    }
}

impl Shared {
    fn new(endpoint: String, service: Option<Service>) -> Self {
        Self {
            endpoint,
            service: service.map_or_else(OnceLock::new, OnceLock::from),
            schemas: Mutex::default(),
            topics: Mutex::default(),
            caller: Mutex::default(),
        }
    }
}

impl PubSub {
    /// Uses another address than `https://api.pubsub.salesforce.com:7443`: a regional one such as
    /// `https://api.deu.pubsub.salesforce.com:7443`, or an emulator on a loopback address.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it is no address, or `http` without being loopback: the session goes there.
    pub fn endpoint(mut self, url: &str) -> Result<Self> {
        let base = BaseUrl::parse(url.trim())?;
        self.shared = Arc::new(Shared::new(base.origin().to_owned(), None));
        Ok(self)
    }

    /// Calls a service in this process instead of one over the network, such as an emulator's router.
    #[must_use]
    pub fn in_process<S, B>(mut self, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<StdError>,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError>,
    {
        let service = service
            .map_response(|response: http::Response<B>| response.map(Body::new))
            .map_err(|error| Unreachable(error.into()));
        self.shared = Arc::new(Shared::new("http://in-process".to_owned(), Some(BoxCloneSyncService::new(service))));
        self
    }

    /// How many events may be under way to this subscriber: 1 to 100, the vendor's bounds. Default 100. They are asked for
    /// again when half of them were taken, so memory is bounded by it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] outside of the bounds.
    pub fn batch(mut self, events: u32) -> Result<Self> {
        let events = i32::try_from(events).ok().filter(|events| (1..=100).contains(events));
        self.batch = events.ok_or_else(|| Error::config("a subscription asks for 1 to 100 events at a time"))?;
        Ok(self)
    }

    /// How many times in a row a subscription connects again before it gives up, waiting half a second at first and up to
    /// a minute. Default 10, which is some five minutes without the service.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Makes the waiting times repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The events of a topic: `/data/ContactChangeEvent` (one object), `/data/ChangeEvents` (all that are enabled),
    /// `/data/Name__chn` (a channel), `/event/Name__e` (platform events).
    ///
    /// Nothing is sent before the stream is polled. It ends after its first error.
    pub fn subscribe(&self, topic: impl Into<String>, start: Start) -> Subscription {
        Subscription::new(self.clone(), topic.into(), start)
    }

    /// The connection. Lazy itself: a connection that breaks is made again for the next call.
    fn service(&self) -> Result<Service> {
        if let Some(service) = self.shared.service.get() {
            return Ok(service.clone());
        }
        let unusable = |error: tonic::transport::Error| {
            Error::config("the Pub/Sub API's address cannot be used").with_vendor(VENDOR).with_source(error)
        };
        let mut endpoint = Endpoint::from_shared(self.shared.endpoint.clone()).map_err(unusable)?;
        if self.shared.endpoint.starts_with("https") {
            endpoint = endpoint.tls_config(ClientTlsConfig::new().with_native_roots()).map_err(unusable)?;
        }
        let endpoint = endpoint
            .connect_timeout(Duration::from_secs(20))
            .http2_keep_alive_interval(Duration::from_secs(60))
            .keep_alive_timeout(Duration::from_secs(20));
        let channel = endpoint.connect_lazy().map_err(|error| Unreachable(error.into()));
        let service = Service::new(channel);
        Ok(self.shared.service.get_or_init(|| service).clone())
    }

    pub(super) fn stub(&self) -> Result<Client> {
        Ok(PubSubClient::new(self.service()?))
    }

    /// The session to use; another than the one that was `refused`.
    pub(super) async fn access(&self, refused: Option<&Access>) -> Result<Access> {
        self.client.access(refused).await
    }

    pub(super) fn renewable(&self) -> bool {
        self.client.renewable()
    }

    /// Adds who calls to a request. The values never show in its `Debug`.
    pub(super) async fn request<T>(&self, access: &Access, message: T) -> Result<Request<T>> {
        let token = access.bearer().ok_or_else(|| {
            Error::config("this login gives no access token, which the Pub/Sub API needs").with_vendor(VENDOR)
        })?;
        let tenant = match tenant_of(token) {
            Some(tenant) => tenant,
            None => self.caller().await?.organization_id,
        };
        let instance = access.base().unwrap_or_else(|| self.client.base()).origin();
        let mut request = Request::new(message);
        for (name, text) in [("accesstoken", token), ("instanceurl", instance), ("tenantid", tenant.as_str())] {
            let mut value: MetadataValue<Ascii> = text
                .parse()
                .map_err(|_| Error::config(format!("{name} cannot be sent in a header")).with_vendor(VENDOR))?;
            value.set_sensitive(name == "accesstoken");
            request.metadata_mut().insert(name, value);
        }
        Ok(request)
    }

    /// Whose session it is, asked once.
    pub(super) async fn caller(&self) -> Result<Caller> {
        let lock = || self.shared.caller.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().clone();
        if let Some(caller) = known {
            return Ok(caller);
        }
        let call = Call::get("auth.userinfo").path(["services", "oauth2", "userinfo"]);
        let caller: Caller = self.client.raw(call).await?.json()?;
        *lock() = Some(caller.clone());
        Ok(caller)
    }

    /// One call with one answer; a refused session is renewed once.
    pub(super) async fn unary<Q: Clone, A>(
        &self,
        message: Q,
        send: fn(Client, Request<Q>) -> BoxFuture<'static, Answer<A>>,
    ) -> Result<std::result::Result<A, Status>> {
        let mut access = self.access(None).await?;
        let mut renewed = false;
        loop {
            let request = self.request(&access, message.clone()).await?;
            let sent = tokio::time::timeout(LONGEST_CALL, send(self.stub()?, request)).await;
            let sent = sent.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer within a minute")));
            match sent {
                Ok(answer) => return Ok(Ok(answer.into_inner())),
                Err(status) if status::remedy(&status) == Remedy::Renew && !renewed && self.renewable() => {
                    access = self.access(Some(&access)).await?;
                    renewed = true;
                }
                Err(status) => return Ok(Err(status)),
            }
        }
    }

    /// A schema, read once. The outer error is ours, the inner one the service's.
    pub(super) async fn schema(&self, id: &str) -> Result<std::result::Result<Arc<Schema>, Status>> {
        let lock = || self.shared.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(id).cloned();
        if let Some(schema) = known {
            return Ok(Ok(schema));
        }
        let message = SchemaRequest { schema_id: id.to_owned() };
        let answer = self.unary(message, |mut stub, request| Box::pin(async move { stub.get_schema(request).await }));
        let info = match answer.await? {
            Ok(info) => info,
            Err(status) => return Ok(Err(status)),
        };
        let schema = Schema::parse(&info.schema_json)
            .map_err(|why| decode_error(format!("the schema {id} cannot be read: {why}")))?;
        let schema = Arc::new(schema);
        let mut schemas = lock();
        if schemas.len() >= MOST_SCHEMAS {
            schemas.clear();
        }
        schemas.insert(id.to_owned(), Arc::clone(&schema));
        Ok(Ok(schema))
    }

    /// The id of the schema that events published on a topic must have.
    pub(super) async fn topic_schema(&self, topic: &str) -> Result<String> {
        let lock = || self.shared.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(topic).cloned();
        if let Some(id) = known {
            return Ok(id);
        }
        let message = TopicRequest { topic_name: topic.to_owned() };
        let answer = self.unary(message, |mut stub, request| Box::pin(async move { stub.get_topic(request).await }));
        let info = answer.await?.map_err(|status| status::error("events.topic", &status))?;
        if !info.can_publish {
            let error = Error::new(ErrorKind::Forbidden, "events.publish").with_vendor(VENDOR);
            return Err(error.with_message(format!("nobody may publish on {topic}, or this user may not")));
        }
        lock().insert(topic.to_owned(), info.schema_id.clone());
        Ok(info.schema_id)
    }

    /// Forgets what was learned about a topic: its schema may have changed.
    pub(super) fn forget_topic(&self, topic: &str) {
        self.shared.topics.lock().unwrap_or_else(PoisonError::into_inner).remove(topic);
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.client.now().timestamp_millis()
    }
}

impl fmt::Debug for PubSub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSub").field("endpoint", &self.shared.endpoint).finish_non_exhaustive()
    }
}

/// The organisation that an access token names in front of its `!`; tokens in JWT form name none.
fn tenant_of(token: &str) -> Option<AnyId> {
    let (organization, _) = token.split_once('!')?;
    organization.parse::<AnyId>().ok().filter(|id| id.prefix() == "00D")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Session;

    fn client() -> Salesforce {
        let session = Session::new("https://acme.my.salesforce.com", "00D000000000001!canary".to_owned()).unwrap();
        Salesforce::builder().login(session).build().unwrap()
    }

    #[test]
    fn a_token_names_its_organisation() {
        assert_eq!(tenant_of("00D000000000001!AQ.x").unwrap().as_str(), "00D000000000001EAA");
        assert_eq!(tenant_of("00D000000000001AAA!AQ.x"), None, "a wrong checksum");
        assert_eq!(tenant_of("eyJhbGciOi.x.y"), None);
        assert_eq!(tenant_of("003000000000001!x"), None);
    }

    #[test]
    fn the_session_goes_to_secure_places_only() {
        client().pubsub().endpoint("http://pubsub.example.com").unwrap_err();
        client().pubsub().endpoint("http://127.0.0.1:4010").unwrap();
        for bad in [0, 101] {
            client().pubsub().batch(bad).unwrap_err();
        }
        assert_eq!(client().pubsub().batch(1).unwrap().batch, 1);
    }

    #[tokio::test]
    async fn a_request_says_who_calls_and_does_not_show_it() {
        let events = client().pubsub();
        let access = events.access(None).await.unwrap();
        let request = events.request(&access, ()).await.unwrap();
        let header = |name: &str| request.metadata().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("accesstoken"), "00D000000000001!canary");
        assert_eq!(header("instanceurl"), "https://acme.my.salesforce.com");
        assert_eq!(header("tenantid"), "00D000000000001EAA");
        assert!(!format!("{request:?} {events:?} {access:?}").contains("canary"));
    }
}
