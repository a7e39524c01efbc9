use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::crypto::{Mac, random};

/// What comes first in a sealed text: how it is sealed, the key's name, and the nonce.
const FORMAT: u8 = 1;
const NAME: usize = 8;
const NONCE: usize = 24;
const HEAD: usize = 1 + NAME + NONCE;

/// The keys that records are sealed under at rest: the first seals, and all open.
///
/// To change the key without an outage: add the new one as the last on every node, then make it the first on every node,
/// and take the old one away when no record from before is left, after the longest absolute timeout.
///
/// ```
/// use hallpass::SealingKeys;
///
/// let (new, old) = ([0x4e; 16].map(|byte: u8| byte.wrapping_mul(3)), *b"an older key of 32 random bytes!");
/// # let new = *b"the newest key: 32 random bytes!";
/// let keys = SealingKeys::new(&new)?.with_older(&old)?;
/// assert_eq!(format!("{keys:?}"), "SealingKeys(2)");
/// # Ok::<(), hallpass::InvalidSealingKey>(())
/// ```
pub struct SealingKeys {
    first: Key,
    older: Vec<Key>,
}

/// The error of a sealing key that is not 32 bytes, or one byte repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealing key is 32 random bytes")]
pub struct InvalidSealingKey;

/// Why a sealed text does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unopened {
    #[error("it is sealed under a key that is not among the configured ones")]
    UnknownKey,
    #[error("it was changed since it was sealed, or belongs to another record")]
    Changed,
}

struct Key {
    name: [u8; NAME],
    cipher: XChaCha20Poly1305,
}

impl SealingKeys {
    /// Returns the keys of which this is the one that seals: 32 bytes from a random generator.
    ///
    /// # Errors
    ///
    /// [`InvalidSealingKey`] if it has another length, or is one byte repeated.
    ///
    /// # Security
    ///
    /// The key belongs into a file or the environment, and never into the store that it protects.
    pub fn new(key: &[u8]) -> Result<Self, InvalidSealingKey> {
        Ok(Self { first: Key::new(key)?, older: Vec::new() })
    }

    /// Adds a key that opens what was sealed under it, and seals nothing.
    ///
    /// # Errors
    ///
    /// As [`SealingKeys::new`].
    pub fn with_older(mut self, key: &[u8]) -> Result<Self, InvalidSealingKey> {
        self.older.push(Key::new(key)?);
        Ok(self)
    }

    /// Seals a text to a place: elsewhere it does not open.
    pub(crate) fn seal(&self, text: &[u8], place: &[u8]) -> Vec<u8> {
        let Key { name, cipher } = &self.first;
        // Of 24 bytes, random nonces do not repeat (draft-irtf-cfrg-xchacha-03, section 1).
        let nonce = random::<NONCE>();
        let mut sealed = Vec::with_capacity(HEAD + text.len() + 16);
        sealed.push(FORMAT);
        sealed.extend_from_slice(name);
        sealed.extend_from_slice(&nonce);
        let payload = Payload { msg: text, aad: place };
        let text = cipher.encrypt(&XNonce::from(nonce), payload);
        sealed.extend(text.expect("a record is shorter than the 256 GiB that one nonce is good for"));
        sealed
    }

    pub(crate) fn open(&self, sealed: &[u8], place: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (head, text) = sealed.split_at_checked(HEAD).ok_or(Unopened::Changed)?;
        let (format, name) = (head[0], &head[1..=NAME]);
        let nonce = <[u8; NONCE]>::try_from(&head[1 + NAME..]).map_err(|_| Unopened::Changed)?;
        if format != FORMAT {
            return Err(Unopened::UnknownKey);
        }
        let key = std::iter::once(&self.first).chain(&self.older).find(|key| key.name == name);
        let key = key.ok_or(Unopened::UnknownKey)?;
        let payload = Payload { msg: text, aad: place };
        key.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| Unopened::Changed)
    }
}

impl Key {
    /// Derives what seals records from the key that was given, so that the same one may serve other ends too
    /// (RFC 5869's expansion, with one block).
    fn new(key: &[u8]) -> Result<Self, InvalidSealingKey> {
        let repeats = key.iter().all(|byte| Some(byte) == key.first());
        if key.len() != 32 || repeats {
            return Err(InvalidSealingKey);
        }
        let mac = Mac::new(key);
        let sealing = zeroize::Zeroizing::new(mac.sign(&[b"hallpass records at rest", &[1]]));
        let public = mac.sign(&[b"hallpass name of a key", &[1]]);
        let mut name = [0; NAME];
        name.copy_from_slice(&public[..NAME]);
        Ok(Self { name, cipher: XChaCha20Poly1305::new((&*sealing).into()) })
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKeys({})", 1 + self.older.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &[u8] = b"the newest key: 32 random bytes!";
    const OLD: &[u8] = b"an older key of 32 random bytes!";

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let keys = SealingKeys::new(NEW).expect("32 bytes");
        let sealed = keys.seal(b"text", b"here");
        assert_eq!(keys.open(&sealed, b"here").as_deref(), Ok(&b"text"[..]));
        assert_eq!(keys.open(&sealed, b"there"), Err(Unopened::Changed));
        assert_ne!(keys.seal(b"text", b"here"), sealed, "no two look alike");
    }

    #[test]
    fn no_bit_can_be_changed() {
        let keys = SealingKeys::new(NEW).expect("32 bytes");
        let sealed = keys.seal(b"text", b"here");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(keys.open(&changed, b"here").is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(keys.open(&sealed[..length], b"here").is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_key_is_changed_in_steps() {
        let before = SealingKeys::new(OLD).expect("32 bytes");
        let ready = SealingKeys::new(OLD).and_then(|keys| keys.with_older(NEW)).expect("32 bytes");
        let after = SealingKeys::new(NEW).and_then(|keys| keys.with_older(OLD)).expect("32 bytes");
        let done = SealingKeys::new(NEW).expect("32 bytes");
        let (old, new) = (before.seal(b"text", b""), after.seal(b"text", b""));
        for keys in [&before, &ready, &after] {
            assert!(keys.open(&old, b"").is_ok());
        }
        for keys in [&ready, &after, &done] {
            assert!(keys.open(&new, b"").is_ok());
        }
        assert_eq!(before.open(&new, b""), Err(Unopened::UnknownKey));
        assert_eq!(done.open(&old, b""), Err(Unopened::UnknownKey));
    }

    #[test]
    fn weak_keys_are_refused_and_none_is_shown() {
        for weak in [&b"short"[..], &[7; 32], &[], &[NEW, b"!"].concat()] {
            assert_eq!(SealingKeys::new(weak).err(), Some(InvalidSealingKey));
            assert!(SealingKeys::new(NEW).is_ok_and(|keys| keys.with_older(weak).is_err()));
        }
        assert_eq!(format!("{:?}", SealingKeys::new(NEW)), "Ok(SealingKeys(1))");
    }
}
