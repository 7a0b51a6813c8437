//! What an administrator changes in the setup while the organisation is in use.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::Deserialize;

use super::makers::{FULL, audit, build, field, id, is_deleted, owner, text, viewed};
use super::{Abilities, DefaultValue, Field, FieldType, Object, PicklistValue, Schema};

/// A change of the schema, as the admin API takes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum SchemaEdit {
    AddObject {
        name: String,
        label: String,
        label_plural: String,
        #[serde(default)]
        fields: Vec<NewField>,
    },
    AddField {
        object: String,
        field: NewField,
    },
    /// Relabels, resizes, or makes the picklist strict; what is left out stays.
    ChangeField {
        object: String,
        field: String,
        label: Option<String>,
        length: Option<u32>,
        restricted: Option<bool>,
        required: Option<bool>,
        help: Option<String>,
    },
    AddPicklistValue {
        object: String,
        field: String,
        value: String,
    },
    /// The value stays on the records that have it.
    RemovePicklistValue {
        object: String,
        field: String,
        value: String,
    },
    /// Field-level security: hidden fields are absent from describe and unknown to reads and writes.
    SetFieldVisible {
        object: String,
        field: String,
        visible: bool,
    },
    RemoveField {
        object: String,
        field: String,
    },
}

/// A custom field as an administrator describes it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewField {
    /// API name, ending in `__c`.
    name: String,
    label: Option<String>,
    /// The name in describe's `type`.
    #[serde(rename = "type")]
    kind: String,
    length: Option<u32>,
    precision: Option<u32>,
    scale: Option<u32>,
    required: bool,
    unique: bool,
    external_id: bool,
    case_sensitive: bool,
    restricted: bool,
    values: Vec<String>,
    default: Option<String>,
    reference_to: Vec<String>,
    /// The parent's name for its children through this field.
    children: Option<String>,
    /// A master-detail relationship: required, and children go with their master.
    master_detail: bool,
    formula: Option<String>,
    help: Option<String>,
}

/// The schema's texts live as long as the process: what an administrator adds is kept once, however often it is added.
fn intern(text: &str) -> &'static str {
    static KNOWN: OnceLock<Mutex<BTreeSet<&'static str>>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = known.get(text) {
        return kept;
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    known.insert(kept);
    kept
}

/// As [`intern`], for lists; these are short and few.
fn intern_list<T>(list: Vec<T>) -> &'static [T] {
    Box::leak(list.into_boxed_slice())
}

const KINDS: [FieldType; 20] = [
    FieldType::String,
    FieldType::Textarea,
    FieldType::Picklist,
    FieldType::Multipicklist,
    FieldType::Email,
    FieldType::Phone,
    FieldType::Url,
    FieldType::Boolean,
    FieldType::Int,
    FieldType::Double,
    FieldType::Currency,
    FieldType::Percent,
    FieldType::Date,
    FieldType::DateTime,
    FieldType::Time,
    FieldType::EncryptedString,
    FieldType::Reference,
    FieldType::Combobox,
    FieldType::Address,
    FieldType::Location,
];

impl NewField {
    fn build(&self, schema: &Schema) -> Result<Field, String> {
        let stem = self.name.strip_suffix("__c").ok_or("the name of a custom field ends in __c")?;
        let fits = stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && stem.starts_with(|c: char| c.is_ascii_alphabetic());
        if !fits || stem.len() > 40 {
            return Err(format!("{} is no name for a field: letters, digits and underscores, at most 40", self.name));
        }
        let kind = KINDS.into_iter().find(|kind| kind.name() == self.kind && !kind.is_compound());
        let kind = kind.ok_or_else(|| format!("a custom field cannot have the type {:?}", self.kind))?;
        let label = self.label.clone().unwrap_or_else(|| stem.replace('_', " "));
        let mut made = field(intern(&self.name), intern(&label), kind).rw();
        made.length = match kind {
            FieldType::Reference => 18,
            FieldType::Phone => 40,
            FieldType::Email => 80,
            FieldType::Multipicklist => 4_099,
            kind if kind.is_text() => self.length.unwrap_or(255),
            _ => 0,
        };
        if kind.is_decimal() {
            (made.precision, made.scale) = (self.precision.unwrap_or(18), self.scale.unwrap_or(2));
        }
        if kind == FieldType::Int {
            made.digits = 9;
        }
        if kind == FieldType::Textarea {
            made.extra_type = Some("plaintextarea");
            made.filterable = made.length <= 255;
        }
        made.nillable = kind != FieldType::Boolean && !self.required && !self.master_detail;
        (made.unique, made.external_id, made.id_lookup) = (self.unique, self.external_id, self.external_id);
        (made.case_sensitive, made.restricted) = (self.case_sensitive, self.restricted);
        made.help = self.help.as_deref().map(intern);
        made.picklist = intern_list(self.values.iter().map(|value| entry(value)).collect());
        made.default = match self.default.as_deref() {
            Some("true") if kind == FieldType::Boolean => DefaultValue::Checked,
            Some(value) if self.values.iter().any(|known| known == value) => DefaultValue::Text(intern(value)),
            Some(value) => return Err(format!("the default {value:?} is none of the values")),
            None => DefaultValue::None,
        };
        self.refer(schema, stem, &mut made)?;
        if let Some(formula) = &self.formula {
            crate::salesforce::derive::check_formula(formula)?;
            made.formula = Some(intern(formula));
            (made.createable, made.updateable) = (false, false);
        }
        Ok(made)
    }

