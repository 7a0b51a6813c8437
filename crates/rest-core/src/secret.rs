//! Secrets, and the rules that keep them (and people's data) out of text that is printed.
//!
//! Secrets are [`SecretString`]s: no `Display`, no `Serialize`, `Debug` redacted, zeroed on drop. Text that a server
//! wrote may echo a secret or name a person, so every such text passes [`mask`] before it is printed.

pub use secrecy::{ExposeSecret, SecretString};

/// The longest server text that is ever printed, in characters.
const PRINTED: usize = 400;

/// Makes a server's text fit to print: one line, at most 400 characters, with e-mail addresses, international phone
/// numbers and things that look like credentials replaced.
#[must_use]
pub fn mask(text: &str) -> String {
    let line: String = text.chars().take(PRINTED * 4).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::with_capacity(line.len().min(PRINTED));
    let mut rest = line.as_str();
    let mut after_credential_word = false;
    while !rest.is_empty() {
        let word_end = rest.find(is_break).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word_end);
        if word.starts_with('+')
            && let Some(len) = phone_length(rest)
        {
            out.push_str("[phone]");
            rest = rest.get(len..).unwrap_or_default();
            after_credential_word = false;
            continue;
        }
        push_word(&mut out, word, &mut after_credential_word);
        let mut chars = tail.chars();
        if let Some(c) = chars.next() {
            if !(c == ' ' && out.ends_with(' ')) {
                out.push(c);
            }
            // `token="abc"`, `Bearer abc`: the break does not end the credential's context.
            after_credential_word &= matches!(c, ' ' | '"' | '\'' | '=' | ':');
        }
        rest = chars.as_str();
    }
    let out = out.trim();
    match out.char_indices().nth(PRINTED) {
        Some((at, _)) => format!("{}…", out.get(..at).unwrap_or_default()),
        None => out.to_owned(),
    }
}

fn is_break(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '=' | ':' | '&' | '`')
}

fn push_word(out: &mut String, word: &str, after_credential_word: &mut bool) {
    const CREDENTIAL_WORDS: [&str; 12] = [
        "bearer",
        "basic",
        "oauth",
        "token",
        "access_token",
        "refresh_token",
        "client_secret",
        "password",
        "api_key",
        "apikey",
        "assertion",
        "authorization",
    ];
    if word.is_empty() {
        return;
    }
    let lower = word.to_ascii_lowercase();
    if CREDENTIAL_WORDS.contains(&lower.as_str()) {
        *after_credential_word = true;
        out.push_str(word);
    } else if *after_credential_word && looks_like_credential(word) {
        *after_credential_word = false;
        out.push_str("[secret]");
    } else {
        *after_credential_word = false;
        out.push_str(if looks_like_email(word) { "[email]" } else { word });
    }
}

/// Prose after a credential word ("token expired", "password is wrong") is kept: a credential has a digit or is long.
fn looks_like_credential(word: &str) -> bool {
    word.len() >= 16 || (word.len() >= 6 && word.chars().any(|c| c.is_ascii_digit()))
}

fn looks_like_email(word: &str) -> bool {
    word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// The byte length of an international phone number at the start of `text`, if there is one (at least 7 digits).
fn phone_length(text: &str) -> Option<usize> {
    let run = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| !(c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')))
        .map_or(text.len(), |(at, _)| at);
    let run = text.get(..run)?.trim_end_matches([' ', '-', '.', '(', '/']);
    (run.chars().filter(char::is_ascii_digit).count() >= 7).then_some(run.len())
}

/// The start of a body that could not be understood, fit to print: at most `max` characters, masked.
#[must_use]
pub fn excerpt(body: &[u8], max: usize) -> String {
    let head = body.get(..body.len().min(max.saturating_mul(4))).unwrap_or_default();
    let text: String = String::from_utf8_lossy(head).chars().take(max).collect();
    mask(&text)
}

/// Replaces every part of the given header values that could be a credential by `[secret]`.
pub(crate) fn scrub<'a>(text: &mut String, secrets: impl Iterator<Item = &'a str>) {
    const SHORTEST: usize = 6;
    for secret in secrets {
        let parts = secret.split([' ', '=']).chain([secret]).filter(|part| part.len() >= SHORTEST);
        for part in parts {
            if text.contains(part) {
                *text = text.replace(part, "[secret]");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn masks_people_and_credentials_but_not_prose() {
        for (text, masked) in [
            ("duplicate value found: ada@example.com in id 003A", "duplicate value found: [email] in id 003A"),
            ("<ada@example.com>\nis taken", "<[email]> is taken"),
            ("call +1 (555) 123-4567, please", "call [phone], please"),
            ("Authorization: Bearer abcdef123456", "Authorization: Bearer [secret]"),
            (r#"{"access_token":"00Dx!AQ9abcdef"}"#, r#"{"access_token":"[secret]"}"#),
            ("Token token=k3yk3yk3y is wrong", "Token token=[secret] is wrong"),
            ("token expired", "token expired"),
            ("id 40000001234 has 1+1 errors", "id 40000001234 has 1+1 errors"),
            ("", ""),
        ] {
            assert_eq!(mask(text), masked);
        }
    }

    #[test]
    fn excerpts_are_short_and_survive_any_bytes() {
        assert_eq!(excerpt(b"<html>\n<title>Sign in</title>", 14), "<html> <title>");
        assert_eq!(excerpt(&[0xff, 0xfe, b'a'], 10), "\u{fffd}\u{fffd}a");
    }

    #[test]
    fn scrubs_whole_values_and_their_parts() {
        let mut text = "bad header Token token=abcdefgh or abcdefgh".to_owned();
        scrub(&mut text, ["Token token=abcdefgh"].into_iter());
        assert!(!text.contains("abcdefgh"), "{text}");
    }

    proptest! {
        #[test]
        fn an_email_address_never_survives(before in "[a-z ]{0,20}", local in "[a-z0-9.+_-]{1,12}", after in "[ a-z]{0,10}") {
            let text = format!("{before} {local}@canary.example {after}");
            prop_assert!(!mask(&text).contains("canary"), "{}", mask(&text));
        }

        #[test]
        fn any_text_becomes_one_bounded_line(text in any::<String>()) {
            let masked = mask(&text);
            prop_assert!(masked.chars().count() <= PRINTED + 1);
            prop_assert!(!masked.contains('\n'));
        }
    }
}
