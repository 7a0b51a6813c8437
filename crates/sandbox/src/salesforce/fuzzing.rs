//! Entry points for tests that feed the parsers whatever there is.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::SfId;
use super::schema::Schema;
use super::soql::{Binder, LiteralValue, literals, parse};
use super::store::Store;

/// Parses a query and binds it to the standard objects, without rows. The message of the refusal, or nothing.
pub fn soql(text: &str) -> Result<(), String> {
    static EMPTY: OnceLock<(Arc<Schema>, Store)> = OnceLock::new();
    let (schema, store) = EMPTY.get_or_init(|| {
        let schema = Arc::new(Schema::standard());
        let store = Store::new(Arc::clone(&schema), 0);
        (schema, store)
    });
    let binder = Binder {
        schema,
        store,
        now: DateTime::<Utc>::UNIX_EPOCH,
        zone: TimeDelta::zero(),
        user: SfId::numbered("005", *b"gK0", 1),
        version: 62,
        all_rows: false,
        null_is_different: true,
    };
    let bound = parse(text).and_then(|query| binder.bind(&query));
    bound.map(drop).map_err(|error| error.in_query(text).message)
}

/// The values of the strings in the condition of a query, as the parser understood them.
pub fn soql_strings(text: &str) -> Result<Vec<String>, String> {
    let query = parse(text).map_err(|error| error.in_query(text).message)?;
    let strings = literals(&query).into_iter().filter_map(|literal| match &literal.value {
        LiteralValue::Text(text) => Some(text.value.clone()),
        _ => None,
    });
    Ok(strings.collect())
}

/// Parses a search. The message of the refusal, or nothing.
pub fn sosl(text: &str) -> Result<(), String> {
    super::sosl::understands(text)
}
