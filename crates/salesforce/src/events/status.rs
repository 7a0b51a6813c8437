//! What the service's errors mean: a gRPC status, and in its trailers the vendor's own code, which decides.

use rest_core::{Error, ErrorKind};
use tonic::{Code, Status};

use crate::VENDOR;

/// What every one of the vendor's codes begins with.
const PREFIX: &str = "sfdc.platform.eventbus.grpc.";
const REPLAY_ID: &str = "subscription.fetch.replayid.";

/// Whether the error says that events were lost: the place that the subscription was to start behind is unknown to the
/// vendor, or older than the 72 hours for which events are kept. What to do: subscribe from
/// [`Start::Latest`](super::Start::Latest), wait for the first item, then read the objects again.
#[must_use]
pub fn position_lost(error: &Error) -> bool {
    error.vendor_code().is_some_and(|code| code.contains(REPLAY_ID))
}

/// What to do about a failure in a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Renew the session and connect again.
    Renew,
    /// Wait and connect again.
    Again,
    /// Tell the caller.
    None,
}

pub(super) fn vendor_code(status: &Status) -> Option<&str> {
    status.metadata().get("error-code").and_then(|code| code.to_str().ok()).filter(|code| !code.is_empty())
}

pub(super) fn remedy(status: &Status) -> Remedy {
    let code = vendor_code(status).map(|code| code.strip_prefix(PREFIX).unwrap_or(code));
    match code {
        Some("service.auth.error") => Remedy::Renew,
        Some(
            "service.unavailable"
            | "topic.api.unavailable"
            | "schema.api.unavailable"
            | "subscription.internal.error"
            | "subscription.fetch.replay.repeated"
            | "service.protection.triggered"
            | "service.protection.stream.limit.triggered"
            | "publish.stream.sweeper.timeout",
        ) => Remedy::Again,
        Some(
            "subscription.limit.exceeded"
            | "concurrent.client.limit.exceeded"
            | "service.tenant.license"
            | "topic.not.found",
        ) => Remedy::None,
        _ => match status.code() {
            Code::Unauthenticated => Remedy::Renew,
            // A broken connection shows as any of these.
            Code::Unavailable
            | Code::Unknown
            | Code::Internal
            | Code::Aborted
            | Code::Cancelled
            | Code::DeadlineExceeded => Remedy::Again,
            _ => Remedy::None,
        },
    }
}

/// The status as an error of `operation`.
pub(super) fn error(operation: &'static str, status: &Status) -> Error {
    let kind = match status.code() {
        Code::Unauthenticated => ErrorKind::Unauthorized,
        Code::PermissionDenied => ErrorKind::Forbidden,
        Code::NotFound => ErrorKind::NotFound,
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition | Code::AlreadyExists => ErrorKind::Invalid,
        Code::ResourceExhausted => ErrorKind::RateLimited,
        Code::DeadlineExceeded => ErrorKind::Timeout,
        Code::Unimplemented => ErrorKind::Unsupported,
        Code::Internal | Code::DataLoss => ErrorKind::Server,
        _ => ErrorKind::Connect,
    };
    let mut error = Error::new(kind, operation).with_vendor(VENDOR).with_message(status.message());
    if let Some(id) = status.metadata().get("rpc-id").and_then(|id| id.to_str().ok()) {
        error = error.with_request_id(id);
    }
    let Some(code) = vendor_code(status) else {
        return error;
    };
    error = error.with_code(code);
    match code.strip_prefix(PREFIX).unwrap_or(code) {
        code if code.starts_with(REPLAY_ID) => error.with_kind(ErrorKind::Gone).with_retryable(false).with_hint(
            "events were lost: subscribe from the latest, wait for the first item, then read the objects again",
        ),
        "subscription.limit.exceeded" => error
            .with_kind(ErrorKind::QuotaExhausted)
            .with_hint("the organisation's deliveries of the last 24 hours are used up: subscribe again later"),
        "topic.not.found" => error
            .with_kind(ErrorKind::NotFound)
            .with_hint("check the topic's name, and that Change Data Capture is on for the object"),
        "service.auth.headers.invalid" | "service.auth.error" => error.with_kind(ErrorKind::Unauthorized),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::metadata::MetadataMap;

    fn status(code: Code, vendor: &str) -> Status {
        let mut metadata = MetadataMap::new();
        metadata.insert("error-code", format!("{PREFIX}{vendor}").parse().unwrap());
        metadata.insert("rpc-id", "e3b0".parse().unwrap());
        Status::with_metadata(code, "The words. rpcId: e3b0", metadata)
    }

    #[test]
    fn the_vendors_code_decides_before_the_status() {
        for (code, vendor, kind, what) in [
            (Code::InvalidArgument, "subscription.fetch.replayid.corrupted", ErrorKind::Gone, Remedy::None),
            (Code::InvalidArgument, "subscription.fetch.replayid.validation.failed", ErrorKind::Gone, Remedy::None),
            (Code::Unauthenticated, "service.auth.error", ErrorKind::Unauthorized, Remedy::Renew),
            (Code::InvalidArgument, "service.auth.headers.invalid", ErrorKind::Unauthorized, Remedy::None),
            (Code::Unavailable, "service.unavailable", ErrorKind::Connect, Remedy::Again),
            (Code::Unavailable, "subscription.limit.exceeded", ErrorKind::QuotaExhausted, Remedy::None),
            (Code::NotFound, "topic.not.found", ErrorKind::NotFound, Remedy::None),
            (Code::PermissionDenied, "subscription.topic.cannot.subscribe", ErrorKind::Forbidden, Remedy::None),
            (Code::Internal, "something.new", ErrorKind::Server, Remedy::Again),
            (Code::ResourceExhausted, "service.protection.triggered", ErrorKind::RateLimited, Remedy::Again),
        ] {
            let status = status(code, vendor);
            let error = error("events.subscribe", &status);
            assert_eq!((error.kind(), remedy(&status)), (kind, what), "{vendor}");
            assert_eq!(error.vendor_code(), Some(format!("{PREFIX}{vendor}").as_str()));
            assert_eq!(error.request_id(), Some("e3b0"));
            assert_eq!(position_lost(&error), kind == ErrorKind::Gone);
        }
    }

    #[test]
    fn without_a_code_the_status_decides() {
        assert_eq!(remedy(&Status::unknown("transport error")), Remedy::Again);
        assert_eq!(remedy(&Status::invalid_argument("no")), Remedy::None);
        assert_eq!(remedy(&Status::unauthenticated("no")), Remedy::Renew);
        assert_eq!(error("x", &Status::unavailable("gone")).kind(), ErrorKind::Connect);
    }
}
