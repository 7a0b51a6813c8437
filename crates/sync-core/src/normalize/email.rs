use super::{clean, holds};

/// An e-mail address in lower case, taken out of `mailto:` and `Name <address>`. `None` if it is no address.
///
/// ```
/// use sync_core::normalize::email;
/// assert_eq!(email("Ada <Ada@Example.com>").as_deref(), Some("ada@example.com"));
/// assert_eq!(email("ada at example.com"), None);
/// ```
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let text = clean(text);
    let inner = match text.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or(rest),
        None => &text,
    };
    let lower = inner.trim().to_lowercase();
    let address = lower.strip_prefix("mailto:").unwrap_or(&lower).trim_end_matches('.');
    let (local, domain) = address.split_once('@')?;
    let is_address = !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && !address.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>'));
    is_address.then(|| address.to_owned())
}

/// The mailbox behind an address: without a `+tag`, and for Gmail without dots. For finding a person, not for
/// comparing what a field holds.
#[must_use]
pub fn mailbox(text: &str) -> Option<String> {
    let address = email(text)?;
    let (local, domain) = address.split_once('@')?;
    let local = match local.split_once('+') {
        Some((plain, _)) if !plain.is_empty() => plain,
        _ => local,
    };
    Some(match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
        _ => format!("{local}@{domain}"),
    })
}

/// Words that stand for a function and not for a person.
const ROLES: &str = "abuse accounting accounts accueil admin administracion amministrazione bestellung billing biuro booking \
    buchhaltung careers comercial commercial compras compta comptabilite contabilidad contact contacto \
    contato einkauf empfang enquiries enquiry feedback finance financeiro hello help helpdesk hola hr info \
    information informatica inquiries inquiry invoice invoices it jobs kantoor klantenservice kontakt mail \
    mailbox marketing noreply office order orders payroll personal post postmaster press purchasing rechnung \
    reception recepcion reservations sales secretaria secretariat sekretariat service shop support team \
    ufficio ventas vertrieb verkauf webmaster welcome";

/// Whether an address is that of a function (`info@`, `sales-uk@`), which many people read.
///
/// ```
/// use sync_core::normalize::is_role_mailbox;
/// assert!(is_role_mailbox("Info@acme.example") && is_role_mailbox("sales-uk@acme.example"));
/// assert!(!is_role_mailbox("salerno@acme.example"));
/// ```
#[must_use]
pub fn is_role_mailbox(text: &str) -> bool {
    let Some(address) = email(text) else {
        return false;
    };
    let local = address.split('@').next().unwrap_or_default();
    let joined: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
    let first = local.split(['.', '-', '_', '+']).next().unwrap_or_default();
    [joined.as_str(), first].into_iter().any(|word| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        holds(ROLES, word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_out_of_what_people_write() {
        for (text, expected) in [
            ("ada@example.com", Some("ada@example.com")),
            (" ADA@Example.COM. ", Some("ada@example.com")),
            ("mailto:Ada@example.com", Some("ada@example.com")),
            ("\"Lovelace, Ada\" <ada@example.com>", Some("ada@example.com")),
            ("jörg@bücher.example", Some("jörg@bücher.example")),
            ("ada@example.com, bob@example.com", None),
            ("ada@@example.com", None),
            ("@example.com", None),
            ("ada@", None),
            ("n/a", None),
            ("", None),
        ] {
            assert_eq!(email(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn mailboxes_drop_tags_and_gmail_dots() {
        for (text, expected) in [
            ("ada+crm@example.com", "ada@example.com"),
            ("a.d.a+x@googlemail.com", "ada@gmail.com"),
            ("a.d.a@example.com", "a.d.a@example.com"),
            ("+x@example.com", "+x@example.com"),
        ] {
            assert_eq!(mailbox(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn role_mailboxes_are_told_from_people() {
        for role in
            ["info@x.example", "INFO2@x.example", "sales.emea@x.example", "no-reply@x.example", "kontakt@x.example"]
        {
            assert!(is_role_mailbox(role), "{role}");
        }
        for person in ["ines@x.example", "marketa@x.example", "it.smith.jones@", "helpmann@x.example", "nobody", ""] {
            assert!(!is_role_mailbox(person), "{person}");
        }
    }
}
