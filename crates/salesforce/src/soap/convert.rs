//! Lead conversion.

use rest_core::{Error, ErrorKind, Result};

use super::{Writer, parsed, required};
use crate::ids::Id;
use crate::models::{Account, Contact, Lead, Opportunity, User};
use crate::{Salesforce, VENDOR};

/// How one lead is to be converted. A converted lead is read-only for ever.
///
/// By default a new account (named like the lead's company), a new contact and a new opportunity are made. Records that
/// exist already take the lead's values only where their own are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct LeadConversion {
    lead: Id<Lead>,
    status: String,
    account: Option<Id<Account>>,
    contact: Option<Id<Contact>>,
    opportunity: Option<Id<Opportunity>>,
    opportunity_name: Option<String>,
    create_opportunity: bool,
    overwrite_lead_source: bool,
    owner: Option<Id<User>>,
    notify_owner: bool,
}

impl LeadConversion {
    /// Converts a lead. The status must be one that means converted: `Closed - Converted` in a new organisation; see the
    /// object `LeadStatus`.
    pub fn new(lead: Id<Lead>, status: impl Into<String>) -> Self {
        Self {
            lead,
            status: status.into(),
            account: None,
            contact: None,
            opportunity: None,
            opportunity_name: None,
            create_opportunity: true,
            overwrite_lead_source: false,
            owner: None,
            notify_owner: false,
        }
    }

    /// Goes into this account.
    pub fn into_account(mut self, account: Id<Account>) -> Self {
        self.account = Some(account);
        self
    }

    /// Goes into this contact, which belongs to this account.
    pub fn into_contact(mut self, account: Id<Account>, contact: Id<Contact>) -> Self {
        (self.account, self.contact) = (Some(account), Some(contact));
        self
    }

    /// Goes into this opportunity, which belongs to this account.
    pub fn into_opportunity(mut self, account: Id<Account>, opportunity: Id<Opportunity>) -> Self {
        (self.account, self.opportunity) = (Some(account), Some(opportunity));
        self
    }

    /// Names the new opportunity, in at most 80 characters. Default: like the lead's company.
    pub fn opportunity_name(mut self, name: impl Into<String>) -> Self {
        self.opportunity_name = Some(name.into());
        self
    }

    /// Makes no opportunity.
    pub fn without_opportunity(mut self) -> Self {
        self.create_opportunity = false;
        self
    }

    /// Replaces the lead source of the existing contact by the lead's.
    pub fn overwrite_lead_source(mut self) -> Self {
        self.overwrite_lead_source = true;
        self
    }

    /// Who owns what is made. Default: the lead's owner. Needed where a queue owns the lead.
    pub fn owner(mut self, owner: Id<User>) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Mails the owner.
    pub fn notify_owner(mut self) -> Self {
        self.notify_owner = true;
        self
    }

    fn write(&self, out: &mut Writer) {
        let flag = |value: bool| if value { "true" } else { "false" };
        // In the order of the schema, which is a sequence.
        out.element("leadConverts", |out| {
            out.maybe("accountId", self.account.as_ref().map(Id::as_str));
            out.maybe("contactId", self.contact.as_ref().map(Id::as_str));
            out.text("convertedStatus", &self.status);
            out.text("doNotCreateOpportunity", flag(!self.create_opportunity));
            out.text("leadId", self.lead.as_str());
            out.maybe("opportunityId", self.opportunity.as_ref().map(Id::as_str));
            out.maybe("opportunityName", self.opportunity_name.as_deref());
            out.text("overwriteLeadSource", flag(self.overwrite_lead_source));
            out.maybe("ownerId", self.owner.as_ref().map(Id::as_str));
            out.text("sendNotificationEmail", flag(self.notify_owner));
        });
    }
}

/// What a lead has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConvertedLead {
    /// The lead, which can only be read from now on.
    pub lead: Id<Lead>,
    /// The account.
    pub account: Id<Account>,
    /// The contact.
    pub contact: Id<Contact>,
    /// The opportunity, unless none was wanted.
    pub opportunity: Option<Id<Opportunity>>,
}

impl Salesforce {
    /// Converts a lead. Costs one call.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] with the vendor's code: `INVALID_STATUS`, `CANNOT_UPDATE_CONVERTED_LEAD` if it was converted
    /// before, a validation rule of the records to be made. [`ErrorKind::Unknown`] if the answer was lost: read the lead's
    /// `IsConverted` before doing it again.
    pub async fn convert_lead(&self, conversion: &LeadConversion) -> Result<ConvertedLead> {
        let results = self.convert_leads(std::slice::from_ref(conversion)).await;
        results.into_iter().next().unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Decode, "leads.convert").with_vendor(VENDOR).with_message("there was no result"))
        })
    }

    /// Converts many leads, each on its own: one result per lead in the same order, and one call for every 200.
    pub async fn convert_leads(&self, conversions: &[LeadConversion]) -> Vec<Result<ConvertedLead>> {
        const RESPONSE: &str = "convertLeadResponse";
        self.soap_each("leads.convert", RESPONSE, conversions, body, |reply, result| {
            Ok(ConvertedLead {
                lead: required(reply, result, "leadId")?,
                account: required(reply, result, "accountId")?,
                contact: required(reply, result, "contactId")?,
                opportunity: parsed(reply, result, "opportunityId")?,
            })
        })
        .await
    }
}

fn body(conversions: &[LeadConversion]) -> Writer {
    let mut body = Writer::default();
    body.element("convertLead", |inner| conversions.iter().for_each(|conversion| conversion.write(inner)));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversion_is_written_in_the_order_of_the_schema() {
        let lead: Id<Lead> = "00QD000000IRFma".parse().unwrap();
        let account: Id<Account> = "001D000000IRFmaIAH".parse().unwrap();
        let conversion =
            LeadConversion::new(lead, "Closed - Converted").into_account(account).opportunity_name("A & B");
        assert_eq!(
            body(&[conversion]).as_str(),
            format!(
                "<convertLead><leadConverts><accountId>001D000000IRFmaIAH</accountId><convertedStatus>Closed - Converted\
                 </convertedStatus><doNotCreateOpportunity>false</doNotCreateOpportunity><leadId>{lead}</leadId>\
                 <opportunityName>A &amp; B</opportunityName><overwriteLeadSource>false</overwriteLeadSource>\
                 <sendNotificationEmail>false</sendNotificationEmail></leadConverts></convertLead>"
            )
        );
    }
}
