//! Queries as streams, against the emulated vendor.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt};
use salesforce::soql::{Condition, Op, Select};
use salesforce::{
    Contact, ErrorKind, NewContact, NewOpportunity, NewOpportunityContactRole, Opportunity, Row, User, soql,
};
use sandbox::{Data, Fault, FaultKind, Matcher, Vendor};

use crate::Org;

#[tokio::test]
async fn rows_stream_over_page_boundaries() {
    let org = Org::with(Data::Demo).await;
    let total = org.client.count("SELECT COUNT() FROM Contact").await.unwrap();
    let before = org.calls();
    let query = org.client.contacts().list().page_size(200);
    let rows: Vec<Row<Contact>> = query.stream().try_collect().await.unwrap();
    assert_eq!(rows.len() as u64, total);
    assert_eq!(rows.iter().map(|row| row.id).collect::<BTreeSet<_>>().len() as u64, total, "each row once");
    assert_eq!((org.calls() - before) as u64, total.div_ceil(200));
    assert!(rows.iter().all(|row| row.last_name.is_some() && row.system_modstamp.is_some()));

    let mut pages = org.client.query::<Contact>("SELECT Id FROM Contact").pages();
    let first = pages.try_next().await.unwrap().unwrap();
    assert_eq!(first.total_size, total);
    assert!(first.as_of.unwrap() <= org.sandbox.clock().now(), "the vendor's time, not the future");
}

#[tokio::test]
async fn values_cannot_break_out_of_a_query() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    for name in ["O'Neill", r"back\slash", r"' OR Name != '", "100%_x", "tab\tand ümläut 北京"] {
        let id = contacts.create(&NewContact { last_name: Some(name.into()), ..NewContact::default() }).await.unwrap();
        let query = soql!("SELECT Id FROM Contact WHERE LastName = {}", name);
        let rows: Vec<_> = org.client.query::<Contact>(query).stream().map(|row| row.unwrap().id).collect().await;
        assert_eq!(rows, [id], "{name}");
    }
}

#[tokio::test]
async fn deleted_rows_are_seen_only_when_asked_for() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let id = contacts.create(&NewContact { last_name: Some("x".into()), ..NewContact::default() }).await.unwrap();
    contacts.delete(id).await.unwrap();
    let query = "SELECT Id, IsDeleted FROM Contact";
    assert!(org.client.query::<Contact>(query).first().await.unwrap().is_none());
    let row = org.client.query_all::<Contact>(query).first().await.unwrap().unwrap();
    assert_eq!((row.id, row.is_deleted), (id, Some(true)));
}

#[tokio::test]
async fn children_and_parents_come_along() {
    let org = Org::empty().await;
    let client = &org.client;
    let contact =
        client.contacts().create(&NewContact { last_name: Some("x".into()), ..NewContact::default() }).await.unwrap();
    let deal = NewOpportunity {
        name: Some("d".into()),
        stage_name: Some("Prospecting".into()),
        close_date: "2025-12-31".parse().ok(),
        ..NewOpportunity::default()
    };
    let deal = client.opportunities().create(&deal).await.unwrap();
    let select = || {
        let roles = Select::from("OpportunityContactRoles").fields(["Id", "ContactId", "IsPrimary"]);
        Select::from("Opportunity").fields(["Id", "Owner.Name"]).child(roles).filter(Condition::eq("Id", deal))
    };
    let alone = client.query::<Opportunity>(select().build().unwrap()).first().await.unwrap().unwrap();
    assert!(alone.contact_roles.is_none(), "no children are null");
    let role = NewOpportunityContactRole {
        opportunity_id: Some(deal),
        contact_id: Some(contact),
        is_primary: Some(true),
        ..NewOpportunityContactRole::default()
    };
    client.opportunity_contact_roles().create(&role).await.unwrap();
    let row = client.query::<Opportunity>(select().build().unwrap()).first().await.unwrap().unwrap();
    let roles = row.contact_roles.as_ref().unwrap();
    assert!(roles.is_complete() && roles.total_size == 1);
    assert_eq!(roles.records[0].as_ref().unwrap().contact_id, Some(contact));
    assert!(client.rest_of(roles).next().await.is_none());
    assert!(row.extra("Owner").unwrap().get().contains("Integration User"));
}

#[tokio::test]
async fn a_query_longer_than_an_address_is_answered_all_the_same() {
    let org = Org::with(Data::Demo).await;
    let ids: Vec<String> = (0..3000).map(|n| format!("'No Such Name {n}'")).collect();
    // Longer than the address may be, shorter than a condition of the emulated vendor's own limits.
    let fields: Vec<&str> = std::iter::repeat_n("Name", 1).collect();
    let text = format!(
        "SELECT Id, {} FROM User WHERE IsActive = true AND Name NOT IN ({})",
        fields.join(","),
        ids[..700].join(",")
    );
    assert!(text.len() > 12_000);
    let rows: Vec<Row<User>> =
        org.client.query(salesforce::soql::Soql::unchecked(text)).stream().try_collect().await.unwrap();
    assert!(!rows.is_empty());
}

#[tokio::test]
async fn one_bad_record_does_not_fail_its_page() {
    let org = Org::with(Data::Demo).await;
    let query = || org.client.query::<Contact>("SELECT Id, Name, SystemModstamp FROM Contact ORDER BY Id LIMIT 9");
    let ids: Vec<_> = query().stream().map(|row| row.unwrap().id).collect().await;
    org.sandbox.faults().inject(Vendor::Salesforce, Fault::on(FaultKind::BadRecord, Matcher::on("GET", "/query")));
    let rows: Vec<_> = query().stream().collect().await;
    assert_eq!(rows.len(), 9);
    let bad: Vec<_> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].kind(), ErrorKind::Decode);
    assert!(ids.iter().any(|id| bad[0].to_string().contains(id.as_str())), "the record is named: {}", bad[0]);
}

#[tokio::test]
async fn refusals_of_a_query_end_the_stream() {
    let org = Org::empty().await;
    for (text, code) in [
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FRM Contact", "MALFORMED_QUERY"),
    ] {
        let rows: Vec<_> = org.client.query::<Contact>(text).stream().collect().await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].as_ref().unwrap_err().vendor_code(), Some(code));
    }
    let unbuilt = Select::from("Contact").fields(["Id"]).filter(Condition::compare("bad name", Op::Eq, 1)).build();
    assert_eq!(unbuilt.unwrap_err().kind(), ErrorKind::Config);
}
