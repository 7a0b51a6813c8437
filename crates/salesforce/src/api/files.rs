//! Bytes: files and attachments up and down, and notes that are files.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use http::HeaderValue;
use rest_core::{Accept, Call, Error, ErrorKind, Payload, Result};
use serde::{Deserialize, Serialize};

use super::sobjects::Records;
use crate::ids::{AnyId, Id};
use crate::models::{ContentNote, SObject, Writable};
use crate::{Salesforce, VENDOR};

/// More bytes than this go as a part of their own; as base64 in JSON they would exceed the 50 MB that a request may have.
pub const MOST_INLINE: usize = 37 * 1024 * 1024;
/// The most bytes that a file may have: 2 GB.
const MOST: u64 = 2 * 1024 * 1024 * 1024;
/// Time for a file to travel.
const PATIENCE: Duration = Duration::from_secs(600);

/// Bytes that are still arriving.
#[non_exhaustive]
pub struct Blob {
    /// The content type that the vendor tells, which for files is mostly that of any bytes.
    pub content_type: Option<String>,
    /// The bytes as they come. Ends after an error.
    pub body: BoxStream<'static, Result<Bytes>>,
}

impl Blob {
    /// Reads all bytes.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] beyond `most` bytes, or what broke the transfer.
    pub async fn bytes(mut self, most: usize) -> Result<Bytes> {
        let mut all = BytesMut::new();
        while let Some(part) = self.body.try_next().await? {
            if all.len() + part.len() > most {
                return Err(Error::new(ErrorKind::TooLarge, "files.download")
                    .with_vendor(VENDOR)
                    .with_message(format!("the file has more than {most} bytes"))
                    .with_hint("read it as a stream, or allow more"));
            }
            all.extend_from_slice(&part);
        }
        Ok(all.freeze())
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

impl Salesforce {
    /// Streams the bytes behind the path that a row shows in a base64 field (`VersionData`, `Body`, `Content`).
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a link to another host; [`ErrorKind::NotFound`] if the record is gone or has no bytes.
    pub async fn download(&self, path: &str) -> Result<Blob> {
        self.blob(Call::get("files.download").link(path)).await
    }

    async fn blob(&self, call: Call) -> Result<Blob> {
        let call = call.accept(Accept::Any).timeout(PATIENCE).body_limit(MOST);
        let reply = self.open(call).await?;
        let content_type = reply.headers.get(http::header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Blob { content_type, body: reply.body })
    }

    /// Writes a note (the present kind, a file of HTML) from plain text and links it to records, all or nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for more than 24 records; [`ErrorKind::Invalid`] where notes are switched off or a record
    /// cannot have any.
    pub async fn create_note(&self, title: &str, text: &str, about: &[AnyId]) -> Result<Id<ContentNote>> {
        if about.len() > 24 {
            return Err(Error::config("a note is linked to at most 24 records at once").with_vendor(VENDOR));
        }
        let reply = self.send(note_call(self, title, text, about)).await?;
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            composite_response: Vec<Part>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Part {
            body: Box<serde_json::value::RawValue>,
            http_status_code: u16,
        }
        #[derive(Deserialize)]
        struct Saved {
            id: Id<ContentNote>,
        }
        let parts = reply.json::<Answer>()?.composite_response;
        if parts.iter().any(|part| part.http_status_code >= 400) {
            let errors: Vec<_> =
                parts.iter().flat_map(|part| crate::error::parse(part.body.get().as_bytes())).collect();
            return Err(crate::error::record_error("notes.create", &errors));
        }
        let saved = parts.first().and_then(|part| serde_json::from_str::<Saved>(part.body.get()).ok());
        saved.map(|saved| saved.id).ok_or_else(|| reply.decode_error("the answer does not tell the note's id"))
    }
}

fn note_call(client: &Salesforce, title: &str, text: &str, about: &[AnyId]) -> Call {
    let version = client.version();
    let url = |object: &str| format!("/services/data/v{version}/sobjects/{object}");
    let note = serde_json::json!({ "Title": title, "Content": STANDARD.encode(note_html(text)) });
    let mut parts =
        vec![serde_json::json!({ "method": "POST", "url": url("ContentNote"), "referenceId": "note", "body": note })];
    parts.extend(about.iter().enumerate().map(|(n, record)| {
        let link = serde_json::json!({ "ContentDocumentId": "@{note.id}", "LinkedEntityId": record, "ShareType": "V" });
        let url = url("ContentDocumentLink");
        serde_json::json!({ "method": "POST", "url": url, "referenceId": format!("link{n}"), "body": link })
    }));
    let body = serde_json::json!({ "allOrNone": true, "compositeRequest": parts });
    Call::post("notes.create").path(version.path(["composite"])).json(&body)
}

/// Plain text as the HTML of a note: markup is escaped, lines are kept.
///
/// ```
/// assert_eq!(salesforce::note_html("1 < 2\n\"ok\""), "<p>1 &lt; 2</p><p>&quot;ok&quot;</p>");
/// ```
#[must_use]
pub fn note_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    for line in text.lines() {
        html.push_str("<p>");
        for c in line.chars() {
            match c {
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '&' => html.push_str("&amp;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                c => html.push(c),
            }
        }
        // An empty paragraph has no height.
        html.push_str(if line.is_empty() { "<br></p>" } else { "</p>" });
    }
    html
}

impl<T: SObject> Records<T> {
    /// Streams the bytes of a base64 field: `VersionData` of a content version, `Body` of an attachment.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the record is gone, or the field holds no bytes.
    pub async fn download(&self, id: Id<T>, field: &str) -> Result<Blob> {
        let path = self.client.version().path(["sobjects", T::NAME, id.as_str(), field]);
        self.client.blob(Call::get("files.download").path(path)).await
    }
}

impl<T: Writable> Records<T> {
    /// Creates a record together with the bytes of one of its base64 fields: small ones in the JSON, larger ones (over
    /// [`MOST_INLINE`]) as a part of their own, up to 2 GB for content versions and 500 MB for others.
    ///
    /// ```
    /// # async fn f(client: salesforce::Salesforce, offer: bytes::Bytes) -> salesforce::Result<()> {
    /// let file = salesforce::NewContentVersion { path_on_client: Some("Offer.pdf".into()), ..Default::default() };
    /// let id = client.records::<salesforce::ContentVersion>().upload(&file, "VersionData", "Offer.pdf", offer).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`create`](Self::create); [`ErrorKind::Config`] for a file name that cannot be sent.
    pub async fn upload(&self, new: &T::New, field: &str, file_name: &str, content: Bytes) -> Result<Id<T>> {
        let call = Call::post("files.upload").path(self.client.version().path(["sobjects", T::NAME])).timeout(PATIENCE);
        let call = with_bytes(call, new, field, file_name, &content, MOST_INLINE)?;
        #[derive(Deserialize)]
        #[serde(bound = "")]
        struct Saved<T> {
            id: Id<T>,
        }
        self.client.send(call).await?.json::<Saved<T>>().map(|saved| saved.id)
    }
}

/// Puts a record and its bytes into a call, the one way or the other.
fn with_bytes(
    call: Call,
    record: &impl Serialize,
    field: &str,
    file_name: &str,
    content: &Bytes,
    most_inline: usize,
) -> Result<Call> {
    let defect = |message: &str| Error::config(message).with_operation("files.upload").with_vendor(VENDOR);
    let json = serde_json::to_string(record)
        .map_err(|error| defect(&format!("the record cannot be written as JSON: {error}")))?;
    let members = json.strip_prefix('{').ok_or_else(|| defect("the record cannot be written as a JSON object"))?;
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name(field) {
        return Err(defect("the field's name holds more than letters, digits and `_`"));
    }
    if content.len() <= most_inline {
        let comma = if members == "}" { "" } else { "," };
        let body = format!("{{\"{field}\":\"{}\"{comma}{members}", STANDARD.encode(content));
        return Ok(call.body("application/json", body));
    }
    if file_name.is_empty() || file_name.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
        return Err(defect("the file's name is empty or holds quotes, backslashes or control characters"));
    }
    let boundary = boundary(content, &json);
    let mut body = BytesMut::with_capacity(content.len() + json.len() + 512);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"entity_content\"\r\nContent-Type: application/json\r\n\r\n\
         {json}\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{file_name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary=\"{boundary}\""))
        .map_err(|error| defect("the boundary cannot be sent").with_source(error))?;
    let mut call = call;
    call.body = Some(Payload { content_type, bytes: body.freeze() });
    Ok(call)
}

