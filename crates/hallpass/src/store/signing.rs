//! Signing and sealing keys that all nodes share, kept sealed in the settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use futures_util::lock;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Outcome, SealingKeys, Settings, StoreError};
use crate::keys::{Key, KeyAlgorithm, KeyId, KeyRing};
use crate::time::Timestamp;

/// When keys take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// How long one key signs before the next one does.
    pub every: Duration,
    /// How long before it signs a key is published: at least as long as verifiers remember a key set, and as nodes
    /// take to [refresh](StoredKeys::refresh).
    pub ahead: Duration,
    /// How long after its last signature a key still verifies: at least the life of a token and the leeway.
    pub keep: Duration,
}

impl Default for Rotation {
    /// A new key every 30 days, published an hour before, and kept for two hours after.
    fn default() -> Self {
        Self { every: Duration::from_hours(24 * 30), ahead: Duration::from_hours(1), keep: Duration::from_hours(2) }
    }
}

/// A key as it stands in the settings, without what is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name.
    pub id: KeyId,
    /// What it is for.
    pub algorithm: KeyAlgorithm,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
    /// Until when it signs; nothing while no other key comes after it.
    pub signs_until: Option<Timestamp>,
    /// From when on it verifies nothing any more; nothing while no other key comes after it.
    pub retires_at: Option<Timestamp>,
}

/// What a key does at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum KeyState {
    /// It is published, and does not sign yet.
    Next,
    /// It signs and verifies.
    Signing,
    /// Another key signs; this one verifies what it has signed.
    Verifying,
    /// It verifies nothing any more, and is about to be forgotten.
    Retired,
}

impl StoredKey {
    /// Returns what the key does at this time.
    pub fn state(&self, now: Timestamp) -> KeyState {
        if now < self.signs_from {
            KeyState::Next
        } else if self.signs_until.is_none_or(|until| now < until) {
            KeyState::Signing
        } else if self.retires_at.is_none_or(|at| now < at) {
            KeyState::Verifying
        } else {
            KeyState::Retired
        }
    }
}

/// The keys of a service, which its nodes share: made, changed in turn and forgotten by a policy, kept in [`Settings`]
/// under a key from file or environment.
///
/// All nodes hold one list, which is changed in one step, so no two nodes rotate at once. Each calls
/// [`keep_up`](StoredKeys::keep_up) every few seconds, which is one small read. A key is published before it signs and
/// verifies after it has signed, so a change refuses nobody; and a key that was [removed](StoredKeys::remove) is gone from
/// every node at its next call.
///
/// ```
/// use std::sync::Arc;
/// use hallpass::{KeyAlgorithm, MemorySettings, Rotation, SealingKeys, StoredKeys, Timestamp};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let sealing = SealingKeys::new(b"the newest key: 32 random bytes!")?;
/// let settings = Arc::new(MemorySettings::default());
/// let now = Timestamp::from_millis(1_800_000_000_000);
/// let keys = StoredKeys::open(settings, sealing, KeyAlgorithm::EdDsa, Rotation::default(), now).await?;
/// assert!(keys.ring().signing(now).is_some());
/// # Ok(()) }
/// ```
///
/// # Security
///
/// The settings have the keys sealed: who reads the store cannot sign.
pub struct StoredKeys {
    settings: Arc<dyn Settings>,
    sealing: SealingKeys,
    algorithm: KeyAlgorithm,
    rotation: Rotation,
    ring: KeyRing,
    seen: Mutex<Bytes>,
    /// One at a time: an answer that was slow would otherwise bring back a key that was removed meanwhile.
    asking: lock::Mutex<()>,
}

/// What stands in the settings.
#[derive(Clone, Default, Serialize, Deserialize)]
struct List {
    keys: Vec<Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    id: String,
    algorithm: String,
    made_at: u64,
    signs_from: u64,
    sealed: String,
}

const ATTEMPTS: usize = 100;

impl StoredKeys {
    /// What the names of the settings begin with in which keys are kept.
    pub const NAMES: &'static str = "token-keys/";

