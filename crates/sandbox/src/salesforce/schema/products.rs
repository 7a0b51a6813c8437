//! Products, price books and the lines of opportunities.

use super::makers::*;
use super::picklists as list;
use super::{Abilities, Field, FieldType, Object};

pub(super) fn all() -> Vec<Object> {
    vec![product(), price_book(), price_book_entry(), line_item()]
}

fn product() -> Object {
    let fields = vec![
        vec![
            id("Product ID"),
            text("Name", "Product Name", 255).rw().not_null().name_field(),
            text("ProductCode", "Product Code", 255).rw(),
            Field { length: 4_000, ..field("Description", "Product Description", FieldType::Textarea) }
                .rw()
                .extra("plaintextarea"),
            boolean("IsActive", "Active").rw().permission(true),
        ],
        audit(),
        vec![
            picklist("Family", "Product Family", 40, list::PRODUCT_FAMILY).rw(),
            url("DisplayUrl", "Display URL").rw(),
            text("QuantityUnitOfMeasure", "Quantity Unit Of Measure", 100).rw(),
            is_deleted(),
            boolean("IsArchived", "Archived"),
            text("StockKeepingUnit", "Product SKU", 180).rw(),
        ],
        viewed(),
        vec![create_once_key()],
    ];
    build(Object::new("Product2", "Product", "Products", "01t"), FULL, fields)
}

fn price_book() -> Object {
    let fields = vec![
        vec![id("Price Book ID"), is_deleted(), text("Name", "Price Book Name", 255).rw().not_null().name_field()],
        audit(),
        viewed(),
        vec![
            boolean("IsActive", "Active").rw(),
            boolean("IsArchived", "Archived"),
            text("Description", "Description", 255).rw(),
            boolean("IsStandard", "Is Standard Price Book"),
        ],
    ];
    let can = Abilities { feeds: false, ..FULL };
    build(Object::new("Pricebook2", "Price Book", "Price Books", "01s"), can, fields)
}

fn price_book_entry() -> Object {
    let part = |field: Field| field.create_only().not_null().children("PricebookEntries").cascade();
    let fields = vec![
        vec![
            id("Price Book Entry ID"),
            text("Name", "Product Name", 255).name_field(),
            part(reference("Pricebook2Id", "Price Book ID", &["Pricebook2"])),
            part(reference("Product2Id", "Product ID", &["Product2"])),
            currency("UnitPrice", "List Price", 2).rw().not_null(),
            boolean("IsActive", "Active").rw(),
            boolean("UseStandardPrice", "Use Standard Price").rw(),
        ],
        audit(),
        vec![text("ProductCode", "Product Code", 255), is_deleted(), boolean("IsArchived", "Archived")],
    ];
    let can = Abilities { undeletable: false, feeds: false, most_recently_used: false, ..FULL };
    build(Object::new("PricebookEntry", "Price Book Entry", "Price Book Entries", "01u"), can, fields)
}

fn line_item() -> Object {
    let fields = vec![
        vec![
            id("Line Item ID"),
            reference("OpportunityId", "Opportunity ID", &["Opportunity"])
                .create_only()
                .not_null()
                .children("OpportunityLineItems")
                .cascade(),
            int("SortOrder", "Sort Order").rw(),
            reference("PricebookEntryId", "Price Book Entry ID", &["PricebookEntry"])
                .create_only()
                .children("OpportunityLineItems")
                .restricts(),
            reference("Product2Id", "Product ID", &["Product2"]).create_only().children("OpportunityLineItems"),
            text("ProductCode", "Product Code", 255),
            text("Name", "Opportunity Product Name", 376).name_field(),
            decimal("Quantity", "Quantity", FieldType::Double, 12, 2).rw().not_null(),
            currency("TotalPrice", "Total Price", 2).rw().platform(),
            currency("UnitPrice", "Sales Price", 2).rw().platform(),
            currency("ListPrice", "List Price", 2),
            decimal("Discount", "Discount", FieldType::Percent, 5, 2).rw(),
            date("ServiceDate", "Date").rw(),
            text("Description", "Line Description", 255).rw(),
        ],
        audit(),
        vec![is_deleted()],
        viewed(),
    ];
    let can = Abilities { undeletable: false, searchable: false, feeds: false, most_recently_used: false, ..FULL };
    build(Object::new("OpportunityLineItem", "Opportunity Product", "Opportunity Product", "00k"), can, fields)
}
