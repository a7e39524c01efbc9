use std::fmt;

use crate::credential::Credential;
use crate::error::Error;
use crate::framework::Framework;
use crate::session::{Session, User};

/// How another framework writes its sessions: cookie, keys, values, user and time.
///
/// Everything here is a function of its arguments: nothing is fetched, stored or waited for, and the time is an argument.
/// The order of methods is that of a request.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// Returns whose dialect it is.
    fn framework(&self) -> Framework;

    /// Returns what the cookies in a `Cookie` header say, in the order in which the framework tries them.
    ///
    /// A cookie that the framework would ignore is an error in its place, so that it can be counted.
    fn presented(&self, header: &[u8], now_ms: i64) -> Vec<Result<Presented, Error>>;

    /// Returns the key under which a session is stored.
    fn key(&self, credential: &Credential) -> String;

    /// Returns the credential that a key in the store is made of; nothing if it is a key of something else, such as an
    /// index.
    fn credential(&self, key: &[u8]) -> Option<Credential>;

    /// Returns a new credential, as the framework would make one.
    fn new_credential(&self) -> Credential;

    /// Reads what is stored under a key.
    ///
    /// # Errors
    ///
    /// If it is not what the framework writes, is beyond the limits, or holds what is not known. It is to be left as it is.
    fn read(&self, stored: &Stored) -> Result<Session, Error>;

    /// Writes what is to be stored under a key.
    ///
    /// # Errors
    ///
    /// If the framework could not read it back, or it holds what can only be read. Nothing is to be stored then.
    fn write(&self, session: &Session, now_ms: i64) -> Result<Stored, Error>;

    /// Returns whose session it is.
    fn user(&self, session: &Session) -> Option<User>;

    /// Tells whether a session that is in the store still lives, by what is written in it.
    ///
    /// Where only the store's own expiry counts (Express, caches of Django, gorilla), it does.
    fn is_live(&self, session: &Session, now_ms: i64) -> bool;

    /// Notes that the session is used now, as the framework does in each request; tells whether that has to be written.
    fn touch(&self, session: &mut Session, now_ms: i64) -> bool;

    /// Returns how long the store is to keep what was written.
    fn keep(&self, session: &Session, now_ms: i64) -> Keep;

    /// Returns the `Set-Cookie` header that has the client hold `held`.
    ///
    /// # Errors
    ///
    /// If the cookie would be larger than the framework takes, or holds what can only be read.
    fn set_cookie(&self, held: Held<'_>, session: &Session, now_ms: i64) -> Result<String, Error>;

    /// Returns the `Set-Cookie` header that has the client forget its cookie.
    fn removal_cookie(&self) -> String;
}

/// What a client presents: a session, or what points at one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Presented {
    /// It points at a session in a store.
    Points(Credential),
    /// It carries the session itself, and was verified.
    Carries(Box<Session>),
}

/// What a client is to hold.
#[derive(Debug, Clone, Copy)]
pub enum Held<'s> {
    /// What points at a session in a store.
    Points(&'s Credential),
    /// The session itself.
    Carries,
}

/// What a store holds of a session.
#[derive(Clone, PartialEq, Eq)]
pub enum Stored {
    /// A string of Redis, a column of a table, a file.
    Bytes(Vec<u8>),
    /// A hash of Redis, or rows of attributes: names and their bytes.
    Fields(Vec<(String, Vec<u8>)>),
}

impl Stored {
    /// Returns the bytes, if it is one piece.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Fields(_) => None,
        }
    }

    /// Returns the fields, if it has any.
    pub fn fields(&self) -> &[(String, Vec<u8>)] {
        match self {
            Self::Bytes(_) => &[],
            Self::Fields(fields) => fields,
        }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Stored({} bytes)", bytes.len()),
            Self::Fields(fields) => write!(f, "Stored({} fields)", fields.len()),
        }
    }
}

/// How long a store is to keep a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// For this many milliseconds.
    For(i64),
    /// Until it is revoked.
    Forever,
    /// Not at all: it is over.
    Not,
}
