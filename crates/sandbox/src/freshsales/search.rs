//! Search, lookup and filtered search.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::coerce::{date, decimal, time};
use super::errors::{Failure, Result};
use super::render::Form;
use super::schema::Entity;
use super::state::{Call, State};
use super::store::{Record, Referrer};
use super::views::Paging;

impl State {
    /// `GET /search`: a bare array of hits, best effort by word prefix.
    pub(super) fn search(&self, call: &Call<'_>) -> Result<Value> {
        let query = call.request.param("q").map(str::trim).filter(|query| !query.is_empty());
        let query = query.ok_or_else(|| Failure::because("q can't be blank"))?.to_lowercase();
        if call.include.is_empty() {
            return Err(Failure::because("include can't be blank"));
        }
        let horizon = self.horizon(call.now(), self.quirks.search_delay_seconds);
        let mut hits: Vec<Value> = Vec::new();
        for kind in &call.include {
            if let Some(entity) = Entity::named(kind).filter(|entity| entity.singular() == kind) {
                let live = self.visible(entity, horizon).into_iter().filter(|record| !record.deleted);
                hits.extend(live.filter(|record| mentions(record, &query)).map(|record| self.hit(record)));
            } else if kind == "user" {
                let users = self.store.settings.users.iter();
                let found = users.filter(|user| {
                    user.display_name.to_lowercase().contains(&query) || user.email.to_lowercase().starts_with(&query)
                });
                hits.extend(found.map(|user| {
                    json!({"id": user.id.to_string(), "type": "user", "name": user.display_name, "email": user.email, "avatar": null, "is_active": user.is_active})
                }));
            }
        }
        let page = Paging::new(call.request, None).cut(hits, false);
        Ok(Value::Array(page.rows))
    }

    fn hit(&self, record: &Record) -> Value {
        let mut hit = json!({
            "id": record.id.to_string(),
            "type": record.entity.singular(),
            "name": record.display_name(),
            "avatar": null,
        });
        let account = record.primary_account().and_then(|id| self.store.get(Entity::SalesAccount, id));
        let more = match record.entity {
            Entity::Contact => json!({
                "email": record.email(),
                "primary_sales_account_name": account.map(Record::display_name),
                "country": record.text("country"),
            }),
            Entity::SalesAccount => {
                json!({ "website": record.text("website"), "country": record.text("country") })
            }
            Entity::Deal => json!({ "company_name": account.map(Record::display_name) }),
        };
        if let (Value::Object(hit), Value::Object(more)) = (&mut hit, more) {
            hit.extend(more);
        }
        hit
    }

    /// `GET /lookup`: exact match on one field, answered twice nested.
    pub(super) fn lookup(&self, call: &Call<'_>) -> Result<Value> {
        let required = |name: &str| {
            let value = call.request.param(name).map(str::trim).filter(|value| !value.is_empty());
            value.map(str::to_owned).ok_or_else(|| Failure::because(format!("{name} can't be blank")))
        };
        let (query, field, entities) = (required("q")?, required("f")?, required("entities")?);
        let horizon = self.horizon(call.now(), self.quirks.search_delay_seconds);
        let mut out = Map::new();
        for entity in entities.split(',').filter_map(|name| Entity::named(name.trim())) {
            let rows: Vec<&Record> = self
                .visible(entity, horizon)
                .into_iter()
                .filter(|record| !record.deleted && self.equals(record, &field, &query))
                .collect();
            let page = Paging::new(call.request, None).cut(rows, false);
            let records =
                page.rows.iter().map(|record| self.full(record, &call.include, Form::Row, call.now())).collect();
            let mut inner = self.side_loads(entity, &page.rows, &call.include);
            inner.insert(entity.plural().to_owned(), Value::Array(records));
            inner.insert("meta".to_owned(), page.total_only());
            out.insert(entity.plural().to_owned(), Value::Object(inner));
        }
        Ok(Value::Object(out))
    }

    /// Text is compared without regard to case; numbers and phones as text.
    fn equals(&self, record: &Record, field: &str, query: &str) -> bool {
        let same = |text: &str| text.trim().to_lowercase() == query.to_lowercase();
        match field {
            "email" | "emails" => record.emails.iter().any(|email| same(&email.value)),
            "name" => same(&record.display_name()),
            field if field.starts_with("cf_") => record.custom.get(field).is_some_and(|value| same(&plain(value))),
            field => record.fields.get(field).is_some_and(|value| same(&plain(value))),
        }
    }

