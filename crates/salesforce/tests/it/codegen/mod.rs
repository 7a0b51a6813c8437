//! The example `codegen`: what it writes for the emulated organisation is a checked-in file, which is compiled here and
//! reads and writes records of that organisation.

#[allow(unreachable_pub, reason = "the code is for the API of a crate")]
mod invoices;
#[path = "../../../examples/codegen/names.rs"]
mod names;
#[path = "../../../examples/codegen/render.rs"]
mod render;

use rust_decimal::Decimal;
use salesforce::{Describe, NewAccount, SObject};
use serde_json::{Value, json};

use self::invoices::{Invoice, InvoiceLine, InvoiceStatus, InvoiceUpdate, NewInvoice, NewInvoiceLine};
use self::render::render;
use crate::Org;

/// The code for one described object, and that each of these is in it.
fn code_with(described: Value, expected: &[&str]) -> String {
    let described: Describe = serde_json::from_value(described).unwrap();
    let code = render(&[described]);
    for expected in expected {
        assert!(code.contains(expected), "{expected} is not in\n{code}");
    }
    code
}

#[tokio::test]
async fn the_code_for_two_objects_of_the_organisation_is_the_file_that_is_compiled() {
    let org = Org::empty().await;
    let mut objects = Vec::new();
    for name in ["Invoice__c", "Invoice_Line__c"] {
        objects.push(org.client.described(name).await.unwrap().as_ref().clone());
    }
    let code = render(&objects);
    assert_eq!(code, include_str!("invoices.rs"), "make the file again; it should be:\n{code}");
}

#[tokio::test]
async fn records_go_there_and_back_through_the_compiled_code() {
    let org = Org::empty().await;
    let account = NewAccount { name: Some("Acme".into()), ..NewAccount::default() };
    let account = org.client.accounts().create(&account).await.unwrap();
    let (invoices, lines) = (org.client.records::<Invoice>(), org.client.records::<InvoiceLine>());
    let new = NewInvoice {
        account_id: Some(account),
        status: Some(InvoiceStatus::Sent),
        total: Some(Decimal::new(1_050, 2)),
        issued: "2025-06-02".parse().ok(),
        ..NewInvoice::default()
    };
    let id = invoices.create(&new).await.unwrap();
    let line = NewInvoiceLine {
        invoice_id: Some(id),
        text: Some("Engine".into()),
        quantity: Some(3.into()),
        price: Some(Decimal::new(350, 2)),
        ..NewInvoiceLine::default()
    };
    let line = lines.get(lines.create(&line).await.unwrap()).await.unwrap();
    assert_eq!((line.invoice_id, line.sum), (Some(id), Some(Decimal::new(1_050, 2))));
    let paid = InvoiceUpdate { status: InvoiceStatus::Paid.into(), ..InvoiceUpdate::default() };
    invoices.update(id, &paid).await.unwrap();
    let row = invoices.get(id).await.unwrap();
    assert_eq!((row.account_id, row.status.clone()), (new.account_id, Some(InvoiceStatus::Paid)));
    assert_eq!((row.total, row.issued), (new.total, new.issued));
    assert!(row.name.is_some() && row.created_date.is_some() && row.is_deleted == Some(false));
    let described = org.client.described(Invoice::NAME).await.unwrap();
    let all: Vec<&str> = described.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(Invoice::FIELDS, all, "every field is read");
    assert!(!format!("{row:?}").contains("INV-"), "what a record holds is not shown");
}

#[test]
fn names_that_rust_would_not_take_become_names_it_takes() {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind, "label": name });
    let fields = [
        field("Id", "id"),
        field("Type", "string"),
        field("Self__c", "string"),
        field("Custom__c", "boolean"),
        field("Name", "string"),
        field("Name__c", "string"),
        field("acme__Size__c", "int"),
        field("Area__Latitude__s", "double"),
        field("Area__c", "location"),
        field("Old__c", "anyType"),
        field("Contact__c", "reference"),
        field("2nd__c", "long"),
    ];
    let code = code_with(
        json!({ "name": "Option__c", "label": "Option", "keyPrefix": "a0-", "fields": fields }),
        &[
            "pub struct OptionRecord {",
            "#[salesforce(object = \"Option__c\")]\n",
            "pub id: salesforce::Id<OptionRecord>,",
            "#[salesforce(read_only)]\n    pub r#type: Option<String>,",
            "#[salesforce(field = \"Self__c\", read_only)]\n    pub self_field: Option<String>,",
            "#[salesforce(field = \"Custom__c\", read_only)]\n    pub custom_c: Option<bool>,",
            "pub name: Option<String>,",
            "#[salesforce(field = \"Name__c\", read_only)]\n    pub name_c: Option<String>,",
            "pub acme_size: Option<i64>,",
            "pub area_latitude: Option<rust_decimal::Decimal>,",
            "pub contact_id: Option<salesforce::AnyId>,",
            "pub n2nd: Option<i64>,",
            "/// Left out: `Area__c` (a compound of fields that are here), `Old__c` (of the type anyType).",
        ],
    );
    assert!(!code.contains("new = "), "nothing can be written:\n{code}");
}

