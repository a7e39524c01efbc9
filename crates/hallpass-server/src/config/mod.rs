//! What the service can be told, and where it may be told it.

mod admin_key;
mod audit;
mod check;
mod cookie;
mod demand;
mod deviation;
mod forward_auth;
mod jwt;
mod layers;
mod limits;
mod paths;
mod policy;
mod preset;
mod route_rule;
mod setting;
mod signing_key;
mod tls;
mod validate;
mod webhook;
mod words;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use hallpass::{Profile, SessionsBuilder};
use serde::{Deserialize, Serialize};

pub use self::admin_key::{AdminKey, InvalidAdminKey};
pub use self::audit::AuditConfig;
pub use self::check::Finding;
pub use self::cookie::{CookieConfig, SameSiteConfig};
pub use self::demand::{Demand, Found, Rule, Strength, Value};
pub use self::deviation::{Deviation, InForce};
pub use self::forward_auth::{ForwardAuthConfig, IdentityHeaders, Unmatched};
pub use self::jwt::{JwtConfig, SigningAlgorithm};
pub use self::layers::{ConfigError, ConfigFile};
pub use self::limits::Limits;
pub use self::paths::Paths;
pub use self::policy::{OverflowConfig, PolicyConfig};
pub use self::preset::Preset;
pub use self::route_rule::{Access, RouteRule};
pub use self::setting::{Setting, SettingKind};
pub use self::signing_key::SigningKey;
pub use self::tls::TlsConfig;
pub use self::webhook::WebhookConfig;
pub use self::words::Words;

/// Everything that the service can be told: by flags, by `HALLPASS_*` variables and by `hallpass.toml`, in that order
/// of strength; see [`Config::layered`].
///
/// ```
/// use hallpass_server::Config;
///
/// let config = Config::parse("listen = '127.0.0.1:8080'\n[policy]\nidle = 900\n")?;
/// assert_eq!(config.listen.port(), 8080);
/// assert_eq!(config.policy.idle, Some(900));
/// assert!(Config::parse("lisen = '127.0.0.1:8080'").is_err(), "an unknown key is an error");
/// # Ok::<(), hallpass_server::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the service listens; `127.0.0.1:7070` if nobody says. Port 0 picks one.
    ///
    /// # Security
    ///
    /// Without [`tls`](Config::tls) the service speaks plain HTTP. Another address than loopback is then for a private
    /// network, or behind a proxy with TLS.
    pub listen: SocketAddr,
    /// Where `/metrics` and everything that is not for applications is served, and then only there; on
    /// [`listen`](Config::listen) if nobody says.
    pub admin_listen: Option<SocketAddr>,
    /// Where sessions live, as a URL: `memory:`, `sqlite:FILE`, `postgres://HOST/DATABASE`, `mysql://HOST/DATABASE`,
    /// `redis://HOST`, `memcached://HOST,HOST` or `dynamodb://REGION/TABLE`; `sqlite:hallpass.db` if nobody says.
    pub store: String,
    /// The policy of sessions that name no profile, by the name of a preset.
    pub profile: Preset,
    /// Which self-contained tokens go with a session.
    pub tokens: Tokens,
    /// Whether the demo is served under `/demo`.
    pub demo: bool,
    /// Whether operators have a dashboard under `/dashboard`; `true` if nobody says.
    pub dashboard: bool,
    /// The most bytes of JSON that the data of a session may have: 1,024 to 1,048,576; 65,536 if nobody says.
    pub data_limit: usize,
    /// How many seconds pass between two sweeps: 1 to 3,600; 60 if nobody says.
    pub sweep_interval: u64,
    /// The file with the pepper: at least 32 random bytes that the store never sees.
    pub pepper_file: Option<PathBuf>,
    /// The files with the keys that attributes and clients are sealed under before the store sees them, 32 random bytes
    /// each: the first seals, all open. Nothing is sealed if there are none.
    pub sealing_key_files: Paths,
    /// The files with the key pairs that tokens are signed with, PKCS#8 in PEM: the first signs, all verify. If there are
    /// none, pairs are made here, kept in the store under [`sealing_key_files`](Config::sealing_key_files), and take turns.
    pub signing_key_files: Paths,
    /// How many seconds a key that was made here signs or seals tokens before the next one does: 1 to 31,536,000; 30 days
    /// if nobody says.
    pub key_rotation: u64,
    /// Whether records are read that were saved before sealing began.
    ///
    /// # Security
    ///
    /// Until none of them is left, and no longer: see `Encrypted::danger_accepting_plain`.
    pub danger_unsealed: bool,
    /// How many MiB of records are copied into memory before a store that others share: 0 to 65,536; none if nobody
    /// says. What ends elsewhere is then let in for up to a second and a half more.
    pub cache: usize,
    /// The first admin key of an empty store, instead of one that is made; only from `HALLPASS_ADMIN_KEY`.
    #[serde(skip)]
    pub admin_key: Option<AdminKey>,
    /// The key pair that signs, before all files; only from `HALLPASS_SIGNING_KEY`.
    #[serde(skip)]
    pub signing_key: Option<SigningKey>,
    /// What the policy of sessions that name no profile changes of its preset.
    pub policy: PolicyConfig,
    /// Further policies, by the profile that sessions name.
    pub profiles: BTreeMap<Profile, PolicyConfig>,
    /// The cookie that answers with a token suggest.
    pub cookie: CookieConfig,
    /// The tokens that go with [`Tokens::Jwt`].
    pub jwt: JwtConfig,
    /// Whom proxies let in, and how they are told.
    pub forward_auth: ForwardAuthConfig,
    /// The audit trail.
    pub audit: AuditConfig,
    /// How much is done at once, and for how long.
    pub limits: Limits,
    /// The certificate of the service.
    pub tls: TlsConfig,
    /// Where events are sent as they happen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<WebhookConfig>,
}

/// Which self-contained tokens go with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Tokens {
    /// None: every token points at its record.
    #[default]
    None,
    /// A short-lived JWT beside the token that points, which renews it.
    Jwt,
    /// A sealed cookie in place of the token that points: sessions live with their clients.
    Sealed,
}

impl Config {
    /// What a configuration file is called if nobody says.
    pub const FILE: &'static str = "hallpass.toml";
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7070)),
            admin_listen: None,
            store: "sqlite:hallpass.db".to_owned(),
            profile: Preset::default(),
            tokens: Tokens::default(),
            demo: false,
            dashboard: true,
            data_limit: SessionsBuilder::DEFAULT_DATA_LIMIT,
            sweep_interval: 60,
            pepper_file: None,
            sealing_key_files: Paths::default(),
            signing_key_files: Paths::default(),
            key_rotation: 30 * 24 * 3600,
            danger_unsealed: false,
            cache: 0,
            admin_key: None,
            signing_key: None,
            policy: PolicyConfig::default(),
            profiles: BTreeMap::new(),
            cookie: CookieConfig::default(),
            jwt: JwtConfig::default(),
            forward_auth: ForwardAuthConfig::default(),
            audit: AuditConfig::default(),
            limits: Limits::default(),
            tls: TlsConfig::default(),
            webhooks: Vec::new(),
        }
    }
}
