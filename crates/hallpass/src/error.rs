//! What can go wrong for the user of [`Sessions`](crate::Sessions).

use std::error::Error as StdError;
use std::fmt;

use crate::demand::Demand;
use crate::event::EndReason;
use crate::store::StoreError;

/// Why a session could not be used or changed.
///
/// Ask it with the predicates; more kinds may come. What it says is for the log: a client is told no more than that the
/// session is not active (`ID-6`).
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Inactive(Refusal),
    Locked,
    StepUp(Demand),
    Oversized,
    Conflict,
    TooLarge { size: usize, limit: usize },
    LimitReached,
    NotFound,
    KeyUsed,
    Value,
    Unavailable,
    Unsupported,
    Corrupt,
}

/// Why a token was refused; for logs and events, never for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// There was no token.
    Missing,
    /// Its shape is not that of a token; no store was asked.
    Malformed,
    /// It names no session.
    Unknown,
    /// Its secret is wrong.
    Wrong,
    /// It carries its session, and its time is over.
    Expired,
    /// It carries its session, which was ended before its time.
    Revoked,
    /// It has been replaced, and its grace is over.
    Spent,
    /// Its session has ended.
    Ended(EndReason),
    /// Its session changed hands or ended while the request was under way, whose changes were discarded.
    Overtaken,
}

impl Error {
    pub(crate) fn inactive(refusal: Refusal) -> Self {
        Kind::Inactive(refusal).into()
    }

    pub(crate) fn locked() -> Self {
        Kind::Locked.into()
    }

    pub(crate) fn step_up(demand: Demand) -> Self {
        Kind::StepUp(demand).into()
    }

    pub(crate) fn oversized() -> Self {
        Kind::Oversized.into()
    }

    pub(crate) fn conflict() -> Self {
        Kind::Conflict.into()
    }

    pub(crate) fn too_large(size: usize, limit: usize) -> Self {
        Kind::TooLarge { size, limit }.into()
    }

    pub(crate) fn limit_reached() -> Self {
        Kind::LimitReached.into()
    }

    pub(crate) fn not_found() -> Self {
        Kind::NotFound.into()
    }

    pub(crate) fn key_used() -> Self {
        Kind::KeyUsed.into()
    }

    pub(crate) fn value(source: serde_json::Error) -> Self {
        Self { kind: Kind::Value, source: Some(source.into()) }
    }

    pub(crate) fn old_proof() -> Self {
        Self { kind: Kind::Value, source: Some("the proof is older than a session may be".into()) }
    }

    pub(crate) fn corrupt(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind: Kind::Corrupt, source: Some(source.into()) }
    }

    /// Tells whether the token is missing, malformed, unknown, expired or revoked, or its session ended meanwhile: the
    /// client is to sign in (401).
    pub fn is_inactive(&self) -> bool {
        matches!(self.kind, Kind::Inactive(_))
    }

    /// Returns why the token was refused, if it was; for logs only.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.kind {
            Kind::Inactive(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Tells whether the session was unused for too long and waits for its subject to authenticate again.
    pub fn is_locked(&self) -> bool {
        self.kind == Kind::Locked
    }

    /// Tells whether the subject has to prove who they are once more, or more strongly, before they may do this (403).
    pub fn is_step_up_required(&self) -> bool {
        self.demand().is_some()
    }

    /// Returns what was demanded and not met, if a step-up is required.
    pub fn demand(&self) -> Option<Demand> {
        match self.kind {
            Kind::StepUp(demand) => Some(demand),
            _ => None,
        }
    }

    /// Tells whether the request brought more cookies than anybody is to read (431).
    pub fn is_oversized(&self) -> bool {
        self.kind == Kind::Oversized
    }

    /// Tells whether somebody else changed the same thing meanwhile: a key that was read and then set, or data whose
    /// version was named (409, or 412).
    pub fn is_conflict(&self) -> bool {
        self.kind == Kind::Conflict
    }

    /// Tells whether the attributes would be larger than is configured; nothing was written.
    pub fn is_too_large(&self) -> bool {
        matches!(self.kind, Kind::TooLarge { .. })
    }

    /// Tells whether the subject has as many sessions as it may have.
    pub fn is_limit_reached(&self) -> bool {
        self.kind == Kind::LimitReached
    }

    /// Tells whether there is no living session of this name.
    pub fn is_not_found(&self) -> bool {
        self.kind == Kind::NotFound
    }

    /// Tells whether an idempotency key was used before for something else.
    pub fn is_key_used(&self) -> bool {
        self.kind == Kind::KeyUsed
    }

    /// Tells whether a value is not one that fits: it could not be turned into JSON, what is stored is of another type than
    /// was asked for, or a proof is older than a session may be.
    pub fn is_value(&self) -> bool {
        self.kind == Kind::Value
    }

    /// Tells whether the store is away: the client keeps its token and tries again (503).
    pub fn is_unavailable(&self) -> bool {
        self.kind == Kind::Unavailable
    }

    /// Tells whether this store can never do it.
    pub fn is_unsupported(&self) -> bool {
        self.kind == Kind::Unsupported
    }

    /// Tells whether what is stored is damaged.
    pub fn is_corrupt(&self) -> bool {
        self.kind == Kind::Corrupt
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, source: None }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let kind = if error.is_unsupported() {
            Kind::Unsupported
        } else if error.is_corrupt() {
            Kind::Corrupt
        } else {
            Kind::Unavailable
        };
        Self { kind, source: Some(error.into()) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Inactive(_) => f.write_str("the session is not active"),
            Kind::Locked => f.write_str("the session is locked until its subject authenticates again"),
            Kind::StepUp(_) => f.write_str("the subject has to prove who they are once more, or more strongly"),
            Kind::Oversized => f.write_str("the request brought more cookies than are read"),
            Kind::Conflict => f.write_str("somebody else changed the same thing meanwhile"),
            Kind::TooLarge { size, limit } => {
                write!(f, "the attributes would have {size} bytes, and {limit} are allowed")
            }
            Kind::LimitReached => f.write_str("the subject has as many sessions as it may have"),
            Kind::NotFound => f.write_str("there is no such living session"),
            Kind::KeyUsed => f.write_str("the idempotency key was used before for something else"),
            Kind::Value => f.write_str("the value does not fit its type"),
            Kind::Unavailable => f.write_str("the session store is unavailable"),
            Kind::Unsupported => f.write_str("the session store cannot do this"),
            Kind::Corrupt => f.write_str("the session store holds something that is not a session"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
