//! How large a world is, and who is in it.

use std::time::Duration;

use hallpass::{Grace, Timestamp};

use super::Sight;
use crate::party::Jar;
use crate::server::{Ask, Fault, Server};

/// What there is in a world, and how much of it. Times are in ticks.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The grace of rule 2.
    pub grace: u8,
    /// The `replay_after` of rule 4.
    pub replay_after: u8,
    /// After how long a page renews; nothing if only a client that asks for it gets a renewal.
    pub renewal: Option<u8>,
    /// When the world begins; the session began at 0.
    pub from: u8,
    /// When it ends.
    pub until: u8,
    /// How long a request may take from its sending to its judgement, a node's own time included.
    pub slowest_request: u8,
    /// Whether time may pass at a node between judgement and save.
    pub nodes_stall: bool,
    /// How long an answer may take.
    pub slowest_answer: u8,
    /// How many messages may be lost.
    pub losses: u8,
    /// How many requests of one party may be under way at once.
    pub tabs: usize,
    /// How many requests client and thief send; [`Bounds::UNCOUNTED`] where only time ends it.
    pub requests: [u8; 2],
    /// Whether there is a thief.
    pub theft: Theft,
    /// What requests ask for.
    pub asks: &'static [Ask],
    /// What the client keeps.
    pub jar: Jar,
    /// Whether somebody who knows the id tries secrets.
    pub guesses: bool,
    /// Which renewals are further apart than `grace`.
    pub apart: Apart,
    /// After how many rounds, in each of which both parties had a renewal answered, a theft must have been found; 0
    /// where it need not be.
    pub rounds: u8,
    /// Whether the client must never be locked out here.
    pub recovers: bool,
    /// What must come up.
    pub sights: &'static [Sight],
    /// How the nodes are broken, if they are.
    pub fault: Option<Fault>,
}

/// Whether somebody else comes by the client's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theft {
    /// Nobody does.
    Never,
    /// A thief has the first token from the beginning.
    AtFirst,
    /// A thief takes a copy at any time, once.
    AtAnyTime,
}

/// Which renewals are further apart than `grace`, in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// Any two, of whomever.
    All,
    /// Those of one party.
    OfEach,
    /// Not even those.
    None,
}

/// A tick is longer than the shortest grace that a policy allows.
const TICK: Duration = Duration::from_secs(10);

impl Bounds {
    /// As many requests as there is time for.
    pub const UNCOUNTED: u8 = u8::MAX;

    pub(super) fn server(&self) -> Server {
        Server {
            grace: Grace { grace: TICK * self.grace.into(), replay_after: TICK * self.replay_after.into() },
            renewal: self.renewal.map(|ticks| TICK * ticks.into()),
            fault: self.fault,
        }
    }

    /// Tells whether nothing can come between a request and its answer.
    pub(super) fn is_immediate(&self) -> bool {
        !self.nodes_stall && self.slowest_request == 0 && self.slowest_answer == 0 && self.losses == 0
    }

    /// Returns the same world with broken nodes.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }
}

pub(super) fn at(ticks: u8) -> Timestamp {
    Timestamp::UNIX_EPOCH.plus(TICK * ticks.into())
}
