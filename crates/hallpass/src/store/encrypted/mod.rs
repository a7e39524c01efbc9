//! A store that sees what it needs, and nothing else.

mod keys;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use self::keys::Unopened;
use super::{
    Capabilities, ChangeStream, Checkup, Cursor, Epoch, EventQuery, Expected, Outcome, Page, PageLimit, Query, Store,
    StoreError, Trail,
};
use crate::event::Event;
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Client, Record, Version};
use crate::time::Timestamp;

pub use self::keys::{InvalidSealingKey, SealingKeys};

/// How sealed attributes are kept: a JSON object, for stores whose columns are JSON.
const BEFORE: &[u8] = br#"{"hallpass-sealed":""#;
const AFTER: &[u8] = br#""}"#;
/// How many pages of the store one page by client may cost.
const MOST_PAGES: usize = 10;

/// Seals attributes and what is known of the client before a store sees them, with XChaCha20-Poly1305.
///
/// What the store needs stays in the clear: id, realm, subject, times, version, and hashes of secrets. What is sealed
/// opens only in the record, and the version of it, that it was saved with. Listings that filter by address or
/// description of the client read every other record that matches, since only the keys can tell. Events are kept as they
/// are, with the address that each came from, since that is what an audit trail is for.
///
/// ```
/// use hallpass::{Encrypted, MemoryStore, SealingKeys, Sessions};
///
/// # fn key_from_a_file() -> Vec<u8> { b"the newest key: 32 random bytes!".to_vec() }
/// let keys = SealingKeys::new(&key_from_a_file())?;
/// let sessions = Sessions::builder().store(Encrypted::new(MemoryStore::new(), keys)).build()?;
/// # drop(sessions);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Of [`load`](Store::load): [`StoreError::is_corrupt`] if a living record was changed behind its seal, or is not sealed at
/// all; [`StoreError::is_unavailable`] if it is sealed under a key that is not configured here, so that a node with too
/// few keys refuses to answer and logs nobody out. In listings such a record stands without attributes and client, so
/// that it can be ended like any other.
///
/// # Security
///
/// Whoever can write to the store can still put an older version of a whole record back, or forget one: the seal hides and
/// binds, and is no clock (ASVS 11.3.3, 14.2.6).
#[derive(Debug)]
pub struct Encrypted<S> {
    far: S,
    keys: SealingKeys,
    accepts_plain: bool,
    has_told: AtomicBool,
}

impl<S: Store> Encrypted<S> {
    /// Seals all that goes into a store, and opens nothing that is not sealed.
    pub fn new(far: S, keys: SealingKeys) -> Self {
        Self { far, keys, accepts_plain: false, has_told: AtomicBool::new(false) }
    }

    /// Also reads records from before anything was sealed; each is sealed when it is next saved.
    ///
    /// # Security
    ///
    /// For the longest absolute timeout after sealing began, and no longer: whoever can write to the store can meanwhile
    /// put attributes of their own into a session.
    #[must_use]
    pub fn danger_accepting_plain(self) -> Self {
        Self { accepts_plain: true, ..self }
    }

    fn sealed(&self, record: &Record) -> Record {
        let client = serde_json::to_vec(&record.client).unwrap_or_default();
        let mut text = Vec::with_capacity(4 + client.len() + record.data.len());
        text.extend_from_slice(&u32::try_from(client.len()).unwrap_or(u32::MAX).to_be_bytes());
        text.extend_from_slice(&client);
        text.extend_from_slice(&record.data);
        let sealed = self.keys.seal(&text, &place(record));
        let mut data = BEFORE.to_vec();
        data.extend_from_slice(URL_SAFE_NO_PAD.encode(sealed).as_bytes());
        data.extend_from_slice(AFTER);
        Record { data: data.into(), client: Client::default(), ..record.clone() }
    }

    /// Opens a record. A tombstone has no attributes, so it needs no seal either: whoever cannot read who its client was
    /// can still tell that it ended.
    fn opened(&self, mut record: Record) -> Result<Record, StoreError> {
        (record.client, record.data) = match self.unsealed(&record) {
            Err(_) if record.ended.is_some() => (Client::default(), Bytes::new()),
            unsealed => unsealed?,
        };
        Ok(record)
    }

