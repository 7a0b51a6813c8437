//! The custom fields and objects of the organisation: one field of every type somewhere.

use super::makers::*;
use super::picklists as list;
use super::{Abilities, DefaultValue, Field, FieldType, Object};

/// The custom fields of standard objects, beside those that stand in their tables.
pub(super) fn fields() -> Vec<(&'static str, Field)> {
    let mut all: Vec<(&'static str, Field)> = Vec::new();
    all.extend(every_type().into_iter().map(|field| ("Account", field)));
    for object in ["Account", "Lead", "Opportunity", "Case"] {
        all.push((object, legacy_id()));
    }
    for object in ["Lead", "Case"] {
        all.push((object, create_once_key()));
    }
    all.push((
        "Opportunity",
        formula("Weighted_Amount__c", "Weighted Amount", FieldType::Currency, "Amount * Probability / 100"),
    ));
    all.push((
        "Contact",
        formula("Mail_Label__c", "Mail Label", FieldType::String, "BLANKVALUE(FirstName, \"?\") & \" \" & LastName"),
    ));
    all
}

/// A key of an older system: external, but not unique.
fn legacy_id() -> Field {
    text("Legacy_Id__c", "Legacy Id", 40).rw().external_id()
}

fn formula(name: &'static str, label: &'static str, kind: FieldType, formula: &'static str) -> Field {
    let (precision, scale) = if kind.is_decimal() { (18, 2) } else { (0, 0) };
    let length = if kind == FieldType::String { 1_300 } else { 0 };
    Field { formula: Some(formula), precision, scale, length, ..field(name, label, kind) }
}

/// A custom reference: the parent is called as the field, with `__r` for `__c`.
fn lookup(name: &'static str, parent: &'static str, label: &'static str, to: &'static [&'static str]) -> Field {
    Field { relationship: Some(parent), ..reference(name, label, to).rw() }
}

/// On `Account`, a field of each type that an administrator can choose and that is not found elsewhere.
fn every_type() -> Vec<Field> {
    vec![
        picklist("Served_From__c", "Served From", 255, list::COUNTRIES_SERVED).rw().restricted(),
        Field { controller: Some("Served_From__c"), ..picklist("Plan__c", "Plan", 255, list::PLANS).rw().restricted() },
        Field { length: 4_099, picklist: list::COLOURS, ..field("Colours__c", "Colours", FieldType::Multipicklist) }
            .rw()
            .restricted(),
        currency("Credit_Limit__c", "Credit Limit", 2)
            .rw()
            .help("The most that may be owed, in the organisation's currency."),
        decimal("Discount__c", "Discount", FieldType::Percent, 5, 2).rw(),
        decimal("Score__c", "Score", FieldType::Double, 10, 3).rw(),
        date("Customer_Since__c", "Customer Since").rw(),
        datetime("Last_Audit__c", "Last Audit").rw(),
        field("Opening_Time__c", "Opening Time", FieldType::Time).rw(),
        decimal("Location__Latitude__s", "Location (Latitude)", FieldType::Double, 18, 15).rw().part_of("Location__c"),
        decimal("Location__Longitude__s", "Location (Longitude)", FieldType::Double, 18, 15)
            .rw()
            .part_of("Location__c"),
        field("Location__c", "Location", FieldType::Location),
        long_text("History__c", "History").rw(),
        Field { extra_type: Some("richtextarea"), ..long_text("Terms__c", "Terms").rw() },
        url("Portal__c", "Portal").rw(),
        phone("Hotline__c", "Hotline").rw(),
        email("Billing_Email__c", "Billing Email").rw(),
        boolean("Newsletter__c", "Newsletter").rw().starts(true),
        Field {
            auto_number: Some("CN-{00000}"),
            ..text("Customer_Number__c", "Customer Number", 30).not_null().platform()
        },
        Field { length: 175, ..field("Secret__c", "Secret", FieldType::EncryptedString) }.rw().opaque(),
        Field { case_sensitive: true, ..text("Erp_Key__c", "ERP Key", 40).rw().external_id().unique() },
        decimal("Erp_Number__c", "ERP Number", FieldType::Double, 12, 0).rw().external_id(),
        lookup("Key_Contact__c", "Key_Contact__r", "Key Contact", &["Contact"]).children("Key_Accounts__r"),
    ]
}

const CUSTOM: Abilities = Abilities { feeds: false, ..FULL };

/// A custom object with the fields that all have.
fn object(
    name: &'static str,
    label: &'static str,
    plural: &'static str,
    prefix: &'static str,
    fields: Vec<Field>,
) -> Object {
    let standard = vec![id("Record ID"), owner("Owner ID", &["Group", "User"]), is_deleted()];
    let detail = fields.iter().any(|field| field.cascade_delete && !field.nillable);
    // A detail belongs to whoever owns its master.
    let standard = standard.into_iter().filter(|field| !(detail && field.name == "OwnerId")).collect();
    build(Object::new(name, label, plural, prefix), CUSTOM, vec![standard, audit(), viewed(), fields])
}

fn name() -> Field {
    Field { default: DefaultValue::Platform, ..text("Name", "Name", 80).rw().not_null().name_field() }
}

fn auto_name(label: &'static str, format: &'static str) -> Field {
    Field { auto_number: Some(format), ..text("Name", label, 80).not_null().platform().name_field() }
}

/// A detail's reference to its master: set once, required, gone with it.
fn master(
    name: &'static str,
    parent: &'static str,
    label: &'static str,
    to: &'static [&'static str],
    children: &'static str,
) -> Field {
    let link = lookup(name, parent, label, to).not_null().children(children).cascade();
    Field { updateable: false, ..link }
}

pub(super) fn objects() -> Vec<Object> {
    vec![
        object(
            "BigTable__c",
            "Big Table",
            "Big Tables",
            "a00",
            vec![name(), decimal("Number__c", "Number", FieldType::Double, 18, 0).rw()],
        ),
        object(
            "UpsertTable__c",
            "Upsert Table",
            "Upsert Tables",
            "a01",
            vec![name(), text("ExtId__c", "External Id", 100).rw().external_id()],
        ),
        object(
            "Project__c",
            "Project",
            "Projects",
            "a02",
            vec![
                name(),
                lookup("Account__c", "Account__r", "Account", &["Account"]).children("Projects__r"),
                text("Project_Key__c", "Project Key", 40).rw().external_id().unique(),
                date("Due__c", "Due").rw(),
            ],
        ),
        object(
            "Invoice__c",
            "Invoice",
            "Invoices",
            "a03",
            vec![
                auto_name("Invoice Number", "INV-{0000}"),
                master("Account__c", "Account__r", "Account", &["Account"], "Invoices__r"),
                lookup("Project__c", "Project__r", "Project", &["Project__c"]).children("Invoices__r"),
                picklist("Status__c", "Status", 255, list::INVOICE_STATUS).rw().restricted().default("Draft"),
                currency("Total__c", "Total", 2).rw(),
                date("Issued__c", "Issued").rw(),
            ],
        ),
        object(
            "Invoice_Line__c",
            "Invoice Line",
            "Invoice Lines",
            "a04",
            vec![
                auto_name("Line Number", "L-{00000}"),
                master("Invoice__c", "Invoice__r", "Invoice", &["Invoice__c"], "Lines__r"),
                text("Text__c", "Text", 255).rw(),
                decimal("Quantity__c", "Quantity", FieldType::Double, 10, 2).rw(),
                currency("Price__c", "Price", 2).rw(),
                formula("Sum__c", "Sum", FieldType::Currency, "Quantity__c * Price__c"),
            ],
        ),
        object(
            "Line_Tax__c",
            "Line Tax",
            "Line Taxes",
            "a05",
            vec![
                name(),
                master("Line__c", "Line__r", "Line", &["Invoice_Line__c"], "Taxes__r"),
                decimal("Rate__c", "Rate", FieldType::Percent, 5, 2).rw(),
            ],
        ),
    ]
}
