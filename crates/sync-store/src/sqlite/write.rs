//! The one write path: a batch in one transaction.

use std::collections::HashMap;

use rusqlite::{Connection, TransactionBehavior, params};

use super::codec::{At, json};
use super::{Db, Fault, SpaceNo, SyncNo, lease, links, space_no};
use crate::{
    Batch, Change, ConflictEntry, Cursor, Decision, Intent, RecordError, Review, ReviewId, Run, Side, StoreError,
};

pub(super) fn commit(db: &mut Db, name: &str, token: u64, batch: Batch) -> Result<(), Fault> {
    let erases = batch.changes().iter().any(|change| matches!(change, Change::Erase));
    if erases {
        // What is erased is overwritten with zeros, not only unlinked.
        db.conn.pragma_update(None, "secure_delete", "ON")?;
    }
    let last_id = db.last_id;
    let done = apply(db, name, token, batch);
    if done.is_err() {
        db.last_id = last_id;
    }
    if erases {
        db.conn.pragma_update(None, "secure_delete", "OFF")?;
        if done.is_ok() {
            // The log still holds the old pages.
            db.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
    }
    done
}

fn apply(db: &mut Db, name: &str, token: u64, batch: Batch) -> Result<(), Fault> {
    let tx = db.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut writer =
        Writer { sync: lease::holder(&tx, name, token)?, conn: &tx, spaces: HashMap::new(), last_id: &mut db.last_id };
    for change in batch.into_changes() {
        writer.apply(change)?;
    }
    save_last_id(&tx, db.last_id)?;
    // A transaction that is dropped before this is rolled back.
    tx.commit()?;
    Ok(())
}

/// Makes sure that numbers in the file are never given out again.
pub(super) fn save_last_id(conn: &Connection, last_id: i64) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE meta SET last_id = ?1 WHERE last_id < ?1")?.execute([last_id])?;
    Ok(())
}

struct Writer<'a> {
    conn: &'a Connection,
    sync: SyncNo,
    spaces: HashMap<String, SpaceNo>,
    last_id: &'a mut i64,
}

