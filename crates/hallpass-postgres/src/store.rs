use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    Capabilities, ChangeStream, Checkup, Epoch, Event, EventQuery, Expected, Outcome, Page, PageLimit, Query, Realm,
    Record, SessionId, Store, StoreError, StoreFault as _, Subject, Timestamp, Trail, Version,
};
use hallpass_sql::{Damage, Feed, is_news, sweep};

use crate::connection::Recipe;
use crate::connections::Connections;
use crate::error::{Fault, OpenError, open_error};
use crate::options::PostgresOptions;
use crate::settings::PostgresSettings;
use crate::trail::PostgresTrail;
use crate::{checkup, epochs, events, feed, line, query, schema, sessions, url};

/// Sessions in a PostgreSQL database.
///
/// A clone is the same store.
#[derive(Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Arc<Connections>,
    feed: Feed,
    damage: Damage,
}

impl PostgresStore {
    /// Opens the store in this database, after making or renewing its tables where that is needed.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which server is wrong, how, and what to do.
    ///
    /// # Panics
    ///
    /// If there is no tokio runtime: the connections live on it.
    pub async fn open(options: impl Into<PostgresOptions>) -> Result<Self, OpenError> {
        let options = options.into();
        let server = options.server();
        let failed = |fault| open_error(&server, fault);
        let recipe = Arc::new(Recipe::new(&options).map_err(failed)?);
        schema::prepare(&recipe, options.usage.create).await.map_err(failed)?;
        let connections = Arc::new(Connections::new(recipe, options.usage.connections));
        // Says whether the server is durable, too.
        connections.read_once("SELECT 1", &[]).await.map_err(failed)?;
        let (feed, damage) = (Feed::on_this_runtime(), Damage::default());
        Ok(Self { inner: Arc::new(Inner { connections, feed, damage }) })
    }

    /// Opens the store that a URL names: `postgres://user:password@host:5432/database`.
    ///
    /// The URL is read as `libpq` reads it, several hosts included. `sslmode` is `disable` within this machine and
    /// `require` elsewhere if nobody says more, and the server's certificate is always checked. There are more options:
    /// `sslrootcert=FILE` with the authorities to trust, `create=false` to refuse a database without tables,
    /// `connections=NUMBER`, `timeout=SECONDS`.
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
    pub fn settings(&self) -> PostgresSettings {
        PostgresSettings::new(self.clone())
    }

    pub(crate) fn connections(&self) -> &Connections {
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
impl Store for PostgresStore {
    fn capabilities(&self) -> Capabilities {
        let (changes, durable) = (self.connections().hears(), self.connections().is_durable());
        Capabilities { list: true, events: true, changes, shared: true, durable }
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        sessions::load(self.connections(), realm, id).await.map_err(|fault| self.failed(fault))
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        let news = is_news(record, expected).then(|| line::of(&record.realm, &record.id));
        let saved = sessions::save(self.connections(), record, expected, events, news.as_deref()).await;
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
        let recipe = self.connections().hears().then(|| Arc::clone(self.connections().recipe()))?;
        Some(self.inner.feed.listen(|news| feed::listen(recipe, news)))
    }

    fn trail(&self) -> Option<Arc<dyn Trail>> {
        Some(Arc::new(PostgresTrail::new(self.clone())))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("server", self.connections().server()).finish_non_exhaustive()
    }
}
