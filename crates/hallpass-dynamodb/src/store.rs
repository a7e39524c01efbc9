use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    Capabilities, ChangeStream, Checkup, Epoch, Event, EventQuery, Expected, Outcome, Page, PageLimit, Query, Realm,
    Record, SessionId, Store, StoreError, StoreFault as _, Subject, Timestamp, Version,
};

use crate::base::Base;
use crate::error::{Fault, OpenError};
use crate::open::open;
use crate::options::DynamoDbOptions;
use crate::settings::DynamoDbSettings;
use crate::{checkup, due, events, listing, log, records, sweep, url};

/// Sessions in a table of DynamoDB.
///
/// A clone is the same store.
#[derive(Clone)]
pub struct DynamoDbStore {
    base: Arc<Base>,
}

impl DynamoDbStore {
    /// Reaches the table of these options.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which table cannot be used, why, and what to do.
    pub async fn connect(options: DynamoDbOptions) -> Result<Self, OpenError> {
        Ok(Self { base: Arc::new(open(options).await?) })
    }

    /// Reaches the table that a URL names; see [`DynamoDbOptions::from_url`].
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`OpenError::Url`].
    pub async fn from_url(url: &str) -> Result<Self, OpenError> {
        Self::connect(url::read(url)?).await
    }

    /// Returns the settings that live in the same table: API keys and other things that are not sessions.
    pub fn settings(&self) -> DynamoDbSettings {
        DynamoDbSettings::new(self.clone())
    }

    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    pub(crate) fn told<T>(&self, result: Result<T, Fault>) -> Result<T, StoreError> {
        result.map_err(|fault| fault.at(&self.base.place))
    }
}

#[async_trait]
impl Store for DynamoDbStore {
    fn capabilities(&self) -> Capabilities {
        // A write is acknowledged when two of three data centres have it on disk.
        Capabilities { list: true, events: true, changes: false, shared: true, durable: true }
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
        self.told(log::append(&self.base, events).await)
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.told(records::epoch(&self.base, realm, subject, raise).await)
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.told(sweep::sweep(&self.base, now, limit).await)
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.told(checkup::time(&self.base).await)
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        self.told(checkup::checkup(&self.base).await)
    }

    /// Nothing: DynamoDB tells of changes by its streams, which are a service of their own.
    fn changes(&self) -> Option<ChangeStream> {
        None
    }
}

impl fmt::Debug for DynamoDbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbStore").field("place", &self.base.place).finish_non_exhaustive()
    }
}
