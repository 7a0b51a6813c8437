//! Reading the journal.

use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;

use super::codec::{At, Json};
use super::{Fault, SyncNo, space_no};
use crate::{ConflictEntry, Cursor, Intent, IntentId, Page, RecordError, Review, ReviewId, Run, RunId, Scope, Side};

const INTENT: &str = "SELECT intent.id, run, batch, link, space.object, side, op, state, \
    create_key, expect, wish, image_before, image_after, sent_at, error \
    FROM intent JOIN space ON space.id = intent.space WHERE intent.sync = ?1 AND intent.id";

fn intent_from(row: &Row<'_>) -> rusqlite::Result<Intent> {
    Ok(Intent {
        id: row.get(0)?,
        run: row.get(1)?,
        batch: row.get(2)?,
        link: row.get(3)?,
        object: row.get(4)?,
        side: row.get(5)?,
        op: row.get(6)?,
        state: row.get(7)?,
        key: row.get(8)?,
        expect: row.get(9)?,
        wish: row.get(10)?,
        before: row.get(11)?,
        after: row.get(12)?,
        sent_at: row.get::<_, Option<At>>(13)?.map(|at| at.0),
        error: row.get(14)?,
    })
}

/// The condition of a scope, which takes parameter 4.
pub(super) fn condition(scope: Scope) -> (&'static str, i64) {
    match scope {
        Scope::All => ("?4 = 0", 0),
        Scope::Run(run) => ("run = ?4", run.0),
        Scope::Link(link) => ("link = ?4", link.0),
    }
}

pub(super) fn intent(conn: &Connection, sync: SyncNo, id: IntentId) -> Result<Option<Intent>, Fault> {
    let mut find = conn.prepare_cached(&format!("{INTENT} = ?2"))?;
    Ok(find.query_row((sync, id), intent_from).optional()?)
}

/// Takes the sync, the number to start after, the limit, and what `wanted` asks for.
pub(super) fn intents_sql(wanted: &str) -> String {
    format!("{INTENT} > ?2 AND {wanted} ORDER BY intent.id LIMIT ?3")
}

pub(super) fn intents(conn: &Connection, sync: SyncNo, scope: Scope, page: Page) -> Result<Vec<Intent>, Fault> {
    let (wanted, id) = condition(scope);
    let mut select = conn.prepare_cached(&intents_sql(wanted))?;
    let rows = select.query_map((sync, page.after, page.limit, id), intent_from)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) const OPEN_INTENT: &str = "state < 4";

pub(super) fn open_intents(conn: &Connection, sync: SyncNo, page: Page) -> Result<Vec<Intent>, Fault> {
    let mut select = conn.prepare_cached(&intents_sql(OPEN_INTENT))?;
    let rows = select.query_map((sync, page.after, page.limit), intent_from)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn cursor(conn: &Connection, sync: SyncNo, object: &str, side: Side) -> Result<Option<Cursor>, Fault> {
    let Some(space) = space_no(conn, sync, object)? else {
        return Ok(None);
    };
    let mut find = conn.prepare_cached("SELECT cursor, saved_at FROM position WHERE space = ?1 AND side = ?2")?;
    let cursor =
        find.query_row((space, side), |row| Ok(Cursor { text: row.get(0)?, saved_at: row.get::<_, At>(1)?.0 }));
    Ok(cursor.optional()?)
}

const RUN: &str = "SELECT id, kind, state, started, finished, report FROM run WHERE sync = ?1";

fn run_from(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        started: row.get::<_, At>(3)?.0,
        finished: row.get::<_, Option<At>>(4)?.map(|at| at.0),
        report: row.get(5)?,
    })
}

pub(super) fn run(conn: &Connection, sync: SyncNo, id: RunId) -> Result<Option<Run>, Fault> {
    let mut find = conn.prepare_cached(&format!("{RUN} AND id = ?2"))?;
    Ok(find.query_row((sync, id), run_from).optional()?)
}

pub(super) fn runs(conn: &Connection, sync: SyncNo, limit: u32) -> Result<Vec<Run>, Fault> {
    let mut select = conn.prepare_cached(&format!("{RUN} ORDER BY id DESC LIMIT ?2"))?;
    let rows = select.query_map((sync, limit), run_from)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn review(conn: &Connection, sync: SyncNo, id: ReviewId) -> Result<Option<Review>, Fault> {
    let mut find = conn.prepare_cached("SELECT body FROM review WHERE sync = ?1 AND id = ?2")?;
    Ok(find.query_row((sync, id), body).optional()?)
}

pub(super) fn reviews(conn: &Connection, sync: SyncNo, scope: Scope, page: Page) -> Result<Vec<Review>, Fault> {
    bodies(conn, "review", sync, scope, page)
}

pub(super) const OPEN_REVIEW: &str = "open = 1";

pub(super) fn open_reviews(conn: &Connection, sync: SyncNo, page: Page) -> Result<Vec<Review>, Fault> {
    let mut select = conn.prepare_cached(&bodies_sql("review", OPEN_REVIEW))?;
    let rows = select.query_map((sync, page.after, page.limit), body)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn conflicts(
    conn: &Connection,
    sync: SyncNo,
    scope: Scope,
    page: Page,
) -> Result<Vec<ConflictEntry>, Fault> {
    bodies(conn, "conflict", sync, scope, page)
}

pub(super) fn errors(conn: &Connection, sync: SyncNo, scope: Scope, page: Page) -> Result<Vec<RecordError>, Fault> {
    bodies(conn, "error", sync, scope, page)
}

pub(super) const ERRORS_OF: &str = "SELECT body FROM error
    WHERE space = ?1 AND side = ?2 AND record = ?3 AND id > ?4 ORDER BY id LIMIT ?5";

pub(super) fn errors_of(
    conn: &Connection,
    sync: SyncNo,
    object: &str,
    side: Side,
    record: &str,
    page: Page,
) -> Result<Vec<RecordError>, Fault> {
    let Some(space) = space_no(conn, sync, object)? else {
        return Ok(Vec::new());
    };
    let mut select = conn.prepare_cached(ERRORS_OF)?;
    let rows = select.query_map((space, side, record, page.after, page.limit), body)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes the sync, the number to start after, the limit, and what `wanted` asks for.
pub(super) fn bodies_sql(table: &'static str, wanted: &str) -> String {
    format!("SELECT body FROM {table} WHERE sync = ?1 AND id > ?2 AND {wanted} ORDER BY id LIMIT ?3")
}

/// Entries of a table whose rows are kept as JSON.
fn bodies<T: DeserializeOwned>(
    conn: &Connection,
    table: &'static str,
    sync: SyncNo,
    scope: Scope,
    page: Page,
) -> Result<Vec<T>, Fault> {
    let (wanted, id) = condition(scope);
    let mut select = conn.prepare_cached(&bodies_sql(table, wanted))?;
    let rows = select.query_map((sync, page.after, page.limit, id), body)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn body<T: DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<T> {
    row.get::<_, Json<T>>(0).map(|Json(value)| value)
}
