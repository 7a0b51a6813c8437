//! One form for values that people write in many ways. None of these functions fails: what cannot be read gives
//! `None` or stays as it is.

mod company;
mod email;
mod person;

use std::borrow::Cow;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

pub use company::company;
pub use email::{email, is_role_mailbox, mailbox};
pub use person::{NameRelation, PersonName};

/// Longer texts are not phone numbers; the parser is not asked.
const LONGEST_PHONE: usize = 64;

/// The text in Unicode form NFC, without white space or invisible characters around it, with line feeds for line
/// ends. Applying it twice changes nothing.
///
/// ```
/// assert_eq!(sync_core::normalize::clean(" Zoe\u{308} \r\n"), "Zoë");
/// ```
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let trimmed = trim(text);
    let is_plain = trimmed.is_ascii() || is_nfc_quick(trimmed.chars()) == IsNormalized::Yes;
    if is_plain && !trimmed.contains('\r') {
        return Cow::Borrowed(trimmed);
    }
    let composed: String = trimmed.nfc().collect();
    let lines = composed.replace("\r\n", "\n").replace('\r', "\n");
    // Composing can turn what stood at an end into white space.
    match trim(&lines) {
        same if same.len() == lines.len() => Cow::Owned(lines),
        shorter => Cow::Owned(shorter.to_owned()),
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'))
}

/// Words with every run of white space as one blank.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// A form for comparing words: lower case, without accents, with one blank between words and nothing but letters and
/// digits in them. Letters of every script stay.
///
/// ```
/// use sync_core::normalize::fold;
/// assert_eq!(fold("  O’Brien-Łukasz, ÅSE "), "obrien lukasz ase");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().flat_map(char::to_lowercase) {
        if is_accent(c)
            || matches!(c, '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '.' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
        {
            continue;
        }
        // What lower case decomposes to (`İ`) has lost its accent above; the rest of the marks belong to the letter.
        if !c.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(c) {
            gap = true;
            continue;
        }
        if gap && !folded.is_empty() {
            folded.push(' ');
        }
        gap = false;
        match plain_letters(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    folded
}

/// The accents of Latin, Greek and Cyrillic. Marks of other scripts are vowels and stay.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Letters that Unicode does not take apart.
fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        'ħ' => "h",
        _ => return None,
    })
}

/// Whether a list of words, separated by blanks, holds a word.
fn holds(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// A phone number as E.164 with its extension, where it has a country code or the default region (`GB`) gives it one;
/// else its digits. `None` if there is no digit.
///
/// ```
/// use sync_core::normalize::phone;
/// assert_eq!(phone("020 7946 0958", Some("GB")).as_deref(), Some("+442079460958"));
/// assert_eq!(phone("0044 (0)20 7946-0958", None).as_deref(), Some("+442079460958"));
/// assert_eq!(phone("020 7946 0958", None).as_deref(), Some("02079460958"));
/// ```
#[must_use]
pub fn phone(text: &str, region: Option<&str>) -> Option<String> {
    let text = text.trim();
    if text.len() <= LONGEST_PHONE
        && let Some(number) = e164(text, region)
    {
        return Some(number);
    }
    let digits: String = text.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| char::from_digit(d, 10)).collect();
    (!digits.is_empty()).then_some(digits)
}

fn e164(text: &str, region: Option<&str>) -> Option<String> {
    let international =
        text.strip_prefix("00").filter(|rest| rest.trim_start().starts_with(|c: char| matches!(c, '1'..='9')));
    let text = match international {
        Some(rest) => Cow::Owned(format!("+{rest}")),
        None => Cow::Borrowed(text),
    };
    let region = if text.starts_with(['+', '＋']) { None } else { Some(region?) };
    let region = match region {
        Some(code) => Some(Region::try_from(code).ok()?),
        None => None,
    };
    let number = PHONE_NUMBER_UTIL.parse(&text, region).ok()?;
    if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
        return None;
    }
    let formatted = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned();
    Some(match number.extension() {
        "" => formatted,
        extension => format!("{formatted}x{extension}"),
    })
}

/// Whether a text names a region that phone numbers can belong to, as two letters of ISO 3166.
#[must_use]
pub fn is_region(code: &str) -> bool {
    Region::try_from(code).is_ok()
}

/// A web address for comparing: scheme, `www.`, case of the host, a standard port and a final slash do not count.
///
/// ```
/// assert_eq!(sync_core::normalize::url("HTTPS://www.Example.com/"), "example.com");
/// ```
#[must_use]
pub fn url(text: &str) -> String {
    let text = clean(text);
    let rest = without_scheme(&text);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let mut address = plain_host(host);
    address.push_str(path.trim_end_matches('/'));
    address
}

/// The host of a web address, without `www.`. `None` if it names none.
///
/// ```
/// assert_eq!(sync_core::normalize::host("https://www.Example.com/about").as_deref(), Some("example.com"));
/// ```
#[must_use]
pub fn host(text: &str) -> Option<String> {
    let text = clean(text);
    let rest = without_scheme(&text);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = plain_host(host.rsplit_once('@').map_or(host, |(_, host)| host));
    let is_host = host.contains('.')
        && host.split('.').all(|part| !part.is_empty())
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    is_host.then_some(host)
}

