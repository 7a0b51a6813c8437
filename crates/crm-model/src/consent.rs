use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Instant;

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Channel {
    /// Marketing e-mail.
    Email,
    /// Text messages.
    Sms,
    /// Phone calls.
    Phone,
    /// `WhatsApp` messages.
    WhatsApp,
    /// Fax.
    Fax,
    /// Letters.
    Post,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 6] = [Self::Email, Self::Sms, Self::Phone, Self::WhatsApp, Self::Fax, Self::Post];
}

/// What a person has said about one channel. The order is the order of a lattice: joining takes the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// Nobody knows.
    #[default]
    Unknown,
    /// The person agreed.
    OptedIn,
    /// The person refused, complained, or cannot be reached.
    OptedOut,
}

/// Why a channel is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OptOutCause {
    /// The person asked for it.
    Request,
    /// Messages do not arrive.
    Bounced,
    /// The person reported a message as spam.
    Complained,
}

/// The state of one channel, with what is known about how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consent {
    /// What the person said.
    pub state: ConsentState,
    /// Why, where the state is [`ConsentState::OptedOut`] and the vendor knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<OptOutCause>,
    /// When, where the vendor knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
}

impl From<ConsentState> for Consent {
    fn from(state: ConsentState) -> Self {
        Self { state, cause: None, at: None }
    }
}

/// The consent of one person, channel by channel. A channel that is missing was not loaded.
///
/// ```
/// use crm_model::{Channel, ConsentSet, ConsentState};
/// let here = ConsentSet::from([(Channel::Email, ConsentState::OptedIn)]);
/// let there = ConsentSet::from([(Channel::Email, ConsentState::OptedOut)]);
/// assert_eq!(here.join(&there).state(Channel::Email), ConsentState::OptedOut);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConsentSet(BTreeMap<Channel, Consent>);

impl ConsentSet {
    /// The state of a channel; unknown where it was not loaded.
    #[must_use]
    pub fn state(&self, channel: Channel) -> ConsentState {
        self.0.get(&channel).map_or(ConsentState::Unknown, |consent| consent.state)
    }

    /// The state of a channel with its evidence, if it was loaded.
    #[must_use]
    pub fn get(&self, channel: Channel) -> Option<&Consent> {
        self.0.get(&channel)
    }

    /// Records what a vendor shows for a channel.
    pub fn observe(&mut self, channel: Channel, consent: impl Into<Consent>) {
        self.0.insert(channel, consent.into());
    }

    /// The channels that were loaded, with their state.
    pub fn iter(&self) -> impl Iterator<Item = (Channel, &Consent)> {
        self.0.iter().map(|(channel, consent)| (*channel, consent))
    }

    /// Whether no channel was loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The join of two observations of one person: channel by channel the greater state. Associative, commutative
    /// and idempotent, so that neither order nor repetition can lose an opt-out.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut joined = self.0.clone();
        for (channel, theirs) in &other.0 {
            let ours = joined.entry(*channel).or_default();
            *ours = join_one(ours, theirs);
        }
        Self(joined)
    }

    /// The channels on which `self` is opted out.
    #[must_use]
    pub fn opted_out(&self) -> OptOuts {
        let out =
            |(channel, consent): (&Channel, &Consent)| (consent.state == ConsentState::OptedOut).then_some(*channel);
        OptOuts(self.0.iter().filter_map(out).collect())
    }
}

/// Of two equal states the smaller cause and the earlier time win, so that the join does not depend on order.
fn join_one(a: &Consent, b: &Consent) -> Consent {
    match a.state.cmp(&b.state) {
        std::cmp::Ordering::Less => b.clone(),
        std::cmp::Ordering::Greater => a.clone(),
        std::cmp::Ordering::Equal => Consent {
            state: a.state,
            cause: [a.cause, b.cause].into_iter().flatten().min(),
            at: [a.at, b.at].into_iter().flatten().min(),
        },
    }
}

impl<const N: usize> From<[(Channel, ConsentState); N]> for ConsentSet {
    fn from(states: [(Channel, ConsentState); N]) -> Self {
        Self(states.into_iter().map(|(channel, state)| (channel, state.into())).collect())
    }
}

/// What a write may say about consent: channels to close, and nothing else.
///
/// There is no way to write "opted in" here, so no sync can undo an opt-out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OptOuts(BTreeSet<Channel>);

impl OptOuts {
    /// Nothing to close.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Closes a channel.
    pub fn close(&mut self, channel: Channel) {
        self.0.insert(channel);
    }

    /// Whether a channel is to be closed.
    #[must_use]
    pub fn contains(&self, channel: Channel) -> bool {
        self.0.contains(&channel)
    }

    /// The channels to close.
    pub fn iter(&self) -> impl Iterator<Item = Channel> {
        self.0.iter().copied()
    }

    /// The closed channels as an observation, to be joined with what is known.
    #[must_use]
    pub fn as_consent(&self) -> ConsentSet {
        ConsentSet(self.0.iter().map(|channel| (*channel, ConsentState::OptedOut.into())).collect())
    }

    /// Whether there is nothing to close.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Channel> for OptOuts {
    fn from_iter<I: IntoIterator<Item = Channel>>(channels: I) -> Self {
        Self(channels.into_iter().collect())
    }
}
