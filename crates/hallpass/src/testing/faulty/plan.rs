use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::calls::{Calls, Method};
use super::fault::Fault;
use crate::testing::random::Random;
use crate::time::Timestamp;

/// Which fault each call is to meet, and how many there were.
#[derive(Debug, Default)]
pub(super) struct Plan {
    calls: [AtomicU64; 8],
    outage: AtomicBool,
    loses_changes: AtomicBool,
    time: Mutex<Option<Timestamp>>,
    faults: Mutex<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    scripts: [VecDeque<Fault>; 8],
    standing: [Option<Fault>; 8],
    random: Option<(Random, f64, Vec<Fault>)>,
}

impl Plan {
    pub(super) fn script(&self, method: Method, faults: impl IntoIterator<Item = Fault>) {
        let faults: Vec<_> = faults.into_iter().inspect(|fault| assert_possible(method, fault)).collect();
        self.faults.lock().scripts[method.index()].extend(faults);
    }

    pub(super) fn always(&self, method: Method, fault: Fault) {
        assert_possible(method, &fault);
        self.faults.lock().standing[method.index()] = Some(fault);
    }

    pub(super) fn at_random(&self, seed: u64, share: f64, faults: Vec<Fault>) {
        assert!(!faults.is_empty(), "there is no fault to choose from");
        self.faults.lock().random = Some((Random::new(seed), share, faults));
    }

    pub(super) fn outage(&self, away: bool) {
        self.outage.store(away, Ordering::SeqCst);
    }

    pub(super) fn lose_changes(&self, lost: bool) {
        self.loses_changes.store(lost, Ordering::SeqCst);
    }

    pub(super) fn loses_changes(&self) -> bool {
        self.loses_changes.load(Ordering::SeqCst)
    }

    pub(super) fn say_time(&self, time: Option<Timestamp>) {
        *self.time.lock() = time;
    }

    pub(super) fn time(&self) -> Option<Timestamp> {
        *self.time.lock()
    }

    pub(super) fn is_away(&self) -> bool {
        self.outage.load(Ordering::SeqCst)
    }

    pub(super) fn heal(&self) {
        self.outage(false);
        self.lose_changes(false);
        self.say_time(None);
        *self.faults.lock() = Faults::default();
    }

    pub(super) fn calls(&self) -> Calls {
        Calls::of(self.calls.each_ref().map(|count| count.load(Ordering::SeqCst)))
    }

    /// Counts a call, and returns what is to happen to it.
    pub(super) fn next(&self, method: Method) -> Fault {
        self.calls[method.index()].fetch_add(1, Ordering::SeqCst);
        if self.is_away() { Fault::Unavailable } else { self.faults.lock().next(method) }
    }
}

impl Faults {
    fn next(&mut self, method: Method) -> Fault {
        if let Some(fault) = self.scripts[method.index()].pop_front() {
            return fault;
        }
        if let Some(fault) = &self.standing[method.index()] {
            return fault.clone();
        }
        if let Some((random, share, faults)) = &mut self.random
            && random.share() < *share
        {
            return faults[random.below(faults.len())].clone();
        }
        Fault::None
    }
}

fn assert_possible(method: Method, fault: &Fault) {
    assert!(method.can_conflict() || !matches!(fault, Fault::Conflict), "{method:?} cannot answer with a conflict");
}
