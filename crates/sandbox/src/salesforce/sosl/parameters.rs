//! `parameterizedSearch`: a search whose parts come as parameters or as JSON.

use axum::http::Method;
use serde_json::Value as Json;

use super::{Group, Search, Term, found_json, malformed};
use crate::salesforce::call::{Answer, Call};
use crate::salesforce::errors::{ApiError, Failure};
use crate::salesforce::org::Org;
use crate::salesforce::soql::{Query, parse_returning};

/// An object to search, as the parameters describe it.
#[derive(Debug, Default)]
struct Wanted {
    name: String,
    fields: Option<String>,
    condition: Option<String>,
    order: Option<String>,
    limit: Option<String>,
}

impl Wanted {
    /// The object as the search language writes it, parsed.
    fn query(&self, fields: Option<&str>, limit: Option<&str>) -> Result<Query, ApiError> {
        let mut text = format!("RETURNING {}(", self.name);
        text.push_str(self.fields.as_deref().or(fields).unwrap_or("Id"));
        for (clause, value) in [("WHERE", &self.condition), ("ORDER BY", &self.order)] {
            if let Some(value) = value {
                text.push_str(&format!(" {clause} {value}"));
            }
        }
        if let Some(limit) = self.limit.as_deref().or(limit) {
            text.push_str(&format!(" LIMIT {limit}"));
        }
        text.push(')');
        let mut returning = parse_returning(&text, 0).map_err(|error| error.in_search(&text))?;
        match (returning.objects.pop(), returning.objects.is_empty() && returning.limit.is_none()) {
            (Some(query), true) => Ok(query),
            _ => Err(malformed(format!("the conditions of {} are more than conditions", self.name))),
        }
    }
}

impl Org {
    /// `GET parameterizedSearch?q=…` or `POST parameterizedSearch`.
    pub(crate) fn parameterized_search(&self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET,POST")?;
        let search = if call.method == Method::POST { from_body(call)? } else { from_parameters(call)? };
        let (records, labels) = self.found(call, &search, |error| ApiError::request(error.code, error.message))?;
        Ok(Answer::ok(found_json(records, labels)))
    }
}

fn number(name: &str, text: Option<&str>) -> Result<Option<usize>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse().map_err(|_| malformed(format!("{name} must be a number, and is {text}")))?;
    Ok(Some(number))
}

fn from_parameters(call: &Call) -> Result<Search, ApiError> {
    let names = call.query.iter().filter(|(key, _)| key.eq_ignore_ascii_case("sobject"));
    let names = names.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let wanted = names.map(|name| {
        let own = |part: &str| call.param(&format!("{name}.{part}")).map(str::to_owned);
        Wanted {
            name: name.to_owned(),
            fields: own("fields"),
            condition: own("where"),
            order: own("orderBy"),
            limit: own("limit"),
        }
    });
    build(&Parts {
        q: call.param("q"),
        group: call.param("in"),
        fields: call.param("fields"),
        wanted: wanted.collect(),
        overall: number("overallLimit", call.param("overallLimit"))?,
        each: call.param("defaultLimit").map(str::to_owned),
        offset: number("offset", call.param("offset"))?,
        labels: call.param("metadata").is_some_and(|kind| kind.eq_ignore_ascii_case("LABELS")),
    })
}

fn from_body(call: &Call) -> Result<Search, ApiError> {
    const MEMBERS: [&str; 10] = [
        "q",
        "in",
        "fields",
        "sobjects",
        "overallLimit",
        "defaultLimit",
        "offset",
        "metadata",
        "spellCorrection",
        "netWorkIds",
    ];
    let body = call.fields()?;
    if let Some(unknown) = body.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(ApiError::parser(format!("Unrecognized field \"{unknown}\"")));
    }
    let text = |value: Option<&Json>| match value {
        Some(Json::String(text)) => Some(text.clone()),
        Some(Json::Number(number)) => Some(number.to_string()),
        Some(Json::Array(list)) => Some(list.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(",")),
        _ => None,
    };
    let mut wanted = Vec::new();
    for entry in body.get("sobjects").and_then(Json::as_array).into_iter().flatten() {
        let Some(name) = entry.get("name").and_then(Json::as_str) else {
            return Err(malformed("every entry of sobjects needs a name"));
        };
        wanted.push(Wanted {
            name: name.to_owned(),
            fields: text(entry.get("fields")),
            condition: text(entry.get("where")),
            order: text(entry.get("orderBy")),
            limit: text(entry.get("limit")),
        });
    }
    let (fields, each) = (text(body.get("fields")), text(body.get("defaultLimit")));
    let overall = text(body.get("overallLimit"));
    let offset = text(body.get("offset"));
    build(&Parts {
        q: body.get("q").and_then(Json::as_str),
        group: body.get("in").and_then(Json::as_str),
        fields: fields.as_deref(),
        wanted,
        overall: number("overallLimit", overall.as_deref())?,
        each,
        offset: number("offset", offset.as_deref())?,
        labels: body.get("metadata").and_then(Json::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("LABELS")),
    })
}

struct Parts<'a> {
    q: Option<&'a str>,
    group: Option<&'a str>,
    fields: Option<&'a str>,
    wanted: Vec<Wanted>,
    overall: Option<usize>,
    each: Option<String>,
    offset: Option<usize>,
    labels: bool,
}

fn build(parts: &Parts<'_>) -> Result<Search, ApiError> {
    let Some(q) = parts.q else {
        return Err(malformed("No search term found. q is required."));
    };
    if parts.fields.is_some() && parts.wanted.is_empty() {
        return Err(malformed("fields can only be given together with sobject"));
    }
    let group = match parts.group {
        None => Group::All,
        Some(word) => Group::parse(word)
            .ok_or_else(|| malformed(format!("in must be ALL, NAME, EMAIL, PHONE or SIDEBAR, and is {word}")))?,
    };
    let objects = parts.wanted.iter().map(|wanted| wanted.query(parts.fields, parts.each.as_deref()));
    Ok(Search {
        term: Term::parse(q).map_err(malformed)?,
        group,
        objects: objects.collect::<Result<_, _>>()?,
        limit: parts.overall,
        offset: parts.offset.unwrap_or_default(),
        labels: parts.labels,
    })
}
