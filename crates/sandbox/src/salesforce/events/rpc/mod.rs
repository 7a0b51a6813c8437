//! The Pub/Sub API over gRPC.

mod errors;
mod stream;

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, dead_code, reason = "generated")]
mod proto;

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use futures::Stream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};
use tower::ServiceExt;

use super::bus::Bus;
use crate::log::{Action, Actor, Entry};
use crate::salesforce::Salesforce;
use crate::{CallLog, Clock, Effect, Vendor};
use errors::{Code, refusal};
use proto::pub_sub_server::{PubSub, PubSubServer};
use proto::{
    ErrorCode, FetchRequest, FetchResponse, PublishRequest, PublishResponse, PublishResult, SchemaInfo, SchemaRequest,
    TopicInfo, TopicRequest,
};

/// The service, to be called in process or served over HTTP/2.
pub(crate) fn router(salesforce: Arc<Salesforce>, log: CallLog, clock: Clock) -> Router {
    let service = PubSubServer::new(Rpc { salesforce, log, clock });
    let service = ServiceExt::<http::Request<axum::body::Body>>::map_response(
        service,
        |response: http::Response<tonic::body::Body>| response.map(axum::body::Body::new),
    );
    Router::new().fallback_service(service)
}

#[derive(Clone)]
struct Rpc {
    salesforce: Arc<Salesforce>,
    log: CallLog,
    clock: Clock,
}

type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Who calls, as each call's metadata says.
#[derive(Clone)]
struct Caller {
    token: String,
}

impl Rpc {
    fn log(&self, method: &str, effects: Vec<Effect>) {
        self.log.push(Entry {
            sequence: 0,
            at: self.clock.now(),
            vendor: Vendor::Salesforce,
            actor: Actor::Api,
            method: "GRPC".to_owned(),
            path: format!("/eventbus.v1.PubSub/{method}"),
            query: None,
            body_digest: None,
            body_bytes: 0,
            status: None,
            fault: None,
            effects,
        });
    }

    fn admit(&self, metadata: &MetadataMap) -> Result<Caller, Status> {
        let value = |name: &str| {
            let value = metadata.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
            value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or_else(|| {
                refusal(Code::HeadersInvalid, &format!("The {name} header is missing or blank in the request."))
            })
        };
        let (token, instance, tenant) = (value("accesstoken")?, value("instanceurl")?, value("tenantid")?);
        if !(instance.starts_with("https://") || instance.starts_with("http://")) {
            return Err(refusal(Code::HeadersInvalid, "The instanceurl header is no URL."));
        }
        let caller = Caller { token };
        let org = self.salesforce.present();
        if tenant != org.fixtures.organization.to_string() {
            return Err(refusal(Code::AuthError, "The tenant ID in the request doesn't match the access token."));
        }
        drop(org);
        self.still_admitted(&caller)?;
        Ok(caller)
    }

    fn still_admitted(&self, caller: &Caller) -> Result<(), Status> {
        if self.salesforce.present().admit(&caller.token) {
            return Ok(());
        }
        Err(refusal(
            Code::AuthError,
            "An authentication exception occurred. Check that the access token, instance URL and tenant ID are valid.",
        ))
    }

    /// Publishes a batch: what became of each event.
    fn publish_batch(&self, message: &PublishRequest, topic: &str) -> Result<PublishResponse, Status> {
        if message.events.is_empty() {
            return Err(refusal(Code::EventCountInvalid, "The publish request contains no events."));
        }
        let mut org = self.salesforce.present();
        let known = org.topic(topic).ok_or_else(|| not_found(topic))?;
        let object = Bus::publishable(known)
            .ok_or_else(|| refusal(Code::CannotPublish, &format!("Events can't be published to the topic {topic}.")))?;
        let schema = Arc::clone(&org.schema);
        let name = schema.object(object);
        let mut results = Vec::with_capacity(message.events.len());
        for event in &message.events {
            let done = org.publish_payload(object, &event.id, &event.schema_id, &event.payload);
            results.push(match done {
                Ok((place, id)) => {
                    let noted = org.fixtures.organization;
                    org.note(Action::Created, name, noted, Vec::new());
                    PublishResult { replay_id: replay_id(place), error: None, correlation_key: id }
                }
                Err(why) => {
                    let error = proto::Error { code: ErrorCode::Publish.into(), msg: why.0 };
                    PublishResult { replay_id: Bytes::new(), error: Some(error), correlation_key: event.id.clone() }
                }
            });
        }
        let effects = std::mem::take(&mut org.effects);
        let schema_id = org.bus.shape(&schema, object).id.clone();
        let rpc_id = org.bus.uuid();
        drop(org);
        self.log("Publish", effects);
        Ok(PublishResponse { results, schema_id, rpc_id })
    }
}

