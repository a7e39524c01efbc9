use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::{
    Caller, Event, EventKind, KeyId, KeyRing, KeyState, Note, Realm, Settings, StoreError, StoredKey, StoredKeys,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TokenKeyError;
use super::keys::TokenKeys;
use super::node_keys::NodeKeys;
use crate::config::{Config, Tokens};

/// The keys that self-contained tokens are signed or sealed with, as an operator manages them. They serve every realm.
///
/// They are no API keys: those prove who calls, and are [`ApiKeys`](crate::keys::ApiKeys).
#[derive(Debug)]
pub struct SigningKeys {
    keys: Option<Arc<NodeKeys>>,
    max_age: Option<Duration>,
}

/// What is known of a key that tokens are signed or sealed with; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[non_exhaustive]
pub struct SigningKeyInfo {
    /// Its name: `kid` in what is published.
    pub id: String,
    /// What it is for: `EdDSA`, `ES256`, `RS256`, or `A256GCM-SIV` of a key that seals.
    pub algorithm: String,
    /// What it does now: `next` is published and does not sign yet, `signing` signs, `verifying` verifies what it has signed,
    /// `retired` is about to be forgotten.
    #[schema(value_type = String)]
    pub state: KeyState,
    /// When it was made; left out for one that was given in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub made_at: Option<Timestamp>,
    /// From when on it signs; left out for one that was given in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub signs_from: Option<Timestamp>,
    /// Until when it signs; left out while no other comes after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub signs_until: Option<Timestamp>,
    /// From when on it verifies nothing any more; left out while no other comes after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retires_at: Option<Timestamp>,
}

/// A key that was taken away in an emergency, and by when nobody accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[non_exhaustive]
pub struct RemovedSigningKey {
    /// The key, as it was.
    pub removed: SigningKeyInfo,
    /// Since when, at the latest, every node of the service refuses what is under it.
    #[schema(value_type = String, format = DateTime)]
    pub effective_at: Timestamp,
    /// Since when, at the latest, those refuse it who verify by the published keys; left out where none are published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub published_effective_at: Option<Timestamp>,
}

/// Why a signing key was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// Nothing is signed.
    #[error("this service makes no tokens that need keys: `tokens` says which it makes")]
    None,
    /// The keys are not made here.
    #[error(
        "the signing keys are given: put the new one first in `signing_key_files`, or into HALLPASS_SIGNING_KEY, take out \
         what must go, and start each node again"
    )]
    Given,
    /// There is no key of this name.
    #[error("there is no such signing key")]
    NotFound,
    /// There are as many as there can be.
    #[error("there are {} signing keys already: wait until some are forgotten", KeyRing::MOST)]
    TooMany,
    /// The store is away, or what it holds is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SigningKeyError {
    /// Says why no key was made: where keys are stored, only their number is unsupported.
    fn of_making(error: StoreError) -> Self {
        if error.is_unsupported() { Self::TooMany } else { error.into() }
    }
}

impl SigningKeys {
    /// Opens the keys that the services of this configuration share in these settings.
    ///
    /// # Errors
    ///
    /// [`TokenKeyError`] as at the start of a service.
    pub async fn open(config: &Config, settings: Arc<dyn Settings>, now: Timestamp) -> Result<Self, TokenKeyError> {
        if config.tokens == Tokens::None {
            return Ok(Self::none());
        }
        let began = Instant::now();
        let keys = TokenKeys::open(config, settings, now).await?;
        let max_age = (config.tokens == Tokens::Jwt).then(|| config.jwt.max_age());
        Ok(Self::of(Arc::new(NodeKeys::new(keys, began)), max_age))
    }

    pub(super) fn of(keys: Arc<NodeKeys>, max_age: Option<Duration>) -> Self {
        Self { keys: Some(keys), max_age }
    }

    /// Returns those of a service that signs nothing.
    pub(crate) fn none() -> Self {
        Self { keys: None, max_age: None }
    }

    /// Returns all keys, in the order in which they begin to sign, as the store has them now; none where none are needed.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Store`].
    pub async fn list(&self, now: Timestamp) -> Result<Vec<SigningKeyInfo>, SigningKeyError> {
        match self.keys.as_deref().map(NodeKeys::keys) {
            None => Ok(Vec::new()),
            Some(TokenKeys::Given(ring)) => Ok(SigningKeyInfo::of_given(ring, now)),
            Some(TokenKeys::Stored(keys)) => {
                keys.refresh(now).await?;
                Ok(keys.keys()?.iter().map(|key| SigningKeyInfo::of(key, now)).collect())
            }
        }
    }

