use crate::object::object;
use crate::{AnyRef, Choice, DateOrTime, Direction, EngagementKind, ObjectKind, Party, Ref, User};

object! {
    /// Something that happened between people: a call, an e-mail, a meeting, a chat, a text message.
    ///
    /// One flat record for all kinds, so that each field is loaded, patched and mapped on its own. A field that has no
    /// meaning for a kind is empty there: only meetings have a location, only calls a duration.
    Engagement, NewEngagement, EngagementPatch = ObjectKind::Engagement;
    fields {
        /// What it was. It cannot change once the record is there.
        ENGAGEMENT_KIND kind: EngagementKind,
        /// What it was about, in a line.
        SUBJECT subject: String,
        /// What was said or written.
        BODY body: String,
        /// When it happened or begins: of an e-mail the moment, of a meeting the begin, or the day where it takes the
        /// whole day or where a vendor keeps no more.
        OCCURRED_AT occurred_at: DateOrTime,
        /// When it ended or ends; of a meeting that takes whole days, the last day.
        ENDED_AT ended_at: DateOrTime,
        /// Who began it: calls, e-mails and messages.
        DIRECTION direction: Direction,
        /// How long a call took, in whole seconds.
        DURATION duration: i64,
        /// What came of it.
        OUTCOME outcome: Choice,
        /// Where a call can be listened to.
        RECORDING_URL recording_url: String,
        /// Whether a meeting takes whole days.
        ALL_DAY all_day: bool,
        /// Where a meeting takes place.
        LOCATION location: String,
        /// Where a meeting can be joined.
        CONFERENCE_URL conference_url: String,
        /// What ties the e-mails of one conversation together.
        THREAD_ID thread_id: String,
        /// Who of us took part, or is to.
        OWNER owner: Ref<User>,
    }
    lists {
        /// Who took part, in which role.
        PARTICIPANTS participants: Party,
        /// The records it belongs to; at most one is primary.
        TARGETS targets: AnyRef,
    }
}
