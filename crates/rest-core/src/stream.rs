//! The body of a streamed answer, under the same limits as a whole one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use crate::body::Decoder;
use crate::client::About;
use crate::error::{ErrorKind, Result};
use crate::failure::broken_body;
use crate::ledger::Ledger;
use crate::limiter::Permit;
use crate::transport::ByteStream;

/// A body that must move at least this much within the time of one attempt.
const TRICKLE: u64 = 1024;

/// The body of a streamed answer, decoded and measured as it arrives.
pub(crate) fn measured(
    body: ByteStream,
    decoder: Decoder,
    about: About,
    ledger: Arc<Ledger>,
    patience: Duration,
    permit: Option<Permit>,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    struct State {
        body: ByteStream,
        decoder: Decoder,
        about: About,
        ledger: Arc<Ledger>,
        checkpoint: (Instant, u64),
        _permit: Option<Permit>,
        ended: bool,
    }
    let state = State { body, decoder, about, ledger, checkpoint: (Instant::now(), 0), _permit: permit, ended: false };
    stream::try_unfold(state, move |mut state| async move {
        while !state.ended {
            let until = state.checkpoint.0 + patience;
            let next = timeout_at(until, state.body.next()).await;
            let received = state.decoder.received();
            let part = match next {
                Err(_) if received < state.checkpoint.1 + TRICKLE => {
                    return Err(state.about.error(ErrorKind::Timeout, "the answer's body stopped moving"));
                }
                Err(_) => {
                    state.checkpoint = (Instant::now(), received);
                    continue;
                }
                Ok(Some(Err(error))) => {
                    return Err(state.about.error(ErrorKind::Connect, error.to_string()).with_source(error));
                }
                Ok(Some(Ok(chunk))) => {
                    state.ledger.received(state.about.operation, chunk.len() as u64);
                    state.decoder.push(chunk)
                }
                Ok(None) => {
                    state.ended = true;
                    state.decoder.finish()
                }
            };
            let part = part.map_err(|error| {
                let class = broken_body(&error).class;
                state.about.error(class.kind, class.message)
            })?;
            if !part.is_empty() {
                return Ok(Some((part, state)));
            }
        }
        Ok(None)
    })
}
