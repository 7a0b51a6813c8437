//! The way from a simulated process to a vendor: it counts, it may be the last thing the process does, and while it
//! is under way people go on working.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use rest_core::{ByteStream, Transport, TransportError};
use sandbox::Vendor;

use super::{Crash, World};
use crate::SandboxTransport;

/// A [`SandboxTransport`] under a [`World`]: it passes a point of the process's [`Crash`] before each request leaves
/// and after its answer came, tells the world what was read and written, and lets people edit in between.
#[derive(Debug)]
pub(super) struct SimTransport {
    pub(super) inner: SandboxTransport,
    pub(super) vendor: Vendor,
    pub(super) world: World,
    pub(super) crash: Crash,
}

#[async_trait]
impl Transport for SimTransport {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<ByteStream>, TransportError> {
        self.crash.point().await;
        self.world.people_work();
        // The world looks into answers, so they come unpacked.
        request.headers_mut().remove(http::header::ACCEPT_ENCODING);
        let asked = request.uri().to_string();
        let answer = self.inner.send(request).await;
        self.world.absorb();
        let answer = match answer {
            Ok(answer) => Ok(self.look_into(&asked, answer).await),
            Err(error) => Err(error),
        };
        self.world.people_work();
        self.crash.point().await;
        answer
    }
}

impl SimTransport {
    /// Reads the body to its end and hands on what came, with the error that ended it if one did.
    async fn look_into(&self, asked: &str, answer: http::Response<ByteStream>) -> http::Response<ByteStream> {
        let (head, body) = answer.into_parts();
        let chunks: Vec<Result<Bytes, TransportError>> = body.collect().await;
        let whole: Vec<u8> = chunks.iter().flatten().flat_map(|chunk| chunk.iter().copied()).collect();
        self.world.was_read(self.vendor, asked, &String::from_utf8_lossy(&whole));
        http::Response::from_parts(head, stream::iter(chunks).boxed())
    }
}
