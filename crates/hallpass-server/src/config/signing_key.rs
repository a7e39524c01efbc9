use std::fmt;

use hallpass::{InvalidKey, Key};
use zeroize::Zeroizing;

/// The key pair that signs tokens, as an operator put it into the environment.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Zeroizing<String>);

impl SigningKey {
    /// Returns the key of a PKCS#8 document in PEM, of Ed25519 or P-256.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if it is none.
    pub fn new(pem: &str) -> Result<Self, InvalidKey> {
        Key::from_pem(pem).map(|_| Self(Zeroizing::new(pem.to_owned())))
    }

    pub(crate) fn key(&self) -> Result<Key, InvalidKey> {
        Key::from_pem(&self.0)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}
