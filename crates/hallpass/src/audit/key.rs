use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::{PublicAuditKey, SignedText};
use crate::crypto::Mac;
use crate::keys::InvalidKey;

/// The key that signs a trail: a pair of Ed25519.
///
/// # Security
///
/// It lives in a file or the environment, and never in the store: whoever has both can write another history.
pub struct AuditKey {
    pair: Ed25519KeyPair,
    public: PublicAuditKey,
}

impl AuditKey {
    /// Reads the key from a PKCS#8 document in PEM: what `openssl genpkey -algorithm ed25519` writes.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if it is no such document.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        const NONE: InvalidKey = InvalidKey::new("the key of an audit trail is a PKCS#8 document in PEM, of Ed25519");
        let document = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| NONE)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document.secret_pkcs8_der()).map_err(|_| NONE)?;
        Self::of(pair).ok_or(NONE)
    }

    /// Derives the key from 32 or more random bytes that serve another end too (RFC 5869's expansion, with one block).
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if they are fewer.
    pub fn derived(secret: &[u8]) -> Result<Self, InvalidKey> {
        const SHORT: InvalidKey = InvalidKey::new("a key is derived from 32 or more random bytes");
        if secret.len() < 32 {
            return Err(SHORT);
        }
        let seed = Zeroizing::new(Mac::new(secret).sign(&[b"hallpass audit trail", &[1]]));
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| SHORT)?;
        Self::of(pair).ok_or(SHORT)
    }

    fn of(pair: Ed25519KeyPair) -> Option<Self> {
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { pair, public: PublicAuditKey::from_bytes(public) })
    }

    /// Returns the public half.
    pub fn public(&self) -> PublicAuditKey {
        self.public
    }

    /// Signs a statement.
    #[must_use]
    pub fn sign<T: SignedText + Clone>(&self, statement: T) -> T {
        let statement = statement.sealed(Some(self.public), None);
        let signature = self.pair.sign(&statement.clone().message());
        statement.sealed(Some(self.public), Some(URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKey({})", self.public)
    }
}

impl PublicAuditKey {
    /// Tells whether this key has signed the statement.
    pub fn has_signed<T: SignedText + Clone>(&self, statement: &T) -> bool {
        let (Some(key), Some(signature)) = statement.seal() else { return false };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        let verifying = UnparsedPublicKey::new(&ED25519, self.as_bytes());
        key == self && verifying.verify(&statement.clone().message(), &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ChainHash, Checkpoint, Purged};
    use super::*;
    use crate::name::Actor;
    use crate::time::Timestamp;

    const SECRET: &[u8; 32] = b"the newest key: 32 random bytes!";

    #[test]
    fn what_is_signed_is_only_this_statement() {
        let key = AuditKey::derived(SECRET).expect("long enough");
        let checkpoint = key.sign(Checkpoint::new(7, ChainHash::START, Timestamp::UNIX_EPOCH));
        assert!(key.public().has_signed(&checkpoint));
        assert_eq!(Checkpoint::read(&checkpoint.text()), Some(checkpoint.clone()));
        for other in [
            Checkpoint { number: 8, ..checkpoint.clone() },
            Checkpoint { hash: ChainHash::START.after(1, ""), ..checkpoint.clone() },
            Checkpoint { at: Timestamp::MAX, ..checkpoint.clone() },
            Checkpoint { key: None, ..checkpoint.clone() },
            Checkpoint { signature: None, ..checkpoint.clone() },
            Checkpoint { signature: Some("AA".to_owned()), ..checkpoint.clone() },
        ] {
            assert!(!key.public().has_signed(&other), "{other:?}");
        }
        let stranger = AuditKey::derived(b"another key of 32 random bytes!!").expect("long enough");
        assert!(!stranger.public().has_signed(&checkpoint));
        let purged = Purged::new(7, ChainHash::START, Timestamp::MAX, Timestamp::MAX, Actor::policy());
        let forged = purged.sealed(checkpoint.key, checkpoint.signature);
        assert!(!key.public().has_signed(&forged), "one statement's signature is not another's");
    }

    #[test]
    fn a_key_is_read_and_never_shown() {
        let short = AuditKey::derived(b"short").err().map(|error| error.to_string());
        assert_eq!(short.as_deref(), Some("a key is derived from 32 or more random bytes"));
        assert!(AuditKey::from_pem("no key").is_err());
        let key = AuditKey::derived(SECRET).expect("long enough");
        assert_eq!(format!("{key:?}"), format!("AuditKey({})", key.public()));
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
    }
}
