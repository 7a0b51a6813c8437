use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{CustomFields, Set, wire};
use crate::ids::{ChoiceId, ContactId, ContactStatusId, LifecycleStageId, SalesAccountId, UserId};

/// A person. On Suite accounts leads are contacts in an early lifecycle stage.
///
/// `owner_id` and the other foreign ids are there only when the call asked for them with `include`.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Contact {
    /// The id.
    pub id: ContactId,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// "first last"; the e-mail address of a contact without a name.
    pub display_name: Option<String>,
    /// Position in the company.
    pub job_title: Option<String>,
    /// The primary e-mail address.
    pub email: Option<String>,
    /// All e-mail addresses.
    pub emails: Option<Vec<Email>>,
    /// Phone at work, stored without separators.
    #[serde(default, with = "rest_core::ids::opt")]
    pub work_number: Option<String>,
    /// Mobile phone, stored without separators.
    #[serde(default, with = "rest_core::ids::opt")]
    pub mobile_number: Option<String>,
    /// Further phone numbers.
    pub phone_numbers: Option<Vec<PhoneNumber>>,
    /// Street.
    pub address: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// State or region.
    pub state: Option<String>,
    /// Postal code.
    #[serde(default, with = "rest_core::ids::opt")]
    pub zipcode: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// The time zone, by a name such as `Arizona`.
    pub time_zone: Option<String>,
    /// The id that another system gave to the contact.
    #[serde(default, with = "rest_core::ids::opt")]
    pub external_id: Option<String>,
    /// Marketing e-mail: 0 unsubscribed, 1 subscribed, 2 not subscribed, 3 reported as spam, 4 bounced.
    #[serde(default, deserialize_with = "wire::int")]
    pub subscription_status: Option<i64>,
    /// Ids of the subscribed kinds of mail, joined by `;`, in no stable order.
    pub subscription_types: Option<String>,
    /// Text messages, by the numbers of [`subscription_status`](Self::subscription_status).
    #[serde(default, deserialize_with = "wire::int")]
    pub sms_subscription_status: Option<i64>,
    /// `WhatsApp` messages, by the numbers of [`subscription_status`](Self::subscription_status).
    #[serde(default, deserialize_with = "wire::int")]
    pub whatsapp_subscription_status: Option<i64>,
    /// Why the contact unsubscribed.
    pub unsubscription_reason: Option<String>,
    /// The owner (include `owner`).
    pub owner_id: Option<UserId>,
    /// Who created the contact (include `creater`; the spelling is the vendor's).
    pub creater_id: Option<UserId>,
    /// Who changed the contact last (include `updater`).
    pub updater_id: Option<UserId>,
    /// The lifecycle stage (include `lifecycle_stage`).
    pub lifecycle_stage_id: Option<LifecycleStageId>,
    /// The status within the stage (include `contact_status`).
    pub contact_status_id: Option<ContactStatusId>,
    /// Where the contact was found (include `source`).
    pub lead_source_id: Option<ChoiceId>,
    /// The campaign (include `campaign`).
    pub campaign_id: Option<ChoiceId>,
    /// The territory (include `territory`).
    pub territory_id: Option<ChoiceId>,
    /// The accounts the contact belongs to, cut down (include `sales_accounts`).
    pub sales_accounts: Option<Vec<LinkedAccount>>,
    /// Sum of the open deals.
    #[serde(default, with = "rest_core::money::opt")]
    pub open_deals_amount: Option<Decimal>,
    /// Sum of the won deals.
    #[serde(default, with = "rest_core::money::opt")]
    pub won_deals_amount: Option<Decimal>,
    /// The vendor's score.
    #[serde(default, deserialize_with = "wire::int")]
    pub lead_score: Option<i64>,
    /// When somebody last dealt with the contact.
    #[serde(default, deserialize_with = "wire::time")]
    pub last_contacted: Option<DateTime<FixedOffset>>,
    /// The text of the newest note; none: there is no note.
    pub recent_note: Option<String>,
    /// Words that people attached.
    pub tags: Option<Vec<String>>,
    /// Whether the contact is in the recycle bin.
    pub is_deleted: Option<bool>,
    /// The account's own fields.
    pub custom_field: Option<CustomFields>,
    /// When it was created.
    #[serde(default, deserialize_with = "wire::time")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it last changed, in whole seconds.
    #[serde(default, deserialize_with = "wire::time")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

/// One e-mail address of a contact.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Email {
    /// The entry's id.
    #[serde(default, deserialize_with = "wire::int")]
    pub id: Option<i64>,
    /// The address.
    pub value: Option<String>,
    /// Whether it is the primary one.
    #[serde(default)]
    pub is_primary: bool,
    /// What it is for.
    pub label: Option<String>,
}

/// A further phone number of a contact.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct PhoneNumber {
    /// The entry's id.
    #[serde(default, deserialize_with = "wire::int")]
    pub id: Option<i64>,
    /// The number.
    #[serde(default, with = "rest_core::ids::opt")]
    pub value: Option<String>,
    /// What it is for.
    pub label: Option<String>,
}

/// An account as it is embedded in a contact.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct LinkedAccount {
    /// The account's id.
    pub id: SalesAccountId,
    /// The account's name.
    pub name: Option<String>,
    /// Whether it is the contact's main account.
    #[serde(default)]
    pub is_primary: bool,
}

/// What a write does to a contact. To create one, an e-mail address or a mobile number is needed.
#[derive(Clone, Default, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the fields are those of `Contact`, which documents them")]
pub struct ContactWrite {
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub first_name: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub last_name: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub job_title: Set<String>,
    /// The primary address as a plain text.
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub email: Set<String>,
    /// Entries to add, change (by id) or remove; those that are not named stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<EmailWrite>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub work_number: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub mobile_number: Set<String>,
    /// Entries to add, change (by id) or remove; those that are not named stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phone_numbers: Vec<PhoneNumberWrite>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub address: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub city: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub state: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub zipcode: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub country: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub time_zone: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub external_id: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub subscription_status: Set<i64>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub subscription_types: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub sms_subscription_status: Set<i64>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub whatsapp_subscription_status: Set<i64>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub owner_id: Set<UserId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub lifecycle_stage_id: Set<LifecycleStageId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub contact_status_id: Set<ContactStatusId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub lead_source_id: Set<ChoiceId>,
    /// The accounts, all of them (at most 10): the set is replaced.
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub sales_accounts: Set<Vec<LinkedAccountWrite>>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub tags: Set<Vec<String>>,
    /// The account's own fields by their `cf_` names; those that are not named stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_field: BTreeMap<String, serde_json::Value>,
    /// Any other field by its name.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// A change of one e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EmailWrite {
    /// The entry that changes; none: a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The address.
    pub value: String,
    /// Whether it is to be the primary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_primary: Option<bool>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is to go.
    #[serde(rename = "_destroy", skip_serializing_if = "std::ops::Not::not")]
    pub destroy: bool,
}

/// A change of one further phone number.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PhoneNumberWrite {
    /// The entry that changes; none: a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The number.
    pub value: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is to go.
    #[serde(rename = "_destroy", skip_serializing_if = "std::ops::Not::not")]
    pub destroy: bool,
}

/// A link from a contact to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LinkedAccountWrite {
    /// The account.
    pub id: SalesAccountId,
    /// Whether it is the contact's main account; exactly one is.
    pub is_primary: bool,
}

wire::hide_content!(Contact, id);
wire::hide_content!(Email, id);
wire::hide_content!(PhoneNumber, id);
wire::hide_content!(LinkedAccount, id);
wire::hide_content!(ContactWrite);
