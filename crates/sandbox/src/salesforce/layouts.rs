//! What an application needs to show records: layouts, compact layouts, quick actions, list views; and the content of
//! files.

use serde_json::{Value as Json, json};

use super::call::{Answer, Call};
use super::derive;
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::read::field_json;
use super::schema::{Field, FieldIndex, FieldType, Object, ObjectIndex};
use super::store::Row;

/// Columns of a layout.
const COLUMNS: usize = 2;
/// Fields of a compact layout, and columns of a list view.
const COMPACT: usize = 5;
/// Rows of a list view that a call gives unless it says otherwise, and at most.
const LIST_PAGE: usize = 25;
const LIST_MOST: usize = 2_000;
/// What people want to see first.
const PROMINENT: [&str; 16] = [
    "Company",
    "AccountId",
    "Title",
    "Phone",
    "Email",
    "StageName",
    "Status",
    "Status__c",
    "Amount",
    "Total__c",
    "CloseDate",
    "Priority",
    "Type",
    "StartDateTime",
    "ActivityDate",
    "Industry",
];

impl Org {
    /// `sobjects/X/describe/layouts` and its like.
    pub(crate) fn layout_resource(&self, call: &Call, object: &str, rest: &[&str]) -> Result<Answer, Failure> {
        let index = self.object_named(object)?;
        let object = self.schema.object(index);
        call.only("HEAD,GET")?;
        if !object.can.layoutable {
            return Err(ApiError::not_found().into());
        }
        match rest {
            ["describe", "layouts"] => Ok(Answer::ok(self.layouts(call, object))),
            ["describe", "layouts", record_type] => {
                let id = SfId::parse(record_type).map_err(|_| ApiError::not_found())?;
                let known = self.record_type_ids(object).into_iter().any(|known| known == id.to_string());
                if known { Ok(Answer::ok(self.layout(object))) } else { Err(ApiError::not_found().into()) }
            }
            ["describe", "compactLayouts"] => Ok(Answer::ok(self.compact_layouts(call, object))),
            ["describe", "approvalLayouts"] => Ok(Answer::ok(json!({"approvalLayouts": []}))),
            ["quickActions"] => Ok(Answer::ok(self.quick_actions(call, object))),
            ["listviews"] => Ok(Answer::ok(self.list_views(call, object))),
            ["listviews", id, rest @ ..] => self.list_view(call, index, id, rest),
            _ => Err(ApiError::not_found().into()),
        }
    }

    fn record_type_ids(&self, object: &Object) -> Vec<String> {
        let mut ids = vec!["012000000000000AAA".to_owned()];
        if let Some(types) = self.schema.find("RecordType") {
            let definition = self.schema.object(types);
            let own = |row: &&Row| row.get(definition, "SobjectType").as_text() == Some(object.name);
            ids.extend(self.store.rows(types).filter(own).map(|row| row.id.to_string()));
        }
        ids
    }

    fn layouts(&self, call: &Call, object: &Object) -> Json {
        let base = format!("/services/data/{}/sobjects/{}/describe/layouts", call.version, object.name);
        let mappings: Vec<Json> = self
            .record_type_ids(object)
            .into_iter()
            .map(|id| {
                json!({
                    "available": true, "defaultRecordTypeMapping": id.starts_with("0120000000000"),
                    "layoutId": LAYOUT, "master": id.starts_with("0120000000000"), "picklistsForRecordType": null,
                    "recordTypeId": id, "urls": {"layout": format!("{base}/{id}")},
                })
            })
            .collect();
        json!({
            "layouts": [self.layout(object)],
            "recordTypeMappings": mappings,
            "recordTypeSelectorRequired": [self.record_type_ids(object).len() > 1],
        })
    }

