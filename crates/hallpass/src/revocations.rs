//! Ending self-contained tokens before they expire.

#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use hashbrown::{Equivalent, HashMap};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::carried::Carried;
use crate::crypto::sha256;
use crate::id::SessionId;
use crate::name::{Profile, Realm, Subject};
use crate::policy::Policy;
use crate::record::Record;
use crate::store::feed::{Follower, Pulse, follow};
use crate::store::{Epoch, Expected, Outcome, PageLimit, Query, Store, StoreError};
use crate::time::Timestamp;
use crate::token::{Chain, Generation};

/// Which self-contained tokens have ended before their time: sessions with the lowest generation that is still good, and
/// subjects with the lowest epoch.
///
/// It stands in a store that the verifiers share, and each verifier holds it in memory and follows the store's feed of
/// changes, so that asking costs no round trip. Nothing here compares clocks: a token is good or not by the numbers that
/// it was sealed with. What is held is given up when the tokens that it names are over.
///
/// While the feed does not prove itself, or where the store has none, or where a caller wants to know more exactly than
/// the feed has proven, the store is asked; if it does not answer, the token is refused as unavailable, and nobody is
/// logged out.
///
/// ```
/// use std::sync::Arc;
/// use hallpass::{MemoryStore, Revocations};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// // Instead of memory: a store that the verifiers share.
/// let revocations = Revocations::new(Arc::new(MemoryStore::new()));
/// assert!(revocations.bound().is_zero(), "memory tells of no changes: it is asked each time");
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Revocations {
    shared: Arc<Shared>,
    /// Whether the store tells of changes.
    tells: bool,
    following: OnceLock<AbortHandle>,
}

/// What [`Revocations`] count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationCounts {
    /// How many revocations are held in memory.
    pub held: usize,
    /// How many tokens were judged by what is held.
    pub from_memory: u64,
    /// How many tokens were judged by asking the store.
    pub from_store: u64,
}

struct Shared {
    store: Arc<dyn Store>,
    realm: Realm,
    pulse: Pulse,
    held: Mutex<Held>,
    remembered: AtomicU64,
    asked: AtomicU64,
    /// The latest time that a caller named, in milliseconds: what is over by it can go.
    clock: AtomicU64,
}

/// The lowest numbers that are good, by what they are of.
#[derive(Default)]
struct Held {
    lowest: HashMap<Kept, Lowest>,
    /// Until when something may be missing here for want of room.
    short_until: Option<Timestamp>,
    /// How many there may be before those that are over are looked for.
    look_at: usize,
    /// When they were looked for last.
    looked_at: Timestamp,
}

#[derive(Clone, Copy)]
struct Lowest {
    good: u64,
    until: Timestamp,
}

/// The time in which tokens can be shown that are ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamingTime {
    pub(crate) now: Timestamp,
    /// When the last of them is over.
    pub(crate) until: Timestamp,
}

/// What tokens are ended by: their session, or their subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Session(SessionId),
    Subject(Box<str>),
}

/// A name in its realm, for asking.
#[derive(Clone, Copy, Hash)]
struct Mark<'a> {
    realm: &'a str,
    of: Of<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Of<'a> {
    Session(&'a SessionId),
    Subject(&'a str),
}

/// A name in its realm, for keeping.
#[derive(PartialEq, Eq)]
struct Kept {
    realm: Box<str>,
    of: Name,
}

impl Kept {
    fn mark(&self) -> Mark<'_> {
        let of = match &self.of {
            Name::Session(id) => Of::Session(id),
            Name::Subject(subject) => Of::Subject(subject),
        };
        Mark { realm: &self.realm, of }
    }
}

impl Hash for Kept {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.mark().hash(state);
    }
}

impl Equivalent<Kept> for Mark<'_> {
    fn equivalent(&self, kept: &Kept) -> bool {
        let Mark { realm, of } = kept.mark();
        realm == self.realm && of == self.of
    }
}

impl<'a> Mark<'a> {
    fn session(realm: &'a Realm, id: &'a SessionId) -> Self {
        Self { realm: realm.as_str(), of: Of::Session(id) }
    }

    fn subject(realm: &'a Realm, subject: &'a Subject) -> Self {
        Self { realm: realm.as_str(), of: Of::Subject(subject.as_str()) }
    }

    fn kept(&self) -> Kept {
        let of = match self.of {
            Of::Session(id) => Name::Session(*id),
            Of::Subject(subject) => Name::Subject(subject.into()),
        };
        Kept { realm: self.realm.into(), of }
    }

