//! Any bytes as a JSON Web Key Set: no panic, no secret is taken, and no key of it lets a forged token pass.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Fault, Jwt, KeyRing, Timestamp};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fuzz_target!(|bytes: &[u8]| {
    let Ok(ring) = KeyRing::from_jwks(bytes) else { return };
    let keys = ring.keys();
    assert!(keys.len() <= KeyRing::MOST);
    for key in &*keys {
        assert!(key.algorithm().is_asymmetric() && !key.can_sign());
    }
    let written = ring.to_jwks();
    let again = KeyRing::from_jwks(written.as_bytes()).expect("a written set can be read");
    assert_eq!(again.to_jwks(), written, "a set has one meaning");
    assert!(keys.iter().all(|key| again.contains(key.id())));

    let jwt = Jwt::access(ring, "https://login.test", "https://api.test").expect("names");
    for key in keys.iter().take(2) {
        let header = format!(r#"{{"alg":"{}","typ":"at+jwt","kid":"{}"}}"#, key.algorithm(), key.id());
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(CLAIMS));
        for signature in forged() {
            let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
            assert_eq!(jwt.check(text.as_bytes(), NOW).err(), Some(Fault::Signature));
        }
    }
});

const CLAIMS: &str = r#"{"iss":"https://login.test","aud":"https://api.test","sub":"mallory","jti":"j","iat":1700000000,"exp":1700000300}"#;

/// Signatures that weak keys and careless libraries have let pass: zeros, ones, and what RSA with the exponent 1 leaves.
fn forged() -> impl Iterator<Item = Vec<u8>> {
    let one = |length: usize| {
        let mut bytes = vec![0; length];
        bytes[length - 1] = 1;
        bytes
    };
    [64, 256, 512].into_iter().flat_map(move |length| [vec![0; length], one(length), vec![0xff; length]])
}
