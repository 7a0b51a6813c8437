//! Platform events: defined like objects, published like records, stored by nobody.

use super::makers::*;
use super::{Abilities, FieldType, Object};

/// What can be done with a platform event: publish it.
const PUBLISHED: Abilities = Abilities { createable: true, replicateable: false, ..SETUP };

/// The platform events of the organisation.
pub(super) fn platform_events() -> Vec<Object> {
    vec![build(
        Object::new("Low_Ink__e", "Low Ink", "Low Ink", "e00"),
        PUBLISHED,
        vec![
            fixed_fields(),
            vec![
                text("Printer_Model__c", "Printer Model", 255).create_only(),
                text("Serial_Number__c", "Serial Number", 80).create_only().not_null(),
                decimal("Ink_Percentage__c", "Ink Percentage", FieldType::Double, 18, 2).create_only(),
                datetime("Noticed_At__c", "Noticed At").create_only(),
                boolean("Urgent__c", "Urgent").create_only(),
            ],
        ],
    )]
}

/// What every platform event has.
fn fixed_fields() -> Vec<super::Field> {
    vec![
        text("ReplayId", "Replay ID", 1_000),
        datetime("CreatedDate", "Created Date").not_null().platform(),
        reference("CreatedById", "Created By ID", &["User"]).not_null().platform(),
        text("EventUuid", "Event UUID", 36),
    ]
}
