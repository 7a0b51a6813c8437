//! Rows of links and of their match keys.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::codec::{At, Json, json};
use super::{Fault, SpaceNo, SyncNo, space_no};
use crate::{
    Blob, End, Link, LinkFilter, LinkId, LinkState, MatchKey, Page, Parked, ReviewMark, Seen, Side, StoreError,
    Tombstone,
};

const COLUMNS: &str = "id, state, dirty, version, a, b, base_a, base_b, seen_a, seen_b, \
    digest_a, digest_b, stamp_a, stamp_b, at_a, at_b, rare, counters";

/// What few links have.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Rare {
    #[serde(skip_serializing_if = "Option::is_none")]
    tombstone: Option<Tombstone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    review: Vec<ReviewMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parked: Option<Parked>,
}

fn rare(link: &Link) -> Result<Option<String>, Fault> {
    if link.tombstone.is_none() && link.review.is_empty() && link.parked.is_none() {
        return Ok(None);
    }
    let rare = Rare { tombstone: link.tombstone.clone(), review: link.review.clone(), parked: link.parked.clone() };
    Ok(Some(json(&rare)?))
}

/// A text of a link. In a link at rest the four texts are mostly equal, so one that
/// equals an earlier one is kept as the earlier one's number.
#[derive(Clone, Copy)]
enum Text<'a> {
    None,
    Same(usize),
    Own(&'a str),
}

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match *self {
            Text::None => ToSqlOutput::Borrowed(ValueRef::Null),
            Text::Same(earlier) => i64::try_from(earlier).unwrap_or(i64::MAX).into(),
            Text::Own(text) => text.into(),
        })
    }
}

/// The texts of a link in the order of their columns.
fn texts(link: &Link) -> [Text<'_>; 4] {
    let plain: [Option<&str>; 4] = [
        link.a.base.as_deref(),
        link.b.base.as_deref(),
        link.a.seen.as_ref().map(|seen| seen.blob.as_str()),
        link.b.seen.as_ref().map(|seen| seen.blob.as_str()),
    ];
    std::array::from_fn(|number| match plain[number] {
        None => Text::None,
        Some(text) => {
            let earlier = plain[..number].iter().position(|&other| other == Some(text));
            earlier.map_or(Text::Own(text), Text::Same)
        }
    })
}

/// Reads the texts that start at column `first`.
fn read_texts(row: &Row<'_>, first: usize) -> rusqlite::Result<[Option<Blob>; 4]> {
    let mut texts: [Option<Blob>; 4] = [const { None }; 4];
    for number in 0..texts.len() {
        let column = first + number;
        texts[number] = match row.get_ref(column)? {
            ValueRef::Integer(earlier) => usize::try_from(earlier)
                .ok()
                .and_then(|earlier| texts[..number].get(earlier).cloned())
                .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, earlier))?,
            _ => row.get(column)?,
        };
    }
    Ok(texts)
}

fn from_row(row: &Row<'_>, object: &str) -> rusqlite::Result<Link> {
    let [base_a, base_b, seen_a, seen_b] = read_texts(row, 6)?;
    let seen = |blob: Option<Blob>, first: usize| -> rusqlite::Result<Option<Seen>> {
        let Some(blob) = blob else { return Ok(None) };
        Ok(Some(Seen {
            blob,
            digest: row.get(first)?,
            stamp: row.get::<_, Option<At>>(first + 2)?.map(|at| at.0),
            seen_at: row.get::<_, At>(first + 4)?.0,
        }))
    };
    let rare: Option<Json<Rare>> = row.get(16)?;
    let rare = rare.map(|Json(rare)| rare).unwrap_or_default();
    Ok(Link {
        id: row.get(0)?,
        object: object.to_owned(),
        state: row.get(1)?,
        dirty: row.get(2)?,
        version: row.get::<_, i64>(3)?.unsigned_abs(),
        a: End { id: row.get(4)?, base: base_a, seen: seen(seen_a, 10)? },
        b: End { id: row.get(5)?, base: base_b, seen: seen(seen_b, 11)? },
        tombstone: rare.tombstone,
        review: rare.review,
        parked: rare.parked,
        counters: row.get(17)?,
    })
}

