use std::sync::Arc;

use hallpass::{Chain, Generation, ReferenceToken, Renewed, SessionId, SessionSecret, Timestamp};

use crate::party::Who;
use crate::server::{Change, End};

/// A token as a party keeps it.
#[derive(Debug, Clone)]
pub(super) struct Held(Arc<ReferenceToken>);

/// A session: what the store has of it, and what its holders have.
#[derive(Debug)]
pub(super) struct Session {
    id: SessionId,
    chain: Chain,
    version: u64,
    ended: Option<End>,
    client: Held,
    thief: Option<Held>,
    /// Whether the client keeps the token of the highest generation, or, as a browser, the one that came last.
    reads_generations: bool,
}

impl Held {
    fn new(id: SessionId, generation: Generation, secret: SessionSecret) -> Self {
        Self(Arc::new(ReferenceToken { id, generation, secret }))
    }

    pub(super) fn token(&self) -> &ReferenceToken {
        &self.0
    }

    /// Tells whether it is the same token: no generation comes twice in the life of a session.
    fn is(&self, other: &Self) -> bool {
        (self.0.id, self.0.generation) == (other.0.id, other.0.generation)
    }
}

impl Session {
    pub(super) fn new(now: Timestamp, reads_generations: bool) -> Self {
        let id = SessionId::random();
        let Renewed { chain, secret } = Chain::start(Generation::FIRST, now);
        let client = Held::new(id, chain.generation, secret);
        Self { id, chain, version: 0, ended: None, client, thief: None, reads_generations }
    }

    /// Starts a new chain, as an authentication does.
    pub(super) fn log_in(&mut self, now: Timestamp) {
        match self.chain.replace(now) {
            Some(Renewed { chain, secret }) => {
                self.client = self.hand_out(chain.generation, secret);
                self.chain = chain;
                self.version += 1;
                self.thief = None;
            }
            None => *self = Self::new(now, self.reads_generations),
        }
    }

    pub(super) fn save(&mut self, change: Change) {
        self.version += 1;
        match change {
            Change::Chain(chain) => self.chain = *chain,
            Change::End(why) => self.ended = Some(why),
        }
    }

    /// Returns the token with this secret.
    pub(super) fn hand_out(&self, generation: Generation, secret: SessionSecret) -> Held {
        Held::new(self.id, generation, secret)
    }

    /// Keeps a token that came; answers whether it came after a newer one.
    pub(super) fn receive(&mut self, who: Who, token: Held) -> bool {
        if who == Who::Thief {
            self.thief = Some(token);
            return false;
        }
        let late = token.0.generation < self.client.0.generation;
        if !(late && self.reads_generations) {
            self.client = token;
        }
        late
    }

    pub(super) fn held(&self, who: Who) -> Option<Held> {
        match who {
            Who::Client => Some(self.client.clone()),
            Who::Thief => self.thief.clone(),
        }
    }

    pub(super) fn steal_once(&mut self) {
        self.thief.get_or_insert_with(|| self.client.clone());
    }

    /// Tells whether the client would show this token now.
    pub(super) fn shows(&self, token: &Held) -> bool {
        self.client.is(token)
    }

    pub(super) const fn id(&self) -> SessionId {
        self.id
    }

    pub(super) const fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub(super) const fn is_stolen(&self) -> bool {
        self.thief.is_some()
    }

    pub(super) const fn reads_generations(&self) -> bool {
        self.reads_generations
    }
}
