//! Cases.

use std::sync::Arc;

use super::list_entry;
use crate::salesforce::ids::SfId;
use crate::salesforce::org::Org;
use crate::salesforce::schema::Object;
use crate::salesforce::store::Row;
use crate::salesforce::value::Value;

/// What a case shows of its contact.
const COPIED: [(&str, &str); 4] =
    [("ContactPhone", "Phone"), ("ContactMobile", "MobilePhone"), ("ContactEmail", "Email"), ("ContactFax", "Fax")];

/// Status, account and contact data of a case.
pub(super) fn case(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>) {
    let closed = list_entry(&org.schema, &org.store, "CaseStatus", row.get(object, "Status"))
        .is_some_and(|(list, status)| status.get(list, "IsClosed").is_true());
    let was_closed = before.is_some_and(|before| before.get(object, "IsClosed").is_true());
    if closed != was_closed {
        row.set(object, "ClosedDate", if closed { Value::DateTime(org.now) } else { Value::Null });
    }
    row.set(object, "IsClosed", Value::Bool(closed));
    let contact_changed = before.is_none_or(|before| before.get(object, "ContactId") != row.get(object, "ContactId"));
    if contact_changed && row.get(object, "AccountId").is_null() {
        let contact = row.get(object, "ContactId").as_id().and_then(|contact| org.store.lookup(contact));
        let account =
            contact.map_or(Value::Null, |(contacts, row)| row.get(org.schema.object(contacts), "AccountId").clone());
        row.set(object, "AccountId", account);
    }
    copy(org, object, row);
}

fn copy(org: &Org, object: &Object, row: &mut Row) {
    let contact = row.get(object, "ContactId").as_id().and_then(|contact| org.store.lookup(contact));
    for (name, source) in COPIED {
        let value = contact.map_or(Value::Null, |(contacts, row)| row.get(org.schema.object(contacts), source).clone());
        row.set(object, name, value);
    }
}

/// Brings what cases show of a contact up to date. No stamp moves.
pub(super) fn copy_contact(org: &mut Org, contact: SfId) {
    let schema = Arc::clone(&org.schema);
    let Some(cases) = schema.find("Case") else {
        return;
    };
    let object = schema.object(cases);
    let Some(link) = object.position("ContactId") else {
        return;
    };
    for id in org.store.live_with_value(cases, link, &Value::Id(contact)) {
        let Some(mut row) = org.store.get(cases, id).cloned() else {
            continue;
        };
        copy(org, object, &mut row);
        org.store.put(cases, row);
    }
}