    fn refer(&self, schema: &Schema, stem: &str, made: &mut Field) -> Result<(), String> {
        if (made.kind == FieldType::Reference) == self.reference_to.is_empty() {
            return Err("a reference names the objects it refers to, and nothing else does".to_owned());
        }
        let mut targets = Vec::new();
        for target in &self.reference_to {
            let known = schema.find(target).ok_or_else(|| format!("there is no object {target}"))?;
            targets.push(schema.object(known).name);
        }
        if targets.is_empty() {
            return Ok(());
        }
        made.reference_to = intern_list(targets);
        made.relationship = Some(intern(&format!("{stem}__r")));
        made.children = self.children.as_deref().map(intern);
        made.cascade_delete = self.master_detail;
        made.updateable = !self.master_detail;
        Ok(())
    }
}

fn entry(value: &str) -> PicklistValue {
    PicklistValue { value: intern(value), label: intern(value), active: true, valid_for: None }
}

impl Schema {
    /// This schema with one change. Objects and fields keep their places.
    ///
    /// # Errors
    /// A sentence that says why the change makes no sense.
    pub(crate) fn altered(&self, edit: &SchemaEdit) -> Result<Schema, String> {
        let mut objects = self.objects.clone();
        match edit {
            SchemaEdit::AddObject { name, label, label_plural, fields } => {
                if !name.ends_with("__c") || self.find(name).is_some() {
                    return Err(format!("{name} is no new name that ends in __c"));
                }
                let prefix = (0..3_844).map(custom_prefix).find(|prefix| self.by_prefix(prefix).is_none());
                let prefix = prefix.ok_or("the organisation has all the custom objects it can have")?;
                let name_field =
                    Field { default: DefaultValue::Platform, ..text("Name", "Name", 80).rw().not_null().name_field() };
                let standard = vec![id("Record ID"), owner("Owner ID", &["Group", "User"]), is_deleted(), name_field];
                let own = fields.iter().map(|field| field.build(self)).collect::<Result<Vec<Field>, String>>()?;
                let object = Object::new(intern(name), intern(label), intern(label_plural), intern(&prefix));
                let can = Abilities { feeds: false, ..FULL };
                objects.push(build(object, can, vec![standard, audit(), viewed(), own]));
            }
            SchemaEdit::AddField { object, field } => {
                let built = field.build(self)?;
                let object = object_mut(&mut objects, object)?;
                if object.position(built.name).is_some() {
                    return Err(format!("{} has a field {} already", object.name, built.name));
                }
                object.fields.push(built);
            }
            SchemaEdit::ChangeField { object, field, label, length, restricted, required, help } => {
                let field = field_mut(&mut objects, object, field)?;
                if let Some(label) = label {
                    field.label = intern(label);
                }
                if let Some(length) = length {
                    if !field.kind.is_text() {
                        return Err(format!("{} is no text", field.name));
                    }
                    field.length = *length;
                }
                field.restricted = restricted.unwrap_or(field.restricted);
                field.nillable = required.map_or(field.nillable, |required| !required);
                field.help = help.as_deref().map(intern).or(field.help);
            }
            SchemaEdit::AddPicklistValue { object, field, value } => {
                let field = field_mut(&mut objects, object, field)?;
                let mut values: Vec<PicklistValue> = field.picklist.to_vec();
                values.retain(|known| known.value != value);
                values.push(entry(value));
                field.picklist = intern_list(values);
            }
            SchemaEdit::RemovePicklistValue { object, field, value } => {
                let field = field_mut(&mut objects, object, field)?;
                if !field.picklist.iter().any(|known| known.value == value) {
                    return Err(format!("{} has no value {value:?}", field.name));
                }
                field.picklist =
                    intern_list(field.picklist.iter().filter(|known| known.value != value).copied().collect());
            }
            SchemaEdit::SetFieldVisible { object, field, visible } => {
                field_mut(&mut objects, object, field)?.hidden = !visible;
            }
            SchemaEdit::RemoveField { object, field } => {
                let field = field_mut(&mut objects, object, field)?;
                if !field.custom() {
                    return Err(format!("{} is a standard field: it can be hidden, not removed", field.name));
                }
                // Its place stays, so that the rows need not change; its name is free again.
                field.hidden = true;
                (field.formula, field.auto_number, field.nillable) = (None, None, true);
                field.name = intern(&format!("{} (removed)", field.name));
            }
        }
        Ok(Schema::of(objects))
    }
}

/// `a00` to `azz` and on: the prefixes of custom objects.
fn custom_prefix(number: usize) -> String {
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let digit = |place: usize| digits.get(place % 62).copied().unwrap_or('0');
    format!("a{}{}", digit(number / 62), digit(number))
}

fn object_mut<'a>(objects: &'a mut [Object], name: &str) -> Result<&'a mut Object, String> {
    let found = objects.iter_mut().find(|object| object.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("there is no object {name}"))
}

fn field_mut<'a>(objects: &'a mut [Object], object: &str, field: &str) -> Result<&'a mut Field, String> {
    let object = object_mut(objects, object)?;
    let index = object.position(field).ok_or_else(|| format!("{} has no field {field}", object.name))?;
    object.fields.get_mut(index).ok_or_else(|| format!("{} has no field {field}", object.name))
}
