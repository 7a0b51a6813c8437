//! The key: one header, `Authorization: Token token=KEY`. A key belongs to a user, whose permissions it has.

use rest_core::{Error, ExposeSecret, Result, SecretString, StaticHeader};

/// The header that a key is sent in. A key that was copied together with its prefix or quotes is accepted.
///
/// # Errors
/// `Config` for a key that is empty or cannot be sent in a header.
pub(crate) fn key_header(key: &SecretString) -> Result<StaticHeader> {
    let key = key.expose_secret().trim();
    let key = key.strip_prefix("Token token=").unwrap_or(key).trim_matches(['"', '\'']);
    if key.is_empty() {
        return Err(Error::config("the API key is empty").with_hint(crate::error::KEY_HINT));
    }
    StaticHeader::new(http::header::AUTHORIZATION, format!("Token token={key}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rest_core::ErrorKind;

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_and_never_shown() {
        for bad in ["", "  ", "\"\"", "canary\r\nX: y", "canarý"] {
            let error = key_header(&bad.to_owned().into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("canar"));
        }
        let header = key_header(&" Token token=canary123 ".to_owned().into()).unwrap();
        assert!(!format!("{header:?}").contains("canary"));
    }
}
