//! Tokens and keys beside those of libraries that were not written here: each verifies what the other signed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{
    Carried, Chain, Clock as _, Epoch, Generation, Jwt, Key, KeyAlgorithm, KeyId, KeyRing, Level, Method, Policy,
    Profile, Realm, Record, SelfContained as _, SessionId, SystemClock, Timestamp, Unopened,
};
use serde_json::{Value, json};

use crate::app::subject;

const ISSUER: &str = "https://login.test";
const AUDIENCE: &str = "https://api.test";
const SECRET: &[u8] = b"a secret of some 40 bytes, random enough";

#[test]
fn tokens_and_keys_are_understood_by_joserfc_for_python_and_its_by_us() {
    let Some(jose) = rig::jose() else { return };
    exchange(|job| jose.python(&script("others.py"), job));
}

#[test]
fn tokens_and_keys_are_understood_by_jose_for_node_and_its_by_us() {
    let Some(jose) = rig::jose() else { return };
    exchange(|job| jose.node(&script("others.js"), job));
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jose").join(name)
}

fn exchange(run: impl Fn(&str) -> String) {
    let now = SystemClock::new().now();
    let pairs = [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256].map(|algorithm| {
        let key = Key::generate(algorithm).expect("the system makes keys");
        (algorithm, access(KeyRing::new([key]).expect("a pair")))
    });
    let secret = Key::symmetric(KeyAlgorithm::Hs256, SECRET).expect("long enough");
    let secret = (KeyAlgorithm::Hs256, access(KeyRing::new([secret]).expect("a secret")));
    let [eddsa, es256] = pairs;
    let ours = [eddsa, es256, secret];
    let carried = carried(now);
    let tokens: Vec<Value> = ours.iter().map(|(algorithm, jwt)| token(*algorithm, jwt, &carried)).collect();

    let seconds = now.as_millis() / 1000;
    let job = json!({
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "now": seconds,
        "secret": {"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET)},
        "jwks": published(&ours),
        "tokens": tokens,
        "claims": {
            "iss": ISSUER, "aud": [AUDIENCE], "sub": "alice", "jti": "one of theirs", "client_id": "default",
            "iat": seconds, "nbf": seconds, "exp": seconds + 300, "acr": "2", "amr": ["pwd", "otp"], "scope": "read"
        },
    });
    let answer: Value = serde_json::from_str(&run(&job.to_string())).expect("JSON");

    let verified = answer["verified"].as_array().expect("a list");
    assert_eq!(verified.len(), ours.len());
    for claims in verified {
        assert_eq!(claims["sub"], "alice");
        assert_eq!(claims["sid"], carried.record.id.to_string());
        assert_eq!(claims["client_id"], "default");
        assert_eq!(claims["acr"], "2");
        assert_eq!(claims["amr"], json!(["pwd", "otp"]));
        assert_eq!(claims["exp"], seconds + 300);
    }
    let theirs = KeyRing::from_jwks(answer["jwks"].to_string().as_bytes()).expect("their keys");
    assert_eq!(theirs.keys().len(), 3);
    let (theirs, [_, _, (_, secret)]) = (access(theirs), ours);
    let made = answer["made"].as_array().expect("a list");
    assert_eq!(made.len(), 4, "EdDSA, ES256, RS256 and HS256");
    for token in made {
        let jwt = if token["algorithm"] == "HS256" { &secret } else { &theirs };
        assert_understood(jwt, token, now);
    }
}

fn access(ring: KeyRing) -> Jwt {
    Jwt::access(ring, ISSUER, AUDIENCE).expect("names")
}

fn carried(now: Timestamp) -> Carried {
    let chain = Chain::start(Generation::FIRST, now).chain;
    let terms = Policy::default().terms();
    let id = SessionId::from_bytes([3; 16]);
    let mut record = Record::new(id, Realm::default(), Profile::default(), terms, chain, now);
    record.subject = Some(subject("alice"));
    record.authenticated_at = Some(now);
    record.level = Level::TWO_FACTORS;
    record.methods = ["pwd", "otp"].map(|word| Method::new(word).expect("a word")).to_vec();
    Carried::new(record, Epoch(5), now, now.plus(Duration::from_mins(5)))
}

fn token(algorithm: KeyAlgorithm, jwt: &Jwt, carried: &Carried) -> Value {
    json!({"algorithm": algorithm.as_str(), "text": jwt.seal(carried).expect("it is small").expose()})
}

/// Returns what is published of all keys, as one set.
fn published(ours: &[(KeyAlgorithm, Jwt)]) -> Value {
    let sets = ours.iter().map(|(_, jwt)| serde_json::from_str::<Value>(&jwt.jwks()).expect("JSON"));
    let keys: Vec<Value> = sets.flat_map(|set| set["keys"].as_array().expect("a list").clone()).collect();
    assert_eq!(keys.len(), 2, "a secret is not published");
    json!({"keys": keys})
}

fn assert_understood(jwt: &Jwt, token: &Value, now: Timestamp) {
    let text = token["text"].as_str().expect("text");
    let opened = jwt.open(text.as_bytes(), now);
    let opened =
        opened.unwrap_or_else(|why| panic!("{}: {why}, {:?}", token["algorithm"], jwt.check(text.as_bytes(), now)));
    assert_eq!(opened.record.subject, Some(subject("alice")));
    assert_eq!(opened.record.level, Level::TWO_FACTORS);
    assert_eq!(opened.record.methods.len(), 2);
    // A character in the middle of the signature, where each has six bits that count.
    let at = text.rfind('.').expect("a token") + 10;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    let flipped = format!("{}{other}{}", &text[..at], &text[at + 1..]);
    assert_eq!(jwt.open(flipped.as_bytes(), now).err(), Some(Unopened::Invalid), "{}", token["algorithm"]);
    assert_eq!(jwt.open(text.as_bytes(), now.plus(Duration::from_mins(6))).err(), Some(Unopened::Expired));
}

#[test]
fn the_name_of_a_key_is_told_to_others_as_it_is() {
    let key = Key::generate(KeyAlgorithm::EdDsa).expect("a key").named(KeyId::new("2026-11_a.b").expect("a name"));
    let jwt = access(KeyRing::new([key]).expect("a pair"));
    let set: Value = serde_json::from_str(&jwt.jwks()).expect("JSON");
    assert_eq!(set["keys"][0]["kid"], "2026-11_a.b");
    assert_eq!(set["keys"][0]["use"], "sig");
    assert_eq!(set["keys"][0]["alg"], "EdDSA");
}