    /// Opens a record that stands among others: where it cannot be read, it is without attributes and client, so that
    /// it holds up neither a listing nor the end of its session.
    fn opened_or_bare(&self, mut record: Record) -> Record {
        let unsealed = self.unsealed(&record).unwrap_or_else(|error| {
            if record.ended.is_none() && !self.has_told.swap(true, Ordering::Relaxed) {
                tracing::error!(session = %record.id, %error, "a sealed record cannot be read; others may follow untold");
            }
            (Client::default(), Bytes::new())
        });
        (record.client, record.data) = unsealed;
        record
    }

    fn unsealed(&self, record: &Record) -> Result<(Client, Bytes), StoreError> {
        let sealed = record.data.strip_prefix(BEFORE).and_then(|data| data.strip_suffix(AFTER));
        let Some(sealed) = sealed else {
            let plain = self.accepts_plain.then(|| (record.client.clone(), record.data.clone()));
            return plain.ok_or_else(|| StoreError::corrupt("a record is not sealed"));
        };
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(StoreError::corrupt)?;
        let text = self.keys.open(&sealed, &place(record)).map_err(|error| match error {
            Unopened::UnknownKey => StoreError::unavailable(error),
            Unopened::Changed => StoreError::corrupt(error),
        })?;
        let text = Bytes::from(text);
        let cut = || StoreError::corrupt("a sealed record is cut off");
        let (length, rest) = text.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (client, data) = rest.split_at_checked(length).ok_or_else(cut)?;
        Ok((serde_json::from_slice(client).map_err(StoreError::corrupt)?, text.slice_ref(data)))
    }

    /// Lists by what only the keys can tell: reads on until a page is full, or enough was read for one question.
    async fn list_by_client(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        let mut wider = Query { ip: None, user_agent: None, limit: PageLimit::MOST, ..query.clone() };
        let mut items: Vec<Record> = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = self.far.list(&wider).await?;
            for record in page.items {
                let record = self.opened_or_bare(record);
                if !query.matches(&record) {
                    continue;
                }
                if items.len() == query.limit.number() {
                    let next = items.last().map(Cursor::after_record);
                    return Ok(Page { items, next });
                }
                items.push(record);
            }
            wider.after = page.next;
            if wider.after.is_none() {
                break;
            }
        }
        Ok(Page { items, next: wider.after })
    }
}

/// What a seal is bound to: this version of this record.
fn place(record: &Record) -> Vec<u8> {
    let realm = record.realm.as_str().as_bytes();
    let version = record.version.number().to_be_bytes();
    [b"hallpass record\x01", record.id.as_bytes(), &version[..], realm].concat()
}

#[async_trait]
impl<S: Store> Store for Encrypted<S> {
    fn capabilities(&self) -> Capabilities {
        self.far.capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.far.load(realm, id).await?.map(|record| self.opened(record)).transpose()
    }

    fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        let copy = self.far.copy(realm, id)?;
        self.opened(Arc::unwrap_or_clone(copy)).ok().map(Arc::new)
    }

    fn staleness(&self) -> Duration {
        self.far.staleness()
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        self.far.save(&self.sealed(record), expected, events).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.far.touch(realm, id, version, seen_at, expires_at).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        if query.ip.is_some() || query.user_agent.is_some() {
            return self.list_by_client(query).await;
        }
        let Page { items, next } = self.far.list(query).await?;
        Ok(Page { items: items.into_iter().map(|record| self.opened_or_bare(record)).collect(), next })
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        let records = self.far.overdue(by, limit).await?;
        Ok(records.into_iter().map(|record| self.opened_or_bare(record)).collect())
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.far.events(query).await
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        self.far.append(events).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.far.epoch(realm, subject, raise).await
    }

    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        self.far.settle(realm, id).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.far.sweep(now, limit).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.far.time().await
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        self.far.checkup().await
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.far.changes()
    }

    fn trail(&self) -> Option<Arc<dyn Trail>> {
        self.far.trail()
    }
}
