//! A cache before a store that several processes share.

mod near;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::AbortHandle;

use self::near::Near;
use super::feed::{Follower, Pulse, follow};
use super::{
    Capabilities, ChangeStream, Checkup, Epoch, EventQuery, Expected, Outcome, Page, PageLimit, Query, Store,
    StoreError, Trail,
};
use crate::event::Event;
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Record, Version};
use crate::time::Timestamp;

/// A bounded cache in memory before a store that tells of its changes: what was read before costs no round trip.
///
/// A copy may only let somebody in. Whatever else is to be decided by a record, [`Sessions`](crate::Sessions) asks the
/// store itself; so a copy that is behind can neither refuse, nor end, nor renew anything.
///
/// What changes through this value is forgotten at once. What changes elsewhere is forgotten when the store's feed tells
/// of it, usually within milliseconds. Twice a second a heartbeat is written through the store, and must come back by the
/// feed within a second: while it does not, every question goes to the store, so a feed that was lost costs time and not
/// truth. A session that ended elsewhere is let in for at most [`Tiered::BOUND`] more.
///
/// A store without [`Capabilities::changes`] is passed through as it is.
///
/// ```
/// use hallpass::{MemoryStore, Store, Tiered};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// // Instead of memory: a store that others share.
/// let store = Tiered::new(MemoryStore::new());
/// assert!(store.staleness().is_zero(), "memory tells of no changes: nothing is copied");
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
///
/// Copies hold what records hold, in the memory of this process: hashes of secrets, and attributes.
pub struct Tiered<S> {
    shared: Arc<Shared<S>>,
    following: Option<AbortHandle>,
}

struct Shared<S> {
    far: S,
    near: Near,
    pulse: Pulse,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<S: Store> Tiered<S> {
    /// How much later than elsewhere, at the most, the end of a session is heeded here.
    pub const BOUND: Duration = Pulse::BOUND;
    /// How many bytes of copies [`Tiered::new`] keeps: 64 MiB.
    pub const BYTES: NonZeroUsize = NonZeroUsize::new(64 << 20).expect("it is not zero");

    /// Puts a cache of [`Tiered::BYTES`] before a store.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    pub fn new(far: S) -> Self {
        Self::with_bytes(far, Self::BYTES)
    }

    /// Puts a cache of about so many bytes before a store; what was used longest ago gives way.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    pub fn with_bytes(far: S, bytes: NonZeroUsize) -> Self {
        let shared = Arc::new(Shared {
            far,
            near: Near::new(bytes.get()),
            pulse: Pulse::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        });
        let tells = shared.far.capabilities().changes;
        let following = tells.then(|| tokio::spawn(follow(Arc::clone(&shared))).abort_handle());
        Self { shared, following }
    }

    /// Returns the store behind the cache.
    pub fn far(&self) -> &S {
        &self.shared.far
    }

    /// Tells whether copies are let in with at present: not before the first heartbeat is back, and not while one is late.
    pub fn is_whole(&self) -> bool {
        self.shared.pulse.is_whole()
    }

    /// Returns how many copies there are, and how often one was at hand and was not, since the start.
    pub fn counts(&self) -> CacheCounts {
        let Shared { near, hits, misses, .. } = &*self.shared;
        CacheCounts { copies: near.len(), hits: hits.load(Ordering::Relaxed), misses: misses.load(Ordering::Relaxed) }
    }
}

/// What a [`Tiered`] store counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheCounts {
    /// How many copies there are now.
    pub copies: usize,
    /// How often a copy was at hand.
    pub hits: u64,
    /// How often none was, or none could be trusted.
    pub misses: u64,
}

impl<S> Drop for Tiered<S> {
    fn drop(&mut self) {
        if let Some(following) = &self.following {
            following.abort();
        }
    }
}

#[async_trait]
impl<S: Store> Follower for Shared<S> {
    fn store(&self) -> &dyn Store {
        &self.far
    }

    fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Forgets what was filled by a read that began while nobody listened.
    async fn begin(&self) -> Result<(), StoreError> {
        self.near.forget_all();
        Ok(())
    }

    async fn hear(&self, realm: &Realm, id: &SessionId) -> Result<(), StoreError> {
        self.near.forget(realm, id);
        Ok(())
    }

    fn lose(&self) {
        self.near.forget_all();
    }
}

impl<S: Store> Shared<S> {
    async fn ask(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        // In this order: if the feed is lost in between, the fence is closed.
        let fence = self.near.fence(id);
        let is_whole = self.pulse.is_whole();
        let found = self.far.load(realm, id).await?;
        // An end is nothing to let in with.
        if let Some(record) = found.as_ref().filter(|record| is_whole && record.ended.is_none()) {
            self.near.fill(record, fence);
        }
        Ok(found)
    }
}

/// Forgets a copy, also where the future that changes the record is dropped.
struct Changing<'a> {
    near: &'a Near,
    realm: &'a Realm,
    id: &'a SessionId,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.near.forget(self.realm, self.id);
    }
}

#[async_trait]
impl<S: Store> Store for Tiered<S> {
    fn capabilities(&self) -> Capabilities {
        self.shared.far.capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.shared.ask(realm, id).await
    }

    fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        let copy = self.shared.near.copy(realm, id).filter(|_| self.shared.pulse.is_whole());
        let counted = if copy.is_some() { &self.shared.hits } else { &self.shared.misses };
        counted.fetch_add(1, Ordering::Relaxed);
        copy
    }

    fn staleness(&self) -> Duration {
        if self.following.is_some() { Self::BOUND } else { Duration::ZERO }
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        let _changing = Changing { near: &self.shared.near, realm: &record.realm, id: &record.id };
        self.shared.far.save(record, expected, events).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let outcome = self.shared.far.touch(realm, id, version, seen_at, expires_at).await?;
        match outcome {
            Outcome::Applied => self.shared.near.touch(realm, id, version, seen_at, expires_at),
            Outcome::Conflict => self.shared.near.forget(realm, id),
        }
        Ok(outcome)
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        self.shared.far.list(query).await
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        self.shared.far.overdue(by, limit).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.shared.far.events(query).await
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        self.shared.far.append(events).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.shared.far.epoch(realm, subject, raise).await
    }

    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        self.shared.far.settle(realm, id).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.shared.far.sweep(now, limit).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.shared.far.time().await
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        self.shared.far.checkup().await
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.shared.far.changes()
    }

    fn trail(&self) -> Option<Arc<dyn Trail>> {
        self.shared.far.trail()
    }
}

impl<S: fmt::Debug> fmt::Debug for Tiered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiered")
            .field("far", &self.shared.far)
            .field("copies", &self.shared.near.len())
            .field("is_whole", &self.shared.pulse.is_whole())
            .finish_non_exhaustive()
    }
}
