use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use hallpass_sql::Usage;
use mysql_async::Opts;

/// Where the store is and how it is used.
///
/// ```
/// use std::time::Duration;
/// use hallpass_mysql::MysqlOptions;
/// use hallpass_mysql::mysql_async::{Opts, OptsBuilder};
///
/// let opts = OptsBuilder::default().socket(Some("/run/mysqld/mysqld.sock")).user(Some("hallpass")).db_name(Some("hallpass"));
/// let options = MysqlOptions::from(Opts::from(opts)).timeout(Duration::from_secs(1));
/// # drop(options);
/// ```
#[derive(Clone)]
pub struct MysqlOptions {
    pub(crate) opts: Opts,
    pub(crate) encryption: Encryption,
    pub(crate) usage: Usage,
}

/// Whether connections are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// As the driver's own settings say.
    AsGiven,
    /// Always; with the authorities in this file, or the usual ones.
    Required(Option<PathBuf>),
}

/// A connection serves one call at a time: as many as keep a server of eight processors busy.
const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");

impl MysqlOptions {
    /// Tells whether missing tables are created: by default they are.
    ///
    /// A tool that looks at a store should not make one by a slip of the pen.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.usage.create = create;
        self
    }

    /// Sets how many connections there are at the most: by default 16.
    #[must_use]
    pub fn connections(mut self, connections: NonZeroUsize) -> Self {
        self.usage.connections = connections;
        self
    }

    /// Sets how long a call may take, waiting for a connection included: by default 3 seconds.
    ///
    /// The server is told to give up a statement a little earlier.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.usage.timeout = timeout;
        self
    }

    /// Returns how the server is named in errors: without a password.
    pub(crate) fn server(&self) -> String {
        let place = match self.opts.socket() {
            Some(socket) => socket.to_owned(),
            None => format!("{}:{}", self.opts.ip_or_hostname(), self.opts.tcp_port()),
        };
        format!("mysql://{place}/{}", self.opts.db_name().unwrap_or_default())
    }
}

/// The user's own settings, taken as they are; encryption too. Of the pool only what is not set here is kept.
impl From<Opts> for MysqlOptions {
    fn from(opts: Opts) -> Self {
        Self { opts, encryption: Encryption::AsGiven, usage: Usage::with_connections(CONNECTIONS) }
    }
}

/// The driver's settings show their password.
impl fmt::Debug for MysqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlOptions")
            .field("server", &self.server())
            .field("encryption", &self.encryption)
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}
