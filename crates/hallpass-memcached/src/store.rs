use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    Capabilities, ChangeStream, Epoch, Event, EventQuery, Expected, Outcome, Page, Query, Realm, Record, SessionId,
    Store, StoreError, Subject, Timestamp, Version,
};

use crate::error::OpenError;
use crate::facts::ServerFacts;
use crate::open::{Base, open};
use crate::options::MemcachedOptions;
use crate::{epoch, records, url};

/// Sessions in Memcached, on one server or a fixed ring of several.
///
/// A clone is the same store.
#[derive(Clone)]
pub struct MemcachedStore {
    base: Arc<Base>,
}

impl MemcachedStore {
    /// Connects to the servers of these options. One of several may be away: its sessions are unavailable until it is
    /// back.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which server cannot be used, why, and what to do.
    pub async fn connect(options: MemcachedOptions) -> Result<Self, OpenError> {
        Ok(Self { base: Arc::new(open(options).await?) })
    }

    /// Connects to the servers that a URL names; see [`MemcachedOptions::from_url`].
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`OpenError::Url`].
    pub async fn from_url(url: &str) -> Result<Self, OpenError> {
        Self::connect(url::read(url)?).await
    }

    /// Returns what each server told about itself when it was last connected to; those that never were are left out.
    pub fn server_facts(&self) -> Vec<ServerFacts> {
        self.base.links.iter().filter_map(crate::link::Link::facts).collect()
    }
}

#[async_trait]
impl Store for MemcachedStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { list: false, events: false, changes: false, shared: true, durable: false }
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        records::load(&self.base, realm, id).await
    }

    async fn save(&self, record: &Record, expected: Expected, _events: &[Event]) -> Result<Outcome, StoreError> {
        records::save(&self.base, record, expected).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        records::touch(&self.base, realm, id, version, (seen_at, expires_at)).await
    }

    async fn list(&self, _query: &Query) -> Result<Page<Record>, StoreError> {
        Err(StoreError::unsupported("Memcached finds a session by its id only, and lists none"))
    }

    async fn events(&self, _query: &EventQuery) -> Result<Page<Event>, StoreError> {
        Err(StoreError::unsupported("Memcached keeps no events; they are in the log alone"))
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        epoch::epoch(&self.base, realm, subject, raise).await
    }

    /// The servers themselves forget records.
    async fn sweep(&self, _now: Timestamp, _limit: NonZeroUsize) -> Result<usize, StoreError> {
        Ok(0)
    }

    fn changes(&self) -> Option<ChangeStream> {
        None
    }
}

impl fmt::Debug for MemcachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedStore").field("place", &self.base.place).finish_non_exhaustive()
    }
}
