use std::error::Error;
use std::num::NonZeroUsize;
use std::time::Duration;

use hallpass_sql::{Usage, is_this_machine};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::given::{Connect, PostgresConnection};
use crate::tls::Tls;

/// As many as made no query wait for another in measurements: fewer are as fast, and less even.
const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

/// Where the store is and how it is used.
///
/// ```
/// use std::time::Duration;
/// use hallpass_postgres::PostgresOptions;
/// use hallpass_postgres::tokio_postgres::Config;
///
/// let mut config = Config::new();
/// config.host("/run/postgresql").user("hallpass").dbname("hallpass");
/// let options = PostgresOptions::from(config).timeout(Duration::from_secs(1));
/// # drop(options);
/// ```
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    pub(crate) way: Way,
    pub(crate) tls: Tls,
    pub(crate) usage: Usage,
}

/// How there come to be connections.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// The store makes them.
    Config(Box<Config>),
    /// The user makes them: those for calls, and the one on which news is heard, if that is another.
    Given { server: String, calls: Connect, news: Option<Connect> },
}

/// Those of a pool are kept from others, and each carries many questions at once.
const GIVEN: NonZeroUsize = NonZeroUsize::new(4).expect("not zero");

impl PostgresOptions {
    /// Returns options for a store whose connections are made by `connect`: by the driver with encryption or passwords of
    /// your own, or by a pool. `server` names the server in errors.
    ///
    /// The store keeps each connection for as long as it works, and has 4 of them unless [`connections`](Self::connections)
    /// says otherwise: a pool has to have more than that for others to have some, and their sum is what it limits. What is
    /// connected to must be the same database each time. `connect` has the time of a call.
    ///
    /// ```no_run
    /// use hallpass_postgres::tokio_postgres::{Config, NoTls};
    /// use hallpass_postgres::{PostgresConnection, PostgresOptions, PostgresStore};
    ///
    /// # async fn token() -> String { String::new() }
    /// # async fn example(pool: deadpool_postgres::Pool) -> Result<(), Box<dyn std::error::Error>> {
    /// // A password that is good for minutes.
    /// let options = PostgresOptions::with_connections("postgres://db.internal/shop", || async {
    ///     let mut config = Config::new();
    ///     config.host("db.internal").dbname("shop").user("hallpass").password(token().await);
    ///     config.connect(NoTls).await
    /// });
    /// let store = PostgresStore::open(options).await?;
    ///
    /// // A pool of deadpool-postgres.
    /// let options = PostgresOptions::with_connections("postgres://db.internal/shop", move || {
    ///     let pool = pool.clone();
    ///     async move { pool.get().await.map(|client| PostgresConnection::lent(client, |client| client)) }
    /// });
    /// let store = PostgresStore::open(options).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Security
    ///
    /// Whether they are encrypted, and whom they believe, is up to `connect`.
    pub fn with_connections<F, R, C, E>(server: impl Into<String>, connect: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, E>> + Send + 'static,
        C: Into<PostgresConnection>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let way = Way::Given { server: server.into(), calls: Connect::new(connect), news: None };
        Self { way, tls: Tls::default(), usage: Usage::with_connections(GIVEN) }
    }

    /// Sets how the connection is made on which news is heard, where those for calls come from a pool.
    ///
    /// A pool keeps to itself what the server tells by itself, so without this a store on a pool has no feed of changes.
    /// It has no effect where the store makes its connections.
    #[must_use]
    pub fn hearing<F, R, C, E>(mut self, connect: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, E>> + Send + 'static,
        C: Into<PostgresConnection>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        if let Way::Given { news, .. } = &mut self.way {
            *news = Some(Connect::new(connect));
        }
        self
    }

    /// Tells whether a missing schema is created: by default it is.
    ///
    /// A tool that looks at a store should not make one by a slip of the pen.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.usage.create = create;
        self
    }

    /// Sets over how many connections all calls are spread: by default 8, or 4 of a user's own, and one more while
    /// somebody listens to changes.
    ///
    /// Each carries many questions at once, so there is no pool to be exhausted.
    #[must_use]
    pub fn connections(mut self, connections: NonZeroUsize) -> Self {
        self.usage.connections = connections;
        self
    }

    /// Sets how long a call may take, connecting included: by default 3 seconds.
    ///
    /// The server is told to give up a statement a little earlier.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.usage.timeout = timeout;
        self
    }

    /// Sets how encrypted connections are made; by default the system's certificate authorities are trusted. It has no
    /// effect on connections of a user's own.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, config: rustls::ClientConfig) -> Self {
        self.tls = Tls::of(config);
        self
    }

    /// Returns how the server is named in errors: without a password.
    pub(crate) fn server(&self) -> String {
        let config = match &self.way {
            Way::Config(config) => config,
            Way::Given { server, .. } => return server.clone(),
        };
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = config.get_ports().first().map_or_else(String::new, |port| format!(":{port}"));
        let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
        format!("postgres://{host}{port}/{name}")
    }
}

/// The user's own settings, taken as they are; the mode of encryption too.
impl From<Config> for PostgresOptions {
    fn from(mut config: Config) -> Self {
        if config.get_application_name().is_none() {
            config.application_name("hallpass");
        }
        let way = Way::Config(Box::new(config));
        Self { way, tls: Tls::default(), usage: Usage::with_connections(CONNECTIONS) }
    }
}

/// Sets what encryption there is if nobody says: none within this machine, and always elsewhere.
pub(crate) fn usual_encryption(config: &mut Config) {
    let is_local = |host: &Host| match host {
        Host::Tcp(name) => is_this_machine(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let mode = if config.get_hosts().iter().all(is_local) { SslMode::Disable } else { SslMode::Require };
    config.ssl_mode(mode);
}
