//! The fields of an object at one account: the model's own, as the adapter maps them, and the account's.

use std::collections::BTreeMap;

use crm_model::{Choice, ChoiceOption, Field, FieldKey, FieldType, Object, RecordPatch, Required, Schema, Value};
use freshsales::models::{CustomFields, FieldSetting};
use rest_core::{BaseUrl, Row};
use serde_json::value::RawValue;

use super::mapped::Mapped;
use super::values::{json_decimal, json_time, number, plain};
use super::{Currencies, FreshsalesOptions, refuse};
use crate::{ErrorKind, Result};

/// How the adapter maps one field of the model.
pub(crate) struct ModelField {
    pub(crate) key: FieldKey,
    /// The vendor's fields behind it. The first one's settings tell label and options.
    pub(crate) api: &'static [&'static str],
    pub(crate) field_type: FieldType,
    pub(crate) writable: bool,
    pub(crate) unique: bool,
    pub(crate) required: bool,
}

impl ModelField {
    pub(crate) const fn new(key: FieldKey, api: &'static [&'static str], field_type: FieldType) -> Self {
        Self { key, api, field_type, writable: true, unique: false, required: false }
    }

    pub(crate) const fn read_only(mut self) -> Self {
        self.writable = false;
        self
    }

    pub(crate) const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

pub(crate) const TEXT: FieldType = FieldType::Text { max: None };

/// What was looked up about the fields of one object.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    pub(crate) currencies: Currencies,
    /// The custom field that holds the key of a create.
    pub(crate) key_field: Option<String>,
    /// The custom field that says "do not call".
    pub(crate) do_not_call: Option<String>,
    pub(crate) keep_raw: bool,
    /// The address of a record's page, up to its id.
    pub(crate) page: String,
    custom: BTreeMap<String, FieldType>,
    extras: &'static [&'static str],
}

impl Fields {
    pub(crate) fn new<T: Mapped>(
        settings: &[FieldSetting],
        currencies: &[freshsales::models::Currency],
        options: &FreshsalesOptions,
        base: &BaseUrl,
    ) -> Self {
        let setting = |name: &str| settings.iter().find(|setting| setting.name == name);
        let has_custom = |name: &str| setting(name).filter(|setting| setting.is_custom());
        let key_field = has_custom(&options.key_field).filter(|field| field.unique != Some(false));
        let key_field = key_field.map(|field| field.name.clone());
        let do_not_call =
            has_custom(&options.do_not_call_field).filter(|field| field.kind.as_deref() == Some("checkbox"));
        let do_not_call = do_not_call.map(|field| field.name.clone());

        let mut fields: Vec<Field> = T::fields().into_iter().map(|model| model_field(model, setting)).collect();
        let mut custom = BTreeMap::new();
        for setting in settings.iter().filter(|setting| setting.is_custom()) {
            let mut field = custom_field(setting);
            let is_special = [&key_field, &do_not_call].into_iter().flatten().any(|name| *name == setting.name);
            field.writable &= !is_special;
            custom.insert(setting.name.clone(), field.field_type.clone());
            fields.push(field);
        }
        for name in T::EXTRAS {
            let mut field = Field::new(FieldKey::custom(name), *name, TEXT);
            field.label = setting(name).and_then(|setting| setting.label.clone()).unwrap_or_else(|| (*name).to_owned());
            fields.push(field);
        }
        let page = format!("{}{}/{}/", base.origin(), base.prefix().trim_end_matches("/api"), T::PATH);
        let currencies = Currencies::new(currencies);
        let schema = Schema::new(T::KIND, fields);
        Self { schema, currencies, key_field, do_not_call, keep_raw: options.keep_raw, page, custom, extras: T::EXTRAS }
    }

    /// Refuses a write of what cannot be written, by name: the vendor would pass over it in silence.
    pub(crate) fn check(&self, patch: &RecordPatch) -> Result<()> {
        let cannot = |key: &FieldKey| !self.schema.field(key).is_some_and(|field| field.writable);
        let mut names: Vec<&str> =
            patch.iter().map(|(path, _)| &path.key).filter(|key| cannot(key)).map(FieldKey::as_str).collect();
        names.dedup();
        refuse_fields(self.schema.object, &names)
    }

