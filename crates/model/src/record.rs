//! What the store keeps of the one session of a model.

use std::hash::{Hash, Hasher};

use hallpass::{Chain, Timestamp};

use crate::secrets::{Name, number};
use crate::server::{Change, End};

/// A session at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The real chain.
    pub chain: Chain,
    /// The number of the chain, by which its tokens are named.
    pub chain_number: u8,
    /// What compare-and-set compares.
    pub version: u16,
    /// Why the session ended, if it did.
    pub ended: Option<End>,
}

impl Record {
    /// Returns what follows this record by a change.
    #[must_use]
    pub fn following(&self, change: Change, chain_number: u8) -> Self {
        let mut next = Self { version: self.version + 1, ..self.clone() };
        match change {
            Change::Chain(chain) => (next.chain, next.chain_number) = (*chain, chain_number),
            Change::End(why) => next.ended = Some(why),
        }
        next.chain.paced_until = Timestamp::UNIX_EPOCH; // the pace of renewals is not modelled
        next
    }

    /// Returns the name of the token of `generation` in the present chain.
    pub fn name(&self, generation: u8) -> Name {
        Name { chain: self.chain_number, first: number(self.chain.first_generation), generation }
    }

    /// Returns the name of the present token.
    pub fn present(&self) -> Name {
        self.name(number(self.chain.generation))
    }
}

#[allow(clippy::derived_hash_with_manual_eq)] // the same fields: a chain has no hash of its own, since its parts are secret
impl Hash for Record {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let chain = &self.chain;
        (self.chain_number, self.version, self.ended).hash(state);
        (chain.first_generation, chain.settled, chain.settling, chain.from, chain.generation).hash(state);
        (chain.started_at, chain.settling_at, chain.renewed_at, chain.confirmed_at, chain.paced_until).hash(state);
        chain.hash.as_bytes().hash(state);
    }
}
