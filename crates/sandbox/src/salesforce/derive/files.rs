//! Attachments, files and notes: sizes, versions, and the links to records.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{Written, amend, plant};
use crate::salesforce::errors::ApiError;
use crate::salesforce::ids::SfId;
use crate::salesforce::org::{Author, Org};
use crate::salesforce::schema::Object;
use crate::salesforce::store::Row;
use crate::salesforce::value::Value;

/// Characters of a preview.
const PREVIEW: usize = 255;

/// The bytes that a base64 field holds.
pub(crate) fn bytes_of(value: &Value) -> Vec<u8> {
    value.as_text().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default()
}

fn size(bytes: &[u8]) -> Value {
    Value::Int(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
}

pub(super) fn attachment(object: &Object, row: &mut Row) {
    let length = size(&bytes_of(row.get(object, "Body")));
    row.set(object, "BodyLength", length);
}

/// `pdf` of `Offer.pdf`, and `PDF` as the type.
fn kind_of(path: &str) -> (Value, Value) {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((_, extension)) if !extension.is_empty() => {
            (Value::text(extension), Value::text(&extension.to_uppercase()))
        }
        _ => (Value::Null, Value::text("UNKNOWN")),
    }
}

/// A version of a file: the first makes the document, each later one becomes its latest.
pub(super) fn version(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>) -> Result<(), ApiError> {
    let data = bytes_of(row.get(object, "VersionData"));
    let path = row.get(object, "PathOnClient").as_text().unwrap_or_default().to_owned();
    if before.is_none() {
        let link = !row.get(object, "ContentUrl").is_null();
        if !link && (path.is_empty() || row.get(object, "VersionData").is_null()) {
            let missing: &[&str] = if path.is_empty() { &["PathOnClient"] } else { &["VersionData"] };
            let message = format!("Required fields are missing: [{}]", missing.join(", "));
            return Err(ApiError::record("REQUIRED_FIELD_MISSING", message, missing));
        }
        if row.get(object, "Title").is_null() {
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
            let title = name.rsplit_once('.').map_or(name, |(title, _)| title);
            row.set(object, "Title", Value::text(if title.is_empty() { "Untitled" } else { title }));
        }
        row.set(object, "IsLatest", Value::Bool(true));
        let earlier = row.get(object, "ContentDocumentId").as_id().map_or(0, |document| versions(org, document).len());
        row.set(object, "VersionNumber", Value::text(&(earlier + 1).to_string()));
        row.set(object, "ContentModifiedDate", Value::DateTime(org.now));
        let author = row.get(object, "CreatedById").clone();
        row.set(object, "ContentModifiedById", author);
    }
    let (extension, kind) = kind_of(&path);
    row.set(object, "FileExtension", extension);
    row.set(object, "FileType", kind);
    row.set(object, "ContentSize", size(&data));
    let digest: String = Sha256::digest(&data).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    row.set(object, "Checksum", Value::text(&digest));
    Ok(())
}

fn versions(org: &Org, document: SfId) -> Vec<SfId> {
    let Some(index) = org.schema.find("ContentVersion") else {
        return Vec::new();
    };
    let link = org.schema.object(index).position("ContentDocumentId");
    link.map(|link| org.store.live_with_value(index, link, &Value::Id(document))).unwrap_or_default()
}

/// Puts a new version into its document, which the first version makes.
pub(super) fn publish(org: &mut Org, id: SfId, author: Author) {
    let schema = Arc::clone(&org.schema);
    let Some((index, row)) = org.store.lookup(id) else {
        return;
    };
    let object = schema.object(index);
    let row = row.clone();
    let cell = |name: &str| row.get(object, name).clone();
    let known = cell("ContentDocumentId").as_id();
    let document = known.or_else(|| {
        let cells = vec![
            ("Title", cell("Title")),
            ("Description", cell("Description")),
            ("PublishStatus", Value::text("R")),
            ("OwnerId", cell("OwnerId")),
            ("SharingPrivacy", cell("SharingPrivacy")),
        ];
        plant(org, "ContentDocument", None, cells, author)
    });
    let Some(document) = document else {
        return;
    };
    for earlier in versions(org, document) {
        amend(org, earlier, |object, row| row.set(object, "IsLatest", Value::Bool(false)));
    }
    amend(org, id, |object, row| row.set(object, "ContentDocumentId", Value::Id(document)));
    let now = org.now;
    amend(org, document, |document, target| {
        for name in ["Title", "FileType", "FileExtension", "ContentSize", "ContentModifiedDate"] {
            target.set(document, name, cell(name));
        }
        target.set(document, "LatestPublishedVersionId", Value::Id(id));
        if known.is_some() {
            for name in ["LastModifiedDate", "SystemModstamp"] {
                target.set(document, name, Value::DateTime(now));
            }
        }
    });
    if known.is_none() {
        link(org, document, cell("OwnerId"), "I", author);
        if !cell("FirstPublishLocationId").is_null() && cell("FirstPublishLocationId") != cell("OwnerId") {
            link(org, document, cell("FirstPublishLocationId"), "V", author);
        }
    }
}

fn link(org: &mut Org, document: SfId, to: Value, share: &str, author: Author) {
    let cells = vec![
        ("ContentDocumentId", Value::Id(document)),
        ("LinkedEntityId", to),
        ("ShareType", Value::text(share)),
        ("Visibility", Value::text("AllUsers")),
    ];
    plant(org, "ContentDocumentLink", None, cells, author);
}

