//! A reader of JSON that gives out the text of values as it is: no number is parsed, no string copied.

/// How deep values may nest.
const DEEPEST: usize = 64;

/// What is wrong with a text, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) usize);

/// A place in a JSON text. Every method takes one thing and stops behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn bad<T>(&self) -> Result<T, Malformed> {
        Err(Malformed(self.at))
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.rest().first() {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    /// Takes this byte, if it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.eat(byte) { Ok(()) } else { self.bad() }
    }

    /// Whether nothing but blanks is left.
    pub(super) fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// A string with its quotes, its escapes as they are.
    pub(super) fn string(&mut self) -> Result<&'a str, Malformed> {
        if self.peek() != Some(b'"') {
            return self.bad();
        }
        let start = self.at;
        self.at += 1;
        loop {
            let rest = self.rest();
            let plain = plain_prefix(rest);
            match rest.get(plain..) {
                Some([b'"', ..]) => {
                    self.at += plain + 1;
                    return Ok(self.text.get(start..self.at).unwrap_or_default());
                }
                Some([b'\\', _, ..]) => self.at += plain + 2,
                _ => return self.bad(),
            }
        }
    }

    /// Any value, as text.
    pub(super) fn value(&mut self) -> Result<&'a str, Malformed> {
        self.peek();
        let start = self.at;
        self.skip(0)?;
        self.text.get(start..self.at).map_or_else(|| self.bad(), Ok)
    }

    fn skip(&mut self, depth: usize) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{' | b'[') if depth == DEEPEST => self.bad(),
            Some(b'{') => self.members(|scan, _| scan.skip(depth + 1)),
            Some(b'[') => self.items(|scan| scan.skip(depth + 1)),
            _ => self.word(),
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), Malformed> {
        let rest = self.rest();
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'+' | b'-' | b'.' | b'E'))
            .unwrap_or(rest.len());
        let known = match rest.get(..length).unwrap_or_default() {
            b"null" | b"true" | b"false" => true,
            [b'-', b'0'..=b'9', more @ ..] | [b'0'..=b'9', more @ ..] => {
                more.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'e' | b'E' | b'+' | b'-' | b'.'))
            }
            _ => false,
        };
        if !known {
            return self.bad();
        }
        self.at += length;
        Ok(())
    }

    /// The members of an object: `each` is given the name with its quotes, and takes the value.
    pub(super) fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, &'a str) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.expect(b'{')?;
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.expect(b':')?;
            each(self, name)?;
            if !self.eat(b',') {
                return self.expect(b'}');
            }
        }
    }

    /// The items of an array, each of which `each` takes.
    pub(super) fn items(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), Malformed>) -> Result<(), Malformed> {
        self.expect(b'[')?;
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            each(self)?;
            if !self.eat(b',') {
                return self.expect(b']');
            }
        }
    }
}

/// How many bytes come before a quote, a backslash or a control character. Eight are looked at in one step, since most
/// of a page is strings.
fn plain_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    // The lowest byte that this marks is zero; bytes above it may be marked wrongly.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut at = 0;
    for chunk in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let marked = (control | zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c))) & (ONES * 0x80);
        if marked != 0 {
            return at + marked.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9f64..1e9).prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_comes_out_as_it_is(value in json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let mut scan = Scan::new(&text);
            prop_assert_eq!(scan.value().unwrap(), &text);
            prop_assert!(scan.is_over());
        }

        #[test]
        fn the_plain_prefix_ends_where_it_must(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let slow = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(plain_prefix(&bytes), slow.unwrap_or(bytes.len()));
        }

        #[test]
        fn a_cut_object_is_never_taken_for_whole(value in json(), cut in 1usize..30) {
            let text = serde_json::to_string(&serde_json::json!({"a": value})).unwrap();
            let end = text.len() - cut.min(text.len() - 1);
            if text.is_char_boundary(end) {
                prop_assert!(Scan::new(&text[..end]).value().is_err());
            }
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "[\\[\\]{}\":,0-9a-z\\\\ \u{e9}.+-]{0,60}") {
            let _ = Scan::new(&text).value();
        }
    }
}
