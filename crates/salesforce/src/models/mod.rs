//! The standard objects, each declared once: what is read, what creates, what changes.

mod account;
mod any;
mod campaign;
mod case;
mod contact;
mod event;
mod file;
mod lead;
mod name;
mod note;
mod opportunity;
mod picklist;
mod product;
mod relation;
mod setup;
mod task;
mod user;
mod wire;

pub use account::{Account, AccountUpdate, NewAccount};
pub use any::AnyRecord;
pub use campaign::{
    Campaign, CampaignMember, CampaignMemberStatus, CampaignMemberStatusUpdate, CampaignMemberUpdate, CampaignUpdate,
    NewCampaign, NewCampaignMember, NewCampaignMemberStatus,
};
pub use case::{Case, CaseComment, CaseCommentUpdate, CaseStatus, CaseUpdate, NewCase, NewCaseComment};
pub use contact::{Contact, ContactUpdate, NewContact};
pub use event::{Event, EventUpdate, NewEvent};
pub use file::{
    Attachment, AttachmentUpdate, ContentDocument, ContentDocumentLink, ContentDocumentLinkUpdate, ContentNote,
    ContentNoteUpdate, ContentVersion, ContentVersionUpdate, NewAttachment, NewContentDocumentLink, NewContentNote,
    NewContentVersion,
};
pub use lead::{Lead, LeadStatus, LeadUpdate, NewLead};
pub use name::Named;
pub use note::{NewNote, Note, NoteUpdate};
pub use opportunity::{
    NewOpportunity, NewOpportunityContactRole, Opportunity, OpportunityContactRole, OpportunityContactRoleUpdate,
    OpportunityStage, OpportunityUpdate,
};
pub use product::{
    NewOpportunityLineItem, NewPricebook2, NewPricebookEntry, NewProduct2, OpportunityLineItem,
    OpportunityLineItemUpdate, Pricebook2, Pricebook2Update, PricebookEntry, PricebookEntryUpdate, Product2,
    Product2Update,
};
pub use relation::{
    AccountContactRelation, AccountContactRelationUpdate, EmailMessage, EmailMessageUpdate, Individual,
    IndividualUpdate, NewAccountContactRelation, NewEmailMessage, NewIndividual,
};
pub use setup::{
    Group, GroupMember, GroupMemberUpdate, GroupUpdate, ListView, NewGroup, NewGroupMember, NewQueueSobject,
    NewUserRole, Organization, Profile, QueueSobject, QueueSobjectUpdate, RecordType, TaskPriority, TaskStatus,
    UserRole, UserRoleUpdate,
};
pub use task::{NewTask, Task, TaskUpdate};
pub use user::User;
pub use wire::{Change, Children, FieldValue, Fields};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ids::Keyed;

/// An object of the API and the Rust type of its rows.
///
/// The standard objects are here; a custom object is a struct of your own, by `#[derive(SObject)]` (feature `derive`) or
/// by hand:
///
/// ```
/// use salesforce::{Id, Keyed, SObject};
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Invoice {
///     id: Id<Invoice>,
///     name: String,
/// }
/// impl Keyed for Invoice {}
/// impl SObject for Invoice {
///     const NAME: &'static str = "Invoice__c";
///     const FIELDS: &'static [&'static str] = &["Id", "Name"];
/// }
/// ```
pub trait SObject: Keyed + DeserializeOwned + Send + Sync + 'static {
    /// The object's API name.
    const NAME: &'static str;
    /// The fields that [`Records::list`](crate::Records::list) selects: those the type names and every organisation shows.
    const FIELDS: &'static [&'static str];
}

/// An object whose records can be created and changed.
pub trait Writable: SObject {
    /// What a record is created from. Fields that are `None` are left to the vendor's default.
    type New: Serialize + Send + Sync;
    /// What changes a record. Fields that are [`Change::Keep`] are left alone.
    type Update: Serialize + Send + Sync;
}