    /// Returns the name that it has in the store.
    fn id(&self) -> SessionId {
        let (kind, name) = match self.of {
            Of::Session(id) => (b's', &id.as_bytes()[..]),
            Of::Subject(subject) => (b'u', subject.as_bytes()),
        };
        // A realm has no zero byte, so no two pairs are one text.
        let hash = sha256(&[b"hallpass revocation ", &[kind][..], self.realm.as_bytes(), &[0], name].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        SessionId::from_bytes(bytes)
    }
}

/// What stands in the store of one session or subject.
#[derive(Serialize, Deserialize)]
struct Entry {
    realm: Box<str>,
    of: Name,
    lowest: u64,
    /// Stores need not tell of what is new, and tell of what changes.
    #[serde(default)]
    told: bool,
}

impl Revocations {
    /// How much later than elsewhere, at the most, a revocation is heeded here where the store tells of changes.
    pub const BOUND: Duration = Pulse::BOUND;
    /// How many revocations are held in memory, at some 150 bytes each; where there are more, the store is asked.
    pub const MOST: usize = 1 << 20;
    /// The lowest good generation of a session that has ended.
    const NONE: u64 = u64::MAX;
    const ATTEMPTS: usize = 1000;

    /// Keeps revocations in a store that the verifiers share. Where it tells of changes, they are followed from the first
    /// question on, so that whoever only revokes follows nothing.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let tells = store.capabilities().changes && store.capabilities().list;
        let shared = Arc::new(Shared {
            store,
            realm: Realm::new(Realm::REVOKED).unwrap_or_default(),
            pulse: Pulse::default(),
            held: Mutex::default(),
            remembered: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            clock: AtomicU64::new(0),
        });
        Self { shared, tells, following: OnceLock::new() }
    }

    /// Returns the store that they stand in.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Returns how late, at the most, a revocation is heeded by every verifier: [`Revocations::BOUND`] where the store
    /// tells of changes, and not at all where it is asked each time.
    pub fn bound(&self) -> Duration {
        if self.tells { Self::BOUND } else { Duration::ZERO }
    }

    /// Tells whether what is held in memory is whole now, so that tokens are judged without asking the store.
    pub fn is_whole(&self) -> bool {
        self.shared.pulse.is_whole()
    }

    /// Returns how old what is held in memory may be now; nothing while that is not known, or nothing is followed.
    pub fn lag(&self) -> Option<Duration> {
        self.shared.pulse.age()
    }

    /// Returns what was counted since the start.
    pub fn counts(&self) -> RevocationCounts {
        let Shared { held, remembered, asked, .. } = &*self.shared;
        RevocationCounts {
            held: held.lock().lowest.len(),
            from_memory: remembered.load(Ordering::Relaxed),
            from_store: asked.load(Ordering::Relaxed),
        }
    }

    /// Ends all tokens of a session, or those of a generation before `lowest`.
    pub(crate) async fn end_session(
        &self,
        realm: &Realm,
        id: &SessionId,
        lowest: Option<Generation>,
        time: NamingTime,
    ) -> Result<(), StoreError> {
        let lowest = lowest.map_or(Self::NONE, |generation| generation.number().into());
        self.raise(&Mark::session(realm, id), lowest, time).await
    }

    /// Ends all tokens of a subject that were sealed in an epoch before this one.
    pub(crate) async fn end_subject(
        &self,
        realm: &Realm,
        subject: &Subject,
        lowest: Epoch,
        time: NamingTime,
    ) -> Result<(), StoreError> {
        self.raise(&Mark::subject(realm, subject), lowest.0, time).await
    }

    /// Tells whether a token that was opened is still good, knowing of all that was revoked longer than `staleness` ago,
    /// or [`Revocations::bound`] if nobody says.
    pub(crate) async fn allow(
        &self,
        carried: &Carried,
        staleness: Option<Duration>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Record { realm, id, subject, .. } = &*carried.record;
        let marks = [
            Some((Mark::session(realm, id), u64::from(carried.generation().number()))),
            subject.as_ref().map(|subject| (Mark::subject(realm, subject), carried.epoch.0)),
        ];
        self.shared.clock.fetch_max(now.as_millis(), Ordering::Relaxed);
        if self.tells
            && let Ok(runtime) = Handle::try_current()
        {
            self.following.get_or_init(|| runtime.spawn(follow(Arc::clone(&self.shared))).abort_handle());
        }
        let staleness = staleness.map_or(Self::BOUND, |staleness| staleness.min(Self::BOUND));
        if self.lag().is_some_and(|lag| lag <= staleness) {
            let held = self.shared.held.lock();
            if held.short_until.is_none_or(|until| until <= now) {
                self.shared.remembered.fetch_add(1, Ordering::Relaxed);
                let lowest = |mark| held.lowest.get(mark).map_or(0, |lowest| lowest.good);
                return Ok(marks.iter().flatten().all(|(mark, number)| lowest(mark) <= *number));
            }
        }
        self.shared.asked.fetch_add(1, Ordering::Relaxed);
        let asked = marks.iter().flatten().map(|(mark, number)| async move {
            let entry = self.shared.load(&mark.id()).await?;
            Ok::<_, StoreError>(entry.is_none_or(|entry| entry.lowest <= *number))
        });
        Ok(try_join_all(asked).await?.into_iter().all(|is_good| is_good))
    }

