//! How the lists of a contact are written: only what is named changes, and what is to go must be named.

use crm_model::{Account, Label, Labelled, ListPatch, Ref, Slot};
use freshsales::models::{self as fs, ContactWrite, EmailWrite, LinkedAccountWrite, PhoneNumberWrite, Set};

use super::super::refuse;
use super::super::values::{label, label_text, number_id};
use super::further_label;
use crate::{Error, ErrorKind, Result};

/// Addresses that are not named stay, so what is to go must be named.
pub(super) fn write_emails(patch: &ListPatch<Labelled<String>>, current: Option<&fs::Contact>) -> Vec<EmailWrite> {
    let known: Vec<&fs::Email> = current.and_then(|contact| contact.emails.as_ref()).into_iter().flatten().collect();
    let gone = |email: &fs::Email| EmailWrite {
        id: email.id,
        value: email.value.clone().unwrap_or_default(),
        destroy: true,
        ..EmailWrite::default()
    };
    let same =
        |email: &fs::Email, value: &str| email.value.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(value));
    match patch {
        ListPatch::Keep => Vec::new(),
        ListPatch::Replace(list) => {
            let keep = |entry: &Labelled<String>| EmailWrite {
                id: known.iter().find(|email| same(email, &entry.value)).and_then(|email| email.id),
                value: entry.value.clone(),
                is_primary: Some(entry.is_primary),
                label: label_text(&entry.label),
                destroy: false,
            };
            let goes = |email: &&&fs::Email| !list.iter().any(|entry| same(email, &entry.value));
            known.iter().filter(goes).map(|email| gone(email)).chain(list.iter().map(keep)).collect()
        }
        ListPatch::Slots(slots) => {
            let mut writes = Vec::new();
            for (slot, value) in slots {
                let found = known.iter().find(|email| match slot {
                    Slot::Primary => email.is_primary,
                    Slot::Label(wanted) => label(email.label.as_deref()) == *wanted,
                    Slot::Object(_) => false,
                });
                let found = found.or_else(|| known.first().filter(|_| *slot == Slot::Primary));
                match value {
                    None => writes.extend(found.map(|email| gone(email))),
                    Some(entry) => {
                        // The address may be there already, in another place.
                        let there = known.iter().find(|email| same(email, &entry.value));
                        writes.push(EmailWrite {
                            id: there.or(found).and_then(|email| email.id),
                            value: entry.value.clone(),
                            is_primary: (*slot == Slot::Primary).then_some(true),
                            label: if let Slot::Label(wanted) = slot { label_text(wanted) } else { None },
                            destroy: false,
                        });
                    }
                }
            }
            writes
        }
    }
}

pub(super) fn write_phones(
    write: &mut ContactWrite,
    patch: &ListPatch<Labelled<String>>,
    current: Option<&fs::Contact>,
) -> Result<()> {
    let known: Vec<&fs::PhoneNumber> =
        current.and_then(|contact| contact.phone_numbers.as_ref()).into_iter().flatten().collect();
    let gone = |phone: &fs::PhoneNumber| PhoneNumberWrite {
        id: phone.id,
        value: phone.value.clone().unwrap_or_default(),
        destroy: true,
        ..PhoneNumberWrite::default()
    };
    let further = |id: Option<i64>, entry: &Labelled<String>| PhoneNumberWrite {
        id,
        value: entry.value.clone(),
        label: Some(entry.label.as_str().to_owned()),
        destroy: false,
    };
    match patch {
        ListPatch::Keep => {}
        ListPatch::Replace(list) => {
            let first = |label: &Label| list.iter().position(|entry| entry.label == *label);
            let (work, mobile) = (first(&Label::Work), first(&Label::Mobile));
            let number = |at: Option<usize>| {
                at.and_then(|at| list.get(at)).map_or(Set::Null, |entry| Set::To(entry.value.clone()))
            };
            (write.work_number, write.mobile_number) = (number(work), number(mobile));
            write.phone_numbers = known.iter().map(|phone| gone(phone)).collect();
            let others = list.iter().enumerate().filter(|(at, _)| Some(*at) != work && Some(*at) != mobile);
            write.phone_numbers.extend(others.map(|(_, entry)| further(None, entry)));
        }
        ListPatch::Slots(slots) => {
            for (slot, value) in slots {
                let number = value.as_ref().map_or(Set::Null, |entry| Set::To(entry.value.clone()));
                match slot {
                    Slot::Primary | Slot::Label(Label::Work) => write.work_number = number,
                    Slot::Label(Label::Mobile) => write.mobile_number = number,
                    Slot::Label(wanted) => {
                        let found = known.iter().find(|phone| further_label(phone) == *wanted);
                        let change = match value {
                            Some(entry) => Some(further(
                                found.and_then(|phone| phone.id),
                                &Labelled::new(entry.value.as_str(), wanted.clone()),
                            )),
                            None => found.map(|phone| gone(phone)),
                        };
                        write.phone_numbers.extend(change);
                    }
                    Slot::Object(_) => {
                        return Err(refuse(ErrorKind::Invalid, "contacts.write", "phones have labels, not objects"));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The set of accounts is written as a whole.
pub(super) fn write_accounts(
    patch: &ListPatch<Ref<Account>>,
    current: Option<&fs::Contact>,
) -> Result<Set<Vec<LinkedAccountWrite>>> {
    let link = |reference: &Ref<Account>| {
        Ok::<_, Error>(LinkedAccountWrite {
            id: number_id(reference.id.as_str(), "account")?,
            is_primary: reference.is_primary,
        })
    };
    let mut links: Vec<LinkedAccountWrite> = match patch {
        ListPatch::Keep => return Ok(Set::Keep),
        ListPatch::Replace(list) => list.iter().map(link).collect::<Result<_>>()?,
        ListPatch::Slots(slots) => {
            let known = current.and_then(|contact| contact.sales_accounts.as_ref()).into_iter().flatten();
            let mut links: Vec<_> =
                known.map(|account| LinkedAccountWrite { id: account.id, is_primary: account.is_primary }).collect();
            for value in slots.values() {
                let main = links.iter().position(|link| link.is_primary).or((!links.is_empty()).then_some(0));
                if let Some(main) = main {
                    links.remove(main);
                }
                if let Some(reference) = value {
                    let id = number_id(reference.id.as_str(), "account")?;
                    links.retain(|link| link.id != id);
                    links.insert(0, LinkedAccountWrite { id, is_primary: true });
                }
            }
            links
        }
    };
    if !links.iter().any(|link| link.is_primary)
        && let Some(first) = links.first_mut()
    {
        first.is_primary = true;
    }
    Ok(Set::To(links))
}
