use std::fmt;
use std::sync::Arc;

use hallpass::{StoreError, StoreFault as _};
use redis::{Cmd, Value};

use crate::error::OpenError;
use crate::link::{Link, Source, Way};
use crate::options::{RedisOptions, Topology};
use crate::script::Script;
use crate::url;

/// A server itself, for what lies on it besides hallpass's own sessions.
///
/// It is reached as a store is: the same URLs, time limits on every question, and connections that are made anew.
/// A clone is the same one.
#[derive(Clone)]
pub struct RedisServer {
    link: Arc<Link>,
    place: Arc<str>,
    database: i64,
}

/// A script that a server runs in one step.
#[derive(Debug)]
pub struct RedisScript(Script);

impl RedisScript {
    /// Returns the script with this text, in Lua.
    pub fn new(text: &str) -> Self {
        Self(Script::new(text))
    }
}

impl RedisServer {
    /// Connects to the server of these options; their prefix means nothing here.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which server cannot be used, why, and what to do.
    pub async fn connect(options: impl Into<RedisOptions>) -> Result<Self, OpenError> {
        let options = options.into();
        let place = options.place();
        let database = match &options.topology {
            Topology::Single(server) => server.redis_settings().db(),
            Topology::Sentinel(sentinels) => sentinels.node.db(),
            Topology::Cluster(_) | Topology::ClusterClient(_) => 0,
        };
        let link = Link::open(Source::new(&options)?, options.timeout, options.replicas).await;
        let link = link.map_err(|fault| OpenError::new(&place, fault))?;
        Ok(Self { link: Arc::new(link), place: place.into(), database })
    }

    /// Connects to the server that a URL names; see [`RedisOptions::from_url`].
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`OpenError::Url`].
    pub async fn from_url(url: &str) -> Result<Self, OpenError> {
        Self::connect(url::read(url)?).await
    }

    /// Tells whether keys may lie on several servers.
    pub fn is_cluster(&self) -> bool {
        self.link.is_cluster()
    }

    /// Returns the number of the database.
    pub fn database(&self) -> i64 {
        self.database
    }

    /// Asks something that may be put twice.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached in time, or refuses.
    pub async fn ask(&self, command: &Cmd) -> Result<Value, StoreError> {
        self.link.ask(command).await.map_err(|fault| fault.at(&self.place))
    }

    /// Asks several things that may be put twice, in one round trip.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub async fn ask_all(&self, commands: &[Cmd]) -> Result<Vec<Value>, StoreError> {
        self.link.ask_all(commands).await.map_err(|fault| fault.at(&self.place))
    }

    /// Runs a script that only reads.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub async fn read(&self, script: &RedisScript, keys: &[String]) -> Result<Value, StoreError> {
        self.link.run(&script.0, keys, &[], Way::Ask).await.map_err(|fault| fault.at(&self.place))
    }

    /// Runs a script that writes, once.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask). When the answer was lost, it may have been done.
    pub async fn write(
        &self,
        script: &RedisScript,
        keys: &[String],
        arguments: &[Vec<u8>],
    ) -> Result<Value, StoreError> {
        self.link.run(&script.0, keys, arguments, Way::Write).await.map_err(|fault| fault.at(&self.place))
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer").field("place", &self.place).finish_non_exhaustive()
    }
}
