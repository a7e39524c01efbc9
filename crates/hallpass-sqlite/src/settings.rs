use async_trait::async_trait;
use bytes::Bytes;
use hallpass::{Outcome, Settings, StoreError};
use hallpass_sql::{CorruptRow, outcome};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Fault;
use crate::store::SqliteStore;

/// The settings that live in the file of a store; see [`SqliteStore::settings`].
#[derive(Debug, Clone)]
pub struct SqliteSettings {
    store: SqliteStore,
}

impl SqliteSettings {
    pub(crate) fn new(store: SqliteStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Settings for SqliteSettings {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let name = name.to_owned();
        self.store.readers().by_key(move |connection| load(connection, &name)).await
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        <dyn Settings>::check(name, value)?;
        let (name, value, expected) = (name.to_owned(), value.to_owned(), expected.map(<[u8]>::to_owned));
        self.store.writer().write(move |connection| save(connection, &name, &value, expected.as_deref())).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        let prefix = prefix.to_owned();
        self.store.readers().aside(move |connection| list(connection, &prefix)).await
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        let (name, expected) = (name.to_owned(), expected.to_owned());
        self.store.writer().write(move |connection| remove(connection, &name, &expected)).await
    }
}

fn load(connection: &Connection, name: &str) -> Result<Option<Bytes>, Fault> {
    let mut statement = connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    let found = statement.query_row([name], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    Ok(found.map(Bytes::from))
}

fn save(connection: &Connection, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, Fault> {
    let rows = match expected {
        None => connection
            .prepare_cached("INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING")?
            .execute(params![name, value])?,
        Some(expected) => connection
            .prepare_cached("UPDATE settings SET value = ?2 WHERE name = ?1 AND value = ?3")?
            .execute(params![name, value, expected])?,
    };
    Ok(outcome(rows > 0))
}

fn list(connection: &Connection, prefix: &str) -> Result<Vec<(String, Bytes)>, Fault> {
    let mut statement = connection.prepare_cached("SELECT name, value FROM settings WHERE name >= ?1 ORDER BY name")?;
    let mut rows = statement.query([prefix])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str().map_err(|_| CorruptRow::Column("name"))?;
        if !name.starts_with(prefix) {
            break;
        }
        found.push((name.to_owned(), Bytes::from(row.get::<_, Vec<u8>>(1)?)));
    }
    Ok(found)
}

fn remove(connection: &Connection, name: &str, expected: &[u8]) -> Result<Outcome, Fault> {
    let mut statement = connection.prepare_cached("DELETE FROM settings WHERE name = ?1 AND value = ?2")?;
    let rows = statement.execute(params![name, expected])?;
    Ok(outcome(rows > 0))
}
