//! How values look in columns. Codes are part of the file format: never change one.

use chrono::{DateTime, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::de::DeserializeOwned;

use crate::{Blob, IntentId, IntentState, LinkId, LinkState, Op, ReviewId, RunId, RunState, Side};

macro_rules! codes {
    ($type:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let code: i64 = match self { $($type::$variant => $code),+ };
                Ok(code.into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$type> {
                match value.as_i64()? {
                    $($code => Ok($type::$variant),)+
                    code => Err(FromSqlError::OutOfRange(code)),
                }
            }
        }
    };
}

codes!(Side { A = 0, B = 1 });
// `schema.rs` names the code of `Unlinked` in its indexes.
codes!(LinkState {
    Seen = 0,
    Creating = 1,
    Linked = 2,
    Review = 3,
    Parked = 4,
    Tombstoned = 5,
    Unlinked = 6,
});
codes!(Op {
    Create = 0,
    Update = 1,
    Delete = 2,
});
// `schema.rs` relies on open states having the codes below 4.
codes!(IntentState {
    Planned = 0,
    Sent = 1,
    Unknown = 2,
    Acked = 3,
    Settled = 4,
    Refused = 5,
    Superseded = 6,
});
codes!(RunState {
    Running = 0,
    Paused = 1,
    Finished = 2,
    Failed = 3,
});

macro_rules! ids {
    ($($type:ident),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$type> {
                value.as_i64().map($type)
            }
        }
    )+};
}

ids!(LinkId, IntentId, RunId, ReviewId);

impl ToSql for Blob {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Blob {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Blob> {
        value.as_str().map(Blob::from)
    }
}

/// An instant, kept as microseconds since 1970.
pub(super) struct At(pub(super) DateTime<Utc>);

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.timestamp_micros().into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<At> {
        let micros = value.as_i64()?;
        DateTime::from_timestamp_micros(micros).map(At).ok_or(FromSqlError::OutOfRange(micros))
    }
}

/// A value kept as JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Json<T>> {
        serde_json::from_str(value.as_str()?)
            .map(Json)
            // The text holds people's data and the error may quote it: say where, not what.
            .map_err(|error| {
                let place = format!("unreadable JSON at column {}", error.column());
                FromSqlError::Other(place.into())
            })
    }
}

/// JSON text of a value of this crate.
pub(super) fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
