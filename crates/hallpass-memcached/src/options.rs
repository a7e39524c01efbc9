use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::OpenError;
use crate::url::InvalidUrl;

/// Which servers the store is on, and how they are used.
///
/// ```
/// use std::time::Duration;
/// use hallpass_memcached::MemcachedOptions;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = MemcachedOptions::from_url("memcached://app:secret@cache-1.internal,cache-2.internal")?
///     .prefix("shop:")
///     .timeout(Duration::from_millis(500));
/// assert!(!format!("{options:?}").contains("secret"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MemcachedOptions {
    pub(crate) servers: Vec<Server>,
    pub(crate) credentials: Option<Arc<Credentials>>,
    pub(crate) prefix: String,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
}

/// A server by its name, which also decides about the keys that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Who we are to servers that want to know.
pub(crate) struct Credentials {
    user: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// Returns both as the server wants them.
    pub(crate) fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{} {}", self.user, *self.password))
    }

    fn are_good(&self) -> bool {
        // The server takes what stands between spaces.
        let is_good = |text: &str| {
            (1..=255).contains(&text.len()) && !text.chars().any(|letter| letter.is_control() || letter == ' ')
        };
        is_good(&self.user) && is_good(&self.password)
    }
}

impl MemcachedOptions {
    pub(crate) fn new(servers: Vec<Server>) -> Self {
        Self {
            servers,
            credentials: None,
            prefix: "hallpass:".to_owned(),
            timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
        }
    }

    /// Reads the options from a URL: `memcached://USER:PASSWORD@HOST:PORT,HOST:PORT`.
    ///
    /// After a question mark there may be, joined by `&`: `prefix` and `timeout_ms`. The port is 11211 unless it says
    /// otherwise. User and password are written with percent signs where URLs want that, and left out where servers
    /// want none.
    ///
    /// # Errors
    ///
    /// [`InvalidUrl`] says what is wrong, and repeats no password.
    pub fn from_url(url: &str) -> Result<Self, InvalidUrl> {
        crate::url::read(url)
    }

    /// Returns the usual options for these servers, each `HOST` or `HOST:PORT`, in any order.
    ///
    /// # Errors
    ///
    /// [`InvalidUrl`] if one of them cannot be read, or stands there twice.
    pub fn servers<'a>(servers: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidUrl> {
        crate::url::read_servers(servers)
    }

    /// Says who we are, to servers with a file of users (`-Y`).
    ///
    /// # Security
    ///
    /// Both go over the network as they are.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some(Arc::new(Credentials { user: user.into(), password: Zeroizing::new(password.into()) }));
        self
    }

    /// Sets what every key begins with: by default `hallpass:`.
    ///
    /// Stores with different prefixes share servers without seeing each other. At most 64 bytes of printable ASCII
    /// without spaces.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long a load, save, touch or epoch may take, reconnecting included: by default 1 second.
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

    /// Sees that the options can be used.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        if self.prefix.len() > 64 || !self.prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(OpenError::Options("the prefix of keys is at most 64 letters, digits and signs"));
        }
        if self.credentials.as_ref().is_some_and(|credentials| !credentials.are_good()) {
            return Err(OpenError::Options("user and password are 1 to 255 bytes without spaces"));
        }
        Ok(())
    }
}

/// Servers by their addresses: the user and the password stay out.
impl fmt::Debug for MemcachedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.servers.iter().map(|server| &server.name).collect();
        f.debug_struct("MemcachedOptions")
            .field("servers", &names)
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}
