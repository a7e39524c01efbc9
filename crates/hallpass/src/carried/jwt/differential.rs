//! The library underneath, used bare, beside ours: whatever is accepted here is accepted there.

use std::collections::HashSet;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"a secret of some 40 bytes, random enough";
const ISSUER: &str = "https://login.test";
const AUDIENCE: &str = "https://api.test";
const NOW: u64 = 1_800_000_000;

/// What is done to a token.
#[derive(Debug, Clone)]
enum Change {
    Header(&'static str, Value),
    Claim(&'static str, Value),
    /// One character of the text becomes another.
    Character(Index, u8),
    Cut(Index),
    /// Something is put into the JSON of a part, before it is signed.
    Insert(bool, Index, &'static str),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (NOW - 100..NOW + 100).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![ISSUER, AUDIENCE, "HS256", "none", "at+jwt", "JWT", "1", "alice", ""]).prop_map(Value::from),
        Just(json!([AUDIENCE])),
        Just(json!([AUDIENCE, "https://other.test"])),
        Just(json!({"a": [{"b": {}}]})),
        Just(json!([[[[[[[[1]]]]]]]])),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let header = vec![
        "alg", "typ", "kid", "cty", "x5t", "x5t#S256", "url", "nonce", "crit", "b64", "zip", "jwk", "jku", "x5c",
        "x5u", "enc", "else",
    ];
    let claim = vec![
        "iss",
        "aud",
        "exp",
        "iat",
        "nbf",
        "sub",
        "jti",
        "sid",
        "gen",
        "epoch",
        "acr",
        "amr",
        "auth_time",
        "client_id",
        "hallpass",
        "else",
    ];
    let odd = vec![" ", "\n", "\\u0000", "\\", "\"", ",", "}", "{}", "\u{feff}", "\0", "1", ".5", "e9"];
    prop_oneof![
        2 => (select(header), value()).prop_map(|(name, value)| Change::Header(name, value)),
        4 => (select(claim), value()).prop_map(|(name, value)| Change::Claim(name, value)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Character(at, byte)),
        1 => any::<Index>().prop_map(Change::Cut),
        1 => (any::<bool>(), any::<Index>(), select(odd)).prop_map(|(header, at, what)| Change::Insert(header, at, what)),
    ]
}

fn token(key: &Key, changes: &[Change]) -> Vec<u8> {
    let mut header = json!({"alg": "HS256", "typ": "at+jwt", "kid": key.id().as_str()});
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "jti": "j1", "client_id": "default",
        "iat": NOW, "exp": NOW + 300, "sid": "AwMDAwMDAwMDAwMDAwMDAw", "gen": 7
    });
    for change in changes {
        match change {
            Change::Header(name, value) => header[name] = value.clone(),
            Change::Claim(name, value) => claims[name] = value.clone(),
            _ => {}
        }
    }
    let (mut header, mut claims) = (header.to_string(), claims.to_string());
    for change in changes {
        if let Change::Insert(is_header, at, what) = change {
            let part = if *is_header { &mut header } else { &mut claims };
            let places: Vec<_> = part.char_indices().map(|(at, _)| at).collect();
            part.insert_str(places[at.index(places.len())], what);
        }
    }
    let mut text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(text.as_bytes()).expect("a secret signs");
    text.push('.');
    text.push_str(&URL_SAFE_NO_PAD.encode(signature));
    let mut text = text.into_bytes();
    for change in changes {
        match change {
            Change::Character(at, byte) if !text.is_empty() => {
                let at = at.index(text.len());
                text[at] = *byte;
            }
            Change::Cut(at) if !text.is_empty() => text.truncate(at.index(text.len())),
            _ => {}
        }
    }
    text
}

fn is_accepted_bare(text: &[u8]) -> Result<(), jsonwebtoken::errors::Error> {
    let mut validation = Validation::new(Algorithm::HS256);
    // It asks the system for the time; ours is given one.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    validation.required_spec_claims = HashSet::from(["exp", "iss", "aud"].map(str::to_owned));
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    jsonwebtoken::decode::<Value>(text, &DecodingKey::from_secret(SECRET), &validation).map(drop)
}

fn ours() -> Jwt {
    let key = Key::symmetric(KeyAlgorithm::Hs256, SECRET).expect("long enough");
    Jwt::access(KeyRing::new([key]).expect("a key"), ISSUER, AUDIENCE).expect("names")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn whatever_is_accepted_here_the_library_accepts_too(changes in prop::collection::vec(change(), 0..4)) {
        let jwt = ours();
        let text = token(&jwt.ring().keys()[0], &changes);
        if jwt.check(&text, Timestamp::from_millis(NOW * 1000)).is_ok() {
            let bare = is_accepted_bare(&text);
            prop_assert!(bare.is_ok(), "{bare:?} for {}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn bytes_that_nobody_signed_are_accepted_nowhere(text in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(ours().check(&text, Timestamp::from_millis(NOW * 1000)).is_err());
    }
}

#[test]
fn the_token_that_is_changed_is_good_here_and_there() {
    let jwt = ours();
    let text = token(&jwt.ring().keys()[0], &[]);
    assert!(jwt.check(&text, Timestamp::from_millis(NOW * 1000)).is_ok());
    assert!(is_accepted_bare(&text).is_ok());
}
