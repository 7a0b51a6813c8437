//! Short digests: of states, and of the key that makes a create happen once.

use crm_model::ObjectKind;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Bytes of SHA-256 that are kept: 128 bits are out of reach of chance.
const BYTES: usize = 16;

/// The key under which a created record can be found again: 32 hexadecimal digits that depend on the sync, the
/// source's vendor and account, the object and the source's id, and on nothing else. It fits a vendor's external-id
/// field of 32 characters.
///
/// ```
/// use crm_model::ObjectKind;
/// use sync_core::digest::create_key;
/// let key = create_key("contacts-eu", "freshsales", "acme", ObjectKind::Contact, "402000001");
/// assert_eq!(key, "a51a8b452010ade1cacb1add33592514");
/// ```
#[must_use]
pub fn create_key(sync_id: &str, vendor: &str, account: &str, object: ObjectKind, source_id: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [sync_id, vendor, account, object.as_str(), source_id] {
        // The length in front keeps ("ab", "c") and ("a", "bc") apart.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    short(hasher)
}

/// The digest of a text.
pub(crate) fn of_text(text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(text);
    short(hasher)
}

/// The digest of the JSON form. The types that are digested hold ordered maps only, so the form is canonical.
pub(crate) fn of_json(value: &impl Serialize) -> String {
    let mut hasher = Sha256::new();
    // Writing into a hasher cannot fail, and no key of these types is anything but text.
    if let Ok(json) = serde_json::to_vec(value) {
        hasher.update(json);
    }
    short(hasher)
}

fn short(hasher: Sha256) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * BYTES);
    for byte in hasher.finalize().iter().take(BYTES) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
