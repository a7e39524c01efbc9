//! Keys of JOSE: pairs by PKCS#8, secrets, and public keys of others. The arithmetic is the library's.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::{InvalidKey, Key, KeyAlgorithm, KeyId, Material};

pub(crate) struct Jose {
    /// What signs: a PKCS#8 document, or the secret; nothing where only the public key is known.
    private: Option<(Zeroizing<Vec<u8>>, EncodingKey)>,
    verifying: DecodingKey,
    public: Public,
}

/// What everybody may know of a key; of a secret that is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Public {
    Nothing,
    Ed25519 { x: [u8; 32] },
    P256 { x: [u8; 32], y: [u8; 32] },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// RSA of less than 2,048 bits is refused (`JWT-11`).
const SHORTEST_MODULUS: usize = 256;
const LONGEST_MODULUS: usize = 1024;

impl Key {
    /// Makes a new key: a pair for `EdDSA` or ES256, a random secret for HS256 or sealing.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] for an algorithm that is only verified.
    ///
    /// # Panics
    ///
    /// If the operating system gives no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, InvalidKey> {
        const FAILED: InvalidKey = InvalidKey("the system could not make a key");
        let random = SystemRandom::new();
        match algorithm {
            KeyAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| FAILED)?;
                Self::from_pkcs8(algorithm, pair.as_ref())
            }
            KeyAlgorithm::Es256 => {
                let pair =
                    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| FAILED)?;
                Self::from_pkcs8(algorithm, pair.as_ref())
            }
            KeyAlgorithm::Hs256 | KeyAlgorithm::Sealing => {
                Self::symmetric(algorithm, &*Zeroizing::new(crate::crypto::random::<32>()))
            }
            KeyAlgorithm::Rs256 => Err(InvalidKey("RSA signatures are verified, and never made: use EdDSA or ES256")),
        }
    }

    /// Reads a pair for `EdDSA` or ES256 from a PKCS#8 document in PEM: what `openssl genpkey -algorithm ed25519` writes.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if it is no such document, or of another algorithm.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        const NEITHER: InvalidKey = InvalidKey("a signing key is a PKCS#8 document in PEM, of Ed25519 or P-256");
        let document = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| NEITHER)?;
        let document = document.secret_pkcs8_der();
        let of = |algorithm| Self::from_pkcs8(algorithm, document);
        of(KeyAlgorithm::EdDsa).or_else(|_| of(KeyAlgorithm::Es256)).map_err(|_| NEITHER)
    }

    /// Reads a pair for `EdDSA` or ES256 from a PKCS#8 document.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if it is no such document of this algorithm.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, document: &[u8]) -> Result<Self, InvalidKey> {
        const NONE: InvalidKey = InvalidKey("not a PKCS#8 document of this algorithm");
        let (public, signing) = match algorithm {
            KeyAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document).map_err(|_| NONE)?;
                let x = pair.public_key().as_ref().try_into().map_err(|_| NONE)?;
                (Public::Ed25519 { x }, EncodingKey::from_ed_der(document))
            }
            KeyAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document).map_err(|_| NONE)?;
                (point(pair.public_key().as_ref()).ok_or(NONE)?, EncodingKey::from_ec_der(document))
            }
            _ => return Err(NONE),
        };
        let mut key = Self::public(algorithm, public)?;
        if let Material::Jose(jose) = &mut key.material {
            jose.private = Some((Zeroizing::new(document.to_vec()), signing));
        }
        // Signed once, so that a document which the library takes and cannot use is noticed here.
        key.sign(b"trial").map(|_| key).ok_or(NONE)
    }

    pub(in crate::keys) fn public(algorithm: KeyAlgorithm, public: Public) -> Result<Self, InvalidKey> {
        let verifying = match (&public, algorithm) {
            (Public::Ed25519 { x }, KeyAlgorithm::EdDsa) => {
                if is_of_small_order(x) {
                    return Err(InvalidKey("everybody can sign for a public key of small order"));
                }
                DecodingKey::from_ed_der(x)
            }
            (Public::P256 { x, y }, KeyAlgorithm::Es256) => {
                DecodingKey::from_ec_der(&[&[4][..], &x[..], &y[..]].concat())
            }
            (Public::Rsa { n, e }, KeyAlgorithm::Rs256) => {
                // Some libraries write a zero byte before the number; it makes no key longer.
                let (n, e) = (without_zeros(n), without_zeros(e));
                let is_long = n.first().is_some_and(|first| *first >= 0x80);
                if !(SHORTEST_MODULUS..=LONGEST_MODULUS).contains(&n.len()) || n.len() == SHORTEST_MODULUS && !is_long {
                    return Err(InvalidKey("an RSA key has 2,048 to 8,192 bits"));
                }
                // With the exponent 1, everybody can sign.
                if e.len() > 8 || e == [1] || e.last().is_none_or(|last| last % 2 == 0) {
                    return Err(InvalidKey("the exponent of an RSA key is odd, from 3 to 64 bits"));
                }
                DecodingKey::from_rsa_raw_components(n, e)
            }
            _ => return Err(InvalidKey("the public key is of another algorithm")),
        };
        let id = KeyId::of(public.thumbprint().as_bytes());
        let material = Material::Jose(Jose { private: None, verifying, public });
        Ok(Self::new(id, algorithm, material))
    }

    /// Returns the signature of a message; nothing where the key only verifies.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let Material::Jose(Jose { private: Some((_, signing)), .. }) = &self.material else { return None };
        // By the library's own provider, named: what the process as a whole has installed is the application's.
        let signer = (DEFAULT_PROVIDER.signer_factory)(&self.algorithm.jose()?, signing).ok()?;
        signer.try_sign(message).ok()
    }

    /// Tells whether a signature is this key's, of this message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &Vec<u8>) -> bool {
        let Material::Jose(Jose { verifying, .. }) = &self.material else { return false };
        let Some(algorithm) = self.algorithm.jose() else { return false };
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, verifying);
        verifier.is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
    }
}

