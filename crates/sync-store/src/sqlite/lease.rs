//! The lease: one row a sync.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::codec::At;
use super::{Db, Fault, SyncNo, write};
use crate::store::lease_end;
use crate::{Lease, StoreError};

pub(super) fn acquire(
    db: &mut Db,
    name: &str,
    owner: String,
    ttl: Duration,
    now: DateTime<Utc>,
) -> Result<Lease, Fault> {
    let tx = db.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let held: Option<(Option<String>, At)> = tx
        .prepare_cached("SELECT owner, until FROM sync WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((Some(by), At(until))) = held
        && by != owner
        && until > now
    {
        let sync_id = name.to_owned();
        return Err(StoreError::Held { sync_id, by, until }.into());
    }
    db.last_id += 1;
    let lease = Lease { owner, token: db.last_id.unsigned_abs(), until: lease_end(ttl, now) };
    tx.prepare_cached(
        "INSERT INTO sync (name, owner, token, until) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET owner = ?2, token = ?3, until = ?4",
    )?
    .execute((name, &lease.owner, db.last_id, At(lease.until)))?;
    write::save_last_id(&tx, db.last_id)?;
    tx.commit()?;
    Ok(lease)
}

pub(super) fn renew(
    conn: &Connection,
    name: &str,
    mut lease: Lease,
    ttl: Duration,
    now: DateTime<Utc>,
) -> Result<Lease, Fault> {
    lease.until = lease_end(ttl, now);
    let sync = holder(conn, name, lease.token)?;
    conn.prepare_cached("UPDATE sync SET until = ?2 WHERE id = ?1")?.execute((sync, At(lease.until)))?;
    Ok(lease)
}

pub(super) fn release(conn: &Connection, name: &str, token: u64) -> Result<(), Fault> {
    let sync = holder(conn, name, token)?;
    conn.prepare_cached("UPDATE sync SET owner = NULL WHERE id = ?1")?.execute([sync])?;
    Ok(())
}

/// The sync, if the token is that of the lease that is held.
pub(super) fn holder(conn: &Connection, name: &str, token: u64) -> Result<SyncNo, Fault> {
    let stale = || StoreError::StaleLease { sync_id: name.to_owned(), token };
    let number = i64::try_from(token).map_err(|_| stale())?;
    conn.prepare_cached("SELECT id FROM sync WHERE name = ?1 AND token = ?2 AND owner IS NOT NULL")?
        .query_row((name, number), |row| row.get(0))
        .optional()?
        .ok_or_else(|| stale().into())
}
