//! How people see records: list views, and the sections of page layouts.

use crm_model::{Contact, FieldGroup, FieldKey, Object, ObjectKind, Schema, View};
use http::Method;
use rest_core::{Call, Error, ErrorKind, Result, Safety};
use salesforce::soql::Soql;
use salesforce::{AnyId, Salesforce};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::VENDOR;
use super::table::Table;

/// The objects that have list views.
pub(crate) const VIEWED: [ObjectKind; 5] =
    [ObjectKind::Account, ObjectKind::Contact, ObjectKind::Lead, ObjectKind::Deal, ObjectKind::Ticket];
/// The objects whose page layouts are told.
pub(crate) const LAID_OUT: [ObjectKind; 6] = [
    ObjectKind::Account,
    ObjectKind::Contact,
    ObjectKind::Lead,
    ObjectKind::Deal,
    ObjectKind::Ticket,
    ObjectKind::Task,
];

#[derive(Deserialize)]
struct Views {
    listviews: Vec<Entry>,
    #[serde(rename = "nextRecordsUrl")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    label: String,
}

#[derive(Deserialize)]
struct Described {
    query: String,
}

#[derive(Deserialize)]
struct Layouts {
    layouts: Vec<Page>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    id: Option<String>,
    #[serde(default)]
    detail_layout_sections: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Section {
    heading: Option<String>,
    #[serde(default)]
    layout_rows: Vec<RowOfItems>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RowOfItems {
    #[serde(default)]
    layout_items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default)]
    layout_components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "type")]
    kind: String,
    value: Option<String>,
}

async fn get<A: DeserializeOwned>(client: &Salesforce, operation: &'static str, path: String) -> Result<A> {
    let reply = client.raw(Call::new(Method::GET, operation).raw_path(path).safety(Safety::Read)).await?;
    serde_json::from_slice(&reply.body).map_err(|error| {
        let what = format!("the answer cannot be read at line {}, column {}", error.line(), error.column());
        Error::new(ErrorKind::Decode, operation).with_vendor(VENDOR).with_message(what)
    })
}

/// The list views of an object that this user can see.
pub(crate) async fn views(client: &Salesforce, object: ObjectKind, api: &str) -> Result<Vec<View>> {
    let mut path = format!("/services/data/v{}/sobjects/{api}/listviews", client.version());
    let mut views: Vec<View> = Vec::new();
    loop {
        let page: Views = get(client, "views", path.clone()).await?;
        views.extend(page.listviews.into_iter().map(|entry| View::new(object, entry.id, entry.label)));
        match page.next {
            Some(next) if next != path => path = next,
            Some(_) => {
                let error = Error::new(ErrorKind::Decode, "views").with_vendor(VENDOR);
                return Err(error.with_message("the next page of list views is the one that was just read"));
            }
            None => return Ok(views),
        }
    }
}

/// The query behind a list view, in the view's own order.
pub(crate) async fn query(client: &Salesforce, object: ObjectKind, api: &str, view: &str) -> Result<Soql> {
    let missing = || {
        let message = format!("there is no list view {view} of {object} records");
        Error::new(ErrorKind::NotFound, "list").with_vendor(VENDOR).with_message(message)
    };
    let id: AnyId = view.parse().map_err(|_| missing())?;
    let path = format!("/services/data/v{}/sobjects/{api}/listviews/{id}/describe", client.version());
    let described: Described = get(client, "list", path).await?;
    Ok(Soql::unchecked(described.query))
}

/// The sections of the page layouts of an object, with the fields that the model knows.
pub(crate) async fn groups(client: &Salesforce, table: &Table, api: &str, schema: &Schema) -> Result<Vec<FieldGroup>> {
    let path = format!("/services/data/v{}/sobjects/{api}/describe/layouts", client.version());
    let answer: Layouts = get(client, "field_groups", path).await?;
    let several = answer.layouts.len() > 1;
    let mut groups = Vec::new();
    for (number, page) in answer.layouts.into_iter().enumerate() {
        let page_id = page.id.unwrap_or_else(|| number.to_string());
        for (order, section) in (0..).zip(page.detail_layout_sections) {
            let heading = section.heading.filter(|heading| !heading.trim().is_empty());
            let label = heading.unwrap_or_else(|| format!("Section {}", order + 1));
            let mut group = FieldGroup::new(table.kind, format!("{page_id}-{order}"), label);
            group.order = order;
            group.page = several.then(|| page_id.clone());
            group.fields = keys(&section.layout_rows, table, schema);
            groups.push(group);
        }
    }
    Ok(groups)
}

/// The keys of the fields of a section, in its order, each once.
fn keys(rows: &[RowOfItems], table: &Table, schema: &Schema) -> Vec<FieldKey> {
    let components = rows.iter().flat_map(|row| &row.layout_items).flat_map(|item| &item.layout_components);
    let names = components.filter(|component| component.kind == "Field").filter_map(|field| field.value.as_deref());
    let mut keys: Vec<FieldKey> = Vec::new();
    for key in names.filter_map(|name| key(name, table, schema)) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The model's name of a field of the vendor.
fn key(api: &str, table: &Table, schema: &Schema) -> Option<FieldKey> {
    let is_address = table.addresses.iter().any(|(_, prefix)| api.strip_prefix(prefix) == Some("Address"));
    if is_address {
        return schema.field(&Contact::ADDRESSES).map(|field| field.key.clone());
    }
    let named = schema.fields.iter().find(|field| field.api_names.iter().any(|name| name.eq_ignore_ascii_case(api)));
    named.map(|field| field.key.clone())
}

/// Whether an object is what a type of the model stands for.
pub(crate) fn is_viewed<T: Object>() -> bool {
    VIEWED.contains(&T::KIND)
}
