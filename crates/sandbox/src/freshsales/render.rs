//! How records travel: full, partial, embedded, and what travels beside them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::coerce::{wire_decimal, wire_time};
use super::schema::{Entity, Kind, joins, wire_order};
use super::settings::Forecast;
use super::state::State;
use super::store::{Record, Referrer};

/// Which form of a full record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A row of a view or of a lookup.
    Row,
    /// The answer to a read by id.
    Detail,
    /// The answer to a create: sums are not computed yet.
    Fresh,
}

#[derive(Default)]
struct Sums {
    open: (Decimal, i64),
    won: (Decimal, i64),
}

impl State {
    /// A full record with the ids that the includes ask for.
    pub(super) fn full(&self, record: &Record, include: &[String], form: Form, now: DateTime<Utc>) -> Value {
        let sums = self.sums(record);
        let mut out = Map::new();
        for key in wire_order(record.entity) {
            out.insert((*key).to_owned(), self.value(record, key, &sums, form, now));
        }
        if form == Form::Detail && record.entity == Entity::Contact {
            for key in ["has_duplicates", "duplicates_searched_today", "has_connections", "connections_searched_today"]
            {
                out.insert(key.to_owned(), Value::Bool(false));
            }
        }
        if form != Form::Row && record.entity == Entity::SalesAccount {
            out.insert("has_connections".to_owned(), Value::Bool(false));
            let children = self.store.all(Entity::SalesAccount);
            let is_child = |child: &&Record| child.number("parent_sales_account_id") == Some(record.id);
            out.insert("child_sales_accounts_count".to_owned(), children.filter(is_child).count().into());
        }
        self.add_ids(record, include, &mut out);
        Value::Object(out)
    }

    fn value(&self, record: &Record, key: &str, sums: &Sums, form: Form, now: DateTime<Utc>) -> Value {
        let time = |time: DateTime<Utc>| Value::String(wire_time(time, self.zone()));
        let unless_fresh = |value: Value| {
            if form == Form::Fresh { Value::Null } else { value }
        };
        match key {
            "id" => record.id.into(),
            "display_name" => record.display_name().into(),
            "email" => record.email().into(),
            "emails" => self.emails(record),
            "phone_numbers" => self.phone_numbers(record),
            "lead_score" | "customer_fit" => 0.into(),
            "open_deals_amount" => unless_fresh(wire_decimal(sums.open.0).into()),
            "open_deals_count" => unless_fresh(sums.open.1.into()),
            "won_deals_amount" => unless_fresh(wire_decimal(sums.won.0).into()),
            "won_deals_count" => unless_fresh(sums.won.1.into()),
            "links" => links(record.entity, record.id),
            "custom_field" => self.custom_field(record),
            "created_at" => time(record.created_at),
            "updated_at" => time(record.updated_at),
            "last_assigned_at" => record.last_assigned_at.map_or(Value::Null, time),
            "recent_note" => self.store.recent_note(record.entity, record.id).into(),
            "tags" => record.fields.get("tags").cloned().unwrap_or_else(|| json!([])),
            "system_tags" => json!([]),
            "is_deleted" => record.deleted.into(),
            "record_type_id" => record_type(record.entity).into(),
            "whatsapp_subscription_status" | "sms_subscription_status" => 2.into(),
            "mcr_id" => master_id(record.id).into(),
            _ if record.entity == Entity::Deal => self.deal_value(record, key, now),
            other => record.fields.get(other).cloned().unwrap_or(Value::Null),
        }
    }

