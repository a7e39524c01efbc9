//! Names that may be seen, and secrets that may not.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::crypto;

/// The public name of a session: 128 random bits, written as 22 characters of base64url.
///
/// It stays the same for the life of a session and is safe in logs, listings and URLs (it is the `sid` of `OpenID`
/// Connect). Knowing it gives no access and cannot end the session.
///
/// ```
/// use hallpass::SessionId;
///
/// let id = SessionId::random();
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// Returns a new name from the operating system's generator.
    ///
    /// # Panics
    ///
    /// If the operating system gives no randomness.
    pub fn random() -> Self {
        Self(crypto::random())
    }

    /// Returns the name with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the name.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 22];
        let length = URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(str::from_utf8(&text[..length]).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of reading a [`SessionId`] from text that is not 22 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session id is 22 characters of base64url")]
pub struct InvalidSessionId;

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        decode(text.as_bytes()).map(Self).ok_or(InvalidSessionId)
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Decodes text that must be exactly `N` bytes of unpadded base64url, in its one canonical form.
pub(crate) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != (N * 4).div_ceil(3) {
        return None;
    }
    let mut bytes = [0; N];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(length) if length == N => Some(bytes),
        _ => None,
    }
}

/// What only the client has: 224 random bits (NIST SP 800-63B "session secret"; the floor is 128, ASVS 7.2.3).
///
/// It cannot be printed, serialised or compared, and is wiped from memory when dropped; only its
/// [`SecretHash`] is stored.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SessionSecret([u8; Self::LENGTH]);

impl SessionSecret {
    /// The length in bytes.
    pub const LENGTH: usize = 28;

    /// Returns a new secret from the operating system's generator.
    ///
    /// # Panics
    ///
    /// If the operating system gives no randomness.
    pub fn random() -> Self {
        Self(crypto::random())
    }

    /// Returns the secret with these bytes.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Returns the SHA-256 of the secret, which is what may be stored: at 224 bits a plain fast hash cannot be
    /// searched (`STO-1`).
    pub fn hash(&self) -> SecretHash {
        SecretHash(crypto::sha256(&self.0))
    }

    pub(crate) fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(..)")
    }
}

/// The SHA-256 of a [`SessionSecret`]; compared in constant time, never shown.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Returns the hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the hash, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        // Word by word: as constant in time as byte by byte, in fewer steps.
        let (ours, _) = self.0.as_chunks::<8>();
        let (theirs, _) = other.0.as_chunks::<8>();
        let equal = ours.iter().zip(theirs).fold(Choice::from(1), |equal, (ours, theirs)| {
            equal & u64::from_ne_bytes(*ours).ct_eq(&u64::from_ne_bytes(*theirs))
        });
        equal.into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_has_one_spelling() {
        let id = SessionId::from_bytes([0xff; 16]);
        assert_eq!(id.to_string(), "_____________________w");
        assert_eq!("_____________________w".parse(), Ok(id));
        for bad in ["", "_____________________x", "_____________________w=", "/////////////////////w", "a"] {
            assert_eq!(bad.parse::<SessionId>(), Err(InvalidSessionId), "{bad}");
        }
    }

    #[test]
    fn secrets_and_their_hashes_are_not_shown() {
        let secret = SessionSecret::from_bytes([0x61; 28]);
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "SessionSecret(..) SecretHash(..)");
    }

    #[test]
    fn the_hash_tells_secrets_apart() {
        let hash = SessionSecret::from_bytes([1; 28]).hash();
        assert_eq!(hash, SessionSecret::from_bytes([1; 28]).hash());
        assert_ne!(hash, SessionSecret::from_bytes([2; 28]).hash());
    }

    #[test]
    fn hashes_that_differ_in_one_bit_anywhere_are_not_equal() {
        let hash = SecretHash::from_bytes([0x5a; 32]);
        for bit in 0..256 {
            let mut other = *hash.as_bytes();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(hash, SecretHash::from_bytes(other), "bit {bit}");
        }
    }
}
