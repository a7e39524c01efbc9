use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Actor, Caller, Event, EventKind, Note, Realm, StoreError, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::Role;

/// What is known of an API key; never the key itself, nor its hash.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[non_exhaustive]
pub struct ApiKeyInfo {
    /// The name by which it is revoked.
    pub id: String,
    /// What its holder is called in events.
    #[schema(value_type = String, max_length = 60)]
    pub name: KeyName,
    /// Whose sessions it is for.
    #[schema(value_type = String)]
    pub realm: Realm,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The last four characters of the key, to tell it from others.
    pub last_four: String,
}

impl ApiKeyInfo {
    /// Returns what events call the holder of the key: `application:NAME#ID` or `operator:NAME#ID`, since several keys
    /// may have one name.
    pub fn actor(&self) -> Actor {
        let kind = if self.role == Role::App { "application" } else { "operator" };
        let named = Actor::new(format!("{kind}:{}#{}", self.name.as_str(), self.id));
        named.unwrap_or_else(|_| Actor::operator(&self.id))
    }

    /// Returns the event that the key was made or revoked by `caller` at `now`.
    pub fn event(&self, kind: EventKind, caller: &Caller, now: Timestamp) -> Event {
        let mut event = Event::new(kind, self.realm.clone(), now);
        event.actor = caller.actor.clone();
        event.origin = caller.origin.clone();
        event.note = Note::lossy(&format!("{} as {}, ID {}", self.name.as_str(), self.role, self.id));
        event
    }
}

/// What the holder of a key is called: 1 to 60 bytes of text without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct KeyName(String);

/// The error of a [`KeyName`] that is empty, too long, or has control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's name is 1 to 60 bytes of text without control characters")]
pub struct InvalidKeyName;

impl KeyName {
    /// Returns the name with this text.
    ///
    /// # Errors
    ///
    /// [`InvalidKeyName`] if it is empty, longer than 60 bytes, or has control characters.
    pub fn new(text: &str) -> Result<Self, InvalidKeyName> {
        let is_name = (1..=60).contains(&text.len()) && !text.chars().any(char::is_control);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidKeyName) }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for KeyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// The SHA-256 of a key, which is all that is stored of it.
#[derive(Clone, Copy)]
pub(crate) struct KeyHash([u8; 32]);

impl KeyHash {
    pub(crate) fn of(key: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, key.as_bytes()).as_ref());
        Self(hash)
    }

    /// Returns what keys are looked up by: a part of the hash, which says nothing about the rest.
    pub(super) fn bucket(&self) -> u64 {
        self.0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }

    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// A key at rest, as the settings have it.
#[derive(Debug, Clone)]
pub(crate) struct StoredKey {
    pub(crate) info: ApiKeyInfo,
    pub(crate) hash: KeyHash,
}

#[derive(Deserialize, Serialize)]
struct Row {
    name: KeyName,
    realm: Realm,
    role: Role,
    created_at: Timestamp,
    last_four: String,
    sha256: String,
}

impl StoredKey {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let ApiKeyInfo { name, realm, role, created_at, last_four, .. } = self.info.clone();
        let sha256 = URL_SAFE_NO_PAD.encode(self.hash.0);
        serde_json::to_vec(&Row { name, realm, role, created_at, last_four, sha256 }).map_err(StoreError::corrupt)
    }

    pub(super) fn from_bytes(id: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let row: Row = serde_json::from_slice(bytes).map_err(StoreError::corrupt)?;
        let hash = URL_SAFE_NO_PAD.decode(&row.sha256).map_err(StoreError::corrupt)?;
        let hash = <[u8; 32]>::try_from(hash).map_err(|_| StoreError::corrupt("a hash of another length"))?;
        let Row { name, realm, role, created_at, last_four, .. } = row;
        let info = ApiKeyInfo { id: id.to_owned(), name, realm, role, created_at, last_four };
        Ok(Self { info, hash: KeyHash(hash) })
    }
}
