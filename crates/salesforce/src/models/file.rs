use chrono::{DateTime, Utc};

use super::{Children, User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// A file in the old form, attached to one record. New files are [`ContentVersion`]s.
    Attachment("Attachment", "00P"), NewAttachment, AttachmentUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The size in bytes.
        body_length "BodyLength": i64,
        /// When it was created.
        created_date "CreatedDate": DateTime<Utc>,
        /// Who created it.
        created_by_id "CreatedById": Id<User>,
        /// When a user last changed it.
        last_modified_date "LastModifiedDate": DateTime<Utc>,
        /// Who changed it last.
        last_modified_by_id "LastModifiedById": Id<User>,
        /// When it last changed, by a user or by automation: the cursor for incremental reads.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {
        /// The record it is attached to; required, fixed.
        parent_id "ParentId": AnyId,
    }
    fields {
        /// File name; required, at most 255 characters.
        name "Name": String,
        /// MIME type.
        content_type "ContentType": String,
        /// Written: the content in base64. Read: the path from which to fetch it.
        body "Body": String,
        /// Description, at most 500 characters.
        description "Description": String,
        /// Whether only its owner sees it.
        is_private "IsPrivate": bool,
        /// Owner.
        owner_id "OwnerId": Id<User>,
    }
    hidden {}
    extra {}
}

sobject! {
    /// One version of a file. The first one makes the [`ContentDocument`]; to add another, name the document.
    ContentVersion("ContentVersion", "068"), NewContentVersion, ContentVersionUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// Whether it is the newest one.
        is_latest "IsLatest": bool,
        /// Its number.
        version_number "VersionNumber": String,
        /// Type, such as `PDF`.
        file_type "FileType": String,
        /// The ending of its path.
        file_extension "FileExtension": String,
        /// The size in bytes.
        content_size "ContentSize": i64,
        /// A checksum of the content.
        checksum "Checksum": String,
        /// When the content was written.
        content_modified_date "ContentModifiedDate": DateTime<Utc>,
        /// When it was created.
        created_date "CreatedDate": DateTime<Utc>,
        /// Who created it.
        created_by_id "CreatedById": Id<User>,
        /// When a user last changed it.
        last_modified_date "LastModifiedDate": DateTime<Utc>,
        /// Who changed it last.
        last_modified_by_id "LastModifiedById": Id<User>,
        /// When it last changed, by a user or by automation: the cursor for incremental reads.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {
        /// The document; a new one if none is given.
        content_document_id "ContentDocumentId": Id<ContentDocument>,
        /// The path of the uploaded file; required. Its ending tells the type.
        path_on_client "PathOnClient": String,
        /// The record to link the new document to.
        first_publish_location_id "FirstPublishLocationId": AnyId,
        /// Why there is a new version.
        reason_for_change "ReasonForChange": String,
    }
    fields {
        /// Title; the file's name if none is given.
        title "Title": String,
        /// Written: the content in base64, at most 37 MB. Read: the path from which to fetch it.
        version_data "VersionData": String,
        /// Description, at most 1,000 characters.
        description "Description": String,
        /// Owner.
        owner_id "OwnerId": Id<User>,
    }
    hidden {}
    extra {}
}

sobject! {
    /// A file, whatever its version. Made with its first [`ContentVersion`].
    ContentDocument("ContentDocument", "069");
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// Title.
        title "Title": String,
        /// The newest version.
        latest_published_version_id "LatestPublishedVersionId": Id<ContentVersion>,
        /// Type, such as `PDF`; `SNOTE` for a note.
        file_type "FileType": String,
        /// The ending of its path.
        file_extension "FileExtension": String,
        /// The size in bytes.
        content_size "ContentSize": i64,
        /// When the content was written.
        content_modified_date "ContentModifiedDate": DateTime<Utc>,
        /// Description.
        description "Description": String,
        /// Owner.
        owner_id "OwnerId": Id<User>,
        /// When it was created.
        created_date "CreatedDate": DateTime<Utc>,
        /// Who created it.
        created_by_id "CreatedById": Id<User>,
        /// When a user last changed it.
        last_modified_date "LastModifiedDate": DateTime<Utc>,
        /// Who changed it last.
        last_modified_by_id "LastModifiedById": Id<User>,
        /// When it last changed, by a user or by automation: the cursor for incremental reads.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {
        /// Its versions, from a sub-select on `ContentVersions`.
        versions "ContentVersions": Children<ContentVersion>,
        /// What it is linked to, from a sub-select on `ContentDocumentLinks`.
        links "ContentDocumentLinks": Children<ContentDocumentLink>,
    }
}

sobject! {
    /// The link of a file or note to a record.
    ///
    /// Users without the permission to query all files must filter by `ContentDocumentId` or `LinkedEntityId`, with `=` or
    /// `IN`; [`list`](crate::Records::list) does neither.
    ContentDocumentLink("ContentDocumentLink", "06A"), NewContentDocumentLink, ContentDocumentLinkUpdate;
    read {
        /// Whether it is deleted.
        is_deleted "IsDeleted": bool,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {
        /// The file; for a note the note's id. Required, fixed.
        content_document_id "ContentDocumentId": Id<ContentDocument>,
        /// The record; required, fixed.
        linked_entity_id "LinkedEntityId": AnyId,
    }
    fields {
        /// `V` to see, `C` to change, `I` as the record allows.
        share_type "ShareType": String,
        /// `AllUsers` (the default), `InternalUsers` or `SharedUsers`.
        visibility "Visibility": String,
    }
    hidden {}
    extra {
        /// The file, from fields of the relationship `ContentDocument`.
        content_document "ContentDocument": Box<ContentDocument>,
    }
}

sobject! {
    /// A note of the present kind: a file of HTML that can be linked to many records, by a [`ContentDocumentLink`] each.
    ContentNote("ContentNote", "069"), NewContentNote, ContentNoteUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The first 255 characters of its text.
        text_preview "TextPreview": String,
        /// The size in bytes.
        content_size "ContentSize": i64,
        /// When the content was written.
        content_modified_date "ContentModifiedDate": DateTime<Utc>,
        /// The newest version.
        latest_published_version_id "LatestPublishedVersionId": Id<ContentVersion>,
        /// `SNOTE`.
        file_type "FileType": String,
        /// Whether this user may not change it.
        is_read_only "IsReadOnly": bool,
        /// When it was created.
        created_date "CreatedDate": DateTime<Utc>,
        /// Who created it.
        created_by_id "CreatedById": Id<User>,
        /// When a user last changed it.
        last_modified_date "LastModifiedDate": DateTime<Utc>,
        /// Who changed it last.
        last_modified_by_id "LastModifiedById": Id<User>,
        /// When it last changed, by a user or by automation: the cursor for incremental reads.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {
        /// Owner; fixed.
        owner_id "OwnerId": Id<User>,
    }
    fields {
        /// Title; required, at most 255 characters.
        title "Title": String,
        /// Written: HTML in base64, its text escaped. Read: the path from which to fetch it.
        content "Content": String,
    }
    hidden {}
    extra {}
}
