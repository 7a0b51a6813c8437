// Made by the example `codegen` of the crate `salesforce` from what an organisation tells of its objects.
// Make it again when the objects change; what is changed here by hand is then lost.

salesforce::picklist! {
    /// Status of Invoice.
    pub enum InvoiceStatus {
        Draft = "Draft",
        Sent = "Sent",
        Paid = "Paid",
        Void = "Void",
    }
}

/// Invoice.
#[derive(Clone, PartialEq, salesforce::SObject)]
#[salesforce(object = "Invoice__c", prefix = "a03")]
#[salesforce(new = NewInvoice, update = InvoiceUpdate)]
pub struct Invoice {
    /// The record's id.
    pub id: salesforce::Id<Invoice>,
    /// Deleted.
    #[salesforce(read_only)]
    pub is_deleted: Option<bool>,
    /// Created Date.
    #[salesforce(read_only)]
    pub created_date: Option<chrono::DateTime<chrono::Utc>>,
    /// Created By ID.
    #[salesforce(read_only)]
    pub created_by_id: Option<salesforce::Id<salesforce::User>>,
    /// Last Modified Date.
    #[salesforce(read_only)]
    pub last_modified_date: Option<chrono::DateTime<chrono::Utc>>,
    /// Last Modified By ID.
    #[salesforce(read_only)]
    pub last_modified_by_id: Option<salesforce::Id<salesforce::User>>,
    /// System Modstamp.
    #[salesforce(read_only)]
    pub system_modstamp: Option<chrono::DateTime<chrono::Utc>>,
    /// Last Viewed Date.
    #[salesforce(read_only)]
    pub last_viewed_date: Option<chrono::DateTime<chrono::Utc>>,
    /// Last Referenced Date.
    #[salesforce(read_only)]
    pub last_referenced_date: Option<chrono::DateTime<chrono::Utc>>,
    /// Invoice Number. At most 80 characters. The vendor numbers it.
    #[salesforce(read_only)]
    pub name: Option<String>,
    /// Account. A new record needs it.
    #[salesforce(field = "Account__c", create_only)]
    pub account_id: Option<salesforce::Id<salesforce::Account>>,
    /// Project.
    #[salesforce(field = "Project__c")]
    pub project_id: Option<salesforce::AnyId>,
    /// Status.
    #[salesforce(field = "Status__c")]
    pub status: Option<InvoiceStatus>,
    /// Total. At most 16 digits before the point and 2 after it.
    #[salesforce(field = "Total__c")]
    pub total: Option<rust_decimal::Decimal>,
    /// Issued.
    #[salesforce(field = "Issued__c")]
    pub issued: Option<chrono::NaiveDate>,
}

impl std::fmt::Debug for Invoice {
    /// The id only: the rest may be personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invoice").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Invoice Line.
#[derive(Clone, PartialEq, salesforce::SObject)]
#[salesforce(object = "Invoice_Line__c", prefix = "a04")]
#[salesforce(new = NewInvoiceLine, update = InvoiceLineUpdate)]
pub struct InvoiceLine {
    /// The record's id.
    pub id: salesforce::Id<InvoiceLine>,
    /// Deleted.
    #[salesforce(read_only)]
    pub is_deleted: Option<bool>,
    /// Created Date.
    #[salesforce(read_only)]
    pub created_date: Option<chrono::DateTime<chrono::Utc>>,
    /// Created By ID.
    #[salesforce(read_only)]
    pub created_by_id: Option<salesforce::Id<salesforce::User>>,
    /// Last Modified Date.
    #[salesforce(read_only)]
    pub last_modified_date: Option<chrono::DateTime<chrono::Utc>>,
    /// Last Modified By ID.
    #[salesforce(read_only)]
    pub last_modified_by_id: Option<salesforce::Id<salesforce::User>>,
    /// System Modstamp.
    #[salesforce(read_only)]
    pub system_modstamp: Option<chrono::DateTime<chrono::Utc>>,
    /// Last Viewed Date.
    #[salesforce(read_only)]
    pub last_viewed_date: Option<chrono::DateTime<chrono::Utc>>,
    /// Last Referenced Date.
    #[salesforce(read_only)]
    pub last_referenced_date: Option<chrono::DateTime<chrono::Utc>>,
    /// Line Number. At most 80 characters. The vendor numbers it.
    #[salesforce(read_only)]
    pub name: Option<String>,
    /// Invoice. A new record needs it.
    #[salesforce(field = "Invoice__c", create_only)]
    pub invoice_id: Option<salesforce::Id<Invoice>>,
    /// Text. At most 255 characters.
    #[salesforce(field = "Text__c")]
    pub text: Option<String>,
    /// Quantity. At most 8 digits before the point and 2 after it.
    #[salesforce(field = "Quantity__c")]
    pub quantity: Option<rust_decimal::Decimal>,
    /// Price. At most 16 digits before the point and 2 after it.
    #[salesforce(field = "Price__c")]
    pub price: Option<rust_decimal::Decimal>,
    /// Sum. At most 16 digits before the point and 2 after it. A formula.
    #[salesforce(field = "Sum__c", read_only)]
    pub sum: Option<rust_decimal::Decimal>,
}

impl std::fmt::Debug for InvoiceLine {
    /// The id only: the rest may be personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvoiceLine").field("id", &self.id).finish_non_exhaustive()
    }
}
