//! Notes, attachments and files.

use super::makers::*;
use super::picklists as list;
use super::{Abilities, Field, FieldType, Object};

/// What a file can be linked to.
const LINKED: &[&str] = &["Account", "Campaign", "Case", "Contact", "Event", "Lead", "Opportunity", "Task", "User"];
/// What carries classic notes and attachments.
const NOTED: &[&str] = &["Account", "Contact", "Lead", "Opportunity", "Product2"];
const ATTACHED: &[&str] =
    &["Account", "Campaign", "Case", "Contact", "EmailMessage", "Event", "Lead", "Opportunity", "Product2", "Task"];

pub(super) fn all() -> Vec<Object> {
    vec![note(), attachment(), content_version(), content_document(), content_note(), content_document_link()]
}

fn base64(name: &'static str, label: &'static str) -> Field {
    field(name, label, FieldType::Base64).opaque()
}

fn note() -> Object {
    let fields = vec![
        vec![
            id("Note Id"),
            is_deleted(),
            reference("ParentId", "Parent ID", NOTED).rw().not_null().children("Notes").cascade(),
            text("Title", "Title", 80).rw().not_null().name_field(),
            boolean("IsPrivate", "Private").rw(),
            long_text("Body", "Body").rw(),
            owner("Owner ID", &["User"]),
        ],
        audit(),
    ];
    let can = Abilities { feeds: false, triggerable: false, layoutable: false, most_recently_used: false, ..FULL };
    build(Object::new("Note", "Note", "Notes", "002"), can, fields)
}

fn attachment() -> Object {
    let fields = vec![
        vec![
            id("Attachment ID"),
            is_deleted(),
            reference("ParentId", "Parent ID", ATTACHED).create_only().not_null().children("Attachments").cascade(),
            text("Name", "File Name", 255).rw().not_null().name_field(),
            boolean("IsPrivate", "Private").rw(),
            text("ContentType", "Content Type", 120).rw(),
            Field { digits: 9, ..int("BodyLength", "Body Length") },
            base64("Body", "Body").rw().not_null(),
            owner("Owner ID", &["User"]),
        ],
        audit(),
        vec![
            Field { length: 500, ..field("Description", "Description", FieldType::Textarea) }
                .rw()
                .extra("plaintextarea"),
        ],
    ];
    let can = Abilities { feeds: false, layoutable: false, most_recently_used: false, ..FULL };
    build(Object::new("Attachment", "Attachment", "Attachments", "00P"), can, fields)
}

/// What documents, versions and notes tell of their content.
fn content(modified_by: bool) -> Vec<Field> {
    let mut fields = vec![
        text("FileType", "File Type", 20).not_null(),
        int("ContentSize", "Size"),
        text("FileExtension", "File Extension", 40),
        datetime("ContentModifiedDate", "Content Modified Date"),
    ];
    if modified_by {
        fields.push(reference("ContentModifiedById", "Content Modified By ID", &["User"]));
    }
    fields
}

fn privacy() -> Field {
    picklist("SharingPrivacy", "File Privacy on Records", 40, list::SHARING_PRIVACY)
        .rw()
        .default("N")
        .restricted()
        .not_null()
}

