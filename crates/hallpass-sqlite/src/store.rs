use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    Capabilities, ChangeStream, Checkup, Epoch, Event, EventQuery, Expected, Outcome, Page, PageLimit, Query, Realm,
    Record, SessionId, Store, StoreError, Subject, Timestamp, Trail, Version,
};
use hallpass_sql::{Damage, event_values, session_values, sweep};
use rusqlite::Connection;

use crate::error::OpenError;
use crate::open::{Opened, open};
use crate::options::SqliteOptions;
use crate::reader::Readers;
use crate::settings::SqliteSettings;
use crate::trail::SqliteTrail;
use crate::writer::{WriteCounts, Writer};
use crate::{checkup, epochs, events, query, sessions, url};

/// Sessions in one SQLite file.
///
/// A clone is the same store. When the last is dropped, what was accepted is written, the log is copied into the file,
/// and the file is closed; that takes as long as the last writes do.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

/// In the order in which they are closed: the anchor last, since closing the last connection tidies the log away.
struct Inner {
    readers: Readers,
    writer: Writer,
    path: Arc<Path>,
    damage: Arc<Damage>,
    _anchor: parking_lot::Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the store in this file, or with these options; by default a missing file is created.
    ///
    /// This blocks while it reads the file, at most as long as the busy timeout where other processes are in the way:
    /// call it when a program starts.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which file is wrong, how, and what to do.
    pub fn open(options: impl Into<SqliteOptions>) -> Result<Self, OpenError> {
        let options = options.into();
        let Opened { path, identity, anchor, is_durable } = open(&options)?;
        let (path, identity) = (Arc::<Path>::from(path), Arc::new(identity));
        let failed = |source: std::io::Error| OpenError::Failed { path: path.to_path_buf(), source: source.into() };
        let readers = Readers::start(&path, &options, &identity).map_err(failed)?;
        let writer = Writer::start(&path, options, identity, is_durable).map_err(failed)?;
        Ok(Self { inner: Arc::new(Inner { readers, writer, path, damage: Arc::default(), _anchor: anchor.into() }) })
    }

    /// Opens the store that a URL names: `sqlite:hallpass.db`, or `sqlite:///var/lib/hallpass.db`.
    ///
    /// The path is taken as it stands, up to a question mark, after which there may be options, joined by `&`:
    /// `create=false` to refuse a missing file, `busy_timeout=SECONDS`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`OpenError::Url`].
    pub fn from_url(url: &str) -> Result<Self, OpenError> {
        Self::open(url::read(url)?)
    }

    /// Returns the settings that live in the same file: API keys and other things that are not sessions.
    pub fn settings(&self) -> SqliteSettings {
        SqliteSettings::new(self.clone())
    }

    /// Returns the file, by its absolute name without links.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Returns how many writes this store has committed, and how many transactions they shared.
    pub fn write_counts(&self) -> WriteCounts {
        self.writer().counts()
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    pub(crate) fn damage(&self) -> Arc<Damage> {
        Arc::clone(&self.inner.damage)
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.inner.writer
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { list: true, events: true, changes: false, shared: true, durable: self.writer().is_durable() }
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        let (realm, id) = (realm.clone(), *id);
        self.readers().by_key(move |connection| sessions::load(connection, &realm, &id)).await
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        let values = session_values(record);
        let events: Vec<_> = events.iter().map(event_values).collect();
        let save = move |connection: &Connection| {
            let outcome = sessions::save(connection, &values, expected)?;
            if outcome == Outcome::Applied {
                events.iter().try_for_each(|event| events::keep(connection, event))?;
            }
            Ok(outcome)
        };
        self.writer().write(save).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let (realm, id, times) = (realm.clone(), *id, (seen_at, expires_at));
        self.writer().write(move |connection| sessions::touch(connection, &realm, &id, version, times)).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        let (query, damage) = (query.clone(), Arc::clone(&self.inner.damage));
        self.readers().aside(move |connection| query::list(connection, &query, &damage)).await
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        let damage = Arc::clone(&self.inner.damage);
        self.readers().aside(move |connection| query::overdue(connection, by, limit, &damage)).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        let (query, damage) = (query.clone(), Arc::clone(&self.inner.damage));
        self.readers().aside(move |connection| events::list(connection, &query, &damage)).await
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let events: Vec<_> = events.iter().map(event_values).collect();
        let append = move |connection: &Connection| events.iter().try_for_each(|event| events::keep(connection, event));
        self.writer().write(append).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        let (realm, subject) = (realm.clone(), subject.clone());
        if raise {
            self.writer().write(move |connection| epochs::raise(connection, &realm, &subject)).await
        } else {
            self.readers().by_key(move |connection| epochs::load(connection, &realm, &subject)).await
        }
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        let forget = |at_once| self.writer().write(move |connection| sessions::sweep(connection, now, at_once));
        sweep(limit, forget).await
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        let is_durable = self.writer().is_durable();
        self.readers().aside(move |connection| checkup::checkup(connection, is_durable)).await
    }

    fn changes(&self) -> Option<ChangeStream> {
        None
    }

    fn trail(&self) -> Option<Arc<dyn Trail>> {
        Some(Arc::new(SqliteTrail::new(self.clone())))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.inner.path).finish_non_exhaustive()
    }
}
