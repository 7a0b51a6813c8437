//! The vendor's error codes, which travel in the trailers beside gRPC's own.

use tonic::metadata::MetadataMap;
use tonic::{Code as Grpc, Status};

/// Why a call is refused. (Pub/Sub API guide, "Handle Errors".)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    AuthError,
    HeadersInvalid,
    Unavailable,
    TopicNotFound,
    TopicEmpty,
    SchemaInvalid,
    SchemaUnknown,
    ReplayIdMissing,
    ReplayIdCorrupted,
    RequestedEventsInvalid,
    FetchOverflow,
    TopicMismatch,
    InternalError,
    CannotPublish,
    EventCountInvalid,
    PublishTopicEmpty,
    PublishTopicMismatch,
    PublishIdle,
    SubscriptionIdle,
}

impl Code {
    fn parts(self) -> (Grpc, &'static str) {
        match self {
            Code::AuthError => (Grpc::Unauthenticated, "service.auth.error"),
            Code::HeadersInvalid => (Grpc::InvalidArgument, "service.auth.headers.invalid"),
            Code::Unavailable => (Grpc::Unavailable, "service.unavailable"),
            Code::TopicNotFound => (Grpc::NotFound, "topic.not.found"),
            Code::TopicEmpty => (Grpc::InvalidArgument, "topic.validation.empty"),
            Code::SchemaInvalid => (Grpc::InvalidArgument, "schema.validation.failed"),
            Code::SchemaUnknown => (Grpc::NotFound, "schema.meta.permission"),
            Code::ReplayIdMissing => (Grpc::InvalidArgument, "subscription.fetch.replayid.validation.failed"),
            Code::ReplayIdCorrupted => (Grpc::InvalidArgument, "subscription.fetch.replayid.corrupted"),
            Code::RequestedEventsInvalid => (Grpc::InvalidArgument, "subscription.fetch.requested.events.invalid"),
            Code::FetchOverflow => (Grpc::ResourceExhausted, "subscription.fetch.overflow"),
            Code::TopicMismatch => (Grpc::InvalidArgument, "subscription.fetch.topic.mismatch"),
            Code::InternalError => (Grpc::Internal, "subscription.internal.error"),
            Code::CannotPublish => (Grpc::PermissionDenied, "publish.topic.cannot.publish"),
            Code::EventCountInvalid => (Grpc::InvalidArgument, "publish.event.count.invalid"),
            Code::PublishTopicEmpty => (Grpc::InvalidArgument, "publish.topic.validation.empty"),
            Code::PublishTopicMismatch => (Grpc::InvalidArgument, "publish.topic.mismatch"),
            Code::PublishIdle => (Grpc::DeadlineExceeded, "publish.stream.sweeper.timeout"),
            Code::SubscriptionIdle => (Grpc::DeadlineExceeded, "subscription.fetch.stream.sweeper.timeout"),
        }
    }
}

/// The refusal: the status, the vendor's code, and an id for the vendor's support.
pub(super) fn refusal(code: Code, message: &str) -> Status {
    const RPC_ID: &str = "6f1c7a52-0b7e-4f0e-9a51-52b7b0f3a6de";
    let (grpc, vendor) = code.parts();
    let mut trailers = MetadataMap::new();
    if let Ok(value) = format!("sfdc.platform.eventbus.grpc.{vendor}").parse() {
        trailers.insert("error-code", value);
    }
    if let Ok(value) = RPC_ID.parse() {
        trailers.insert("rpc-id", value);
    }
    Status::with_metadata(grpc, format!("{message} rpcId: {RPC_ID}"), trailers)
}
