use async_trait::async_trait;
use hallpass::audit::{Seal, SealedEvent};
use hallpass::{Event, EventId, Outcome, PageLimit, StoreError, StoreFault as _, Trail};
use hallpass_sql::{Condition, EVENT_COLUMNS, SEAL_COLUMNS, StoredSeal, outcome, seal_values};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::error::Fault;
use crate::events;
use crate::query::Postgres;
use crate::row::{self, Bound};
use crate::store::PostgresStore;

const SEAL: &str = "INSERT INTO hallpass.seals (number, event, hash, checkpoint) SELECT * FROM unnest($1, $2, $3, $4)";

/// At most a thousand lines, so that it does not hold other transactions up.
const PURGE: &str = "WITH bounds AS (
        SELECT least($1, min(number) + 999, max(number) - 1) AS cut FROM hallpass.seals
    ), gone AS (
        DELETE FROM hallpass.seals WHERE number <= (SELECT cut FROM bounds) RETURNING event
    ), forgotten AS (
        DELETE FROM hallpass.events WHERE id IN (SELECT event FROM gone)
    ) SELECT count(*) FROM gone";

/// The audit trail in the database of a store.
#[derive(Debug, Clone)]
pub(crate) struct PostgresTrail {
    store: PostgresStore,
}

impl PostgresTrail {
    pub(crate) fn new(store: PostgresStore) -> Self {
        Self { store }
    }

    fn failed(&self, fault: Fault) -> StoreError {
        fault.at(self.store.connections().server())
    }

    async fn edge(&self, order: &str) -> Result<Option<Seal>, StoreError> {
        let columns = SEAL_COLUMNS.join(", ");
        let sql = format!("SELECT {columns} FROM hallpass.seals ORDER BY number {order} LIMIT 1");
        let rows = self.store.connections().read_once(&sql, &[]).await.map_err(|fault| self.failed(fault))?;
        Ok(rows.first().map(|row| read_seal(row, 0)))
    }
}

#[async_trait]
impl Trail for PostgresTrail {
    async fn last(&self) -> Result<Option<Seal>, StoreError> {
        self.edge("DESC").await
    }

    async fn first(&self) -> Result<Option<Seal>, StoreError> {
        self.edge("ASC").await
    }

    async fn unsealed(&self, after: Option<EventId>, limit: PageLimit) -> Result<Vec<Event>, StoreError> {
        let condition = Condition::of_unsealed(after, &Postgres);
        let found = events::read(self.store.connections(), &condition, limit, self.store.damage()).await;
        let mut events = found.map_err(|fault| self.failed(fault))?;
        events.truncate(limit.number());
        Ok(events)
    }

    async fn seal(&self, seals: &[Seal]) -> Result<Outcome, StoreError> {
        let rows: Vec<_> = seals.iter().map(seal_values).collect();
        let columns: Vec<Vec<Bound<'_>>> =
            (0..SEAL_COLUMNS.len()).map(|index| rows.iter().map(|row| Bound(&row[index])).collect()).collect();
        let types = [Type::INT8_ARRAY, Type::BYTEA_ARRAY, Type::BYTEA_ARRAY, Type::TEXT_ARRAY];
        let params: Vec<_> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).zip(types).collect();
        match self.store.connections().write_once(SEAL, &params).await {
            Ok(_) => Ok(outcome(true)),
            Err(fault) if fault.is_duplicate() => Ok(outcome(false)),
            Err(fault) => Err(self.failed(fault)),
        }
    }

    async fn sealed(&self, after: u64, limit: PageLimit) -> Result<Vec<SealedEvent>, StoreError> {
        let columns: Vec<_> = EVENT_COLUMNS.iter().map(|column| format!("event.{column}")).collect();
        let seal: Vec<_> = SEAL_COLUMNS.iter().map(|column| format!("seal.{column}")).collect();
        let sql = format!(
            "SELECT {}, {} FROM hallpass.seals AS seal LEFT JOIN hallpass.events AS event ON event.id = seal.event
             WHERE seal.number > $1 ORDER BY seal.number LIMIT $2",
            columns.join(", "),
            seal.join(", ")
        );
        let (after, limit) = (whole(after), i64::try_from(limit.number()).unwrap_or(i64::MAX));
        let rows = self.store.connections().read_once(&sql, &[(&after, Type::INT8), (&limit, Type::INT8)]).await;
        let rows = rows.map_err(|fault| self.failed(fault))?;
        let read = |row| SealedEvent { seal: read_seal(row, EVENT_COLUMNS.len()), event: row::event(row).ok() };
        Ok(rows.iter().map(read).collect())
    }

    async fn forget(&self, through: u64) -> Result<u64, StoreError> {
        let through = whole(through);
        let rows = self.store.connections().write_once(PURGE, &[(&through, Type::INT8)]).await;
        let rows = rows.map_err(|fault| self.failed(fault))?;
        let gone: i64 = rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or(0);
        Ok(u64::try_from(gone).unwrap_or(0))
    }
}

fn read_seal(row: &Row, start: usize) -> Seal {
    let bytes = |index: usize| row.try_get(start + index).unwrap_or_default();
    let (number, checkpoint) = (row.try_get(start).unwrap_or(0), row.try_get(start + 3).unwrap_or_default());
    StoredSeal { number, event: bytes(1), hash: bytes(2), checkpoint }.to_seal()
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
