//! XML documents as trees of elements.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

/// Deeper documents are refused.
const DEEPEST: usize = 32;

/// One element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Without its prefix.
    pub(crate) name: String,
    /// The namespace that the name is in; empty for none.
    pub(crate) namespace: String,
    /// The value of `xsi:type`, without its prefix.
    pub(crate) kind: Option<String>,
    /// Whether `xsi:nil` says that there is no value.
    nil: bool,
    text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text inside, without surrounding blanks; `None` for nothing and for `xsi:nil`.
    pub(crate) fn text(&self) -> Option<&str> {
        let text = self.text.trim();
        (!self.nil && !text.is_empty()).then_some(text)
    }

    /// The text of the first child of this name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)?.text()
    }

    /// Whether the first child of this name says true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.text_of(name), Some("true" | "1"))
    }
}

/// The document's root; `None` for what is no well-formed XML of sensible depth. Document types are refused.
pub(crate) fn parse(body: &[u8]) -> Option<Element> {
    let mut reader = NsReader::from_str(std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let closed = match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() == DEEPEST || root.is_some() {
                    return None;
                }
                open.push(element(&reader, &start)?);
                None
            }
            Event::Empty(start) => Some(element(&reader, &start)?),
            Event::End(_) => Some(open.pop()?),
            Event::Text(text) => {
                add(&mut open, &text.xml10_content())?;
                None
            }
            Event::CData(text) => {
                add(&mut open, &text.xml10_content())?;
                None
            }
            Event::GeneralRef(entity) => {
                match entity.resolve_char_ref().ok()? {
                    Some(character) => add(&mut open, character.encode_utf8(&mut [0; 4]))?,
                    None => add(&mut open, resolve_predefined_entity(&entity.xml10_content())?)?,
                }
                None
            }
            Event::DocType(_) => return None,
            Event::Eof => return root.filter(|_| open.is_empty()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => None,
        };
        match (closed, open.last_mut()) {
            (Some(element), Some(parent)) => parent.children.push(element),
            (Some(_), None) if root.is_some() => return None,
            (Some(element), None) => root = Some(element),
            (None, _) => {}
        }
    }
}

fn add(open: &mut [Element], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        // Around the root there may be blanks only.
        None if !text.trim().is_empty() => return None,
        None => {}
    }
    Some(())
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Option<Element> {
    let (namespace, name) = reader.resolver().resolve_element(start.name());
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(_) => return None,
    };
    let mut element = Element { name: name.into_inner().to_owned(), namespace, ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        match attribute.key.local_name().into_inner() {
            "type" => element.kind = value.rsplit(':').next().map(str::to_owned),
            "nil" => element.nil = matches!(value.as_ref(), "true" | "1"),
            _ => {}
        }
    }
    Some(element)
}

/// Writes `<name>text</name>`, or an empty element marked as nil for no text.
pub(crate) fn leaf(out: &mut String, name: &str, text: Option<&str>) {
    match text {
        Some(text) => out.push_str(&format!("<{name}>{}</{name}>", quick_xml::escape::escape(text))),
        None => out.push_str(&format!("<{name} xsi:nil=\"true\"/>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_texts_and_attributes_are_read() {
        let text = "<?xml version=\"1.0\"?><e:a xmlns:e=\"urn:e\" xmlns=\"urn:d\" xmlns:xsi=\"urn:x\">\n <b xsi:type=\"e:Lead\"> &lt;x&#33;&gt; <![CDATA[&]]></b>\
                    <b xsi:nil=\"true\"/><c>true</c></e:a>";
        let root = parse(text.as_bytes()).unwrap();
        assert_eq!((root.name.as_str(), root.namespace.as_str()), ("a", "urn:e"));
        let first = root.child("b").unwrap();
        assert_eq!((first.namespace.as_str(), first.text()), ("urn:d", Some("<x!> &")));
        assert_eq!(first.kind.as_deref(), Some("Lead"));
        assert_eq!(root.all("b").map(Element::text).collect::<Vec<_>>(), [Some("<x!> &"), None]);
        assert!(root.flag("c") && !root.flag("b"));
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        for bad in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a>&nope;</a>",
            "<!DOCTYPE a><a/>",
            "<x:a/>",
            "<a b=c/>",
            &deep,
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse(b"<a>\xff</a>"), None);
    }

    proptest! {
        #[test]
        fn any_text_survives_writing_and_reading(text in "[^\\p{Cc}\u{fffe}\u{ffff}]{0,40}") {
            let mut out = String::from("<r>");
            leaf(&mut out, "v", Some(&text));
            out.push_str("</r>");
            let root = parse(out.as_bytes()).unwrap();
            prop_assert_eq!(root.text_of("v").unwrap_or_default(), text.trim());
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