    /// The one page layout: the object's own fields, its addresses, long texts, and what the system knows.
    fn layout(&self, object: &Object) -> Json {
        let shown: Vec<&Field> = object.visible().map(|(_, field)| field).filter(|field| on_layout(field)).collect();
        let part = |wanted: &dyn Fn(&Field) -> bool| -> Vec<&Field> {
            shown.iter().copied().filter(|field| wanted(field)).collect()
        };
        let is_system = |field: &Field| ["CreatedById", "LastModifiedById", "OwnerId"].contains(&field.name);
        let is_long = |field: &Field| field.kind == FieldType::Textarea && !field.filterable;
        let is_place = |field: &Field| field.kind.is_compound();
        let own = part(&|field| !is_system(field) && !is_long(field) && !is_place(field));
        let sections = [
            (format!("{} Information", object.label), own, COLUMNS),
            ("Address Information".to_owned(), part(&is_place), COLUMNS),
            ("Description Information".to_owned(), part(&is_long), 1),
            ("System Information".to_owned(), part(&is_system), COLUMNS),
        ];
        let section = |place: usize, heading: &str, fields: &[&Field], columns: usize| {
            let rows: Vec<Json> = fields
                .chunks(columns)
                .map(|row| json!({"layoutItems": row.iter().map(|field| item(field)).collect::<Vec<_>>(), "numItems": columns}))
                .collect();
            json!({
                "collapsed": false, "columns": columns, "heading": heading, "layoutRows": rows,
                "layoutSectionId": format!("01B00000000000{place}AAA"), "parentLayoutId": LAYOUT, "rows": rows.len(),
                "tabOrder": "LeftToRight", "useCollapsibleSection": true, "useHeading": true,
            })
        };
        let all = |editable: bool| -> Vec<Json> {
            let mut list = Vec::new();
            for (place, (heading, fields, columns)) in sections.iter().enumerate() {
                let fields: Vec<&Field> =
                    fields.iter().copied().filter(|field| !editable || field.createable || field.updateable).collect();
                if !fields.is_empty() {
                    list.push(section(place, heading, &fields, *columns));
                }
            }
            list
        };
        let related: Vec<Json> = object
            .children
            .iter()
            .filter(|link| !link.hidden)
            .filter_map(|link| {
                let child = self.schema.object(link.child);
                let name = link.name.filter(|_| child.can.layoutable)?;
                Some(json!({
                    "field": child.field(link.field).name, "label": child.label_plural, "name": name,
                    "sobject": child.name, "limitRows": 5, "columns": [], "sort": [], "custom": child.name.ends_with("__c"),
                }))
            })
            .collect();
        json!({
            "buttonLayoutSection": {"detailButtons": []},
            "detailLayoutSections": all(false),
            "editLayoutSections": all(true),
            "feedView": null,
            "highlightsPanelLayoutSection": null,
            "id": LAYOUT,
            "multirowEditLayoutSections": [],
            "offlineLinks": [],
            "quickActionList": {"quickActionListItems": []},
            "relatedContent": null,
            "relatedLists": related,
            "saveOptions": [],
        })
    }

    fn compact_layouts(&self, call: &Call, object: &Object) -> Json {
        let items: Vec<Json> = columns(object).into_iter().map(|index| item(object.field(index))).collect();
        let mappings: Vec<Json> = self
            .record_type_ids(object)
            .into_iter()
            .map(|id| json!({"available": true, "compactLayoutId": null, "compactLayoutName": "SYSTEM", "recordTypeId": id}))
            .collect();
        let primary =
            format!("/services/data/{}/sobjects/{}/describe/compactLayouts/primary", call.version, object.name);
        json!({
            "compactLayouts": [{
                "actions": [], "fieldItems": items, "id": null, "imageItems": [], "label": "System Default",
                "name": "SYSTEM", "objectType": object.name,
            }],
            "defaultCompactLayoutId": null,
            "recordTypeCompactLayoutMappings": mappings,
            "urls": {"primary": primary},
        })
    }

    /// For each kind of child that people make by hand, the action that makes one.
    fn quick_actions(&self, call: &Call, object: &Object) -> Json {
        let mut actions: Vec<Json> = Vec::new();
        for link in object.children.iter().filter(|link| !link.hidden && link.name.is_some()) {
            let child = self.schema.object(link.child);
            let name = format!("{}.New{}", object.name, child.name.trim_end_matches("__c").replace('_', ""));
            let known = actions.iter().any(|action| action["name"] == name.as_str());
            if known || !child.can.layoutable || !child.can.createable || !child.can.most_recently_used {
                continue;
            }
            let url = format!("/services/data/{}/sobjects/{}/quickActions/{name}", call.version, object.name);
            actions.push(json!({
                "actionEnumOrId": name, "label": format!("New {}", child.label), "name": name, "type": "Create",
                "urls": {"quickAction": url, "describe": format!("{url}/describe"), "defaultValues": format!("{url}/defaultValues")},
            }));
        }
        Json::Array(actions)
    }

    /// The list views of an object, in the order of their ids.
    fn views_of(&self, object: &Object) -> Vec<&Row> {
        let Some(views) = self.schema.find("ListView") else {
            return Vec::new();
        };
        let definition = self.schema.object(views);
        let own = |row: &&Row| row.get(definition, "SobjectType").as_text() == Some(object.name);
        self.store.rows(views).filter(own).collect()
    }

