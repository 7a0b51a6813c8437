//! Serving over TCP: a loopback port per vendor, and one for the admin API.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::{ConnectionReset, Sandbox, Vendor};

/// A sandbox that is served on loopback ports until it is shut down or dropped.
#[derive(Debug)]
pub struct Running {
    admin: SocketAddr,
    vendors: Vec<(Vendor, SocketAddr)>,
    #[cfg(feature = "pubsub")]
    pubsub: SocketAddr,
    ready_line: String,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Where a vendor listens.
    #[must_use]
    pub fn address(&self, vendor: Vendor) -> Option<SocketAddr> {
        self.vendors.iter().find(|(known, _)| *known == vendor).map(|(_, address)| *address)
    }

    /// Where Salesforce's Pub/Sub API listens (gRPC, HTTP/2 without TLS).
    #[cfg(feature = "pubsub")]
    #[must_use]
    pub fn pubsub_address(&self) -> SocketAddr {
        self.pubsub
    }

    /// Where the admin API listens.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// One line of JSON with the address and the credentials of every vendor.
    #[must_use]
    pub fn ready_line(&self) -> &str {
        &self.ready_line
    }

    /// Stops listening, drops open connections, and waits until both is done.
    pub async fn shutdown(mut self) {
        // Every task listens; a closed channel only means that they are gone already.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Where the Pub/Sub API is from the first port, leaving room for vendors.
#[cfg(feature = "pubsub")]
const PUBSUB_OFFSET: u16 = 10;

impl Sandbox {
    /// Serves the admin API on `port_base` and the vendors on the ports after it, in the order of [`Vendor::ALL`],
    /// on 127.0.0.1; Salesforce's Pub/Sub API on the tenth port after it. With `port_base` 0, any free ports.
    ///
    /// # Errors
    /// A port is taken, or out of range.
    pub async fn serve(&self, port_base: u16) -> io::Result<Running> {
        let (stop, _) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let admin_listener = bind(port_base, 0).await?;
        let admin = admin_listener.local_addr()?;
        tasks.spawn(accept(admin_listener, self.admin(), stop.subscribe()));
        let mut vendors = Vec::new();
        let mut ready = Map::new();
        for (offset, vendor) in (1_u16..).zip(Vendor::ALL) {
            let listener = bind(port_base, offset).await?;
            let address = listener.local_addr()?;
            ready.insert(vendor.name().to_owned(), self.credentials_at(vendor, &format!("http://{address}")));
            tasks.spawn(accept(listener, self.router(vendor), stop.subscribe()));
            vendors.push((vendor, address));
        }
        #[cfg(feature = "pubsub")]
        let pubsub = {
            let listener = bind(port_base, PUBSUB_OFFSET).await?;
            let address = listener.local_addr()?;
            if let Some(Value::Object(salesforce)) = ready.get_mut(Vendor::Salesforce.name()) {
                salesforce.insert("pubsub_url".to_owned(), Value::String(format!("http://{address}")));
            }
            tasks.spawn(accept_http2(listener, self.salesforce_pubsub(), stop.subscribe()));
            address
        };
        ready.insert("admin_url".to_owned(), Value::String(format!("http://{admin}")));
        Ok(Running {
            admin,
            vendors,
            #[cfg(feature = "pubsub")]
            pubsub,
            ready_line: Value::Object(ready).to_string(),
            stop,
            tasks,
        })
    }
}

async fn bind(base: u16, offset: u16) -> io::Result<TcpListener> {
    let port = match base {
        0 => 0,
        base => base.checked_add(offset).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the port base leaves no room for all vendors")
        })?,
    };
    let explain =
        |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on 127.0.0.1:{port}: {error}"));
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(explain)
}

/// Accepts connections until told to stop; then drops the open ones.
async fn accept(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => {}
            // A failed accept concerns the connection that was not made, not the listener.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(serve_connection(stream, router.clone()));
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let answered: Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
            let Ok(response) = answered;
            // An error of the service makes hyper drop the connection without an answer.
            match response.extensions().get::<ConnectionReset>() {
                Some(reset) => Err(*reset),
                None => Ok(response),
            }
        }
    });
    // The connection ends in an error when the caller leaves, and when a fault asks for it.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// As [`accept`], for a service that speaks HTTP/2 at once, as gRPC clients do.
#[cfg(feature = "pubsub")]
async fn accept_http2(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let _ = stream.set_nodelay(true);
                let router = router.clone();
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    router.clone().oneshot(request.map(Body::new))
                });
                let builder = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
                // The connection ends in an error when the caller leaves.
                connections.spawn(async move {
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }
    }
}
