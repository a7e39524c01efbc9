//! What a node does with a request: the one place where the rules are followed, here as in the library.

use hallpass::{Chain, Grace, ReferenceToken, SessionSecret, Standing, Timestamp};

use crate::record::{End, Record};
use crate::secrets::{Name, number};

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    /// To be let in, where a new token can be handed out: a page. Renews when that is due.
    Page,
    /// To be let in, where none can: an image behind a proxy's subrequest.
    Verify,
    /// A new token.
    Renew,
    /// A new chain, with credentials that only the client has.
    Authenticate,
}

/// What a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Not let in.
    Refused,
    /// Let in.
    Accepted,
    /// Let in, and given this token.
    Handed(Name),
}

/// What a node makes of a request and a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What is to be saved, if the store still has the version that was loaded.
    pub save: Option<Record>,
    /// The answer, once that is saved.
    pub answer: Answer,
    /// Whether it follows from rule 3.
    pub makes_up: bool,
}

/// How a node can be broken; each is found out by a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not save that a token was shown.
    ForgetsConfirmations,
    /// It saves whatever the version.
    SavesBlindly,
    /// It answers although the save was in conflict.
    AnswersDespiteConflict,
    /// A wrong secret ends the session.
    EndsOnWrong,
    /// A spent token ends the session at once.
    EndsOnSpent,
    /// A spent token never ends the session.
    ForgivesReplays,
    /// Rule 3 also when the successor was used.
    MakesUpForUsed,
    /// Rule 3 hands out the same successor again instead of moving on.
    RepeatsLost,
    /// No rule 2.
    HasNoGrace,
    /// Rule 2 for ever.
    HasEndlessGrace,
    /// An authentication goes on with the old chain.
    RenewsAtLogin,
    /// `replay_after` counts from the renewal, not from when the new token was shown.
    CountsFromRenewal,
    /// A token that rule 3 passed over is a replay like any other.
    EndsOnLost,
    /// Nothing is ever settled, so that each renewal puts off the proof.
    NeverSettles,
}

/// A node.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// The times of rules 2 and 4.
    pub grace: Grace,
    /// After how many milliseconds a page renews.
    pub renewal: Option<u64>,
    /// How it is broken, if it is.
    pub fault: Option<Fault>,
}

impl Server {
    /// Decides on a request by the record that was loaded for it.
    ///
    /// `fresh` is the number of the chain that an authentication is to start.
    pub fn decide(&self, record: &Record, shown: &ReferenceToken, ask: Ask, fresh: u8, now: Timestamp) -> Decision {
        if record.ended.is_some() {
            return refuse();
        }
        let chain = &record.chain;
        match self.judge(chain, shown, now) {
            Standing::Current { first_use } => match ask {
                Ask::Authenticate => self.authenticate(record, &shown.secret, fresh, now),
                Ask::Renew => self.renew(record, &shown.secret, chain.generation, now),
                Ask::Page if self.is_due(chain, now) => self.renew(record, &shown.secret, chain.generation, now),
                Ask::Page | Ask::Verify if first_use => self.confirm(record, now),
                Ask::Page | Ask::Verify => accept(),
            },
            Standing::Superseded(present) | Standing::Unanswered(present) if ask == Ask::Authenticate => {
                self.authenticate(record, &present, fresh, now)
            }
            Standing::Superseded(_) | Standing::Unanswered(_) if ask == Ask::Verify => accept(),
            Standing::Superseded(present) => Decision { answer: Answer::Handed(Name::of(&present)), ..accept() },
            Standing::Unanswered(lost) => {
                if self.has(Fault::RepeatsLost) {
                    return Decision { answer: Answer::Handed(Name::of(&lost)), ..accept() };
                }
                Decision { makes_up: true, ..self.renew(record, &lost, chain.from, now) }
            }
            Standing::Spent if self.has(Fault::EndsOnSpent) => end(record, End::Mistaken),
            Standing::Wrong if self.has(Fault::EndsOnWrong) => end(record, End::Mistaken),
            Standing::Replayed if !self.has(Fault::ForgivesReplays) => end(record, End::Replayed),
            Standing::Spent | Standing::Replayed | Standing::Wrong => refuse(),
        }
    }

