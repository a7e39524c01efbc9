use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

#[cfg(feature = "sealed")]
use crate::crypto::Aead;
use crate::crypto::{self, Mac};
use crate::time::Timestamp;

#[cfg(feature = "jwt")]
mod jose;
#[cfg(feature = "jwt")]
pub(crate) use self::jose::{Jose, Public};

/// What a key is for. One key has one algorithm, and a token's header never chooses it (RFC 8725, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// Signatures by Ed25519 (RFC 8037): the default for new keys.
    EdDsa,
    /// Signatures by ECDSA over P-256 with SHA-256 (RFC 7518).
    Es256,
    /// HMAC with SHA-256 (RFC 7518): whoever verifies can also sign.
    Hs256,
    /// Signatures by RSA with SHA-256 (RFC 7518), of others: they are verified, and never made.
    Rs256,
    /// Sealing by AES-256-GCM-SIV (RFC 8452).
    Sealing,
}

/// The error of reading a [`KeyAlgorithm`] from a word that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of EdDSA, ES256, HS256, RS256 and A256GCM-SIV")]
pub struct InvalidKeyAlgorithm;

impl KeyAlgorithm {
    const ALL: [Self; 5] = [Self::EdDsa, Self::Es256, Self::Hs256, Self::Rs256, Self::Sealing];

    /// Returns the word for it: `EdDSA`, `ES256`, `HS256` and `RS256` as JOSE has them, and `A256GCM-SIV`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Sealing => "A256GCM-SIV",
        }
    }

    /// Tells whether whoever verifies needs a public key only.
    pub const fn is_asymmetric(self) -> bool {
        matches!(self, Self::EdDsa | Self::Es256 | Self::Rs256)
    }
}

impl FromStr for KeyAlgorithm {
    type Err = InvalidKeyAlgorithm;

    fn from_str(text: &str) -> Result<Self, InvalidKeyAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(InvalidKeyAlgorithm)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a key (`kid`): 1 to 128 letters, digits, `-`, `_` or `.`.
///
/// It is an index into the configured keys and nothing else (`JWT-5`): no path, no query, no address is made of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    const LONGEST: usize = 128;

