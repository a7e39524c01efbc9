use std::num::NonZeroUsize;
use std::time::Duration;

use hallpass_sql::{Usage, is_this_machine};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

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
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    pub(crate) usage: Usage,
}

impl PostgresOptions {
    /// Tells whether a missing schema is created: by default it is.
    ///
    /// A tool that looks at a store should not make one by a slip of the pen.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.usage.create = create;
        self
    }

    /// Sets over how many connections all calls are spread: by default 8, and one more while somebody listens to
    /// changes.
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

    /// Sets how encrypted connections are made; by default the system's certificate authorities are trusted.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, config: rustls::ClientConfig) -> Self {
        self.tls = Tls::of(config);
        self
    }

    /// Returns how the server is named in errors: without a password.
    pub(crate) fn server(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = self.config.get_ports().first().map_or_else(String::new, |port| format!(":{port}"));
        let name = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        format!("postgres://{host}{port}/{name}")
    }
}

/// The user's own settings, taken as they are; the mode of encryption too.
impl From<Config> for PostgresOptions {
    fn from(mut config: Config) -> Self {
        if config.get_application_name().is_none() {
            config.application_name("hallpass");
        }
        Self { config, tls: Tls::default(), usage: Usage::with_connections(CONNECTIONS) }
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
