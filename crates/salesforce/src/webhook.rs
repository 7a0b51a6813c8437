//! Outbound messages: the notifications that a workflow or flow of the organisation posts to an address of yours.
//!
//! A message is delivered at least once, in no promised order, with the records as they are when it is sent. Answer it with
//! [`ACK`] within 60 seconds; otherwise it is sent again, at growing intervals, for 24 hours. So: remember
//! [`Notification::id`] and pass over one that was dealt with, and take a message as a hint to read the record.
//! (SOAP API Developer Guide, "Outbound Messaging".)
//!
//! ```
//! use salesforce::webhook::{self, OutboundMessage};
//!
//! # let body = br#"<?xml version="1.0" encoding="UTF-8"?>
//! # <soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>
//! # <notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>00D000000000001EAA</OrganizationId>
//! # <ActionId>04k000000000001AAA</ActionId><SessionId xsi:nil="true"/><EnterpriseUrl>https://x</EnterpriseUrl><PartnerUrl>https://x</PartnerUrl>
//! # <Notification><Id>04l000000000001AAA</Id><sObject xsi:type="sf:Contact" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
//! # <sf:Id>003000000000001AAA</sf:Id><sf:LastName>Byron</sf:LastName></sObject></Notification></notifications></soapenv:Body></soapenv:Envelope>"#;
//! let message = OutboundMessage::parse(body, &"00D000000000001EAA".parse()?)?;
//! for notification in message.notifications() {
//!     println!("{} {:?}", notification.object(), notification.record_id());
//! }
//! let answer = webhook::ACK; // with content type text/xml
//! # assert_eq!(message.notifications().len(), 1);
//! # let _ = answer;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};
use rest_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};

use crate::{AnyId, VENDOR};

/// The answer that takes a message: it is not sent again.
pub const ACK: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>"#,
    r#"<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>"#,
    "</soapenv:Body></soapenv:Envelope>"
);

/// The answer that asks for the message to be sent again later.
pub const NACK: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>"#,
    r#"<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>false</Ack></notificationsResponse>"#,
    "</soapenv:Body></soapenv:Envelope>"
);

const OUTBOUND: &str = "http://soap.sforce.com/2005/09/outbound";
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A larger body is no outbound message.
const LARGEST: usize = 8 * 1024 * 1024;
/// The vendor puts no more into one message.
const MOST_NOTIFICATIONS: usize = 100;
/// More fields than any object has.
const MOST_FIELDS: usize = 2000;
/// Envelope, Body, notifications, Notification, sObject, field, part of a field, and some.
const DEEPEST: usize = 12;

/// A message: up to 100 notifications of one action. `Debug` shows ids and counts only.
#[derive(Clone)]
pub struct OutboundMessage {
    organization_id: AnyId,
    action_id: Option<AnyId>,
    session_id: Option<SecretString>,
    enterprise_url: Option<String>,
    partner_url: Option<String>,
    notifications: Vec<Notification>,
}

/// That one record did what the action was waiting for. `Debug` shows ids and field names only.
#[derive(Clone, PartialEq)]
pub struct Notification {
    id: AnyId,
    object: String,
    fields: Vec<(String, Option<String>)>,
}

impl OutboundMessage {
    /// Reads the body of a request. XML with a document type or entities of its own is refused: no genuine message has
    /// them, and they are how hostile ones begin.
    ///
    /// The organisation in the body is checked against `organization`. That tells the messages of several organisations
    /// apart and is no proof of who sent it: let only the vendor's addresses through, or have it present its certificate.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] if it is another organisation's. [`ErrorKind::TooLarge`] above 8 MiB or 100 notifications.
    /// [`ErrorKind::Decode`] for what is no outbound message. Do not answer any of these with [`ACK`].
    pub fn parse(body: &[u8], organization: &AnyId) -> Result<Self> {
        let message = Self::read(body)?;
        if message.organization_id != *organization {
            let error = failure(ErrorKind::Forbidden, "the message is another organisation's");
            return Err(error.with_hint("check which organisation's outbound message points to this address"));
        }
        Ok(message)
    }

    /// The organisation that sent it.
    #[must_use]
    pub fn organization_id(&self) -> AnyId {
        self.organization_id
    }

    /// The action that sent it.
    #[must_use]
    pub fn action_id(&self) -> Option<AnyId> {
        self.action_id
    }

    /// A session of the user who caused it, if the action is set up to send one.
    #[must_use]
    pub fn session_id(&self) -> Option<&SecretString> {
        self.session_id.as_ref()
    }

    /// Where the enterprise SOAP API of the organisation is.
    #[must_use]
    pub fn enterprise_url(&self) -> Option<&str> {
        self.enterprise_url.as_deref()
    }

    /// Where the partner SOAP API of the organisation is.
    #[must_use]
    pub fn partner_url(&self) -> Option<&str> {
        self.partner_url.as_deref()
    }

