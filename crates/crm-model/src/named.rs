//! Values that every vendor has and each calls something else: a name where the model has one, the vendor's own key
//! where it has none, so that nothing is lost on the way there and back.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Choice, FieldValue, Value, ValueKind};

/// Declares an enum of names; as a [`Value`] it is a [`Choice`] whose key is the name.
macro_rules! named {
    ($(
        $(#[$doc:meta])*
        $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $text:literal, )* }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$vdoc])* $variant, )*
            /// One that the model has no name for, by the vendor's own key.
            Other(String),
        }

        impl $name {
            /// Every value that has a name.
            pub const NAMED: &'static [Self] = &[$( Self::$variant, )*];

            /// The name in lower case; the vendor's key where there is none.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )*
                    Self::Other(key) => key,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl From<$name> for Choice {
            fn from(value: $name) -> Self {
                Choice::new(value.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FieldValue for $name {
            const KIND: ValueKind = ValueKind::Choice;

            fn into_value(self) -> Value {
                Value::Choice(self.into())
            }

            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::Choice(choice) => Some(Self::from(choice.key.as_str())),
                    Value::Text(text) => Some(Self::from(text.as_str())),
                    _ => None,
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::from(String::deserialize(deserializer)?.as_str()))
            }
        }
    )*};
}

named! {
    /// What an engagement was.
    EngagementKind {
        /// A phone call.
        Call = "call",
        /// An e-mail.
        Email = "email",
        /// A meeting.
        Meeting = "meeting",
        /// A chat.
        Chat = "chat",
        /// A text message.
        Sms = "sms",
    }

    /// Who began an engagement.
    Direction {
        /// They came to us.
        Inbound = "inbound",
        /// We went to them.
        Outbound = "outbound",
        /// Among ourselves.
        Internal = "internal",
    }

    /// In which role somebody takes part in an engagement.
    PartyRole {
        /// The sender of a message, the caller.
        From = "from",
        /// Somebody it was sent to, the one who was called.
        To = "to",
        /// Somebody who got a copy.
        Cc = "cc",
        /// Somebody who got a copy that the others do not know of.
        Bcc = "bcc",
        /// Who called a meeting.
        Organizer = "organizer",
        /// Somebody who was asked to a meeting.
        Attendee = "attendee",
    }

    /// Where a ticket stands.
    TicketStatus {
        /// Nobody has looked at it.
        New = "new",
        /// Somebody works on it.
        Open = "open",
        /// It waits for the one who asked.
        Pending = "pending",
        /// It is answered, and can come back.
        Resolved = "resolved",
        /// It is done with.
        Closed = "closed",
    }

    /// How urgent a ticket is.
    TicketPriority {
        /// It can wait.
        Low = "low",
        /// As most are.
        Medium = "medium",
        /// Before the others.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }

    /// The way on which a ticket came in.
    TicketSource {
        /// An e-mail.
        Email = "email",
        /// A form on a web page or a portal.
        Web = "web",
        /// A call.
        Phone = "phone",
        /// A chat.
        Chat = "chat",
        /// A social network.
        Social = "social",
    }

    /// How a deal ended, or that it has not.
    DealStatus {
        /// It can be won or lost.
        Open = "open",
        /// It is won.
        Won = "won",
        /// It is lost.
        Lost = "lost",
    }

    /// Who may see a note.
    Visibility {
        /// Whoever of us may see the record that it is attached to.
        Internal = "internal",
        /// Its author, and those above all.
        Private = "private",
        /// Customers too.
        Public = "public",
    }

    /// What a user is.
    UserKind {
        /// Somebody who works here.
        Agent = "agent",
        /// A shared place for records that wait for somebody; it can own records like an agent.
        Queue = "queue",
        /// A program that talks to customers.
        Bot = "bot",
        /// The vendor's own processes.
        System = "system",
    }

    /// Who made a view.
    ViewKind {
        /// The vendor or an administrator: everybody has it.
        System = "system",
        /// One user, for themselves.
        User = "user",
        /// Some users share it.
        Team = "team",
    }

    /// What a list is for.
    ListKind {
        /// A marketing campaign, whose members have a status.
        Campaign = "campaign",
        /// Records that people put together by hand.
        Static = "static",
        /// Records that meet a condition; members cannot be added or removed.
        Dynamic = "dynamic",
    }
}

impl Default for UserKind {
    /// An agent, which every vendor has.
    fn default() -> Self {
        Self::Agent
    }
}

impl Default for ViewKind {
    /// One that everybody has.
    fn default() -> Self {
        Self::System
    }
}

impl Default for ListKind {
    /// One that was put together by hand.
    fn default() -> Self {
        Self::Static
    }
}