#[test]
fn values_that_are_no_names_or_collide_get_names_of_their_own() {
    let values =
        ["1-10", "11-0", "110", "+", "Other", "Self", "new one", "New One", "Größe", "USA", "a \"b\" \\ {c}", "+"];
    let values: Vec<_> = values.iter().map(|value| json!({ "value": value, "active": true })).collect();
    let old = json!([{ "value": "Old", "label": "Old [x]", "active": false }]);
    let kind = |name: &str, values: Value, createable: bool, updateable: bool| {
        json!({ "name": name, "type": "picklist", "label": "Kind", "picklistValues": values,
                "createable": createable, "updateable": updateable })
    };
    let fields = [
        kind("CaseKind", values.into(), true, false),
        kind("Kind__c", old, true, true),
        kind("CaseKind__c", json!([{ "value": "A", "active": true }]), false, false),
        kind("Empty__c", json!([]), true, true),
    ];
    let code = code_with(
        json!({ "name": "Case", "label": "Case", "createable": true, "fields": fields }),
        &[
            "N1_10 = \"1-10\",",
            "N11_0 = \"11-0\",",
            "N110 = \"110\",",
            "Value = \"+\",",
            "OtherValue = \"Other\",",
            "SelfValue = \"Self\",",
            "NewOne = \"new one\",",
            "NewOne2 = \"New One\",",
            "Größe = \"Größe\",",
            "Usa = \"USA\",",
            "ABC = \"a \\\"b\\\" \\\\ {c}\",",
            "/// Old \\[x\\].\n        ///\n        /// No longer chosen for new values.\n        Old = \"Old\",",
            "pub enum CaseKind {",
            "pub enum CaseKind2 {",
            "pub enum CaseKind3 {",
            "#[salesforce(create_only)]\n    pub case_kind: Option<CaseKind>,",
            "pub empty: Option<String>,",
            "#[salesforce(new = NewCase, update = CaseUpdate)]",
        ],
    );
    assert_eq!(code.matches("\"+\",").count(), 1, "a value given twice is one value:\n{code}");
}

#[test]
fn documentation_tells_what_a_writer_must_know() {
    let fields = json!([
        { "name": "Plate__c", "type": "string", "label": "Plate", "length": 12, "createable": true, "updateable": true,
          "externalId": true, "unique": true, "inlineHelpText": "As on\n the <front>, not [behind]." },
        { "name": "Price__c", "type": "currency", "label": "Price", "precision": 18, "scale": 2, "nillable": true },
        { "name": "OwnerId", "type": "reference", "label": "Owner ID", "referenceTo": ["Group", "User"],
          "updateable": true, "nillable": true },
        { "name": "Driver__c", "type": "reference", "label": "Driver", "referenceTo": ["Contact"],
          "createable": true, "nillable": true },
    ]);
    code_with(
        json!({ "name": "Van__c", "label": "Van", "createable": true, "updateable": true, "keyPrefix": "a0V",
                "fields": fields }),
        &[
            "/// Plate. A new record needs it. At most 12 characters. A unique external id.\n    ///\n",
            "    /// As on the \\<front\\>, not \\[behind\\].\n",
            "/// Price. At most 16 digits before the point and 2 after it.\n",
            "/// Owner ID. An id of one of Group, User. A new record cannot name it.\n    pub owner_id: Option<salesforce::AnyId>,",
            "#[salesforce(field = \"Driver__c\", create_only)]\n    pub driver_id: Option<salesforce::Id<salesforce::Contact>>,",
            "#[salesforce(object = \"Van__c\", prefix = \"a0V\")]",
        ],
    );
}
