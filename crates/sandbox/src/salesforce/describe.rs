//! Describe: the organisation's objects, one object, and its fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
        let answer = if since.is_some_and(|since| since >= self.schema_changed) {
            Answer::empty(axum::http::StatusCode::NOT_MODIFIED)
        } else {
            Answer::ok(body())
        };
        let tag = format!("\"{:08x}\"", (self.schema_changed.timestamp() + i64::from(self.schema_edits)) & 0xffff_ffff);
        Ok(answer.header("last-modified", http_date(self.schema_changed)).header("etag", tag))
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
        let fields: Vec<Json> = object.visible().map(|(_, definition)| field(object, definition)).collect();
        let label = object.label_plural.to_lowercase();
        let mut scopes = vec![json!({"label": format!("All {label}"), "name": "everything"})];
        if object.position("OwnerId").is_some() && object.can.layoutable {
            scopes.push(json!({"label": format!("My {label}"), "name": "mine"}));
        }
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
        let links = object.children.iter().filter(|link| !link.hidden).map(|link| {
            let child = self.schema.object(link.child);
            json!({
                "cascadeDelete": link.cascade_delete,
                "childSObject": child.name,
                "deprecatedAndHidden": false,
                "field": child.field(link.field).name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": link.name,
                "restrictedDelete": link.restricted_delete,
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
    let kept = !super::events::is_platform(object);
    let base = format!("/services/data/{version}/sobjects/{}", object.name);
    json!({
        "activateable": false,
        "associateEntityType": null,
        "associateParentEntity": null,
        "createable": can.createable,
        "custom": object.name.ends_with("__c") || !kept,
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
        "queryable": kept,
        "replicateable": can.replicateable,
        "retrieveable": kept,
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
fn field(object: &Object, field: &Field) -> Json {
    let text = field.kind.is_text() || matches!(field.kind, FieldType::Id | FieldType::Reference);
    // Ids and the two texts that the platform keeps in its own alphabet take a byte for each character.
    let plain = !field.kind.is_text() || ["Fiscal", "Comments"].contains(&field.name);
    let bytes_per_character = if plain { 1 } else { 3 };
    let default_value = match (field.kind, field.default) {
        (FieldType::Boolean, default) => Json::Bool(default == DefaultValue::Checked),
        (_, DefaultValue::Text(text)) => Json::from(text),
        _ => Json::Null,
    };
    let default_picklist = |entry: &PicklistValue| field.default == DefaultValue::Text(entry.value);
    let picklist: Vec<Json> = field
        .picklist
        .iter()
        .map(|entry| {
            json!({
                "active": entry.active,
                "defaultValue": default_picklist(entry),
                "label": entry.label,
                "validFor": entry.valid_for.map(|places| valid_for(object, field, places)),
                "value": entry.value,
            })
        })
        .collect();
    // Owners, record types, and what the platform itself refers to.
    let fixed =
        ["OwnerId", "RecordTypeId", "MasterRecordId", "CreatedById", "LastModifiedById", "RecurrenceActivityId"];
    let lookup = field.kind == FieldType::Reference
        && !fixed.contains(&field.name)
        && field.relationship.is_some()
        && (field.nillable || field.custom());
    let mask = (field.kind == FieldType::EncryptedString).then_some("*");
    let detail = field.custom() && field.cascade_delete && !field.nillable;
    let attributes = [
        ("aggregatable", json!(field.aggregatable())),
        ("aiPredictionField", json!(false)),
        ("autoNumber", json!(field.auto_number.is_some())),
        ("byteLength", json!(if text { field.length * bytes_per_character } else { 0 })),
        ("calculated", json!(field.formula.is_some())),
        ("calculatedFormula", json!(field.formula)),
        ("cascadeDelete", json!(detail)),
        ("caseSensitive", json!(field.case_sensitive)),
        ("compoundFieldName", json!(field.compound)),
        ("controllerName", json!(field.controller)),
        ("createable", json!(field.createable)),
        ("custom", json!(field.custom())),
        ("defaultValue", json!(default_value)),
        ("defaultValueFormula", json!(null)),
        ("defaultedOnCreate", json!(field.defaulted_on_create())),
        ("dependentPicklist", json!(field.controller.is_some())),
        ("deprecatedAndHidden", json!(false)),
        ("digits", json!(field.digits)),
        ("displayLocationInDecimal", json!(false)),
        ("encrypted", json!(field.kind == FieldType::EncryptedString)),
        ("externalId", json!(field.external_id)),
        ("extraTypeInfo", json!(field.extra_type)),
        ("filterable", json!(field.filterable)),
        ("filteredLookupInfo", json!(null)),
        ("formulaTreatNullNumberAsZero", json!(false)),
        ("groupable", json!(field.groupable())),
        ("highScaleNumber", json!(false)),
        ("htmlFormatted", json!(field.extra_type == Some("richtextarea"))),
        ("idLookup", json!(field.id_lookup)),
        ("inlineHelpText", json!(field.help)),
        ("label", json!(field.label)),
        ("length", json!(if text { field.length } else { 0 })),
        ("mask", json!(mask)),
        ("maskType", json!(mask.map(|_| "all"))),
        ("name", json!(field.name)),
        ("nameField", json!(field.name_field)),
        ("namePointing", json!(field.polymorphic())),
        ("nillable", json!(field.nillable)),
        ("permissionable", json!(field.permissionable())),
        ("picklistValues", json!(picklist)),
        ("polymorphicForeignKey", json!(field.polymorphic())),
        ("precision", json!(field.precision)),
        ("queryByDistance", json!(field.kind.is_compound())),
        ("referenceTargetField", json!(null)),
        ("referenceTo", json!(field.reference_to)),
        ("relationshipName", json!(field.relationship)),
        ("relationshipOrder", json!(detail.then_some(0))),
        ("restrictedDelete", json!(field.restricted_delete && field.custom())),
        ("restrictedPicklist", json!(field.restricted)),
        ("scale", json!(field.scale)),
        ("searchPrefilterable", json!(lookup)),
        ("soapType", json!(field.kind.soap_name())),
        ("sortable", json!(field.sortable())),
        ("type", json!(field.kind.name())),
        ("unique", json!(field.unique)),
        ("updateable", json!(field.updateable)),
        ("writeRequiresMasterRead", json!(false)),
    ];
    Json::Object(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The places of the controlling values as a bitmap, the first in the highest bit, in whole groups of base64.
fn valid_for(object: &Object, field: &Field, places: &[usize]) -> String {
    let controller = field.controller.and_then(|name| object.position(name)).map(|index| object.field(index));
    let values = controller.map_or(0, |controller| controller.picklist.len()).max(2);
    let mut bytes = vec![0_u8; values.div_ceil(8).next_multiple_of(3)];
    for place in places {
        if let Some(byte) = bytes.get_mut(place / 8) {
            *byte |= 0x80 >> (place % 8);
        }
    }
    STANDARD.encode(bytes)
}
