use crate::object::object;
use crate::{
    Account, Choice, Contact, Date, DealStatus, Decimal, Instant, List, Money, ObjectKind, Pipeline, Ref, Stage, User,
};

object! {
    /// A sale in progress or closed.
    Deal, NewDeal, DealPatch = ObjectKind::Deal;
    fields {
        /// What the deal is called.
        NAME name: String,
        /// What it is worth.
        AMOUNT amount: Money,
        /// Amount times probability; computed by the vendor.
        EXPECTED_VALUE expected_value: Money,
        /// The pipeline it moves through.
        PIPELINE pipeline: Ref<Pipeline>,
        /// The stage it has reached.
        STAGE stage: Ref<Stage>,
        /// Whether it is open, won or lost; follows from the stage.
        STATUS status: DealStatus,
        /// When it reached its stage; set by the vendor.
        STAGE_CHANGED_AT stage_changed_at: Instant,
        /// How it counts in the forecast.
        FORECAST_CATEGORY forecast_category: Choice,
        /// How likely it is to be won, 0 to 100.
        PROBABILITY probability: Decimal,
        /// The day on which it is expected to close.
        EXPECTED_CLOSE expected_close: Date,
        /// When it was won or lost; set by the vendor.
        CLOSED_AT closed_at: Instant,
        /// Why it was won or lost.
        REASON reason: Choice,
        /// What kind of deal it is.
        DEAL_TYPE deal_type: Choice,
        /// The company it is made with.
        ACCOUNT account: Ref<Account>,
        /// Who looks after it.
        OWNER owner: Ref<User>,
        /// Where it came from.
        LEAD_SOURCE lead_source: Choice,
        /// The campaign that it came from.
        CAMPAIGN campaign: Ref<List>,
        /// What is to be done about it next.
        NEXT_STEP next_step: String,
        /// Free text about it.
        DESCRIPTION description: String,
    }
    lists {
        /// The people involved, with their role.
        CONTACTS contacts: Ref<Contact>,
        /// Words that people attached.
        TAGS tags: String,
    }
}
