use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    Capabilities, ChangeStream, Checkup, Epoch, Event, EventQuery, Expected, Outcome, Page, PageLimit, Query, Realm,
    Record, SessionId, Store, StoreError, StoreFault as _, Subject, Timestamp, Version,
};

use crate::error::{Fault, OpenError};
use crate::link::ServerFacts;
use crate::open::{Base, open};
use crate::options::RedisOptions;
use crate::settings::RedisSettings;
use crate::{checkup, due, events, listing, records, settling, sweep, url};

/// Sessions in Redis or Valkey.
///
/// A clone is the same store.
#[derive(Clone)]
pub struct RedisStore {
    base: Arc<Base>,
}

impl RedisStore {
    /// Connects to the server of these options, or of a client of the driver.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which server cannot be used, why, and what to do.
    pub async fn connect(options: impl Into<RedisOptions>) -> Result<Self, OpenError> {
        Ok(Self { base: Arc::new(open(options.into()).await?) })
    }

    /// Connects to the server that a URL names; see [`RedisOptions::from_url`].
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`OpenError::Url`].
    pub async fn from_url(url: &str) -> Result<Self, OpenError> {
        Self::connect(url::read(url)?).await
    }

    /// Returns the settings that live on the same server: API keys and other things that are not sessions.
    pub fn settings(&self) -> RedisSettings {
        RedisSettings::new(self.clone())
    }

    /// Returns what the server told about itself when it was last connected to.
    pub fn server_facts(&self) -> ServerFacts {
        self.base.link.facts()
    }

    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    pub(crate) fn told<T>(&self, result: Result<T, Fault>) -> Result<T, StoreError> {
        result.map_err(|fault| fault.at(&self.base.place))
    }
}

#[async_trait]
impl Store for RedisStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            list: true,
            events: true,
            changes: self.base.feed.is_possible(),
            shared: true,
            durable: self.base.link.is_durable(),
        }
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.told(records::load(&self.base, realm, id).await)
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        self.told(records::save(&self.base, record, expected, events).await)
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.told(records::touch(&self.base, realm, id, version, (seen_at, expires_at)).await)
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        self.told(listing::list(&self.base, query).await)
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        self.told(due::overdue(&self.base, by, limit).await)
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.told(events::list(&self.base, query).await)
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        self.told(events::append(&self.base, events).await)
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.told(records::epoch(&self.base, realm, subject, raise).await)
    }

    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        self.told(settling::settle(&self.base, realm, id).await)
    }

    async fn sweep(&self, now: Timestamp, _limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.told(sweep::sweep(&self.base, now).await)?;
        // The server itself forgets records.
        Ok(0)
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.told(checkup::time(&self.base).await).map(Some)
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        self.told(checkup::checkup(&self.base).await)
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.base.feed.listen()
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("place", &self.base.place).finish_non_exhaustive()
    }
}
