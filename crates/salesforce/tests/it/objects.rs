//! The typed objects beside the classic ones: every declared field exists, rows come with their parents and children,
//! and each object can be written as its type says.

use chrono::{NaiveDate, TimeZone as _, Utc};
use futures::TryStreamExt;
use salesforce::*;
use sandbox::Data;

use crate::Org;

/// Lists an object with all its declared fields, and says how many rows there are.
async fn list<T: SObject>(org: &Org) -> usize {
    let described = org.client.records::<T>().describe().await.unwrap();
    assert_eq!(described.name, T::NAME);
    for field in T::FIELDS {
        assert!(described.field(field).is_some(), "{}.{field} does not exist", T::NAME);
    }
    let rows: Result<Vec<Row<T>>> = org.client.records::<T>().list().stream().try_collect().await;
    rows.unwrap_or_else(|error| panic!("{}: {error}", T::NAME)).len()
}

macro_rules! list_all {
    ($org:expr; $($object:ident),+ $(,)?) => {
        vec![$((stringify!($object), list::<$object>($org).await)),+]
    };
}

#[tokio::test]
async fn every_declared_field_exists_and_decodes() {
    let org = Org::with(Data::Demo).await;
    let listed = list_all![
        &org; Account, Contact, Lead, LeadStatus, Opportunity, OpportunityContactRole, OpportunityStage, Task,
        TaskStatus, TaskPriority, Event, Case, CaseComment, CaseStatus, Campaign, CampaignMember,
        CampaignMemberStatus, Note, ContentVersion, ContentDocument, ContentNote, Product2, Pricebook2,
        PricebookEntry, RecordType, Group, GroupMember, QueueSobject, User, UserRole, Profile, Organization, ListView,
    ];
    for (object, rows) in listed {
        assert!(rows > 0, "the demo organisation has no {object}");
    }
    list_all![&org; Attachment, OpportunityLineItem, AccountContactRelation, Individual, EmailMessage];
}

/// Rows awkward to use: `attributes` is out of the way, parents are options, children a list, absent ones `None`.
#[tokio::test]
async fn rows_are_not_awkward_parents_are_options_and_children_are_lists() {
    let org = Org::empty().await;
    let client = &org.client;
    let account = NewAccount { name: Some("Acme".into()), ..NewAccount::default() };
    let account = client.accounts().create(&account).await.unwrap();
    let contact = NewContact { last_name: Some("Ada".into()), account_id: Some(account), ..NewContact::default() };
    let contact = client.contacts().create(&contact).await.unwrap();
    let alone = NewContact { last_name: Some("Bob".into()), ..NewContact::default() };
    client.contacts().create(&alone).await.unwrap();
    for subject in ["broken", "late"] {
        let case = NewCase { subject: Some(subject.into()), contact_id: Some(contact), ..NewCase::default() };
        client.cases().create(&case).await.unwrap();
    }
    let query = "SELECT Id, LastName, Account.Name, Account.Owner.Username, (SELECT Id, Subject FROM Cases) FROM Contact \
                 ORDER BY LastName";
    let rows: Vec<Row<Contact>> = client.query(query).stream().try_collect().await.unwrap();
    let (ada, bob) = (&rows[0], &rows[1]);
    let parent = ada.account.as_ref().unwrap();
    // The parent's id was not selected; it is known all the same.
    assert_eq!((parent.id, parent.name.as_deref()), (account, Some("Acme")));
    assert!(parent.owner.as_ref().is_some_and(|owner| owner.username.is_some()));
    let cases = ada.cases.as_ref().unwrap();
    assert!(cases.is_complete() && cases.total_size == 2);
    let subjects: Vec<_> = cases.records.iter().map(|case| case.as_ref().unwrap().subject.clone().unwrap()).collect();
    assert_eq!(subjects, ["broken", "late"]);
    assert!(bob.account.is_none() && bob.cases.is_none());

    let case = client.query::<Case>("SELECT Id, Owner.Name, Owner.Type, Contact.Account.Name FROM Case LIMIT 1");
    let case = case.first().await.unwrap().unwrap();
    assert_eq!(case.owner.as_ref().unwrap().object(), Some("User"));
    let behind = case.contact.as_ref().and_then(|contact| contact.account.as_ref()).unwrap();
    assert_eq!(behind.name.as_deref(), Some("Acme"));
}

#[tokio::test]
async fn leads_and_campaigns_go_together() {
    let org = Org::empty().await;
    let client = &org.client;
    let lead = NewLead { last_name: Some("Ada".into()), company: Some("Engines".into()), ..NewLead::default() };
    let lead = client.leads().create(&lead).await.unwrap();
    let row = client.leads().get(lead).await.unwrap();
    assert_eq!((row.status.as_deref(), row.is_converted), (Some("Open - Not Contacted"), Some(false)));

    let campaign = NewCampaign { name: Some("Fair".into()), budgeted_cost: Some(500.into()), ..NewCampaign::default() };
    let campaign = client.campaigns().create(&campaign).await.unwrap();
    let member = NewCampaignMember { campaign_id: Some(campaign), lead_id: Some(lead), ..NewCampaignMember::default() };
    let id = client.campaign_members().create(&member).await.unwrap();
    let error = client.campaign_members().create(&member).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    let answered = CampaignMemberUpdate { status: "Responded".into(), ..CampaignMemberUpdate::default() };
    client.campaign_members().update(id, &answered).await.unwrap();
    let member = client.campaign_members().get(id).await.unwrap();
    assert_eq!((member.has_responded, member.name.as_deref()), (Some(true), Some("Ada")));
    let campaign = client.campaigns().get(campaign).await.unwrap();
    assert_eq!((campaign.number_of_leads, campaign.number_of_responses), (Some(1), Some(1)));
}