    /// The notifications, at most 100.
    #[must_use]
    pub fn notifications(&self) -> &[Notification] {
        &self.notifications
    }

    fn read(body: &[u8]) -> Result<Self> {
        if body.len() > LARGEST {
            return Err(failure(ErrorKind::TooLarge, "the message is larger than 8 MiB"));
        }
        let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
        let mut parser = Parser::default();
        let mut reader = NsReader::from_str(text);
        loop {
            let (namespace, event) = reader.read_resolved_event().map_err(|error| malformed(&error.to_string()))?;
            let namespace = match namespace {
                ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
                ResolveResult::Unbound => String::new(),
                ResolveResult::Unknown(_) => return Err(malformed("a prefix without a namespace")),
            };
            match event {
                Event::Start(tag) => parser.open(&reader, &namespace, &tag)?,
                Event::Empty(tag) => {
                    parser.open(&reader, &namespace, &tag)?;
                    parser.close()?;
                }
                Event::End(_) => parser.close()?,
                Event::Text(text) => parser.text.push_str(&text.xml10_content()),
                Event::CData(text) => parser.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let known = match &*reference.xml10_content() {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => reference.resolve_char_ref().ok().flatten(),
                    };
                    parser.text.push(known.ok_or_else(|| malformed("it refers to an entity of its own"))?);
                }
                Event::DocType(_) => return Err(malformed("it has a document type")),
                Event::PI(_) => return Err(malformed("it has a processing instruction")),
                Event::Decl(_) | Event::Comment(_) => {}
                Event::Eof => return parser.finish(),
            }
        }
    }
}

impl Notification {
    /// The notification's own id, the same each time it is sent: what to remember.
    #[must_use]
    pub fn id(&self) -> AnyId {
        self.id
    }

    /// The record's object.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The record. `None` if it is gone by now: the message then holds nothing about it.
    #[must_use]
    pub fn record_id(&self) -> Option<AnyId> {
        self.field("Id").and_then(|id| id.parse().ok())
    }

    /// The text of a field that the action was set up to send; `None` if it is empty or was not sent.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_deref())
    }

    /// The fields that were sent, in their order. Empty ones are sent as nothing or not at all.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }
}

impl fmt::Debug for OutboundMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundMessage")
            .field("organization_id", &self.organization_id)
            .field("action_id", &self.action_id)
            .field("notifications", &self.notifications)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Notification")
            .field("id", &self.id)
            .field("object", &self.object)
            .field("record_id", &self.record_id())
            .field("fields", &names)
            .finish()
    }
}

/// One element that is open.
struct Open {
    namespace: String,
    name: String,
    nil: bool,
}

/// The elements of a message, as they come.
#[derive(Default)]
struct Parser {
    path: Vec<Open>,
    text: String,
    organization_id: Option<AnyId>,
    action_id: Option<AnyId>,
    session_id: Option<SecretString>,
    enterprise_url: Option<String>,
    partner_url: Option<String>,
    notifications: Vec<Notification>,
    /// The notification in hand.
    current: Option<Draft>,
    seen: bool,
}

#[derive(Default)]
struct Draft {
    id: Option<AnyId>,
    object: String,
    fields: Vec<(String, Option<String>)>,
}