    /// The fields that the model does not name, typed where the account's settings tell a type.
    pub(crate) fn read_custom<E>(&self, row: &Row<E>, custom: Option<&CustomFields>) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        if let Some(custom) = custom {
            // A field that was never set may be left out.
            values.extend(self.custom.keys().map(|name| (name.clone(), Value::Null)));
            for (name, raw) in custom.iter() {
                values.insert(name.to_owned(), read_custom(self.custom.get(name), raw));
            }
        }
        for name in self.extras {
            if let Some(raw) = row.extra(name) {
                values.insert((*name).to_owned(), plain(raw));
            }
        }
        values
    }

    /// Splits custom values into the account's own fields and the vendor's, as JSON.
    #[allow(clippy::type_complexity, reason = "two maps of the same kind")]
    pub(crate) fn write_custom(
        &self,
        custom: &BTreeMap<String, Value>,
    ) -> Result<(BTreeMap<String, serde_json::Value>, BTreeMap<String, serde_json::Value>)> {
        let (mut own, mut other) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in custom {
            let json = write_custom(name, value)?;
            if self.custom.contains_key(name) {
                own.insert(name.clone(), json)
            } else {
                other.insert(name.clone(), json)
            };
        }
        Ok((own, other))
    }
}

/// Refuses fields by name, if there are any.
pub(crate) fn refuse_fields(object: crm_model::ObjectKind, names: &[&str]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let why = format!("Freshsales cannot write {} of a {object}", names.join(", "));
    Err(refuse(ErrorKind::Invalid, "write", why).with_hint("leave the field out, or create it in Admin Settings first"))
}

/// Checks a patch of an object without settings (tasks, notes) against its mapped fields.
pub(crate) fn check_mapped<T: Object>(fields: &[ModelField], patch: &RecordPatch) -> Result<()> {
    let cannot = |key: &FieldKey| !fields.iter().any(|field| field.key == *key && field.writable);
    let names: Vec<&str> =
        patch.iter().map(|(path, _)| &path.key).filter(|key| cannot(key)).map(FieldKey::as_str).collect();
    refuse_fields(T::KIND, &names)
}

/// The schema of an object without settings.
pub(crate) fn mapped_schema<T: Object>(fields: Vec<ModelField>) -> Schema {
    Schema::new(T::KIND, fields.into_iter().map(|model| model_field(model, |_| None)).collect())
}

fn model_field<'a>(model: ModelField, setting: impl Fn(&str) -> Option<&'a FieldSetting>) -> Field {
    let first = model.api.first().copied().unwrap_or_default();
    let setting = setting(first);
    let mut field = Field::new(model.key, first, model.field_type);
    field.api_names = model.api.iter().map(|name| (*name).to_owned()).collect();
    field.writable = model.writable;
    field.unique = model.unique;
    let required = model.required || setting.is_some_and(|setting| setting.required);
    field.required = if required { Required::OnCreate } else { Required::No };
    if let Some(setting) = setting {
        field.label = setting.label.clone().unwrap_or(field.label);
        if field.field_type.is_choice() {
            field.options = options(setting, true);
        }
    }
    field
}

fn custom_field(setting: &FieldSetting) -> Field {
    let (field_type, writable) = custom_type(setting.kind.as_deref().unwrap_or_default());
    let mut field = Field::new(FieldKey::custom(&setting.name), &*setting.name, field_type);
    field.label = setting.label.clone().filter(|label| !label.is_empty()).unwrap_or(field.label);
    field.required = if setting.required { Required::OnCreate } else { Required::No };
    field.unique = setting.unique == Some(true);
    field.writable = writable;
    if field.field_type.is_choice() {
        field.options = options(setting, false);
    }
    field
}

/// Built-in drop-downs store ids, custom ones texts.
fn options(setting: &FieldSetting, by_id: bool) -> Vec<ChoiceOption> {
    let option = |choice: &freshsales::models::FieldChoice| {
        let label = choice.value.clone().unwrap_or_else(|| choice.id.clone());
        let key = if by_id { choice.id.clone() } else { label.clone() };
        ChoiceOption::new(key, label)
    };
    setting.choices.iter().flatten().map(option).filter(|option| !option.key.is_empty()).collect()
}

fn custom_type(kind: &str) -> (FieldType, bool) {
    let field_type = match kind {
        "text" | "auto_complete" => TEXT,
        "textarea" => FieldType::LongText,
        "number" => FieldType::Int,
        "decimal" => FieldType::Decimal { scale: None },
        "dropdown" | "radio" => FieldType::Choice,
        "multi_select_dropdown" => FieldType::MultiChoice,
        "checkbox" => FieldType::Bool,
        "date" => FieldType::Date,
        "date_time" => FieldType::DateTime,
        "email" => FieldType::Email,
        "phone_number" => FieldType::Phone,
        "url" => FieldType::Url,
        "formula" => return (FieldType::Formula, false),
        other => FieldType::Other(other.to_owned()),
    };
    (field_type, true)
}

