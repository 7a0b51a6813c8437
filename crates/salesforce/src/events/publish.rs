//! Publishing platform events.

use rest_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::{Map, Value};
use tonic::Code;

use super::avro;
use super::connection::PubSub;
use super::event::ReplayId;
use super::proto::{ProducerEvent, PublishRequest, PublishResult};
use super::status;
use crate::VENDOR;

/// The vendor's advice for one request.
const MOST_EVENTS: usize = 200;

/// An event that the bus has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// Its place in the stream.
    pub replay_id: ReplayId,
    /// Its id, the same for subscribers.
    pub id: String,
}

impl PubSub {
    /// Publishes platform events on `/event/Name__e`: what becomes of each, in their order. Events are written by the
    /// names of their fields; `CreatedDate` and `CreatedById` are filled in. More than 200 are sent in several requests.
    ///
    /// # Errors
    /// As a whole: the topic, the session, the service. [`ErrorKind::Invalid`] if an event does not fit the schema, before
    /// anything is sent. [`ErrorKind::Unknown`] if the connection broke after sending: events may have been published.
    /// For each event: what the bus refuses.
    pub async fn publish<T: Serialize + Sync>(&self, topic: &str, events: &[T]) -> Result<Vec<Result<Published>>> {
        let schema_id = self.topic_schema(topic).await?;
        let schema = self.schema(&schema_id).await?.map_err(|status| status::error("events.schema", &status))?;
        let caller = self.caller().await?;
        let mut payloads = Vec::with_capacity(events.len());
        for (place, event) in events.iter().enumerate() {
            let mut fields = as_fields(event).map_err(|why| invalid(topic, place, &why))?;
            fields.entry("CreatedDate").or_insert_with(|| self.now_ms().into());
            fields.entry("CreatedById").or_insert_with(|| caller.user_id.as_str().into());
            payloads.push(avro::write(&schema, &fields).map_err(|why| invalid(topic, place, &why.to_string()))?);
        }
        let mut published = Vec::with_capacity(events.len());
        for chunk in payloads.chunks(MOST_EVENTS) {
            let first = published.len();
            let events = chunk.iter().zip(first..).map(|(payload, place)| ProducerEvent {
                id: (place + 1).to_string(),
                schema_id: schema_id.clone(),
                payload: payload.clone().into(),
                headers: Vec::new(),
            });
            let message =
                PublishRequest { topic_name: topic.to_owned(), events: events.collect(), auth_refresh: String::new() };
            let answer = self.unary(message, |mut stub, request| Box::pin(async move { stub.publish(request).await }));
            let answer = answer.await?.map_err(|status| {
                self.forget_topic(topic);
                let error = status::error("events.publish", &status);
                // Only the service's own refusals carry its code; anything else leaves the outcome open.
                let open = status::vendor_code(&status).is_none()
                    && matches!(
                        status.code(),
                        Code::Unavailable | Code::Unknown | Code::Internal | Code::DeadlineExceeded | Code::Cancelled
                    );
                if open { error.with_kind(ErrorKind::Unknown).with_retryable(false) } else { error }
            })?;
            if answer.results.len() != chunk.len() {
                let error = Error::new(ErrorKind::Unknown, "events.publish").with_vendor(VENDOR);
                let (told, sent) = (answer.results.len(), chunk.len());
                return Err(error.with_message(format!("the bus told of {told} events when {sent} were sent")));
            }
            published.extend(answer.results.into_iter().map(outcome));
        }
        Ok(published)
    }
}

fn outcome(result: PublishResult) -> Result<Published> {
    match result.error {
        None => Ok(Published { replay_id: ReplayId::new(result.replay_id), id: result.correlation_key }),
        Some(refusal) => Err(Error::new(ErrorKind::Invalid, "events.publish")
            .with_vendor(VENDOR)
            .with_code(format!("{:?}", refusal.code()).to_uppercase())
            .with_message(refusal.msg)),
    }
}

fn as_fields<T: Serialize>(event: &T) -> std::result::Result<Map<String, Value>, String> {
    match serde_json::to_value(event) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("an event is an object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn invalid(topic: &str, place: usize, why: &str) -> Error {
    Error::new(ErrorKind::Invalid, "events.publish")
        .with_vendor(VENDOR)
        .with_message(format!("event {} of {topic} does not fit: {why}", place + 1))
}
