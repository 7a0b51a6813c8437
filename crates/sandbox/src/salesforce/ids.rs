//! Record ids: 15 case-sensitive characters, and the 18-character form that carries their case as a checksum.

use std::fmt;

/// The alphabet of the three checksum characters: five case bits each.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// The digits of a record number, in the order in which ids sort.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A record id. Kept as its 15 significant characters, shown as 18.
///
/// Ids order byte by byte, which is the order in which the generator hands them out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SfId([u8; 15]);

/// Why a text is no record id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdError {
    /// Neither 15 nor 18 characters long: the text was not meant as an id at all.
    Length,
    /// A character outside `[A-Za-z0-9]`.
    Character,
    /// The last three of 18 characters do not fit the first 15: the case of a letter was lost.
    Checksum,
}

impl SfId {
    /// No id is less, or greater, than these.
    pub(crate) const LEAST: SfId = SfId([0; 15]);
    pub(crate) const GREATEST: SfId = SfId([u8::MAX; 15]);

    /// Reads an id of 15 or 18 characters.
    ///
    /// # Errors
    /// [`IdError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<SfId, IdError> {
        let bytes = text.as_bytes();
        let (Some(significant), 15 | 18) = (bytes.first_chunk::<15>(), bytes.len()) else {
            return Err(IdError::Length);
        };
        if !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(IdError::Character);
        }
        let id = SfId(*significant);
        if bytes.len() == 18 && !bytes.ends_with(&id.checksum()) {
            return Err(IdError::Checksum);
        }
        Ok(id)
    }

    /// The id numbered `number` of the objects with this three-character key prefix, in the pod (instance) `pod`.
    pub(crate) fn numbered(prefix: &str, pod: [u8; 3], number: u64) -> SfId {
        let mut id = [b'0'; 15];
        for (slot, byte) in id.iter_mut().zip(prefix.bytes().take(3).chain(pod)) {
            *slot = byte;
        }
        let mut rest = number;
        for slot in id.iter_mut().skip(6).rev() {
            let digit = usize::try_from(rest % 62).unwrap_or(0);
            *slot = BASE62.get(digit).copied().unwrap_or(b'0');
            rest /= 62;
        }
        SfId(id)
    }

    /// The first three characters, which name the object.
    #[must_use]
    pub fn prefix(&self) -> &str {
        std::str::from_utf8(&self.0[..3]).unwrap_or_default()
    }

    /// The 15-character form, as used in the organisation part of an access token.
    #[must_use]
    pub fn short(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn checksum(&self) -> [u8; 3] {
        let mut sum = [b'A'; 3];
        for (slot, group) in sum.iter_mut().zip(self.0.chunks(5)) {
            let bits = group
                .iter()
                .enumerate()
                .filter(|(_, byte)| byte.is_ascii_uppercase())
                .fold(0_usize, |bits, (place, _)| bits | 1 << place);
            *slot = CHECKSUM.get(bits).copied().unwrap_or(b'A');
        }
        sum
    }
}

impl fmt::Display for SfId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())?;
        f.write_str(std::str::from_utf8(&self.checksum()).unwrap_or_default())
    }
}

impl fmt::Debug for SfId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_check_value_holds() {
        let id = SfId::parse("001D000000IRFma").unwrap();
        assert_eq!(id.to_string(), "001D000000IRFmaIAH");
        assert_eq!(SfId::parse("001D000000IRFmaIAH").unwrap(), id);
        assert_eq!(id.prefix(), "001");
        assert_eq!(id.short(), "001D000000IRFma");
        assert_eq!(SfId::parse("012000000000000").unwrap().to_string(), "012000000000000AAA");
    }

    #[test]
    fn what_is_no_id_is_refused_for_its_reason() {
        for (text, why) in [
            ("", IdError::Length),
            ("23foo", IdError::Length),
            ("001D000000IRFmaIA", IdError::Length),
            ("001D000000IRFm-", IdError::Character),
            ("001D000000IRFmé", IdError::Length),
            ("001D000000IRFmaIAG", IdError::Checksum),
            ("001d000000irfmaIAH", IdError::Checksum),
        ] {
            assert_eq!(SfId::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn numbers_become_ids_in_order() {
        let id = |n| SfId::numbered("003", *b"Wd0", n);
        assert_eq!(id(0).short(), "003Wd0000000000");
        assert_eq!(id(61).short(), "003Wd000000000z");
        assert_eq!(id(62).short(), "003Wd0000000010");
        assert!((0..5_000).all(|n| id(n) < id(n + 1)));
    }

    proptest::proptest! {
        #[test]
        fn both_forms_read_back(text in "[A-Za-z0-9]{15}") {
            let id = SfId::parse(&text).unwrap();
            proptest::prop_assert_eq!(SfId::parse(&id.to_string()).unwrap(), id);
        }

        #[test]
        fn any_text_is_judged_without_panic(text in ".{0,20}") {
            let _ = SfId::parse(&text);
        }
    }
}
