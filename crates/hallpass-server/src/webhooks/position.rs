use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hallpass::{EventId, Outcome, Settings, StoreError, Timestamp};
use serde::{Deserialize, Serialize};

/// How far a receiver has been told, as it stands in the store: it outlives every node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Everything up to here was delivered.
    pub(super) floor: EventId,
    /// What was delivered behind it: an event can become visible after later ones.
    pub(super) delivered: BTreeSet<EventId>,
    /// What is in the way, if something is.
    pub(crate) trouble: Option<Trouble>,
    /// The node that delivers.
    pub(super) node: Option<String>,
}

/// A message that the receiver did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    pub(super) event: EventId,
    /// Since when it is tried.
    pub(super) since: Timestamp,
    pub(super) attempts: u32,
    /// When it is tried next.
    pub(super) next: Timestamp,
    /// What the receiver, or the way to it, said last.
    pub(super) error: String,
}

/// How long after its time an event can become visible: the clocks of nodes differ, and transactions take their time.
const LATE: Duration = Duration::from_secs(10);
/// How many events are remembered one by one: with more than these in that time, the oldest are no longer waited for.
/// They fit into the 64 KiB of a setting.
const MOST: usize = 1000;

impl Position {
    /// Returns the one of a receiver that is new: it is told what happens from now on.
    pub(super) fn new(now: Timestamp) -> Self {
        let floor = EventId::from_instant(now);
        Self { floor, delivered: BTreeSet::new(), trouble: None, node: None }
    }

    /// Returns up to when everything was delivered.
    pub(crate) fn told_until(&self) -> Timestamp {
        self.delivered.last().copied().unwrap_or(self.floor).max(self.floor).at()
    }

    /// Tells whether a node delivers.
    pub(crate) fn is_served(&self) -> bool {
        self.node.is_some()
    }

    /// Says that an event was delivered, or is not to be.
    pub(super) fn pass(&mut self, event: EventId) {
        self.delivered.insert(event);
        self.trouble = None;
        while self.delivered.len() > MOST
            && let Some(oldest) = self.delivered.pop_first()
        {
            self.floor = self.floor.max(oldest);
        }
    }

    /// Says that everything that is visible was delivered: what is old enough need not be looked at again.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let floor = EventId::from_instant(now.minus(LATE));
        if floor > self.floor {
            self.floor = floor;
            self.delivered = self.delivered.split_off(&floor);
        }
    }
}

/// Where a position stands in the store, with what stands there now.
#[derive(Debug)]
pub(super) struct Place {
    settings: Arc<dyn Settings>,
    name: String,
    stored: Option<Vec<u8>>,
}

impl Place {
    pub(super) fn new(settings: Arc<dyn Settings>, webhook: &str) -> Self {
        Self { settings, name: format!("webhook/{webhook}"), stored: None }
    }

    /// Returns what stands there, if something does, and whether that is the same as before.
    pub(super) async fn load(&mut self) -> Result<(Option<Position>, bool), StoreError> {
        let stored = self.settings.load(&self.name).await?.map(|bytes| bytes.to_vec());
        let is_same = stored == self.stored;
        self.stored = stored;
        let position = self.stored.as_deref().map(serde_json::from_slice).transpose();
        Ok((position.map_err(StoreError::corrupt)?, is_same))
    }

    /// Writes a position; tells whether nobody else wrote another meanwhile.
    pub(super) async fn save(&mut self, position: &Position) -> Result<bool, StoreError> {
        let bytes = serde_json::to_vec(position).map_err(StoreError::corrupt)?;
        if self.stored.as_ref() == Some(&bytes) {
            return Ok(true);
        }
        let saved = self.settings.save(&self.name, &bytes, self.stored.as_deref()).await?;
        if saved == Outcome::Applied {
            self.stored = Some(bytes);
        }
        Ok(saved == Outcome::Applied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn what_is_delivered_is_remembered_one_by_one_until_nothing_can_come_before_it() {
        let mut position = Position::new(at(100));
        let (late, early) = (EventId::next(at(103)), EventId::next(at(101)));
        position.pass(late);
        assert!(position.floor < early, "it can still come");
        position.pass(early);
        position.settle(at(105));
        assert_eq!(position.delivered.len(), 2);
        position.settle(at(112));
        assert_eq!(position.delivered, BTreeSet::from([late]));
        position.settle(at(200));
        assert!(position.delivered.is_empty() && position.floor > late);
        position.settle(at(150));
        assert_eq!(position.floor, EventId::from_instant(at(190)), "it never goes back");
    }

    #[test]
    fn it_fits_into_a_setting_however_much_happens() {
        let mut position = Position::new(at(100));
        for number in 0..5000 {
            position.pass(EventId::next(at(101 + number / 1000)));
        }
        assert_eq!(position.delivered.len(), MOST);
        assert!(position.floor < *position.delivered.first().expect("it has some"));
        let error = "x".repeat(super::super::sender::LONGEST_ERROR);
        let event = EventId::next(at(200));
        position.trouble = Some(Trouble { event, since: at(1), attempts: u32::MAX, next: at(2), error });
        let bytes = serde_json::to_vec(&position).expect("JSON");
        assert!(bytes.len() <= <dyn Settings>::LONGEST_VALUE, "{}", bytes.len());
        assert_eq!(serde_json::from_slice::<Position>(&bytes).expect("JSON"), position);
    }
}
