//! Sessions in this process's memory.

mod epochs;
mod events;
mod shard;
mod slot;
mod subjects;
#[cfg(test)]
mod tests;

use std::collections::BinaryHeap;
use std::fmt;
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use hashbrown::DefaultHashBuilder;
use parking_lot::Mutex;

use self::epochs::Epochs;
use self::events::EventRing;
use self::shard::{Saved, Shard};
use self::subjects::{SubjectHash, Subjects};
use super::{
    Capabilities, ChangeStream, Cursor, Epoch, EventQuery, Expected, Outcome, Page, PageLimit, Query, SWEEP_MARGIN,
    Store, StoreError,
};
use crate::event::Event;
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Record, Version};
use crate::time::Timestamp;

/// As many as there can be locks contended for on a large machine, and a power of two.
const SHARDS: usize = 64;

/// Keeps sessions in the memory of this process: nothing survives it, and no other process sees them.
///
/// It holds a configured number of sessions at the most, by default a million (about 240 MB without attributes); when
/// it is full, new sessions are refused as unavailable, and none is dropped. Expired records are forgotten by
/// [`Store::sweep`], at a cost that depends on how many expired, not on how many there are. Of the latest events it keeps
/// [`MemoryStore::EVENTS`], and of the subjects whose sessions were all ended at once as many epochs as sessions; were there
/// more, they would become one epoch, the highest.
///
/// ```
/// use hallpass::{Capabilities, MemoryStore, Store};
///
/// let store = MemoryStore::with_capacity(10_000);
/// assert!(store.capabilities().list && !store.capabilities().shared);
/// ```
pub struct MemoryStore {
    shards: Box<[Mutex<Shard>]>,
    subjects: Box<[Mutex<Subjects>]>,
    events: Mutex<EventRing>,
    epochs: Mutex<Epochs>,
    hasher: DefaultHashBuilder,
    held: AtomicUsize,
    capacity: usize,
}

impl MemoryStore {
    /// How many sessions a store holds at the most, unless it is made with another capacity.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;
    /// How many of the latest events a store keeps.
    pub const EVENTS: usize = 10_000;

