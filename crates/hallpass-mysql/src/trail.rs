use async_trait::async_trait;
use hallpass::audit::{Seal, SealedEvent};
use hallpass::{Event, EventId, Outcome, PageLimit, StoreError, StoreFault as _, Trail};
use hallpass_sql::{Condition, EVENT_COLUMNS, SEAL_COLUMNS, StoredSeal, outcome, seal_values};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Row, TxOpts, Value as Raw};

use crate::error::Fault;
use crate::numbering::Numbered;
use crate::query::{self, Mysql};
use crate::row::{self, bytes, maybe, number, write_literal};
use crate::sessions::run_apart;
use crate::store::MysqlStore;

/// At most a thousand lines, so that a purge does not hold other transactions up.
const CUT: &str = "SELECT LEAST(?, MIN(number) + 999, MAX(number) - 1) FROM hallpass_seals";
const FORGET_EVENTS: &str = "DELETE event FROM hallpass_events AS event
    JOIN hallpass_seals AS seal ON seal.event = event.id WHERE seal.number <= ?";
const FORGET_SEALS: &str = "DELETE FROM hallpass_seals WHERE number <= ?";

/// The audit trail in the database of a store.
#[derive(Debug, Clone)]
pub(crate) struct MysqlTrail {
    store: MysqlStore,
}

impl MysqlTrail {
    pub(crate) fn new(store: MysqlStore) -> Self {
        Self { store }
    }

    fn failed(&self, fault: impl Into<Fault>) -> StoreError {
        fault.into().at(self.store.connections().server())
    }

    async fn edge(&self, order: &str) -> Result<Option<Seal>, StoreError> {
        let columns = SEAL_COLUMNS.join(", ");
        let sql = format!("SELECT {columns} FROM hallpass_seals ORDER BY number {order} LIMIT 1");
        let rows = self.store.connections().read(&sql, Vec::new()).await.map_err(|fault| self.failed(fault))?;
        Ok(rows.first().map(|row| read_seal(row, 0)))
    }
}

#[async_trait]
impl Trail for MysqlTrail {
    async fn last(&self) -> Result<Option<Seal>, StoreError> {
        self.edge("DESC").await
    }

    async fn first(&self) -> Result<Option<Seal>, StoreError> {
        self.edge("ASC").await
    }

    async fn unsealed(&self, after: Option<EventId>, limit: PageLimit) -> Result<Vec<Event>, StoreError> {
        let connections = self.store.connections();
        Numbered::Events.number(connections).await.map_err(|fault| self.failed(fault))?;
        let Condition { sql, values } = Condition::of_unsealed(after, &Mysql);
        let columns = EVENT_COLUMNS.join(", ");
        let sql = format!("SELECT {columns} FROM hallpass_events WHERE seq IS NOT NULL AND {sql} ORDER BY seq LIMIT ?");
        let found = query::read(connections, &row::EVENTS, &sql, &values, limit, self.store.damage()).await;
        let mut events = found.map_err(|fault| self.failed(fault))?;
        events.truncate(limit.number());
        Ok(events)
    }

    async fn seal(&self, seals: &[Seal]) -> Result<Outcome, StoreError> {
        if seals.is_empty() {
            return Ok(outcome(true));
        }
        let script = format!(
            "START TRANSACTION; INSERT INTO hallpass_seals ({}) VALUES {}; SET @applied = 1; COMMIT; SELECT @applied",
            SEAL_COLUMNS.join(", "),
            rows(seals)
        );
        match run_apart(self.store.connections(), script).await {
            Ok(is_applied) => Ok(outcome(is_applied)),
            Err(fault) if fault.is_duplicate() => Ok(outcome(false)),
            Err(fault) => Err(self.failed(fault)),
        }
    }

    async fn sealed(&self, after: u64, limit: PageLimit) -> Result<Vec<SealedEvent>, StoreError> {
        let columns: Vec<_> = EVENT_COLUMNS.iter().map(|column| format!("event.{column}")).collect();
        let seal: Vec<_> = SEAL_COLUMNS.iter().map(|column| format!("seal.{column}")).collect();
        let sql = format!(
            "SELECT {}, {} FROM hallpass_seals AS seal LEFT JOIN hallpass_events AS event ON event.id = seal.event
             WHERE seal.number > ? ORDER BY seal.number LIMIT ?",
            columns.join(", "),
            seal.join(", ")
        );
        let values = vec![Raw::Int(whole(after)), Raw::UInt(u64::try_from(limit.number()).unwrap_or(u64::MAX))];
        let rows = self.store.connections().read(&sql, values).await.map_err(|fault| self.failed(fault))?;
        let read = |row| SealedEvent { seal: read_seal(row, EVENT_COLUMNS.len()), event: row::event(row).ok() };
        Ok(rows.iter().map(read).collect())
    }

    async fn forget(&self, through: u64) -> Result<u64, StoreError> {
        let connections = self.store.connections();
        let purged = connections.again_if_it_gave_way(|| connections.on_one(|conn| purge(conn, whole(through)))).await;
        purged.map_err(|fault| self.failed(fault))
    }
}

async fn purge(mut conn: Conn, through: i64) -> Result<u64, Fault> {
    let mut transaction = conn.start_transaction(TxOpts::default()).await?;
    let found: Vec<Row> = transaction.exec(CUT, (through,)).await?;
    let Some(cut) = found.first().and_then(|row| number(row, 0, "cut").ok()) else { return Ok(0) };
    transaction.exec_drop(FORGET_EVENTS, (cut,)).await?;
    transaction.exec_drop(FORGET_SEALS, (cut,)).await?;
    let gone = transaction.affected_rows();
    transaction.commit().await?;
    Ok(gone)
}

fn rows(seals: &[Seal]) -> String {
    let mut out = String::new();
    for (index, seal) in seals.iter().enumerate() {
        out.push_str(if index == 0 { "(" } else { "), (" });
        for (place, value) in seal_values(seal).iter().enumerate() {
            if place > 0 {
                out.push_str(", ");
            }
            write_literal(&mut out, value);
        }
    }
    out.push(')');
    out
}

fn read_seal(row: &Row, start: usize) -> Seal {
    let column = |index: usize| bytes(row, start + index, "seal").unwrap_or_default();
    let checkpoint = maybe(row, start + 3, "checkpoint").ok().flatten().and_then(|text| str::from_utf8(text).ok());
    let number = number(row, start, "number").unwrap_or(0);
    StoredSeal { number, event: column(1), hash: column(2), checkpoint }.to_seal()
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
