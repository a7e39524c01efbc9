use std::hash::{Hash, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};

use crate::id::SessionId;
use crate::name::Realm;
use crate::record::{Record, Version};
use crate::time::Timestamp;

/// As many fences as make it rare that one session's change drops the fill of another.
const FENCES: usize = 1024;
/// What a copy takes besides its texts and attributes: the record itself, its key, and its place in the cache.
const OVERHEAD: usize = size_of::<Record>() + size_of::<Key>() + 64;

/// Copies of records, each put in only if nothing has been heard of its session since it was asked for.
pub(super) struct Near {
    copies: Cache<Key, Arc<Record>, Weight>,
    /// How often something was forgotten behind each fence. Whoever fills or forgets holds it meanwhile.
    fences: Box<[Mutex<u64>]>,
}

/// How things stood before a record was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence(u64);

impl Near {
    pub(super) fn new(bytes: usize) -> Self {
        let items = bytes / (OVERHEAD + 256);
        Self {
            copies: Cache::with_weighter(items, bytes as u64, Weight),
            fences: (0..FENCES).map(|_| Mutex::default()).collect(),
        }
    }

    pub(super) fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        self.copies.get(&KeyRef(realm, id))
    }

    /// To be called before the record is asked for.
    pub(super) fn fence(&self, id: &SessionId) -> Fence {
        Fence(*self.behind(id).lock())
    }

    /// Keeps a copy, unless its session, or one behind the same fence, changed meanwhile.
    pub(super) fn fill(&self, record: &Record, fence: Fence) {
        let count = self.behind(&record.id).lock();
        if *count == fence.0 {
            self.copies.insert(Key(record.realm.clone(), record.id), Arc::new(record.clone()));
        }
    }

    pub(super) fn forget(&self, realm: &Realm, id: &SessionId) {
        let mut count = self.behind(id).lock();
        *count += 1;
        self.copies.remove(&KeyRef(realm, id));
    }

    pub(super) fn forget_all(&self) {
        // Before the fences too: whoever moves the times of a copy that it has seen is done with it when its fence is
        // closed, and so it is gone after the second time.
        self.copies.clear();
        for fence in &self.fences {
            *fence.lock() += 1;
        }
        self.copies.clear();
    }

    /// Moves the times of a copy as a touch moved those of its record.
    pub(super) fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) {
        let _held = self.behind(id).lock();
        if let Some(copy) = self.copy(realm, id).filter(|copy| copy.version == version) {
            let mut moved = Record::clone(&copy);
            moved.seen_at = moved.seen_at.max(seen_at);
            moved.expires_at = moved.expires_at.max(expires_at);
            self.copies.insert(Key(realm.clone(), *id), Arc::new(moved));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.copies.len()
    }

    fn behind(&self, id: &SessionId) -> &Mutex<u64> {
        let [.., high, low] = *id.as_bytes();
        &self.fences[usize::from(u16::from_be_bytes([high, low])) % FENCES]
    }
}

/// What a copy weighs: about as many bytes as it takes.
#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Record>> for Weight {
    fn weight(&self, _: &Key, copy: &Arc<Record>) -> u64 {
        let client = [&copy.client.user_agent, &copy.client.label];
        let texts: usize = client.iter().copied().flatten().map(|text| text.as_str().len()).sum();
        (OVERHEAD + texts + copy.data.len() + copy.unknown.len()) as u64
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Key(Realm, SessionId);

/// What a key is looked up by, without a copy of it.
struct KeyRef<'a>(&'a Realm, &'a SessionId);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        KeyRef(&self.0, &self.1).hash(state);
    }
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.0 == key.0 && *self.1 == key.1
    }
}
