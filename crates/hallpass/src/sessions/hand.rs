use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::carried::Carried;
use crate::event::Event;
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Record, Version};
use crate::store::{Capabilities, ChangeStream, Epoch, EventQuery, Expected, Outcome, Page, Query, Store, StoreError};
use crate::time::Timestamp;

/// The store of one request whose session its client carries: there is one record, and the next token is its memory.
///
/// So everything that holds for sessions in a store holds for carried ones: there is one engine.
#[derive(Debug, Default)]
pub(super) struct Hand {
    held: Mutex<Held>,
    /// Where epochs and revocations stand, if anywhere.
    shared: Option<Arc<dyn Store>>,
}

#[derive(Debug, Default)]
struct Held {
    record: Option<Arc<Record>>,
    epoch: Epoch,
    is_changed: bool,
}

impl Hand {
    pub(super) fn empty(shared: Option<Arc<dyn Store>>) -> Self {
        Self { held: Mutex::default(), shared }
    }

    /// Returns an empty one for another request.
    pub(super) fn another(&self) -> Self {
        Self::empty(self.shared.clone())
    }

    /// Takes what a token carried.
    pub(super) fn take(&self, carried: &Carried) {
        *self.held.lock() = Held { record: Some(Arc::clone(&carried.record)), epoch: carried.epoch, is_changed: false };
    }

    /// Tells whether the record is another than the token says.
    pub(super) fn is_changed(&self) -> bool {
        self.held.lock().is_changed
    }

    /// Returns what is in hand of a record, and the epoch that its next token is to be sealed with.
    pub(super) fn held(&self, record: &Record) -> (Arc<Record>, Epoch) {
        let held = self.held.lock();
        let is_same = |held: &&Arc<Record>| held.id == record.id && held.version == record.version;
        let same = held.record.as_ref().filter(is_same).cloned();
        (same.unwrap_or_else(|| Arc::new(record.clone())), held.epoch)
    }
}

#[async_trait]
impl Store for Hand {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        Ok(self.copy(realm, id).map(Arc::unwrap_or_clone))
    }

    /// It is the record itself.
    fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        let held = self.held.lock();
        held.record.as_ref().filter(|record| record.id == *id && record.realm == *realm).cloned()
    }

    async fn save(&self, record: &Record, expected: Expected, _: &[Event]) -> Result<Outcome, StoreError> {
        // A chain that starts now may be in a newer epoch than the token was.
        let nonce = |record: &Record| record.chain.as_ref().map(|chain| chain.nonce);
        let is_same_chain = {
            let held = self.held.lock();
            let same = |held: &Record| held.subject == record.subject && nonce(held) == nonce(record);
            held.record.as_deref().is_some_and(same)
        };
        let epoch = match (&record.subject, &self.shared) {
            (Some(subject), Some(shared)) if !is_same_chain && record.ended.is_none() => {
                Some(shared.epoch(&record.realm, subject, false).await?)
            }
            _ => None,
        };
        let mut held = self.held.lock();
        let present = held.record.as_ref().filter(|present| present.id == record.id);
        let is_as_expected = match expected {
            Expected::Absent => present.is_none(),
            Expected::Version(version) => {
                present.is_some_and(|present| present.version == version && present.ended.is_none())
            }
        };
        if !is_as_expected {
            return Ok(Outcome::Conflict);
        }
        held.record = Some(Arc::new(record.clone()));
        held.epoch = epoch.unwrap_or(held.epoch);
        held.is_changed = true;
        Ok(Outcome::Applied)
    }

    async fn touch(
        &self,
        _: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let mut held = self.held.lock();
        let is_present =
            |record: &&mut Arc<Record>| record.id == *id && record.version == version && record.ended.is_none();
        let Some(record) = held.record.as_mut().filter(is_present) else { return Ok(Outcome::Conflict) };
        let record = Arc::make_mut(record);
        record.seen_at = record.seen_at.max(seen_at);
        record.expires_at = record.expires_at.max(expires_at);
        held.is_changed = true;
        Ok(Outcome::Applied)
    }

    async fn list(&self, _: &Query) -> Result<Page<Record>, StoreError> {
        Err(StoreError::unsupported("sessions that their clients carry cannot be listed"))
    }

    async fn events(&self, _: &EventQuery) -> Result<Page<Event>, StoreError> {
        Err(StoreError::unsupported("of sessions that their clients carry, events are told and not kept"))
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        match &self.shared {
            Some(shared) => shared.epoch(realm, subject, raise).await,
            None => Err(StoreError::unsupported("without a store, only their time ends tokens that clients hold")),
        }
    }

    async fn sweep(&self, _: Timestamp, _: NonZeroUsize) -> Result<usize, StoreError> {
        Ok(0)
    }

    fn changes(&self) -> Option<ChangeStream> {
        None
    }
}
