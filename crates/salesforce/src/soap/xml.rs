//! XML as this crate needs it: written by elements, read as a tree.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Deeper answers are refused.
const DEEPEST: usize = 32;

/// Writes elements with their texts escaped.
#[derive(Default)]
pub(crate) struct Writer(String);

impl Writer {
    /// `<name>text</name>`.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.element(name, |inner| inner.0.push_str(&quick_xml::escape::escape(text)));
    }

    /// `<name>text</name>` where there is a text.
    pub(crate) fn maybe(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// `<name>…</name>` around what `write` writes.
    pub(crate) fn element(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        for part in ["<", name, ">"] {
            self.0.push_str(part);
        }
        write(self);
        for part in ["</", name.split(' ').next().unwrap_or(name), ">"] {
            self.0.push_str(part);
        }
    }

    /// What another one has written.
    pub(crate) fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// One element of an answer. Names are without their prefixes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    nil: bool,
    text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text, without surrounding blanks; `None` for nothing and for `xsi:nil`.
    pub(crate) fn text(&self) -> Option<&str> {
        let text = self.text.trim();
        (!self.nil && !text.is_empty()).then_some(text)
    }

    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)?.text()
    }
}

/// The root of a document; `None` for what is no well-formed XML, too deep, or has a document type.
pub(crate) fn parse(bytes: &[u8]) -> Option<Element> {
    let mut reader = Reader::from_str(std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = Vec::new();
    loop {
        let closed = match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() == DEEPEST {
                    return None;
                }
                open.push(element(&start)?);
                continue;
            }
            Event::Empty(start) => element(&start)?,
            Event::End(_) => open.pop()?,
            Event::Text(text) => {
                add(&mut open, &text.xml10_content());
                continue;
            }
            Event::CData(text) => {
                add(&mut open, &text.xml10_content());
                continue;
            }
            Event::GeneralRef(entity) => {
                match entity.resolve_char_ref().ok()? {
                    Some(character) => add(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => add(&mut open, quick_xml::escape::resolve_predefined_entity(&entity.xml10_content())?),
                }
                continue;
            }
            Event::DocType(_) | Event::Eof => return None,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            // What follows the root does not matter.
            None => return Some(closed),
        }
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>) -> Option<Element> {
    let mut element = Element { name: start.local_name().into_inner().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        if attribute.key.local_name().into_inner() == "nil" {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            element.nil = matches!(value.as_ref(), "true" | "1");
        }
    }
    Some(element)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prefixes_entities_and_nils_are_read() {
        let root = parse(
            b"<?xml version=\"1.0\"?><s:a xmlns:s=\"urn:s\"><b> x &amp; &#65;<![CDATA[<y>]]> </b><b xsi:nil=\"true\"/><c/></s:a>",
        );
        let root = root.unwrap();
        assert_eq!(root.name, "a");
        assert_eq!(root.all("b").map(Element::text).collect::<Vec<_>>(), [Some("x & A<y>"), None]);
        assert_eq!((root.text_of("c"), root.text_of("d")), (None, None));
    }

    #[test]
    fn broken_documents_are_no_documents() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        for bad in ["", "text", "<a>", "<a></b>", "<a>&nope;</a>", "<!DOCTYPE a><a/>", &deep] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse(b"<a>\xff</a>"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "[^\\p{Cc}\u{fffe}\u{ffff}]{0,40}") {
            let mut writer = Writer::default();
            writer.element("r", |root| root.text("v", &text));
            let root = parse(writer.as_str().as_bytes()).unwrap();
            prop_assert_eq!(root.text_of("v").unwrap_or_default(), text.trim());
        }

        #[test]
        fn no_answer_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
