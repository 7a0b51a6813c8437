//! [`Transport`] over reqwest and rustls.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::{Request, Response};

use crate::error::{Error, Result};
use crate::transport::{ByteStream, Transport, TransportError, TransportErrorKind};

/// HTTP/1.1 and HTTP/2 over rustls. Redirects are never followed, bodies are left compressed (this crate unpacks them
/// under its limits), and proxies from the environment are ignored unless asked for.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

/// Settings of a [`ReqwestTransport`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReqwestOptions {
    /// How long a connection may take to be made, TLS included. Default 10 s.
    pub connect_timeout: Duration,
    /// Whether `HTTPS_PROXY` and its like are obeyed. Default: no.
    pub environment_proxies: bool,
    /// Further root certificates (PEM) to trust, such as a company's own. Default: none.
    pub extra_roots_pem: Vec<Vec<u8>>,
}

impl Default for ReqwestOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), environment_proxies: false, extra_roots_pem: Vec::new() }
    }
}

impl ReqwestTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if TLS cannot be set up on this machine.
    pub fn new() -> Result<Self> {
        Self::with_options(&ReqwestOptions::default())
    }

    /// A transport with the given settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if TLS cannot be set up or a certificate cannot be read.
    pub fn with_options(options: &ReqwestOptions) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(options.connect_timeout)
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd();
        if !options.environment_proxies {
            builder = builder.no_proxy();
        }
        for pem in &options.extra_roots_pem {
            let roots = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| Error::config("a root certificate cannot be read").with_source(error))?;
            builder = builder.tls_certs_merge(roots);
        }
        let client =
            builder.build().map_err(|error| Error::config("the HTTP client cannot be set up").with_source(error))?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportError> {
        let request = reqwest::Request::try_from(request.map(reqwest::Body::from))
            .map_err(|error| failure(TransportErrorKind::NotSent, error))?;
        let answer = self.client.execute(request).await.map_err(|error| {
            let kind = if error.is_connect() || error.is_builder() {
                TransportErrorKind::NotSent
            } else if error.is_timeout() {
                TransportErrorKind::Timeout
            } else {
                TransportErrorKind::Lost
            };
            failure(kind, error)
        })?;
        let mut response = Response::new(());
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = answer.headers().clone();
        let body = answer.bytes_stream().map_err(|error| failure(TransportErrorKind::Body, error)).boxed();
        Ok(response.map(|()| body))
    }
}

/// The URL is taken out: its query may name people.
fn failure(kind: TransportErrorKind, error: reqwest::Error) -> TransportError {
    TransportError::new(kind, error.without_url())
}
