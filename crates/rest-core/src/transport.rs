//! How bytes reach a server: one async method, so that HTTP, an in-process emulator and a test script look the same.

use std::error::Error as StdError;
use std::fmt::{self, Debug};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use http::{Request, Response};

/// The body of an answer, as it arrives: still compressed if the server compressed it.
pub type ByteStream = BoxStream<'static, Result<Bytes, TransportError>>;

/// Sends one request and returns the answer's head with a stream of its body.
///
/// An implementation must not follow redirects, must not retry, must not decompress, and must tell truthfully in
/// [`TransportErrorKind`] whether the server can have acted: retry safety rests on it. Timeouts are the client's task.
#[async_trait]
pub trait Transport: Send + Sync + Debug {
    /// Sends `request`. Every status is an `Ok`; only a failure to obtain an answer is an error.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportError>;
}

/// What is certain about a request that got no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request never left: name not found, connection refused, TLS refused. The server certainly did not act.
    NotSent,
    /// No answer in time. The server may have acted.
    Timeout,
    /// The connection was lost after something was sent. The server may have acted.
    Lost,
    /// The answer's body broke off. The server has acted.
    Body,
}

/// A request that got no complete answer.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Box<dyn StdError + Send + Sync>,
}

impl TransportError {
    /// A failure of this kind. The source's text is shown to people, so it must not hold URLs or secrets.
    #[must_use]
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, source: source.into() }
    }

    /// What is certain about the request.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    /// What happened and every cause beneath it: "error sending request" alone helps nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::NotSent => "the request was not sent",
            TransportErrorKind::Timeout => "no answer in time",
            TransportErrorKind::Lost => "the connection was lost",
            TransportErrorKind::Body => "the answer broke off",
        })?;
        let mut last = self.source.to_string();
        write!(f, ": {last}")?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !last.contains(&text) {
                write!(f, ": {text}")?;
            }
            last = text;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

/// A body that is already there, for transports that have it whole.
#[must_use]
pub fn whole(body: Bytes) -> ByteStream {
    if body.is_empty() { Box::pin(stream::empty()) } else { Box::pin(stream::iter([Ok(body)])) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_chain_of_causes_is_shown() {
        #[derive(Debug, thiserror::Error)]
        #[error("error sending request")]
        struct Outer(#[source] std::io::Error);
        let cause = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
        let error = TransportError::new(TransportErrorKind::NotSent, Outer(cause));
        assert_eq!(error.to_string(), "the request was not sent: error sending request: connection refused");
    }
}
