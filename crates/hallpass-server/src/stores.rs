//! The stores that the service knows, by their URLs: the one place to add another.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use hallpass::{Encrypted, MemorySettings, MemoryStore, SealingKeys, Settings, Store, Tiered};
use hallpass_sqlite::SqliteStore;

use crate::Config;
#[cfg(feature = "memcached")]
use crate::keys::NoSettings;

/// A store, and the home of what is not a session, behind one URL.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where records live.
    pub store: Arc<dyn Store>,
    /// Where API keys live.
    pub settings: Arc<dyn Settings>,
}

impl Opened {
    /// Seals what the store is to keep, if there are keys for it.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] if a file cannot be read, or has no key in it.
    pub fn sealed(self, config: &Config) -> Result<Self, KeyFileError> {
        let Some(keys) = sealing_keys(config)? else { return Ok(self) };
        let sealed = Encrypted::new(self.store, keys);
        let sealed = if config.danger_unsealed { sealed.danger_accepting_plain() } else { sealed };
        Ok(Self { store: Arc::new(sealed), ..self })
    }
}

/// Returns a cache before a store that tells of its changes, if one is asked for.
pub(crate) fn cache(store: &Arc<dyn Store>, config: &Config) -> Option<Arc<Tiered<Arc<dyn Store>>>> {
    let bytes = NonZeroUsize::new(config.cache << 20)?;
    if !store.capabilities().changes {
        tracing::warn!("this store tells of no changes, so `cache` is left out: every question goes to the store");
        return None;
    }
    Some(Arc::new(Tiered::with_bytes(Arc::clone(store), bytes)))
}

/// Reads the keys that records, and keys for tokens, are sealed under.
pub(crate) fn sealing_keys(config: &Config) -> Result<Option<SealingKeys>, KeyFileError> {
    let mut keys: Option<SealingKeys> = None;
    for path in &config.sealing_key_files.0 {
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| KeyFileError { path: path.clone(), source };
        let key = std::fs::read(path).map_err(|error| wrong(error.into()))?;
        let added = match keys {
            None => SealingKeys::new(&key),
            Some(keys) => keys.with_older(&key),
        };
        keys = Some(added.map_err(|error| wrong(error.into()))?);
    }
    Ok(keys)
}

/// The error of a file that is to hold a sealing key; says which, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}: this file cannot be used as sealing key ({source}); make one with: openssl rand -out sealing-key 32", path.display())]
pub struct KeyFileError {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The error of opening a store; says which, and what to do.
#[derive(Debug)]
pub struct OpenError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl OpenError {
    fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { message: source.to_string(), source: Some(source.into()) }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // What it says itself is the message already.
        self.source.as_deref().and_then(std::error::Error::source)
    }
}

/// What a store's URL can look like.
const KINDS: &[&str] = &[
    #[cfg(feature = "dynamodb")]
    "dynamodb://REGION/TABLE",
    "memory:",
    "sqlite:FILE",
    #[cfg(feature = "memcached")]
    "memcached://HOST",
    #[cfg(feature = "mysql")]
    "mysql://HOST/DATABASE",
    #[cfg(feature = "postgres")]
    "postgres://HOST/DATABASE",
    #[cfg(feature = "redis")]
    "redis://HOST",
];

/// The kinds of store that there are.
#[derive(Clone, Copy)]
enum Kind {
    #[cfg(feature = "dynamodb")]
    Dynamodb,
    #[cfg(feature = "memcached")]
    Memcached,
    Memory,
    #[cfg(feature = "mysql")]
    Mysql,
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "redis")]
    Redis,
    Sqlite,
}

/// The schemes of URLs that name servers of Redis or Valkey.
#[cfg(feature = "redis")]
const REDIS: [&str; 12] = [
    "redis",
    "redis+cluster",
    "redis+sentinel",
    "rediss",
    "rediss+cluster",
    "rediss+sentinel",
    "valkey",
    "valkey+cluster",
    "valkey+sentinel",
    "valkeys",
    "valkeys+cluster",
    "valkeys+sentinel",
];

