use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use hallpass::{
    InvalidKey, InvalidKeyRing, Jwt, Key, KeyAlgorithm, KeyRing, Rotation, SealingKeys, Settings, StoreError,
    StoredKeys, Timestamp,
};
use zeroize::Zeroizing;

use crate::config::{Config, Tokens};
use crate::stores::{KeyFileError, sealing_keys};

/// The keys that tokens are signed or sealed with.
#[derive(Debug)]
pub(crate) enum TokenKeys {
    /// Those that were given.
    Given(KeyRing),
    /// Those that are made here, and take turns.
    Stored(Box<StoredKeys>),
}

/// Why there are no keys for tokens: says which file, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenKeyError {
    /// A file is no key pair.
    #[error("{}: this file cannot be used as signing key ({source}); make one with: openssl genpkey -algorithm ed25519 -out signing-key.pem", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The pairs do not belong together.
    #[error("signing_key_files: {0}")]
    Ring(#[from] InvalidKeyRing),
    /// The key from the environment is none.
    #[error("HALLPASS_SIGNING_KEY: {0}")]
    Variable(#[from] InvalidKey),
    /// The key that others are sealed under cannot be read.
    #[error(transparent)]
    Sealing(#[from] KeyFileError),
    /// The keys in the store cannot be read.
    #[error(
        "the keys in the store cannot be used: {0}; `sealing_key_files` has to name the key that they were sealed under"
    )]
    Sealed(StoreError),
    /// The store is away.
    #[error("the keys in the store cannot be read or made: {0}")]
    Store(StoreError),
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
}

impl TokenKeys {
    pub(super) async fn open(
        config: &Config,
        settings: Arc<dyn Settings>,
        now: Timestamp,
    ) -> Result<Self, TokenKeyError> {
        if config.tokens == Tokens::Jwt
            && let Some(given) = given(config)?
        {
            return Ok(Self::Given(given));
        }
        let sealing = match sealing_keys(config)? {
            Some(keys) => keys,
            None => for_memory()?,
        };
        let algorithm = match config.tokens {
            Tokens::Sealed => KeyAlgorithm::Sealing,
            _ => config.jwt.algorithm.unwrap_or_default().into(),
        };
        let opened = StoredKeys::open(settings, sealing, algorithm, config.rotation(), now).await;
        match opened {
            Ok(keys) => Ok(Self::Stored(Box::new(keys))),
            Err(error) if error.is_corrupt() => Err(TokenKeyError::Sealed(error)),
            Err(error) => Err(TokenKeyError::Store(error)),
        }
    }

    pub(super) fn ring(&self) -> &KeyRing {
        match self {
            Self::Given(ring) => ring,
            Self::Stored(keys) => keys.ring(),
        }
    }
}

/// Returns the ring of the pairs that were given: of those that sign at the same time, the last one of a ring does.
fn given(config: &Config) -> Result<Option<KeyRing>, TokenKeyError> {
    let mut keys = Vec::new();
    keys.extend(config.signing_key.as_ref().map(crate::config::SigningKey::key).transpose()?);
    for path in &config.signing_key_files.0 {
        keys.push(pair(path)?);
    }
    keys.reverse();
    if keys.is_empty() { Ok(None) } else { Ok(Some(KeyRing::new(keys)?)) }
}

fn pair(path: &Path) -> Result<Key, TokenKeyError> {
    let wrong = |source| TokenKeyError::File { path: path.to_owned(), source };
    let pem = fs::read_to_string(path).map(Zeroizing::new).map_err(|error| wrong(error.into()))?;
    Key::from_pem(&pem).map_err(|error| wrong(error.into()))
}

/// Returns what seals keys that are in memory anyway, and gone with it.
fn for_memory() -> Result<SealingKeys, TokenKeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::fill(&mut *bytes).map_err(|_| TokenKeyError::NoRandomness)?;
    SealingKeys::new(&*bytes).map_err(|_| TokenKeyError::NoRandomness)
}

impl Config {
    /// The longest time between two looks for keys that other nodes made or took away.
    pub(super) const KEYS_SEEN_WITHIN: Duration = Duration::from_secs(2);

    /// Returns how often the keys are looked at.
    pub(super) fn key_interval(&self) -> Duration {
        Self::KEYS_SEEN_WITHIN.min(Duration::from_secs(self.key_rotation) / 4)
    }

    /// Returns when keys take turns: each is published so early that, when it signs, whoever read the keys of a node that
    /// did not know it yet has read them again (`JWT-13`).
    pub(crate) fn rotation(&self) -> Rotation {
        let leeway = if self.jwt.max_age == 0 { Duration::ZERO } else { Jwt::LEEWAY };
        let (ahead, keep) = match self.tokens {
            Tokens::Sealed => (Duration::ZERO, self.longest_life()),
            _ => (self.jwt.max_age() + leeway, self.jwt.lifetime()),
        };
        Rotation {
            every: Duration::from_secs(self.key_rotation),
            ahead: ahead + 2 * self.key_interval(),
            keep: keep + Jwt::LEEWAY + 2 * self.key_interval(),
        }
    }

    /// Returns how many keys there are at the most.
    pub(crate) fn keys_at_once(&self) -> u64 {
        let Rotation { every, ahead, keep } = self.rotation();
        (ahead + keep).as_secs() / every.as_secs().max(1) + 2
    }

    fn longest_life(&self) -> Duration {
        let policies = self.policies().unwrap_or_default();
        policies.iter().map(|(_, policy)| policy.absolute()).max().unwrap_or_default()
    }
}
