use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::{Client, ConnectionAddr, ConnectionInfo, RedisConnectionInfo};

use crate::url::InvalidUrl;

/// Which server the store is on, and how it is used.
///
/// ```
/// use std::time::Duration;
/// use hallpass_redis::RedisOptions;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = RedisOptions::from_url("rediss://app:secret@redis.internal/0")?
///     .prefix("shop:")
///     .timeout(Duration::from_millis(500));
/// assert!(!format!("{options:?}").contains("secret"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisOptions {
    pub(crate) topology: Topology,
    pub(crate) prefix: String,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) replicas: u32,
    pub(crate) events_per_session: u32,
    pub(crate) events_per_realm: u32,
    pub(crate) certificates: Certificates,
}

/// Which servers there are.
#[derive(Clone)]
pub(crate) enum Topology {
    Single(Box<ConnectionInfo>),
    Sentinel(Sentinels),
    Cluster(Vec<ConnectionInfo>),
    /// A client that the user brought; it does not tell its nodes.
    ClusterClient(Box<ClusterClient>),
}

/// The sentinels, and what they are asked for.
#[derive(Clone)]
pub(crate) struct Sentinels {
    pub(crate) nodes: Vec<ConnectionInfo>,
    pub(crate) name: String,
    /// How to speak to the primary that they name.
    pub(crate) node: RedisConnectionInfo,
    pub(crate) tls: bool,
}

/// PEM files for servers whose certificates the system does not know, or that want one of the client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Certificates {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

impl Certificates {
    pub(crate) fn are_given(&self) -> bool {
        self.ca.is_some() || self.cert.is_some() || self.key.is_some()
    }
}

impl RedisOptions {
    pub(crate) fn new(topology: Topology) -> Self {
        Self {
            topology,
            prefix: "hallpass:".to_owned(),
            timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
            replicas: 0,
            events_per_session: 128,
            events_per_realm: 100_000,
            certificates: Certificates::default(),
        }
    }

    /// Reads the options from a URL.
    ///
    /// | URL | server |
    /// | --- | --- |
    /// | `redis://USER:PASSWORD@HOST:PORT/DATABASE` | one server |
    /// | `redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME/DATABASE` | the primary that sentinels know as NAME |
    /// | `redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT` | a cluster |
    ///
    /// `rediss` instead of `redis` is TLS. After a question mark there may be, joined by `&`: `prefix`, `timeout_ms`,
    /// `replicas`, `events` (of a session), `ca`, `cert` and `key` (PEM files), and `sentinel_user` and
    /// `sentinel_password`. Users and passwords are written with percent signs where URLs want that.
    ///
    /// # Errors
    ///
    /// [`InvalidUrl`] says what is wrong, and repeats no password.
    pub fn from_url(url: &str) -> Result<Self, InvalidUrl> {
        crate::url::read(url)
    }

    /// Returns the usual options for one server.
    pub fn single(server: ConnectionInfo) -> Self {
        Self::new(Topology::Single(Box::new(server)))
    }

    /// Returns the usual options for the primary that sentinels know by this name; the first of them tells the user,
    /// password and database, and whether servers are reached by TLS.
    ///
    /// Sentinels that want a user and password of their own have them in their URLs, and the server's are given here.
    pub fn sentinel(sentinels: Vec<ConnectionInfo>, name: impl Into<String>, node: RedisConnectionInfo) -> Self {
        let tls = sentinels.first().is_some_and(|first| matches!(first.addr(), ConnectionAddr::TcpTls { .. }));
        Self::new(Topology::Sentinel(Sentinels { nodes: sentinels, name: name.into(), node, tls }))
    }

    /// Returns the usual options for a cluster, of which these nodes are known.
    pub fn cluster(nodes: Vec<ConnectionInfo>) -> Self {
        Self::new(Topology::Cluster(nodes))
    }

    /// Sets what every key begins with: by default `hallpass:`.
    ///
    /// Stores with different prefixes share a server without seeing each other. At most 64 bytes of printable ASCII
    /// without braces and spaces.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long a question may take, reconnecting included: by default 1 second.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long it may take to connect: by default 1 second.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how many replicas must have taken a save or a raised epoch before it is acknowledged: by default none.
    ///
    /// With Sentinel or Cluster a write that no replica has is lost when its primary is. A write that is not replicated
    /// in time fails as unavailable: it may or may not last.
    #[must_use]
    pub fn replicas(mut self, replicas: u32) -> Self {
        self.replicas = replicas;
        self
    }

    /// Sets how many events are kept of each session, the latest: by default 128, at least 1.
    #[must_use]
    pub fn events_per_session(mut self, events: u32) -> Self {
        self.events_per_session = events.max(1);
        self
    }

    /// Sets how many events of each realm can be listed without naming a session, the latest: by default 100,000.
    #[must_use]
    pub fn events_per_realm(mut self, events: u32) -> Self {
        self.events_per_realm = events.max(1);
        self
    }

    /// Trusts the authorities in this PEM file, instead of those that the system trusts.
    #[must_use]
    pub fn ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.certificates.ca = Some(file.into());
        self
    }

    /// Shows servers this certificate, in PEM files.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificates.cert = Some(certificate.into());
        self.certificates.key = Some(key.into());
        self
    }

    /// Names the servers, without users and passwords.
    pub(crate) fn place(&self) -> String {
        let list = |nodes: &[ConnectionInfo]| nodes.iter().map(|node| node.addr().to_string()).collect::<Vec<_>>();
        match &self.topology {
            Topology::Single(server) => format!("Redis at {}", server.addr()),
            Topology::Sentinel(Sentinels { nodes, name, .. }) => {
                format!("Redis {name} by the sentinels at {}", list(nodes).join(", "))
            }
            Topology::Cluster(nodes) => format!("Redis Cluster at {}", list(nodes).join(", ")),
            Topology::ClusterClient(_) => "Redis Cluster".to_owned(),
        }
    }

    pub(crate) fn has_good_prefix(&self) -> bool {
        self.prefix.len() <= 64
            && self
                .prefix
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}' | b'*' | b'?' | b'['))
    }
}

impl From<Client> for RedisOptions {
    fn from(client: Client) -> Self {
        Self::single(client.get_connection_info().clone())
    }
}

impl From<ClusterClient> for RedisOptions {
    fn from(client: ClusterClient) -> Self {
        Self::new(Topology::ClusterClient(Box::new(client)))
    }
}

/// Servers by their addresses: users and passwords stay out.
impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("place", &self.place())
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("replicas", &self.replicas)
            .field("events_per_session", &self.events_per_session)
            .field("events_per_realm", &self.events_per_realm)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}
