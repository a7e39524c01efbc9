//! The chain of secrets of one session, and the five rules by which a presented token is judged.
//!
//! Each secret is derived from the one before it, so a client that shows an old one can be given the present one
//! again, and no store ever holds a secret. Nothing here does I/O or asks for the time, so that a model checker can
//! drive it.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use super::pepper::{Pepper, chain_key};
use super::reference::{Generation, ReferenceToken};
use crate::crypto::{self, Mac};
use crate::id::{SecretHash, SessionSecret};
use crate::time::Timestamp;

/// The random bytes that tell one chain from another: 128 bits, new at every authentication.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainNonce([u8; 16]);

impl ChainNonce {
    /// Returns the nonce with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the nonce, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for ChainNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainNonce(..)")
    }
}

/// A session's line of secrets since it last authenticated: what is stored in order to judge tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Tells this chain from those before it, and is the key of its derivation.
    pub nonce: ChainNonce,
    /// When the chain was started.
    pub started_at: Timestamp,
    /// The generation that the chain started with; older tokens are of an older chain, and dead.
    pub first_generation: Generation,
    /// The generation of the present secret.
    pub generation: Generation,
    /// The generation that was shown when the present one was made; the present one itself in a new chain.
    pub from: Generation,
    /// The hash of the present secret.
    pub hash: SecretHash,
    /// When the present secret was made.
    pub renewed_at: Timestamp,
    /// When the present secret was first shown, which proves that its answer arrived; nothing until then.
    pub confirmed_at: Option<Timestamp>,
    /// Tokens from before this generation were left behind so long ago that no stalled packet still carries one.
    pub settled: Generation,
    /// What `settled` is to be next.
    pub settling: Generation,
    /// When `settling` had been shown.
    pub settling_at: Timestamp,
    /// By when the renewals made so far are paid off, at one a second.
    pub paced_until: Timestamp,
}

/// For how long a replaced token is still good, and when showing it becomes a sign of theft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace {
    /// How long after a renewal the token that was shown is still good: 5 seconds or more.
    pub grace: Duration,
    /// How long after a newer token was shown an older one is refused without ending the session, since a stalled
    /// packet looks the same.
    pub replay_after: Duration,
}

/// What a presented token is, by the five rules.
#[derive(Debug)]
pub enum Standing {
    /// Rule 1: it is the present token. `first_use` asks for [`Chain::confirm`] to be saved.
    Current {
        /// Whether it is shown for the first time since it was made.
        first_use: bool,
    },
    /// Rule 2: it was just replaced by the token with this secret, which is to be handed out again.
    Superseded(SessionSecret),
    /// Rule 3: it was replaced a while ago by the token with this secret, which nobody ever showed: the answer was
    /// lost. [`Chain::renew`] from here is to be saved, and its token handed out.
    Unanswered(SessionSecret),
    /// Rule 4, while a stalled packet or a late answer explains it: it was good once. Refused, but nothing ends.
    Spent,
    /// Rule 4, when nothing else explains it: two parties hold the session. It is to end.
    Replayed,
    /// Rule 5: it was never good, or that cannot be shown. Refused, and nothing ends, whoever asks.
    Wrong,
}

/// A chain one generation further on, and the secret that belongs to it.
#[derive(Debug)]
pub struct Renewed {
    /// The chain to save.
    pub chain: Chain,
    /// The secret to hand out once the chain is saved.
    pub secret: SessionSecret,
}

impl Chain {
    /// Returns a key of this chain for a purpose other than its secrets.
    pub(crate) fn key(&self, pepper: Option<&Pepper>, purpose: &[u8]) -> Mac {
        let key = zeroize::Zeroizing::new(chain_key(&self.nonce, pepper).sign(&[purpose]));
        Mac::new(&*key)
    }

    /// How many renewals can follow each other at once; after that, one a second.
    pub const BURST: u32 = 16;
    /// How many generations back a spent token can be recognised.
    pub const LONGEST_WALK: u32 = 4096;
    /// Walks up to this length are always made; longer ones only if the caller's budget allows.
    pub const FREE_WALK: u32 = 16;
    const PACE: Duration = Duration::from_secs(1);

    /// Starts a chain with a fresh random secret at `generation`.
    ///
    /// # Panics
    ///
    /// If the operating system gives no randomness.
    pub fn start(generation: Generation, now: Timestamp) -> Renewed {
        let secret = SessionSecret::random();
        let chain = Self {
            nonce: ChainNonce(crypto::random()),
            started_at: now,
            first_generation: generation,
            generation,
            from: generation,
            hash: secret.hash(),
            renewed_at: now,
            confirmed_at: Some(now),
            settled: generation,
            settling: generation,
            settling_at: now,
            paced_until: now,
        };
        Renewed { chain, secret }
    }

    /// Returns the chain of a session that is carried by its token, which proves itself: the secret says nothing.
    #[cfg_attr(not(any(feature = "jwt", feature = "sealed")), allow(dead_code))] // who seals nothing carries nothing
    pub(crate) fn carried(
        started_at: Timestamp,
        first_generation: Generation,
        generation: Generation,
        renewed_at: Timestamp,
    ) -> Renewed {
        // One value for all, and hashed once: it guards nothing.
        static HASH: LazyLock<SecretHash> =
            LazyLock::new(|| SessionSecret::from_bytes([0; SessionSecret::LENGTH]).hash());
        let chain = Self {
            nonce: ChainNonce([0; 16]),
            started_at,
            first_generation,
            generation,
            from: generation,
            hash: *HASH,
            renewed_at,
            confirmed_at: Some(renewed_at),
            settled: generation,
            settling: generation,
            settling_at: renewed_at,
            paced_until: renewed_at,
        };
        Renewed { chain, secret: SessionSecret::from_bytes([0; SessionSecret::LENGTH]) }
    }