/// A text that occurs nowhere in what it is to part.
fn boundary(content: &[u8], json: &str) -> String {
    let occurs = |mark: &str| {
        let mark = mark.as_bytes();
        content.windows(mark.len()).any(|window| window == mark)
    };
    (0_u32..)
        .map(|n| format!("part-of-a-record-{n:08x}"))
        .find(|mark| !json.contains(mark.as_str()) && !occurs(mark))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fields;

    fn call(content: &[u8], most_inline: usize) -> Call {
        let mut record = Fields::new();
        record.set("Title", "t");
        let content = Bytes::copy_from_slice(content);
        with_bytes(Call::post("x"), &record, "VersionData", "a.bin", &content, most_inline).unwrap()
    }

    #[test]
    fn small_bytes_go_in_the_json() {
        let body = call(&[0, 255], 10).body.unwrap();
        assert_eq!(body.bytes, r#"{"VersionData":"AP8=","Title":"t"}"#);
        let empty = with_bytes(Call::post("x"), &Fields::new(), "Body", "a", &Bytes::new(), 10).unwrap();
        assert_eq!(empty.body.unwrap().bytes, r#"{"Body":""}"#);
    }

    #[test]
    fn large_bytes_are_a_part_of_their_own_whatever_they_hold() {
        let content = b"--part-of-a-record-00000000\r\n";
        let body = call(content, 3).body.unwrap();
        assert_eq!(body.content_type, "multipart/form-data; boundary=\"part-of-a-record-00000001\"");
        let text = String::from_utf8(body.bytes.to_vec()).unwrap();
        assert!(
            text.starts_with("--part-of-a-record-00000001\r\nContent-Disposition: form-data; name=\"entity_content\"")
        );
        assert!(text.contains("\r\n\r\n{\"Title\":\"t\"}\r\n--part"));
        assert!(text.contains("name=\"VersionData\"; filename=\"a.bin\""));
        assert!(
            text.ends_with("\r\n\r\n--part-of-a-record-00000000\r\n\r\n--part-of-a-record-00000001--\r\n"),
            "{text}"
        );
    }

    #[test]
    fn names_cannot_break_out_of_their_headers() {
        let bytes = Bytes::from_static(b"x");
        for (field, name) in [
            ("Version\"Data", "a"),
            ("", "a"),
            ("VersionData", "a\"; b"),
            ("VersionData", "a\r\nb"),
            ("VersionData", ""),
        ] {
            let error = with_bytes(Call::post("x"), &Fields::new(), field, name, &bytes, 0).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{field} {name}");
        }
    }
}