fn content_version() -> Object {
    let fields = vec![
        vec![
            id("ContentVersion ID"),
            Field {
                children: Some("ContentVersions"),
                cascade_delete: true,
                ..reference("ContentDocumentId", "ContentDocument ID", &["ContentDocument"])
                    .create_only()
                    .not_null()
                    .platform()
            },
            boolean("IsLatest", "Is Latest"),
            url("ContentUrl", "Content URL").rw(),
            text("VersionNumber", "Version Number", 20),
            text("Title", "Title", 255).rw().not_null().platform().name_field(),
            Field { length: 1000, ..field("Description", "Description", FieldType::Textarea) }
                .rw()
                .extra("plaintextarea"),
            text("ReasonForChange", "Reason For Change", 1000).create_only(),
            picklist("SharingOption", "Prevent others from sharing and unsharing", 40, list::SHARING_OPTION)
                .rw()
                .default("A")
                .restricted()
                .not_null(),
            privacy(),
            text("PathOnClient", "Path On Client", 500).create_only(),
            is_deleted(),
        ],
        content(true),
        vec![
            reference("FirstPublishLocationId", "First Publish Location ID", LINKED).create_only(),
            owner("Owner ID", &["User"]),
            text("TagCsv", "Tags", 2000).rw(),
            base64("VersionData", "Version Data").rw(),
            picklist("Origin", "Content Origin", 40, list::CONTENT_ORIGIN)
                .create_only()
                .default("C")
                .restricted()
                .not_null(),
            text("Checksum", "Checksum", 50),
            text("TextPreview", "Text Preview", 255),
            boolean("IsMajorVersion", "Is Major Version").create_only(),
            create_once_key(),
        ],
        audit(),
    ];
    let can = Abilities {
        deletable: false,
        undeletable: false,
        searchable: true,
        feeds: false,
        most_recently_used: false,
        ..FULL
    };
    build(Object::new("ContentVersion", "Content Version", "Content Versions", "068"), can, fields)
}

fn content_document() -> Object {
    let fields = vec![
        vec![
            id("ContentDocument ID"),
            is_deleted(),
            text("Title", "Title", 255).update_only().not_null().name_field(),
            picklist("PublishStatus", "Publish Status", 40, list::PUBLISH_STATUS).restricted().not_null(),
            reference("LatestPublishedVersionId", "Latest Published Version ID", &["ContentVersion"]),
            Field { length: 1000, ..field("Description", "Description", FieldType::Textarea) }
                .update_only()
                .extra("plaintextarea"),
            boolean("IsArchived", "Is Archived"),
            Field { updateable: true, createable: false, ..owner("Owner ID", &["User"]) },
            Field { createable: false, ..privacy() },
        ],
        content(false),
        audit(),
        viewed(),
    ];
    let can = Abilities { createable: false, searchable: true, feeds: true, ..FULL };
    build(Object::new("ContentDocument", "Content Document", "Content Documents", "069"), can, fields)
}

fn content_note() -> Object {
    let fields = vec![
        vec![
            id("ContentNote ID"),
            is_deleted(),
            text("Title", "Title", 255).rw().not_null().name_field(),
            base64("Content", "Content").rw(),
            text("TextPreview", "Text Preview", 255),
            reference("LatestPublishedVersionId", "Latest Published Version ID", &["ContentVersion"]),
            reference("LatestContentId", "Latest Content ID", &["ContentVersion"]),
            boolean("IsReadOnly", "Is Read Only"),
            Field { createable: true, updateable: false, ..owner("Owner ID", &["User"]) },
            Field { updateable: false, ..privacy() },
        ],
        content(false),
        audit(),
        viewed(),
    ];
    let can = Abilities { feeds: false, ..FULL };
    build(Object::new("ContentNote", "Note", "Notes", "069"), can, fields)
}

fn content_document_link() -> Object {
    let fields = vec![vec![
        id("ContentDocumentLink ID"),
        reference("LinkedEntityId", "Linked Entity ID", LINKED)
            .create_only()
            .not_null()
            .children("ContentDocumentLinks")
            .cascade(),
        reference("ContentDocumentId", "ContentDocument ID", &["ContentDocument"])
            .create_only()
            .not_null()
            .children("ContentDocumentLinks")
            .cascade(),
        is_deleted(),
        picklist("ShareType", "Share Type", 40, list::SHARE_TYPE).rw().restricted(),
        picklist("Visibility", "Visibility", 40, list::VISIBILITY).rw().default("AllUsers").restricted(),
        Field { groups: Some(false), ..datetime("SystemModstamp", "System Modstamp").not_null().platform() },
    ]];
    let can = Abilities {
        undeletable: false,
        searchable: false,
        feeds: false,
        most_recently_used: false,
        layoutable: false,
        ..FULL
    };
    let label = "Content Document Link";
    build(Object::new("ContentDocumentLink", label, "Content Document Links", "06A"), can, fields)
}
