//! The vectors of standards A11, each by its number.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::id::SessionId;
use crate::keys::KeyId;
use crate::name::{Method, Profile, Realm, Subject};
use crate::policy::Policy;
use crate::record::{Level, Record};
use crate::store::Epoch;
use crate::token::{Chain, Generation};

const SECRET: &[u8] = b"a secret of some 40 bytes, random enough";
const ISSUER: &str = "https://login.test";
const AUDIENCE: &str = "https://api.test";

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_123)
}

fn key(algorithm: KeyAlgorithm) -> Key {
    match algorithm {
        KeyAlgorithm::Hs256 => Key::symmetric(algorithm, SECRET).expect("long enough"),
        other => Key::generate(other).expect("a key"),
    }
}

fn access(key: Key) -> Jwt {
    Jwt::access(KeyRing::new([key]).expect("a key"), ISSUER, AUDIENCE).expect("names")
}

fn carried() -> Carried {
    let started = now().minus(Duration::from_mins(20));
    let renewed = now().minus(Duration::from_secs(9));
    let chain = Chain::carried(started, Generation::FIRST, Generation::new(7).expect("small"), renewed).chain;
    let (id, terms) = (SessionId::from_bytes([3; 16]), Policy::default().terms());
    let mut record = Record::new(id, Realm::default(), Profile::default(), terms, chain, started);
    record.subject = Some(Subject::new("alice").expect("a name"));
    record.authenticated_at = Some(started);
    record.level = Level::TWO_FACTORS;
    record.methods = vec![Method::new("pwd").expect("a word"), Method::new("otp").expect("a word")];
    record.impersonator = Some(Subject::new("support").expect("a name"));
    record.expires_at = now().plus(Duration::from_mins(5));
    Carried::new(record, Epoch(5), now(), now().plus(Duration::from_mins(5)))
}

/// Signs what a test made of header and claims, as an attacker with a valid key would.
fn forge(key: &Key, header: &str, claims: &str) -> Vec<u8> {
    let mut text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(text.as_bytes()).expect("it signs");
    text.push('.');
    text.push_str(&URL_SAFE_NO_PAD.encode(signature));
    text.into_bytes()
}

fn good_header(key: &Key) -> Value {
    json!({"alg": key.algorithm().as_str(), "typ": "at+jwt", "kid": key.id().as_str()})
}

fn good_claims() -> Value {
    let now = now().as_millis() / 1000;
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "jti": "j1", "client_id": "default",
        "iat": now, "exp": now + 300, "sid": "AwMDAwMDAwMDAwMDAwMDAw", "gen": 7
    })
}

/// What comes of good claims with some changed, or taken away by null.
fn judged(jwt: &Jwt, key: &Key, header: &Value, claims: &Value) -> Result<Carried, Fault> {
    let changed = |mut good: Value, changes: &Value| {
        for (name, value) in changes.as_object().expect("changes") {
            let members = good.as_object_mut().expect("an object");
            if value.is_null() {
                members.remove(name)
            } else {
                members.insert(name.clone(), value.clone())
            };
        }
        good.to_string()
    };
    jwt.check(&forge(key, &changed(good_header(key), header), &changed(good_claims(), claims)), now())
}

fn of_claims(claims: &Value) -> Result<Carried, Fault> {
    let key = key(KeyAlgorithm::Hs256);
    judged(&access(self::key(KeyAlgorithm::Hs256)), &key, &json!({}), claims)
}

fn of_header(header: &Value) -> Result<Carried, Fault> {
    let key = key(KeyAlgorithm::Hs256);
    judged(&access(self::key(KeyAlgorithm::Hs256)), &key, header, &json!({}))
}

#[test]
fn what_is_sealed_opens_again_by_every_algorithm() {
    for algorithm in [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256, KeyAlgorithm::Hs256] {
        let jwt = access(key(algorithm));
        let token = jwt.seal(&carried()).expect("it is small");
        for _ in 0..2 {
            let opened = jwt.open(token.expose().as_bytes(), now()).expect("it was just sealed");
            assert_eq!(*opened, carried(), "{algorithm}");
        }
    }
}

