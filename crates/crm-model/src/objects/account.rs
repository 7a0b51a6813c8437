use crate::object::object;
use crate::{Account as Parent, Address, Choice, DateOrTime, Labelled, Money, ObjectKind, Ref, User};

object! {
    /// A company.
    Account, NewAccount, AccountPatch = ObjectKind::Account;
    fields {
        /// The company's name; required by every vendor.
        NAME name: String,
        /// Its web site, as written.
        WEBSITE website: String,
        /// Its line of business.
        INDUSTRY industry: Choice,
        /// What it is to us: customer, partner, prospect.
        BUSINESS_TYPE business_type: Choice,
        /// How many people it employs.
        EMPLOYEE_COUNT employee_count: i64,
        /// What it turns over in a year.
        ANNUAL_REVENUE annual_revenue: Money,
        /// The company it belongs to.
        PARENT parent: Ref<Parent>,
        /// Who looks after it.
        OWNER owner: Ref<User>,
        /// Free text about it.
        DESCRIPTION description: String,
        /// When somebody last dealt with it. Not a modification of the record.
        LAST_ACTIVITY last_activity: DateOrTime,
    }
    lists {
        /// Phone numbers by label.
        PHONES phones: Labelled<String>,
        /// Postal addresses by label.
        ADDRESSES addresses: Labelled<Address>,
        /// Words that people attached.
        TAGS tags: String,
    }
}