    /// Opens the keys of this algorithm's kind, and makes the first one if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if the settings are away; [`StoreError::is_corrupt`] if a key there is sealed
    /// under another key than the configured ones; [`StoreError::is_unsupported`] for an algorithm that makes no keys.
    pub async fn open(
        settings: Arc<dyn Settings>,
        sealing: SealingKeys,
        algorithm: KeyAlgorithm,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        for _ in 0..ATTEMPTS {
            let found = settings.load(name(algorithm)).await?;
            let list = read(found.as_ref())?;
            if list.keys.is_empty() {
                let first = List { keys: vec![Entry::make(algorithm, &sealing, now, now)?] };
                let _ = settings.save(name(algorithm), &first.write()?, found.as_deref()).await?;
                continue;
            }
            let ring = ring(&list, &sealing, rotation, now)?;
            let seen = Mutex::new(found.unwrap_or_default());
            return Ok(Self { settings, sealing, algorithm, rotation, ring, seen, asking: lock::Mutex::new(()) });
        }
        Err(contended())
    }

    /// Returns the ring of these keys, which has the present ones after each [`refresh`](StoredKeys::refresh).
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Takes over what other nodes changed: one small read.
    ///
    /// # Errors
    ///
    /// As [`open`](StoredKeys::open); the present keys then stay.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), StoreError> {
        let _asking = self.asking.lock().await;
        let found = self.settings.load(name(self.algorithm)).await?.unwrap_or_default();
        self.take(found, now)
    }

    /// Does what is due: takes over what other nodes changed, makes the next key, forgets those whose time is over. Returns
    /// the key if this call made one.
    ///
    /// # Errors
    ///
    /// As [`open`](StoredKeys::open).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, what was due is done or not; the next call does the rest.
    pub async fn keep_up(&self, now: Timestamp) -> Result<Option<StoredKey>, StoreError> {
        let Rotation { every, ahead, keep } = self.rotation;
        let mut made = None;
        self.change(now, |list| {
            made = None;
            let is_due = |newest: &Entry| Timestamp::from_millis(newest.signs_from).plus(every) <= now.plus(ahead);
            let retired = list.retired(keep, now);
            if list.keys.last().is_some_and(|newest| !is_due(newest)) && retired == 0 {
                return Ok(None);
            }
            let mut next = list.clone();
            next.keys.drain(..retired);
            if next.keys.last().is_none_or(is_due) {
                made = Some(next.add(Entry::make(self.algorithm, &self.sealing, now, now.plus(ahead))?)?);
            }
            Ok(Some(next))
        })
        .await?;
        Ok(made)
    }

    /// Makes the next key, whatever the policy says; it signs once it has been published for as long as the policy says.
    ///
    /// # Errors
    ///
    /// As [`open`](StoredKeys::open); [`StoreError::is_unsupported`] if there are 64 keys already.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, there is a next key or not.
    pub async fn rotate(&self, now: Timestamp) -> Result<StoredKey, StoreError> {
        let mut made = None;
        self.change(now, |list| {
            let mut next = list.clone();
            made = Some(self.add_next(&mut next, now)?);
            Ok(Some(next))
        })
        .await?;
        made.ok_or_else(contended)
    }

    /// Has a key sign no more once another can, and refuses nobody: if it is the last one, this makes the next as
    /// [`rotate`](StoredKeys::rotate) does, and returns that. Repeated, it changes nothing more; nor does it for a key that is
    /// not there.
    ///
    /// # Errors
    ///
    /// As [`rotate`](StoredKeys::rotate).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, there is a next key or not.
    pub async fn retire(&self, id: &KeyId, now: Timestamp) -> Result<Option<StoredKey>, StoreError> {
        let mut made = None;
        self.change(now, |list| {
            made = None;
            if list.keys.last().is_none_or(|last| last.id != id.as_str()) {
                return Ok(None);
            }
            let mut next = list.clone();
            made = Some(self.add_next(&mut next, now)?);
            Ok(Some(next))
        })
        .await?;
        Ok(made)
    }

    /// Takes a key away at once, for an emergency: no token under it is good any more on any node that has refreshed.
    /// If it signs now, or is the only one, another takes its place at once. Answers with the key that was taken away, or
    /// nothing if there was none.
    ///
    /// # Errors
    ///
    /// As [`open`](StoredKeys::open).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the key is taken away or not.
    pub async fn remove(&self, id: &KeyId, now: Timestamp) -> Result<Option<StoredKey>, StoreError> {
        let mut removed = None;
        self.change(now, |list| {
            removed = list.place(id).map(|place| list.shown(place, self.rotation.keep)).transpose()?;
            if removed.is_none() {
                return Ok(None);
            }
            let signing = list.keys.iter().rev().find(|key| key.signs_from <= now.as_millis());
            let is_signing = signing.is_none_or(|signing| signing.id == id.as_str());
            let mut next = list.clone();
            // When the one before a key is over hangs on that key: what is over already is to stay so.
            next.keys.drain(..list.retired(self.rotation.keep, now));
            next.keys.retain(|key| key.id != id.as_str());
            if is_signing {
                next.keys.push(Entry::make(self.algorithm, &self.sealing, now, now)?);
                next.keys.sort_by_key(|key| key.signs_from);
            }
            Ok(Some(next))
        })
        .await?;
        Ok(removed)
    }

    /// Adds the key that signs after all others, once it was published for long enough.
    fn add_next(&self, list: &mut List, now: Timestamp) -> Result<StoredKey, StoreError> {
        let after_all = list.keys.last().map_or(0, |last| last.signs_from + 1);
        let from = now.plus(self.rotation.ahead).max(Timestamp::from_millis(after_all));
        list.add(Entry::make(self.algorithm, &self.sealing, now, from)?)
    }

    /// Returns the keys as they were when last refreshed, in the order in which they begin to sign.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_corrupt`] if what the settings hold is not what this crate wrote.
    pub fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let list = read(Some(&*self.seen.lock()))?;
        (0..list.keys.len()).map(|place| list.shown(place, self.rotation.keep)).collect()
    }

    /// Writes what `edit` makes of the list, again and again until nobody else wrote in between.
    async fn change(
        &self,
        now: Timestamp,
        mut edit: impl FnMut(&List) -> Result<Option<List>, StoreError>,
    ) -> Result<(), StoreError> {
        let _asking = self.asking.lock().await;
        for _ in 0..ATTEMPTS {
            let found = self.settings.load(name(self.algorithm)).await?;
            let Some(next) = edit(&read(found.as_ref())?)? else {
                return self.take(found.unwrap_or_default(), now);
            };
            let next = Bytes::from(next.write()?);
            if self.settings.save(name(self.algorithm), &next, found.as_deref()).await? == Outcome::Applied {
                return self.take(next, now);
            }
        }
        Err(contended())
    }

    fn take(&self, found: Bytes, now: Timestamp) -> Result<(), StoreError> {
        let mut seen = self.seen.lock();
        let list = read(Some(&found))?;
        if *seen != found || list.retired(self.rotation.keep, now) > 0 {
            let keys = list.open(&self.sealing, self.rotation, now)?;
            self.ring.replace(keys.into_iter().map(Arc::new).collect()).map_err(StoreError::corrupt)?;
            *seen = found;
        }
        Ok(())
    }
}

