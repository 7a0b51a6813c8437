//! Structs of one's own for custom objects, by `#[derive(SObject)]`.

use futures::TryStreamExt;
use rust_decimal::Decimal;
use salesforce::{Account, AnyId, Change, Children, ErrorKind, Fields, Id, NewAccount, Row, SObject};
use sandbox::Data;

use crate::Org;

salesforce::picklist! {
    /// How far an invoice is.
    pub enum Status {
        Draft = "Draft",
        Sent = "Sent",
        Paid = "Paid",
    }
}

/// A bill.
#[derive(Debug, Clone, PartialEq, SObject)]
#[salesforce(object = "Invoice__c", prefix = "a03", new = NewInvoice, update = InvoiceUpdate)]
struct Invoice {
    id: Id<Invoice>,
    /// Its number.
    #[salesforce(read_only)]
    name: Option<String>,
    /// Who is to pay; fixed.
    #[salesforce(field = "Account__c", create_only)]
    account_id: Option<Id<Account>>,
    /// How far it is.
    #[salesforce(field = "Status__c")]
    status: Option<Status>,
    /// What it comes to.
    #[salesforce(field = "Total__c")]
    total: Option<Decimal>,
    #[salesforce(read_only)]
    last_modified_by_id: Option<AnyId>,
    #[salesforce(parent = "Account__r")]
    account: Option<Box<Account>>,
    #[salesforce(children = "Lines__r")]
    lines: Option<Children<Line>>,
}

#[derive(Debug, Clone, PartialEq, SObject)]
#[salesforce(object = "Invoice_Line__c")]
struct Line {
    id: Id<Line>,
    #[salesforce(field = "Text__c")]
    text: Option<String>,
    #[salesforce(field = "Sum__c", read_only)]
    sum: Option<Decimal>,
}

#[test]
fn names_come_from_the_fields_or_their_attributes() {
    assert_eq!(Invoice::NAME, "Invoice__c");
    assert_eq!(Invoice::FIELDS, ["Id", "Name", "Account__c", "Status__c", "Total__c", "LastModifiedById"]);
    assert_eq!(Line::FIELDS, ["Id", "Text__c", "Sum__c"]);
    assert!("001000000000001".parse::<Id<Invoice>>().is_err(), "an account's id is no invoice's");
}

#[test]
fn only_what_is_given_is_written() {
    let mut custom = Fields::default();
    custom.set("Issued__c", "2025-06-02");
    let new =
        NewInvoice { total: Some(Decimal::new(105, 1)), status: Some(Status::Draft), custom, ..NewInvoice::default() };
    let json = serde_json::to_string(&new).unwrap();
    assert_eq!(json, r#"{"Status__c":"Draft","Total__c":10.5,"Issued__c":"2025-06-02"}"#);
    let update =
        InvoiceUpdate { total: Change::Clear, status: Status::from("New one").into(), ..InvoiceUpdate::default() };
    assert_eq!(serde_json::to_string(&update).unwrap(), r#"{"Status__c":"New one","Total__c":null}"#);
    assert!(!format!("{new:?}{update:?}").contains("10.5"));
}

#[tokio::test]
async fn a_custom_object_is_created_changed_and_read_with_its_relatives() {
    let org = Org::empty().await;
    let account = NewAccount { name: Some("Acme".into()), ..NewAccount::default() };
    let account = org.client.accounts().create(&account).await.unwrap();
    let invoices = org.client.records::<Invoice>();
    let new = NewInvoice { account_id: Some(account), total: Some(100.into()), ..NewInvoice::default() };
    let id = invoices.create(&new).await.unwrap();
    let update = InvoiceUpdate { status: Status::Sent.into(), ..InvoiceUpdate::default() };
    invoices.update(id, &update).await.unwrap();
    let row = invoices.get(id).await.unwrap();
    assert_eq!(
        (row.status.as_ref(), row.total, row.name.as_deref()),
        (Some(&Status::Sent), Some(100.into()), Some("INV-1001"))
    );
    let wrong = InvoiceUpdate { status: Status::from("Nowhere").into(), ..InvoiceUpdate::default() };
    assert_eq!(invoices.update(id, &wrong).await.unwrap_err().kind(), ErrorKind::Invalid);
    let listed: Vec<Row<Invoice>> = invoices.list().stream().try_collect().await.unwrap();
    assert_eq!((listed.len(), listed[0].account_id), (1, Some(account)));
}

#[tokio::test]
async fn parents_and_sub_selects_of_ones_own_structs_decode() {
    let org = Org::with(Data::Demo).await;
    let query = "SELECT Id, Account__r.Name, (SELECT Id, Text__c, Sum__c FROM Lines__r ORDER BY Quantity__c) FROM Invoice__c LIMIT 1";
    let row = org.client.query::<Invoice>(query).first().await.unwrap().unwrap();
    assert!(row.account.as_ref().is_some_and(|account| account.name.is_some()));
    let sums: Vec<_> = row.lines.as_ref().unwrap().records.iter().map(|line| line.as_ref().unwrap().sum).collect();
    assert_eq!(sums, [Some(100.into()), Some(200.into())]);
}