    /// `POST /filtered_search/{entity}`: rules, all of which must hold.
    pub(super) fn filtered_search(&self, call: &Call<'_>, entity: Entity, body: &Map<String, Value>) -> Result<Value> {
        let rules = body.get("filter_rule").and_then(Value::as_array);
        let rules =
            rules.filter(|rules| !rules.is_empty()).ok_or_else(|| Failure::because("filter_rule can't be blank"))?;
        let rules: Vec<Rule<'_>> = rules.iter().map(Rule::read).collect::<Result<_>>()?;
        for rule in &rules {
            self.check_attribute(entity, rule.attribute)?;
        }
        let wants_deleted = rules
            .iter()
            .any(|rule| rule.attribute == "deleted" && rule.values.iter().any(|value| value == "1" || value == "true"));
        let horizon = self.horizon(call.now(), self.quirks.search_delay_seconds);
        let mut rows = self.visible(entity, horizon);
        rows.retain(|record| record.deleted == wants_deleted);
        let rules: Vec<&Rule<'_>> = rules.iter().filter(|rule| rule.attribute != "deleted").collect();
        rows.retain(|record| rules.iter().all(|rule| self.holds(record, rule, call.now())));
        if rows.is_empty() && self.quirks.empty_search_is_empty_object {
            return Ok(json!({}));
        }
        let paging = Paging::new(call.request, Some(body));
        self.sort(&mut rows, &paging);
        let page = paging.cut(rows, self.quirks.short_pages);
        let records = page.rows.iter().map(|record| self.search_row(record, &call.include)).collect();
        let mut out = self.side_loads(entity, &page.rows, &call.include);
        if entity == Entity::Contact && call.include.iter().any(|name| name == "sales_accounts") {
            let mut ids: Vec<i64> = page.rows.iter().filter_map(|record| record.primary_account()).collect();
            ids.sort_unstable();
            ids.dedup();
            let accounts = ids.into_iter().filter_map(|id| self.store.get(Entity::SalesAccount, id));
            out.insert("sales_accounts".to_owned(), accounts.map(|account| self.partial(account)).collect());
        }
        out.insert(entity.plural().to_owned(), Value::Array(records));
        out.insert("meta".to_owned(), page.total_only());
        Ok(Value::Object(out))
    }

    fn search_row(&self, record: &Record, include: &[String]) -> Value {
        let mut row = self.partial(record);
        if let Value::Object(fields) = &mut row
            && record.entity == Entity::Contact
            && include.iter().any(|name| name == "sales_accounts")
        {
            fields.insert("sales_account_id".to_owned(), record.primary_account().into());
        }
        row
    }

    fn check_attribute(&self, entity: Entity, attribute: &str) -> Result<()> {
        let general = ["id", "created_at", "updated_at", "deleted", "creater_id", "updater_id", "sales_account_id"];
        let of_contact = ["contact_email.email", "email", "subscription_status", "subscription_types"];
        let known = general.contains(&attribute)
            || super::schema::fields(entity).iter().any(|field| field.name == attribute)
            || self.store.settings.custom(entity).any(|field| field.name == attribute)
            || (entity == Entity::Contact && of_contact.contains(&attribute))
            || (entity == Entity::Deal && attribute == "contact_id");
        if known { Ok(()) } else { Err(Failure::because(format!("{attribute} is invalid"))) }
    }

    /// All values of an attribute, as text.
    fn attribute(&self, record: &Record, attribute: &str) -> Vec<String> {
        let time = |time: DateTime<Utc>| vec![time.to_rfc3339()];
        let ids = |ids: Vec<i64>| ids.into_iter().map(|id| id.to_string()).collect();
        match attribute {
            "id" => vec![record.id.to_string()],
            "created_at" => time(record.created_at),
            "updated_at" => time(record.updated_at),
            "creater_id" => ids(record.creater_id.into_iter().collect()),
            "updater_id" => ids(record.updater_id.into_iter().collect()),
            "contact_email.email" | "email" => record.emails.iter().map(|email| email.value.clone()).collect(),
            "sales_account_id" if record.entity == Entity::Contact => {
                ids(record.accounts.iter().map(|link| link.id).collect())
            }
            "contact_id" => ids(record.contacts.clone()),
            other => {
                let value = record.fields.get(other).or_else(|| record.custom.get(other));
                value.map(plain).into_iter().collect()
            }
        }
    }

    fn holds(&self, record: &Record, rule: &Rule<'_>, now: DateTime<Utc>) -> bool {
        let values = self.attribute(record, rule.attribute);
        let lower: Vec<String> = values.iter().map(|value| value.to_lowercase()).collect();
        let wanted = |test: &dyn Fn(&str, &str) -> bool| {
            lower.iter().any(|value| rule.values.iter().any(|wanted| test(value, &wanted.to_lowercase())))
        };
        let ordered = |test: &dyn Fn(std::cmp::Ordering) -> bool| {
            values.iter().any(|value| rule.values.iter().any(|wanted| self.order(value, wanted).is_some_and(test)))
        };
        match rule.operator {
            Operator::Is => wanted(&|value, wanted| value == wanted),
            Operator::IsNot => !wanted(&|value, wanted| value == wanted),
            Operator::Contains => wanted(&|value, wanted| value.contains(wanted)),
            Operator::StartsWith => wanted(&|value, wanted| value.starts_with(wanted)),
            Operator::After => ordered(&std::cmp::Ordering::is_gt),
            Operator::Before => ordered(&std::cmp::Ordering::is_lt),
            Operator::Empty => values.is_empty(),
            Operator::NotEmpty => !values.is_empty(),
            Operator::InTheLast => {
                let days =
                    rule.values.first().and_then(|days| days.parse::<i64>().ok()).and_then(chrono::TimeDelta::try_days);
                let since = days.and_then(|days| now.checked_sub_signed(days));
                since.is_some_and(|since| {
                    values
                        .iter()
                        .any(|value| self.order(value, &since.to_rfc3339()).is_some_and(std::cmp::Ordering::is_ge))
                })
            }
            Operator::Between => {
                let [low, high] = rule.values.as_slice() else {
                    return false;
                };
                values.iter().any(|value| {
                    self.order(value, low).is_some_and(std::cmp::Ordering::is_ge)
                        && self.order(value, high).is_some_and(std::cmp::Ordering::is_le)
                })
            }
        }
    }