/// Declares an object: `read` fields cannot be written, `create` fields only on create, `fields` always. `hidden` fields are
/// writable but often not visible to API users, so they are not selected unless asked for; nor are `extra` ones, which
/// cannot be written.
macro_rules! sobject {
    (
        $(#[$doc:meta])*
        $name:ident ($api:literal, $prefix:literal), $new:ident, $update:ident;
        read { $($read:tt)* }
        create { $( $(#[$cdoc:meta])* $cfield:ident $capi:literal: $ctype:ty, )* }
        fields { $( $(#[$fdoc:meta])* $ffield:ident $fapi:literal: $ftype:ty, )* }
        hidden { $( $(#[$hdoc:meta])* $hfield:ident $hapi:literal: $htype:ty, )* }
        extra { $($extra:tt)* }
    ) => {
        $crate::models::sobject! {
            $(#[$doc])*
            $name ($api, $prefix);
            read {
                $($read)*
                $( $(#[$cdoc])* $cfield $capi: $ctype, )*
                $( $(#[$fdoc])* $ffield $fapi: $ftype, )*
            }
            extra {
                $( $(#[$hdoc])* $hfield $hapi: $htype, )*
                $($extra)*
            }
        }
        $crate::models::sobject! {
            @write $api; $name; $new; $update;
            [ $( $(#[$cdoc])* $cfield $capi: $ctype, )* $( $(#[$fdoc])* $ffield $fapi: $ftype, )* $( $(#[$hdoc])* $hfield $hapi: $htype, )* ]
            [ $( $(#[$fdoc])* $ffield $fapi: $ftype, )* $( $(#[$hdoc])* $hfield $hapi: $htype, )* ]
        }
    };
    (
        $(#[$doc:meta])*
        $name:ident ($api:literal, $prefix:literal);
        read { $( $(#[$rdoc:meta])* $rfield:ident $rapi:literal: $rtype:ty, )* }
        extra { $( $(#[$edoc:meta])* $efield:ident $eapi:literal: $etype:ty, )* }
    ) => {
        $(#[$doc])*
        ///
        /// A field that was not selected, and one that is empty, are both `None`; the row tells them apart
        /// (`row.extra("Name").is_some()`). `Debug` shows the id only.
        #[derive(Clone, PartialEq, serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            /// The record's id.
            #[serde(rename = "Id")]
            pub id: $crate::Id<$name>,
            $( $(#[$rdoc])* #[serde(rename = $rapi, default, deserialize_with = "crate::models::read")] pub $rfield: Option<$rtype>, )*
            $( $(#[$edoc])* #[serde(rename = $eapi, default, deserialize_with = "crate::models::read")] pub $efield: Option<$etype>, )*
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).field("id", &self.id).finish_non_exhaustive()
            }
        }

        impl $crate::ids::Keyed for $name {
            const KEY_PREFIX: Option<&'static str> = Some($prefix);
        }

        impl $crate::models::SObject for $name {
            const NAME: &'static str = $api;
            const FIELDS: &'static [&'static str] = &["Id", $($rapi,)*];
        }
    };
    (@write $api:literal; $name:ident; $new:ident; $update:ident;
        [ $( $(#[$ndoc:meta])* $nfield:ident $napi:literal: $ntype:ty, )* ]
        [ $( $(#[$udoc:meta])* $ufield:ident $uapi:literal: $utype:ty, )* ]
    ) => {
        #[doc = concat!("What a new ", $api, " holds. What is `None` is left to the vendor's default. `Debug` shows no content.")]
        #[derive(Clone, PartialEq, Default)]
        pub struct $new {
            $( $(#[$ndoc])* pub $nfield: Option<$ntype>, )*
            /// Fields that are not named here (custom fields and rarely used ones), by API name.
            pub custom: $crate::Fields,
        }

        #[doc = concat!("What changes of an ", $api, ". What is [`Keep`]($crate::Change::Keep) is left alone. `Debug` shows no content.")]
        #[derive(Clone, PartialEq, Default)]
        pub struct $update {
            $( $(#[$udoc])* pub $ufield: $crate::Change<$utype>, )*
            /// Fields that are not named here (custom fields and rarely used ones), by API name.
            pub custom: $crate::Fields,
        }

        impl serde::Serialize for $new {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( if let Some(value) = &self.$nfield {
                    map.serialize_entry($napi, &$crate::models::Written(value))?;
                } )*
                self.custom.put(&mut map)?;
                map.end()
            }
        }

        impl serde::Serialize for $update {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( match &self.$ufield {
                    $crate::Change::Keep => {}
                    $crate::Change::Clear => map.serialize_entry($uapi, &())?,
                    $crate::Change::Set(value) => map.serialize_entry($uapi, &$crate::models::Written(value))?,
                } )*
                self.custom.put(&mut map)?;
                map.end()
            }
        }

        impl std::fmt::Debug for $new {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($new)).finish_non_exhaustive()
            }
        }

        impl std::fmt::Debug for $update {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($update)).finish_non_exhaustive()
            }
        }

        impl $crate::models::Writable for $name {
            type New = $new;
            type Update = $update;
        }
    };
}
pub(crate) use sobject;
#[doc(hidden)]
pub use wire::{Written, read};
