//! Bytes up and down, and notes that are files.

use bytes::Bytes;
use futures::TryStreamExt as _;
use salesforce::{
    Attachment, ContentDocumentLink, ContentVersion, ErrorKind, MOST_INLINE, NewAccount, NewAttachment,
    NewContentVersion, Row, soql,
};

use crate::Org;

fn noise(bytes: usize) -> Bytes {
    (0..bytes).map(|n| u8::try_from((n * 7919 + n / 251) % 256).unwrap()).collect::<Vec<u8>>().into()
}

#[tokio::test]
async fn bytes_come_back_as_they_went_in_small_and_large() {
    let org = Org::empty().await;
    let versions = org.client.records::<ContentVersion>();
    for (name, content) in [("small.bin", noise(1_000)), ("large.bin", noise(MOST_INLINE + 1))] {
        let new = NewContentVersion { path_on_client: Some(name.to_owned()), ..NewContentVersion::default() };
        let id = versions.upload(&new, "VersionData", name, content.clone()).await.unwrap();
        let row = versions.get(id).await.unwrap();
        assert_eq!(row.content_size.map(|size| size.to_string()), Some(content.len().to_string()), "{name}");
        let path: String = serde_json::from_str(row.extra("VersionData").unwrap().get()).unwrap();
        let blob = org.client.download(&path).await.unwrap();
        assert_eq!(blob.content_type.as_deref(), Some("application/octetstream"));
        assert!(blob.bytes(usize::MAX).await.unwrap() == content, "{name} differs");
    }
    let log = org.sandbox.log().of(sandbox::Vendor::Salesforce);
    let sent: Vec<usize> = log
        .iter()
        .filter(|entry| entry.method == "POST" && entry.path.contains("sobjects"))
        .map(|entry| entry.body_bytes)
        .collect();
    assert!(sent[1] < MOST_INLINE + 2_000, "the large one did not travel as base64: {sent:?}");
}

#[tokio::test]
async fn attachments_are_streamed_and_bounded() {
    let org = Org::empty().await;
    let account = NewAccount { name: Some("Acme".into()), ..NewAccount::default() };
    let account = org.client.accounts().create(&account).await.unwrap();
    let new = NewAttachment { parent_id: Some(account.any()), name: Some("a.txt".into()), ..NewAttachment::default() };
    let attachments = org.client.records::<Attachment>();
    let id = attachments.upload(&new, "Body", "a.txt", Bytes::from_static(b"hello")).await.unwrap();
    let parts: Vec<Bytes> = attachments.download(id, "Body").await.unwrap().body.try_collect().await.unwrap();
    assert_eq!(parts.concat(), b"hello");
    let error = attachments.download(id, "Body").await.unwrap().bytes(4).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    attachments.delete(id).await.unwrap();
    assert_eq!(attachments.download(id, "Body").await.unwrap_err().kind(), ErrorKind::NotFound);
    let foreign = org.client.download("https://elsewhere.example/file").await.unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::Config, "the token stays on its host");
}

#[tokio::test]
async fn a_note_is_escaped_and_linked_or_not_made() {
    let org = Org::empty().await;
    let account = NewAccount { name: Some("Acme".into()), ..NewAccount::default() };
    let account = org.client.accounts().create(&account).await.unwrap();
    let note = org.client.create_note("Call", "1 < 2 & \"ok\"\n\nbye", &[account.any()]).await.unwrap();
    let path = format!("/services/data/v62.0/sobjects/ContentNote/{note}/Content");
    let html = org.client.download(&path).await.unwrap().bytes(10_000).await.unwrap();
    assert_eq!(html, "<p>1 &lt; 2 &amp; &quot;ok&quot;</p><p><br></p><p>bye</p>");
    let query = soql!("SELECT Id, LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = {}", note.as_str());
    let links: Vec<Row<ContentDocumentLink>> = org.client.query(query).stream().try_collect().await.unwrap();
    assert!(links.iter().any(|link| link.linked_entity_id == Some(account.any())));

    let before = org.sandbox.state(sandbox::Vendor::Salesforce)["ContentNote"].clone();
    let error = org.client.create_note("Call", "x", &["001000000000001AAA".parse().unwrap()]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid | ErrorKind::NotFound), "{error}");
    assert_eq!(org.sandbox.state(sandbox::Vendor::Salesforce)["ContentNote"], before, "the note went with its link");
}
