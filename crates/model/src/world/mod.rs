//! A client, a thief, two nodes over one store, and a bad network.

mod bounds;
mod memo;
mod properties;
mod steps;

use hallpass::Timestamp;
use stateright::{Model, Property};

use self::bounds::at;
pub use self::bounds::{Apart, Bounds, Theft};
pub use self::memo::Stands;
use self::memo::{Memo, Shown};
pub use self::properties::{Sight, always};
use crate::decision::Decision;
use crate::party::{Party, Who};
use crate::record::Record;
use crate::secrets::Name;
use crate::server::{Ask, Server};

/// How many requests are between load and save at once: one at each of two nodes.
const NODES: usize = 2;

/// The model: every schedule within its bounds.
#[derive(Debug)]
pub struct World {
    bounds: Bounds,
    server: Server,
    memo: Memo,
}

/// Everything at one moment. Messages and jobs are sorted, since their order means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WorldState {
    /// The time, in ticks.
    pub now: u8,
    /// What the store holds.
    pub record: Record,
    /// Client and thief.
    pub parties: [Party; 2],
    /// What is under way.
    pub messages: Vec<Message>,
    /// What is between load and save.
    pub jobs: Vec<Job>,
    /// How many messages were lost.
    pub lost: u8,
    /// How many times, since the theft, both parties have renewed.
    pub rounds: u8,
    /// How many chains there were.
    pub chains: u8,
    /// When a renewal was last judged, of each party or, in the first place, of anybody.
    pub renewals: [u8; 2],
    /// Whether the present token was accepted since it was made.
    pub used: bool,
    /// The generation below which every token died by an authentication.
    pub dead_below: u8,
    /// Which promise was broken.
    pub violation: Option<Violation>,
}

/// What is under way between a party and the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// To either node.
    Request {
        /// Who sent it.
        who: Who,
        /// What it shows.
        token: Name,
        /// What it wants.
        ask: Ask,
        /// When it was sent.
        sent_at: u8,
    },
    /// From a node, with a new token. Answers without one change nothing at the client and are not modelled.
    Answer {
        /// Whom it is for.
        who: Who,
        /// What it hands out.
        token: Name,
        /// Whether it answers a renewal that was asked for.
        renewal: bool,
        /// When it was sent.
        sent_at: u8,
    },
}

/// A request that a node has judged and is about to save for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Job {
    /// Who sent the request.
    pub who: Who,
    /// What it shows.
    pub token: Name,
    /// What it wants.
    pub ask: Ask,
    /// When it was sent.
    pub sent_at: u8,
    /// The version that was loaded.
    pub loaded: u16,
    /// What is to be saved and answered.
    pub decision: Decision,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Time passes.
    Tick,
    /// A party sends a request with the token that it holds.
    Send(Who, Ask),
    /// A party sends a request and has the answer, in a world without a network.
    Call(Who, Ask),
    /// A request comes to a node, which loads and judges.
    Judge(Message),
    /// The node with this job saves, or finds that somebody else did.
    Save(usize),
    /// An answer comes to its party.
    Receive(Message),
    /// A message is lost.
    Lose(Message),
    /// The thief copies the client's token.
    Steal,
    /// Somebody tries a wrong secret of this generation.
    Guess(u8),
}

/// A promise that a step broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Violation {
    /// A token was handed out that the store does not know as the present one.
    HandedOutUnsaved,
    /// The record went back to an earlier generation.
    WentBack,
    /// An ended session changed.
    CameBack,
    /// A token from before an authentication was accepted.
    OutlivedAuthentication,
    /// Within grace, the token that was shown at the renewal did not lead to the same successor.
    Diverged,
    /// Rule 3 was applied although the successor had been used.
    UsedTakenForLost,
}

impl World {
    /// Returns the world with these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self { server: bounds.server(), memo: Memo::default(), bounds }
    }

    /// Returns the bounds of the world.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Judges a token as a node would now.
    pub fn standing(&self, state: &WorldState, token: Name) -> Stands {
        self.memo.standing(&self.server, &state.record, token, state.now)
    }

    fn decide(&self, state: &WorldState, shown: Shown, ask: Ask) -> Decision {
        self.memo.decide(&self.server, &state.record, shown, ask, state.chains, state.now)
    }

    fn now(state: &WorldState) -> Timestamp {
        at(state.now)
    }
}

impl Model for World {
    type State = WorldState;
    type Action = Action;

    fn init_states(&self) -> Vec<WorldState> {
        let first = Name { chain: 0, first: 0, generation: 0 };
        let record = Record { chain: first.start(at(0)), chain_number: 0, version: 0, ended: None };
        let client = Party { token: Some(first), ..Party::default() };
        vec![WorldState {
            now: self.bounds.from,
            record,
            parties: [client, if self.bounds.theft == Theft::AtFirst { client } else { Party::default() }],
            messages: Vec::new(),
            jobs: Vec::new(),
            lost: 0,
            rounds: 0,
            chains: 1,
            renewals: [0; 2],
            used: true,
            dead_below: 0,
            violation: None,
        }]
    }

    fn actions(&self, state: &WorldState, actions: &mut Vec<Action>) {
        if state.violation.is_some() {
            return;
        }
        if state.record.ended.is_none() {
            self.list_actions(state, actions);
        } else {
            // What is under way at a node may still try to save.
            actions.extend((0..state.jobs.len()).map(Action::Save));
        }
    }

    fn next_state(&self, last: &WorldState, action: Action) -> Option<WorldState> {
        let mut state = last.clone();
        self.step(&mut state, action);
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(&self.bounds)
    }
}
