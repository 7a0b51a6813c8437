use crate::object::object;
use crate::{Account, Address, Choice, Contact as Superior, Date, DateOrTime, Labelled, ObjectKind, Ref, User};

object! {
    /// A person.
    Contact, NewContact, ContactPatch = ObjectKind::Contact;
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
        /// Department in the company.
        DEPARTMENT department: String,
        /// Who looks after the person.
        OWNER owner: Ref<User>,
        /// Where the person stands on the way to becoming a customer.
        LIFECYCLE_STAGE lifecycle_stage: Choice,
        /// The step within the lifecycle stage.
        STATUS status: Choice,
        /// Where the person was found.
        LEAD_SOURCE lead_source: Choice,
        /// The id that another system gave to the person.
        EXTERNAL_ID external_id: String,
        /// The person whom this one works for.
        REPORTS_TO reports_to: Ref<Superior>,
        /// Date of birth.
        BIRTHDAY birthday: Date,
        /// Free text about the person.
        DESCRIPTION description: String,
        /// The time zone, as the vendor names it.
        TIME_ZONE time_zone: String,
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
        /// The companies the person belongs to; at most one is primary.
        ACCOUNTS accounts: Ref<Account>,
        /// Words that people attached.
        TAGS tags: String,
    }
}
