use crate::object::object;
use crate::{Account, Choice, Contact, Instant, ObjectKind, Ref, TicketPriority, TicketSource, TicketStatus, User};

object! {
    /// A question or a complaint of a customer.
    Ticket, NewTicket, TicketPatch = ObjectKind::Ticket;
    fields {
        /// The number that people call it by; given by the vendor.
        NUMBER number: String,
        /// What it is about, in a line.
        SUBJECT subject: String,
        /// What it is about, at length.
        DESCRIPTION description: String,
        /// Where it stands.
        STATUS status: TicketStatus,
        /// How urgent it is.
        PRIORITY priority: TicketPriority,
        /// The way on which it came in.
        SOURCE source: TicketSource,
        /// What kind of ticket it is.
        TICKET_TYPE ticket_type: Choice,
        /// Why it came up.
        REASON reason: Choice,
        /// Who asked.
        REQUESTER requester: Ref<Contact>,
        /// The company of the one who asked.
        ACCOUNT account: Ref<Account>,
        /// Who is to answer it.
        ASSIGNEE assignee: Ref<User>,
        /// The queue or group that it waits in.
        GROUP group: Ref<User>,
        /// When it must be answered.
        DUE_BY due_by: Instant,
        /// When it was closed; set by the vendor.
        CLOSED_AT closed_at: Instant,
    }
    lists {
        /// Words that people attached.
        TAGS tags: String,
    }
}
