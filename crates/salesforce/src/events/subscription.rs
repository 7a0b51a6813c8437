//! A subscription: one stream of events over as many connections as it takes.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::mpsc;
use futures::stream::{self, BoxStream, Stream};
use rest_core::{Access, Error, ErrorKind, Result};
use tonic::{Status, Streaming};

use super::connection::PubSub;
use super::event::{Incoming, ReplayId, Undecodable, decode_error};
use super::proto::{ConsumerEvent, FetchRequest, FetchResponse, ReplayPreset};
use super::status::{self, Remedy};
use crate::VENDOR;

/// The server says something at least every 270 s; a connection that is silent for longer is dead.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// With what happens from now on. "Now" is when the server takes the subscription, and nothing is promised before the
    /// first item, which may be a [`Position`](Incoming::Position) after up to 270 seconds: to read records and then follow
    /// them without a hole, wait for the first item before reading.
    Latest,
    /// With the oldest event that is kept, up to 72 hours back.
    Earliest,
    /// Behind this place.
    After(ReplayId),
}

/// The events of a topic. Polls drive it: one that is not polled asks for no more events, and is resumed when it is polled
/// again. See [the module](super).
#[must_use = "a stream does nothing unless polled"]
pub struct Subscription {
    topic: String,
    items: BoxStream<'static, Result<Incoming>>,
}

impl Subscription {
    pub(super) fn new(pubsub: PubSub, topic: String, start: Start) -> Self {
        let rng = pubsub.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let state = State {
            pubsub,
            topic: topic.clone(),
            start,
            live: None,
            access: None,
            buffer: VecDeque::new(),
            position: None,
            failures: 0,
            renewed: false,
            ended: false,
            rng,
        };
        let items = stream::unfold(state, |mut state| async move { state.next().await.map(|item| (item, state)) });
        Self { topic, items: Box::pin(items) }
    }
}

