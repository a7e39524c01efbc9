//! The public keys of a ring as a JSON Web Key Set (RFC 7517), and those of others.

/// The error of reading a key set that is none, too large, or holds no key that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidJwks(&'static str);

#[cfg(feature = "jwt")]
mod set {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize, Serialize};

    use super::InvalidJwks;
    use crate::keys::key::{KeyAlgorithm, Public};
    use crate::keys::{Key, KeyId, KeyRing, Material};

    const LONGEST: usize = 64 * 1024;

    #[derive(Serialize, Deserialize)]
    struct Set<K> {
        keys: Vec<K>,
    }

    /// A key as RFC 7517 and RFC 8037 write it; what is private has no field here, so it cannot be written.
    #[derive(Serialize, Deserialize)]
    struct Jwk {
        kty: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<String>,
        #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
        usage: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        alg: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        crv: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        x: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        y: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        n: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        e: Option<String>,
    }

    impl KeyRing {
        /// Returns the public keys as a JSON Web Key Set, those included that do not sign yet; of secrets there are none.
        pub fn to_jwks(&self) -> String {
            let keys = self.keys().iter().filter_map(|key| Jwk::of(key)).collect();
            serde_json::to_string(&Set { keys }).unwrap_or_else(|_| r#"{"keys":[]}"#.to_owned())
        }

        /// Reads the keys that can be used from a JSON Web Key Set of at most 64 KiB and 64 keys, to verify with.
        /// A key of another algorithm, for encryption, or without a name is left out.
        ///
        /// # Errors
        ///
        /// [`InvalidJwks`] if it is none, or has no such key.
        pub fn from_jwks(text: &[u8]) -> Result<Self, InvalidJwks> {
            if text.len() > LONGEST {
                return Err(InvalidJwks("a key set has at most 64 KiB"));
            }
            let set: Set<serde_json::Value> =
                serde_json::from_slice(text).map_err(|_| InvalidJwks("not a JSON Web Key Set"))?;
            let keys = set.keys.into_iter().take(Self::MOST);
            let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key).ok()?.key());
            Self::new(keys).map_err(|_| InvalidJwks("no key of it can verify a token"))
        }
    }

    impl Jwk {
        fn of(key: &Key) -> Option<Self> {
            #[allow(irrefutable_let_patterns)] // where tokens are not sealed, there are no other keys
            let Material::Jose(jose) = key.material() else { return None };
            let text = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
            let mut jwk = jose.public().bare()?;
            jwk.kid = Some(key.id().to_string());
            jwk.usage = Some("sig".to_owned());
            jwk.alg = Some(key.algorithm().to_string());
            if let Public::Rsa { n, e } = jose.public() {
                (jwk.n, jwk.e) = (text(n), text(e));
            }
            Some(jwk)
        }

        fn key(&self) -> Option<Key> {
            if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
                return None;
            }
            let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
            let coordinate = |text| <[u8; 32]>::try_from(bytes(text)?).ok();
            let (algorithm, public) = match (&*self.kty, self.crv.as_deref()) {
                ("OKP", Some("Ed25519")) => (KeyAlgorithm::EdDsa, Public::Ed25519 { x: coordinate(&self.x)? }),
                ("EC", Some("P-256")) => {
                    (KeyAlgorithm::Es256, Public::P256 { x: coordinate(&self.x)?, y: coordinate(&self.y)? })
                }
                ("RSA", None) => (KeyAlgorithm::Rs256, Public::Rsa { n: bytes(&self.n)?, e: bytes(&self.e)? }),
                _ => return None,
            };
            if self.alg.as_deref().is_some_and(|alg| alg != algorithm.as_str()) {
                return None;
            }
            let id = KeyId::new(self.kid.as_deref()?).ok()?;
            Some(Key::public(algorithm, public).ok()?.named(id))
        }
    }

    impl Public {
        fn bare(&self) -> Option<Jwk> {
            let text = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
            let empty = |kty: &str, crv: Option<&str>| Jwk {
                kty: kty.to_owned(),
                kid: None,
                usage: None,
                alg: None,
                crv: crv.map(str::to_owned),
                x: None,
                y: None,
                n: None,
                e: None,
            };
            match self {
                Self::Nothing => None,
                Self::Ed25519 { x } => Some(Jwk { x: text(x), ..empty("OKP", Some("Ed25519")) }),
                Self::P256 { x, y } => Some(Jwk { x: text(x), y: text(y), ..empty("EC", Some("P-256")) }),
                Self::Rsa { n, e } => Some(Jwk { n: text(n), e: text(e), ..empty("RSA", None) }),
            }
        }

        /// Returns what RFC 7638 hashes: the required members in the order of their names.
        pub(in crate::keys) fn thumbprint(&self) -> String {
            let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            match self {
                Self::Nothing => String::new(),
                Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x)),
                Self::P256 { x, y } => {
                    format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y))
                }
                Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n)),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_set_that_was_written_is_read_and_nothing_private_is_in_it() {
            let pairs = [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256].map(|kind| Key::generate(kind).expect("a key"));
            let ring = KeyRing::new(pairs).expect("two pairs");
            let written = ring.to_jwks();
            assert!(!written.contains(r#""d""#), "{written}");
            let read = KeyRing::from_jwks(written.as_bytes()).expect("it was just written");
            let signature = ring.keys()[0].sign(b"message").expect("a pair signs");
            let public = read.find(ring.keys()[0].id().as_str()).expect("the same names");
            assert!(public.verifies(b"message", &signature) && !public.can_sign());
        }

        #[test]
        fn jwt_14_a_set_of_others_is_bounded_in_bytes_and_keys() {
            let pair = Key::generate(KeyAlgorithm::EdDsa).expect("a key");
            let ring = KeyRing::new([pair]).expect("a pair");
            let one = ring.to_jwks();
            let padded = |length: usize| format!("{}{one}", " ".repeat(length - one.len()));
            assert!(KeyRing::from_jwks(padded(LONGEST).as_bytes()).is_ok());
            assert!(KeyRing::from_jwks(padded(LONGEST + 1).as_bytes()).is_err());
            let key = one.trim_start_matches(r#"{"keys":["#).trim_end_matches("]}");
            let named = |number: usize| key.replace(ring.keys()[0].id().as_str(), &format!("k{number}"));
            let many: Vec<_> = (0..=KeyRing::MOST).map(named).collect();
            let read = KeyRing::from_jwks(format!(r#"{{"keys":[{}]}}"#, many.join(",")).as_bytes()).expect("keys");
            assert_eq!(read.keys().len(), KeyRing::MOST, "more are left out");
        }

        #[test]
        fn the_name_of_a_key_is_made_of_its_thumbprint() {
            // RFC 8037, appendix A.3.
            let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
            let x = URL_SAFE_NO_PAD.decode(x).expect("base64url").try_into().expect("32 bytes");
            let key = Key::public(KeyAlgorithm::EdDsa, Public::Ed25519 { x }).expect("a public key");
            assert!("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".starts_with(key.id().as_str()));
        }

        #[test]
        fn secrets_are_not_published_and_not_taken_from_others() {
            let secret = Key::symmetric(KeyAlgorithm::Hs256, b"a secret of some 40 bytes, random enough");
            let ring = KeyRing::new(secret).expect("a secret");
            assert_eq!(ring.to_jwks(), r#"{"keys":[]}"#);
            for bad in [
                r#"{"keys":[{"kty":"oct","kid":"a","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}]}"#,
                r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
                r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
                r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","alg":"HS256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
                r#"{"keys":[]}"#,
                "[]",
            ] {
                assert!(KeyRing::from_jwks(bad.as_bytes()).is_err(), "{bad}");
            }
        }
    }
}
