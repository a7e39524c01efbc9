use std::time::{Duration, Instant};

use hallpass::EventKind;
use parking_lot::Mutex;

/// How much of what is refused is logged: anybody can send as many as they like, and the log is to stay readable.
///
/// Each kind has its own budget, so that a flood of one hides no other. All are counted in the metrics.
#[derive(Debug, Default)]
pub(super) struct Refusals([Mutex<Window>; KINDS.len()]);

/// The kinds of events that come with no change.
const KINDS: [EventKind; 6] = [
    EventKind::UnknownToken,
    EventKind::WrongSecret,
    EventKind::SpentToken,
    EventKind::UsedAfterEnd,
    EventKind::DuplicateCookie,
    EventKind::LimitReached,
];

/// How many events of a kind are logged in a window.
const LINES: u32 = 20;
const WINDOW: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    logged: u32,
    left_out: u64,
}

/// Whether an event is logged, and how many of its kind were not since the last that was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Logged {
    Yes { left_out: u64 },
    No,
}

impl Refusals {
    /// Tells whether events of a kind are about something that was refused, and about no change.
    pub(super) fn is_one(kind: &EventKind) -> bool {
        KINDS.contains(kind)
    }

    /// Decides about an event that happens now.
    pub(super) fn judge(&self, kind: &EventKind, now: Instant) -> Logged {
        match KINDS.iter().position(|known| known == kind) {
            Some(index) => self.0[index].lock().judge(now),
            None => Logged::Yes { left_out: 0 },
        }
    }
}

impl Window {
    fn judge(&mut self, now: Instant) -> Logged {
        if self.began.is_none_or(|began| now.duration_since(began) >= WINDOW) {
            (self.began, self.logged) = (Some(now), 0);
        }
        if self.logged == LINES {
            self.left_out += 1;
            return Logged::No;
        }
        self.logged += 1;
        Logged::Yes { left_out: std::mem::take(&mut self.left_out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_logged_in_part_and_hides_nothing_else() {
        let (refusals, begin) = (Refusals::default(), Instant::now());
        let judge = |kind: &EventKind, seconds| refusals.judge(kind, begin + Duration::from_secs(seconds));
        let flood: Vec<_> = (0..1000).map(|_| judge(&EventKind::UnknownToken, 1)).collect();
        assert_eq!(flood.iter().filter(|logged| **logged != Logged::No).count(), 20);
        assert_eq!(judge(&EventKind::WrongSecret, 1), Logged::Yes { left_out: 0 });
        assert_eq!(judge(&EventKind::UnknownToken, 10), Logged::No);
        assert_eq!(judge(&EventKind::UnknownToken, 11), Logged::Yes { left_out: 981 }, "how many were not is said");
        assert_eq!(judge(&EventKind::UnknownToken, 11), Logged::Yes { left_out: 0 });
        for _ in 0..1000 {
            assert_eq!(judge(&EventKind::Revoked, 1), Logged::Yes { left_out: 0 }, "changes are never left out");
        }
    }
}