fn ring(list: &List, sealing: &SealingKeys, rotation: Rotation, now: Timestamp) -> Result<KeyRing, StoreError> {
    KeyRing::new(list.open(sealing, rotation, now)?).map_err(StoreError::corrupt)
}

/// Keys that sign and keys that seal are two lists.
fn name(algorithm: KeyAlgorithm) -> &'static str {
    if algorithm == KeyAlgorithm::Sealing { "token-keys/sealing" } else { "token-keys/signing" }
}

fn read(found: Option<&Bytes>) -> Result<List, StoreError> {
    match found {
        Some(bytes) if !bytes.is_empty() => serde_json::from_slice(bytes).map_err(StoreError::corrupt),
        _ => Ok(List::default()),
    }
}

fn contended() -> StoreError {
    StoreError::unavailable("the keys are changed by others again and again")
}

impl List {
    fn write(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(StoreError::corrupt)
    }

    fn place(&self, id: &KeyId) -> Option<usize> {
        self.keys.iter().position(|key| key.id == id.as_str())
    }

    /// Puts a key behind all others.
    fn add(&mut self, entry: Entry) -> Result<StoredKey, StoreError> {
        if self.keys.len() >= KeyRing::MOST {
            return Err(StoreError::unsupported("there are 64 keys: wait until some are forgotten"));
        }
        self.keys.push(entry);
        self.shown(self.keys.len() - 1, Duration::ZERO)
    }