    /// Starts the chain that takes this one's place at an authentication: no token of this one is good any more.
    ///
    /// Generations go on counting and the pace of renewals is kept; nothing if the generations have run out.
    pub fn replace(&self, now: Timestamp) -> Option<Renewed> {
        let mut renewed = Self::start(self.generation.next()?, now);
        renewed.chain.paced_until = self.paced_until;
        Some(renewed)
    }

    /// Judges a presented token by the five rules.
    ///
    /// `may_walk` is asked before a walk of more than [`Chain::FREE_WALK`] steps, with the number of steps, so that
    /// somebody who knows only an id cannot make the server compute; if it answers no, the token counts as wrong.
    pub fn judge(
        &self,
        token: &ReferenceToken,
        pepper: Option<&Pepper>,
        grace: Grace,
        now: Timestamp,
        may_walk: impl FnOnce(u32) -> bool,
    ) -> Standing {
        match token.generation.cmp(&self.generation) {
            Ordering::Greater => return Standing::Wrong,
            Ordering::Equal if token.secret.hash() != self.hash => return Standing::Wrong,
            Ordering::Equal => return Standing::Current { first_use: self.confirmed_at.is_none() },
            Ordering::Less if token.generation < self.first_generation => return Standing::Wrong,
            Ordering::Less => {}
        }
        let Some(present) = self.walk(token, pepper, may_walk) else {
            return Standing::Wrong;
        };
        let was_shown = token.generation == self.from;
        if was_shown && now.since(self.renewed_at) <= grace.grace {
            Standing::Superseded(present)
        } else if was_shown && self.confirmed_at.is_none() {
            Standing::Unanswered(present)
        } else if self.has_settled(token.generation, grace, now) {
            Standing::Replayed
        } else {
            Standing::Spent
        }
    }

    /// Tells whether the client has had a newer token than this spent one for longer than a packet can stall.
    ///
    /// The time counts from when the newer token was *shown*: before that its answer may have been under way, and
    /// requests with the old one were still being sent. `settled` is there because whoever renews more often than
    /// `replay_after` could otherwise put off the proof for ever.
    fn has_settled(&self, spent: Generation, grace: Grace, now: Timestamp) -> bool {
        let left_behind_at = match spent.cmp(&self.from) {
            Ordering::Less if spent < self.settled => return true,
            Ordering::Less => Some(self.renewed_at),
            Ordering::Equal => self.confirmed_at,
            // Rule 3 passed over it, so nobody ever showed it: a late answer may have brought it to the client.
            Ordering::Greater => None,
        };
        left_behind_at.is_some_and(|at| now.since(at) > grace.replay_after)
    }

    /// Derives the present secret from an older token of this chain, or nothing if it does not lead here.
    fn walk(
        &self,
        token: &ReferenceToken,
        pepper: Option<&Pepper>,
        may_walk: impl FnOnce(u32) -> bool,
    ) -> Option<SessionSecret> {
        let steps = self.generation.number() - token.generation.number();
        if steps > Self::LONGEST_WALK || steps > Self::FREE_WALK && !may_walk(steps) {
            return None;
        }
        let key = chain_key(&self.nonce, pepper);
        let mut generation = token.generation.next()?;
        let mut secret = derive(&key, generation, &token.secret);
        while generation < self.generation {
            generation = generation.next()?;
            secret = derive(&key, generation, &secret);
        }
        (secret.hash() == self.hash).then_some(secret)
    }

    /// Moves one generation on from the present `secret`, which the bearer of `shown` is to get.
    ///
    /// `shown` is the generation that the client showed: the present one at a renewal, [`Chain::from`] where the
    /// answer to the last renewal was lost (rule 3). Nothing if the generations have run out.
    pub fn renew(
        &self,
        secret: &SessionSecret,
        shown: Generation,
        pepper: Option<&Pepper>,
        grace: Grace,
        now: Timestamp,
    ) -> Option<Renewed> {
        let generation = self.generation.next()?;
        let secret = derive(&chain_key(&self.nonce, pepper), generation, secret);
        let mut chain = Self {
            generation,
            from: shown,
            hash: secret.hash(),
            renewed_at: now,
            confirmed_at: None,
            paced_until: self.paced_until.max(now).plus(Self::PACE),
            ..self.clone()
        };
        if now.since(self.settling_at) > grace.replay_after {
            chain.settled = self.settling;
            chain.settling = shown;
            chain.settling_at = now;
        }
        Some(Renewed { chain, secret })
    }

    /// Tells whether the pace of renewals allows one more now.
    pub fn may_renew(&self, now: Timestamp) -> bool {
        self.paced_until.max(now).plus(Self::PACE) <= now.plus(Self::PACE * Self::BURST)
    }

    /// Notes that the present secret was shown; only the first time counts.
    pub fn confirm(&mut self, now: Timestamp) {
        self.confirmed_at.get_or_insert(now);
    }
}

fn derive(key: &Mac, generation: Generation, secret: &SessionSecret) -> SessionSecret {
    let mac = zeroize::Zeroizing::new(key.sign(&[&generation.to_bytes(), secret.expose()]));
    let mut bytes = [0; SessionSecret::LENGTH];
    bytes.copy_from_slice(&mac[..SessionSecret::LENGTH]);
    SessionSecret::from_bytes(bytes)
}
