use std::fmt;

use hallpass::Standing;

use super::Save;
use crate::server::{Ask, Change, End};

/// What came up in a simulation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Requests that were sent.
    pub requests: u64,
    /// Packets that were lost, either way.
    pub lost: u64,
    /// Lost answers that held a new token.
    pub lost_answers: u64,
    /// Packets that took longer than a second.
    pub stalled: u64,
    /// The longest that one took, in milliseconds.
    pub longest_stall: u64,
    /// Saves that came too late, and were judged again.
    pub conflicts: u64,
    /// Present tokens that were renewed.
    pub renewals: u64,
    /// First uses that were saved.
    pub confirmations: u64,
    /// Tokens that were answered with the successor that another request had made (rule 2).
    pub converged: u64,
    /// Lost answers that were made up for (rule 3).
    pub made_up: u64,
    /// Spent tokens that were refused (rule 4).
    pub spent: u64,
    /// Refusals of requests that a client had sent before it got its present token.
    pub refused_in_passing: u64,
    /// Answers that came after one with a newer token.
    pub late_answers: u64,
    /// Clients whose own token was refused though nothing had ended, and who logged in again.
    pub locked_out: u64,
    /// Sessions without a thief that ended as replayed.
    pub false_replays: u64,
    /// Sessions with a thief that ended as replayed.
    pub thefts_found: u64,
    /// Ends for which there is no rule.
    pub mistakes: u64,
    /// How long all this took by the simulated clock.
    pub simulated_hours: u64,
}

impl Report {
    pub(super) fn note_stall(&mut self, after: u64) {
        self.stalled += u64::from(after > 1000);
        self.longest_stall = self.longest_stall.max(after);
    }

    pub(super) fn note_standing(&mut self, standing: &Standing, ask: Ask) {
        match standing {
            Standing::Superseded(_) if ask != Ask::Verify => self.converged += 1,
            Standing::Spent => self.spent += 1,
            _ => {}
        }
    }

    pub(super) fn note_save(&mut self, save: &Save, stolen: bool) {
        match save.change {
            Change::Chain(_) if save.makes_up => self.made_up += 1,
            Change::Chain(_) if save.handed_out.is_some() => self.renewals += 1,
            Change::Chain(_) => self.confirmations += 1,
            Change::End(End::Replayed) if stolen => self.thefts_found += 1,
            Change::End(End::Replayed) => self.false_replays += 1,
            Change::End(End::Mistaken) => self.mistakes += 1,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("requests", self.requests),
            ("simulated hours", self.simulated_hours),
            ("packets lost", self.lost),
            ("  of them answers with a new token", self.lost_answers),
            ("packets stalled for over a second", self.stalled),
            ("  longest stall, milliseconds", self.longest_stall),
            ("saves in conflict, judged again", self.conflicts),
            ("renewals", self.renewals),
            ("first uses saved", self.confirmations),
            ("converged on a successor (rule 2)", self.converged),
            ("lost answers made up for (rule 3)", self.made_up),
            ("spent tokens refused (rule 4)", self.spent),
            ("  refused while the client had a newer one", self.refused_in_passing),
            ("answers later than a newer one", self.late_answers),
            ("clients locked out, who log in again", self.locked_out),
            ("thefts found", self.thefts_found),
            ("ends without a rule", self.mistakes),
            ("HONEST SESSIONS ENDED", self.false_replays),
        ];
        lines.iter().try_for_each(|(what, count)| writeln!(f, "{what:<44}{count:>12}"))
    }
}