/// A document renamed by its user renames its latest version and its note.
pub(super) fn document_changed(org: &mut Org, id: SfId, author: Author) {
    let schema = Arc::clone(&org.schema);
    let Some((index, row)) = org.store.lookup(id) else {
        return;
    };
    let object = schema.object(index);
    let (title, latest) = (row.get(object, "Title").clone(), row.get(object, "LatestPublishedVersionId").as_id());
    if let Some(latest) = latest {
        amend(org, latest, |object, row| row.set(object, "Title", title.clone()));
    }
    let Some(notes) = schema.find("ContentNote") else {
        return;
    };
    if let Some(mut note) = org.store.get(notes, id).cloned() {
        note.set(schema.object(notes), "Title", title);
        org.stamp(schema.object(notes), &mut note, author);
        org.store.put(notes, note);
    }
}

/// Size, preview and kind of a note.
pub(super) fn note(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>, written: &Written) {
    let content = bytes_of(row.get(object, "Content"));
    let html = String::from_utf8_lossy(&content).into_owned();
    let safe = without_unsafe_tags(&html);
    if safe != html {
        row.set(object, "Content", Value::text(&STANDARD.encode(&safe)));
    }
    row.set(object, "ContentSize", size(safe.as_bytes()));
    let preview: String = text_of(&safe).chars().take(PREVIEW).collect();
    row.set(object, "TextPreview", Value::text(preview.trim()));
    row.set(object, "FileExtension", Value::text("snote"));
    row.set(object, "FileType", Value::text("SNOTE"));
    if before.is_none() || written.gives(object, "Content") {
        row.set(object, "ContentModifiedDate", Value::DateTime(org.now));
    }
}

/// A note is a document of the same id with a version for each content.
pub(crate) fn publish_note(org: &mut Org, id: SfId, before: Option<&Row>, author: Author) {
    let schema = Arc::clone(&org.schema);
    let Some(notes) = schema.find("ContentNote") else {
        return;
    };
    let object = schema.object(notes);
    let Some(row) = org.store.get(notes, id).cloned() else {
        return;
    };
    let cell = |name: &str| row.get(object, name).clone();
    if before.is_none() {
        let cells = vec![
            ("Title", cell("Title")),
            ("PublishStatus", Value::text("R")),
            ("OwnerId", cell("OwnerId")),
            ("SharingPrivacy", cell("SharingPrivacy")),
        ];
        plant(org, "ContentDocument", Some(id), cells, author);
        link(org, id, cell("OwnerId"), "I", author);
    }
    let fresh = before.is_none_or(|before| before.get(object, "Content") != row.get(object, "Content"));
    if fresh {
        let earlier = versions(org, id);
        for version in &earlier {
            amend(org, *version, |object, row| row.set(object, "IsLatest", Value::Bool(false)));
        }
        let number = (earlier.len() + 1).to_string();
        let mut cells = vec![
            ("ContentDocumentId", Value::Id(id)),
            ("IsLatest", Value::Bool(true)),
            ("VersionNumber", Value::text(&number)),
            ("PathOnClient", Value::text("Note.snote")),
            ("VersionData", cell("Content")),
            ("SharingOption", Value::text("A")),
            ("Origin", Value::text("H")),
            ("ContentModifiedById", Value::Id(author.user)),
        ];
        let same = ["Title", "OwnerId", "SharingPrivacy", "FileType", "FileExtension", "ContentSize", "TextPreview"];
        cells.extend(same.into_iter().chain(["ContentModifiedDate"]).map(|name| (name, cell(name))));
        if let Some(version) = plant(org, "ContentVersion", None, cells, author) {
            let mut note = row.clone();
            note.set(object, "LatestPublishedVersionId", Value::Id(version));
            note.set(object, "LatestContentId", Value::Id(version));
            org.store.put(notes, note);
        }
    }
    let latest = org.store.get(notes, id).map(|row| row.get(object, "LatestPublishedVersionId").clone());
    amend(org, id, |document, target| {
        for name in ["Title", "FileType", "FileExtension", "ContentSize", "ContentModifiedDate"] {
            target.set(document, name, cell(name));
        }
        for name in ["LastModifiedDate", "SystemModstamp"] {
            target.set(document, name, cell(name));
        }
        target.set(document, "LatestPublishedVersionId", latest.unwrap_or_default());
    });
}

/// Deletes the other side of what is a note and a document at once.
pub(super) fn delete_twin(org: &mut Org, object: &str, id: SfId, author: Author) {
    if let Some(index) = org.schema.find(object).filter(|index| org.store.get(*index, id).is_some()) {
        org.delete_tree(index, id, id, author);
    }
}

/// The text of HTML: tags dropped, the five entities read.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    let text = entities.into_iter().fold(text, |text, (entity, character)| text.replace(entity, character));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// HTML without the elements that could do something.
fn without_unsafe_tags(html: &str) -> String {
    let mut safe = html.to_owned();
    for tag in ["script", "style", "iframe", "object", "embed"] {
        while let Some(start) = safe.to_ascii_lowercase().find(&format!("<{tag}")) {
            let lower = safe.to_ascii_lowercase();
            let close = format!("</{tag}>");
            let end = lower.get(start..).and_then(|rest| rest.find(&close)).map(|at| start + at + close.len());
            let end = end.or_else(|| lower.get(start..).and_then(|rest| rest.find('>')).map(|at| start + at + 1));
            safe.replace_range(start..end.unwrap_or(safe.len()), "");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_lose_what_could_act_and_keep_their_words() {
        let html = "<p>Call <b>Ada</b> &amp; Bob</p><script>alert(1)</script><IFRAME src=x>";
        assert_eq!(without_unsafe_tags(html), "<p>Call <b>Ada</b> &amp; Bob</p>");
        assert_eq!(text_of(html), "Call Ada & Bob alert(1)");
    }

    proptest::proptest! {
        #[test]
        fn any_html_is_read(html in ".{0,60}") {
            let _ = text_of(&without_unsafe_tags(&html));
        }
    }
}
