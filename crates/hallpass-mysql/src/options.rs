use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use hallpass_sql::Usage;
use mysql_async::{Opts, Pool};

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
    pub(crate) way: Way,
    pub(crate) usage: Usage,
}

/// How there come to be connections.
#[derive(Clone)]
pub(crate) enum Way {
    /// The store makes them.
    Own(Opts, Encryption),
    /// They come from the user's pool.
    Pool(Pool),
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

    /// Sets how many connections there are at the most: by default 16. A user's own pool has its own limit.
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

    /// Returns how the server is named in errors: without a password. The driver's pool does not tell where it leads.
    pub(crate) fn server(&self) -> String {
        match &self.way {
            Way::Own(opts, _) => place(opts),
            Way::Pool(_) => "mysql://(the pool that was given)".to_owned(),
        }
    }
}

/// Names a server without a password.
pub(crate) fn place(opts: &Opts) -> String {
    let place = match opts.socket() {
        Some(socket) => socket.to_owned(),
        None => format!("{}:{}", opts.ip_or_hostname(), opts.tcp_port()),
    };
    format!("mysql://{place}/{}", opts.db_name().unwrap_or_default())
}

/// The user's own settings, taken as they are; encryption too. Of the pool only what is not set here is kept.
impl From<Opts> for MysqlOptions {
    fn from(opts: Opts) -> Self {
        Self { way: Way::Own(opts, Encryption::AsGiven), usage: Usage::with_connections(CONNECTIONS) }
    }
}

/// The user's own pool, which others may use as well.
///
/// It has to be made with `client_found_rows(true)`, and to reset connections, as it does by itself: the store says at the
/// beginning of each call what it needs, and nobody else is to find that. This costs a call two round trips more than a
/// connection of the store's own.
///
/// ```no_run
/// use hallpass_mysql::MysqlStore;
/// use hallpass_mysql::mysql_async::{Opts, OptsBuilder, Pool};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let opts = Opts::from_url("mysql://shop:password@db.internal/shop")?;
/// let pool = Pool::new(OptsBuilder::from_opts(opts).client_found_rows(true));
/// let store = MysqlStore::open(pool.clone()).await?;
/// # Ok(()) }
/// ```
///
/// # Security
///
/// Whether connections are encrypted, and whom they believe, is up to the pool.
impl From<Pool> for MysqlOptions {
    fn from(pool: Pool) -> Self {
        Self { way: Way::Pool(pool), usage: Usage::with_connections(CONNECTIONS) }
    }
}

/// The driver's settings show their password.
impl fmt::Debug for MysqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlOptions")
            .field("server", &self.server())
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}
