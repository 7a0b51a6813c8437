use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{Case, Children, Contact, Opportunity, User, sobject};
use crate::Id;

sobject! {
    /// A company.
    Account("Account", "001"), NewAccount, AccountUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The account it was merged into, if it was deleted by a merge.
        master_record_id "MasterRecordId": Id<Account>,
        /// The day of the last activity. Changes without a stamp.
        last_activity_date "LastActivityDate": NaiveDate,
        /// When it was created.
        created_date "CreatedDate": DateTime<Utc>,
        /// Who created it.
        created_by_id "CreatedById": Id<User>,
        /// When a user last changed it.
        last_modified_date "LastModifiedDate": DateTime<Utc>,
        /// Who changed it last.
        last_modified_by_id "LastModifiedById": Id<User>,
        /// When it last changed, by a user or by automation: the cursor for incremental reads.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {}
    fields {
        /// Name; required, at most 255 characters.
        name "Name": String,
        /// Type, such as `Customer - Direct`.
        account_type "Type": String,
        /// The parent account.
        parent_id "ParentId": Id<Account>,
        /// Billing address: street.
        billing_street "BillingStreet": String,
        /// Billing address: city.
        billing_city "BillingCity": String,
        /// Billing address: state or province.
        billing_state "BillingState": String,
        /// Billing address: postal code.
        billing_postal_code "BillingPostalCode": String,
        /// Billing address: country.
        billing_country "BillingCountry": String,
        /// Shipping address: street.
        shipping_street "ShippingStreet": String,
        /// Shipping address: city.
        shipping_city "ShippingCity": String,
        /// Shipping address: state or province.
        shipping_state "ShippingState": String,
        /// Shipping address: postal code.
        shipping_postal_code "ShippingPostalCode": String,
        /// Shipping address: country.
        shipping_country "ShippingCountry": String,
        /// Main phone number.
        phone "Phone": String,
        /// Fax number.
        fax "Fax": String,
        /// Web site.
        website "Website": String,
        /// Industry.
        industry "Industry": String,
        /// Annual revenue.
        annual_revenue "AnnualRevenue": Decimal,
        /// Number of employees.
        number_of_employees "NumberOfEmployees": i64,
        /// Description, at most 32,000 characters. Cannot be filtered by.
        description "Description": String,
        /// Owner.
        owner_id "OwnerId": Id<User>,
    }
    hidden {
        /// ISO code of the amounts' currency; only in organisations with several currencies.
        currency_iso_code "CurrencyIsoCode": String,
    }
    extra {
        /// The account above it, from fields of the relationship `Parent`.
        parent "Parent": Box<Account>,
        /// The owner, from fields of the relationship `Owner`.
        owner "Owner": Box<User>,
        /// Its people, from a sub-select on `Contacts`.
        contacts "Contacts": Children<Contact>,
        /// Its sales, from a sub-select on `Opportunities`.
        opportunities "Opportunities": Children<Opportunity>,
        /// Its questions and complaints, from a sub-select on `Cases`.
        cases "Cases": Children<Case>,
        /// Its subsidiaries, from a sub-select on `ChildAccounts`.
        child_accounts "ChildAccounts": Children<Account>,
    }
}
