//! Where records live: the contract that every store keeps, and the words of its questions and answers.

mod arc;
mod checkup;
#[cfg(feature = "encrypted")]
mod encrypted;
mod error;
#[cfg(any(feature = "tiered", feature = "revocations"))]
pub(crate) mod feed;
mod memory;
mod query;
mod settings;
#[cfg(all(feature = "encrypted", feature = "jwt"))]
mod signing;
#[cfg(feature = "tiered")]
mod tiered;
mod trail;
mod trouble;

use std::fmt;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Record, Version};
use crate::time::Timestamp;

pub use self::checkup::{Checkup, Finding, Health};
#[cfg(feature = "encrypted")]
pub use self::encrypted::{Encrypted, InvalidSealingKey, SealingKeys};
pub use self::error::StoreError;
pub use self::memory::MemoryStore;
pub use self::query::{Cursor, EventQuery, InvalidCursor, Page, PageLimit, Query};
pub use self::settings::{MemorySettings, Settings};
#[cfg(all(feature = "encrypted", feature = "jwt"))]
pub use self::signing::{KeyState, Rotation, StoredKey, StoredKeys};
#[cfg(feature = "tiered")]
pub use self::tiered::{CacheCounts, Tiered};
pub use self::trail::Trail;
pub use self::trouble::{StoreFault, Trouble};

/// What a store can do beyond loading and saving, as its server is set up now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // each is an independent yes or no
pub struct Capabilities {
    /// It can list records by subject and other criteria.
    pub list: bool,
    /// It keeps events, each in the transaction of its change.
    pub events: bool,
    /// It tells of records that changed elsewhere.
    pub changes: bool,
    /// Several processes can use it at once.
    pub shared: bool,
    /// What it has acknowledged survives the loss of its process and of power.
    pub durable: bool,
}

/// What a [`save`](Store::save) expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// No record under this id, neither living nor ended.
    Absent,
    /// A living record with this version.
    Version(Version),
}

/// Whether a write was applied. A conflict is an answer, not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It was.
    Applied,
    /// The record was not as expected: nothing was written.
    Conflict,
}

/// How often all self-contained tokens of a subject were ended at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// News from a store that changes also elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This record changed or ended.
    Session {
        /// The record's realm.
        realm: Realm,
        /// The record's id.
        id: SessionId,
    },
    /// Something may have been missed: whatever is remembered may be stale.
    Hole,
}

/// An endless stream of changes; it ends only when the store does.
pub type ChangeStream = Pin<Box<dyn Stream<Item = Change> + Send>>;

