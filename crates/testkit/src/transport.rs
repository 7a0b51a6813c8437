//! The sandbox behind the clients' transport and clock, in process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use rest_core::{ByteStream, Clock, Transport, TransportError, TransportErrorKind};
use sandbox::{Sandbox, Vendor};

/// Sends a client's requests to one vendor of a [`Sandbox`] without a socket.
///
/// It behaves as a network would: a dropped connection is [`Lost`](TransportErrorKind::Lost) whether or not the
/// vendor acted, because a caller over a socket could not know either; a request to another
/// [origin](Self::origin) and every request while [unreachable](Self::set_reachable) is
/// [`NotSent`](TransportErrorKind::NotSent); a body that stops early is [`Body`](TransportErrorKind::Body).
#[derive(Clone)]
pub struct SandboxTransport {
    sandbox: Sandbox,
    vendor: Vendor,
    reachable: Arc<AtomicBool>,
}

impl SandboxTransport {
    /// A way to one vendor of a sandbox.
    #[must_use]
    pub fn new(sandbox: &Sandbox, vendor: Vendor) -> Self {
        Self { sandbox: sandbox.clone(), vendor, reachable: Arc::new(AtomicBool::new(true)) }
    }

    /// Where the vendor answers: a loopback address, because clients refuse plain HTTP to any other. Nothing listens
    /// there.
    #[must_use]
    pub fn origin(vendor: Vendor) -> &'static str {
        match vendor {
            Vendor::Salesforce => "http://127.0.0.1:4001",
            _ => "http://127.0.0.1:4002",
        }
    }

    /// The vendor's object of the sandbox's ready line, with addresses below [`origin`](Self::origin).
    #[must_use]
    pub fn credentials(&self) -> serde_json::Value {
        self.sandbox.credentials_at(self.vendor, Self::origin(self.vendor))
    }

    /// Cuts the vendor off, or lets it be reached again; for all clones.
    pub fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::SeqCst);
    }

    fn reaches(&self, uri: &http::Uri) -> bool {
        let origin =
            format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.authority().map_or("", |a| a.as_str()));
        self.reachable.load(Ordering::SeqCst) && origin == Self::origin(self.vendor)
    }
}

impl fmt::Debug for SandboxTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxTransport").field("vendor", &self.vendor).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for SandboxTransport {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<ByteStream>, TransportError> {
        if !self.reaches(request.uri()) {
            return Err(TransportError::new(TransportErrorKind::NotSent, "connection refused"));
        }
        if let Some(host) = request.uri().authority().and_then(|host| host.as_str().parse().ok()) {
            request.headers_mut().insert(http::header::HOST, host);
        }
        let sent = sandbox::send(self.sandbox.router(self.vendor), request).await;
        let response = sent.map_err(|reset| {
            // Over a socket nobody can know whether the vendor acted, so what the sandbox knows stays unused.
            TransportError::new(TransportErrorKind::Lost, reset)
        })?;
        Ok(response.map(|body| {
            let broken = |error| TransportError::new(TransportErrorKind::Body, error);
            body.into_data_stream().map_err(broken).boxed()
        }))
    }
}

/// The sandbox's clock as the clock of a client: both then live in one time.
#[derive(Debug, Clone)]
pub struct SandboxClock(sandbox::Clock);

impl SandboxClock {
    /// The clock of a sandbox.
    #[must_use]
    pub fn of(sandbox: &Sandbox) -> Self {
        Self(sandbox.clock().clone())
    }
}

impl Clock for SandboxClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

#[cfg(test)]
mod tests {
    use sandbox::{Data, Fault, FaultKind};

    use super::*;

    fn empty() -> Sandbox {
        Sandbox::builder().data(Data::Empty).build()
    }

    async fn kind_of_failure(transport: &SandboxTransport, uri: &str) -> Option<TransportErrorKind> {
        let request = http::Request::get(uri).body(Bytes::new()).unwrap();
        match transport.send(request).await {
            Err(error) => Some(error.kind()),
            Ok(response) => response.into_body().try_collect::<Vec<_>>().await.err().map(|error| error.kind()),
        }
    }

    #[tokio::test]
    async fn what_is_certain_about_a_failure_is_told_as_a_socket_would() {
        let sandbox = empty();
        let transport = SandboxTransport::new(&sandbox, Vendor::Freshsales);
        let here = format!("{}/crm/sales/api/selector/owners", SandboxTransport::origin(Vendor::Freshsales));
        let fault = |kind| {
            sandbox.faults().inject(Vendor::Freshsales, Fault::next(kind));
        };

        assert_eq!(kind_of_failure(&transport, &here).await, None);
        fault(FaultKind::ResetBefore);
        assert_eq!(kind_of_failure(&transport, &here).await, Some(TransportErrorKind::Lost));
        fault(FaultKind::ResetAfter);
        assert_eq!(kind_of_failure(&transport, &here).await, Some(TransportErrorKind::Lost));
        fault(FaultKind::TruncatedBody);
        assert_eq!(kind_of_failure(&transport, &here).await, Some(TransportErrorKind::Body));

        let elsewhere = "http://127.0.0.1:4001/crm/sales/api/selector/owners";
        let calls = sandbox.log().calls(Vendor::Freshsales);
        assert_eq!(kind_of_failure(&transport, elsewhere).await, Some(TransportErrorKind::NotSent));
        transport.set_reachable(false);
        assert_eq!(kind_of_failure(&transport.clone(), &here).await, Some(TransportErrorKind::NotSent));
        assert_eq!(sandbox.log().calls(Vendor::Freshsales), calls);
        transport.set_reachable(true);
        assert_eq!(kind_of_failure(&transport, &here).await, None);
    }

    #[tokio::test]
    async fn the_clocks_agree() {
        let sandbox = empty();
        let clock = SandboxClock::of(&sandbox);
        assert_eq!(clock.now(), sandbox.clock().now());
        sandbox.clock().advance(chrono::TimeDelta::hours(3));
        assert_eq!(clock.now(), sandbox.clock().now());
    }

    #[tokio::test]
    async fn credentials_point_at_the_origin() {
        for vendor in Vendor::ALL {
            let text = SandboxTransport::new(&empty(), vendor).credentials().to_string();
            assert!(text.contains(SandboxTransport::origin(vendor)), "{vendor}");
        }
    }
}
