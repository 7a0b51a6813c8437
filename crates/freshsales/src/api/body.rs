//! The envelopes of answers, taken apart in one pass: records as raw texts, everything else beside them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use rest_core::{BadRecord, Reply, Result, Row, row};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::side::SideLoads;
use crate::models::wire;

/// What a key of the envelope holds the records.
pub(super) trait Envelope {
    /// The key of a list.
    const MANY: &'static str;
    /// The key of one record.
    const ONE: &'static str;
}

impl<E: super::Entity> Envelope for E {
    const MANY: &'static str = E::PLURAL;
    const ONE: &'static str = E::SINGULAR;
}

/// A page: `{"contacts":[…],"users":[…],"meta":{…}}`. Also `{}` and `null`, which are pages without records.
pub(super) struct Many<E> {
    pub(super) records: Vec<Box<RawValue>>,
    pub(super) side: SideLoads,
    pub(super) meta: Meta,
    kind: PhantomData<fn() -> E>,
}

/// What a page says about the whole list. Some say only the total, some nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    #[serde(deserialize_with = "wire::int")]
    pub(super) total_pages: Option<i64>,
    #[serde(deserialize_with = "wire::int")]
    pub(super) total: Option<i64>,
}

/// One record: `{"contact":{…},"users":[…]}`.
pub(super) struct One<E> {
    pub(super) record: Option<Box<RawValue>>,
    pub(super) side: SideLoads,
    kind: PhantomData<fn() -> E>,
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, E: Envelope> Deserialize<'de> for Many<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Parts<E>(PhantomData<fn() -> E>);
        impl<'de, E: Envelope> Visitor<'de> for Parts<E> {
            type Value = Many<E>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object that holds `{}`", E::MANY)
            }

            fn visit_unit<X>(self) -> std::result::Result<Many<E>, X> {
                Ok(Many { records: Vec::new(), side: SideLoads::default(), meta: Meta::default(), kind: PhantomData })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Many<E>, A::Error> {
                let mut many =
                    Many { records: Vec::new(), side: SideLoads::default(), meta: Meta::default(), kind: PhantomData };
                while let Some(Key(key)) = map.next_key()? {
                    match &*key {
                        key if key == E::MANY => {
                            many.records = map.next_value::<Option<_>>()?.unwrap_or_default();
                        }
                        "meta" => many.meta = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        key => many.side.insert(key, map.next_value()?),
                    }
                }
                Ok(many)
            }
        }
        deserializer.deserialize_any(Parts(PhantomData))
    }
}

impl<'de, E: Envelope> Deserialize<'de> for One<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Parts<E>(PhantomData<fn() -> E>);
        impl<'de, E: Envelope> Visitor<'de> for Parts<E> {
            type Value = One<E>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object that holds `{}`", E::ONE)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<One<E>, A::Error> {
                let mut one = One { record: None, side: SideLoads::default(), kind: PhantomData };
                while let Some(Key(key)) = map.next_key()? {
                    if key == E::ONE {
                        one.record = Some(map.next_value()?);
                    } else {
                        one.side.insert(&key, map.next_value()?);
                    }
                }
                Ok(one)
            }
        }
        deserializer.deserialize_map(Parts(PhantomData))
    }
}

/// Reads an answer that holds one record. If it is there and cannot be read, the error's source is a [`BadRecord`].
pub(super) fn read_one<E: Envelope + DeserializeOwned>(reply: &Reply) -> Result<(Row<E>, Arc<SideLoads>)> {
    let one: One<E> = reply.json()?;
    let record = one.record.ok_or_else(|| reply.decode_error(format!("the answer holds no `{}`", E::ONE)))?;
    let row = row(record, "id").map_err(|bad| reply.decode_error(bad.to_string()).with_source(bad))?;
    Ok((row, Arc::new(one.side)))
}

/// Decodes the records of a page, each on its own.
pub(super) fn read_rows<E: DeserializeOwned>(
    records: Vec<Box<RawValue>>,
) -> Vec<std::result::Result<Row<E>, BadRecord>> {
    rest_core::rows(records, "id")
}

/// Reads the answer to a delete: `true`, `{"success":…}`, `{"message":…}` or nothing. A plain `false` is a refusal.
pub(super) fn read_deleted(reply: &Reply) -> Result<()> {
    if reply.body.trim_ascii() == b"false" {
        return Err(reply.decode_error("the vendor answered `false`: nothing was deleted"));
    }
    Ok(())
}