    /// Numbers by value, times by time.
    fn order(&self, a: &str, b: &str) -> Option<std::cmp::Ordering> {
        let (a, b) = (Value::from(a), Value::from(b));
        let zone = self.zone();
        let numbers = decimal(&a).zip(decimal(&b)).map(|(a, b)| a.cmp(&b));
        let days = || {
            let both_days = a.as_str().zip(b.as_str()).is_some_and(|(a, b)| a.len() == 10 && b.len() == 10);
            let days = date(&a, zone).zip(date(&b, zone)).filter(|_| both_days);
            days.map(|(a, b)| a.cmp(&b))
        };
        let times = || time(&a, zone).zip(time(&b, zone)).map(|(a, b)| a.cmp(&b));
        numbers.or_else(days).or_else(times)
    }

    /// `GET /sales_accounts/{id}/contacts` and `…/deals`.
    pub(super) fn members(&self, call: &Call<'_>, parent: Entity, id: i64, entity: Entity) -> Result<Value> {
        let parent = self.readable(parent, id)?;
        let kind = if entity == Entity::Deal { Referrer::Deal } else { Referrer::Contact };
        let ids = self.live_referrers(parent, kind, entity);
        let mut rows: Vec<&Record> = ids.into_iter().filter_map(|id| self.store.get(entity, id)).collect();
        let paging = Paging::new(call.request, None);
        self.sort(&mut rows, &paging);
        let page = paging.cut(rows, self.quirks.short_pages);
        let records = page.rows.iter().map(|record| self.full(record, &call.include, Form::Row, call.now())).collect();
        let mut out = self.side_loads(entity, &page.rows, &call.include);
        out.insert(entity.plural().to_owned(), Value::Array(records));
        out.insert("meta".to_owned(), page.meta());
        Ok(Value::Object(out))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Contains,
    StartsWith,
    After,
    Before,
    Empty,
    NotEmpty,
    InTheLast,
    Between,
}

struct Rule<'a> {
    attribute: &'a str,
    operator: Operator,
    values: Vec<String>,
}

impl<'a> Rule<'a> {
    fn read(rule: &'a Value) -> Result<Rule<'a>> {
        let part = |name: &str| rule.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let attribute = part("attribute").ok_or_else(|| Failure::because("attribute can't be blank"))?;
        let operator = part("operator").ok_or_else(|| Failure::because("operator can't be blank"))?;
        let operator = match operator {
            "is_in" | "is" => Operator::Is,
            "is_not_in" | "is_not" => Operator::IsNot,
            "contains" => Operator::Contains,
            "starts_with" => Operator::StartsWith,
            "is_after" | "greater_than" => Operator::After,
            "is_before" | "less_than" => Operator::Before,
            "is_empty" => Operator::Empty,
            "is_not_empty" => Operator::NotEmpty,
            "is_in_the_last" => Operator::InTheLast,
            "is_between" => Operator::Between,
            other => return Err(Failure::because(format!("{other} is invalid"))),
        };
        let values = match rule.get("value") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list.iter().map(plain).collect(),
            Some(value) => vec![plain(value)],
        };
        let needs_value = !matches!(operator, Operator::Empty | Operator::NotEmpty);
        if needs_value && values.is_empty() {
            return Err(Failure::because("value can't be blank"));
        }
        Ok(Rule { attribute, operator, values })
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a word of the names, an address or a number starts with the query.
fn mentions(record: &Record, query: &str) -> bool {
    let starts = |text: &str| {
        let text = text.to_lowercase();
        text.starts_with(query)
            || text.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(query))
            || text.match_indices(query).any(|(at, _)| text.get(..at).is_some_and(|before| before.ends_with(' ')))
    };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let wanted_digits = digits(query);
    let numbers = ["work_number", "mobile_number", "phone"].into_iter().filter_map(|name| record.text(name));
    let mut numbers = numbers.map(digits);
    starts(&record.display_name())
        || record.emails.iter().any(|email| starts(&email.value))
        || record.text("website").is_some_and(starts)
        || (wanted_digits.len() >= 3
            && numbers.any(|number| number.ends_with(&wanted_digits) || number.starts_with(&wanted_digits)))
}