/// Where session records live.
///
/// Implementers: what must hold is told at each method, and
/// `hallpass::testing::conformance` checks it (feature `testing`). In general:
///
/// - A store never judges time. It returns records whether or not their time is over; native expiry only cleans up.
/// - An ended session cannot come back, whatever was in flight.
/// - An outage is an error with [`StoreError::is_unavailable`], never an absent record.
/// - A write that was acknowledged is not lost, as far as [`Capabilities::durable`] says.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns what this store can do, read from its server's settings where they decide it.
    fn capabilities(&self) -> Capabilities;

    /// Returns the record of this id as it is now: living, expired or ended.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if the store cannot be asked; [`StoreError::is_corrupt`] if what it holds is not a
    /// record.
    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError>;

    /// Returns a copy of the record of this id, if one is at hand: what it was no longer than
    /// [`staleness`](Store::staleness) ago.
    ///
    /// Whoever asks lets in by it, and decides nothing else by it.
    fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        let _ = (realm, id);
        None
    }

    /// Returns how far a [`copy`](Store::copy) may be behind; zero where there are none.
    fn staleness(&self) -> Duration {
        Duration::ZERO
    }

    /// Writes `record`, together with `events`, if what is stored is as `expected`.
    ///
    /// Must hold: comparison and write are one atomic step. With [`Expected::Absent`] it writes only if there is
    /// nothing under the id, not even a tombstone. With [`Expected::Version`] it never creates, and never writes over a
    /// tombstone. The caller has already raised [`Record::version`]. `seen_at` becomes the later of what is stored and what
    /// is given, as in a [touch](Store::touch): that leaves the version as it is, so a save may not know of it. Events are kept if and only if the record is
    /// written, where [`Capabilities::events`] is true, and ignored where it is not.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if the outcome is not known or nothing could be written.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the write happens whole or not at all.
    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError>;

    /// Moves the two times of a living record forward, and changes nothing else.
    ///
    /// Must hold: neither time ever goes back; each becomes the later of what is stored and what is given, and a touch
    /// that comes too late to move anything is applied all the same. It gives way to a real write: with another version,
    /// or without a living record, the answer is [`Outcome::Conflict`]. The version stays as it is.
    ///
    /// # Errors
    ///
    /// As [`save`](Store::save).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the write happens whole or not at all.
    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError>;

    /// Returns a page of the records that match, newest first by `(created_at, id)`.
    ///
    /// Must hold: following [`Page::next`] meets each record once that existed throughout. A revocation never misses a
    /// record: what was saved before the call is listed, from the primary where there are replicas.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unsupported`] without [`Capabilities::list`], or if [`Query::after`] is no cursor that a listing
    /// gave; [`StoreError::is_unavailable`] if the store cannot be asked, never an empty page.
    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError>;

    /// Returns at most `limit` records of sessions, of all realms, that have not ended and whose stored `expires_at` is at
    /// or before `by`, in any order. What is the library's [own](Realm::is_own) is left out: nobody ends it.
    ///
    /// Must hold: there are fewer than `limit` only if there are no more, so whoever ends or touches what it is given
    /// comes to the end. A store that can find them at a cost that depends on `limit`, and not on how many there are,
    /// does so instead of [listing](Store::list) them.
    ///
    /// # Errors
    ///
    /// As [`list`](Store::list).
    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        let mut query = Query { ended: Some(false), expires_by: Some(by), limit, ..Query::default() };
        let mut overdue = Vec::new();
        loop {
            let page = self.list(&query).await?;
            overdue.extend(page.items.into_iter().filter(|record| !record.realm.is_own()));
            overdue.truncate(limit.number());
            match page.next {
                Some(next) if overdue.len() < limit.number() => query.after = Some(next),
                _ => return Ok(overdue),
            }
        }
    }

    /// Returns a page of the events that match, oldest first, in the order in which the store took them in.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unsupported`] without [`Capabilities::events`]; [`StoreError::is_unavailable`] if the store cannot be
    /// asked.
    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError>;

    /// Keeps events that come with no change of a session, such as that an API key was made.
    ///
    /// Must hold: they are listed as those of a [`save`](Store::save) are.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unsupported`] where events can only be kept with a session, or not at all;
    /// otherwise as [`save`](Store::save).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, they are kept all or none.
    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let _ = events;
        Err(StoreError::unsupported("this store keeps no events without a session"))
    }

    /// Returns the subject's epoch, after raising it by one if asked.
    ///
    /// Must hold: it never goes back, also not for a subject whose records have all been forgotten, and each raise
    /// answers a higher one. What it begins with is for the store to say: one that can lose it begins higher than ever
    /// before.
    ///
    /// # Errors
    ///
    /// As [`save`](Store::save).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the epoch was raised once or not at all.
    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError>;

    /// Returns once all that can be read of this record, or of all records, lasts as a write does that was acknowledged;
    /// answers whether there may have been something that did not.
    ///
    /// Where a write can be read before it lasts, such as one that no replica has taken yet, a caller who finds things
    /// done by a write that was not acknowledged would say so, and the write be lost. So who answers by what was read,
    /// and writes nothing, settles first. Where the answer is `true`, it reads once more, since what it had read may have
    /// been lost before.
    ///
    /// # Errors
    ///
    /// As [`save`](Store::save).
    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        let _ = (realm, id);
        Ok(false)
    }

    /// Forgets at most `limit` records whose stored `expires_at` is more than [`SWEEP_MARGIN`] before `now`; answers how
    /// many.
    ///
    /// Must hold: the stored time is checked in the same step as the removal, so that a record that was touched
    /// meanwhile stays. What has been due for less than a minute may be left to a later sweep, so that a store can file
    /// deadlines by coarse times.
    ///
    /// # Errors
    ///
    /// As [`save`](Store::save). Stores whose server removes expired records by itself answer 0.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, some were forgotten, each whole; the next sweep goes on.
    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError>;

    /// Returns what the clock of the server behind the store says, at some moment between question and answer; nothing
    /// where there is none of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if the server cannot be asked.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    /// Looks at the server behind the store: what it is, and what of its settings and contents endangers sessions. It changes nothing, and may read for seconds.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if the server cannot be asked. What it does not allow to be asked is a finding.
    async fn checkup(&self) -> Result<Checkup, StoreError> {
        Ok(Checkup::default())
    }

    /// Returns news of records that change, here or elsewhere, or nothing without [`Capabilities::changes`].
    ///
    /// Must hold: who subscribes hears of every end and every change of chain or attributes that is saved from then
    /// on, in the order in which they were saved, or of a [`Change::Hole`]. Creations and touches may be left out.
    fn changes(&self) -> Option<ChangeStream>;

    /// Returns where the events of this store are sealed, if it can keep them so.
    fn trail(&self) -> Option<Arc<dyn Trail>> {
        None
    }
}

/// How long past its `expires_at` a record stays at least, so that a clock that is somewhat off forgets nothing.
pub const SWEEP_MARGIN: Duration = Duration::from_hours(1);
