//! Field settings.

use serde_json::{Value, json};

use super::schema::{Entity, Kind, fields};
use super::state::State;

/// Compound inputs of contacts, which travel as lists.
const CONTACT_GROUPS: &[(&str, &str)] =
    &[("emails", "Emails"), ("phone_numbers", "Other phone numbers"), ("sales_accounts", "Accounts")];

struct Row<'a> {
    id: i64,
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    built_in: bool,
    required: bool,
    choices: Value,
}

impl State {
    /// `GET /settings/{entity}/fields`; with `include=field_group` nested in their group.
    pub(super) fn field_settings(&self, entity: Entity, include: &[String]) -> Value {
        let mut rows = Vec::new();
        let mut add = |row: Row<'_>| {
            let position = rows.len() + 1;
            let multiple = row.kind == "multi_select_dropdown";
            rows.push(json!({
                "id": row.id,
                "label": row.label,
                "name": row.name,
                "type": row.kind,
                "default": row.built_in,
                "actionable": true,
                "position": position,
                "choices": row.choices,
                "base_model": entity.model(),
                "required": row.required,
                "visible": true,
                "quick_add_position": row.required.then_some(position),
                "multiple": multiple,
            }));
        };
        let mut id = 70_000_100_001;
        let mut next_id = || {
            id += 2;
            id
        };
        for field in fields(entity) {
            let choices = match field.kind {
                Kind::Select(selector) => self.selector_choices(selector),
                _ => json!([]),
            };
            let required = field.required || (field.name == "last_name" && self.quirks.contact_last_name_required);
            let kind = field.kind.wire_name();
            add(Row { id: next_id(), name: field.name, label: field.label, kind, built_in: true, required, choices });
        }
        for (name, label) in CONTACT_GROUPS.iter().filter(|_| entity == Entity::Contact) {
            let choices = json!([]);
            add(Row { id: next_id(), name, label, kind: "group_field", built_in: true, required: false, choices });
        }
        if entity == Entity::Contact {
            for (name, label, values) in [
                ("subscription_status", "Subscription status", SUBSCRIPTION_STATUSES),
                ("subscription_types", "Subscription types", SUBSCRIPTION_TYPES),
            ] {
                let choices = (1..)
                    .zip(values)
                    .map(|(position, (id, value))| json!({"id": id, "value": value, "position": position}));
                let kind = if name == "subscription_types" { "multi_select_dropdown" } else { "dropdown" };
                add(Row {
                    id: next_id(),
                    name,
                    label,
                    kind,
                    built_in: true,
                    required: false,
                    choices: choices.collect(),
                });
            }
        }
        for field in self.store.settings.custom(entity) {
            let choices = field.choices.iter();
            let choices =
                choices.map(|choice| json!({"id": choice.id, "value": choice.name, "position": choice.position}));
            let kind = field.kind.wire_name();
            add(Row {
                id: field.id,
                name: field.name,
                label: field.label,
                kind,
                built_in: false,
                required: false,
                choices: choices.collect(),
            });
        }
        if include.iter().any(|name| name == "field_group") {
            let group = json!({
                "id": 70_000_100_001_i64,
                "label": "Basic information",
                "name": "basic_information",
                "type": "group_field",
                "default": true,
                "position": 1,
                "choices": [],
                "base_model": entity.model(),
                "required": false,
                "visible": true,
                "fields": rows,
            });
            return json!({ "fields": [group] });
        }
        json!({ "fields": rows })
    }

    fn selector_choices(&self, selector: &str) -> Value {
        let items = self.selector(selector).unwrap_or_default();
        let items = items.as_object().and_then(|object| object.values().next()).and_then(Value::as_array);
        let choice = |(position, item): (usize, &Value)| {
            let name = ["name", "display_name", "currency_code"].iter().find_map(|key| item[*key].as_str());
            json!({ "id": item["id"], "value": name, "position": position })
        };
        (1..).zip(items.into_iter().flatten()).map(choice).collect()
    }
}

const SUBSCRIPTION_STATUSES: &[(i64, &str)] =
    &[(0, "Unsubscribed"), (1, "Subscribed"), (2, "Not subscribed"), (3, "Reported as spam"), (4, "Bounced")];

const SUBSCRIPTION_TYPES: &[(i64, &str)] = &[
    (1, "Newsletter"),
    (2, "Promotional"),
    (3, "Product updates"),
    (4, "Conferences & events"),
    (5, "Non-marketing emails from our company"),
];
