//! The requests for contacts, sales accounts and deals, as data.

use rest_core::{Call, Result, Safety};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::Entity;
use super::paging::{MAX_PER_PAGE, PageQuery, SortOrder};
use super::records::UniqueIdentifier;
use crate::ids::ViewId;
use crate::models::FilterRule;

fn included(call: Call, include: &[impl AsRef<str>]) -> Call {
    let names: Vec<&str> = include.iter().map(AsRef::as_ref).collect();
    call.query_opt("include", (!names.is_empty()).then(|| names.join(",")))
}

pub(super) fn get_call<E: Entity>(id: E::Id, include: &[&str]) -> Call {
    included(Call::get(E::OPERATIONS.get).path([E::PLURAL.to_owned(), id.to_string()]), include)
}

pub(super) fn create_call<E: Entity>(record: &E::Write, include: &[&str]) -> Call {
    included(Call::post(E::OPERATIONS.create).path([E::PLURAL]).json(&Wrapped { key: E::SINGULAR, record }), include)
}

pub(super) fn update_call<E: Entity>(id: E::Id, record: &E::Write, include: &[&str]) -> Call {
    let call = Call::put(E::OPERATIONS.update).path([E::PLURAL.to_owned(), id.to_string()]);
    included(call.json(&Wrapped { key: E::SINGULAR, record }), include)
}

pub(super) fn upsert_call<E: Entity>(identifier: &UniqueIdentifier, record: &E::Write, include: &[&str]) -> Call {
    let body = Identified { identifier, wrapped: Wrapped { key: E::SINGULAR, record } };
    let call = Call::post(E::OPERATIONS.upsert).path([E::PLURAL, "upsert"]).safety(Safety::Idempotent);
    included(call.json(&body), include)
}

pub(super) fn delete_call<E: Entity>(id: E::Id) -> Call {
    Call::delete(E::OPERATIONS.delete).path([E::PLURAL.to_owned(), id.to_string()])
}

pub(super) fn forget_call<E: Entity>(id: E::Id) -> Call {
    Call::delete(E::OPERATIONS.forget).path([E::PLURAL.to_owned(), id.to_string(), "forget".to_owned()])
}

pub(super) fn page_call<E: Entity>(view: ViewId, query: &PageQuery) -> Call {
    let mut call = Call::get(E::OPERATIONS.list)
        .path([E::PLURAL.to_owned(), "view".to_owned(), view.to_string()])
        .query("page", query.page.to_string())
        .query("per_page", query.per_page.to_string());
    if let Some((column, order)) = &query.sort {
        let order = if *order == SortOrder::Descending { "desc" } else { "asc" };
        call = call.query("sort", column).query("sort_type", order);
    }
    included(call, &query.include)
}

pub(super) fn filtered_search_call<E: Entity>(rules: &[FilterRule], page: u64) -> Call {
    #[derive(Serialize)]
    struct Body<'a> {
        filter_rule: &'a [FilterRule],
    }
    Call::post(E::OPERATIONS.find)
        .safety(Safety::Read)
        .path(["filtered_search", E::SINGULAR])
        .query("page", page.to_string())
        .query("per_page", MAX_PER_PAGE.to_string())
        .json(&Body { filter_rule: rules })
}

/// `{"contact":{…}}`.
pub(super) struct Wrapped<'a, T> {
    pub(super) key: &'static str,
    pub(super) record: &'a T,
}

impl<T: Serialize> Serialize for Wrapped<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.key, self.record)?;
        map.end()
    }
}

/// `{"unique_identifier":{…},"contact":{…}}`.
struct Identified<'a, T> {
    identifier: &'a UniqueIdentifier,
    wrapped: Wrapped<'a, T>,
}