fn without_scheme(text: &str) -> &str {
    text.split_once("://").map_or(text, |(_, rest)| rest).trim_start_matches('/')
}

fn plain_host(host: &str) -> String {
    let lower = host.trim().to_lowercase();
    let bare = lower.strip_suffix(":443").or_else(|| lower.strip_suffix(":80")).unwrap_or(&lower);
    let bare = bare.trim_end_matches('.');
    bare.strip_prefix("www.").unwrap_or(bare).to_owned()
}

/// Hosts under which many companies have a page: sharing one says nothing.
const SHARED_HOSTS: &str = "bit.ly blogspot.com business.site facebook.com fb.com fb.me g.page github.io gmail.com goo.gl google.com \
    instagram.com jimdo.com linkedin.com linktr.ee medium.com myshopify.com shopify.com sites.google.com \
    squarespace.com t.me tiktok.com twitter.com vk.com wa.me webflow.io weebly.com wixsite.com wordpress.com \
    x.com xing.com yelp.com youtube.com";

/// The host of a company's own site: `None` for pages at social networks and site builders.
#[must_use]
pub fn own_domain(text: &str) -> Option<String> {
    let host = host(text)?;
    let shared = SHARED_HOSTS.split_whitespace().any(|shared| match host.strip_suffix(shared) {
        // `acme.wordpress.com` is the company's own, `de.linkedin.com` is not.
        Some("") => true,
        Some(rest) => rest.ends_with('.') && rest.len() <= 3,
        None => false,
    });
    (!shared).then_some(host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn phones_of_many_countries() {
        for (text, region, expected) in [
            ("+1 (415) 555-2671", None, "+14155552671"),
            ("(415) 555-2671", Some("US"), "+14155552671"),
            ("+49 (0)30 901820", None, "+4930901820"),
            ("030 / 90 18 20", Some("DE"), "+4930901820"),
            ("06 12 34 56 78", Some("FR"), "+33612345678"),
            ("+33 (0)6 12 34 56 78", None, "+33612345678"),
            ("+39 06 698 1234", None, "+39066981234"),
            ("+442079460958 ext. 12", None, "+442079460958x12"),
            ("+91-98765-43210", None, "+919876543210"),
            ("0151/23456789", None, "015123456789"),
            ("+99999", None, "99999"),
            ("555-2671", Some("??"), "5552671"),
        ] {
            assert_eq!(phone(text, region).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(phone("call the office", Some("US")), None);
        assert_eq!(phone("", None), None);
    }

    #[test]
    fn web_addresses_and_their_hosts() {
        for (text, same, domain) in [
            ("https://www.example.com/", "example.com", Some("example.com")),
            ("http://Example.com:80", "example.com", Some("example.com")),
            ("example.com/Shop/", "example.com/Shop", Some("example.com")),
            ("//www.example.com?x=1", "example.com?x=1", Some("example.com")),
            ("https://user@example.com/", "user@example.com", Some("example.com")),
            ("https://www.linkedin.com/company/acme", "linkedin.com/company/acme", None),
            ("https://de.linkedin.com/company/acme", "de.linkedin.com/company/acme", None),
            ("acme.wordpress.com", "acme.wordpress.com", Some("acme.wordpress.com")),
            ("n/a", "n/a", None),
            ("", "", None),
        ] {
            assert_eq!(url(text), same, "{text}");
            assert_eq!(own_domain(text).as_deref(), domain, "{text}");
        }
    }

    /// Texts with everything that has ever broken a parser: marks, invisible characters, digits of other scripts.
    pub(crate) fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[ -~]{0,6}",
            "[0-9+()/ .-]{0,12}",
            prop::sample::select(vec![
                "\r",
                "\n",
                "\r\n",
                "\u{feff}",
                "\u{200b}",
                "\u{308}",
                "\u{1f3fd}",
                "İ",
                "ß",
                "ﬁ",
                "٣",
                "１",
                "@",
                "<",
                ">",
                "://",
                "www.",
                "+",
                "00",
                "ext",
                ";ext=",
                "GmbH",
                "& Co.",
                "株式会社",
                "\0",
                "e\u{301}\u{327}",
                "\u{1e9b}\u{323}",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_panics_and_forms_are_stable(text in hostile(), other in hostile()) {
            let cleaned = clean(&text).into_owned();
            prop_assert_eq!(clean(&cleaned), cleaned.as_str());
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded.as_str());
            prop_assert_eq!(fold(&cleaned), folded);
            if let Some(address) = email(&text) {
                prop_assert_eq!(email(&address), Some(address.clone()));
            }
            for region in [None, Some("US"), Some("DE"), Some("ZZ"), Some(other.as_str())] {
                let _ = phone(&text, region);
            }
            if let Some(host) = host(&text) {
                prop_assert!(host.contains('.'));
            }
            let _ = (mailbox(&text), is_role_mailbox(&text), url(&text), own_domain(&text), one_line(&text));
            let _ = company(&text);
            let (one, two) = (PersonName::new(&text, &other), PersonName::new(&other, &text));
            prop_assert_eq!(one.relation(&two), two.relation(&one));
        }
    }
}
