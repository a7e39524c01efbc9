use std::num::NonZeroUsize;

use hallpass::audit::{ChainHash, Checkpoint, Line, Seal, SignedText as _};
use hallpass::{Event, EventId, Outcome, PageLimit, StoreError, Timestamp};

use super::AuditTrail;

/// Seals events in their order, from the last line on.
#[derive(Debug)]
pub struct Sealing {
    trail: AuditTrail,
    /// The last line, once it is known.
    last: Option<(u64, ChainHash, Option<EventId>)>,
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// It sealed so many, and there may be more.
    Sealed(NonZeroUsize),
    /// There was nothing to seal.
    Idle,
    /// Somebody else went on from the same line.
    Overtaken,
}

impl Sealing {
    /// Returns what seals this trail.
    pub fn new(trail: AuditTrail) -> Self {
        Self { trail, last: None }
    }

    /// Seals the next events, at most a thousand.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`]; the next step goes on from what the store then has. [`StoreError::is_corrupt`] if
    /// that is not what was signed: a signature on it would vouch for what somebody else wrote.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, all of them are sealed or none.
    pub async fn step(&mut self, now: Timestamp) -> Result<Step, StoreError> {
        // Forgotten unless it is certain: after an error or a future that was dropped, the store is asked.
        let (number, hash, event) = match self.last.take() {
            Some(last) => last,
            None => match self.trail.trail.last().await? {
                Some(seal) => {
                    self.trail.trust(&seal)?;
                    (seal.number, seal.hash, Some(seal.event))
                }
                None => (0, ChainHash::START, None),
            },
        };
        let events = self.trail.trail.unsealed(event, PageLimit::MOST).await?;
        let Some(count) = NonZeroUsize::new(events.len()) else {
            self.last = Some((number, hash, event));
            return Ok(Step::Idle);
        };
        let seals = self.seals(number, hash, &events, now);
        match self.trail.trail.seal(&seals).await? {
            Outcome::Applied => {
                self.last = seals.last().map(|seal| (seal.number, seal.hash, Some(seal.event)));
                Ok(Step::Sealed(count))
            }
            Outcome::Conflict => Ok(Step::Overtaken),
        }
    }

    fn seals(&self, number: u64, hash: ChainHash, events: &[Event], now: Timestamp) -> Vec<Seal> {
        let mut hash = hash;
        let mut seals = Vec::with_capacity(events.len());
        for (number, event) in (number.saturating_add(1)..).zip(events) {
            hash = hash.after(number, &Line::text_of(event));
            seals.push(Seal { number, event: event.id, hash, checkpoint: None });
        }
        if let Some(last) = seals.last_mut() {
            last.checkpoint = Some(self.trail.sign(Checkpoint::new(last.number, last.hash, now)).text());
        }
        seals
    }
}
