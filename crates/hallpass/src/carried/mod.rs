//! Sessions that their tokens carry, whole or in short.

mod contract;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "jwt")]
mod memo;
#[cfg(feature = "sealed")]
mod sealed;

use std::sync::Arc;

use crate::record::Record;
use crate::store::Epoch;
use crate::time::Timestamp;
use crate::token::Generation;

pub use self::contract::SelfContained;
#[cfg(feature = "jwt")]
pub use self::jwt::{Fault, Glance, InvalidJwt, Jwt};
#[cfg(feature = "sealed")]
pub use self::sealed::{InvalidSealed, Sealed};

/// What a self-contained token says: a session, and for how long the token stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Carried {
    /// The session, as far as the token carries it. Its chain has no secrets: the token proves itself.
    pub record: Arc<Record>,
    /// The epoch of its subject when it was sealed.
    pub epoch: Epoch,
    /// When it was sealed.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl Carried {
    /// Returns what a token says from `issued_at` until `expires_at`.
    pub fn new(record: impl Into<Arc<Record>>, epoch: Epoch, issued_at: Timestamp, expires_at: Timestamp) -> Self {
        Self { record: record.into(), epoch, issued_at, expires_at }
    }

    /// Returns the generation that the session had.
    pub fn generation(&self) -> Generation {
        self.record.chain.as_ref().map_or(Generation::FIRST, |chain| chain.generation)
    }
}

/// Why a self-contained token does not open. A client is told no more than that it is not active (`ENC-10`); which rule
/// it broke is for those who hold the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unopened {
    /// It is no token of this form, was changed, or is meant for others.
    #[error("not a token for this service")]
    Invalid,
    /// It names a key that is not (any more) known; the ring may be behind.
    #[error("its key is not known")]
    UnknownKey,
    /// Its key was known too long ago: it may have been taken away since.
    #[error("it is not known whether its key is still good")]
    Unsure,
    /// Its time is over.
    #[error("its time is over")]
    Expired,
}

/// Why a session cannot be written as a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsealed {
    /// It would be larger than it may be.
    #[error("the token would have {size} bytes, and may have {limit}")]
    TooLarge {
        /// How large it would be, in bytes.
        size: usize,
        /// How large it may be, in bytes.
        limit: usize,
    },
    /// The ring has no key that signs at this time.
    #[error("no key of the ring signs now")]
    NoKey,
}
