//! Any bytes as a JWT, and any header and claims under a good signature: no panic, one meaning, and nothing is accepted
//! that `jsonwebtoken` refuses.
//!
//! An input is a byte that chooses what it is: a token as it comes, or a header and claims with a zero byte between,
//! which are signed here.

#![no_main]

use std::collections::HashSet;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hallpass::{Carried, Glance, Jwt, Key, KeyAlgorithm, KeyId, KeyRing, SelfContained, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const ISSUER: &str = "https://login.test";
const AUDIENCE: &str = "https://api.test";

/// One way to sign, here and in the other library. The keys are those of the standards: everybody knows them.
struct Arm {
    access: Jwt,
    session: Jwt,
    algorithm: Algorithm,
    signing: Option<EncodingKey>,
    verifying: DecodingKey,
}

static ARMS: LazyLock<[Arm; 4]> = LazyLock::new(|| {
    // RFC 7515, appendix A.1.1.
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let secret = URL_SAFE_NO_PAD.decode(secret).expect("base64url");
    // RFC 8037, appendix A.1, and RFC 7515, appendix A.3.1, as PKCS#8.
    let ed = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    let ed = STANDARD.decode(ed).expect("base64");
    let ec = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIffH1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt";
    let ec = STANDARD.decode(ec).expect("base64");
    let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    // RFC 7515, appendix A.2.1.
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let others = format!(r#"{{"keys":[{{"kty":"RSA","kid":"k","n":"{n}","e":"AQAB"}}]}}"#);
    let ring = |key: Key| KeyRing::new([key.named(KeyId::new("k").expect("a name"))]).expect("a key");
    [
        Arm::new(
            ring(Key::symmetric(KeyAlgorithm::Hs256, &secret).expect("a secret")),
            Algorithm::HS256,
            Some(EncodingKey::from_secret(&secret)),
            DecodingKey::from_secret(&secret),
        ),
        Arm::new(
            ring(Key::from_pkcs8(KeyAlgorithm::EdDsa, &ed).expect("a pair")),
            Algorithm::EdDSA,
            Some(EncodingKey::from_ed_der(&ed)),
            DecodingKey::from_ed_components("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").expect("a key"),
        ),
        Arm::new(
            ring(Key::from_pkcs8(KeyAlgorithm::Es256, &ec).expect("a pair")),
            Algorithm::ES256,
            Some(EncodingKey::from_ec_der(&ec)),
            DecodingKey::from_ec_components(x, y).expect("a key"),
        ),
        Arm::new(
            KeyRing::from_jwks(others.as_bytes()).expect("a key"),
            Algorithm::RS256,
            None,
            DecodingKey::from_rsa_components(n, "AQAB").expect("a key"),
        ),
    ]
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    match kind % 8 {
        kind @ 0..=3 => {
            for arm in &*ARMS {
                arm.try_out(rest, kind % 2 == 0);
            }
        }
        kind => {
            // Three times as often under the secret: it is signed a hundred times while a pair signs once.
            let arm = &ARMS[usize::from(kind.saturating_sub(5))];
            let Some(signing) = &arm.signing else { return };
            let split = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
            let (header, claims) = rest.split_at(split);
            let claims = claims.get(1..).unwrap_or_default();
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let signature =
                jsonwebtoken::crypto::sign(message.as_bytes(), signing, arm.algorithm).expect("a pair signs");
            arm.try_out(format!("{message}.{signature}").as_bytes(), rest.len() % 2 == 0);
        }
    }
});

impl Arm {
    fn new(ring: KeyRing, algorithm: Algorithm, signing: Option<EncodingKey>, verifying: DecodingKey) -> Self {
        let access = Jwt::access(ring.clone(), ISSUER, AUDIENCE).expect("names").remembering(16);
        let session = Jwt::session(ring, ISSUER, AUDIENCE).expect("names").remembering(16);
        Self { access, session, algorithm, signing, verifying }
    }

    fn try_out(&self, text: &[u8], is_access: bool) {
        let jwt = if is_access { &self.access } else { &self.session };
        let checked = jwt.check(text, NOW);
        // The second time it is remembered.
        for _ in 0..2 {
            let opened = jwt.open(text, NOW);
            match (&checked, opened) {
                (Ok(checked), Ok(opened)) => assert_eq!(*opened, *checked),
                (Err(fault), Err(unopened)) => assert_eq!(unopened, (*fault).into()),
                (checked, opened) => panic!("{checked:?} and {opened:?}"),
            }
        }
        let Ok(carried) = checked else { return };
        self.assert_others_agree(text);
        Glance::of(text).expect("what is accepted can be shown");
        assert!(carried.expires_at.plus(Jwt::LEEWAY) > NOW && carried.issued_at <= NOW.plus(Jwt::MOST_LEEWAY));
        if self.signing.is_some() {
            self.assert_one_meaning(&carried);
        }
    }

    fn assert_others_agree(&self, text: &[u8]) {
        let mut validation = Validation::new(self.algorithm);
        // The other library asks the system for the time.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        validation.required_spec_claims = HashSet::from(["exp", "iss", "aud"].map(str::to_owned));
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        let decoded = jsonwebtoken::decode::<Value>(text, &self.verifying, &validation);
        assert!(decoded.is_ok(), "accepted here, and elsewhere {:?}", decoded.err());
    }

    /// What was understood is written so that it is understood the same again.
    fn assert_one_meaning(&self, carried: &Carried) {
        let Ok(again) = self.session.seal(carried) else { return };
        let read = self.session.check(again.expose().as_bytes(), NOW);
        assert_eq!(read.as_ref(), Ok(carried));
    }
}
