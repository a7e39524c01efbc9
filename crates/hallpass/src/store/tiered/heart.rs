use std::time::Duration;

use crate::id::SessionId;
use crate::name::{Profile, Realm};
use crate::policy::Policy;
use crate::record::Record;
use crate::store::{Expected, Outcome, Store, StoreError};
use crate::time::Timestamp;
use crate::token::{Chain, Generation};

/// How long the store keeps the heartbeats of a process that is gone, besides the margin of its sweep.
const KEPT: Duration = Duration::from_mins(10);

/// The records that a heartbeat changes, in turns: news of the one before cannot be taken for news of this one.
pub(super) struct Heart {
    records: [Record; 2],
    next: usize,
}

impl Heart {
    /// Puts the records of a new heart into the store.
    pub(super) async fn start<F: Store>(far: &F, realm: &Realm, now: Timestamp) -> Result<Self, StoreError> {
        let heart = Self { records: [record(realm, now), record(realm, now)], next: 0 };
        for record in &heart.records {
            if far.save(record, Expected::Absent, &[]).await? == Outcome::Conflict {
                return Err(StoreError::unavailable("a new heartbeat was there already"));
            }
        }
        Ok(heart)
    }

    /// Returns which record the next heartbeat changes.
    pub(super) fn next(&mut self) -> SessionId {
        self.next = 1 - self.next;
        self.records[self.next].id
    }

    /// Writes the heartbeat; tells whether it is in the store.
    pub(super) async fn beat<F: Store>(&mut self, far: &F, now: Timestamp) -> bool {
        let record = &mut self.records[self.next];
        let before = record.version;
        record.version = before.next();
        record.seen_at = record.seen_at.max(now);
        record.expires_at = record.seen_at.plus(KEPT);
        // Stores tell of changed attributes, and not of a mere use.
        record.data = format!("{{\"beat\":{}}}", record.version.number()).into();
        matches!(far.save(record, Expected::Version(before), &[]).await, Ok(Outcome::Applied))
    }
}

fn record(realm: &Realm, now: Timestamp) -> Record {
    let chain = Chain::start(Generation::FIRST, now).chain;
    let terms = Policy::default().terms();
    let mut record = Record::new(SessionId::random(), realm.clone(), Profile::default(), terms, chain, now);
    record.expires_at = now.plus(KEPT);
    record
}
