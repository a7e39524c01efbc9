use async_trait::async_trait;
use bytes::Bytes;
use hallpass::{Outcome, Settings, StoreError, StoreFault as _};
use hallpass_sql::{CorruptRow, outcome};

use crate::error::Fault;
use crate::row::bytes;
use crate::store::MysqlStore;

const LOAD: &str = "SELECT value FROM hallpass_settings WHERE name = ?";
const CREATE: &str = "INSERT INTO hallpass_settings (name, value) VALUES (?, ?)";
const UPDATE: &str = "UPDATE hallpass_settings SET value = ? WHERE name = ? AND value = ?";
const REMOVE: &str = "DELETE FROM hallpass_settings WHERE name = ? AND value = ?";
const LIST: &str = "SELECT name, value FROM hallpass_settings WHERE name >= ? ORDER BY name";

/// The settings that live in the database of a store; see [`MysqlStore::settings`].
#[derive(Debug, Clone)]
pub struct MysqlSettings {
    store: MysqlStore,
}

impl MysqlSettings {
    pub(crate) fn new(store: MysqlStore) -> Self {
        Self { store }
    }

    fn failed(&self, fault: Fault) -> StoreError {
        fault.at(self.store.connections().server())
    }

    fn outcome(&self, result: Result<(u64, u64), Fault>) -> Result<Outcome, StoreError> {
        match result {
            Ok((found, _)) => Ok(outcome(found > 0)),
            Err(fault) if fault.is_duplicate() => Ok(Outcome::Conflict),
            Err(fault) => Err(self.failed(fault)),
        }
    }
}

#[async_trait]
impl Settings for MysqlSettings {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let rows = self.store.connections().read(LOAD, vec![name.into()]).await;
        let rows = rows.map_err(|fault| self.failed(fault))?;
        let value = rows.first().map(|row| bytes(row, 0, "value")).transpose();
        Ok(value.map_err(|error| self.failed(error.into()))?.map(Bytes::copy_from_slice))
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        <dyn Settings>::check(name, value)?;
        let connections = self.store.connections();
        self.outcome(match expected {
            None => connections.write(CREATE, vec![name.into(), value.into()]).await,
            Some(expected) => connections.write(UPDATE, vec![value.into(), name.into(), expected.into()]).await,
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        let rows = self.store.connections().read(LIST, vec![prefix.into()]).await;
        let mut found = Vec::new();
        for row in rows.map_err(|fault| self.failed(fault))? {
            let wrong = |column| self.failed(CorruptRow::Column(column).into());
            let name = bytes(&row, 0, "name").ok().and_then(|name| str::from_utf8(name).ok());
            let name = name.ok_or_else(|| wrong("name"))?;
            if !name.starts_with(prefix) {
                break;
            }
            let value = bytes(&row, 1, "value").map_err(|_| wrong("value"))?;
            found.push((name.to_owned(), Bytes::copy_from_slice(value)));
        }
        Ok(found)
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        self.outcome(self.store.connections().write(REMOVE, vec![name.into(), expected.into()]).await)
    }
}
