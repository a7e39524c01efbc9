use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hallpass::{Outcome, Realm, Settings, StoreError, Timestamp};

use super::admins::Admins;
use super::key::{KeyHash, StoredKey};
use super::{ApiKeyInfo, ApiKeySecret, KeyName, Role};
use crate::config::AdminKey;

/// The API keys of a store: made, listed and revoked by name.
///
/// ```
/// use hallpass_server::keys::{ApiKeys, KeyName, Role};
/// use hallpass_server::stores;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let opened = stores::open("memory:").await?;
/// let keys = ApiKeys::new(opened.settings);
/// let now = "2026-01-31T12:00:00Z".parse()?;
/// let (info, secret) = keys.create(KeyName::new("shop")?, Default::default(), Role::App, now).await?;
/// assert!(secret.expose().starts_with("hpk_") && secret.expose().ends_with(&info.last_four));
/// assert_eq!(keys.list().await?, [info]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ApiKeys {
    settings: Arc<dyn Settings>,
}

const PREFIX: &str = "api-key/";
/// The name of the key that an empty store gets first: fixed, so that of two services that start at once one makes it.
pub(super) const FIRST: &str = "first";

/// Why a key was not made or revoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There are as many keys as there can be.
    #[error("there are {} keys already: revoke some that are no longer used", ApiKeys::MOST)]
    TooMany,
    /// There is no key of this name.
    #[error("there is no such key")]
    NotFound,
    /// The realm is the service's own: whoever could make sessions there could be any operator, or take back what
    /// was revoked.
    #[error("this realm is the service's own: choose another")]
    Reserved,
    /// It is the last admin key of the realm `default`, without which nobody could make another.
    #[error("this is the last admin key: make another one first")]
    LastAdmin,
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// The store is away, or what it holds is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeys {
    /// The most keys that a store can have.
    pub const MOST: usize = 1000;

    /// Returns the keys that live in `settings`.
    pub fn new(settings: Arc<dyn Settings>) -> Self {
        Self { settings }
    }

    /// Makes a key, and returns it: nobody can see it again.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooMany`], [`KeyError::Reserved`], [`KeyError::Store`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the key may exist without anybody having it; revoke it by its name.
    pub async fn create(
        &self,
        name: KeyName,
        realm: Realm,
        role: Role,
        now: Timestamp,
    ) -> Result<(ApiKeyInfo, ApiKeySecret), KeyError> {
        if realm.as_str() == crate::dashboard::REALM || realm.is_own() {
            return Err(KeyError::Reserved);
        }
        if self.settings.list(PREFIX).await?.len() >= Self::MOST {
            return Err(KeyError::TooMany);
        }
        loop {
            let secret = made()?;
            let id = random_text::<9>()?;
            let key = stored(&id, secret.expose(), name.clone(), realm.clone(), role, now);
            if self.save(&key).await? == Outcome::Applied {
                if governs_all(&key.info) {
                    self.admins().add(&id).await?;
                }
                return Ok((key.info, secret));
            }
        }
    }

    /// Returns what is known of every key, in the order of their making.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if the store is away.
    pub async fn list(&self) -> Result<Vec<ApiKeyInfo>, StoreError> {
        let mut keys: Vec<_> = self.load().await?.into_iter().map(|key| key.info).collect();
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    /// Revokes a key: this process refuses it at once, others on the same store within a second.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotFound`], [`KeyError::LastAdmin`], [`KeyError::Store`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the key is revoked or not.
    pub async fn revoke(&self, id: &str) -> Result<ApiKeyInfo, KeyError> {
        let keys = self.load().await?;
        let key = keys.into_iter().find(|key| key.info.id == id).ok_or(KeyError::NotFound)?;
        if governs_all(&key.info) && !self.admins().take_out(id, || self.that_govern_all()).await? {
            return Err(KeyError::LastAdmin);
        }
        let present = self.settings.load(&setting(id)).await?.ok_or(KeyError::NotFound)?;
        match self.settings.remove(&setting(id), &present).await? {
            Outcome::Applied => Ok(key.info),
            Outcome::Conflict => Err(KeyError::NotFound),
        }
    }

    fn admins(&self) -> Admins<'_> {
        Admins::new(&*self.settings)
    }

    async fn that_govern_all(&self) -> Result<Vec<String>, StoreError> {
        let keys = self.load().await?;
        Ok(keys.into_iter().filter(|key| governs_all(&key.info)).map(|key| key.info.id).collect())
    }

    /// Makes the first admin key of a store without keys, or takes the one that the operator chose.
    ///
    /// Returns what is known of the key if there is one now that was not, and the key itself if it was made here.
    pub(crate) async fn make_first(
        &self,
        chosen: Option<&AdminKey>,
        now: Timestamp,
    ) -> Result<Option<(ApiKeyInfo, Option<ApiKeySecret>)>, KeyError> {
        let keys = self.load().await?;
        if let Some(chosen) = chosen.filter(|_| !keys.is_empty()) {
            let hash = KeyHash::of(chosen.expose());
            if !keys.iter().any(|key| key.hash.matches(&hash)) {
                tracing::warn!("HALLPASS_ADMIN_KEY is not used: this store has keys already, and it is none of them");
            }
        }
        if !keys.is_empty() {
            return Ok(None);
        }
        let secret = match chosen {
            Some(chosen) => ApiKeySecret::new(chosen.expose()),
            None => made()?,
        };
        let name = KeyName::new("first admin").map_err(StoreError::corrupt)?;
        let key = stored(FIRST, secret.expose(), name, Realm::default(), Role::Admin, now);
        let outcome = self.save(&key).await?;
        Ok((outcome == Outcome::Applied).then(|| (key.info, chosen.is_none().then_some(secret))))
    }

    /// Returns every key that can be read; a damaged one locks out its own holder and nobody else.
    pub(super) async fn load(&self) -> Result<Vec<StoredKey>, StoreError> {
        let settings = self.settings.list(PREFIX).await?;
        let read = |(name, bytes): (String, Bytes)| {
            let id = name.strip_prefix(PREFIX)?;
            let key = StoredKey::from_bytes(id, &bytes);
            key.map_err(|error| tracing::error!(id, error = %error, "an API key in the store is damaged")).ok()
        };
        Ok(settings.into_iter().filter_map(read).collect())
    }

    async fn save(&self, key: &StoredKey) -> Result<Outcome, StoreError> {
        self.settings.save(&setting(&key.info.id), &key.to_bytes()?, None).await
    }
}

/// Tells whether a key can make keys of every realm: those of another realm can be made again by such a one.
fn governs_all(key: &ApiKeyInfo) -> bool {
    key.role == Role::Admin && key.realm == Realm::default()
}

pub(super) fn setting(id: &str) -> String {
    format!("{PREFIX}{id}")
}

fn stored(id: &str, secret: &str, name: KeyName, realm: Realm, role: Role, now: Timestamp) -> StoredKey {
    let last_four = secret.get(secret.len() - 4..).unwrap_or_default().to_owned();
    let info = ApiKeyInfo { id: id.to_owned(), name, realm, role, created_at: now, last_four };
    StoredKey { info, hash: KeyHash::of(secret) }
}

/// Returns a new key: 256 random bits, so that a plain fast hash of it cannot be searched.
fn made() -> Result<ApiKeySecret, KeyError> {
    let text = zeroize::Zeroizing::new(random_text::<32>()?);
    Ok(ApiKeySecret::new(format!("hpk_{}", *text)))
}

fn random_text<const N: usize>() -> Result<String, KeyError> {
    let mut bytes = zeroize::Zeroizing::new([0; N]);
    rand::fill(&mut *bytes).map_err(|_| KeyError::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes))
}
