use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    Capabilities, ChangeStream, Checkup, Epoch, Event, EventQuery, Expected, Outcome, Page, PageLimit, Query, Realm,
    Record, SessionId, Store, StoreError, StoreFault as _, Subject, Timestamp, Trail, Version,
};
use hallpass_sql::{Damage, Feed, sweep};

use crate::connections::Connections;
use crate::error::{Fault, OpenError, open_error};
use crate::numbering::Numbered;
use crate::options::MysqlOptions;
use crate::settings::MysqlSettings;
use crate::trail::MysqlTrail;
use crate::{checkup, epochs, events, feed, query, schema, sessions, url};

/// Sessions in a MySQL or MariaDB database.
///
/// A clone is the same store.
#[derive(Clone)]
pub struct MysqlStore {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Arc<Connections>,
    feed: Feed,
    damage: Damage,
}

impl MysqlStore {
    /// Opens the store in this database, after making or renewing its tables where that is needed.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which server is wrong, how, and what to do.
    ///
    /// # Panics
    ///
    /// If there is no tokio runtime: the connections live on it.
    pub async fn open(options: impl Into<MysqlOptions>) -> Result<Self, OpenError> {
        let options = options.into();
        let failed = |fault| open_error(&options.server(), fault);
        let connections = Connections::new(&options).await.map_err(failed)?;
        schema::prepare(&options).await.map_err(failed)?;
        let connections = Arc::new(connections);
        let (feed, damage) = (Feed::on_this_runtime(), Damage::default());
        Ok(Self { inner: Arc::new(Inner { connections, feed, damage }) })
    }

    /// Opens the store that a URL names: `mysql://user:password@host:3306/database`, or the same with `mariadb://`.
    ///
    /// What leaves the machine is encrypted unless the URL says `sslmode=disable`. There are more options:
    /// `sslmode=require`, `sslrootcert=FILE` with the authorities to trust, `create=false` to refuse a database without
    /// tables, `connections=NUMBER`, `timeout=SECONDS`, and those of the driver, such as `socket=PATH`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`OpenError::Url`].
    ///
    /// # Panics
    ///
    /// As [`open`](Self::open).
    pub async fn from_url(url: &str) -> Result<Self, OpenError> {
        Self::open(url::read(url)?).await
    }

    /// Returns the settings that live in the same database: API keys and other things that are not sessions.
    pub fn settings(&self) -> MysqlSettings {
        MysqlSettings::new(self.clone())
    }

    pub(crate) fn connections(&self) -> &Arc<Connections> {
        &self.inner.connections
    }

    pub(crate) fn damage(&self) -> &Damage {
        &self.inner.damage
    }

    fn failed(&self, fault: Fault) -> StoreError {
        fault.at(self.connections().server())
    }
}

#[async_trait]
impl Store for MysqlStore {
    fn capabilities(&self) -> Capabilities {
        let durable = self.connections().is_durable();
        Capabilities { list: true, events: true, changes: true, shared: true, durable }
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        sessions::load(self.connections(), realm, id).await.map_err(|fault| self.failed(fault))
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        let saved = sessions::save(self.connections(), record, expected, events).await;
        saved.map_err(|fault| self.failed(fault))
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let times = (seen_at, expires_at);
        sessions::touch(self.connections(), realm, id, version, times).await.map_err(|fault| self.failed(fault))
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        query::list(self.connections(), query, &self.inner.damage).await.map_err(|fault| self.failed(fault))
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        events::list(self.connections(), query, &self.inner.damage).await.map_err(|fault| self.failed(fault))
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        query::overdue(self.connections(), by, limit, &self.inner.damage).await.map_err(|fault| self.failed(fault))
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        events::append(self.connections(), events).await.map_err(|fault| self.failed(fault))
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        let connections = self.connections();
        let epoch = if raise {
            epochs::raise(connections, realm, subject).await
        } else {
            epochs::load(connections, realm, subject).await
        };
        epoch.map_err(|fault| self.failed(fault))
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        // Where nobody reads events or listens to changes, there is work that they would have done.
        Numbered::Events.number(self.connections()).await.map_err(|fault| self.failed(fault))?;
        feed::forget(self.connections()).await.map_err(|fault| self.failed(fault))?;
        let forgotten = sweep(limit, |at_once| sessions::sweep(self.connections(), now, at_once)).await;
        forgotten.map_err(|fault| self.failed(fault))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        checkup::time(self.connections()).await.map_err(|fault| self.failed(fault))
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        checkup::checkup(self.connections()).await.map_err(|fault| self.failed(fault))
    }

    fn changes(&self) -> Option<ChangeStream> {
        Some(self.inner.feed.listen(|news| feed::listen(Arc::clone(self.connections()), news)))
    }

    fn trail(&self) -> Option<Arc<dyn Trail>> {
        Some(Arc::new(MysqlTrail::new(self.clone())))
    }
}

impl fmt::Debug for MysqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlStore").field("server", self.connections().server()).finish_non_exhaustive()
    }
}