    /// Writes that tokens with lower numbers are no longer good, unless more than that stands there already.
    async fn raise(&self, mark: &Mark<'_>, lowest: u64, time: NamingTime) -> Result<(), StoreError> {
        let Shared { store, realm, .. } = &*self.shared;
        let NamingTime { now, until } = time;
        let id = mark.id();
        self.shared.clock.fetch_max(now.as_millis(), Ordering::Relaxed);
        // Of what is new a store need not tell: it is told of when it is written once more.
        let first = Entry::new(mark, lowest, false).record(id, realm, until, now)?;
        let mut found = None;
        for _ in 0..Self::ATTEMPTS {
            let record = match found.take() {
                Some(record) => record,
                None if store.save(&first, Expected::Absent, &[]).await? == Outcome::Applied => first.clone(),
                None => {
                    found = store.load(realm, &id).await?;
                    continue;
                }
            };
            let stood = Entry::of(&record)?;
            let until = until.max(record.expires_at);
            let entry = Entry::new(mark, lowest.max(stood.lowest), true);
            let is_done = stood.told && stood.lowest == entry.lowest && record.expires_at == until;
            let outcome = if is_done {
                Outcome::Applied
            } else {
                let mut next = entry.record(id, realm, until, now)?;
                next.created_at = record.created_at;
                next.seen_at = record.seen_at.max(now);
                next.version = record.version.next();
                store.save(&next, Expected::Version(record.version), &[]).await?
            };
            if outcome == Outcome::Applied {
                self.shared.hold(mark.kept(), Lowest { good: entry.lowest, until });
                return Ok(());
            }
        }
        Err(StoreError::unavailable("a revocation is written to faster than it can be raised"))
    }
}

impl Entry {
    fn new(mark: &Mark<'_>, lowest: u64, told: bool) -> Self {
        let Kept { realm, of } = mark.kept();
        Self { realm, of, lowest, told }
    }

    fn record(&self, id: SessionId, realm: &Realm, until: Timestamp, now: Timestamp) -> Result<Record, StoreError> {
        let chain = Chain::start(Generation::FIRST, now).chain;
        let mut record = Record::new(id, realm.clone(), Profile::default(), Policy::default().terms(), chain, now);
        record.expires_at = until;
        record.data = serde_json::to_vec(self).map_err(StoreError::corrupt)?.into();
        Ok(record)
    }

    /// Returns what a record says.
    fn of(record: &Record) -> Result<Self, StoreError> {
        serde_json::from_slice(&record.data).map_err(StoreError::corrupt)
    }
}

impl Shared {
    async fn load(&self, id: &SessionId) -> Result<Option<Entry>, StoreError> {
        let record = self.store.load(&self.realm, id).await?;
        record.as_ref().map(Entry::of).transpose()
    }

    fn take(&self, record: &Record) -> Result<(), StoreError> {
        let Entry { realm, of, lowest, .. } = Entry::of(record)?;
        self.hold(Kept { realm, of }, Lowest { good: lowest, until: record.expires_at });
        Ok(())
    }

    fn hold(&self, kept: Kept, lowest: Lowest) {
        let now = Timestamp::from_millis(self.clock.load(Ordering::Relaxed));
        self.held.lock().put(kept, lowest, now, Revocations::MOST);
    }
}

impl Held {
    /// How often those that are over are looked for where there is no room, since each time all are gone through.
    const PAUSE: Duration = Duration::from_secs(1);

    fn put(&mut self, kept: Kept, lowest: Lowest, now: Timestamp, most: usize) {
        let is_full = self.lowest.len() >= most && now >= self.looked_at.plus(Self::PAUSE);
        if is_full || (self.look_at.max(1024)..most).contains(&self.lowest.len()) {
            self.lowest.retain(|_, lowest| lowest.until > now);
            self.look_at = self.lowest.len() * 2;
            self.looked_at = now;
        }
        if self.lowest.len() >= most && !self.lowest.contains_key(&kept) {
            self.short_until = self.short_until.max(Some(lowest.until));
            return;
        }
        let place = self.lowest.entry(kept).or_insert(lowest);
        place.good = place.good.max(lowest.good);
        place.until = place.until.max(lowest.until);
    }
}

#[async_trait]
impl Follower for Shared {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Reads everything that stands in the store.
    async fn begin(&self) -> Result<(), StoreError> {
        let mut query =
            Query { realm: Some(self.realm.clone()), ended: Some(false), limit: PageLimit::MOST, ..Query::default() };
        loop {
            let page = self.store.list(&query).await?;
            for record in &page.items {
                self.take(record)?;
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn hear(&self, realm: &Realm, id: &SessionId) -> Result<(), StoreError> {
        if *realm == self.realm
            && let Some(record) = self.store.load(realm, id).await?
        {
            self.take(&record)?;
        }
        Ok(())
    }

    /// What is held stays true: numbers only go up.
    fn lose(&self) {}
}

impl Drop for Revocations {
    fn drop(&mut self) {
        if let Some(following) = self.following.get() {
            following.abort();
        }
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations")
            .field("store", &self.shared.store)
            .field("held", &self.shared.held.lock().lowest.len())
            .field("is_whole", &self.is_whole())
            .finish_non_exhaustive()
    }
}
