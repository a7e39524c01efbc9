use std::fmt;

use async_trait::async_trait;
use hallpass_dialects::{Credential, Dialect, Session};

use crate::error::Error;
use crate::found::Found;

/// A store in which another framework keeps its sessions.
///
/// Everything is written as the framework would write it, with its indexes and its times. Nothing is ever written over
/// what was not seen: [`replace`](Self::replace) compares what is stored with what was read, in one step.
/// The time is an argument, in milliseconds since 1970.
#[async_trait]
pub trait Home: fmt::Debug + Send + Sync + 'static {
    /// Returns how the sessions are written.
    fn dialect(&self) -> &dyn Dialect;

    /// Returns an empty session, with the times that one of this framework has.
    fn new_session(&self, now_ms: i64) -> Session;

    /// Returns the session that a credential points at, living or not.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked.
    async fn load(&self, credential: &Credential, now_ms: i64) -> Result<Option<Found>, Error>;

    /// Returns some sessions, in no order, and where to go on.
    ///
    /// A page has about `limit` of them, and may have none though there are more. A session that is there all the time is
    /// in one of the pages, and may be in two.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked, or `after` was not given by it.
    async fn list(&self, after: Option<&str>, limit: usize, now_ms: i64) -> Result<Page, Error>;

    /// Stores a new session; answers whether there was none under this credential.
    ///
    /// # Errors
    ///
    /// If it cannot be written so that its framework reads it, or the store cannot be asked.
    async fn create(&self, credential: &Credential, session: &Session, now_ms: i64) -> Result<bool, Error>;

    /// Stores a changed session if what is stored is still what was found; answers whether it was.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    ///
    /// # Cancel safety
    ///
    /// When dropped, or when the answer is lost, it may have been stored, as a whole.
    async fn replace(&self, found: &Found, session: &Session, now_ms: i64) -> Result<bool, Error>;

    /// Notes that a session was used, as its framework does in each request; answers whether it is still there.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    async fn touch(&self, found: &Found, now_ms: i64) -> Result<bool, Error>;

    /// Ends a session, with all that its framework keeps about it, and tells who listens; answers whether it was there.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked.
    async fn revoke(&self, credential: &Credential, now_ms: i64) -> Result<bool, Error>;

    /// Forgets at most `limit` sessions whose time is over; answers how many.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked.
    async fn sweep(&self, limit: usize, now_ms: i64) -> Result<usize, Error>;
}

/// Some sessions, and where the others are.
#[derive(Debug, Default)]
pub struct Page {
    /// The sessions.
    pub items: Vec<Found>,
    /// Where to go on, if there may be more.
    pub next: Option<String>,
}