#[test]
fn a_whole_session_carries_its_attributes_and_an_access_token_none() {
    let mut carried = carried();
    carried.record.data = Bytes::from_static(br#"{"cart":[1,2]}"#);
    let ring = KeyRing::new([key(KeyAlgorithm::EdDsa)]).expect("a key");
    let access = Jwt::access(ring.clone(), ISSUER, AUDIENCE).expect("names");
    let session = Jwt::session(ring, ISSUER, AUDIENCE).expect("names");
    let (short, whole) = (access.seal(&carried).expect("small"), session.seal(&carried).expect("small"));
    assert_eq!(session.check(whole.expose().as_bytes(), now()), Ok(carried));
    assert!(access.check(short.expose().as_bytes(), now()).is_ok_and(|opened| opened.record.data.is_empty()));
    // JWT-7: neither is taken for the other.
    assert_eq!(access.check(whole.expose().as_bytes(), now()).err(), Some(Fault::Type));
    assert_eq!(session.check(short.expose().as_bytes(), now()).err(), Some(Fault::Type));
}

#[test]
fn jwt_1_the_key_chooses_the_algorithm_and_never_the_header() {
    for (held, claimed) in [
        (KeyAlgorithm::Hs256, "EdDSA"),
        (KeyAlgorithm::Hs256, "HS384"),
        (KeyAlgorithm::EdDsa, "ES256"),
        (KeyAlgorithm::EdDsa, "HS256"),
        (KeyAlgorithm::Es256, "RS256"),
    ] {
        let key = key(held);
        let token = forge(&key, &json!({"alg": claimed, "typ": "at+jwt", "kid": key.id().as_str()}).to_string(), "{}");
        assert_eq!(access(key).check(&token, now()).err(), Some(Fault::Algorithm), "{held} as {claimed}");
    }
}

#[test]
fn jwt_2_no_spelling_of_none_is_an_algorithm() {
    for none in ["none", "None", "NONE", "nOnE", "", " none", "none\0"] {
        assert_eq!(of_header(&json!({"alg": none})).err(), Some(Fault::Algorithm), "{none}");
    }
    assert_eq!(of_header(&json!({"alg": null})).err(), Some(Fault::Header));
    assert_eq!(of_header(&json!({"alg": ["HS256"]})).err(), Some(Fault::Header));
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#),
        URL_SAFE_NO_PAD.encode(good_claims().to_string())
    );
    assert_eq!(access(key(KeyAlgorithm::EdDsa)).check(unsigned.as_bytes(), now()).err(), Some(Fault::Algorithm));
}

#[test]
fn jwt_3_a_public_key_is_no_secret() {
    let pair = key(KeyAlgorithm::EdDsa);
    let jwt = access(key(KeyAlgorithm::EdDsa));
    let public = jwt.jwks();
    let id = jwt.ring().keys()[0].id().clone();
    let confused = Key::symmetric(KeyAlgorithm::Hs256, public.as_bytes()).expect("long enough").named(id.clone());
    for alg in ["HS256", "EdDSA"] {
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": id.as_str()}).to_string();
        let token = forge(&confused, &header, &good_claims().to_string());
        assert!(jwt.check(&token, now()).is_err(), "{alg}");
    }
    assert_eq!(judged(&jwt, &pair, &json!({"kid": id.as_str()}), &json!({})).err(), Some(Fault::Signature));
}

