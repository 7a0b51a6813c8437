//! Full-text search.

use rest_core::{BadRecord, Call, Error, Reply, Result, Row, Safety};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::config::ApiVersion;
use crate::models::{AnyRecord, SObject};
use crate::sosl::Find;
use crate::{Salesforce, VENDOR};

/// A longer search travels in a body.
const LONGEST_ADDRESS: usize = 12_000;

/// What a search found: records of several objects, each with the fields that were asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SearchResults {
    /// The records, object by object, in the order in which the objects were named.
    pub records: Vec<AnyRecord>,
}

impl SearchResults {
    /// The records of one object, decoded, each on its own.
    pub fn of<T: SObject>(&self) -> impl Iterator<Item = Result<Row<T>, BadRecord>> {
        self.records.iter().filter(|record| record.is::<T>()).map(AnyRecord::decode)
    }
}

impl Salesforce {
    /// Searches. The index lags some seconds behind the records. A search too long for an address is sent as a
    /// parameterized one, in a body.
    ///
    /// ```
    /// # use salesforce::{Account, Result, Salesforce, sosl::{Find, Returning, Term}};
    /// # async fn f(client: Salesforce) -> Result<()> {
    /// let found = client.search(Find::new(Term::words("acme")).returning(Returning::all_of::<Account>())).await?;
    /// for account in found.of::<Account>().flatten() {
    ///     println!("{}", account.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a search that cannot be built, else what the vendor answers.
    pub async fn search(&self, find: Find) -> Result<SearchResults> {
        let call = call(self.version(), &find).map_err(|error| error.with_operation("search").with_vendor(VENDOR))?;
        found(&self.send(call).await?)
    }
}

fn call(version: ApiVersion, find: &Find) -> Result<Call> {
    let text = find.text()?;
    let mut encoded = String::new();
    rest_core::percent_encode(&mut encoded, &text);
    if encoded.len() <= LONGEST_ADDRESS {
        return Ok(Call::get("search").path(version.path(["search"])).query("q", text));
    }
    let call = Call::post("search").path(version.path(["parameterizedSearch"])).json(&parameters(find)?);
    Ok(call.safety(Safety::Read))
}

/// The search as `parameterizedSearch` takes it.
fn parameters(find: &Find) -> Result<Value> {
    let mut objects = Vec::new();
    for object in &find.objects {
        let condition = object.condition_text().map_err(Error::config)?;
        let mut entry = json!({"name": object.object});
        let members = [
            ("fields", (!object.fields.is_empty()).then(|| json!(object.fields))),
            ("where", condition.map(Value::from)),
            ("orderBy", object.order_text().map(Value::from)),
            ("limit", object.limit.map(Value::from)),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                entry[name] = value;
            }
        }
        objects.push(entry);
    }
    let mut body = json!({"q": find.term.to_string(), "in": find.scope.word(), "sobjects": objects});
    if let Some(limit) = find.limit {
        body["overallLimit"] = limit.into();
    }
    Ok(body)
}

fn found(reply: &Reply) -> Result<SearchResults> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Found {
        search_records: Vec<Box<RawValue>>,
    }
    // Old versions answer with the records alone.
    let records: Vec<Box<RawValue>> = match reply.body.first() {
        Some(b'[') => reply.json()?,
        _ => reply.json::<Found>()?.search_records,
    };
    let read = |raw: Box<RawValue>| {
        AnyRecord::new(raw).ok_or_else(|| reply.decode_error("a record that was found has no object"))
    };
    Ok(SearchResults { records: records.into_iter().map(read).collect::<Result<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soql::Condition;
    use crate::sosl::{Returning, Term};

    #[test]
    fn a_search_too_long_for_an_address_travels_in_a_body() {
        let names: Vec<String> = (0..900).map(|n| format!("a name of some length {n}")).collect();
        let wanted = Returning::of("Account").fields(["Id"]).filter(Condition::is_in("Name", names)).limit(5);
        let call = call(ApiVersion::DEFAULT, &Find::new(Term::words("acme inc.")).returning(wanted).limit(9)).unwrap();
        assert_eq!((call.method.as_str(), call.safety), ("POST", Safety::Read));
    }
}
