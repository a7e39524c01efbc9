//! Redis and Valkey.

mod detect;
mod hash;
mod keys;
mod scan;
mod text;

use std::fmt;

use async_trait::async_trait;
use hallpass_dialects::django::Django;
use hallpass_dialects::express::Express;
use hallpass_dialects::gorilla::Gorilla;
use hallpass_dialects::spring::{Repository, Spring};
use hallpass_dialects::{Credential, Dialect, Framework, Session};
use hallpass_redis::RedisServer;

pub use self::detect::{Clues, Detected, detect};
use self::keys::Prefix;
use crate::error::Error;
use crate::found::Found;
use crate::home::{Home, Page};

/// Sessions of another framework in Redis or Valkey: one server, or the primary that sentinels watch.
///
/// | dialect | key | kept as |
/// | --- | --- | --- |
/// | [`Express`] | `sess:ID` | a string |
/// | [`Django`] | `:1:django.contrib.sessions.cacheKEY` | a string |
/// | [`Spring`] | `spring:session:sessions:ID` | a hash, and with an index what is beside it |
/// | [`Gorilla`] | `session_ID`, `session:ID` | a string |
pub struct RedisHome {
    server: RedisServer,
    tongue: Tongue,
    prefix: Prefix,
}

/// How the sessions of a home are written.
#[derive(Debug)]
pub struct Tongue(pub(crate) Kind);

#[derive(Debug)]
pub(crate) enum Kind {
    /// A session is one string.
    Text(Box<dyn Dialect>),
    /// A session is a hash.
    Hash(Box<Spring>),
}

impl Tongue {
    /// Returns the dialect.
    pub fn dialect(&self) -> &dyn Dialect {
        match &self.0 {
            Kind::Text(dialect) => &**dialect,
            Kind::Hash(spring) => &**spring,
        }
    }
}

impl From<Express> for Tongue {
    fn from(express: Express) -> Self {
        Self(Kind::Text(Box::new(express)))
    }
}

impl From<Django> for Tongue {
    fn from(django: Django) -> Self {
        Self(Kind::Text(Box::new(django)))
    }
}

impl From<Gorilla> for Tongue {
    fn from(gorilla: Gorilla) -> Self {
        Self(Kind::Text(Box::new(gorilla)))
    }
}

impl From<Spring> for Tongue {
    fn from(spring: Spring) -> Self {
        Self(Kind::Hash(Box::new(spring)))
    }
}

impl RedisHome {
    /// Returns the sessions of a dialect on a server.
    ///
    /// # Errors
    ///
    /// If the server is a cluster, or the dialect keeps nothing in Redis.
    pub fn new(server: RedisServer, tongue: impl Into<Tongue>) -> Result<Self, Error> {
        if server.is_cluster() {
            return Err(Error::unsupported("sessions of other frameworks are not looked for in a cluster"));
        }
        let tongue = tongue.into();
        let prefix = Prefix::of(tongue.dialect());
        let is_jdbc = matches!(&tongue.0, Kind::Hash(spring) if spring.repository() == Repository::Jdbc);
        // Only what names its framework can be told from what else there is.
        let is_nameless = prefix.is_empty() && tongue.dialect().framework() != Framework::Express;
        if is_jdbc || is_nameless {
            return Err(Error::unsupported("this dialect keeps no sessions in Redis"));
        }
        Ok(Self { server, tongue, prefix })
    }

    /// Refuses to change copies: the row would bring back what ended, and hide what changed.
    fn is_whole(&self) -> Result<(), Error> {
        if self.prefix.is_of_copies() {
            return Err(Error::unsupported(
                "cached_db keeps each session in a row as well: what is in the cache is only read",
            ));
        }
        Ok(())
    }
}

#[async_trait]
impl Home for RedisHome {
    fn dialect(&self) -> &dyn Dialect {
        self.tongue.dialect()
    }

    fn new_session(&self, now_ms: i64) -> Session {
        match &self.tongue.0 {
            Kind::Text(_) => Session::new(),
            Kind::Hash(spring) => spring.new_session(now_ms),
        }
    }

    async fn load(&self, credential: &Credential, _: i64) -> Result<Option<Found>, Error> {
        match &self.tongue.0 {
            Kind::Text(dialect) => text::load(&self.server, &**dialect, credential).await,
            Kind::Hash(spring) => hash::load(&self.server, spring, credential).await,
        }
    }

    async fn list(&self, after: Option<&str>, limit: usize, _: i64) -> Result<Page, Error> {
        let (credentials, next) = self.scan(after, limit).await?;
        let items = match &self.tongue.0 {
            Kind::Text(dialect) => text::load_all(&self.server, &**dialect, credentials).await?,
            Kind::Hash(spring) => hash::load_all(&self.server, spring, credentials).await?,
        };
        Ok(Page { items, next })
    }

    async fn create(&self, credential: &Credential, session: &Session, now_ms: i64) -> Result<bool, Error> {
        self.is_whole()?;
        match &self.tongue.0 {
            Kind::Text(dialect) => text::save(&self.server, &**dialect, credential, None, session, now_ms).await,
            Kind::Hash(spring) => hash::create(&self.server, spring, credential, session, now_ms).await,
        }
    }

    async fn replace(&self, found: &Found, session: &Session, now_ms: i64) -> Result<bool, Error> {
        self.is_whole()?;
        match &self.tongue.0 {
            Kind::Text(dialect) => {
                text::save(&self.server, &**dialect, &found.credential, Some(found), session, now_ms).await
            }
            Kind::Hash(spring) => hash::replace(&self.server, spring, found, session, now_ms).await,
        }
    }

    async fn touch(&self, found: &Found, now_ms: i64) -> Result<bool, Error> {
        match &self.tongue.0 {
            Kind::Text(dialect) => text::touch(&self.server, &**dialect, found, now_ms).await,
            Kind::Hash(spring) => hash::touch(&self.server, spring, found, now_ms).await,
        }
    }

    async fn revoke(&self, credential: &Credential, now_ms: i64) -> Result<bool, Error> {
        self.is_whole()?;
        match &self.tongue.0 {
            Kind::Text(dialect) => text::revoke(&self.server, &**dialect, credential).await,
            Kind::Hash(spring) => hash::revoke(&self.server, spring, credential, now_ms).await,
        }
    }

    /// Redis forgets by itself.
    async fn sweep(&self, _: usize, _: i64) -> Result<usize, Error> {
        Ok(0)
    }
}

impl fmt::Debug for RedisHome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisHome")
            .field("server", &self.server)
            .field("framework", &self.dialect().framework())
            .finish_non_exhaustive()
    }
}
