//! Cases, and the mail about them.

use super::makers::*;
use super::picklists as list;
use super::{Abilities, Field, FieldType, Object};

pub(super) fn all() -> Vec<Object> {
    vec![case(), case_comment(), email_message()]
}

fn case() -> Object {
    let fields = vec![
        vec![
            id("Case ID"),
            is_deleted(),
            master_record(&["Case"]),
            Field {
                auto_number: Some("{00000000}"),
                ..text("CaseNumber", "Case Number", 30).not_null().platform().id_lookup()
            }
            .name_field(),
            reference("ContactId", "Contact ID", &["Contact"]).rw().children("Cases").restricts(),
            reference("AccountId", "Account ID", &["Account"]).rw().children("Cases").restricts(),
            reference("AssetId", "Asset ID", &["Asset"]).rw(),
            reference("ParentId", "Parent Case ID", &["Case"]).rw().children("Cases"),
            text("SuppliedName", "Name", 80).rw(),
            email("SuppliedEmail", "Email Address").rw(),
            text("SuppliedPhone", "Phone", 40).rw(),
            text("SuppliedCompany", "Company", 80).rw(),
            picklist("Type", "Case Type", 40, list::CASE_TYPE).rw(),
            picklist("Status", "Status", 40, list::CASE_STATUS).rw().default("New").permission(false),
            picklist("Reason", "Case Reason", 40, list::CASE_REASON).rw(),
            picklist("Origin", "Case Origin", 40, list::CASE_ORIGIN).rw(),
            text("Subject", "Subject", 255).rw(),
            picklist("Priority", "Priority", 40, list::CASE_PRIORITY).rw().default("Medium"),
            description("Description").rw(),
            boolean("IsClosed", "Closed"),
            datetime("ClosedDate", "Closed Date").permission(true),
            boolean("IsEscalated", "Escalated").rw().permission(true),
            owner("Owner ID", &["Group", "User"]),
        ],
        audit(),
        vec![
            phone("ContactPhone", "Contact Phone"),
            phone("ContactMobile", "Contact Mobile"),
            email("ContactEmail", "Contact Email"),
            phone("ContactFax", "Contact Fax"),
            Field {
                length: 4_000,
                filterable: false,
                sorts: Some(true),
                groups: Some(false),
                ..field("Comments", "Internal Comments", FieldType::Textarea)
            }
            .rw()
            .extra("plaintextarea")
            .permission(false),
        ],
        viewed(),
    ];
    build(Object::new("Case", "Case", "Cases", "500"), FULL, fields)
}

fn case_comment() -> Object {
    let fields = vec![
        vec![
            id("Case Comment Id"),
            reference("ParentId", "Parent ID", &["Case"]).create_only().not_null().children("CaseComments").cascade(),
            boolean("IsPublished", "Published").rw(),
            Field { length: 4_000, ..field("CommentBody", "Body", FieldType::Textarea) }
                .rw()
                .extra("plaintextarea")
                .opaque(),
            reference("CreatorId", "Creator ID", &["User"]),
        ],
        audit(),
        vec![is_deleted()],
    ];
    let can = Abilities { undeletable: false, feeds: false, most_recently_used: false, layoutable: false, ..FULL };
    build(Object::new("CaseComment", "Case Comment", "Case Comments", "00a"), can, fields)
}

fn email_message() -> Object {
    let addresses = |name, label| {
        Field { length: 4_000, ..field(name, label, FieldType::Textarea) }.rw().extra("plaintextarea").opaque()
    };
    let fields = vec![vec![
        id("Email Message ID"),
        reference("ParentId", "Case ID", &["Case"]).create_only().children("EmailMessages").cascade(),
        reference("ActivityId", "Activity ID", &["Task"]).create_only(),
        reference("CreatedById", "Created By ID", &["User"]).not_null().platform(),
        Field { groups: Some(false), ..datetime("CreatedDate", "Created Date").not_null().platform() },
        Field { groups: Some(false), ..datetime("LastModifiedDate", "Last Modified Date").not_null().platform() },
        reference("LastModifiedById", "Last Modified By ID", &["User"]).not_null().platform(),
        Field { groups: Some(false), ..datetime("SystemModstamp", "System Modstamp").not_null().platform() },
        long_text("TextBody", "Text Body").rw(),
        Field { extra_type: Some("richtextarea"), ..long_text("HtmlBody", "HTML Body").rw() },
        addresses("Headers", "Headers"),
        text("Subject", "Subject", 3_000).rw().name_field(),
        text("FromName", "From Name", 1_000).rw(),
        text("FromAddress", "From Address", 1_000).rw(),
        addresses("ToAddress", "To Address"),
        addresses("CcAddress", "CC Address"),
        addresses("BccAddress", "BCC Address"),
        boolean("Incoming", "Is Incoming").rw(),
        boolean("HasAttachment", "Has Attachment"),
        picklist("Status", "Status", 40, list::EMAIL_STATUS).rw().not_null().default("0").restricted(),
        datetime("MessageDate", "Message Date").rw(),
        is_deleted(),
        text("MessageIdentifier", "Message ID", 765).rw(),
        text("ThreadIdentifier", "Thread ID", 765).rw(),
        boolean("IsClientManaged", "Is Client Managed").create_only(),
        reference("RelatedToId", "Related To ID", &["Account", "Campaign", "Case", "Opportunity"])
            .rw()
            .children("Emails"),
    ]];
    let can = Abilities { feeds: false, most_recently_used: false, ..FULL };
    build(Object::new("EmailMessage", "Email Message", "Email Messages", "02s"), can, fields)
}
