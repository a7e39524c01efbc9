use async_trait::async_trait;
use hallpass::audit::{Seal, SealedEvent};
use hallpass::{Event, EventId, Outcome, PageLimit, StoreError, Trail};
use hallpass_sql::{Condition, Damage, EVENT_COLUMNS, SEAL_COLUMNS, StoredSeal, Value, outcome, seal_values};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use crate::error::Fault;
use crate::query::{self, Sqlite};
use crate::row::{self, Bound};
use crate::store::SqliteStore;

/// How many lines one transaction of a purge forgets, so that no other write waits long.
const AT_ONCE: i64 = 1000;

/// The audit trail in the file of a store.
#[derive(Debug, Clone)]
pub(crate) struct SqliteTrail {
    store: SqliteStore,
}

impl SqliteTrail {
    pub(crate) fn new(store: SqliteStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Trail for SqliteTrail {
    async fn last(&self) -> Result<Option<Seal>, StoreError> {
        self.store.readers().aside(|connection| edge(connection, "DESC")).await
    }

    async fn first(&self) -> Result<Option<Seal>, StoreError> {
        self.store.readers().aside(|connection| edge(connection, "ASC")).await
    }

    async fn unsealed(&self, after: Option<EventId>, limit: PageLimit) -> Result<Vec<Event>, StoreError> {
        let damage = self.store.damage();
        self.store.readers().aside(move |connection| unsealed(connection, after, limit, &damage)).await
    }

    async fn seal(&self, seals: &[Seal]) -> Result<Outcome, StoreError> {
        let seals: Vec<_> = seals.iter().map(seal_values).collect();
        self.store.writer().write(move |connection| seal(connection, &seals)).await
    }

    async fn sealed(&self, after: u64, limit: PageLimit) -> Result<Vec<SealedEvent>, StoreError> {
        self.store.readers().aside(move |connection| sealed(connection, after, limit)).await
    }

    async fn forget(&self, through: u64) -> Result<u64, StoreError> {
        self.store.writer().write(move |connection| purge(connection, through)).await
    }
}

fn edge(connection: &Connection, order: &str) -> Result<Option<Seal>, Fault> {
    let columns = SEAL_COLUMNS.join(", ");
    let mut statement =
        connection.prepare_cached(&format!("SELECT {columns} FROM seals ORDER BY number {order} LIMIT 1"))?;
    Ok(statement.query_row([], |row| read_seal(row, 0)).optional()?)
}

fn unsealed(
    connection: &Connection,
    after: Option<EventId>,
    limit: PageLimit,
    damage: &Damage,
) -> Result<Vec<Event>, Fault> {
    let Condition { sql, values } = Condition::of_unsealed(after, &Sqlite);
    let (columns, place) = (EVENT_COLUMNS.join(", "), values.len() + 1);
    let sql = format!("SELECT {columns} FROM events WHERE {sql} ORDER BY seq LIMIT ?{place}");
    let mut events = query::read(connection, &row::EVENTS, &sql, &values, limit, damage)?;
    events.truncate(limit.number());
    Ok(events)
}

/// Nobody else writes meanwhile, so it is enough to look before.
fn seal(connection: &Connection, seals: &[[Value; SEAL_COLUMNS.len()]]) -> Result<Outcome, Fault> {
    let mut is_taken = connection.prepare_cached("SELECT 1 FROM seals WHERE number = ?1 OR event = ?2")?;
    for [number, event, ..] in seals {
        if is_taken.exists(params![Bound(number), Bound(event)])? {
            return Ok(outcome(false));
        }
    }
    let columns = SEAL_COLUMNS.join(", ");
    let mut insert = connection.prepare_cached(&format!("INSERT INTO seals ({columns}) VALUES (?1, ?2, ?3, ?4)"))?;
    for values in seals {
        insert.execute(params_from_iter(values.iter().map(Bound)))?;
    }
    Ok(outcome(true))
}

fn sealed(connection: &Connection, after: u64, limit: PageLimit) -> Result<Vec<SealedEvent>, Fault> {
    let columns: Vec<_> = EVENT_COLUMNS.iter().map(|column| format!("event.{column}")).collect();
    let seal: Vec<_> = SEAL_COLUMNS.iter().map(|column| format!("seal.{column}")).collect();
    let sql = format!(
        "SELECT {}, {} FROM seals AS seal LEFT JOIN events AS event ON event.id = seal.event
         WHERE seal.number > ?1 ORDER BY seal.number LIMIT ?2",
        columns.join(", "),
        seal.join(", ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (after, limit) = (whole(after), i64::try_from(limit.number()).unwrap_or(i64::MAX));
    let mut rows = statement.query(params![after, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let event = row::event(row);
        if let Err(fault) = &event
            && !matches!(fault, Fault::Row(_))
            && !matches!(row.get_ref(0)?, ValueRef::Null)
        {
            tracing::warn!(target: "hallpass::sqlite", %fault, "a sealed event cannot be read");
        }
        found.push(SealedEvent { seal: read_seal(row, EVENT_COLUMNS.len())?, event: event.ok() });
    }
    Ok(found)
}

fn purge(connection: &Connection, through: u64) -> Result<u64, Fault> {
    let cut = "SELECT min(?1, min(number) + ?2 - 1, max(number) - 1) FROM seals";
    let cut: Option<i64> =
        connection.prepare_cached(cut)?.query_row(params![whole(through), AT_ONCE], |row| row.get(0))?;
    let Some(cut) = cut else { return Ok(0) };
    let events = "DELETE FROM events WHERE id IN (SELECT event FROM seals WHERE number <= ?1)";
    connection.prepare_cached(events)?.execute([cut])?;
    let gone = connection.prepare_cached("DELETE FROM seals WHERE number <= ?1")?.execute([cut])?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

fn read_seal(row: &Row<'_>, start: usize) -> rusqlite::Result<Seal> {
    let bytes = |index| Ok::<_, rusqlite::Error>(row.get_ref(start + index)?.as_blob().unwrap_or_default());
    let checkpoint = row.get_ref(start + 3)?.as_str_or_null().unwrap_or_default();
    let number = row.get(start)?;
    Ok(StoredSeal { number, event: bytes(1)?, hash: bytes(2)?, checkpoint }.to_seal())
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