    /// Judges by the real rules, unless they are broken.
    pub fn judge(&self, chain: &Chain, shown: &ReferenceToken, now: Timestamp) -> Standing {
        let standing = chain.judge(shown, None, self.grace, now, |_| true);
        let age = now.since(chain.renewed_at);
        match (self.fault, standing) {
            (Some(Fault::MakesUpForUsed), Standing::Spent | Standing::Replayed) if shown.generation == chain.from => {
                Standing::Unanswered(self.successor(chain, shown))
            }
            (Some(Fault::HasNoGrace), Standing::Superseded(present)) if chain.confirmed_at.is_none() => {
                Standing::Unanswered(present)
            }
            (Some(Fault::HasNoGrace), Standing::Superseded(_)) => Standing::Spent,
            (Some(Fault::HasEndlessGrace), Standing::Spent | Standing::Replayed) if shown.generation == chain.from => {
                Standing::Superseded(self.successor(chain, shown))
            }
            (Some(Fault::HasEndlessGrace), Standing::Unanswered(present)) => Standing::Superseded(present),
            (Some(Fault::CountsFromRenewal), Standing::Spent)
                if shown.generation == chain.from && age > self.grace.replay_after =>
            {
                Standing::Replayed
            }
            (Some(Fault::EndsOnLost), Standing::Spent)
                if shown.generation > chain.from && age > self.grace.replay_after =>
            {
                Standing::Replayed
            }
            (Some(Fault::NeverSettles), Standing::Replayed)
                if shown.generation < chain.from && age <= self.grace.replay_after =>
            {
                Standing::Spent
            }
            (_, standing) => standing,
        }
    }

    /// Derives the present secret for a fault that hands it out where the rules do not.
    fn successor(&self, chain: &Chain, shown: &ReferenceToken) -> SessionSecret {
        let forgetful = Chain { confirmed_at: None, ..chain.clone() };
        match forgetful.judge(shown, None, self.grace, chain.renewed_at, |_| true) {
            Standing::Superseded(present) => present,
            other => unreachable!("it was shown at the last renewal: {other:?}"),
        }
    }

    fn is_due(&self, chain: &Chain, now: Timestamp) -> bool {
        self.renewal.is_some_and(|renewal| now.since(chain.renewed_at).as_millis() >= renewal.into())
    }

    fn confirm(&self, record: &Record, now: Timestamp) -> Decision {
        if self.has(Fault::ForgetsConfirmations) {
            return accept();
        }
        let mut next = following(record);
        next.chain.confirm(now);
        Decision { save: Some(next), ..accept() }
    }

    fn renew(&self, record: &Record, present: &SessionSecret, shown: hallpass::Generation, now: Timestamp) -> Decision {
        let Some(renewed) = record.chain.renew(present, shown, None, self.grace, now) else {
            return end(record, End::Mistaken);
        };
        let answer = Answer::Handed(Name::of(&renewed.secret));
        let mut next = following(record);
        next.chain = renewed.chain;
        next.chain.paced_until = record.chain.paced_until;
        Decision { save: Some(next), answer, makes_up: false }
    }

    fn authenticate(&self, record: &Record, present: &SessionSecret, fresh: u8, now: Timestamp) -> Decision {
        if self.has(Fault::RenewsAtLogin) {
            return self.renew(record, present, record.chain.generation, now);
        }
        let Some(replaced) = record.chain.replace(now) else {
            return end(record, End::Mistaken);
        };
        let first = number(replaced.chain.generation);
        let name = Name { chain: fresh, first, generation: first };
        let mut next = following(record);
        next.chain = replaced.chain;
        next.chain_number = fresh;
        name.fix(&mut next.chain);
        Decision { save: Some(next), answer: Answer::Handed(name), makes_up: false }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

fn following(record: &Record) -> Record {
    Record { version: record.version + 1, ..record.clone() }
}

const fn accept() -> Decision {
    Decision { save: None, answer: Answer::Accepted, makes_up: false }
}

const fn refuse() -> Decision {
    Decision { save: None, answer: Answer::Refused, makes_up: false }
}

fn end(record: &Record, why: End) -> Decision {
    Decision { save: Some(Record { ended: Some(why), ..following(record) }), ..refuse() }
}
