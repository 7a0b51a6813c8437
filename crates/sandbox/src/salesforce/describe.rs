//! Describe: the organisation's objects, one object, and its fields.

use serde_json::{Map, Value as Json, json};

use super::call::{Answer, Call, http_date};
use super::errors::Failure;
use super::org::Org;
use super::read::attributes;
use super::schema::{DefaultValue, Field, FieldType, Object, ObjectIndex, PicklistValue};
use super::value::Value;

/// Records that `sobjects/X` lists as recent.
const RECENT: usize = 5;

impl Org {
    /// `GET sobjects`.
    pub(crate) fn describe_global(&self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let objects: Vec<Json> = self.schema.objects.iter().map(|object| summary(object, &call.version)).collect();
        self.unless_known(call, || json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}))
    }

    /// `GET sobjects/X/describe`.
    pub(crate) fn describe(&self, call: &Call, object: &str) -> Result<Answer, Failure> {
        let index = self.object_named(object)?;
        call.only("HEAD,GET")?;
        self.unless_known(call, || self.full_description(call, index))
    }

    /// The body, or 304 when the caller has it: the schema is as old as the organisation.
    fn unless_known(&self, call: &Call, body: impl FnOnce() -> Json) -> Result<Answer, Failure> {
        let since = call.date_header("if-modified-since")?;
        let answer = if since.is_some_and(|since| since >= self.born) {
            Answer::empty(axum::http::StatusCode::NOT_MODIFIED)
        } else {
            Answer::ok(body())
        };
        let tag = format!("\"{:08x}\"", self.born.timestamp() & 0xffff_ffff);
        Ok(answer.header("last-modified", http_date(self.born)).header("etag", tag))
    }

    /// `GET sobjects/X`.
    pub(crate) fn object_summary(&self, call: &Call, index: ObjectIndex) -> Json {
        let object = self.schema.object(index);
        let mut rows: Vec<_> = self.store.rows(index).filter(|row| !row.is_deleted()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.get(object, "LastModifiedDate").as_datetime(), row.id)));
        let recent = rows.into_iter().take(RECENT).map(|row| {
            let mut item = json!({"attributes": attributes(object, row.id, &call.version), "Id": row.id.to_string()});
            if let (Some(name), Some(item)) = (object.name_field(), item.as_object_mut()) {
                item.insert(object.field(name).name.to_owned(), row.values[name].to_json());
            }
            item
        });
        let recent: Vec<Json> = recent.filter(|_| object.can.most_recently_used).collect();
        json!({"objectDescribe": summary(object, &call.version), "recentItems": recent})
    }

    fn full_description(&self, call: &Call, index: ObjectIndex) -> Json {
        let object = self.schema.object(index);
        let mut description = Map::new();
        description.insert("actionOverrides".to_owned(), json!([]));
        if let Json::Object(shared) = summary(object, &call.version) {
            description.extend(shared);
        }
        let fields: Vec<Json> = object.fields.iter().map(field).collect();
        let label = object.label_plural.to_lowercase();
        let scopes = json!([
            {"label": format!("All {label}"), "name": "everything"},
            {"label": format!("My {label}"), "name": "mine"},
        ]);
        let more = json!({
            "childRelationships": self.child_relationships(object),
            "compactLayoutable": object.can.layoutable,
            "defaultImplementation": null,
            "extendedBy": null,
            "extendsInterfaces": null,
            "fields": fields,
            "implementedBy": null,
            "implementsInterfaces": null,
            "listviewable": null,
            "lookupLayoutable": null,
            "namedLayoutInfos": [],
            "networkScopeFieldName": null,
            "recordTypeInfos": self.record_types(call, object),
            "searchLayoutable": object.can.searchable,
            "sobjectDescribeOption": "FULL",
            "supportedScopes": scopes,
        });
        if let Json::Object(more) = more {
            description.extend(more);
        }
        Json::Object(description)
    }

    fn child_relationships(&self, object: &Object) -> Vec<Json> {
        let links = object.children.iter().map(|link| {
            let child = self.schema.object(link.child);
            json!({
                "cascadeDelete": link.cascade_delete,
                "childSObject": child.name,
                "deprecatedAndHidden": false,
                "field": child.field(link.field).name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": link.name,
                "restrictedDelete": false,
            })
        });
        links.collect()
    }

    /// The record types of an object; the master type is always there.
    fn record_types(&self, call: &Call, object: &Object) -> Vec<Json> {
        let info = |id: &str, name: &Json, developer_name: &Json, master: bool| {
            let layout = format!("/services/data/{}/sobjects/{}/describe/layouts/{id}", call.version, object.name);
            json!({
                "active": true,
                "available": true,
                "defaultRecordTypeMapping": master,
                "developerName": developer_name,
                "master": master,
                "name": name,
                "recordTypeId": id,
                "urls": {"layout": layout},
            })
        };
        let mut infos = vec![info("012000000000000AAA", &json!("Master"), &json!("Master"), true)];
        if let Some(index) = self.schema.find("RecordType") {
            let types = self.schema.object(index);
            let rows = self.store.rows(index).filter(|row| *row.get(types, "SobjectType") == Value::text(object.name));
            infos.extend(rows.map(|row| {
                let text = |name| row.get(types, name).to_json();
                info(&row.id.to_string(), &text("Name"), &text("DeveloperName"), false)
            }));
        }
        infos
    }
}