    /// Returns when the key at this place signs no more: the next one does.
    fn signs_until(&self, place: usize) -> Option<Timestamp> {
        self.keys.get(place + 1).map(|next| Timestamp::from_millis(next.signs_from))
    }

    /// Returns when it verifies nothing any more.
    fn retires_at(&self, place: usize, keep: Duration) -> Option<Timestamp> {
        self.signs_until(place).map(|until| until.plus(keep))
    }

    fn shown(&self, place: usize, keep: Duration) -> Result<StoredKey, StoreError> {
        let entry = &self.keys[place];
        Ok(StoredKey {
            id: KeyId::new(&entry.id).map_err(StoreError::corrupt)?,
            algorithm: entry.algorithm.parse().map_err(StoreError::corrupt)?,
            made_at: Timestamp::from_millis(entry.made_at),
            signs_from: Timestamp::from_millis(entry.signs_from),
            signs_until: self.signs_until(place),
            retires_at: self.retires_at(place, keep),
        })
    }

    /// Returns how many of the first keys are over.
    fn retired(&self, keep: Duration, now: Timestamp) -> usize {
        let is_over = |place: &usize| self.retires_at(*place, keep).is_some_and(|at| at <= now);
        (0..self.keys.len()).take_while(is_over).count()
    }

    fn open(&self, sealing: &SealingKeys, rotation: Rotation, now: Timestamp) -> Result<Vec<Key>, StoreError> {
        self.keys[self.retired(rotation.keep, now)..].iter().map(|entry| entry.open(sealing)).collect()
    }
}

impl Entry {
    fn make(
        algorithm: KeyAlgorithm,
        sealing: &SealingKeys,
        made_at: Timestamp,
        signs_from: Timestamp,
    ) -> Result<Self, StoreError> {
        let key = Key::generate(algorithm).map_err(StoreError::unsupported)?;
        let private = key.private().ok_or_else(|| StoreError::unsupported("such a key signs nothing"))?;
        let id = key.id().to_string();
        Ok(Self {
            sealed: STANDARD_NO_PAD.encode(sealing.seal(private, &place(algorithm.as_str(), &id))),
            id,
            algorithm: algorithm.to_string(),
            made_at: made_at.as_millis(),
            signs_from: signs_from.as_millis(),
        })
    }

    fn open(&self, sealing: &SealingKeys) -> Result<Key, StoreError> {
        let sealed = STANDARD_NO_PAD.decode(&self.sealed).map_err(StoreError::corrupt)?;
        let private = sealing.open(&sealed, &place(&self.algorithm, &self.id)).map_err(StoreError::corrupt)?;
        let private = Zeroizing::new(private);
        let algorithm: KeyAlgorithm = self.algorithm.parse().map_err(StoreError::corrupt)?;
        let key = match algorithm {
            KeyAlgorithm::Hs256 | KeyAlgorithm::Sealing => Key::symmetric(algorithm, &private),
            _ => Key::from_pkcs8(algorithm, &private),
        };
        let id = KeyId::new(&self.id).map_err(StoreError::corrupt)?;
        Ok(key.map_err(StoreError::corrupt)?.named(id).signing_from(Timestamp::from_millis(self.signs_from)))
    }
}

/// A sealed key opens under its own name only.
fn place(algorithm: &str, id: &str) -> Vec<u8> {
    format!("hallpass token key\n{algorithm}\n{id}").into_bytes()
}

impl fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKeys").field("ring", &self.ring).field("rotation", &self.rotation).finish_non_exhaustive()
    }
}