impl<T: Serialize> Serialize for Identified<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("unique_identifier", self.identifier)?;
        map.serialize_entry(self.wrapped.key, self.wrapped.record)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ContactId, DealId};
    use crate::models::{Contact, ContactWrite, Deal, DealWrite, EmailWrite, Set};
    use rest_core::BaseUrl;

    fn line(call: &Call) -> String {
        let base = BaseUrl::parse("https://acme.example/crm/sales/api").unwrap();
        let request = call.to_request(&base).unwrap();
        let body = String::from_utf8_lossy(request.body()).into_owned();
        assert_eq!(request.headers()["accept"], "application/json");
        let path = request.uri().to_string().replace("https://acme.example/crm/sales/api", "");
        format!("{} {path} {body}", request.method()).trim_end().to_owned()
    }

    #[test]
    fn requests_are_as_the_vendor_documents_them() {
        let ada = ContactWrite {
            last_name: "Lovelace".into(),
            city: Set::Null,
            emails: vec![EmailWrite {
                value: "ada@example.com".into(),
                is_primary: Some(true),
                ..EmailWrite::default()
            }],
            custom_field: [("cf_no-go".to_owned(), true.into())].into(),
            other: [("keyword".to_owned(), "b2b".into())].into(),
            ..ContactWrite::default()
        };
        let body = r#"{"last_name":"Lovelace","emails":[{"value":"ada@example.com","is_primary":true}],"city":null,"custom_field":{"cf_no-go":true},"keyword":"b2b"}"#;
        let deal = DealWrite {
            amount: "1234567890123456.78".parse::<rust_decimal::Decimal>().unwrap().into(),
            probability: rust_decimal::Decimal::new(125, 1).into(),
            contacts_added_list: vec![ContactId::new(7)],
            ..DealWrite::default()
        };
        let id = ContactId::new(70_042_006_456);
        let query = PageQuery {
            page: 2,
            per_page: 100,
            sort: Some(("updated_at".into(), SortOrder::Descending)),
            include: vec!["owner".into(), "sales_accounts".into()],
        };
        for (call, expected) in [
            (get_call::<Contact>(id, &["owner", "sales_accounts"]), "GET /contacts/70042006456?include=owner%2Csales_accounts".to_owned()),
            (get_call::<Contact>(id, &[]), "GET /contacts/70042006456".to_owned()),
            (create_call::<Contact>(&ada, &[]), format!(r#"POST /contacts {{"contact":{body}}}"#)),
            (update_call::<Contact>(id, &ada, &["owner"]), format!(r#"PUT /contacts/70042006456?include=owner {{"contact":{body}}}"#)),
            (upsert_call::<Contact>(&UniqueIdentifier::email("ada@example.com"), &ContactWrite::default(), &[]),
                r#"POST /contacts/upsert {"unique_identifier":{"emails":"ada@example.com"},"contact":{}}"#.to_owned()),
            (update_call::<Deal>(DealId::new(5), &deal, &[]), r#"PUT /deals/5 {"deal":{"amount":"1234567890123456.78","probability":12.5,"contacts_added_list":[7]}}"#.to_owned()),
            (delete_call::<Contact>(id), "DELETE /contacts/70042006456".to_owned()),
            (forget_call::<Contact>(id), "DELETE /contacts/70042006456/forget".to_owned()),
            (page_call::<Deal>(ViewId::new(9), &query), "GET /deals/view/9?page=2&per_page=100&sort=updated_at&sort_type=desc&include=owner%2Csales_accounts".to_owned()),
            (filtered_search_call::<Contact>(&[FilterRule::new("contact_email.email", "is_in", "a@b.c")], 1),
                r#"POST /filtered_search/contact?page=1&per_page=100 {"filter_rule":[{"attribute":"contact_email.email","operator":"is_in","value":"a@b.c"}]}"#.to_owned()),
        ] {
            assert_eq!(line(&call), expected);
        }
    }

    #[test]
    fn only_a_create_is_unsafe_to_repeat() {
        let write = ContactWrite::default();
        let id = ContactId::new(1);
        assert_eq!(create_call::<Contact>(&write, &[]).safety, Safety::Unsafe);
        assert_eq!(update_call::<Contact>(id, &write, &[]).safety, Safety::Idempotent);
        assert_eq!(upsert_call::<Contact>(&UniqueIdentifier::external_id("x"), &write, &[]).safety, Safety::Idempotent);
        assert_eq!(delete_call::<Contact>(id).safety, Safety::Idempotent);
        assert_eq!(filtered_search_call::<Contact>(&[], 1).safety, Safety::Read);
    }
}
