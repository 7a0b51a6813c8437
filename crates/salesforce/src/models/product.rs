use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{Children, Opportunity, User, sobject};
use crate::Id;

sobject! {
    /// A product or service for sale.
    Product2("Product2", "01t"), NewProduct2, Product2Update;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
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
        /// The organisation's own code.
        product_code "ProductCode": String,
        /// Product family.
        family "Family": String,
        /// Description, at most 4,000 characters.
        description "Description": String,
        /// Whether it can be sold.
        is_active "IsActive": bool,
        /// Stock keeping unit.
        stock_keeping_unit "StockKeepingUnit": String,
        /// In what its quantity is measured.
        quantity_unit_of_measure "QuantityUnitOfMeasure": String,
    }
    hidden {}
    extra {
        /// Its prices, from a sub-select on `PricebookEntries`.
        prices "PricebookEntries": Children<PricebookEntry>,
    }
}

sobject! {
    /// A list of prices.
    Pricebook2("Pricebook2", "01s"), NewPricebook2, Pricebook2Update;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// Whether it is the one that holds every product's standard price.
        is_standard "IsStandard": bool,
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
        /// Description, at most 255 characters.
        description "Description": String,
        /// Whether it can be chosen.
        is_active "IsActive": bool,
    }
    hidden {}
    extra {}
}

sobject! {
    /// The price of a product in a price book. A product needs its standard price first.
    PricebookEntry("PricebookEntry", "01u"), NewPricebookEntry, PricebookEntryUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The product's name.
        name "Name": String,
        /// The product's code.
        product_code "ProductCode": String,
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
    create {
        /// The price book; required, fixed.
        pricebook2_id "Pricebook2Id": Id<Pricebook2>,
        /// The product; required, fixed.
        product2_id "Product2Id": Id<Product2>,
    }
    fields {
        /// The price; required.
        unit_price "UnitPrice": Decimal,
        /// Whether it can be chosen.
        is_active "IsActive": bool,
        /// Whether it follows the standard price.
        use_standard_price "UseStandardPrice": bool,
    }
    hidden {}
    extra {
        /// The product, from fields of the relationship `Product2`.
        product2 "Product2": Box<Product2>,
        /// The price book, from fields of the relationship `Pricebook2`.
        pricebook2 "Pricebook2": Box<Pricebook2>,
    }
}

sobject! {
    /// A product in an opportunity. With line items the opportunity's amount is their sum, and not writable.
    OpportunityLineItem("OpportunityLineItem", "00k"), NewOpportunityLineItem, OpportunityLineItemUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The names of the opportunity and the product.
        name "Name": String,
        /// The product's code.
        product_code "ProductCode": String,
        /// The price in the price book.
        list_price "ListPrice": Decimal,
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
    create {
        /// The opportunity; required, fixed.
        opportunity_id "OpportunityId": Id<Opportunity>,
        /// The price; required, fixed, from the opportunity's price book.
        pricebook_entry_id "PricebookEntryId": Id<PricebookEntry>,
        /// The product.
        product2_id "Product2Id": Id<Product2>,
    }
    fields {
        /// How many; required.
        quantity "Quantity": Decimal,
        /// The price of one. Give either this or the total.
        unit_price "UnitPrice": Decimal,
        /// The price of all, after the discount.
        total_price "TotalPrice": Decimal,
        /// Discount in percent.
        discount "Discount": Decimal,
        /// The day of delivery.
        service_date "ServiceDate": NaiveDate,
        /// Description, at most 255 characters.
        description "Description": String,
        /// Its place in the order.
        sort_order "SortOrder": i64,
    }
    hidden {}
    extra {
        /// The product, from fields of the relationship `Product2`.
        product2 "Product2": Box<Product2>,
        /// The price, from fields of the relationship `PricebookEntry`.
        pricebook_entry "PricebookEntry": Box<PricebookEntry>,
    }
}
