//! A session at rest.

mod codec;

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::event::EndReason;
use crate::id::{SecretHash, SessionId};
use crate::name::{Actor, Method, Note, Profile, Realm, Subject};
use crate::time::Timestamp;
use crate::token::Chain;

pub use self::codec::CorruptRecord;

/// The counter that compare-and-set compares: 1 in a new record, and one more at every save.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Version(u64);

impl Version {
    /// The version of a record that was just made.
    pub const FIRST: Self = Self(1);

    /// Returns the version with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number of the version.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns the version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// How strongly somebody authenticated: 0 while anonymous, then what the application makes of it, up to 9.
///
/// The NIST levels AAL1 to AAL3 are 1 to 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Level(u8);

impl Level {
    /// Nobody has authenticated.
    pub const ANONYMOUS: Self = Self(0);
    /// One factor; what an authentication counts as if nobody says more.
    pub const ONE_FACTOR: Self = Self(1);
    /// Two factors.
    pub const TWO_FACTORS: Self = Self(2);

    /// Returns the level with this number, or nothing above 9.
    pub const fn new(number: u8) -> Option<Self> {
        if number > 9 { None } else { Some(Self(number)) }
    }

    /// Returns the number of the level.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// The error of making a [`Level`] from a number above 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a level is 0 to 9")]
pub struct InvalidLevel;

impl TryFrom<u8> for Level {
    type Error = InvalidLevel;

    fn try_from(number: u8) -> Result<Self, InvalidLevel> {
        Self::new(number).ok_or(InvalidLevel)
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level.0
    }
}

/// The timeouts that a session was made under, in whole seconds; they can be tightened later, never loosened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    /// How long it may go unused, in seconds.
    pub idle: u32,
    /// How long it may live after its authentication, in seconds.
    pub absolute: u32,
    /// How long one token is used before the next, in seconds.
    pub renewal: u32,
    /// How long it may live while nobody has signed in to it, in seconds.
    pub anonymous: u32,
    /// Whether it locks where it goes unused for too long, instead of ending.
    pub locks: bool,
}

impl Terms {
    /// Stands for no timeout at all; only a policy with `danger` in its making has it.
    pub(crate) const NEVER: u32 = u32::MAX;

    /// Returns the stricter of each two.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self {
            idle: self.idle.min(other.idle),
            absolute: self.absolute.min(other.absolute),
            renewal: self.renewal.min(other.renewal),
            anonymous: self.anonymous.min(other.anonymous),
            locks: self.locks && other.locks,
        }
    }

    /// Returns a timeout in whole seconds; none is so long that it becomes [`Terms::NEVER`].
    pub(crate) fn seconds(duration: Duration) -> u32 {
        u32::try_from(duration.as_secs()).map_or(Self::NEVER - 1, |seconds| seconds.min(Self::NEVER - 1))
    }
}

/// What is known of the client that a session was made for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Client {
    /// Its address, from a peer that is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Its description of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Note>,
    /// What its user would call it, such as "Firefox on Linux".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Note>,
}

impl Client {
    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.ip.is_none() && self.user_agent.is_none() && self.label.is_none()
    }
}

/// When, why and by whom a session was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When it ended.
    pub at: Timestamp,
    /// Why it ended.
    pub reason: EndReason,
    /// Who ended it.
    pub actor: Actor,
    /// What they said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// What recognises the retry of a creation or an authentication whose answer was lost: hashes only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The hash of the caller and the key that they gave the attempt.
    pub key: [u8; 16],
    /// The hash of the secret that the attempt was made with; nothing's where it was made without a token.
    pub presented: Option<SecretHash>,
    /// The hash of what the attempt asked for, under a key that is not stored; not known of older records.
    pub asked: Option<[u8; 32]>,
}

/// A session at rest.
///
/// A record with [`Ended`] is a tombstone: it has no chain and no attributes, its session cannot come back, and it is
/// kept only so that "why was I logged out" has an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The session's public name.
    pub id: SessionId,
    /// The application it belongs to.
    pub realm: Realm,
    /// Whose session it is; nobody's while anonymous.
    pub subject: Option<Subject>,
    /// What compare-and-set compares.
    pub version: Version,
    /// The policy it was made under.
    pub profile: Profile,
    /// The timeouts it was made under.
    pub terms: Terms,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its subject last proved who they are.
    pub authenticated_at: Option<Timestamp>,
    /// When it was last used, no more exactly than touches are written.
    pub seen_at: Timestamp,
    /// When it ends unless it is used; of a tombstone, when it may be forgotten.
    pub expires_at: Timestamp,
    /// What tokens are judged by; nothing in a tombstone.
    pub chain: Option<Chain>,
    /// How strongly its subject authenticated.
    pub level: Level,
    /// How its subject authenticated: at most [`Record::MOST_METHODS`].
    pub methods: Vec<Method>,
    /// Who really acts, if it is not its subject.
    pub impersonator: Option<Subject>,
    /// The client it was made for.
    pub client: Client,
    /// When, why and by whom it was ended; nothing while it lives.
    pub ended: Option<Ended>,
    /// What recognises the retry of its last authentication.
    pub retry: Option<Retry>,
    /// The attributes: a JSON object, or nothing at all.
    pub data: Bytes,
    /// Fields that a newer version wrote, kept as they are.
    pub unknown: Bytes,
}

/// What of a record a store may keep beside its bytes, to compare it, to move it or to find the record by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The session's public name.
    pub id: SessionId,
    /// The application it belongs to.
    pub realm: Realm,
    /// Whose session it is.
    pub subject: Option<Subject>,
    /// What compare-and-set compares.
    pub version: Version,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
}

impl Record {
    /// The most authentication methods that a record keeps.
    pub const MOST_METHODS: usize = 16;

    /// Returns the record of a new, anonymous session without attributes.
    pub fn new(id: SessionId, realm: Realm, profile: Profile, terms: Terms, chain: Chain, now: Timestamp) -> Self {
        Self {
            id,
            realm,
            subject: None,
            version: Version::FIRST,
            profile,
            terms,
            created_at: now,
            authenticated_at: None,
            seen_at: now,
            expires_at: now,
            chain: Some(chain),
            level: Level::ANONYMOUS,
            methods: Vec::new(),
            impersonator: None,
            client: Client::default(),
            ended: None,
            retry: None,
            data: Bytes::new(),
            unknown: Bytes::new(),
        }
    }

    /// Turns the record into a tombstone that may be forgotten at `forget_at`: secret and attributes go.
    pub fn end(&mut self, ended: Ended, forget_at: Timestamp) {
        self.chain = None;
        self.data = Bytes::new();
        self.ended = Some(ended);
        self.expires_at = forget_at;
    }
}