/// What does not fit the declared type is kept as what it is: values outlive the settings they were made under.
fn read_custom(field_type: Option<&FieldType>, raw: &RawValue) -> Value {
    let value = plain(raw);
    let Value::Text(text) = &value else {
        return value;
    };
    if text.is_empty() {
        return Value::Null;
    }
    let typed = match field_type {
        Some(FieldType::Choice) => Some(Value::Choice(Choice::new(text))),
        Some(FieldType::MultiChoice) => {
            let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
            Some(Value::Choices(names.map(Choice::new).collect()))
        }
        Some(FieldType::Date) => text.get(..10).and_then(|day| day.parse().ok()).map(Value::Date),
        Some(FieldType::DateTime) => {
            chrono::DateTime::parse_from_rfc3339(text).ok().map(|time| Value::Instant(time.to_utc()))
        }
        Some(FieldType::Int | FieldType::Decimal { .. }) => number(text),
        _ => None,
    };
    typed.unwrap_or(value)
}

fn write_custom(name: &str, value: &Value) -> Result<serde_json::Value> {
    use serde_json::Value as Json;
    Ok(match value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::String(text.clone()),
        Value::Int(number) => (*number).into(),
        Value::Decimal(number) => json_decimal(*number),
        Value::Money(money) => json_decimal(money.amount),
        Value::Bool(yes) => (*yes).into(),
        Value::Date(date) | Value::DateOrTime(crm_model::DateOrTime::Date(date)) => Json::String(date.to_string()),
        Value::Instant(time) | Value::DateOrTime(crm_model::DateOrTime::Time(time)) => Json::String(json_time(*time)),
        Value::Choice(choice) => Json::String(choice.key.clone()),
        Value::Choices(choices) => {
            Json::String(choices.iter().map(|choice| choice.key.as_str()).collect::<Vec<_>>().join(";"))
        }
        Value::Ref(reference) => Json::String(reference.id.to_string()),
        other => {
            let why = format!("the custom field {name} cannot hold {}", other.kind().describe());
            return Err(refuse(ErrorKind::Invalid, "write", why));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn custom_values_have_the_type_of_their_field_both_ways() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        for (kind, json, value, written) in [
            ("text", r#""EMEA""#, Value::text("EMEA"), r#""EMEA""#),
            ("dropdown", r#""Gold""#, Value::Choice(Choice::new("Gold")), r#""Gold""#),
            ("multi_select_dropdown", r#""A;B""#, Value::Choices(vec![Choice::new("A"), Choice::new("B")]), r#""A;B""#),
            ("number", "42", Value::Int(42), "42"),
            ("number", r#""42""#, Value::Int(42), "42"),
            ("decimal", r#""12.5""#, decimal("12.5"), "12.5"),
            ("decimal", r#""1234567890123456.78""#, decimal("1234567890123456.78"), r#""1234567890123456.78""#),
            ("checkbox", "true", Value::Bool(true), "true"),
            ("date", r#""2028-02-29""#, Value::Date("2028-02-29".parse().unwrap()), r#""2028-02-29""#),
            (
                "date_time",
                r#""2025-09-30T04:00:00-06:00""#,
                Value::Instant("2025-09-30T10:00:00Z".parse().unwrap()),
                r#""2025-09-30T10:00:00Z""#,
            ),
            ("text", "null", Value::Null, "null"),
        ] {
            let (field_type, _) = custom_type(kind);
            assert_eq!(read_custom(Some(&field_type), &raw(json)), value, "{kind} {json}");
            assert_eq!(write_custom("cf_x", &value).unwrap().to_string(), written, "{kind}");
        }
    }

    #[test]
    fn what_does_not_fit_its_type_is_kept() {
        for (kind, json, value) in [
            ("date", r#""soon""#, Value::text("soon")),
            ("number", r#""many""#, Value::text("many")),
            ("checkbox", r#""""#, Value::Null),
            ("lookup", "7", Value::Int(7)),
            ("text", r#"{"a":1}"#, Value::Json(r#"{"a":1}"#.into())),
        ] {
            assert_eq!(read_custom(Some(&custom_type(kind).0), &raw(json)), value, "{kind} {json}");
        }
        assert_eq!(read_custom(None, &raw("1.50")), Value::Decimal("1.50".parse().unwrap()));
        let error = write_custom("cf_x", &Value::List(Vec::new())).unwrap_err();
        assert!(error.to_string().contains("cf_x cannot hold a list"), "{error}");
    }
}