#[test]
fn jwt_4_keys_that_come_with_the_token_are_refused() {
    let own = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    for (name, value) in [
        ("jwk", own),
        ("jku", json!("https://evil.test/jwks.json")),
        ("x5u", json!("https://evil.test/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        assert_eq!(of_header(&json!({name: value})).err(), Some(Fault::OwnKey), "{name}");
    }
}

#[test]
fn jwt_5_a_key_is_found_by_an_exact_name_or_not_at_all() {
    for kid in ["../../../dev/null", "' OR '1'='1", "https://evil.test", "", "A", &"k".repeat(500)] {
        assert_eq!(of_header(&json!({"kid": kid})).err(), Some(Fault::UnknownKey), "{kid}");
    }
    assert_eq!(of_header(&json!({"kid": "k".repeat(10_000)})).err(), Some(Fault::TooLong));
    assert!(of_header(&json!({"kid": null})).is_ok(), "there is only one key");
    let named = |name: &str| key(KeyAlgorithm::EdDsa).named(KeyId::new(name).expect("a name"));
    let two = Jwt::access(KeyRing::new([named("a"), named("b")]).expect("two keys"), ISSUER, AUDIENCE).expect("names");
    assert_eq!(judged(&two, &two.ring().keys()[0], &json!({"kid": null}), &json!({})).err(), Some(Fault::UnknownKey));
    assert_eq!(judged(&two, &two.ring().keys()[0], &json!({"kid": "b"}), &json!({})).err(), Some(Fault::Signature));
}

#[test]
fn jwt_6_issuer_and_audience_are_exact_and_ours_alone() {
    for iss in ["https://login.test/", "https://LOGIN.test", "login.test", ""] {
        assert_eq!(of_claims(&json!({"iss": iss})).err(), Some(Fault::Issuer), "{iss}");
    }
    for aud in [json!("https://other.test"), json!([AUDIENCE, "https://other.test"]), json!([]), json!("")] {
        assert_eq!(of_claims(&json!({"aud": aud})).err(), Some(Fault::Audience), "{aud}");
    }
    assert!(of_claims(&json!({"aud": [AUDIENCE]})).is_ok());
    for missing in ["iss", "aud"] {
        assert_eq!(of_claims(&json!({missing: null})).err(), Some(Fault::Claims), "{missing}");
    }
}

#[test]
fn jwt_7_the_type_is_that_of_this_use_in_any_case() {
    // Some libraries write a slash as `\\/`.
    let escaped = r#"{"alg":"HS256","typ":"application\/at+jwt"}"#;
    let token = forge(&key(KeyAlgorithm::Hs256), escaped, &good_claims().to_string());
    assert!(access(key(KeyAlgorithm::Hs256)).check(&token, now()).is_ok());
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert!(of_header(&json!({"typ": typ})).is_ok(), "{typ}");
    }
    for typ in [
        "JWT",
        "hallpass-session+jwt",
        "logout+jwt",
        "secevent+jwt",
        "dpop+jwt",
        "dbsc+jwt",
        "statuslist+jwt",
        "",
        "at",
    ] {
        assert_eq!(of_header(&json!({"typ": typ})).err(), Some(Fault::Type), "{typ}");
    }
    assert_eq!(of_header(&json!({"typ": null})).err(), Some(Fault::Type));
}

#[test]
fn jwt_8_times_are_there_whole_and_within_the_leeway() {
    let at = now().as_millis() / 1000;
    for missing in ["exp", "iat", "jti"] {
        assert_eq!(of_claims(&json!({missing: null})).err(), Some(Fault::Claims), "{missing}");
    }
    for odd in [json!("1"), json!(1.5), json!(-1), json!(1e300), json!(true), json!(u64::MAX)] {
        assert!(of_claims(&json!({"exp": odd})).is_err(), "{odd}");
    }
    assert!(of_claims(&json!({"exp": at - 29})).is_ok());
    assert_eq!(of_claims(&json!({"exp": at - 30})).err(), Some(Fault::Expired));
    assert!(of_claims(&json!({"iat": at + 30, "nbf": at + 30})).is_ok());
    assert_eq!(of_claims(&json!({"iat": at + 31})).err(), Some(Fault::NotYet));
    assert_eq!(of_claims(&json!({"nbf": at + 31})).err(), Some(Fault::NotYet));
    assert_eq!(of_claims(&json!({"exp": at + 401 * 86_400})).err(), Some(Fault::TooLongALife));
}

#[test]
fn jwt_9_size_and_shape_are_bounded_before_anything_is_parsed() {
    let jwt = access(key(KeyAlgorithm::Hs256));
    let check = |text: &[u8]| jwt.check(text, now()).err();
    assert_eq!(check(&vec![b'a'; 8 * 1024 + 1]), Some(Fault::TooLong));
    assert_eq!(check(&vec![b'.'; 8 * 1024]), Some(Fault::Parts));
    for text in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e"] {
        assert_eq!(check(text.as_bytes()), Some(Fault::Parts), "{text}");
    }
    let token = jwt.seal(&carried()).expect("it is small");
    let text = token.expose();
    for bad in [format!("{text}="), format!(" {text}"), format!("{text}\n"), text.replacen('e', "+", 1)] {
        assert_eq!(check(bad.as_bytes()), Some(Fault::Encoding), "{bad}");
    }
    assert!(check(format!("{text}.").as_bytes()).is_some());
    let good = good_claims().to_string();
    let secret = key(KeyAlgorithm::Hs256);
    let header = good_header(&secret).to_string();
    for claims in [
        format!(r#"{{"iss":"evil",{}"#, &good[1..]),
        format!("{good} {good}"),
        format!("[{good}]"),
        format!(r#"{{"x":{}1{},{}"#, "[".repeat(20), "]".repeat(20), &good[1..]),
    ] {
        assert_eq!(check(&forge(&secret, &header, &claims)), Some(Fault::Claims), "{claims}");
    }
    assert_eq!(check(&forge(&secret, &format!(r#"{{"alg":"none",{}"#, &header[1..]), &good)), Some(Fault::Header));
}

#[test]
fn jwt_10_extensions_are_refused_by_name() {
    for header in [
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"b64": false}),
        json!({"b64": true}),
        json!({"zip": "DEF"}),
        json!({"enc": "A256GCM"}),
    ] {
        assert_eq!(of_header(&header).err(), Some(Fault::Extension), "{header}");
    }
}

#[test]
fn jwt_11_no_psychic_and_no_short_signature_passes() {
    let pair = key(KeyAlgorithm::Es256);
    let header = good_header(&pair).to_string();
    let signed = forge(&pair, &header, &good_claims().to_string());
    let jwt = access(pair);
    assert!(jwt.check(&signed, now()).is_ok());
    let message = &signed[..signed.iter().rposition(|byte| *byte == b'.').expect("a dot")];
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    for signature in [&[0; 64][..], &[order, order].concat(), &[0xff; 64], &[1; 63], &[1; 65], &[], &[0; 128]] {
        let text = [message, b".", URL_SAFE_NO_PAD.encode(signature).as_bytes()].concat();
        assert_eq!(jwt.check(&text, now()).err(), Some(Fault::Signature));
    }
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    for algorithm in [KeyAlgorithm::EdDsa, KeyAlgorithm::Hs256] {
        let jwt = access(key(algorithm));
        let token = jwt.seal(&carried()).expect("it is small");
        assert!(jwt.open(token.expose().as_bytes(), now()).is_ok(), "it is remembered now");
        for bit in 0..token.expose().len() * 8 {
            let mut changed = token.expose().as_bytes().to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(jwt.open(&changed, now()).is_err(), "{algorithm}, bit {bit}");
        }
    }
}

#[test]
fn jwt_17_no_claim_counts_before_the_signature() {
    let jwt = access(key(KeyAlgorithm::Hs256));
    let other = Key::symmetric(KeyAlgorithm::Hs256, b"another secret of some 40 random bytes..").expect("long enough");
    let id = jwt.ring().keys()[0].id().clone();
    for claims in [json!({"exp": 1}), json!({"iss": "evil"}), json!({"aud": 1})] {
        let judged = judged(&jwt, &other, &json!({"kid": id.as_str()}), &claims);
        assert_eq!(judged.err(), Some(Fault::Signature), "{claims}");
    }
}

#[test]
fn what_was_verified_is_over_when_its_time_is_and_when_its_key_goes() {
    let jwt = access(key(KeyAlgorithm::EdDsa));
    let token = jwt.seal(&carried()).expect("it is small");
    let text = token.expose().as_bytes();
    let end = carried().expires_at.plus(Jwt::LEEWAY);
    assert!(jwt.open(text, now()).is_ok());
    assert!(jwt.open(text, end.minus(Duration::from_secs(1))).is_ok());
    assert_eq!(jwt.open(text, end).err(), Some(Unopened::Expired));
    assert!(jwt.open(text, now()).is_ok());
    jwt.ring().replace(vec![Arc::new(key(KeyAlgorithm::EdDsa))]).expect("another key");
    assert_eq!(jwt.open(text, now()).err(), Some(Unopened::UnknownKey), "also where it was verified before");
}

#[test]
fn jwt_13_what_a_key_verified_goes_with_it_also_when_another_takes_its_name() {
    let named = |secret| {
        Key::symmetric(KeyAlgorithm::Hs256, secret).expect("a secret").named(KeyId::new("main").expect("a name"))
    };
    let jwt = access(named(SECRET));
    let token = jwt.seal(&carried()).expect("it is small");
    assert!(jwt.open(token.expose().as_bytes(), now()).is_ok(), "it is remembered now");
    jwt.ring().replace(vec![Arc::new(named(b"another secret of some 40 random bytes.."))]).expect("another key");
    assert_eq!(jwt.open(token.expose().as_bytes(), now()).err(), Some(Unopened::Invalid));
}

#[test]
fn jwt_8_what_we_add_says_nothing_else_than_the_claims_of_the_standard() {
    let of_ours = |exact: Value, claims: Value| {
        let private = json!({
            "created": 0, "seen": 0, "profile": "default", "terms": [1, 1, 1, 1, false], "chain": [0, 0, 0], "exact": exact
        });
        let mut claims = claims;
        claims["hallpass"] = private;
        of_claims(&claims)
    };
    let at = now().as_millis() / 1000;
    let (issued, expires) = (at * 1000 + 999, (at + 300) * 1000 + 999);
    assert!(of_ours(json!([null, issued, expires]), json!({})).is_ok());
    assert!(of_ours(json!([at * 1000, issued, expires]), json!({"auth_time": at})).is_ok());
    for (exact, claims) in [
        (json!([null, issued, expires + 1]), json!({})),
        (json!([null, issued, u64::MAX]), json!({})),
        (json!([null, issued - 1000, expires]), json!({})),
        (json!([at * 1000, issued, expires]), json!({})),
        (json!([null, issued, expires]), json!({"auth_time": at})),
        (json!([at * 1000 + 1000, issued, expires]), json!({"auth_time": at})),
    ] {
        assert_eq!(of_ours(exact.clone(), claims).err(), Some(Fault::Claims), "{exact}");
    }
}

#[test]
fn a_token_of_another_issuer_of_the_standard_names_a_session_by_its_own_name() {
    let foreign = json!({"sid": null, "gen": null, "jti": "of theirs", "auth_time": 1_799_999_000_u64, "acr": "phr"});
    let carried = of_claims(&foreign).expect("it is a good access token");
    assert_eq!(carried.record.subject.as_ref().map(Subject::as_str), Some("alice"));
    assert_eq!(carried.record.level, Level::ONE_FACTOR);
    assert_eq!(carried.record.authenticated_at, Some(Timestamp::from_millis(1_799_999_000_000)));
    assert_eq!(of_claims(&foreign).map(|again| again.record.id), Ok(carried.record.id));
    let another = of_claims(&json!({"sid": null, "jti": "another"})).expect("a good access token");
    assert_ne!(another.record.id, carried.record.id);
}

#[test]
fn a_glance_shows_what_a_token_says_and_verifies_nothing() {
    let jwt = access(key(KeyAlgorithm::Hs256));
    let token = jwt.seal(&carried()).expect("it is small");
    let mut text = token.expose().as_bytes().to_vec();
    let last = text.len() - 5;
    text[last] ^= 1;
    let glance = Glance::of(&text).expect("it is a JWT");
    assert!(glance.header.contains("at+jwt") && glance.claims.contains("alice"));
    assert_eq!(Glance::of(b"no.jwt"), Err(Fault::Parts));
}

#[test]
fn jwt_1_and_jwt_3_the_public_part_of_no_key_serves_as_a_secret() {
    // RFC 7515, appendix A.2.1, and a key of each other kind.
    let rsa = r#"{"keys":[{"kty":"RSA","kid":"k","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]}"#;
    let rsa = Jwt::access(KeyRing::from_jwks(rsa.as_bytes()).expect("a key"), ISSUER, AUDIENCE).expect("names");
    for jwt in [rsa, access(key(KeyAlgorithm::Es256)), access(key(KeyAlgorithm::EdDsa))] {
        let set: Value = serde_json::from_str(&jwt.jwks()).expect("JSON");
        let public = &set["keys"][0];
        let id = KeyId::new(public["kid"].as_str().expect("a name")).expect("a name");
        let mut secrets = vec![public.to_string().into_bytes(), jwt.jwks().into_bytes()];
        for part in ["x", "y", "n"] {
            if let Some(part) = public[part].as_str() {
                secrets.push(part.as_bytes().to_vec());
                secrets.push(URL_SAFE_NO_PAD.decode(part).expect("base64url"));
            }
        }
        for secret in secrets {
            let confused = Key::symmetric(KeyAlgorithm::Hs256, &secret).expect("long enough").named(id.clone());
            for (alg, fault) in
                [("HS256", Fault::Algorithm), (jwt.ring().keys()[0].algorithm().as_str(), Fault::Signature)]
            {
                assert_eq!(judged(&jwt, &confused, &json!({"alg": alg}), &json!({})).err(), Some(fault));
            }
        }
    }
}

#[test]
fn jwt_8_the_leeway_is_at_most_two_minutes_and_a_life_no_longer_than_asked() {
    let at = now().as_millis() / 1000;
    let secret = || key(KeyAlgorithm::Hs256);
    let patient = access(secret()).leeway(Duration::from_hours(1));
    assert!(judged(&patient, &secret(), &json!({}), &json!({"exp": at - 119})).is_ok());
    assert_eq!(judged(&patient, &secret(), &json!({}), &json!({"exp": at - 120})).err(), Some(Fault::Expired));
    assert_eq!(judged(&patient, &secret(), &json!({}), &json!({"iat": at + 121})).err(), Some(Fault::NotYet));
    let exact = access(secret()).leeway(Duration::ZERO);
    assert!(judged(&exact, &secret(), &json!({}), &json!({"exp": at + 1})).is_ok());
    assert_eq!(judged(&exact, &secret(), &json!({}), &json!({"exp": at})).err(), Some(Fault::Expired));
    assert_eq!(judged(&exact, &secret(), &json!({}), &json!({"nbf": at + 1})).err(), Some(Fault::NotYet));
    let short = access(secret()).longest_life(Duration::from_mins(5));
    assert!(judged(&short, &secret(), &json!({}), &json!({})).is_ok());
    assert_eq!(judged(&short, &secret(), &json!({}), &json!({"exp": at + 301})).err(), Some(Fault::TooLongALife));
    assert_eq!(judged(&short, &secret(), &json!({}), &json!({"iat": at - 1})).err(), Some(Fault::TooLongALife));
}

#[test]
fn jwt_9_a_token_and_its_header_may_be_as_long_as_the_limit_and_no_longer() {
    let secret = key(KeyAlgorithm::Hs256);
    let jwt = access(key(KeyAlgorithm::Hs256));
    let header = good_header(&secret).to_string();
    let of_header = |length: usize| {
        let padded = format!("{}{}", " ".repeat(length * 3 / 4 - header.len()), header);
        forge(&secret, &padded, &good_claims().to_string())
    };
    assert_eq!(of_header(1024).iter().position(|byte| *byte == b'.'), Some(1024));
    assert!(jwt.check(&of_header(1024), now()).is_ok());
    assert_eq!(jwt.check(&of_header(1028), now()).err(), Some(Fault::TooLong));
    let claims = good_claims().to_string();
    let longest = (0..8192).map(|spaces| forge(&secret, &header, &format!("{}{claims}", " ".repeat(spaces))));
    let mut longest: Vec<_> = longest.filter(|token| (8190..8195).contains(&token.len())).collect();
    longest.sort_by_key(Vec::len);
    for token in longest {
        let fault = (token.len() > Jwt::LONGEST).then_some(Fault::TooLong);
        assert_eq!(jwt.check(&token, now()).err(), fault, "{} bytes", token.len());
    }
}

#[test]
fn jwt_9_what_is_no_utf_8_is_no_token() {
    let secret = key(KeyAlgorithm::Hs256);
    let jwt = access(key(KeyAlgorithm::Hs256));
    let header = good_header(&secret).to_string();
    let claims = good_claims().to_string();
    // A lone byte, an overlong slash, a surrogate, and a character past the last.
    for odd in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"] {
        for is_header in [true, false] {
            let within = |text: &str, is_odd: bool| match text.strip_suffix('}') {
                Some(start) if is_odd => [start.as_bytes(), b",\"x\":\"", odd, b"\"}"].concat(),
                _ => text.as_bytes().to_vec(),
            };
            let (header, claims) = (within(&header, is_header), within(&claims, !is_header));
            let mut text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let signature = secret.sign(text.as_bytes()).expect("it signs");
            text = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
            assert_eq!(jwt.check(text.as_bytes(), now()).err(), Some(Fault::Encoding), "{odd:x?}");
        }
    }
    // A surrogate may not hide in an escape either.
    let lone = claims.replace("alice", r"al\ud800ice");
    assert_eq!(jwt.check(&forge(&secret, &header, &lone), now()).err(), Some(Fault::Claims));
}

#[test]
fn jwt_10_a_token_within_a_token_is_refused() {
    let secret = key(KeyAlgorithm::Hs256);
    let jwt = access(key(KeyAlgorithm::Hs256));
    let inner = jwt.seal(&carried()).expect("it is small");
    let header = json!({"alg": "HS256", "typ": "at+jwt", "cty": "JWT", "kid": secret.id().as_str()}).to_string();
    assert_eq!(jwt.check(&forge(&secret, &header, inner.expose()), now()).err(), Some(Fault::Claims));
    let quoted = format!("\"{}\"", inner.expose());
    assert_eq!(jwt.check(&forge(&secret, &header, &quoted), now()).err(), Some(Fault::Claims));
    // RFC 7516, appendix A.1, in short: an encrypted token has five parts.
    assert_eq!(
        jwt.check(b"eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA", now()).err(),
        Some(Fault::Parts)
    );
}

#[test]
fn jwt_11_half_a_signature_another_form_of_it_or_numbers_past_the_order_are_refused() {
    let pair = key(KeyAlgorithm::Es256);
    let token = forge(&pair, &good_header(&pair).to_string(), &good_claims().to_string());
    let jwt = access(pair);
    let dot = token.iter().rposition(|byte| *byte == b'.').expect("a dot");
    let signature = URL_SAFE_NO_PAD.decode(&token[dot + 1..]).expect("base64url");
    let (r, s) = signature.split_at(32);
    let zero = [0; 32];
    // As ASN.1, in which other protocols write it.
    let integer = |number: &[u8]| [&[2, 33, 0], number].concat();
    let der = [&[0x30, 70][..], &integer(r), &integer(s)].concat();
    let padded = [&[0][..], r, &[0], s].concat();
    for other in [[r, &zero].concat(), [&zero, s].concat(), [s, r].concat(), [r, &[0xff; 32]].concat(), der, padded] {
        let text = [&token[..=dot], URL_SAFE_NO_PAD.encode(other).as_bytes()].concat();
        assert_eq!(jwt.check(&text, now()).err(), Some(Fault::Signature));
    }
    assert!(jwt.check(&token, now()).is_ok());
}

#[test]
fn jwt_16_an_access_token_says_nothing_of_attributes_and_devices() {
    let mut carried = carried();
    carried.record.data = Bytes::from_static(br#"{"cart":"private words"}"#);
    carried.record.client.ip = Some([192, 0, 2, 77].into());
    let token = access(key(KeyAlgorithm::EdDsa)).seal(&carried).expect("it is small");
    let Glance { header, claims } = Glance::of(token.expose().as_bytes()).expect("a JWT");
    for private in ["cart", "private words", "192.0.2.77", "data", "client\""] {
        assert!(!header.contains(private) && !claims.contains(private), "{private} in {claims}");
    }
}

#[test]
fn jwt_9_a_header_has_strings_where_the_standard_has_them() {
    for name in ["cty", "x5t", "x5t#S256", "url", "nonce"] {
        assert!(of_header(&json!({name: "word"})).is_ok(), "{name}");
        for odd in [json!(false), json!(1), json!(["a"]), json!({"a": "b"})] {
            assert_eq!(of_header(&json!({name: odd.clone()})).err(), Some(Fault::Header), "{name}: {odd}");
        }
    }
}
