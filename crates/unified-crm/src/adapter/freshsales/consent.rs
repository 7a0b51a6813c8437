//! Consent: what the subscription numbers of a contact mean, and which channels can be closed.

use crm_model::{Channel, Consent, ConsentSet, ConsentState, OptOutCause, OptOuts};
use freshsales::models::{Contact, ContactWrite};
use rest_core::Row;

use super::fields::Fields;
use super::refuse;
use crate::{ErrorKind, Result};

const UNSUBSCRIBED: i64 = 0;

/// 0 unsubscribed, 1 subscribed, 2 not subscribed, 3 reported as spam, 4 bounced (reference of the marketing API).
fn of_status(status: i64) -> Consent {
    let out = |cause| Consent { state: ConsentState::OptedOut, cause: Some(cause), at: None };
    match status {
        UNSUBSCRIBED => out(OptOutCause::Request),
        1 => ConsentState::OptedIn.into(),
        3 => out(OptOutCause::Complained),
        4 => out(OptOutCause::Bounced),
        _ => Consent::default(),
    }
}

pub(super) fn read(row: &Row<Contact>, fields: &Fields) -> ConsentSet {
    let mut consent = ConsentSet::default();
    let statuses = [
        (Channel::Email, row.subscription_status),
        (Channel::Sms, row.sms_subscription_status),
        (Channel::WhatsApp, row.whatsapp_subscription_status),
    ];
    for (channel, status) in statuses {
        if let Some(status) = status {
            consent.observe(channel, of_status(status));
        }
    }
    if let (Some(name), Some(custom)) = (&fields.do_not_call, &row.custom_field) {
        // An unticked box is not an agreement.
        let ticked = custom.get(name).is_some_and(|raw| raw.get() == "true");
        consent.observe(Channel::Phone, if ticked { ConsentState::OptedOut } else { ConsentState::Unknown });
    }
    consent
}

/// Closes channels. The vendor documents no way to close text messages by its API, and sends neither faxes nor letters.
pub(super) fn close(write: &mut ContactWrite, opt_outs: &OptOuts, fields: &Fields) -> Result<()> {
    for channel in opt_outs.iter() {
        match (channel, &fields.do_not_call) {
            (Channel::Email, _) => write.subscription_status = UNSUBSCRIBED.into(),
            (Channel::Phone, Some(name)) => {
                drop(write.custom_field.insert(name.clone(), true.into()));
            }
            (channel, _) => {
                let why = format!("Freshsales has no place for an opt-out of {channel:?}");
                let hint = match channel {
                    Channel::Phone => {
                        "create the check box `Do not call` (cf_do_not_call) on contacts, or name another in the options"
                    }
                    _ => "keep this channel out of the mapping, or record the refusal in a custom field",
                };
                return Err(refuse(ErrorKind::Unsupported, "contacts.write", why).with_hint(hint));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_subscription_is_an_agreement() {
        use ConsentState::{OptedIn, OptedOut, Unknown};
        for (status, state) in
            [(0, OptedOut), (1, OptedIn), (2, Unknown), (3, OptedOut), (4, OptedOut), (5, Unknown), (-1, Unknown)]
        {
            assert_eq!(of_status(status).state, state, "{status}");
        }
        assert_eq!(of_status(4).cause, Some(OptOutCause::Bounced));
    }
}