fn not_found(topic: &str) -> Status {
    refusal(Code::TopicNotFound, &format!("The topic {topic} doesn't exist or isn't enabled."))
}

/// The place of an event as subscribers see it.
fn replay_id(place: u64) -> Bytes {
    Bytes::copy_from_slice(&place.to_be_bytes())
}

#[tonic::async_trait]
impl PubSub for Rpc {
    type SubscribeStream = Events<FetchResponse>;
    type PublishStreamStream = Events<PublishResponse>;

    async fn subscribe(
        &self,
        request: Request<Streaming<FetchRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let caller = self.admit(request.metadata())?;
        self.log("Subscribe", Vec::new());
        Ok(Response::new(stream::subscription(self.clone(), caller, request.into_inner())))
    }

    async fn get_schema(&self, request: Request<SchemaRequest>) -> Result<Response<SchemaInfo>, Status> {
        self.admit(request.metadata())?;
        self.log("GetSchema", Vec::new());
        let id = request.into_inner().schema_id;
        if id.trim().is_empty() {
            return Err(refusal(Code::SchemaInvalid, "The schema ID is blank."));
        }
        let mut org = self.salesforce.present();
        org.know_all_shapes();
        let rpc_id = org.bus.uuid();
        let shape = org.bus.schema(&id);
        let shape =
            shape.ok_or_else(|| refusal(Code::SchemaUnknown, &format!("The schema with ID {id} doesn't exist.")))?;
        Ok(Response::new(SchemaInfo { schema_json: shape.json.clone(), schema_id: id, rpc_id }))
    }

    async fn get_topic(&self, request: Request<TopicRequest>) -> Result<Response<TopicInfo>, Status> {
        self.admit(request.metadata())?;
        self.log("GetTopic", Vec::new());
        let name = request.into_inner().topic_name;
        if name.trim().is_empty() {
            return Err(refusal(Code::TopicEmpty, "The topic name is blank."));
        }
        let mut org = self.salesforce.present();
        let topic = org.topic(&name).ok_or_else(|| not_found(&name))?;
        let schema = Arc::clone(&org.schema);
        // The topic of all changes has no schema of its own.
        let schema_id = match topic {
            super::bus::Topic::AllChanges => String::new(),
            super::bus::Topic::One(super::bus::Subject::Change(object) | super::bus::Subject::Platform(object)) => {
                org.bus.shape(&schema, object).id.clone()
            }
        };
        Ok(Response::new(TopicInfo {
            topic_name: name,
            tenant_guid: format!("core/local/{}", org.fixtures.organization),
            can_publish: Bus::publishable(topic).is_some(),
            can_subscribe: true,
            schema_id,
            rpc_id: org.bus.uuid(),
        }))
    }

    async fn publish(&self, request: Request<PublishRequest>) -> Result<Response<PublishResponse>, Status> {
        self.admit(request.metadata())?;
        let message = request.into_inner();
        if message.topic_name.trim().is_empty() {
            return Err(refusal(Code::PublishTopicEmpty, "The topic name is blank."));
        }
        self.publish_batch(&message, &message.topic_name).map(Response::new)
    }

    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        let caller = self.admit(request.metadata())?;
        Ok(Response::new(stream::publication(self.clone(), caller, request.into_inner())))
    }
}