    fn deal_value(&self, deal: &Record, key: &str, now: DateTime<Utc>) -> Value {
        let amount = || deal.text("amount").and_then(|text| text.parse::<Decimal>().ok());
        let forecast = self.forecast(deal);
        match key {
            "base_currency_amount" => {
                amount().map(|amount| wire_decimal(amount.saturating_mul(self.rate(deal)))).into()
            }
            "expected_deal_value" => {
                let percent = Decimal::from(deal.number("probability").unwrap_or(0));
                let expected = amount().map(|amount| amount.saturating_mul(percent / Decimal::ONE_HUNDRED).round_dp(2));
                expected.map(wire_decimal).into()
            }
            "stage_updated_time" => wire_time(deal.stage_updated_at, self.zone()).into(),
            "collaboration" => json!({}),
            "deal_prediction" => match forecast {
                Forecast::Open => 0.into(),
                Forecast::Won => 6.into(),
                Forecast::Lost => 7.into(),
            },
            "age" => self.age(deal, now).into(),
            "rotten_days" if forecast == Forecast::Open => {
                let pipeline = deal.number("deal_pipeline_id");
                let pipeline = self.store.settings.pipelines.iter().find(|known| Some(known.id) == pipeline);
                pipeline.map(|pipeline| self.age(deal, now) - pipeline.rotting_days).into()
            }
            "rotten_days" => Value::Null,
            other => deal.fields.get(other).cloned().unwrap_or(Value::Null),
        }
    }

    pub(super) fn forecast(&self, deal: &Record) -> Forecast {
        let stage = deal.number("deal_stage_id").and_then(|id| self.store.settings.stage(id));
        stage.map_or(Forecast::Open, |stage| stage.forecast)
    }

    fn rate(&self, deal: &Record) -> Decimal {
        let currency = deal.number("currency_id");
        let currency = self.store.settings.currencies.iter().find(|known| Some(known.id) == currency);
        currency.map_or(Decimal::ONE, |currency| currency.exchange_rate)
    }

    /// Days since the deal was made, up to when it was closed.
    fn age(&self, deal: &Record, now: DateTime<Utc>) -> i64 {
        let closed = deal.text("closed_date").and_then(|text| text.parse::<NaiveDate>().ok());
        let end = closed.unwrap_or_else(|| now.with_timezone(&self.zone()).date_naive());
        (end - deal.created_at.with_timezone(&self.zone()).date_naive()).num_days()
    }

    /// What the deals of a contact or account come to, in the base currency.
    fn sums(&self, record: &Record) -> Sums {
        let mut sums = Sums::default();
        if record.entity == Entity::Deal {
            return sums;
        }
        let deals = self.store.referrers(record.entity, record.id, Referrer::Deal);
        for deal in deals.into_iter().filter_map(|id| self.store.get(Entity::Deal, id)).filter(|deal| !deal.deleted) {
            let amount = deal.text("amount").and_then(|text| text.parse().ok()).unwrap_or(Decimal::ZERO);
            let sum = match self.forecast(deal) {
                Forecast::Open => &mut sums.open,
                Forecast::Won => &mut sums.won,
                Forecast::Lost => continue,
            };
            sum.0 = sum.0.saturating_add(amount.saturating_mul(self.rate(deal)));
            sum.1 += 1;
        }
        sums
    }

    fn emails(&self, record: &Record) -> Value {
        let emails = record.emails.iter().map(|email| {
            json!({"id": email.id, "value": email.value, "is_primary": email.is_primary, "label": email.label, "_destroy": false})
        });
        emails.collect()
    }

    fn phone_numbers(&self, record: &Record) -> Value {
        let phones = record.phone_numbers.iter();
        phones
            .map(|phone| json!({"id": phone.id, "value": phone.value, "label": phone.label, "_destroy": false}))
            .collect()
    }

    fn custom_field(&self, record: &Record) -> Value {
        let mut out = Map::new();
        for field in self.store.settings.custom(record.entity) {
            let kept = record.custom.get(field.name);
            let value = match field.kind {
                Kind::Checkbox => kept.cloned().unwrap_or(Value::Bool(false)),
                Kind::DateTime => {
                    let time = kept.and_then(|time| super::coerce::time(time, self.zone()));
                    time.map(|time| wire_time(time, self.zone())).into()
                }
                _ => kept.cloned().unwrap_or_default(),
            };
            out.insert(field.name.to_owned(), value);
        }
        Value::Object(out)
    }