impl Writer<'_> {
    fn apply(&mut self, change: Change) -> Result<(), Fault> {
        change.claim_id(self.last_id)?;
        match change {
            Change::PutLink { link, keys } => {
                let space = self.space(&link.object)?;
                links::put(self.conn, space, &link, keys.as_deref())
            }
            Change::DeleteLink(id) => links::delete(self.conn, self.sync, id),
            Change::PutIntent(intent) => self.put_intent(&intent),
            Change::SetCursor { object, side, cursor } => self.set_cursor(&object, side, cursor),
            Change::PutRun(run) => self.put_run(&run),
            Change::AddReview(review) => self.add_review(&review),
            Change::DecideReview { id, decision } => self.decide_review(id, decision),
            Change::AddConflict(entry) => self.add_conflict(entry),
            Change::AddError(error) => self.add_error(error),
            Change::Erase => self.erase(),
        }
    }

    /// The number of an object, made if it is new.
    fn space(&mut self, object: &str) -> Result<SpaceNo, Fault> {
        if let Some(&space) = self.spaces.get(object) {
            return Ok(space);
        }
        let space = match space_no(self.conn, self.sync, object)? {
            Some(space) => space,
            None => {
                self.conn
                    .prepare_cached("INSERT INTO space (sync, object) VALUES (?1, ?2)")?
                    .execute((self.sync, object))?;
                self.conn.last_insert_rowid()
            }
        };
        self.spaces.insert(object.to_owned(), space);
        Ok(space)
    }

    fn next_id(&mut self) -> i64 {
        *self.last_id += 1;
        *self.last_id
    }

    fn put_intent(&mut self, intent: &Intent) -> Result<(), Fault> {
        let space = self.space(&intent.object)?;
        let changed = self
            .conn
            .prepare_cached(
                "INSERT INTO intent VALUES
                     (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
                 ON CONFLICT (id) DO UPDATE SET
                     space = ?3, run = ?4, batch = ?5, link = ?6, side = ?7, op = ?8, state = ?9,
                     create_key = ?10, expect = ?11, wish = ?12, image_before = ?13,
                     image_after = ?14, sent_at = ?15, error = ?16
                 WHERE sync = ?2",
            )?
            .execute(params![
                intent.id,
                self.sync,
                space,
                intent.run,
                intent.batch,
                intent.link,
                intent.side,
                intent.op,
                intent.state,
                intent.key,
                intent.expect,
                intent.wish,
                intent.before,
                intent.after,
                intent.sent_at.map(At),
                intent.error,
            ])?;
        ours(changed, || format!("intent {} belongs to another sync", intent.id))
    }

    fn set_cursor(&mut self, object: &str, side: Side, cursor: Option<Cursor>) -> Result<(), Fault> {
        let space = self.space(object)?;
        match cursor {
            Some(cursor) => self.conn.prepare_cached("REPLACE INTO position VALUES (?1, ?2, ?3, ?4)")?.execute((
                space,
                side,
                cursor.text,
                At(cursor.saved_at),
            ))?,
            None => self
                .conn
                .prepare_cached("DELETE FROM position WHERE space = ?1 AND side = ?2")?
                .execute((space, side))?,
        };
        Ok(())
    }

    fn put_run(&self, run: &Run) -> Result<(), Fault> {
        let changed = self
            .conn
            .prepare_cached(
                "INSERT INTO run VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET
                     kind = ?3, state = ?4, started = ?5, finished = ?6, report = ?7
                 WHERE sync = ?2",
            )?
            .execute((run.id, self.sync, &run.kind, run.state, At(run.started), run.finished.map(At), &run.report))?;
        ours(changed, || format!("run {} belongs to another sync", run.id))
    }

    fn add_review(&self, review: &Review) -> Result<(), Fault> {
        let changed = self
            .conn
            .prepare_cached("INSERT INTO review VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING")?
            .execute((review.id, self.sync, review.run, review.link, review.decided.is_none(), json(review)?))?;
        ours(changed, || format!("review {} exists already", review.id))
    }

    fn decide_review(&self, id: ReviewId, decision: Decision) -> Result<(), Fault> {
        let Some(mut review) = super::journal::review(self.conn, self.sync, id)? else {
            return Err(StoreError::invalid(format!("there is no review {id}")).into());
        };
        if let Some(decided) = &review.decided {
            return Err(
                StoreError::invalid(format!("review {id} was decided by `{}` at {}", decided.by, decided.at)).into()
            );
        }
        review.decided = Some(decision);
        self.conn
            .prepare_cached("UPDATE review SET open = 0, body = ?2 WHERE id = ?1")?
            .execute((id, json(&review)?))?;
        Ok(())
    }

    fn add_conflict(&mut self, mut entry: ConflictEntry) -> Result<(), Fault> {
        entry.seq = self.next_id();
        self.conn.prepare_cached("INSERT INTO conflict VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((
            entry.seq,
            self.sync,
            entry.run,
            entry.link,
            json(&entry)?,
        ))?;
        Ok(())
    }

    fn add_error(&mut self, mut error: RecordError) -> Result<(), Fault> {
        error.seq = self.next_id();
        let space = self.space(&error.object)?;
        self.conn.prepare_cached("INSERT INTO error VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute((
            error.seq,
            self.sync,
            error.run,
            error.link,
            space,
            error.side,
            &error.record,
            json(&error)?,
        ))?;
        Ok(())
    }

    fn erase(&self) -> Result<(), Fault> {
        for table in ["link", "match_key", "position"] {
            self.conn.execute(
                &format!("DELETE FROM {table} WHERE space IN (SELECT id FROM space WHERE sync = ?1)"),
                [self.sync],
            )?;
        }
        for table in ["intent", "run", "review", "conflict", "error"] {
            self.conn.execute(&format!("DELETE FROM {table} WHERE sync = ?1"), [self.sync])?;
        }
        Ok(())
    }
}

/// Refuses a statement that changed nothing.
fn ours(changed: usize, otherwise: impl FnOnce() -> String) -> Result<(), Fault> {
    match changed {
        0 => Err(StoreError::invalid(otherwise()).into()),
        _ => Ok(()),
    }
}
