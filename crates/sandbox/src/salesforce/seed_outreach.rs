//! The demo world's leads, meetings, cases and campaigns, files, and the rows of the custom objects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::derive;
use super::ids::SfId;
use super::org::{Author, Org};
use super::seed::{Cells, Known, Stamps, address, optional, reference, text};
use super::value::Value;
use crate::World;
use crate::data::{Campaign, Meeting, Prospect, Subject, Ticket};

/// Rows of `BigTable__c`: more than a page of a query.
const BIG: u32 = 2_100;
/// Notes of the new kind.
const FILE_NOTES: usize = 24;

impl Org {
    /// Fills in what only this vendor holds.
    pub(super) fn seed_outreach(&mut self, world: &World, known: &Known) {
        let leads: Vec<SfId> = world.prospects.iter().map(|prospect| self.seed_lead(prospect, known)).collect();
        world.meetings.iter().for_each(|meeting| self.seed_meeting(meeting, known));
        world.tickets.iter().for_each(|ticket| self.seed_case(ticket, known));
        world.campaigns.iter().for_each(|campaign| self.seed_campaign(campaign, &leads, known));
        if world.companies.is_empty() {
            return;
        }
        self.seed_file_notes(world, known);
        self.seed_custom(world, known);
    }

    /// The queue that owns what nobody has taken yet.
    fn queue(&self, name: &str) -> Option<SfId> {
        let groups = self.schema.find("Group")?;
        let object = self.schema.object(groups);
        let queue = self.store.rows(groups).find(|row| row.get(object, "DeveloperName").as_text() == Some(name));
        queue.map(|row| row.id)
    }

