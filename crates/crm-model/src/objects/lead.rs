use crate::object::object;
use crate::{Address, Choice, DateOrTime, Labelled, Money, ObjectKind, Ref, User};

object! {
    /// A person who may become a customer and is no contact yet, on vendors that keep the two apart.
    ///
    /// A lead that was converted is not alive: its [`Meta::deleted`](crate::Meta::deleted) is
    /// [`Deleted::ConvertedTo`](crate::Deleted::ConvertedTo), which names what became of it.
    Lead, NewLead, LeadPatch = ObjectKind::Lead;
    fields {
        /// Given name.
        FIRST_NAME first_name: String,
        /// Name between the given and the family name.
        MIDDLE_NAME middle_name: String,
        /// Family name.
        LAST_NAME last_name: String,
        /// The name as the vendor shows it; derived, not writable where first and last name exist.
        FULL_NAME full_name: String,
        /// Salutation: `Dr.`, `Mr.`
        PREFIX prefix: String,
        /// What follows the name: `Jr.`
        SUFFIX suffix: String,
        /// Position in the company.
        JOB_TITLE job_title: String,
        /// The company the person works at: a name, no record.
        COMPANY_NAME company_name: String,
        /// The company's web site, as written.
        WEBSITE website: String,
        /// The company's line of business.
        INDUSTRY industry: Choice,
        /// How many people the company employs.
        EMPLOYEE_COUNT employee_count: i64,
        /// What the company turns over in a year.
        ANNUAL_REVENUE annual_revenue: Money,
        /// How far the person has come.
        STATUS status: Choice,
        /// How promising the person is: hot, warm, cold.
        RATING rating: Choice,
        /// Where the person was found.
        LEAD_SOURCE lead_source: Choice,
        /// Who looks after the person: a user, or a queue.
        OWNER owner: Ref<User>,
        /// Whether the person was given up.
        UNQUALIFIED unqualified: bool,
        /// Why the person was given up.
        UNQUALIFIED_REASON unqualified_reason: Choice,
        /// Free text about the person.
        DESCRIPTION description: String,
        /// When somebody last dealt with the person. Not a modification of the record.
        LAST_ACTIVITY last_activity: DateOrTime,
    }
    lists {
        /// E-mail addresses; at most one is primary.
        EMAILS emails: Labelled<String>,
        /// Phone numbers by label.
        PHONES phones: Labelled<String>,
        /// Postal addresses by label.
        ADDRESSES addresses: Labelled<Address>,
        /// Words that people attached.
        TAGS tags: String,
    }
}