    /// The ids that are absent unless the include names them, and accounts embedded in contacts.
    fn add_ids(&self, record: &Record, include: &[String], out: &mut Map<String, Value>) {
        let wants = |name: &str| include.iter().any(|wanted| wanted == name);
        for join in joins(record.entity).iter().filter(|join| wants(join.include)) {
            out.insert(join.key.to_owned(), self.foreign_id(record, join.key).into());
        }
        for (name, kind, entity) in
            [("deals", Referrer::Deal, Entity::Deal), ("contacts", Referrer::Contact, Entity::Contact)]
        {
            if wants(name) && record.entity != Entity::Deal && record.entity != entity {
                let ids = self.live_referrers(record, kind, entity);
                out.insert(format!("{}_ids", entity.singular()), ids.into());
            }
        }
        for (name, key, kind) in [("tasks", "task_ids", Referrer::Task), ("notes", "note_ids", Referrer::Note)] {
            if wants(name) {
                out.insert(key.to_owned(), self.store.referrers(record.entity, record.id, kind).into());
            }
        }
        if wants("appointments") {
            out.insert("appointment_ids".to_owned(), json!([]));
        }
        match record.entity {
            Entity::Contact if wants("sales_accounts") => {
                let links = record.accounts.iter().filter_map(|link| {
                    let account = self.store.get(Entity::SalesAccount, link.id).filter(|account| !account.deleted)?;
                    Some(json!({
                        "partial": true,
                        "id": account.id,
                        "name": account.text("name"),
                        "avatar": null,
                        "website": account.text("website"),
                        "last_contacted": null,
                        "record_type_id": record_type(Entity::SalesAccount),
                        "is_primary": link.is_primary,
                    }))
                });
                out.insert("sales_accounts".to_owned(), links.collect());
            }
            Entity::Deal => {
                if wants("sales_account") {
                    out.insert("sales_account_id".to_owned(), record.number("sales_account_id").into());
                }
                if wants("contacts") {
                    out.insert("contact_ids".to_owned(), record.contacts.clone().into());
                }
                if wants("products") {
                    out.insert("products".to_owned(), json!([]));
                    out.insert("has_products".to_owned(), Value::Bool(false));
                }
            }
            _ => {}
        }
    }

    fn foreign_id(&self, record: &Record, key: &str) -> Option<i64> {
        match key {
            "creater_id" => record.creater_id,
            "updater_id" => record.updater_id,
            other => record.number(other),
        }
    }

    pub(super) fn live_referrers(&self, record: &Record, kind: Referrer, entity: Entity) -> Vec<i64> {
        let ids = self.store.referrers(record.entity, record.id, kind).into_iter();
        ids.filter(|id| self.store.get(entity, *id).is_some_and(|record| !record.deleted)).collect()
    }

    /// The arrays that the includes put beside the records. Every kind asked for is there, if only empty.
    pub(super) fn side_loads(&self, entity: Entity, records: &[&Record], include: &[String]) -> Map<String, Value> {
        let mut out = Map::new();
        let wants = |name: &str| include.iter().any(|wanted| wanted == name);
        for join in joins(entity).iter().filter(|join| wants(join.include)) {
            let ids: BTreeSet<i64> = records.iter().filter_map(|record| self.foreign_id(record, join.key)).collect();
            let items = ids.into_iter().filter_map(|id| self.selector_item(join.selector, id));
            extend(&mut out, join.array, items);
        }
        let partials = |entity: Entity, ids: BTreeSet<i64>| {
            ids.into_iter().filter_map(move |id| self.store.get(entity, id)).map(|record| self.partial(record))
        };
        match entity {
            Entity::Deal => {
                if wants("sales_account") {
                    let ids = records.iter().filter_map(|deal| deal.number("sales_account_id")).collect();
                    extend(&mut out, "sales_accounts", partials(Entity::SalesAccount, ids));
                }
                if wants("contacts") {
                    let ids = records.iter().flat_map(|deal| deal.contacts.iter().copied()).collect();
                    extend(&mut out, "contacts", partials(Entity::Contact, ids));
                }
            }
            _ => {
                for (name, kind, other) in
                    [("deals", Referrer::Deal, Entity::Deal), ("contacts", Referrer::Contact, Entity::Contact)]
                {
                    if wants(name) && other != entity {
                        let ids = records.iter().flat_map(|record| self.live_referrers(record, kind, other)).collect();
                        extend(&mut out, name, partials(other, ids));
                    }
                }
            }
        }
        let referring = |kind| -> BTreeSet<i64> {
            records.iter().flat_map(|record| self.store.referrers(record.entity, record.id, kind)).collect()
        };
        if wants("tasks") {
            let tasks = referring(Referrer::Task).into_iter().filter_map(|id| self.store.task(id));
            extend(&mut out, "tasks", tasks.map(|task| self.task_json(task)));
        }
        if wants("notes") {
            let notes = referring(Referrer::Note).into_iter().filter_map(|id| self.store.note(id));
            extend(&mut out, "notes", notes.map(|note| self.note_json(note)));
        }
        if wants("appointments") {
            extend(&mut out, "appointments", std::iter::empty());
        }
        out
    }