#[tokio::test]
async fn an_event_says_its_time_in_three_ways() {
    let org = Org::empty().await;
    let events = org.client.events();
    let start = Utc.with_ymd_and_hms(2025, 7, 1, 9, 30, 0).unwrap();
    let meeting = NewEvent {
        subject: Some("Meeting".into()),
        start_date_time: Some(start),
        duration_in_minutes: Some(45),
        ..NewEvent::default()
    };
    let id = events.create(&meeting).await.unwrap();
    let later = EventUpdate { end_date_time: (start + chrono::TimeDelta::hours(2)).into(), ..EventUpdate::default() };
    events.update(id, &later).await.unwrap();
    let row = events.get(id).await.unwrap();
    assert_eq!((row.duration_in_minutes, row.activity_date_time), (Some(120), Some(start)));
    assert_eq!(row.activity_date, NaiveDate::from_ymd_opt(2025, 7, 1));
    let error = events.create(&NewEvent { subject: Some("when?".into()), ..NewEvent::default() }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}

#[tokio::test]
async fn a_note_of_html_is_linked_to_its_record() {
    let org = Org::empty().await;
    let client = &org.client;
    let account = NewAccount { name: Some("Acme".into()), ..NewAccount::default() };
    let account = client.accounts().create(&account).await.unwrap();
    let note = NewContentNote {
        title: Some("Talk".into()),
        // "<p>Fish &amp; chips</p>"
        content: Some("PHA+RmlzaCAmYW1wOyBjaGlwczwvcD4=".into()),
        ..NewContentNote::default()
    };
    let note = client.content_notes().create(&note).await.unwrap();
    let document: Id<ContentDocument> = note.as_str().parse().unwrap();
    let link = NewContentDocumentLink {
        content_document_id: Some(document),
        linked_entity_id: Some(account.any()),
        share_type: Some("V".into()),
        ..NewContentDocumentLink::default()
    };
    client.content_document_links().create(&link).await.unwrap();
    let query = soql!(
        "SELECT Id, ContentDocument.Title, ContentDocument.FileType FROM ContentDocumentLink WHERE LinkedEntityId = {}",
        account
    );
    let found = client.query::<ContentDocumentLink>(query).first().await.unwrap().unwrap();
    let document = found.content_document.as_ref().unwrap();
    assert_eq!((document.title.as_deref(), document.file_type.as_deref()), (Some("Talk"), Some("SNOTE")));
    let note = client.content_notes().get(note).await.unwrap();
    assert_eq!(note.text_preview.as_deref(), Some("Fish & chips"));
}

#[tokio::test]
async fn line_items_make_the_amount() {
    let org = Org::empty().await;
    let client = &org.client;
    let price = client.query::<PricebookEntry>(
        "SELECT Id, UnitPrice, Product2.Name FROM PricebookEntry WHERE Pricebook2.IsStandard = true ORDER BY UnitPrice LIMIT 1",
    );
    let price = price.first().await.unwrap().unwrap();
    assert!(price.product2.as_ref().unwrap().name.is_some());
    let deal = NewOpportunity {
        name: Some("d".into()),
        stage_name: Some("Prospecting".into()),
        close_date: NaiveDate::from_ymd_opt(2025, 9, 1),
        amount: Some(7.into()),
        ..NewOpportunity::default()
    };
    let deal = client.opportunities().create(&deal).await.unwrap();
    let line = NewOpportunityLineItem {
        opportunity_id: Some(deal),
        pricebook_entry_id: Some(price.id),
        quantity: Some(3.into()),
        unit_price: Some(100.into()),
        ..NewOpportunityLineItem::default()
    };
    let line = client.opportunity_line_items().create(&line).await.unwrap();
    assert_eq!(client.opportunities().get(deal).await.unwrap().amount, Some(300.into()));
    let ignored = OpportunityUpdate { amount: rust_decimal::Decimal::ONE.into(), ..OpportunityUpdate::default() };
    client.opportunities().update(deal, &ignored).await.unwrap();
    assert_eq!(client.opportunities().get(deal).await.unwrap().amount, Some(300.into()), "the sum of the lines");
    client.opportunity_line_items().delete(line).await.unwrap();
    let again = client.opportunities().update(deal, &ignored).await;
    again.unwrap();
    assert_eq!(client.opportunities().get(deal).await.unwrap().amount, Some(1.into()));
}