/// An object without its fields.
fn summary(object: &Object, version: &str) -> Json {
    let can = object.can;
    let base = format!("/services/data/{version}/sobjects/{}", object.name);
    json!({
        "activateable": false,
        "associateEntityType": null,
        "associateParentEntity": null,
        "createable": can.createable,
        "custom": object.name.ends_with("__c"),
        "customSetting": false,
        "deepCloneable": false,
        "deletable": can.deletable,
        "deprecatedAndHidden": false,
        "feedEnabled": can.feeds,
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": object.prefix,
        "label": object.label,
        "labelPlural": object.label_plural,
        "layoutable": can.layoutable,
        "mergeable": can.mergeable,
        "mruEnabled": can.most_recently_used,
        "name": object.name,
        "queryable": true,
        "replicateable": can.replicateable,
        "retrieveable": true,
        "searchable": can.searchable,
        "triggerable": can.triggerable,
        "undeletable": can.undeletable,
        "updateable": can.updateable,
        "urls": {
            "compactLayouts": format!("{base}/describe/compactLayouts"),
            "rowTemplate": format!("{base}/{{ID}}"),
            "approvalLayouts": format!("{base}/describe/approvalLayouts"),
            "listviews": format!("{base}/listviews"),
            "describe": format!("{base}/describe"),
            "quickActions": format!("{base}/quickActions"),
            "layouts": format!("{base}/describe/layouts"),
            "sobject": base,
        },
    })
}

/// The 57 attributes of a field.
fn field(field: &Field) -> Json {
    let text = field.kind.is_text() || matches!(field.kind, FieldType::Id | FieldType::Reference);
    let bytes_per_character = if field.kind.is_text() { 3 } else { 1 };
    let default_value = match (field.kind, field.default) {
        (FieldType::Boolean, _) => Json::Bool(false),
        (_, DefaultValue::Text(text)) => Json::from(text),
        _ => Json::Null,
    };
    let default_picklist = |entry: &PicklistValue| field.default == DefaultValue::Text(entry.value);
    let picklist: Vec<Json> = field
        .picklist
        .iter()
        .map(|entry| {
            json!({
                "active": true,
                "defaultValue": default_picklist(entry),
                "label": entry.label,
                "validFor": null,
                "value": entry.value,
            })
        })
        .collect();
    let writable_reference = field.kind == FieldType::Reference && field.createable;
    let attributes = [
        ("aggregatable", json!(field.aggregatable())),
        ("aiPredictionField", json!(false)),
        ("autoNumber", json!(false)),
        ("byteLength", json!(if text { field.length * bytes_per_character } else { 0 })),
        ("calculated", json!(false)),
        ("calculatedFormula", json!(null)),
        ("cascadeDelete", json!(field.cascade_delete && !field.nillable)),
        ("caseSensitive", json!(false)),
        ("compoundFieldName", json!(field.compound)),
        ("controllerName", json!(null)),
        ("createable", json!(field.createable)),
        ("custom", json!(field.custom())),
        ("defaultValue", json!(default_value)),
        ("defaultValueFormula", json!(null)),
        ("defaultedOnCreate", json!(field.defaulted_on_create())),
        ("dependentPicklist", json!(false)),
        ("deprecatedAndHidden", json!(false)),
        ("digits", json!(field.digits)),
        ("displayLocationInDecimal", json!(false)),
        ("encrypted", json!(false)),
        ("externalId", json!(field.external_id)),
        ("extraTypeInfo", json!(field.extra_type)),
        ("filterable", json!(field.filterable)),
        ("filteredLookupInfo", json!(null)),
        ("formulaTreatNullNumberAsZero", json!(false)),
        ("groupable", json!(field.groupable())),
        ("highScaleNumber", json!(false)),
        ("htmlFormatted", json!(false)),
        ("idLookup", json!(field.id_lookup)),
        ("inlineHelpText", json!(null)),
        ("label", json!(field.label)),
        ("length", json!(if text { field.length } else { 0 })),
        ("mask", json!(null)),
        ("maskType", json!(null)),
        ("name", json!(field.name)),
        ("nameField", json!(field.name_field)),
        ("namePointing", json!(field.polymorphic())),
        ("nillable", json!(field.nillable)),
        (
            "permissionable",
            json!(field.nillable && (field.createable || field.updateable) && field.extra_type != Some("personname")),
        ),
        ("picklistValues", json!(picklist)),
        ("polymorphicForeignKey", json!(field.polymorphic())),
        ("precision", json!(field.precision)),
        ("queryByDistance", json!(field.kind == FieldType::Address)),
        ("referenceTargetField", json!(null)),
        ("referenceTo", json!(field.reference_to)),
        ("relationshipName", json!(field.relationship)),
        ("relationshipOrder", json!(null)),
        ("restrictedDelete", json!(false)),
        ("restrictedPicklist", json!(field.restricted)),
        ("scale", json!(field.scale)),
        ("searchPrefilterable", json!(writable_reference && !field.polymorphic())),
        ("soapType", json!(field.kind.soap_name())),
        ("sortable", json!(field.sortable())),
        ("type", json!(field.kind.name())),
        ("unique", json!(field.unique)),
        ("updateable", json!(field.updateable)),
        ("writeRequiresMasterRead", json!(false)),
    ];
    Json::Object(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
