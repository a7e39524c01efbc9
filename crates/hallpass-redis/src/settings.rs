use async_trait::async_trait;
use bytes::Bytes;
use hallpass::{Outcome, Settings, StoreError};

use crate::error::Fault;
use crate::link::Way;
use crate::open::Base;
use crate::records::answered;
use crate::script::SET;
use crate::store::RedisStore;

/// The settings that live on the server of a store; see [`RedisStore::settings`].
#[derive(Debug, Clone)]
pub struct RedisSettings {
    store: RedisStore,
}

impl RedisSettings {
    pub(crate) fn new(store: RedisStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Settings for RedisSettings {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.store.told(load(self.store.base(), name).await)
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        self.store.told(set(self.store.base(), name, expected, Some(value)).await)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        self.store.told(list(self.store.base(), prefix).await)
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        self.store.told(set(self.store.base(), name, Some(expected), None).await)
    }
}

async fn load(base: &Base, name: &str) -> Result<Option<Bytes>, Fault> {
    let mut command = redis::cmd("HGET");
    command.arg(base.keys.settings()).arg(name);
    let value: Option<Vec<u8>> = answered(base.link.ask(&command).await?)?;
    Ok(value.map(Bytes::from))
}

async fn set(base: &Base, name: &str, expected: Option<&[u8]>, value: Option<&[u8]>) -> Result<Outcome, Fault> {
    let is_there = |value: Option<&[u8]>| -> &[u8] { if value.is_some() { b"1" } else { b"0" } };
    let arguments =
        [name.as_bytes(), is_there(expected), expected.unwrap_or_default(), is_there(value), value.unwrap_or_default()];
    let arguments = arguments.map(Vec::from);
    let keys = [base.keys.settings()];
    let applied: i64 = answered(base.link.run(&SET, &keys, &arguments, Way::Write).await?)?;
    Ok(if applied == 0 { Outcome::Conflict } else { Outcome::Applied })
}

async fn list(base: &Base, prefix: &str) -> Result<Vec<(String, Bytes)>, Fault> {
    let answer = base.link.ask(redis::cmd("HGETALL").arg(base.keys.settings())).await?;
    let all: Vec<(String, Vec<u8>)> = answered(answer)?;
    let mut found: Vec<_> = all.into_iter().filter(|(name, _)| name.starts_with(prefix)).collect();
    found.sort_unstable();
    Ok(found.into_iter().map(|(name, value)| (name, Bytes::from(value))).collect())
}