impl Stream for Subscription {
    type Item = Result<Incoming>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.as_mut().poll_next(context)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// A connection in use.
struct Live {
    requests: mpsc::UnboundedSender<FetchRequest>,
    responses: Streaming<FetchResponse>,
    /// Events asked for and not received.
    pending: i32,
}

struct State {
    pubsub: PubSub,
    topic: String,
    /// Where the next connection starts: behind everything received, taken or not.
    start: Start,
    live: Option<Live>,
    access: Option<Access>,
    /// Received and not yet taken; never more than were asked for.
    buffer: VecDeque<ConsumerEvent>,
    position: Option<ReplayId>,
    /// Connections in a row that brought nothing.
    failures: u32,
    /// The session was renewed, and nothing was received since.
    renewed: bool,
    ended: bool,
    rng: fastrand::Rng,
}

/// Why the stream cannot go on as it is.
enum Trouble {
    Status(Status),
    Fatal(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl State {
    async fn next(&mut self) -> Option<Result<Incoming>> {
        while !self.ended {
            let step = if self.buffer.is_empty() { self.receive().await.map(|()| None) } else { self.take().await };
            let trouble = match step {
                Ok(Some(item)) => return Some(Ok(item)),
                Ok(None) => {
                    if let Some(place) = self.position.take() {
                        return Some(Ok(Incoming::Position(place)));
                    }
                    continue;
                }
                Err(trouble) => trouble,
            };
            if let Err(error) = self.recover(trouble).await {
                self.ended = true;
                self.live = None;
                return Some(Err(error));
            }
        }
        None
    }

    /// Takes the next event out of the buffer, once its schema is known.
    async fn take(&mut self) -> std::result::Result<Option<Incoming>, Trouble> {
        let Some(schema_id) =
            self.buffer.front().map(|first| first.event.as_ref().map(|event| event.schema_id.clone()))
        else {
            return Ok(None);
        };
        let schema = match &schema_id {
            None => Err(decode_error("an event without content")),
            Some(id) => match self.pubsub.schema(id).await {
                Ok(Ok(schema)) => Ok(schema),
                Ok(Err(status)) if status::remedy(&status) == Remedy::None => {
                    Err(status::error("events.schema", &status))
                }
                Ok(Err(status)) => return Err(status.into()),
                Err(error) if error.kind() == ErrorKind::Decode => Err(error),
                Err(error) => return Err(error.into()),
            },
        };
        let Some(ConsumerEvent { event, replay_id }) = self.buffer.pop_front() else {
            return Ok(None);
        };
        let (replay_id, event) = (ReplayId::new(replay_id), event.unwrap_or_default());
        let item = match schema {
            Ok(schema) => Incoming::read(schema, event.id, event.payload, replay_id),
            Err(error) => Incoming::Undecodable(Undecodable::new(replay_id, event.payload, error)),
        };
        self.ask_for_more();
        Ok(Some(item))
    }

    /// Asks for more when half of what may be under way has been taken, long before the server has nothing left to send.
    fn ask_for_more(&mut self) {
        let batch = self.pubsub.batch;
        let Some(live) = &mut self.live else {
            return;
        };
        let held = live.pending.saturating_add(i32::try_from(self.buffer.len()).unwrap_or(i32::MAX));
        let room = batch.saturating_sub(held);
        if room > 0 && held <= batch / 2 {
            let request =
                FetchRequest { topic_name: self.topic.clone(), num_requested: room, ..FetchRequest::default() };
            // A connection that is gone shows when it is read.
            if live.requests.unbounded_send(request).is_ok() {
                live.pending += room;
            }
        }
    }

    /// Waits for what the server says next.
    async fn receive(&mut self) -> std::result::Result<(), Trouble> {
        self.ask_for_more();
        let live = match &mut self.live {
            Some(live) => live,
            None => {
                let live = self.connect().await?;
                self.live.insert(live)
            }
        };
        let response = match tokio::time::timeout(LONGEST_SILENCE, live.responses.message()).await {
            Err(_) => return Err(Status::deadline_exceeded("the server was silent for five minutes").into()),
            Ok(Ok(Some(response))) => response,
            Ok(Ok(None)) => return Err(Status::unavailable("the server ended the stream").into()),
            Ok(Err(status)) => return Err(status.into()),
        };
        (self.failures, self.renewed) = (0, false);
        live.pending = live.pending.saturating_sub(i32::try_from(response.events.len()).unwrap_or(i32::MAX)).max(0);
        let latest = match response.events.last() {
            Some(last) => last.replay_id.clone(),
            None => response.latest_replay_id,
        };
        if !latest.is_empty() {
            let latest = ReplayId::new(latest);
            self.position = response.events.is_empty().then(|| latest.clone());
            self.start = Start::After(latest);
        }
        self.buffer.extend(response.events);
        Ok(())
    }

    async fn connect(&mut self) -> std::result::Result<Live, Trouble> {
        let access = match &self.access {
            Some(access) => access.clone(),
            None => self.pubsub.access(None).await?,
        };
        self.access = Some(access.clone());
        let (replay_preset, replay_id) = match &self.start {
            Start::Latest => (ReplayPreset::Latest, bytes::Bytes::new()),
            Start::Earliest => (ReplayPreset::Earliest, bytes::Bytes::new()),
            Start::After(place) => (ReplayPreset::Custom, place.bytes()),
        };
        let first = FetchRequest {
            topic_name: self.topic.clone(),
            replay_preset: replay_preset.into(),
            replay_id,
            num_requested: self.pubsub.batch,
            auth_refresh: String::new(),
        };
        let (requests, outgoing) = mpsc::unbounded();
        let pending = first.num_requested;
        // The receiver is right here.
        let _ = requests.unbounded_send(first);
        let request = self.pubsub.request(&access, outgoing).await?;
        let mut stub = self.pubsub.stub()?;
        let opened = tokio::time::timeout(LONGEST_SILENCE, stub.subscribe(request)).await;
        let opened =
            opened.unwrap_or_else(|_| Err(Status::deadline_exceeded("the server did not take the subscription")));
        Ok(Live { requests, responses: opened?.into_inner(), pending })
    }

    /// Gets ready to connect again, or gives the error that ends the stream.
    async fn recover(&mut self, trouble: Trouble) -> Result<()> {
        self.live = None;
        let status = match trouble {
            Trouble::Fatal(error) => return self.wait_out(error).await,
            Trouble::Status(status) => status,
        };
        let error = status::error("events.subscribe", &status);
        match status::remedy(&status) {
            Remedy::None => Err(error),
            Remedy::Renew if self.renewed || !self.pubsub.renewable() => Err(error),
            Remedy::Renew => {
                tracing::debug!(vendor = VENDOR, topic = %self.topic, "the session ended; renewing it");
                self.renewed = true;
                match self.pubsub.access(self.access.as_ref()).await {
                    Ok(access) => self.access = Some(access),
                    Err(error) => return self.wait_out(error).await,
                }
                Ok(())
            }
            Remedy::Again => self.wait_out(error.with_retryable(true)).await,
        }
    }

    /// Waits, if the error may pass; else gives it back.
    async fn wait_out(&mut self, error: Error) -> Result<()> {
        if !error.is_retryable() || self.failures >= self.pubsub.retries {
            return Err(error.with_effort(self.failures + 1, Duration::ZERO));
        }
        let wait = (FIRST_WAIT * 2_u32.saturating_pow(self.failures.min(16))).min(LONGEST_WAIT);
        self.failures += 1;
        let wait = wait.mul_f64(0.5 + self.rng.f64() / 2.0).max(error.retry_after().unwrap_or_default());
        tracing::debug!(vendor = VENDOR, topic = %self.topic, failures = self.failures, "connecting again");
        tokio::time::sleep(wait).await;
        // Another clone may have renewed it meanwhile.
        self.access = None;
        Ok(())
    }
}
