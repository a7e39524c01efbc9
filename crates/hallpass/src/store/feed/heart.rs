use std::time::Duration;

use crate::id::SessionId;
use crate::name::{Profile, Realm};
use crate::policy::Policy;
use crate::record::Record;
use crate::store::{Expected, Outcome, Store, StoreError};
use crate::time::Timestamp;
use crate::token::{Chain, Generation};

/// Whose sessions the heartbeats are: an application may have this realm too, and would never meet them.
const REALM: &str = Realm::HEARTBEATS;
/// How long the store keeps the heartbeats of a process that is gone, besides the margin of its sweep.
const KEPT: Duration = Duration::from_mins(10);

/// The records that a heartbeat changes, in turns: news of the one before cannot be taken for news of this one.
pub(super) struct Heart {
    records: [Record; 2],
    /// Whether the last write of each may or may not have been done.
    unsure: [bool; 2],
    next: usize,
    is_dead: bool,
}

impl Heart {
    /// Puts the records of a new heart into the store.
    pub(super) async fn start(far: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let realm = Realm::new(REALM).map_err(StoreError::corrupt)?;
        let heart =
            Self { records: [record(&realm, now), record(&realm, now)], unsure: [false; 2], next: 0, is_dead: false };
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
    pub(super) async fn beat(&mut self, far: &dyn Store, now: Timestamp) -> bool {
        let (record, is_unsure) = (&mut self.records[self.next], &mut self.unsure[self.next]);
        if *is_unsure {
            match far.load(&record.realm, &record.id).await {
                Ok(Some(stored)) if stored.ended.is_none() => record.version = stored.version,
                answer => {
                    self.is_dead = answer.is_ok();
                    return false;
                }
            }
        }
        let before = record.version;
        let mut next = record.clone();
        next.version = before.next();
        next.seen_at = record.seen_at.max(now);
        next.expires_at = next.seen_at.plus(KEPT);
        // Stores tell of changed attributes, and not of a mere use.
        next.data = format!("{{\"beat\":{}}}", next.version.number()).into();
        // Until the answer is there, nobody knows; and the caller may not wait for it.
        *is_unsure = true;
        let saved = far.save(&next, Expected::Version(before), &[]).await;
        *is_unsure = saved.is_err();
        match saved {
            Ok(Outcome::Applied) => {
                *record = next;
                true
            }
            Ok(Outcome::Conflict) => {
                self.is_dead = true;
                false
            }
            Err(_) => false,
        }
    }

    /// Tells whether its records are no longer what it knows.
    pub(super) fn is_dead(&self) -> bool {
        self.is_dead
    }
}

fn record(realm: &Realm, now: Timestamp) -> Record {
    let chain = Chain::start(Generation::FIRST, now).chain;
    let terms = Policy::default().terms();
    let mut record = Record::new(SessionId::random(), realm.clone(), Profile::default(), terms, chain, now);
    record.expires_at = now.plus(KEPT);
    record
}