impl Jose {
    pub(super) fn of_secret(secret: &[u8]) -> Self {
        let private = (Zeroizing::new(secret.to_vec()), EncodingKey::from_secret(secret));
        Self { private: Some(private), verifying: DecodingKey::from_secret(secret), public: Public::Nothing }
    }

    pub(super) fn can_sign(&self) -> bool {
        self.private.is_some()
    }

    /// Returns what is to be kept secret: a PKCS#8 document, or a secret.
    #[cfg(any(test, feature = "encrypted"))]
    pub(crate) fn private(&self) -> Option<&[u8]> {
        self.private.as_ref().map(|(bytes, _)| &***bytes)
    }

    pub(crate) fn public(&self) -> &Public {
        &self.public
    }
}

impl KeyAlgorithm {
    fn jose(self) -> Option<Algorithm> {
        match self {
            Self::EdDsa => Some(Algorithm::EdDSA),
            Self::Es256 => Some(Algorithm::ES256),
            Self::Hs256 => Some(Algorithm::HS256),
            Self::Rs256 => Some(Algorithm::RS256),
            Self::Sealing => None,
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    &number[number.iter().take_while(|byte| **byte == 0).count()..]
}

/// Tells whether a point of Curve25519 has an order of at most 8, so that signatures under it prove nothing (RFC 8032,
/// section 8.8, leaves it to the application; the points are those of "Taming the many `EdDSA`s", table 1).
fn is_of_small_order(x: &[u8; 32]) -> bool {
    let mut magnitude = *x;
    magnitude[31] &= 0x7f;
    let [first, middle @ .., last] = magnitude;
    match first {
        // 0 and 1, and the same written as p, p + 1; and -1, which is p - 1.
        0 | 1 if last == 0 && middle == [0; 30] => true,
        0xec..=0xee => last == 0x7f && middle == [0xff; 30],
        _ => ORDER_8.contains(&magnitude),
    }
}

const ORDER_8: [[u8; 32]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

fn point(bytes: &[u8]) -> Option<Public> {
    let (4, point) = bytes.split_first().map(|(kind, point)| (*kind, point))? else { return None };
    let (x, y) = point.split_first_chunk::<32>()?;
    Some(Public::P256 { x: *x, y: y.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_that_was_made_can_be_read_again_and_verifies_what_it_signs() {
        for algorithm in [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256] {
            let key = Key::generate(algorithm).expect("the system makes keys");
            let Material::Jose(jose) = key.material() else { panic!("a key of JOSE") };
            let again = Key::from_pkcs8(algorithm, jose.private().expect("a pair")).expect("it was just written");
            assert_eq!(again.id(), key.id());
            let signature = key.sign(b"message").expect("a pair signs");
            assert!(again.verifies(b"message", &signature));
            assert!(!again.verifies(b"another", &signature));
            let public = Key::public(algorithm, jose.public().clone()).expect("it was just made");
            assert!(public.verifies(b"message", &signature) && !public.can_sign());
            assert_eq!(public.id(), key.id(), "the name is made from the public part");
        }
    }

    #[test]
    fn a_document_of_another_algorithm_is_refused() {
        let key = Key::generate(KeyAlgorithm::Es256).expect("the system makes keys");
        let Material::Jose(jose) = key.material() else { panic!("a key of JOSE") };
        let document = jose.private().expect("a pair");
        assert!(Key::from_pkcs8(KeyAlgorithm::EdDsa, document).is_err());
        assert!(Key::from_pkcs8(KeyAlgorithm::Hs256, document).is_err());
        assert!(Key::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").is_err());
    }

    #[test]
    fn short_rsa_is_refused() {
        let rsa = |bytes| Key::public(KeyAlgorithm::Rs256, Public::Rsa { n: vec![0xab; bytes], e: vec![1, 0, 1] });
        assert!(rsa(128).is_err());
        assert!(rsa(256).is_ok());
        assert!(rsa(2048).is_err());
    }

    #[test]
    fn jwt_11_an_rsa_key_is_as_long_as_its_number_and_its_exponent_is_one() {
        let rsa = |n: &[u8], e: &[u8]| Key::public(KeyAlgorithm::Rs256, Public::Rsa { n: n.to_vec(), e: e.to_vec() });
        let modulus = [0xab; 256];
        let mut padded = vec![0; 256];
        padded.extend_from_slice(&[0xab; 128]);
        assert!(rsa(&padded, &[1, 0, 1]).is_err(), "1,024 bits behind zeros");
        assert!(rsa(&[0x7f; 256], &[1, 0, 1]).is_err(), "2,047 bits");
        assert!(rsa(&[&[0], &modulus[..]].concat(), &[0, 1, 0, 1]).is_ok(), "as some libraries write it");
        for bad in [&[][..], &[0], &[1], &[0, 1], &[2], &[1, 0, 0], &[1; 9]] {
            assert!(rsa(&modulus, bad).is_err(), "{bad:?}");
        }
        assert!(rsa(&modulus, &[3]).is_ok());
    }

    #[test]
    fn jwt_11_a_public_key_of_small_order_is_refused() {
        let ed = |x: [u8; 32]| Key::public(KeyAlgorithm::EdDsa, Public::Ed25519 { x });
        let with = |first: u8, between: u8, last: u8| {
            let mut x = [between; 32];
            (x[0], x[31]) = (first, last);
            x
        };
        for sign in [0, 0x80] {
            for x in
                [with(0, 0, 0), with(1, 0, 0), with(0xec, 0xff, 0x7f), with(0xed, 0xff, 0x7f), with(0xee, 0xff, 0x7f)]
            {
                assert!(ed(with(x[0], x[1], x[31] | sign)).is_err(), "{x:?}");
            }
            for mut x in ORDER_8 {
                x[31] |= sign;
                assert!(ed(x).is_err(), "{x:?}");
            }
        }
        assert!(ed(with(2, 0, 0)).is_ok() && ed(with(0xeb, 0xff, 0x7f)).is_ok());
    }
}
