//! Verifying a JWT: the first time, again, by the library underneath used bare, and its signature alone.

use std::collections::HashSet;
use std::hint::black_box;

use aws_lc_rs::{hmac, signature};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Clock as _, Jwt, Key, KeyAlgorithm, KeyRing, SelfContained as _, SystemClock};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use crate::claims::{AUDIENCE, Claims, ISSUER, carried};
use crate::rounds::{Arm, Measured};

const SECRET: &[u8] = b"a secret of some 40 bytes, random enough";

/// What is measured of one algorithm, by name.
const NAMES: [[&str; 5]; 2] = [
    ["HS256", "HS256 first", "HS256 again", "HS256 bare", "HS256 limit"],
    ["EdDSA", "EdDSA first", "EdDSA again", "EdDSA bare", "EdDSA limit"],
];

pub(crate) fn report() {
    let measured = Measured::of(arms());
    println!(
        "| JWT | first, µs | again, ns | `jsonwebtoken` bare, µs | signature alone, µs | first ÷ bare | first ÷ signature | again ÷ bare |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for [algorithm, first, again, bare, limit] in NAMES {
        println!(
            "| {algorithm} | {:.2} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.3} |",
            measured.nanos(first) / 1e3,
            measured.nanos(again),
            measured.nanos(bare) / 1e3,
            measured.nanos(limit) / 1e3,
            measured.ratio(first, bare),
            measured.ratio(first, limit),
            measured.ratio(again, bare),
        );
    }
}

pub(crate) fn arms() -> Vec<Arm> {
    let secret = Key::symmetric(KeyAlgorithm::Hs256, SECRET).expect("long enough");
    let hmac = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let [hs256, eddsa] = NAMES;
    let mut arms = of_algorithm(hs256, secret, Algorithm::HS256, DecodingKey::from_secret(SECRET), {
        move |message, tag| hmac::verify(&hmac, message, tag).is_ok()
    });
    let pair = Key::generate(KeyAlgorithm::EdDsa).expect("the system makes keys");
    let ring = KeyRing::new([pair]).expect("a pair");
    let set: serde_json::Value = serde_json::from_str(&ring.to_jwks()).expect("JSON");
    let x = set["keys"][0]["x"].as_str().expect("a public key").to_owned();
    let public = signature::UnparsedPublicKey::new(&signature::ED25519, URL_SAFE_NO_PAD.decode(&x).expect("base64url"));
    let bare = DecodingKey::from_ed_components(&x).expect("a public key");
    arms.extend(of_ring(eddsa, ring, Algorithm::EdDSA, bare, move |message, tag| public.verify(message, tag).is_ok()));
    arms
}

fn of_algorithm(
    names: [&'static str; 5],
    key: Key,
    algorithm: Algorithm,
    bare: DecodingKey,
    verify: impl Fn(&[u8], &[u8]) -> bool + 'static,
) -> Vec<Arm> {
    of_ring(names, KeyRing::new([key]).expect("a key"), algorithm, bare, verify)
}

fn of_ring(
    [_, first, again, bare, limit]: [&'static str; 5],
    ring: KeyRing,
    algorithm: Algorithm,
    key: DecodingKey,
    verify: impl Fn(&[u8], &[u8]) -> bool + 'static,
) -> Vec<Arm> {
    let jwt = || Jwt::access(ring.clone(), ISSUER, AUDIENCE).expect("names");
    let (unremembered, remembering) = (jwt(), jwt());
    let (clock, clock_too) = (SystemClock::new(), SystemClock::new());
    let token = remembering.seal(&carried()).expect("it is small");
    let text = token.expose().to_owned();
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.required_spec_claims = HashSet::from(["exp", "iss", "aud"].map(str::to_owned));
    let (message, tag) = text.rsplit_once('.').expect("a token");
    let (message, tag) = (message.to_owned(), URL_SAFE_NO_PAD.decode(tag).expect("base64url"));
    let [one, two, three] = [text.clone(), text.clone(), text];
    // Each asks the time, as a service does for each request.
    vec![
        Arm::new(first, move || {
            black_box(unremembered.check(one.as_bytes(), clock.now()).expect("it is good"));
        }),
        Arm::new(again, move || {
            black_box(remembering.open(two.as_bytes(), clock_too.now()).expect("it is good"));
        }),
        Arm::new(bare, move || {
            black_box(decode::<Claims>(&three, &key, &validation).expect("it is good"));
        }),
        Arm::new(limit, move || assert!(black_box(verify(message.as_bytes(), &tag)))),
    ]
}
