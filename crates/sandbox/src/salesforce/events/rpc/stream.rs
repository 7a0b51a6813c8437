//! The calls that stay open.

use std::time::Duration;

use futures::stream;
use tokio::sync::watch;
use tonic::{Status, Streaming};

use super::errors::{Code, refusal};
use super::proto::{
    ConsumerEvent, FetchRequest, FetchResponse, ProducerEvent, PublishRequest, PublishResponse, ReplayPreset,
};
use super::{Caller, Events, Rpc, not_found, replay_id};
use crate::salesforce::events::bus::{Signals, Topic};

/// A subscriber hears something at least this often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(270);
/// A subscriber that wants nothing more, and a publisher that publishes nothing, is let go after this.
const IDLE: Duration = Duration::from_secs(70);
/// A request may ask for so many events, and no more may be open at a time.
const MOST_REQUESTED: i32 = 100;

/// A subscription that is being served.
struct Subscription {
    rpc: Rpc,
    caller: Caller,
    requests: Option<Streaming<FetchRequest>>,
    signals: watch::Receiver<Signals>,
    heard: Signals,
    topic: Option<(String, Topic)>,
    /// Everything up to here was delivered or is not of the topic.
    place: u64,
    pending: i32,
    /// Cut off after so many more events.
    cut: Option<u32>,
    over: bool,
}

pub(super) fn subscription(rpc: Rpc, caller: Caller, requests: Streaming<FetchRequest>) -> Events<FetchResponse> {
    let (signals, cut) = {
        let mut org = rpc.salesforce.lock();
        (org.bus.listen(), org.bus.next_cut())
    };
    let heard = *signals.borrow();
    let state = Subscription {
        rpc,
        caller,
        requests: Some(requests),
        signals,
        heard,
        topic: None,
        place: 0,
        pending: 0,
        cut,
        over: false,
    };
    Box::pin(stream::unfold(state, |mut state| async move {
        if state.over {
            return None;
        }
        match state.next().await {
            Ok(Some(response)) => Some((Ok(response), state)),
            Ok(None) => None,
            Err(status) => {
                state.over = true;
                Some((Err(status), state))
            }
        }
    }))
}

/// What woke a subscription.
enum Woken {
    Request(Option<FetchRequest>),
    Signal,
    Quiet,
}

impl Subscription {
    async fn next(&mut self) -> Result<Option<FetchResponse>, Status> {
        loop {
            if self.topic.is_some() && self.pending > 0 {
                if self.cut == Some(0) {
                    return self.cut_off();
                }
                if let Some(response) = self.deliver()? {
                    return Ok(Some(response));
                }
            }
            if self.requests.is_none() && self.pending == 0 {
                return Ok(None);
            }
            match self.wait().await? {
                Woken::Request(Some(request)) => self.take(&request)?,
                // The subscriber asks for no more, and gets what it asked for.
                Woken::Request(None) => self.requests = None,
                Woken::Quiet if self.pending == 0 => {
                    return Err(refusal(Code::SubscriptionIdle, "No events were requested for 70 seconds."));
                }
                Woken::Quiet => {
                    if let Some(response) = self.sign_of_life()? {
                        return Ok(Some(response));
                    }
                }
                Woken::Signal => {
                    let now = *self.signals.borrow_and_update();
                    let before = std::mem::replace(&mut self.heard, now);
                    if now.disconnect != before.disconnect {
                        return Err(refusal(Code::Unavailable, "The service is temporarily unavailable."));
                    }
                    if now.keep_alive != before.keep_alive
                        && self.topic.is_some()
                        && let Some(response) = self.sign_of_life()?
                    {
                        return Ok(Some(response));
                    }
                }
            }
        }
    }

