use async_trait::async_trait;
use bytes::Bytes;
use hallpass::{Outcome, Settings, StoreError, StoreFault as _};
use hallpass_sql::{CorruptRow, outcome};
use tokio_postgres::types::Type;

use crate::error::Fault;
use crate::statement::Named;
use crate::store::PostgresStore;

pub(crate) const LOAD: &str = "SELECT value FROM hallpass.settings WHERE name = $1";
pub(crate) const CREATE: &str =
    "INSERT INTO hallpass.settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING 1";
pub(crate) const UPDATE: &str = "UPDATE hallpass.settings SET value = $2 WHERE name = $1 AND value = $3 RETURNING 1";
pub(crate) const REMOVE: &str = "DELETE FROM hallpass.settings WHERE name = $1 AND value = $2 RETURNING 1";
const LIST: &str = "SELECT name, value FROM hallpass.settings WHERE starts_with(name, $1) ORDER BY name";

/// The settings that live in the database of a store; see [`PostgresStore::settings`].
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    store: PostgresStore,
}

impl PostgresSettings {
    pub(crate) fn new(store: PostgresStore) -> Self {
        Self { store }
    }

    fn failed(&self, fault: Fault) -> StoreError {
        fault.at(self.store.connections().server())
    }

    fn outcome(&self, rows: Result<Vec<tokio_postgres::Row>, Fault>) -> Result<Outcome, StoreError> {
        rows.map(|rows| outcome(!rows.is_empty())).map_err(|fault| self.failed(fault))
    }
}

#[async_trait]
impl Settings for PostgresSettings {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let rows = self.store.connections().read(Named::LoadSetting, &[&name]).await;
        let rows = rows.map_err(|fault| self.failed(fault))?;
        rows.first().map(|row| bytes(row, 0)).transpose().map_err(|fault| self.failed(fault))
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        <dyn Settings>::check(name, value)?;
        let connections = self.store.connections();
        self.outcome(match expected {
            None => connections.write(Named::CreateSetting, &[&name, &value]).await,
            Some(expected) => connections.write(Named::UpdateSetting, &[&name, &value, &expected]).await,
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        let rows = self.store.connections().read_once(LIST, &[(&prefix, Type::TEXT)]).await;
        let rows = rows.map_err(|fault| self.failed(fault))?;
        let named = |row| -> Result<_, Fault> {
            let name: String = tokio_postgres::Row::try_get(row, 0).map_err(|_| CorruptRow::Column("name"))?;
            Ok((name, bytes(row, 1)?))
        };
        rows.iter().map(named).collect::<Result<_, _>>().map_err(|fault| self.failed(fault))
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        self.outcome(self.store.connections().write(Named::RemoveSetting, &[&name, &expected]).await)
    }
}

fn bytes(row: &tokio_postgres::Row, index: usize) -> Result<Bytes, Fault> {
    let value: &[u8] = row.try_get(index).map_err(|_| CorruptRow::Column("value"))?;
    Ok(Bytes::copy_from_slice(value))
}
