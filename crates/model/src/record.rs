//! What the store keeps of the one session of a model.

use std::hash::{Hash, Hasher};

use hallpass::Chain;

use crate::secrets::{Name, number};

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

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A spent token was shown when nothing but a second holder explains it.
    Replayed,
    /// Something else than the rules allow.
    Mistaken,
}

impl Record {
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
