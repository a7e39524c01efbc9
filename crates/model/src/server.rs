//! What a node does with a request: the one place where the rules are followed, here as in the library.

use std::time::Duration;

use hallpass::{Chain, Generation, Grace, ReferenceToken, Renewed, SessionSecret, Standing, Timestamp};

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

/// What a node makes of a request and a record.
#[derive(Debug)]
pub struct Verdict {
    /// What is to be saved before the answer is given, if the store still has the version that was loaded.
    pub change: Option<Change>,
    /// Whether the request is let in.
    pub accepted: bool,
    /// The secret of the token that is handed out.
    pub handed_out: Option<SessionSecret>,
    /// Whether it follows from rule 3.
    pub makes_up: bool,
    /// Whether there is more to decide once the change is saved: a first use is saved before anything else.
    pub goes_on: bool,
}

/// A change of a record.
#[derive(Debug)]
pub enum Change {
    /// The chain moves.
    Chain(Box<Chain>),
    /// The session ends.
    End(End),
}

impl Change {
    /// Returns the generation after this change of `chain`.
    pub fn generation(&self, chain: &Chain) -> Generation {
        match self {
            Self::Chain(next) => next.generation,
            Self::End(_) => chain.generation,
        }
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A spent token was shown when nothing but a second holder explains it.
    Replayed,
    /// Something else than the rules allow.
    Mistaken,
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
    /// After how long a page renews.
    pub renewal: Option<Duration>,
    /// How it is broken, if it is.
    pub fault: Option<Fault>,
}

impl Server {
    /// Decides on a request by how its token stands with the chain that was loaded for it.
    ///
    /// `start` is given the chain that an authentication starts, so that a model can take the chance out of it.
    pub fn decide(
        &self,
        chain: &Chain,
        shown: &ReferenceToken,
        standing: Standing,
        ask: Ask,
        now: Timestamp,
        start: impl FnOnce(Renewed) -> Renewed,
    ) -> Verdict {
        match standing {
            Standing::Current { first_use: true } if !self.has(Fault::ForgetsConfirmations) => {
                let mut next = chain.clone();
                next.confirm(now);
                Verdict { change: Some(Change::Chain(Box::new(next))), goes_on: true, ..Verdict::ACCEPTED }
            }
            Standing::Current { .. } | Standing::Superseded(_) | Standing::Unanswered(_)
                if ask == Ask::Authenticate && !self.has(Fault::RenewsAtLogin) =>
            {
                moved(chain.replace(now).map(start))
            }
            Standing::Current { .. } if self.renews(chain, ask, now) && chain.may_renew(now) => {
                moved(chain.renew(&shown.secret, chain.generation, None, self.grace, now))
            }
            Standing::Current { .. } => Verdict::ACCEPTED,
            Standing::Superseded(_) | Standing::Unanswered(_) if ask == Ask::Verify => Verdict::ACCEPTED,
            Standing::Superseded(present) => Verdict { handed_out: Some(present), ..Verdict::ACCEPTED },
            Standing::Unanswered(lost) if self.has(Fault::RepeatsLost) => {
                Verdict { handed_out: Some(lost), ..Verdict::ACCEPTED }
            }
            Standing::Unanswered(_) if !chain.may_renew(now) => Verdict::ACCEPTED,
            Standing::Unanswered(lost) => {
                Verdict { makes_up: true, ..moved(chain.renew(&lost, chain.from, None, self.grace, now)) }
            }
            Standing::Spent if self.has(Fault::EndsOnSpent) => Verdict::ends(End::Mistaken),
            Standing::Wrong if self.has(Fault::EndsOnWrong) => Verdict::ends(End::Mistaken),
            Standing::Replayed if !self.has(Fault::ForgivesReplays) => Verdict::ends(End::Replayed),
            Standing::Spent | Standing::Replayed | Standing::Wrong => Verdict::REFUSED,
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

    fn renews(&self, chain: &Chain, ask: Ask, now: Timestamp) -> bool {
        match ask {
            Ask::Renew | Ask::Authenticate => true,
            Ask::Page => self.renewal.is_some_and(|renewal| now.since(chain.renewed_at) >= renewal),
            Ask::Verify => false,
        }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

/// A session whose generations have run out ends.
fn moved(renewed: Option<Renewed>) -> Verdict {
    let Some(Renewed { chain, secret }) = renewed else { return Verdict::ends(End::Mistaken) };
    Verdict { change: Some(Change::Chain(Box::new(chain))), handed_out: Some(secret), ..Verdict::ACCEPTED }
}

impl Verdict {
    const ACCEPTED: Self = Self { change: None, accepted: true, handed_out: None, makes_up: false, goes_on: false };
    const REFUSED: Self = Self { accepted: false, ..Self::ACCEPTED };

    fn ends(why: End) -> Self {
        Self { change: Some(Change::End(why)), ..Self::REFUSED }
    }
}