    fn list_views(&self, call: &Call, object: &Object) -> Json {
        let views = self.views_of(object);
        let entries: Vec<Json> = views.iter().map(|view| self.view_entry(call, object, view)).collect();
        json!({
            "done": true, "listviews": entries, "nextRecordsUrl": null, "size": views.len(), "sobjectType": object.name,
        })
    }

    fn view_text(&self, view: &Row, field: &str) -> String {
        let views = self.schema.find("ListView").map(|index| self.schema.object(index));
        views.and_then(|views| view.get(views, field).as_text()).unwrap_or_default().to_owned()
    }

    fn view_entry(&self, call: &Call, object: &Object, view: &Row) -> Json {
        let url = format!("/services/data/{}/sobjects/{}/listviews/{}", call.version, object.name, view.id);
        json!({
            "describeUrl": format!("{url}/describe"), "developerName": self.view_text(view, "DeveloperName"),
            "id": view.id.to_string(), "label": self.view_text(view, "Name"), "resultsUrl": format!("{url}/results"),
            "soqlCompatible": true, "url": url,
        })
    }

    fn list_view(&self, call: &Call, index: ObjectIndex, id: &str, rest: &[&str]) -> Result<Answer, Failure> {
        let object = self.schema.object(index);
        let views = self.views_of(object);
        let named =
            |view: &&&Row| SfId::parse(id).is_ok_and(|id| id == view.id) || self.view_text(view, "DeveloperName") == id;
        let view = views.iter().find(named).ok_or_else(ApiError::not_found)?;
        let mine = self.view_text(view, "DeveloperName").starts_with("My");
        let columns = columns(object);
        match rest {
            [] => Ok(Answer::ok(self.view_entry(call, object, view))),
            ["describe"] => {
                let names: Vec<&str> = columns.iter().map(|index| object.field(*index).name).collect();
                let name = names.first().copied().unwrap_or("Id");
                let scope = if mine { " USING SCOPE mine" } else { "" };
                let query = format!(
                    "SELECT {}, Id, CreatedDate, LastModifiedDate, SystemModstamp FROM {}{scope} ORDER BY {name} ASC NULLS \
                     FIRST, Id ASC NULLS FIRST",
                    names.join(", "),
                    object.name
                );
                let order = |name: &str| json!({"fieldNameOrPath": name, "nullsPosition": "first", "sortDirection": "ascending"});
                Ok(Answer::ok(json!({
                    "columns": shown_columns(object, &columns), "id": view.id.to_string(),
                    "orderBy": [order(name), order("Id")], "query": query,
                    "scope": if mine { "mine" } else { "everything" }, "sobjectType": object.name,
                    "whereCondition": {"conditions": [], "conjunction": "and"},
                })))
            }
            ["results"] => Ok(Answer::ok(self.view_results(call, index, view, mine, &columns)?)),
            _ => Err(ApiError::not_found().into()),
        }
    }

    fn view_results(
        &self,
        call: &Call,
        index: ObjectIndex,
        view: &Row,
        mine: bool,
        columns: &[FieldIndex],
    ) -> Result<Json, ApiError> {
        let object = self.schema.object(index);
        let number = |name: &str, otherwise: usize| match call.param(name) {
            None => Ok(otherwise),
            Some(text) => text.parse::<usize>().map_err(|_| {
                ApiError::request("INVALID_QUERY_FILTER_OPERATOR", format!("{name} must be a whole number: {text}"))
            }),
        };
        let (limit, offset) = (number("limit", LIST_PAGE)?.min(LIST_MOST), number("offset", 0)?);
        let me = self.caller().user;
        let kept = |row: &&Row| !row.is_deleted() && (!mine || row.get(object, "OwnerId").as_id() == Some(me));
        let mut rows: Vec<&Row> = self.store.rows(index).filter(kept).collect();
        let name = |row: &Row| object.name_field().and_then(|name| row.values[name].as_text()).map(str::to_uppercase);
        rows.sort_by_cached_key(|row| (name(row), row.id));
        let end = rows.len().min(offset.saturating_add(limit));
        let page = rows.get(offset..end).unwrap_or_default();
        let cell = |row: &Row, index: FieldIndex| {
            let value = field_json(object, row, index, &call.version);
            let text = match value {
                Json::Null => Json::Null,
                Json::String(text) => Json::String(text),
                other => Json::String(other.to_string()),
            };
            json!({"fieldNameOrPath": object.field(index).name, "value": text})
        };
        let all = columns.iter().copied().chain(
            ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"]
                .into_iter()
                .filter_map(|name| object.find(name)),
        );
        let all: Vec<FieldIndex> = all.collect();
        let records: Vec<Json> = page
            .iter()
            .map(|row| json!({"columns": all.iter().map(|index| cell(row, *index)).collect::<Vec<_>>()}))
            .collect();
        Ok(json!({
            "columns": shown_columns(object, columns), "developerName": self.view_text(view, "DeveloperName"),
            "done": end == rows.len(), "id": view.id.to_string(), "label": self.view_text(view, "Name"),
            "records": records, "size": records.len(),
        }))
    }

