//! The handles of the standard objects beside those of the client itself.

use super::sobjects::Records;
use crate::Salesforce;
use crate::models::{
    AccountContactRelation, Attachment, Campaign, CampaignMember, CampaignMemberStatus, Case, CaseComment, CaseStatus,
    ContentDocument, ContentDocumentLink, ContentNote, ContentVersion, EmailMessage, Event, Group, GroupMember,
    Individual, Lead, LeadStatus, OpportunityLineItem, Organization, Pricebook2, PricebookEntry, Product2, Profile,
    QueueSobject, RecordType, TaskPriority, TaskStatus, UserRole,
};

impl Salesforce {
    /// Leads.
    #[must_use]
    pub fn leads(&self) -> Records<Lead> {
        self.records()
    }

    /// The statuses of leads.
    #[must_use]
    pub fn lead_statuses(&self) -> Records<LeadStatus> {
        self.records()
    }

    /// Events.
    #[must_use]
    pub fn events(&self) -> Records<Event> {
        self.records()
    }

    /// Cases.
    #[must_use]
    pub fn cases(&self) -> Records<Case> {
        self.records()
    }

    /// The comments on cases.
    #[must_use]
    pub fn case_comments(&self) -> Records<CaseComment> {
        self.records()
    }

    /// The statuses of cases.
    #[must_use]
    pub fn case_statuses(&self) -> Records<CaseStatus> {
        self.records()
    }

    /// Campaigns.
    #[must_use]
    pub fn campaigns(&self) -> Records<Campaign> {
        self.records()
    }

    /// The members of campaigns.
    #[must_use]
    pub fn campaign_members(&self) -> Records<CampaignMember> {
        self.records()
    }

    /// The statuses of campaigns' members.
    #[must_use]
    pub fn campaign_member_statuses(&self) -> Records<CampaignMemberStatus> {
        self.records()
    }

    /// Attachments.
    #[must_use]
    pub fn attachments(&self) -> Records<Attachment> {
        self.records()
    }

    /// The versions of files.
    #[must_use]
    pub fn content_versions(&self) -> Records<ContentVersion> {
        self.records()
    }

    /// Files.
    #[must_use]
    pub fn content_documents(&self) -> Records<ContentDocument> {
        self.records()
    }

    /// The links of files and notes to records.
    #[must_use]
    pub fn content_document_links(&self) -> Records<ContentDocumentLink> {
        self.records()
    }

    /// Notes of the present kind.
    #[must_use]
    pub fn content_notes(&self) -> Records<ContentNote> {
        self.records()
    }

    /// Products.
    #[must_use]
    pub fn products(&self) -> Records<Product2> {
        self.records()
    }

    /// Price books.
    #[must_use]
    pub fn price_books(&self) -> Records<Pricebook2> {
        self.records()
    }

    /// Prices.
    #[must_use]
    pub fn price_book_entries(&self) -> Records<PricebookEntry> {
        self.records()
    }

    /// What is sold in opportunities.
    #[must_use]
    pub fn opportunity_line_items(&self) -> Records<OpportunityLineItem> {
        self.records()
    }

    /// The further accounts of contacts.
    #[must_use]
    pub fn account_contact_relations(&self) -> Records<AccountContactRelation> {
        self.records()
    }

    /// What people have agreed to.
    #[must_use]
    pub fn individuals(&self) -> Records<Individual> {
        self.records()
    }

    /// Mails.
    #[must_use]
    pub fn email_messages(&self) -> Records<EmailMessage> {
        self.records()
    }

    /// Record types.
    #[must_use]
    pub fn record_types(&self) -> Records<RecordType> {
        self.records()
    }

    /// Groups and queues.
    #[must_use]
    pub fn groups(&self) -> Records<Group> {
        self.records()
    }

    /// Who is in which group.
    #[must_use]
    pub fn group_members(&self) -> Records<GroupMember> {
        self.records()
    }

    /// Which queue may own what.
    #[must_use]
    pub fn queue_objects(&self) -> Records<QueueSobject> {
        self.records()
    }

    /// Roles of users.
    #[must_use]
    pub fn user_roles(&self) -> Records<UserRole> {
        self.records()
    }

    /// Profiles of users.
    #[must_use]
    pub fn profiles(&self) -> Records<Profile> {
        self.records()
    }

    /// The organisation itself.
    #[must_use]
    pub fn organizations(&self) -> Records<Organization> {
        self.records()
    }

    /// The statuses of tasks.
    #[must_use]
    pub fn task_statuses(&self) -> Records<TaskStatus> {
        self.records()
    }

    /// The priorities of tasks.
    #[must_use]
    pub fn task_priorities(&self) -> Records<TaskPriority> {
        self.records()
    }
}
