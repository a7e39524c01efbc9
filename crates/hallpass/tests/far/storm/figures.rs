use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::machine::Machine;
use super::{BACK, Blow};

/// What the clients did and met.
#[derive(Default)]
pub(crate) struct Figures {
    /// How often each thing was acknowledged.
    pub(crate) acked: BTreeMap<&'static str, usize>,
    /// How often each thing was looked at and found right.
    pub(crate) seen: BTreeMap<&'static str, usize>,
    pub(crate) failures: Vec<Failure>,
    /// When calls began that were answered.
    pub(crate) answers: Vec<Instant>,
}

/// A call that failed as unavailable, and what was said.
pub(crate) struct Failure {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) said: String,
}

impl Figures {
    pub(crate) fn add(&mut self, other: Self) {
        for (sum, part) in [(&mut self.acked, other.acked), (&mut self.seen, other.seen)] {
            for (what, number) in part {
                *sum.entry(what).or_default() += number;
            }
        }
        self.failures.extend(other.failures);
        self.answers.extend(other.answers);
    }

    /// Returns which of the calls that began after this blow, and were over before the next, failed last, and how late
    /// that was.
    fn last_failure(&self, blow: Blow, until: Option<Instant>) -> Option<(Duration, &str)> {
        let within = |failure: &&Failure| failure.start > blow.back && until.is_none_or(|until| failure.end < until);
        let last = self.failures.iter().filter(within).max_by_key(|failure| failure.start);
        last.map(|Failure { start, said, .. }| (*start - blow.back, &**said))
    }

    fn first_answer(&self, blow: Blow) -> Option<Duration> {
        self.answers.iter().filter(|at| **at > blow.back).min().map(|at| *at - blow.back)
    }

    pub(crate) fn report(&self, blows: &[Blow], machine: &Machine) -> String {
        let mut report = format!(
            "  acknowledged {:?}\n  found right {:?}\n  failed as unavailable {}\n",
            self.acked,
            self.seen,
            self.failures.len()
        );
        for (number, blow) in blows.iter().enumerate() {
            let late = self.last_failure(*blow, blows.get(number + 1).map(|next| next.struck));
            let _ = writeln!(
                report,
                "  servers away {:.2?}; after that the first answer {:.0?}, the last failure {late:.0?}; the machine took {:.0?}",
                blow.back - blow.struck,
                self.first_answer(*blow).unwrap_or_default(),
                machine.taken(blow.back, blow.back + BACK),
            );
        }
        report
    }

    /// Finds out whether there was a load and an outage, and whether the outage was over in time.
    pub(crate) fn judge(&self, blows: &[Blow], machine: &Machine) -> Result<(), String> {
        for what in ["created", "signed in", "updated", "renewed", "verified", "revoked", "logged out", "revoked all"] {
            if self.acked.get(what).is_none_or(|number| *number < 3) {
                return Err(format!("{what}: hardly tried"));
            }
        }
        for (number, blow) in blows.iter().enumerate() {
            let is_meanwhile = |failure: &Failure| failure.end > blow.struck && failure.end < blow.back;
            if !self.failures.iter().any(is_meanwhile) {
                return Err(format!("nobody noticed blow {number}"));
            }
            let until = blows.get(number + 1).map(|next| next.struck);
            if let Some((late, said)) = self.last_failure(*blow, until) {
                let taken = machine.taken(blow.back, blow.back + late);
                if late >= BACK + taken {
                    return Err(format!("{late:?} after the servers, of which the machine took {taken:?}: {said}"));
                }
            }
        }
        Ok(())
    }
}
