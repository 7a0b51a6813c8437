//! Views: the only way to list records, and the paging that they share with searches.

use std::cmp::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::coerce::wire_time;
use super::errors::{Failure, Result};
use super::render::Form;
use super::schema::Entity;
use super::settings::{View, ViewKind};
use super::state::{Call, State};
use super::store::Record;
use crate::Request;

const DEFAULT_PAGE: usize = 25;
const LARGEST_PAGE: usize = 100;

/// Which part of a list, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paging {
    page: usize,
    per_page: usize,
    sort: Option<String>,
    descending: bool,
}

/// One page of a list.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    total: usize,
    total_pages: usize,
}

impl Paging {
    /// From the query, or from a body that repeats the query's names.
    pub(super) fn new(request: &Request, body: Option<&Map<String, Value>>) -> Paging {
        let text = |name: &str| {
            let of_body = || match body?.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            request.param(name).map(str::to_owned).or_else(of_body)
        };
        let number = |name: &str| text(name)?.trim().parse::<usize>().ok().filter(|number| *number > 0);
        Paging {
            page: number("page").unwrap_or(1),
            per_page: number("per_page").unwrap_or(DEFAULT_PAGE).min(LARGEST_PAGE),
            sort: text("sort").filter(|sort| !sort.is_empty()),
            descending: text("sort_type").is_some_and(|direction| direction.eq_ignore_ascii_case("desc")),
        }
    }

    /// Cuts the page out. Past the end there is nothing, not even a total.
    pub(super) fn cut<T>(&self, rows: Vec<T>, short_pages: bool) -> Page<T> {
        let size = if short_pages { self.per_page.saturating_sub(3).max(1) } else { self.per_page };
        let total = rows.len();
        let start = (self.page - 1).saturating_mul(size);
        let rows: Vec<T> = rows.into_iter().skip(start).take(size).collect();
        if rows.is_empty() {
            return Page { rows, total: 0, total_pages: 0 };
        }
        Page { rows, total, total_pages: total.div_ceil(size) }
    }
}

impl<T> Page<T> {
    pub(super) fn meta(&self) -> Value {
        json!({ "total_pages": self.total_pages, "total": self.total })
    }

    /// The shorter meta of tasks, notes and filtered searches.
    pub(super) fn total_only(&self) -> Value {
        json!({ "total": self.total })
    }
}

impl State {
    /// `GET /{entity}/filters`.
    pub(super) fn filters(&self, entity: Entity) -> Value {
        let updated_at = wire_time(self.store.settings.created_at, self.zone());
        let row = |view: &View| {
            json!({
                "id": view.id,
                "name": view.name,
                "model_class_name": entity.model(),
                "user_id": null,
                "is_default": true,
                "is_public": true,
                "updated_at": updated_at,
                "user_name": null,
                "current_user_permissions": ["VIEW"],
            })
        };
        let filters: Vec<Value> = self.views(entity).map(row).collect();
        let total = filters.len();
        json!({ "filters": filters, "meta": { "total": total } })
    }

    fn views(&self, entity: Entity) -> impl Iterator<Item = &View> {
        let hidden =
            move |view: &View| entity == Entity::Deal && view.kind == ViewKind::All && !self.quirks.all_deals_view;
        self.store.settings.views.iter().filter(move |view| view.entity == entity && !hidden(view))
    }

    /// `GET /{entity}/view/{id}`.
    pub(super) fn view(&mut self, call: &Call<'_>, entity: Entity, id: i64) -> Result<Value> {
        self.view_calls += 1;
        let view = self.views(entity).find(|view| view.id == id).ok_or_else(Failure::not_found)?;
        let horizon = self.horizon(call.now(), self.quirks.view_delay_seconds);
        let mut rows = self.visible(entity, horizon);
        rows.retain(|record| self.belongs(record, view.kind, call));
        let paging = Paging::new(call.request, None);
        self.sort(&mut rows, &paging);
        if self.quirks.unsorted_views_shuffle && paging.sort.is_none() && !rows.is_empty() {
            let turn = usize::try_from(self.view_calls).unwrap_or(0).wrapping_mul(7) % rows.len();
            rows.rotate_left(turn);
        }
        let page = paging.cut(rows, self.quirks.short_pages);
        let records = page.rows.iter().map(|record| self.full(record, &call.include, Form::Row, call.now())).collect();
        let mut out = self.side_loads(entity, &page.rows, &call.include);
        out.insert(entity.plural().to_owned(), Value::Array(records));
        out.insert("meta".to_owned(), page.meta());
        Ok(Value::Object(out))
    }

    fn belongs(&self, record: &Record, kind: ViewKind, call: &Call<'_>) -> bool {
        let since = |time: DateTime<Utc>, days: i64| call.now() - time <= TimeDelta::days(days);
        let live = !record.deleted;
        match kind {
            ViewKind::All => live,
            ViewKind::Mine => live && record.number("owner_id") == Some(call.by.user),
            ViewKind::New => live && since(record.created_at, 30),
            ViewKind::RecentlyModified => live && since(record.updated_at, 7),
            ViewKind::Stage(forecast) => live && self.forecast(record) == forecast,
            ViewKind::RecycleBin => record.deleted,
        }
    }

    /// By the field asked for, then by id; unknown fields leave the order by id.
    pub(super) fn sort(&self, rows: &mut [&Record], paging: &Paging) {
        let Some(field) = paging.sort.as_deref() else {
            return;
        };
        rows.sort_by(|a, b| {
            let order = self.compare(a, b, field).then(a.id.cmp(&b.id));
            if paging.descending { order.reverse() } else { order }
        });
    }

    fn compare(&self, a: &Record, b: &Record, field: &str) -> Ordering {
        let number = |record: &Record| self.amount_of(record, field);
        match field {
            "id" => a.id.cmp(&b.id),
            "created_at" => a.created_at.cmp(&b.created_at),
            "updated_at" => a.updated_at.cmp(&b.updated_at),
            "display_name" => a.display_name().to_lowercase().cmp(&b.display_name().to_lowercase()),
            "open_deals_amount"
            | "won_deals_amount"
            | "amount"
            | "probability"
            | "number_of_employees"
            | "annual_revenue" => number(a).cmp(&number(b)),
            "email" => a.email().cmp(&b.email()),
            other => a.text(other).map(str::to_lowercase).cmp(&b.text(other).map(str::to_lowercase)),
        }
    }

    fn amount_of(&self, record: &Record, field: &str) -> Option<Decimal> {
        if let Some(value) = record.fields.get(field) {
            return super::coerce::decimal(value);
        }
        let partial = self.partial(record);
        partial[field].as_str()?.parse().ok()
    }
}