impl Kind {
    fn of(url: &str) -> Result<Self, OpenError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            #[cfg(feature = "dynamodb")]
            Some("dynamodb") => {
                hallpass_dynamodb::DynamoDbOptions::from_url(url).map_err(OpenError::new)?;
                Ok(Self::Dynamodb)
            }
            #[cfg(feature = "memcached")]
            Some("memcached") => {
                hallpass_memcached::MemcachedOptions::from_url(url).map_err(OpenError::new)?;
                Ok(Self::Memcached)
            }
            Some("memory") if url == "memory:" => Ok(Self::Memory),
            #[cfg(feature = "mysql")]
            Some("mysql" | "mariadb") => Ok(Self::Mysql),
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            #[cfg(feature = "redis")]
            Some(scheme) if REDIS.contains(&scheme) => {
                hallpass_redis::RedisOptions::from_url(url).map_err(OpenError::new)?;
                Ok(Self::Redis)
            }
            Some("sqlite") => Ok(Self::Sqlite),
            _ => Err(OpenError {
                // A URL may hold a password: no more of it than the scheme is repeated.
                message: format!(
                    "no store is named {}...; there are {}",
                    url.split(':').next().unwrap_or_default(),
                    KINDS.join(", ")
                ),
                source: None,
            }),
        }
    }
}

/// Says whether a URL names a kind of store that there is, without opening it.
///
/// # Errors
///
/// [`OpenError`] if it does not.
pub fn check(url: &str) -> Result<(), OpenError> {
    Kind::of(url).map(drop)
}

/// Tells whether the store with this URL remembers settings, API keys above all.
pub(crate) fn keeps_settings(url: &str) -> bool {
    !url.starts_with("memcached:")
}

/// Opens the store with this URL: `memory:`, which forgets everything when the process ends, `sqlite:FILE`,
/// `postgres://...` (feature `postgres`), `mysql://...` (feature `mysql`), `redis://HOST` and what else
/// `hallpass_redis::RedisOptions` reads (feature `redis`), `dynamodb://REGION/TABLE` (feature `dynamodb`), or
/// `memcached://HOST,HOST` (feature `memcached`), which has no settings: whoever asks for some is told that this is unsupported.
///
/// # Errors
///
/// [`OpenError`] if there is no such kind of store, or it cannot be opened.
pub async fn open(url: &str) -> Result<Opened, OpenError> {
    match Kind::of(url)? {
        #[cfg(feature = "dynamodb")]
        Kind::Dynamodb => {
            let store = hallpass_dynamodb::DynamoDbStore::from_url(url).await.map_err(OpenError::new)?;
            Ok(Opened { settings: Arc::new(store.settings()), store: Arc::new(store) })
        }
        #[cfg(feature = "memcached")]
        Kind::Memcached => {
            let store = hallpass_memcached::MemcachedStore::from_url(url).await.map_err(OpenError::new)?;
            Ok(Opened { settings: Arc::new(NoSettings), store: Arc::new(store) })
        }
        Kind::Memory => {
            Ok(Opened { store: Arc::new(MemoryStore::new()), settings: Arc::new(MemorySettings::default()) })
        }
        #[cfg(feature = "mysql")]
        Kind::Mysql => {
            let store = hallpass_mysql::MysqlStore::from_url(url).await.map_err(OpenError::new)?;
            Ok(Opened { settings: Arc::new(store.settings()), store: Arc::new(store) })
        }
        #[cfg(feature = "postgres")]
        Kind::Postgres => {
            let store = hallpass_postgres::PostgresStore::from_url(url).await.map_err(OpenError::new)?;
            Ok(Opened { settings: Arc::new(store.settings()), store: Arc::new(store) })
        }
        #[cfg(feature = "redis")]
        Kind::Redis => {
            let store = hallpass_redis::RedisStore::from_url(url).await.map_err(OpenError::new)?;
            Ok(Opened { settings: Arc::new(store.settings()), store: Arc::new(store) })
        }
        Kind::Sqlite => {
            let url = url.to_owned();
            // Opening reads the file, and waits for whoever has it locked.
            let opened = tokio::task::spawn_blocking(move || SqliteStore::from_url(&url)).await;
            let store = opened.map_err(OpenError::new)?.map_err(OpenError::new)?;
            Ok(Opened { settings: Arc::new(store.settings()), store: Arc::new(store) })
        }
    }
}