    /// The cut-down form in searches and beside other records.
    pub(super) fn partial(&self, record: &Record) -> Value {
        let full = match self.full(record, &[], Form::Row, record.updated_at) {
            Value::Object(full) => full,
            other => return other,
        };
        let keys: &[&str] = match record.entity {
            Entity::Contact => &[
                "id",
                "job_title",
                "lead_score",
                "email",
                "emails",
                "work_number",
                "mobile_number",
                "open_deals_amount",
                "won_deals_amount",
                "display_name",
                "avatar",
                "last_contacted_mode",
                "last_contacted",
                "last_contacted_via_sales_activity",
                "first_name",
                "last_name",
                "city",
                "country",
                "created_at",
                "updated_at",
                "recent_note",
                "last_contacted_sales_activity_mode",
                "web_form_ids",
                "last_assigned_at",
                "external_id",
                "facebook",
                "twitter",
                "linkedin",
            ],
            Entity::SalesAccount => &[
                "id",
                "name",
                "avatar",
                "website",
                "open_deals_amount",
                "open_deals_count",
                "won_deals_amount",
                "won_deals_count",
                "last_contacted",
            ],
            Entity::Deal => &[
                "id",
                "name",
                "amount",
                "base_currency_amount",
                "expected_close",
                "closed_date",
                "stage_updated_time",
                "probability",
                "updated_at",
                "created_at",
                "deal_pipeline_id",
                "deal_stage_id",
                "age",
                "expected_deal_value",
                "recent_note",
            ],
        };
        let mut out = Map::new();
        out.insert("partial".to_owned(), Value::Bool(true));
        for key in keys {
            out.insert((*key).to_owned(), full.get(*key).cloned().unwrap_or(Value::Null));
        }
        Value::Object(out)
    }
}

/// Adds items to an array of `out`, each id once.
fn extend(out: &mut Map<String, Value>, key: &str, items: impl Iterator<Item = Value>) {
    let array = out.entry(key).or_insert_with(|| json!([]));
    let Value::Array(array) = array else { return };
    for item in items {
        if !array.iter().any(|known| known["id"] == item["id"]) {
            array.push(item);
        }
    }
}

fn record_type(entity: Entity) -> &'static str {
    match entity {
        Entity::Contact => "71000000001",
        Entity::SalesAccount => "71000000003",
        Entity::Deal => "71000000007",
    }
}

/// An id above 2^53, which a float would garble.
fn master_id(id: i64) -> i64 {
    1_450_000_000_000_000_001 + (id - 70_000_000_000) * 1_009
}

fn links(entity: Entity, id: i64) -> Value {
    let root = format!("/crm/sales/{}/{id}", entity.plural());
    let conversations = "conversations/all?include=email_conversation_recipients%2Ctargetable%2Cphone_number%2Cphone_caller%2Cnote%2Cuser&per_page=3";
    let people = "include=creater,owner,updater,targetable";
    let mut links = Map::new();
    let mut add = |key: &str, path: &str| links.insert(key.to_owned(), format!("{root}/{path}").into());
    add("conversations", conversations);
    if entity == Entity::Contact {
        add("timeline_feeds", "timeline_feeds");
    }
    add("document_associations", "document_associations");
    add("notes", "notes?include=creater");
    add("tasks", &format!("tasks?{people},users,task_type"));
    add("appointments", &format!("appointments?{people},appointment_attendees,conference,note"));
    if entity == Entity::Contact {
        add("reminders", &format!("reminders?{people}"));
        add("duplicates", "duplicates");
        add("connections", "connections");
    }
    Value::Object(links)
}