    /// Returns an empty store for at most [`MemoryStore::DEFAULT_CAPACITY`] sessions.
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// Returns an empty store for at most `capacity` sessions, ended ones included until they are swept.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            subjects: (0..SHARDS).map(|_| Mutex::default()).collect(),
            events: Mutex::new(EventRing::new(Self::EVENTS)),
            epochs: Mutex::new(Epochs::new(capacity)),
            hasher: DefaultHashBuilder::default(),
            held: AtomicUsize::new(0),
            capacity,
        }
    }

    /// Returns how many records the store holds, ended ones included.
    pub fn len(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Tells whether the store holds no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the shard that has this id: by its last byte, since the first ones choose the place within the shard.
    fn shard(&self, id: &SessionId) -> (usize, &Mutex<Shard>) {
        let index = usize::from(id.as_bytes()[15]) % SHARDS;
        (index, &self.shards[index])
    }

    fn subject_hash(&self, realm: &Realm, subject: &Subject) -> SubjectHash {
        SubjectHash::new(self.hasher.hash_one((realm, subject)))
    }

    fn subjects(&self, hash: SubjectHash) -> &Mutex<Subjects> {
        &self.subjects[hash.shard(SHARDS)]
    }

    fn reserve(&self) -> Result<(), StoreError> {
        let within = |held: usize| (held < self.capacity).then_some(held + 1);
        match self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within) {
            Ok(_) => Ok(()),
            Err(held) => Err(StoreError::unavailable(format!("the memory store is full: it holds {held} sessions"))),
        }
    }

    fn insert(&self, record: &Record, events: &[Event]) -> Result<Outcome, StoreError> {
        let (index, shard) = self.shard(&record.id);
        let mut shard = shard.lock();
        if shard.contains(&record.realm, &record.id) {
            return Ok(Outcome::Conflict);
        }
        self.reserve()?;
        match shard.insert(record) {
            Ok(slot) => {
                self.link(&mut shard, index, slot, record);
                self.keep(events);
                Ok(Outcome::Applied)
            }
            Err(error) => {
                self.held.fetch_sub(1, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    fn replace(&self, record: &Record, version: Version, events: &[Event]) -> Result<Outcome, StoreError> {
        let (index, shard) = self.shard(&record.id);
        let mut shard = shard.lock();
        let Saved::Applied { slot, subject_before } = shard.replace(record, version)? else {
            return Ok(Outcome::Conflict);
        };
        if subject_before != record.subject {
            if let Some(before) = subject_before {
                self.unlink(&mut shard, slot, &record.realm, &before);
            }
            self.link(&mut shard, index, slot, record);
        }
        self.keep(events);
        Ok(Outcome::Applied)
    }

    /// Enters a record into the index of subjects, while its shard is locked; locks are always taken in this order.
    fn link(&self, shard: &mut Shard, index: usize, slot: u32, record: &Record) {
        if let Some(subject) = &record.subject {
            let hash = self.subject_hash(&record.realm, subject);
            let node = self.subjects(hash).lock().insert(hash, (index, slot).into());
            shard.set_node(slot, Some(node));
        }
    }

    fn unlink(&self, shard: &mut Shard, slot: u32, realm: &Realm, subject: &Subject) {
        if let Some(node) = shard.set_node(slot, None) {
            let hash = self.subject_hash(realm, subject);
            self.subjects(hash).lock().remove(hash, node);
        }
    }

    fn keep(&self, events: &[Event]) {
        if !events.is_empty() {
            self.events.lock().extend(events);
        }
    }

    fn of_subject(&self, realm: &Realm, subject: &Subject) -> Vec<Record> {
        let places = {
            let hash = self.subject_hash(realm, subject);
            self.subjects(hash).lock().places(hash)
        };
        let at = |place: subjects::Place| self.shards[place.shard()].lock().record_at(place.slot());
        places.into_iter().filter_map(at).collect()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("held", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { list: true, events: true, ..Capabilities::default() }
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        Ok(self.shard(id).1.lock().load(realm, id))
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        match expected {
            Expected::Absent => self.insert(record, events),
            Expected::Version(version) => self.replace(record, version, events),
        }
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        Ok(self.shard(id).1.lock().touch(realm, id, version, seen_at, expires_at))
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        let after = query.after.as_ref().map(Cursor::record).transpose().map_err(StoreError::unsupported)?;
        let mut newest = Newest::new(query, after);
        if let (Some(realm), Some(subject)) = (&query.realm, &query.subject) {
            self.of_subject(realm, subject).into_iter().for_each(|record| newest.offer(record));
        } else if let Some(at) = query.expires_by {
            for shard in &self.shards {
                shard.lock().expired_by(at).into_iter().for_each(|record| newest.offer(record));
            }
        } else {
            for shard in &self.shards {
                shard.lock().records().for_each(|record| newest.offer(record));
            }
        }
        Ok(newest.into_page())
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        let mut overdue = Vec::new();
        for shard in &self.shards {
            if overdue.len() == limit.number() {
                break;
            }
            overdue.extend(shard.lock().overdue(by, limit.number() - overdue.len()));
        }
        Ok(overdue)
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        Ok(self.events.lock().page(query))
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        self.keep(events);
        Ok(())
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        let mut epochs = self.epochs.lock();
        Ok(if raise { epochs.raise(realm, subject) } else { epochs.of(realm, subject) })
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        let forget_before = now.minus(SWEEP_MARGIN);
        let mut forgotten = 0;
        for shard in &self.shards {
            let mut shard = shard.lock();
            for slot in shard.take_expired(forget_before, limit.get() - forgotten) {
                if let Some((realm, Some(subject))) = shard.owner(slot) {
                    self.unlink(&mut shard, slot, &realm, &subject);
                }
                shard.remove(slot);
                self.held.fetch_sub(1, Ordering::Relaxed);
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    fn changes(&self) -> Option<ChangeStream> {
        None
    }
}

/// The newest matching records of a page, found in one pass over records in any order.
struct Newest<'a> {
    query: &'a Query,
    after: Option<(Timestamp, SessionId)>,
    /// The page and one record more, the oldest on top.
    kept: BinaryHeap<OldestFirst>,
}

impl<'a> Newest<'a> {
    fn new(query: &'a Query, after: Option<(Timestamp, SessionId)>) -> Self {
        Self { query, after, kept: BinaryHeap::new() }
    }

    fn offer(&mut self, record: Record) {
        let is_later = self.after.is_none_or(|after| (record.created_at, record.id) < after);
        if is_later && self.query.matches(&record) {
            self.kept.push(OldestFirst(record));
            if self.kept.len() > self.query.limit.number() + 1 {
                self.kept.pop();
            }
        }
    }

    fn into_page(self) -> Page<Record> {
        let limit = self.query.limit.number();
        let mut items: Vec<_> = self.kept.into_sorted_vec().into_iter().map(|OldestFirst(record)| record).collect();
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(Cursor::after_record);
        Page { items, next }
    }
}

struct OldestFirst(Record);

impl Ord for OldestFirst {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.0.created_at, other.0.id).cmp(&(self.0.created_at, self.0.id))
    }
}

impl PartialOrd for OldestFirst {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OldestFirst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for OldestFirst {}