    /// Returns the name with this text.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if it is empty, too long, or has another character.
    pub fn new(text: &str) -> Result<Self, InvalidKey> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > Self::LONGEST || !text.bytes().all(is_plain) {
            return Err(InvalidKey("the name of a key is 1 to 128 letters, digits, `-`, `_` or `.`"));
        }
        Ok(Self(text.into()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name that is made from what everybody may know of a key: 16 characters of its hash.
    fn of(public: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(&crypto::sha256(public)[..12]).into())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// The error of making a key from what is none; says what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidKey(pub(super) &'static str);

#[cfg(feature = "jwt")]
impl InvalidKey {
    pub(crate) const fn new(rule: &'static str) -> Self {
        Self(rule)
    }
}

/// What tells a key from another of the same name: of what it is made, and how it was named. It stays when the key is
/// read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KeyMark([u8; 16]);

impl KeyMark {
    fn and(self, id: &KeyId) -> Self {
        let hash = crypto::sha256(&[&self.0, id.as_str().as_bytes()].concat());
        let mut mark = [0; 16];
        mark.copy_from_slice(&hash[..16]);
        Self(mark)
    }
}

/// A key for self-contained tokens, with its name, its one algorithm, and when it begins to sign.
///
/// It cannot be printed, and is wiped from memory when dropped.
pub struct Key {
    id: KeyId,
    mark: KeyMark,
    algorithm: KeyAlgorithm,
    signs_from: Timestamp,
    material: Material,
}

pub(crate) enum Material {
    #[cfg(feature = "jwt")]
    Jose(Jose),
    #[cfg(feature = "sealed")]
    Sealing {
        #[cfg(all(feature = "encrypted", feature = "jwt"))]
        secret: Zeroizing<Vec<u8>>,
        aead: Aead,
    },
}

impl Key {
    /// The shortest secret of a symmetric key, in bytes: as long as its hash (RFC 7518, section 3.2).
    pub const SHORTEST_SECRET: usize = 32;

    /// Makes a key of 32 or more secret bytes, for [`KeyAlgorithm::Hs256`] or [`KeyAlgorithm::Sealing`]; a sealing key
    /// has exactly 32.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if it is too short, one byte repeated, or of an algorithm that is not symmetric.
    ///
    /// # Security
    ///
    /// The bytes come from a random generator and live in a file or the environment; a password is no key (`ENC-11`).
    pub fn symmetric(algorithm: KeyAlgorithm, secret: &[u8]) -> Result<Self, InvalidKey> {
        let repeats = secret.iter().all(|byte| Some(byte) == secret.first());
        if secret.len() < Self::SHORTEST_SECRET || repeats {
            return Err(InvalidKey("a secret key is 32 or more random bytes"));
        }
        let name = Zeroizing::new(Mac::new(secret).sign(&[b"hallpass name of a key", &[1]]));
        let material = match algorithm {
            #[cfg(feature = "jwt")]
            KeyAlgorithm::Hs256 => Material::Jose(Jose::of_secret(secret)),
            #[cfg(feature = "sealed")]
            KeyAlgorithm::Sealing if secret.len() == Self::SHORTEST_SECRET => Material::Sealing {
                #[cfg(all(feature = "encrypted", feature = "jwt"))]
                secret: Zeroizing::new(secret.to_vec()),
                aead: sealing(secret),
            },
            _ => return Err(InvalidKey("a secret of 32 bytes seals, and one of 32 or more signs as HS256")),
        };
        Ok(Self::new(KeyId::of(&*name), algorithm, material))
    }

    fn new(id: KeyId, algorithm: KeyAlgorithm, material: Material) -> Self {
        let mark = KeyMark::default().and(&id);
        Self { id, mark, algorithm, signs_from: Timestamp::default(), material }
    }

    /// Gives the key another name than the one that is made from it.
    #[must_use]
    pub fn named(mut self, id: KeyId) -> Self {
        self.mark = self.mark.and(&id);
        self.id = id;
        self
    }

    /// Lets the key sign from an instant on; it verifies at once.
    #[must_use]
    pub fn signing_from(mut self, at: Timestamp) -> Self {
        self.signs_from = at;
        self
    }

    /// Returns the name.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// Returns what the key is for.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Returns from when on it signs.
    pub fn signs_from(&self) -> Timestamp {
        self.signs_from
    }

    /// Tells whether it can sign or seal, and not only verify.
    pub fn can_sign(&self) -> bool {
        match &self.material {
            #[cfg(feature = "jwt")]
            Material::Jose(jose) => jose.can_sign(),
            #[cfg(feature = "sealed")]
            Material::Sealing { .. } => true,
            #[cfg(not(any(feature = "jwt", feature = "sealed")))]
            Material::Nothing => false,
        }
    }

    /// Returns what is to be kept secret: a PKCS#8 document, or a secret; nothing where only the public part is known.
    #[cfg(all(feature = "encrypted", feature = "jwt"))]
    pub(crate) fn private(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Jose(jose) => jose.private(),
            #[cfg(feature = "sealed")]
            Material::Sealing { secret, .. } => Some(secret),
        }
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn mark(&self) -> KeyMark {
        self.mark
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }
}

/// Derives what seals tokens from the key that was given, so that the same one may serve other ends too (`ENC-5`;
/// RFC 5869's expansion, with one block).
#[cfg(feature = "sealed")]
fn sealing(secret: &[u8]) -> Aead {
    Aead::new(&Zeroizing::new(Mac::new(secret).sign(&[b"hallpass sealed tokens", &[1]])))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {})", self.algorithm, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_key_is_no_path_no_query_and_no_address() {
        for bad in ["", "../../dev/null", "' OR 1=1 --", "https://evil.test/jwks", "a b", "\0", &"k".repeat(129)] {
            assert!(KeyId::new(bad).is_err(), "{bad}");
        }
        assert_eq!(KeyId::new("2026-11_a.b").map(|id| id.to_string()).as_deref(), Ok("2026-11_a.b"));
    }

    #[test]
    fn algorithms_are_read_by_their_own_words_only() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
        }
        for bad in ["none", "NONE", "hs256", "EdDSA ", ""] {
            assert_eq!(bad.parse::<KeyAlgorithm>(), Err(InvalidKeyAlgorithm), "{bad}");
        }
    }

    #[cfg(feature = "jwt")]
    #[test]
    fn weak_secrets_are_refused_and_none_is_shown() {
        for weak in [&b"short"[..], &[7; 32], &[], &b"31 bytes are one byte too short"[..]] {
            assert!(Key::symmetric(KeyAlgorithm::Hs256, weak).is_err());
        }
        let secret = b"a secret of some 40 bytes, random enough";
        let key = Key::symmetric(KeyAlgorithm::Hs256, secret).expect("it is long enough");
        assert!(format!("{key:?}").starts_with("Key(HS256 "));
        assert!(Key::symmetric(KeyAlgorithm::EdDsa, secret).is_err(), "a secret is no key pair");
    }
}