    fn seed_lead(&mut self, prospect: &Prospect, known: &Known) -> SfId {
        let stamps = self.stamps(prospect.created, prospect.updated, prospect.owner, known);
        let status = ["Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"];
        let source = ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];
        let turn = usize::try_from(prospect.id).unwrap_or(0);
        let owner = self.queue("New_Leads").filter(|_| prospect.queued).unwrap_or(stamps.by);
        let mut cells = vec![
            ("FirstName", text(&prospect.first_name)),
            ("LastName", text(&prospect.last_name)),
            ("Company", text(&prospect.company)),
            ("Email", optional(prospect.email.as_deref())),
            ("Phone", optional(prospect.phone.as_deref())),
            ("Title", optional(prospect.job_title.as_deref())),
            ("Status", optional(status.get(usize::from(prospect.progress)).copied())),
            ("LeadSource", optional(source.get(turn % source.len()).copied())),
            ("Rating", optional([None, Some("Hot"), Some("Warm"), Some("Cold")].get(turn % 4).copied().flatten())),
            ("IsUnreadByOwner", Value::Bool(prospect.progress == 0)),
            ("OwnerId", Value::Id(owner)),
        ];
        cells.extend(address("", prospect.address.as_ref()));
        self.plant_row("Lead", cells, &stamps)
    }

    fn seed_meeting(&mut self, meeting: &Meeting, known: &Known) {
        let stamps = self.stamps(meeting.created, meeting.updated, meeting.owner, known);
        let about = meeting.about.and_then(|subject| known.subject(subject));
        let link = if matches!(meeting.about, Some(Subject::Person(_))) { "WhoId" } else { "WhatId" };
        let minutes = i64::from(meeting.minutes);
        let shown = if meeting.all_day { minutes - 24 * 60 } else { minutes };
        let end = meeting.start + TimeDelta::minutes(shown);
        let cells = vec![
            ("Subject", text(&meeting.title)),
            ("Location", optional(meeting.place)),
            ("IsAllDayEvent", Value::Bool(meeting.all_day)),
            ("StartDateTime", Value::DateTime(meeting.start)),
            ("EndDateTime", Value::DateTime(end)),
            ("ActivityDateTime", if meeting.all_day { Value::Null } else { Value::DateTime(meeting.start) }),
            ("ActivityDate", Value::Date(meeting.start.date_naive())),
            ("EndDate", Value::Date(end.date_naive())),
            ("DurationInMinutes", Value::Int(minutes)),
            ("ShowAs", text("Busy")),
            ("GroupEventType", text("0")),
            ("EventSubtype", text("Event")),
            (link, reference(about.as_ref())),
            ("OwnerId", Value::Id(stamps.by)),
        ];
        self.plant_row("Event", cells, &stamps);
        if let (Some(what), "WhatId") = (about, link) {
            derive::open_activity(self, what);
        }
    }

    fn seed_case(&mut self, ticket: &Ticket, known: &Known) {
        let stamps = self.stamps(ticket.created, ticket.updated, ticket.owner, known);
        let status = ["New", "Working", "Escalated", "Closed"].get(usize::from(ticket.progress)).copied();
        let turn = usize::try_from(ticket.person.0).unwrap_or(0);
        let pick = |list: &[&'static str]| optional(list.get(turn % list.len()).copied());
        let owner = self.queue("Support").filter(|_| ticket.queued).unwrap_or(stamps.by);
        let cells = vec![
            ("Subject", text(ticket.subject)),
            ("Description", text(ticket.text)),
            ("ContactId", reference(known.people.get(&ticket.person))),
            ("Status", optional(status)),
            ("Priority", pick(&["Medium", "Medium", "High", "Low"])),
            ("Origin", pick(&["Email", "Phone", "Web"])),
            ("Reason", pick(&["Performance", "Feedback", "Installation", "Breakdown", "Other"])),
            ("IsEscalated", Value::Bool(status == Some("Escalated"))),
            ("OwnerId", Value::Id(owner)),
        ];
        let id = self.plant_row("Case", cells, &stamps);
        if ticket.progress > 0 {
            let cells = vec![
                ("ParentId", Value::Id(id)),
                ("CommentBody", text("Called back; the customer sends pictures.")),
                ("CreatorId", Value::Id(stamps.by)),
            ];
            self.plant_row("CaseComment", cells, &stamps);
        }
    }

    fn seed_campaign(&mut self, campaign: &Campaign, leads: &[SfId], known: &Known) {
        let stamps = self.stamps(campaign.created, campaign.updated, campaign.owner, known);
        let cells = vec![
            ("Name", text(&campaign.name)),
            ("Type", text(campaign.kind)),
            ("Status", text("In Progress")),
            ("StartDate", Value::Date(campaign.start)),
            ("EndDate", Value::Date(campaign.start + TimeDelta::days(30))),
            ("BudgetedCost", Value::Decimal(5_000.into())),
            ("ExpectedResponse", Value::Decimal(10.into())),
            ("IsActive", Value::Bool(true)),
            ("OwnerId", Value::Id(stamps.by)),
        ];
        let id = self.plant_row("Campaign", cells, &stamps);
        let author = Author { user: stamps.by, automation: false };
        derive::first_statuses(self, id, author);
        let people = campaign.people.iter().map(|(person, answered)| ("ContactId", known.people.get(person), answered));
        let prospects = campaign.prospects.iter().map(|(prospect, answered)| {
            let lead = usize::try_from(*prospect).ok().and_then(|place| leads.get(place));
            ("LeadId", lead, answered)
        });
        let members: Vec<(&str, SfId, bool)> =
            people.chain(prospects).filter_map(|(link, id, answered)| Some((link, *id?, *answered))).collect();
        for (link, member, answered) in members {
            let cells = vec![
                ("CampaignId", Value::Id(id)),
                (link, Value::Id(member)),
                ("Status", text(if answered { "Responded" } else { "Sent" })),
            ];
            self.plant_row("CampaignMember", cells, &stamps);
        }
        derive::count(self, id);
    }

    /// Some of the world's notes once more, as notes of the new kind, linked to their records.
    fn seed_file_notes(&mut self, world: &World, known: &Known) {
        let notes: Vec<_> = world.notes.iter().step_by(7).take(FILE_NOTES).collect();
        for note in notes {
            let Some(parent) = known.subject(note.about) else {
                continue;
            };
            let stamps = self.stamps(note.created, note.updated, note.author, known);
            let author = Author { user: stamps.by, automation: false };
            let html = format!("<p>{}</p>", note.text.replace('&', "&amp;").replace('<', "&lt;"));
            let cells = vec![
                ("Title", text("Talk at the counter")),
                ("Content", text(&STANDARD.encode(html))),
                ("SharingPrivacy", text("N")),
                ("OwnerId", Value::Id(stamps.by)),
            ];
            let id = self.plant_row("ContentNote", cells, &stamps);
            derive::publish_note(self, id, None, author);
            let link = vec![
                ("ContentDocumentId", Value::Id(id)),
                ("LinkedEntityId", Value::Id(parent)),
                ("ShareType", text("V")),
                ("Visibility", text("AllUsers")),
            ];
            self.plant_row("ContentDocumentLink", link, &stamps);
        }
    }

    fn seed_custom(&mut self, world: &World, known: &Known) {
        let stamps = Stamps { created: self.born, updated: self.born, by: self.fixtures.integration_user };
        let owner = || ("OwnerId", Value::Id(stamps.by));
        for number in 1..=BIG {
            let cells = vec![
                ("Name", text(&format!("Row {number:04}"))),
                ("Number__c", Value::Decimal(number.into())),
                owner(),
            ];
            self.plant_row("BigTable__c", cells, &stamps);
        }
        for (place, company) in world.companies.iter().enumerate().step_by(20) {
            let Some(account) = known.companies.get(&company.id).copied() else {
                continue;
            };
            let project = vec![
                ("Name", text(&format!("Rollout {place}"))),
                ("Account__c", Value::Id(account)),
                ("Project_Key__c", text(&format!("P-{place}"))),
                owner(),
            ];
            let project = self.plant_row("Project__c", project, &stamps);
            for month in 0..2 {
                self.seed_invoice(account, project, month, &stamps);
            }
        }
    }

    /// An invoice with its lines and their taxes: details of details.
    fn seed_invoice(&mut self, account: SfId, project: SfId, month: i64, stamps: &Stamps) {
        let cells: Cells<'_> = vec![
            ("Account__c", Value::Id(account)),
            ("Project__c", Value::Id(project)),
            ("Status__c", text(if month == 0 { "Paid" } else { "Sent" })),
            ("Total__c", Value::Decimal(Decimal::new(35_700, 2))),
            ("Issued__c", Value::Date(self.born.date_naive() - TimeDelta::days(30 * month))),
        ];
        let invoice = self.plant_row("Invoice__c", cells, stamps);
        for quantity in 1..=2_i64 {
            let cells = vec![
                ("Invoice__c", Value::Id(invoice)),
                ("Text__c", text("Hours on site")),
                ("Quantity__c", Value::Decimal(quantity.into())),
                ("Price__c", Value::Decimal(100.into())),
            ];
            let line = self.plant_row("Invoice_Line__c", cells, stamps);
            let cells =
                vec![("Line__c", Value::Id(line)), ("Name", text("VAT")), ("Rate__c", Value::Decimal(19.into()))];
            self.plant_row("Line_Tax__c", cells, stamps);
        }
    }
}