    /// Whether a path's last part names content rather than a relationship.
    pub(crate) fn is_content(&self, object: &str, field: &str) -> bool {
        let object = self.schema.find(object).map(|index| self.schema.object(index));
        let field = object.and_then(|object| object.find(field).map(|index| object.field(index)));
        field.is_some_and(|field| field.kind == FieldType::Base64)
    }

    /// `sobjects/X/ID/FIELD` of a base64 field: the bytes.
    pub(crate) fn content(&self, call: &Call, object: &str, id: &str, field: &str) -> Result<Answer, Failure> {
        let index = self.object_named(object)?;
        call.only("HEAD,GET")?;
        let id = SfId::parse(id).map_err(|_| ApiError::not_found())?;
        let row = self.live_row(index, id).map_err(|_| ApiError::not_found())?;
        let object = self.schema.object(index);
        let content = row.get(object, field);
        if content.is_null() {
            return Err(ApiError::not_found().into());
        }
        let answer = Answer::binary(derive::bytes_of(content));
        Ok(match row.get(object, "ContentType").as_text() {
            Some(kind) => answer.header("content-type", kind),
            None => answer,
        })
    }
}

/// The id of the layout that every object has.
const LAYOUT: &str = "00h000000000001AAA";

/// Parts of compounds stand on a layout as their whole.
fn on_layout(field: &Field) -> bool {
    let whole = field.compound.is_none() || field.compound == Some("Name");
    let person = field.extra_type == Some("personname") && field.name_field;
    let technical = matches!(field.kind, FieldType::Id | FieldType::Base64)
        || ["IsDeleted", "SystemModstamp", "MasterRecordId", "PhotoUrl"].contains(&field.name);
    let stamp = field.kind == FieldType::DateTime && field.name.ends_with("Date") && !field.custom();
    whole && !person && !technical && !stamp
}

fn item(field: &Field) -> Json {
    json!({
        "editableForNew": field.createable, "editableForUpdate": field.updateable, "label": field.label,
        "layoutComponents": [{
            "apiName": field.name, "components": [], "displayLines": 1, "tabOrder": 0, "type": "Field", "value": field.name,
        }],
        "placeholder": false, "required": field.required(),
    })
}

/// The name, and the prominent fields that the object has.
fn columns(object: &Object) -> Vec<FieldIndex> {
    let prominent = PROMINENT.into_iter().filter_map(|name| object.find(name));
    let mut columns: Vec<FieldIndex> = object.name_field().into_iter().chain(prominent).collect();
    columns.retain(|index| !object.field(*index).hidden);
    columns.truncate(COMPACT);
    columns
}

fn shown_columns(object: &Object, columns: &[FieldIndex]) -> Vec<Json> {
    let entry = |name: &str, label: &str, kind: &str, place: Option<usize>, hidden: bool| {
        json!({
            "ascendingLabel": "Z-A", "descendingLabel": "A-Z", "fieldNameOrPath": name, "hidden": hidden, "label": label,
            "searchable": false, "selectListItem": name, "sortDirection": place.map(|_| "ascending"), "sortIndex": place,
            "sortable": !hidden, "type": kind,
        })
    };
    let mut list: Vec<Json> = columns
        .iter()
        .enumerate()
        .map(|(place, index)| {
            let field = object.field(*index);
            entry(field.name, field.label, field.kind.name(), (place == 0).then_some(0), false)
        })
        .collect();
    for name in ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"] {
        if let Some(field) = object.find(name).map(|index| object.field(index)) {
            list.push(entry(field.name, field.label, field.kind.name(), (name == "Id").then_some(1), true));
        }
    }
    list
}
