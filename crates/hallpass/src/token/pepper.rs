use std::fmt;

use super::ChainNonce;
use crate::crypto::Mac;

/// A key that no store ever holds, mixed into every chain.
///
/// # Security
///
/// Without a pepper, somebody who reads the store *and* has a spent token of a living chain can compute today's token.
/// With one, from a file or the environment, they cannot. Every node of a fleet needs the same pepper, and a changed
/// pepper ends grace for tokens that were replaced under the old one; it logs nobody out.
pub struct Pepper(Mac);

/// The error of making a [`Pepper`] from fewer than 32 bytes, or from bytes that are all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pepper is at least 32 random bytes")]
pub struct InvalidPepper;

impl Pepper {
    /// Returns the pepper made of `key`: at least 32 bytes from a random generator.
    ///
    /// # Errors
    ///
    /// [`InvalidPepper`] if the key is shorter, or one byte repeated.
    pub fn new(key: &[u8]) -> Result<Self, InvalidPepper> {
        let repeats = key.first().is_some_and(|first| key.iter().all(|byte| byte == first));
        if key.len() < 32 || repeats { Err(InvalidPepper) } else { Ok(Self(Mac::new(key))) }
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(..)")
    }
}

/// Returns the key of the chain: the nonce, or what the pepper makes of it.
pub(super) fn chain_key(nonce: &ChainNonce, pepper: Option<&Pepper>) -> Mac {
    match pepper {
        None => Mac::new(nonce.as_bytes()),
        Some(pepper) => {
            let key = zeroize::Zeroizing::new(pepper.0.sign(&[nonce.as_bytes()]));
            Mac::new(&*key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_peppers_are_refused_and_none_is_shown() {
        assert_eq!(Pepper::new(b"short").unwrap_err(), InvalidPepper);
        assert_eq!(Pepper::new(&[0; 32]).unwrap_err(), InvalidPepper);
        let pepper = Pepper::new(b"0123456789abcdef0123456789abcdef").expect("long enough");
        assert_eq!(format!("{pepper:?}"), "Pepper(..)");
    }
}
