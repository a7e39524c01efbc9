use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ChainHash;
use crate::time::Timestamp;

/// What was known of the trail at some moment: its last line then, and whose signature stands for that.
///
/// Whoever keeps one elsewhere can tell later that everything up to it is still as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Checkpoint {
    /// The number of the last line.
    pub number: u64,
    /// The hash of that line, and so of all before it.
    pub hash: ChainHash,
    /// When it was made.
    pub at: Timestamp,
    /// The public key; nothing where there is no key to sign with.
    pub key: Option<PublicAuditKey>,
    /// The signature; nothing where there is none.
    pub signature: Option<String>,
}

impl Checkpoint {
    /// Returns the checkpoint of a line, not signed yet.
    pub fn new(number: u64, hash: ChainHash, at: Timestamp) -> Self {
        Self { number, hash, at, key: None, signature: None }
    }
}

/// Something that is said about the trail and signed: a [`Checkpoint`], or what was [`Purged`](super::Purged).
pub trait SignedText: Serialize + DeserializeOwned {
    /// What it is, so that one statement's signature is never another's.
    const DOMAIN: &'static str;

    /// Returns the key and the signature.
    fn seal(&self) -> (Option<&PublicAuditKey>, Option<&str>);

    /// Returns the same statement, signed by this key, or by none.
    #[must_use]
    fn sealed(self, key: Option<PublicAuditKey>, signature: Option<String>) -> Self;

    /// Returns what is signed: the statement as JSON, without its signature.
    fn message(self) -> Vec<u8> {
        let key = self.seal().0.copied();
        let plain = self.sealed(key, None);
        let json = serde_json::to_vec(&plain).unwrap_or_default(); // numbers, names and times are always JSON
        [Self::DOMAIN.as_bytes(), b"\n", &json].concat()
    }

    /// Reads a statement from its own spelling, and from no other.
    fn read(text: &str) -> Option<Self> {
        let read: Self = serde_json::from_str(text).ok()?;
        (read.text() == text).then_some(read)
    }

    /// Returns the statement as JSON.
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() // as above
    }
}

impl SignedText for Checkpoint {
    const DOMAIN: &'static str = "hallpass audit checkpoint 1";

    fn seal(&self) -> (Option<&PublicAuditKey>, Option<&str>) {
        (self.key.as_ref(), self.signature.as_deref())
    }

    fn sealed(self, key: Option<PublicAuditKey>, signature: Option<String>) -> Self {
        Self { key, signature, ..self }
    }
}

/// The public half of the key that signs a trail: Ed25519, written as 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicAuditKey([u8; 32]);

/// The error of reading a [`PublicAuditKey`] from text that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public key of the audit trail is 43 characters of base64url")]
pub struct InvalidPublicAuditKey;

impl PublicAuditKey {
    #[cfg(feature = "jwt")]
    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[cfg(feature = "jwt")]
    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PublicAuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for PublicAuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicAuditKey {
    type Err = InvalidPublicAuditKey;

    fn from_str(text: &str) -> Result<Self, InvalidPublicAuditKey> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidPublicAuditKey)?;
        bytes.try_into().map(Self).map_err(|_| InvalidPublicAuditKey)
    }
}

impl Serialize for PublicAuditKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicAuditKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
