use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::id::SessionId;
use crate::time::Timestamp;
use crate::token::Chain;

/// Limits how much computing tokens of one session can cause: a burst of four longest walks, then 4,096 steps a second.
///
/// Ids are public, so anybody can show a token that asks for a long walk. The memory is fixed: sessions share a budget
/// where they fall into the same place, which they cannot choose, since ids are random.
pub(super) struct WalkBudget {
    /// By when the steps made so far are paid off, in milliseconds.
    paid_at: Box<[AtomicU64]>,
}

const PLACES: usize = 1024;
const STEPS_PER_SECOND: u64 = Chain::LONGEST_WALK as u64;
const BURST: Duration = Duration::from_secs(4);

impl WalkBudget {
    pub(super) fn new() -> Self {
        Self { paid_at: (0..PLACES).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn allows(&self, id: &SessionId, steps: u32, now: Timestamp) -> bool {
        let [a, b, ..] = *id.as_bytes();
        let place = &self.paid_at[usize::from(u16::from_be_bytes([a, b])) % PLACES];
        let cost = u64::from(steps) * 1000 / STEPS_PER_SECOND;
        let latest = now.plus(BURST).as_millis();
        let pay = |paid_at: u64| {
            let next = paid_at.max(now.as_millis()) + cost;
            (next <= latest).then_some(next)
        };
        place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_longest_walks_at_once_and_then_one_a_second() {
        let budget = WalkBudget::new();
        let id = SessionId::random();
        let at = |seconds: u64| Timestamp::from_millis(1_000_000 + seconds * 1000);
        let made = (0..9).filter(|_| budget.allows(&id, Chain::LONGEST_WALK, at(0))).count();
        assert_eq!(made, 4);
        assert!(budget.allows(&id, Chain::LONGEST_WALK, at(1)));
        assert!(!budget.allows(&id, Chain::LONGEST_WALK, at(1)));
        let mut bytes = *id.as_bytes();
        bytes[1] ^= 1;
        assert!(budget.allows(&SessionId::from_bytes(bytes), Chain::LONGEST_WALK, at(1)), "others are not held up");
    }
}