/// Inserts or replaces a link.
pub(super) fn put(conn: &Connection, space: SpaceNo, link: &Link, keys: Option<&[MatchKey]>) -> Result<(), Fault> {
    let before: Option<(SpaceNo, Option<Vec<u8>>)> = conn
        .prepare_cached("SELECT space, keys FROM link WHERE id = ?1")?
        .query_row([link.id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if before.as_ref().is_some_and(|&(before, _)| before != space) {
        return Err(StoreError::invalid(format!("link {} belongs to another object or sync", link.id)).into());
    }
    let exists = before.is_some();
    let old_keys = Keys::parse(&before.and_then(|(_, keys)| keys).unwrap_or_default());
    let new_keys = keys.map_or_else(|| old_keys.clone(), Keys::of);
    write_row(conn, space, link, &new_keys, exists).map_err(|error| name_holder(conn, space, link, error))?;
    if new_keys != old_keys {
        old_keys.remove(conn, space, link.id, &new_keys)?;
        new_keys.insert(conn, space, link.id, &old_keys)?;
    }
    Ok(())
}

fn write_row(conn: &Connection, space: SpaceNo, link: &Link, keys: &Keys, exists: bool) -> Result<(), Fault> {
    let sql = if exists {
        "UPDATE link SET
             state = ?3, dirty = ?4, a = ?5, b = ?6,
             base_a = ?7, base_b = ?8, seen_a = ?9, seen_b = ?10,
             digest_a = ?11, digest_b = ?12, stamp_a = ?13, stamp_b = ?14, at_a = ?15, at_b = ?16,
             rare = ?17, counters = ?18, keys = ?19, version = version + 1
         WHERE id = ?1 AND space = ?2"
    } else {
        "INSERT INTO link
             (id, space, state, dirty, a, b, base_a, base_b, seen_a, seen_b,
              digest_a, digest_b, stamp_a, stamp_b, at_a, at_b, rare, counters, keys, version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
              ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 1)"
    };
    let [base_a, base_b, seen_a, seen_b] = texts(link);
    let (a, b) = (link.a.seen.as_ref(), link.b.seen.as_ref());
    conn.prepare_cached(sql)?.execute(params![
        link.id,
        space,
        link.state,
        link.dirty,
        link.a.id,
        link.b.id,
        base_a,
        base_b,
        seen_a,
        seen_b,
        a.map(|seen| &seen.digest),
        b.map(|seen| &seen.digest),
        a.and_then(|seen| seen.stamp).map(At),
        b.and_then(|seen| seen.stamp).map(At),
        a.map(|seen| At(seen.seen_at)),
        b.map(|seen| At(seen.seen_at)),
        rare(link)?,
        link.counters,
        keys.bytes(),
    ])?;
    Ok(())
}

/// Turns a violated index into the error that names the link which has the record.
fn name_holder(conn: &Connection, space: SpaceNo, link: &Link, error: Fault) -> Fault {
    let Fault::Sql(error) = error else {
        return error;
    };
    if error.sqlite_error_code() != Some(rusqlite::ErrorCode::ConstraintViolation) {
        return error.into();
    }
    for side in Side::BOTH {
        let Some(record) = link.record(side) else {
            continue;
        };
        match live_with(conn, space, side, record) {
            Ok(Some(holder)) if holder != link.id => {
                return Fault::Store(StoreError::Conflict {
                    object: link.object.clone(),
                    side,
                    record: record.to_owned(),
                    link: link.id,
                    holder,
                });
            }
            Ok(_) => {}
            Err(error) => return error,
        }
    }
    error.into()
}

/// The live link that has the record.
fn live_with(conn: &Connection, space: SpaceNo, side: Side, record: &str) -> Result<Option<LinkId>, Fault> {
    let sql = match side {
        Side::A => "SELECT id FROM link WHERE space = ?1 AND a = ?2 AND state <> 6",
        Side::B => "SELECT id FROM link WHERE space = ?1 AND b = ?2 AND state <> 6",
    };
    let mut find = conn.prepare_cached(sql)?;
    Ok(find.query_row((space, record), |row| row.get(0)).optional()?)
}

/// Forgets a link of the sync and its keys.
pub(super) fn delete(conn: &Connection, sync: SyncNo, id: LinkId) -> Result<(), Fault> {
    let found: Option<(SpaceNo, Option<Vec<u8>>)> = conn
        .prepare_cached(
            "SELECT link.space, link.keys FROM link JOIN space ON space.id = link.space
             WHERE link.id = ?1 AND space.sync = ?2",
        )?
        .query_row((id, sync), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((space, keys)) = found else {
        return Ok(());
    };
    Keys::parse(&keys.unwrap_or_default()).remove(conn, space, id, &Keys::default())?;
    conn.prepare_cached("DELETE FROM link WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The match keys of a link as they are stored: a side and 64 bits of SHA-256 each, which keeps the
/// index small and people's data out of it.
#[derive(Clone, Default, PartialEq, Eq)]
struct Keys(BTreeSet<(Side, i64)>);

impl Keys {
    fn of(keys: &[MatchKey]) -> Keys {
        Keys(keys.iter().map(|key| (key.side, key_hash(&key.text))).collect())
    }

    /// Nine bytes a key: the side and the hash.
    fn bytes(&self) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|(side, hash)| {
                let side = u8::from(*side == Side::B);
                std::iter::once(side).chain(hash.to_be_bytes())
            })
            .collect()
    }

    fn parse(bytes: &[u8]) -> Keys {
        let (keys, _) = bytes.as_chunks::<9>();
        let key = |&[side, ref hash @ ..]: &[u8; 9]| {
            let side = if side == 0 { Side::A } else { Side::B };
            (side, i64::from_be_bytes(*hash))
        };
        Keys(keys.iter().map(key).collect())
    }

    /// Takes the keys out of the index that are not among `but`.
    fn remove(&self, conn: &Connection, space: SpaceNo, link: LinkId, but: &Keys) -> Result<(), Fault> {
        let mut delete =
            conn.prepare_cached("DELETE FROM match_key WHERE space = ?1 AND side = ?2 AND hash = ?3 AND link = ?4")?;
        for (side, hash) in self.0.difference(&but.0) {
            delete.execute((space, side, hash, link))?;
        }
        Ok(())
    }

    /// Puts the keys into the index that are not among `but`.
    fn insert(&self, conn: &Connection, space: SpaceNo, link: LinkId, but: &Keys) -> Result<(), Fault> {
        let mut insert = conn.prepare_cached("INSERT INTO match_key VALUES (?1, ?2, ?3, ?4)")?;
        for (side, hash) in self.0.difference(&but.0) {
            insert.execute((space, side, hash, link))?;
        }
        Ok(())
    }
}

/// The first 64 bits of the key's SHA-256. Part of the file format.
fn key_hash(key: &str) -> i64 {
    let bytes = Sha256::digest(key.as_bytes());
    let hash = bytes.iter().take(8).fold(0_u64, |hash, &byte| (hash << 8) | u64::from(byte));
    hash.cast_signed()
}

pub(super) fn by_id(conn: &Connection, sync: SyncNo, id: LinkId) -> Result<Option<Link>, Fault> {
    let object: Option<String> = conn
        .prepare_cached(
            "SELECT space.object FROM link JOIN space ON space.id = link.space
             WHERE link.id = ?1 AND space.sync = ?2",
        )?
        .query_row((id, sync), |row| row.get(0))
        .optional()?;
    let Some(object) = object else {
        return Ok(None);
    };
    let sql = format!("SELECT {COLUMNS} FROM link WHERE id = ?1");
    let link = conn.prepare_cached(&sql)?.query_row([id], |row| from_row(row, &object))?;
    Ok(Some(link))
}

/// Finds the live link, and the newest unlinked one, that has a record.
pub(super) fn by_record_sql(side: Side) -> [String; 2] {
    let (column, gone) = match side {
        Side::A => ("a", "link_gone_a"),
        Side::B => ("b", "link_gone_b"),
    };
    // Left to itself, SQLite would look through all unlinked ones.
    [
        format!("SELECT {COLUMNS} FROM link WHERE space = ?1 AND {column} = ?2 AND state <> 6"),
        format!(
            "SELECT {COLUMNS} FROM link INDEXED BY {gone}
             WHERE space = ?1 AND {column} = ?2 AND state = 6 ORDER BY id DESC LIMIT 1"
        ),
    ]
}

pub(super) fn by_records(
    conn: &Connection,
    sync: SyncNo,
    object: &str,
    side: Side,
    records: &[String],
) -> Result<Vec<Option<Link>>, Fault> {
    let Some(space) = space_no(conn, sync, object)? else {
        return Ok(Vec::new());
    };
    let [live, gone] = by_record_sql(side);
    let (mut live, mut gone) = (conn.prepare_cached(&live)?, conn.prepare_cached(&gone)?);
    let mut find = |record: &String| -> Result<Option<Link>, Fault> {
        let found = live.query_row((space, record), |row| from_row(row, object)).optional()?;
        if found.is_some() {
            return Ok(found);
        }
        Ok(gone.query_row((space, record), |row| from_row(row, object)).optional()?)
    };
    records.iter().map(&mut find).collect()
}

pub(super) const BY_KEY: &str = "SELECT link FROM match_key WHERE space = ?1 AND side = ?2 AND hash = ?3 ORDER BY link";

pub(super) fn by_keys(
    conn: &Connection,
    sync: SyncNo,
    object: &str,
    side: Side,
    keys: &[String],
) -> Result<Vec<Vec<LinkId>>, Fault> {
    let Some(space) = space_no(conn, sync, object)? else {
        return Ok(Vec::new());
    };
    let mut find = conn.prepare_cached(BY_KEY)?;
    keys.iter()
        .map(|key| {
            let rows = find.query_map((space, side, key_hash(key)), |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .collect()
}

/// Takes the space, the number to start after, the limit, and the state or nothing.
pub(super) fn scan_sql(filter: LinkFilter) -> String {
    let wanted = match filter {
        // `+` keeps the scan on the table itself, which is in the order of the numbers.
        LinkFilter::All => "+space = ?1 AND ?4 IS NULL",
        LinkFilter::Dirty => "space = ?1 AND dirty = 1 AND ?4 IS NULL",
        LinkFilter::State(_) => "space = ?1 AND state = ?4",
    };
    format!("SELECT {COLUMNS} FROM link WHERE {wanted} AND id > ?2 ORDER BY id LIMIT ?3")
}

pub(super) fn scan(
    conn: &Connection,
    sync: SyncNo,
    object: &str,
    filter: LinkFilter,
    page: Page,
) -> Result<Vec<Link>, Fault> {
    let Some(space) = space_no(conn, sync, object)? else {
        return Ok(Vec::new());
    };
    let state = match filter {
        LinkFilter::State(state) => Some(state),
        LinkFilter::All | LinkFilter::Dirty => None,
    };
    let sql = scan_sql(filter);
    let mut scan = conn.prepare_cached(&sql)?;
    let rows = scan.query_map((space, page.after, page.limit, state), |row| from_row(row, object))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) const COUNT: &str = "SELECT state, count(*) FROM link WHERE space = ?1 GROUP BY state";

pub(super) fn count(conn: &Connection, sync: SyncNo, object: &str) -> Result<BTreeMap<LinkState, u64>, Fault> {
    let Some(space) = space_no(conn, sync, object)? else {
        return Ok(BTreeMap::new());
    };
    let mut count = conn.prepare_cached(COUNT)?;
    let rows = count.query_map([space], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