impl Parser {
    fn open(&mut self, reader: &NsReader<&[u8]>, namespace: &str, tag: &BytesStart<'_>) -> Result<()> {
        let mut element =
            Open { namespace: namespace.to_owned(), name: tag.local_name().as_ref().to_owned(), nil: false };
        let mut kind = String::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| malformed(&error.to_string()))?;
            let (bound, local) = reader.resolver().resolve_attribute(attribute.key);
            if !matches!(bound, ResolveResult::Bound(namespace) if namespace.as_ref() == INSTANCE) {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| malformed(&error.to_string()))?;
            match local.as_ref() {
                "type" => kind = value.rsplit(':').next().unwrap_or_default().to_owned(),
                "nil" => element.nil = matches!(&*value, "true" | "1"),
                _ => {}
            }
        }
        self.text.clear();
        self.path.push(element);
        if self.path.len() > DEEPEST {
            return Err(malformed("it nests too deeply"));
        }
        match self.place().as_slice() {
            ["Envelope"] | ["Envelope", "Body" | "Header"] if namespace != SOAP => {
                Err(malformed("it is no SOAP envelope"))
            }
            ["Envelope", "Body", "notifications"] if namespace != OUTBOUND || self.seen => {
                Err(malformed("it is no outbound message"))
            }
            ["Envelope", "Body", "notifications"] => {
                self.seen = true;
                Ok(())
            }
            ["Envelope", "Body", "notifications", "Notification"] => {
                if self.notifications.len() >= MOST_NOTIFICATIONS {
                    return Err(failure(ErrorKind::TooLarge, "the message holds more than 100 notifications"));
                }
                self.current = Some(Draft::default());
                Ok(())
            }
            ["Envelope", "Body", "notifications", "Notification", "sObject"] => {
                if let Some(draft) = &mut self.current {
                    draft.object = kind;
                }
                Ok(())
            }
            ["Envelope", ..] => Ok(()),
            _ => Err(malformed("it is no SOAP envelope")),
        }
    }

    fn place(&self) -> Vec<&str> {
        self.path.iter().map(|open| open.name.as_str()).collect()
    }

    fn close(&mut self) -> Result<()> {
        let text = std::mem::take(&mut self.text);
        let nil = self.path.last().is_some_and(|open| open.nil);
        let value = Some(text).filter(|text| !nil && !text.is_empty());
        let place: Vec<String> = self.path.iter().map(|open| open.name.clone()).collect();
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        let namespace = self.path.pop().map(|open| open.namespace).unwrap_or_default();
        let inner = match place.as_slice() {
            ["Envelope", "Body", "notifications", inner @ ..] if !inner.is_empty() => inner,
            _ => return Ok(()),
        };
        let id = |value: &Option<String>| match value.as_deref().map(|text| text.trim().parse::<AnyId>()) {
            None => Ok(None),
            Some(Ok(id)) => Ok(Some(id)),
            Some(Err(why)) => Err(malformed(&format!("{} is no id: {why}", inner.join("/")))),
        };
        match inner {
            ["OrganizationId"] => self.organization_id = id(&value)?,
            ["ActionId"] => self.action_id = id(&value)?,
            ["SessionId"] => self.session_id = value.map(SecretString::from),
            ["EnterpriseUrl"] => self.enterprise_url = value,
            ["PartnerUrl"] => self.partner_url = value,
            ["Notification"] => {
                let draft = self.current.take().unwrap_or_default();
                let id = draft.id.ok_or_else(|| malformed("a notification without an id"))?;
                self.notifications.push(Notification { id, object: draft.object, fields: draft.fields });
            }
            ["Notification", "Id"] if namespace == OUTBOUND => {
                let id = id(&value)?;
                if let Some(draft) = &mut self.current {
                    draft.id = id;
                }
            }
            ["Notification", "sObject", field @ ..] if !field.is_empty() => {
                let draft = self.current.get_or_insert_with(Draft::default);
                if draft.fields.len() >= MOST_FIELDS {
                    return Err(failure(ErrorKind::TooLarge, "a notification holds more than 2000 fields"));
                }
                let name = field.join(".");
                // A field with parts has no text of its own.
                let parts = draft.fields.last().is_some_and(|(last, _)| last.starts_with(&format!("{name}.")));
                if !parts {
                    draft.fields.push((name, value));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<OutboundMessage> {
        if !self.path.is_empty() {
            return Err(malformed("it ends too early"));
        }
        if !self.seen {
            return Err(malformed("it is no outbound message"));
        }
        Ok(OutboundMessage {
            organization_id: self.organization_id.ok_or_else(|| malformed("it names no organisation"))?,
            action_id: self.action_id,
            session_id: self.session_id.filter(|session| !session.expose_secret().is_empty()),
            enterprise_url: self.enterprise_url,
            partner_url: self.partner_url,
            notifications: self.notifications,
        })
    }
}

fn failure(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error::new(kind, "webhook.parse").with_vendor(VENDOR).with_message(message)
}

fn malformed(why: &str) -> Error {
    failure(ErrorKind::Decode, format!("the body is not an outbound message: {why}"))
        .with_hint("check that only outbound messages are sent to this address")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(notifications: &str) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>00D000000000001EAA</OrganizationId>
   <ActionId>04k000000000001AAA</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>https://acme.my.salesforce.com/services/Soap/c/62.0/00D000000000001</EnterpriseUrl>
   <PartnerUrl>https://acme.my.salesforce.com/services/Soap/u/62.0/00D000000000001</PartnerUrl>
   {notifications}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>"#
        )
    }

    fn notification(number: usize, fields: &str) -> String {
        format!(
            r#"<Notification><Id>04l0000000{number:05}</Id><sObject xsi:type="sf:Contact" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{fields}</sObject></Notification>"#
        )
    }

    fn parse(body: &str) -> Result<OutboundMessage> {
        OutboundMessage::parse(body.as_bytes(), &"00D000000000001".parse().unwrap())
    }

    #[test]
    fn a_message_is_read() {
        let fields = "<sf:Id>003000000000001AAA</sf:Id><sf:LastName>O&apos;Byron &#228; &lt;x&gt;</sf:LastName>\
            <sf:Email xsi:nil=\"true\"/><sf:Description><![CDATA[a & b]]></sf:Description>\
            <sf:MailingAddress><sf:city>Paris</sf:city><sf:country>FR</sf:country></sf:MailingAddress>";
        let message = parse(&envelope(&(notification(1, fields) + &notification(2, "")))).unwrap();
        assert_eq!(message.action_id().unwrap().as_str(), "04k000000000001AAA");
        assert!(message.session_id().is_none());
        assert!(message.partner_url().unwrap().ends_with("/u/62.0/00D000000000001"));
        assert!(message.enterprise_url().unwrap().contains("/c/"));
        let [first, gone] = message.notifications() else { panic!("{message:?}") };
        assert_eq!((first.object(), first.record_id().unwrap().as_str()), ("Contact", "003000000000001AAA"));
        assert_eq!(first.field("LastName"), Some("O'Byron ä <x>"));
        assert_eq!(first.field("Description"), Some("a & b"));
        let names: Vec<_> = first.fields().map(|(name, value)| (name, value.is_some())).collect();
        assert_eq!(
            names,
            [
                ("Id", true),
                ("LastName", true),
                ("Email", false),
                ("Description", true),
                ("MailingAddress.city", true),
                ("MailingAddress.country", true)
            ]
        );
        assert_eq!(first.id().as_str(), "04l000000000001AAA");
        assert!(gone.record_id().is_none(), "a record that is gone leaves an empty notification");
        assert!(!format!("{message:?}").contains("Byron"));
    }

    #[test]
    fn a_session_is_kept_and_not_shown() {
        let body = envelope("").replace("<SessionId xsi:nil=\"true\"/>", "<SessionId>00D!canary</SessionId>");
        let message = parse(&body).unwrap();
        assert_eq!(message.session_id().unwrap().expose_secret(), "00D!canary");
        assert!(!format!("{message:?}").contains("canary"));
    }

    #[test]
    fn another_organisations_message_is_refused() {
        let other = "00D000000000002".parse().unwrap();
        let error = OutboundMessage::parse(envelope("").as_bytes(), &other).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
    }

    #[test]
    fn at_most_a_hundred_notifications() {
        let many = |count| (1..=count).map(|number| notification(number, "")).collect::<String>();
        assert_eq!(parse(&envelope(&many(100))).unwrap().notifications().len(), 100);
        assert_eq!(parse(&envelope(&many(101))).unwrap_err().kind(), ErrorKind::TooLarge);
        assert_eq!(parse(&" ".repeat(LARGEST + 1)).unwrap_err().kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn hostile_xml_is_refused() {
        let good = envelope(&notification(1, "<sf:LastName>&x;</sf:LastName>"));
        let entity = good
            .replace("<soapenv:Envelope", "<!DOCTYPE x [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><soapenv:Envelope");
        let laughs = good.replace("<soapenv:Envelope", "<!DOCTYPE x [<!ENTITY x \"xxxxxxxx\">]><soapenv:Envelope");
        let deep = envelope(&notification(1, &("<sf:a>".repeat(50) + &"</sf:a>".repeat(50))));
        let instruction = envelope("<?php x ?>");
        let wide = envelope(&notification(1, &"<sf:a/>".repeat(MOST_FIELDS + 1)));
        for bad in [good, entity, laughs, deep, instruction, wide] {
            parse(&bad).unwrap_err();
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let good = envelope(&notification(1, "<sf:Id>003000000000001AAA</sf:Id>"));
        for bad in [
            String::new(),
            "{}".to_owned(),
            "<html/>".to_owned(),
            good.replace("2005/09/outbound", "2005/09/inbound"),
            good.replace("schemas.xmlsoap.org/soap/envelope/", "example.com"),
            good.replace("<OrganizationId>00D000000000001EAA</OrganizationId>", ""),
            good.replace("00D000000000001EAA", "oops"),
            good.replace("<Id>04l000000000001</Id>", ""),
            good[..good.len() - 20].to_owned(),
        ] {
            assert_eq!(parse(&bad).unwrap_err().kind(), ErrorKind::Decode, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(cut in 0_usize..1200, noise in "[<>&;a-zA-Z/=\"! \\[\\]]{0,12}") {
            let good = envelope(&notification(1, "<sf:Id>003000000000001AAA</sf:Id><sf:LastName>x</sf:LastName>"));
            let cut = cut.min(good.len());
            if let (Some(head), Some(tail)) = (good.get(..cut), good.get(cut..)) {
                let _ = parse(&format!("{head}{noise}{tail}"));
            }
        }

        #[test]
        fn texts_survive(text in "[^\u{0}-\u{1f}\u{fffe}\u{ffff}]{1,40}") {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let message = parse(&envelope(&notification(1, &format!("<sf:LastName>{escaped}</sf:LastName>")))).unwrap();
            proptest::prop_assert_eq!(message.notifications()[0].field("LastName"), Some(text.as_str()));
        }
    }
}