    /// Makes the next key, which signs as soon as everybody can know it; nobody is refused.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, there is a next key or not.
    pub async fn rotate(&self, now: Timestamp) -> Result<SigningKeyInfo, SigningKeyError> {
        let made = self.stored()?.rotate(now).await.map_err(SigningKeyError::of_making)?;
        Ok(SigningKeyInfo::of(&made, now))
    }

    /// Has a key sign no more once another can, and refuses nobody; returns it as it then is, and the key that was made for
    /// that, if one was.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, there is a next key or not.
    pub async fn retire(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<(SigningKeyInfo, Option<SigningKeyInfo>), SigningKeyError> {
        let keys = self.stored()?;
        let id = KeyId::new(id).map_err(|_| SigningKeyError::NotFound)?;
        let made = keys.retire(&id, now).await.map_err(SigningKeyError::of_making)?;
        let retired = keys.keys()?.into_iter().find(|key| key.id == id).ok_or(SigningKeyError::NotFound)?;
        Ok((SigningKeyInfo::of(&retired, now), made.map(|made| SigningKeyInfo::of(&made, now))))
    }

    /// Takes a key away, for an emergency: what is under it is refused. Another signs at once if this one did.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the key is taken away or not.
    pub async fn remove(&self, id: &str, now: Timestamp) -> Result<RemovedSigningKey, SigningKeyError> {
        let keys = self.stored()?;
        let id = KeyId::new(id).map_err(|_| SigningKeyError::NotFound)?;
        let removed = keys.remove(&id, now).await?.ok_or(SigningKeyError::NotFound)?;
        Ok(RemovedSigningKey {
            removed: SigningKeyInfo::of(&removed, now),
            effective_at: now.plus(NodeKeys::BOUND),
            // Who asks just before a node knows of it keeps the answer for so long.
            published_effective_at: self.max_age.map(|age| now.plus(NodeKeys::BOUND + age)),
        })
    }

    fn stored(&self) -> Result<&StoredKeys, SigningKeyError> {
        match self.keys.as_deref().map(NodeKeys::keys) {
            None => Err(SigningKeyError::None),
            Some(TokenKeys::Given(_)) => Err(SigningKeyError::Given),
            Some(TokenKeys::Stored(keys)) => Ok(keys),
        }
    }
}

impl SigningKeyInfo {
    pub(super) fn of(key: &StoredKey, now: Timestamp) -> Self {
        Self {
            id: key.id.to_string(),
            algorithm: key.algorithm.to_string(),
            state: key.state(now),
            made_at: Some(key.made_at),
            signs_from: Some(key.signs_from),
            signs_until: key.signs_until,
            retires_at: key.retires_at,
        }
    }

    fn of_given(ring: &KeyRing, now: Timestamp) -> Vec<Self> {
        let signing = ring.signing(now).map(|key| key.id().clone());
        let of = |key: &Arc<hallpass::Key>| {
            let is_signing = signing.as_ref() == Some(key.id());
            Self {
                id: key.id().to_string(),
                algorithm: key.algorithm().to_string(),
                state: if is_signing { KeyState::Signing } else { KeyState::Verifying },
                made_at: None,
                signs_from: None,
                signs_until: None,
                retires_at: None,
            }
        };
        ring.keys().iter().map(of).collect()
    }

    /// Returns the event of what `caller` did to the key, and why.
    pub fn event(&self, kind: EventKind, caller: &Caller, reason: Option<&Note>, now: Timestamp) -> Event {
        let mut event = Event::new(kind, Realm::default(), now);
        event.actor = caller.actor.clone();
        event.origin = caller.origin.clone();
        let mut said = format!("{} {}", self.algorithm, self.id);
        if let Some(from) = self.signs_from.filter(|from| *from > now) {
            said = format!("{said} signs from {from}");
        }
        if let Some(reason) = reason {
            said = format!("{said}: {}", reason.as_str());
        }
        event.note = Note::lossy(&said);
        event
    }
}