    async fn wait(&mut self) -> Result<Woken, Status> {
        let quiet = if self.pending == 0 { IDLE } else { SIGN_OF_LIFE };
        let requests = &mut self.requests;
        let request = async {
            match requests {
                Some(requests) => requests.message().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            request = request => request.map(Woken::Request),
            changed = self.signals.changed() => match changed {
                Ok(()) => Ok(Woken::Signal),
                Err(_) => Err(refusal(Code::Unavailable, "The organisation was reset.")),
            },
            () = tokio::time::sleep(quiet) => Ok(Woken::Quiet),
        }
    }

    /// Opens the subscription, or asks for more.
    fn take(&mut self, request: &FetchRequest) -> Result<(), Status> {
        if request.num_requested <= 0 {
            return Err(refusal(
                Code::RequestedEventsInvalid,
                "The number of requested events must be greater than zero.",
            ));
        }
        match &self.topic {
            None => self.open(request)?,
            Some((name, _)) if request.topic_name.is_empty() || request.topic_name == *name => {}
            Some(_) => {
                return Err(refusal(Code::TopicMismatch, "The topic name differs from that of the first request."));
            }
        }
        // More than the vendor's most in one request counts as that many.
        self.pending = self.pending.saturating_add(request.num_requested.min(MOST_REQUESTED));
        if self.pending > 10 * MOST_REQUESTED {
            return Err(refusal(Code::FetchOverflow, "Process the outstanding events before you request more."));
        }
        Ok(())
    }

    fn open(&mut self, request: &FetchRequest) -> Result<(), Status> {
        if request.topic_name.trim().is_empty() {
            return Err(refusal(Code::TopicEmpty, "The topic name is blank."));
        }
        let mut org = self.rpc.salesforce.present();
        let topic = org.topic(&request.topic_name).ok_or_else(|| not_found(&request.topic_name))?;
        let now = org.now;
        self.place = match request.replay_preset() {
            ReplayPreset::Latest => org.bus.tip(now),
            ReplayPreset::Earliest => org.bus.earliest(),
            ReplayPreset::Custom if request.replay_id.is_empty() => {
                return Err(refusal(Code::ReplayIdMissing, "The replay ID is missing, which the CUSTOM preset needs."));
            }
            ReplayPreset::Custom => {
                let place = <[u8; 8]>::try_from(&*request.replay_id).ok().map(u64::from_be_bytes);
                place.filter(|place| org.bus.knows(*place)).ok_or_else(|| {
                    refusal(
                        Code::ReplayIdCorrupted,
                        "The Replay ID validation failed. Ensure that the Replay ID is valid and within the retention window.",
                    )
                })?
            }
        };
        self.topic = Some((request.topic_name.clone(), topic));
        Ok(())
    }

    /// The events that wait, as many as were asked for.
    fn deliver(&mut self) -> Result<Option<FetchResponse>, Status> {
        let Some((_, topic)) = self.topic else {
            return Ok(None);
        };
        let most = u32::try_from(self.pending).unwrap_or_default().min(self.cut.unwrap_or(u32::MAX));
        let mut org = self.rpc.salesforce.present();
        let (found, seen) = org.bus.read(topic, self.place, usize::try_from(most).unwrap_or_default());
        self.place = seen;
        if found.is_empty() {
            return Ok(None);
        }
        let rpc_id = org.bus.uuid();
        drop(org);
        // Whoever was shut out meanwhile gets nothing more.
        self.rpc.still_admitted(&self.caller)?;
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        self.pending = self.pending.saturating_sub_unsigned(count);
        self.cut = self.cut.map(|cut| cut.saturating_sub(count));
        let events: Vec<ConsumerEvent> = found
            .into_iter()
            .map(|(place, event)| ConsumerEvent {
                event: Some(ProducerEvent {
                    id: event.id.clone(),
                    schema_id: event.schema_id.clone(),
                    payload: event.payload.clone(),
                    headers: Vec::new(),
                }),
                replay_id: replay_id(place),
            })
            .collect();
        let latest_replay_id = events.last().map(|last| last.replay_id.clone()).unwrap_or_default();
        Ok(Some(FetchResponse { events, latest_replay_id, rpc_id, pending_num_requested: self.pending }))
    }

    /// No events, but the place up to which there are none. `None` if there are some after all.
    fn sign_of_life(&mut self) -> Result<Option<FetchResponse>, Status> {
        let Some((_, topic)) = self.topic else {
            return Ok(None);
        };
        self.rpc.still_admitted(&self.caller)?;
        let mut org = self.rpc.salesforce.present();
        let now = org.now;
        let (waiting, _) = org.bus.read(topic, self.place, 1);
        if waiting.is_empty() {
            self.place = self.place.max(org.bus.tip(now));
        } else if self.pending > 0 {
            return Ok(None);
        }
        Ok(Some(FetchResponse {
            events: Vec::new(),
            latest_replay_id: replay_id(self.place),
            rpc_id: org.bus.uuid(),
            pending_num_requested: self.pending,
        }))
    }

    /// The ways in which a connection ends on the network.
    fn cut_off(&mut self) -> Result<Option<FetchResponse>, Status> {
        let way = self.rpc.salesforce.lock().bus.next_way();
        match way {
            0 => Ok(None),
            1 => Err(refusal(Code::Unavailable, "The service is temporarily unavailable.")),
            2 => Err(refusal(Code::InternalError, "An internal error occurred.")),
            _ => Err(Status::unknown("connection reset by the sandbox")),
        }
    }
}

/// A publisher that is being served.
struct Publication {
    rpc: Rpc,
    caller: Caller,
    requests: Streaming<PublishRequest>,
    topic: String,
    over: bool,
}

pub(super) fn publication(rpc: Rpc, caller: Caller, requests: Streaming<PublishRequest>) -> Events<PublishResponse> {
    let state = Publication { rpc, caller, requests, topic: String::new(), over: false };
    Box::pin(stream::unfold(state, |mut state| async move {
        if state.over {
            return None;
        }
        match state.next().await {
            Ok(Some(response)) => Some((Ok(response), state)),
            Ok(None) => None,
            Err(status) => {
                state.over = true;
                Some((Err(status), state))
            }
        }
    }))
}

impl Publication {
    async fn next(&mut self) -> Result<Option<PublishResponse>, Status> {
        let request = tokio::time::timeout(IDLE, self.requests.message()).await;
        let request = request.map_err(|_| refusal(Code::PublishIdle, "No events were published for 70 seconds."))??;
        let Some(request) = request else {
            return Ok(None);
        };
        if self.topic.is_empty() {
            if request.topic_name.trim().is_empty() {
                return Err(refusal(Code::PublishTopicEmpty, "The topic name is blank."));
            }
            self.topic.clone_from(&request.topic_name);
        } else if !request.topic_name.is_empty() && request.topic_name != self.topic {
            return Err(refusal(Code::PublishTopicMismatch, "The topic name differs from that of the first request."));
        }
        self.rpc.still_admitted(&self.caller)?;
        self.rpc.publish_batch(&request, &self.topic).map(Some)
    }
}
