use std::time::Duration;

use super::*;
use crate::id::SessionId;
use crate::keys::KeyId;
use crate::name::{Profile, Subject};
use crate::policy::Policy;

const SECRET: &[u8] = b"a sealing key of 32 random bytes";
const OTHER: &[u8] = b"other sealing key, also 32 bytes";

fn ring(secrets: &[&[u8]]) -> KeyRing {
    let keys = secrets.iter().enumerate().map(|(place, secret)| {
        let key = Key::symmetric(KeyAlgorithm::Sealing, secret).expect("32 bytes");
        key.signing_from(Timestamp::from_millis(100 - place as u64))
    });
    KeyRing::new(keys).expect("sealing keys")
}

fn sealed(secrets: &[&[u8]], realm: &str, cookie: &str) -> Sealed {
    Sealed::new(ring(secrets), &Realm::new(realm).expect("a realm"), cookie).expect("a name")
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn carried() -> Carried {
    let chain = Chain::carried(
        now(),
        Generation::FIRST,
        Generation::new(7).expect("small"),
        now().minus(Duration::from_secs(9)),
    );
    let id = SessionId::from_bytes([3; 16]);
    let mut record =
        Record::new(id, Realm::default(), Profile::default(), Policy::default().terms(), chain.chain, now());
    record.subject = Some(Subject::new("alice").expect("a name"));
    record.data = Bytes::from_static(br#"{"cart":[1,2,3],"note":"secret words"}"#);
    Carried::new(record, Epoch(5), now(), now().plus(Duration::from_mins(30)))
}

fn opens(sealed: &Sealed, text: &[u8]) -> Result<Carried, Unopened> {
    sealed.open(text, now()).map(|carried| (*carried).clone())
}

#[test]
fn what_is_sealed_opens_again_whole_and_hides_what_it_says() {
    let sealed = sealed(&[SECRET], "default", "__Host-session");
    let token = sealed.seal(&carried()).expect("it is small");
    assert_eq!(opens(&sealed, token.expose().as_bytes()), Ok(carried()));
    let bytes = URL_SAFE_NO_PAD.decode(token.expose()).expect("base64url");
    assert!(!String::from_utf8_lossy(&bytes).contains("alice"));
    assert_eq!(Sealed::glance(token.expose().as_bytes()).as_ref(), Some(sealed.ring().keys()[0].id()));
    assert_eq!(Sealed::glance(&token.expose().as_bytes()[..40]), None);
    assert_ne!(sealed.seal(&carried()).expect("it is small").expose(), token.expose(), "no two look alike");
}

#[test]
fn enc_1_no_bit_can_be_changed_and_nothing_cut_or_added() {
    let sealed = sealed(&[SECRET], "default", "__Host-session");
    let token = sealed.seal(&carried()).expect("it is small");
    let bytes = URL_SAFE_NO_PAD.decode(token.expose()).expect("base64url");
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(opens(&sealed, URL_SAFE_NO_PAD.encode(changed).as_bytes()).is_err(), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(opens(&sealed, URL_SAFE_NO_PAD.encode(&bytes[..length]).as_bytes()).is_err(), "{length} bytes");
    }
    let text = token.expose();
    for bad in [format!("{text}A"), format!("{text}="), format!(" {text}"), text.replace(['-', '_'], "+")] {
        assert!(bad == text || opens(&sealed, bad.as_bytes()).is_err());
    }
    // The text has one form only: what a browser or proxy changed in the last character is no token.
    let last = text.as_bytes()[text.len() - 1];
    let others = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').filter(|byte| *byte != last);
    for other in others {
        let mut changed = text.as_bytes().to_vec();
        changed[text.len() - 1] = other;
        assert!(opens(&sealed, &changed).is_err());
    }
}

#[test]
fn enc_2_a_value_opens_in_its_own_cookie_and_realm_only() {
    let at_home = sealed(&[SECRET], "default", "__Host-session");
    let token = at_home.seal(&carried()).expect("it is small");
    for (realm, cookie) in [("shop", "__Host-session"), ("default", "__Host-admin"), ("default_", "_Host-session")] {
        let elsewhere = sealed(&[SECRET], realm, cookie);
        assert_eq!(opens(&elsewhere, token.expose().as_bytes()), Err(Unopened::Invalid), "{realm} {cookie}");
    }
}

#[test]
fn enc_3_the_newest_key_seals_and_all_open() {
    let before = sealed(&[OTHER], "default", "a");
    let after = sealed(&[SECRET, OTHER], "default", "a");
    let done = sealed(&[SECRET], "default", "a");
    let (old, new) = (before.seal(&carried()).expect("small"), after.seal(&carried()).expect("small"));
    assert!(opens(&after, old.expose().as_bytes()).is_ok());
    assert!(opens(&done, new.expose().as_bytes()).is_ok(), "the first of the list signs from the latest time");
    assert_eq!(opens(&done, old.expose().as_bytes()), Err(Unopened::UnknownKey));
}

#[test]
fn enc_6_its_time_is_inside_and_heeded() {
    let sealed = sealed(&[SECRET], "default", "a");
    let token = sealed.seal(&carried()).expect("it is small");
    let end = carried().expires_at;
    assert!(sealed.open(token.expose().as_bytes(), end.minus(Duration::from_millis(1))).is_ok());
    assert_eq!(sealed.open(token.expose().as_bytes(), end).err(), Some(Unopened::Expired));
}

#[test]
fn enc_7_what_no_browser_would_keep_is_refused_when_it_is_written() {
    let sealed = sealed(&[SECRET], "default", "__Host-session");
    let mut carried = carried();
    let with = |carried: &mut Carried, bytes: usize| {
        Arc::make_mut(&mut carried.record).data = format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes)).into();
        sealed.seal(carried)
    };
    let token = with(&mut carried, 2600).expect("it fits");
    assert!("__Host-session".len() + token.expose().len() <= 4096);
    match with(&mut carried, 4000) {
        Err(Unsealed::TooLarge { size, limit: 4096 }) => assert!(size > 4096),
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_of_another_kind_seal_nothing() {
    #[cfg(feature = "jwt")]
    {
        let ring = KeyRing::new([Key::generate(KeyAlgorithm::EdDsa).expect("a key")]).expect("a ring");
        assert!(Sealed::new(ring, &Realm::default(), "a").is_err());
    }
    assert!(Sealed::new(ring(&[SECRET]), &Realm::default(), "").is_err());
}

#[test]
fn enc_2_a_value_is_bound_to_the_name_of_its_key_and_to_its_format() {
    let named = |name: &str| {
        let key = Key::symmetric(KeyAlgorithm::Sealing, SECRET).expect("32 bytes");
        let key = key.named(KeyId::new(name).expect("a name"));
        Sealed::new(KeyRing::new([key]).expect("a key"), &Realm::default(), "a").expect("a name")
    };
    let token = named("one").seal(&carried()).expect("it is small");
    let bytes = URL_SAFE_NO_PAD.decode(token.expose()).expect("base64url");
    assert_eq!(&bytes[..5], b"\x01\x03one");
    let mut renamed = bytes.clone();
    renamed[2..5].copy_from_slice(b"two");
    assert!(opens(&named("one"), URL_SAFE_NO_PAD.encode(&bytes).as_bytes()).is_ok());
    assert_eq!(opens(&named("two"), URL_SAFE_NO_PAD.encode(&renamed).as_bytes()), Err(Unopened::Invalid));
    for format in [0, 2, 0xff] {
        let mut changed = bytes.clone();
        changed[0] = format;
        assert_eq!(opens(&named("one"), URL_SAFE_NO_PAD.encode(&changed).as_bytes()), Err(Unopened::Invalid));
    }
}

#[test]
fn enc_4_no_nonce_comes_twice() {
    let sealed = sealed(&[SECRET], "default", "a");
    let from = 2 + sealed.ring().keys()[0].id().as_str().len();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5000 {
        let token = sealed.seal(&carried()).expect("it is small");
        let bytes = URL_SAFE_NO_PAD.decode(token.expose()).expect("base64url");
        assert!(seen.insert(bytes[from..from + Aead::NONCE].to_vec()));
    }
}

#[test]
fn enc_5_the_key_that_was_given_seals_nothing_itself() {
    let sealed = sealed(&[SECRET], "default", "a");
    let token = sealed.seal(&carried()).expect("it is small");
    let mut bytes = URL_SAFE_NO_PAD.decode(token.expose()).expect("base64url");
    let key = &sealed.ring().keys()[0];
    let from = 2 + key.id().as_str().len();
    let nonce: [u8; Aead::NONCE] = bytes[from..from + Aead::NONCE].try_into().expect("12 bytes");
    let text = &mut bytes[from + Aead::NONCE..];
    let secret: &[u8; 32] = SECRET.try_into().expect("32 bytes");
    assert!(Aead::new(secret).open(nonce, &sealed.place(key), &mut text.to_vec()).is_none());
    assert!(aead(key).expect("it seals").open(nonce, &sealed.place(key), text).is_some());
}

#[test]
fn enc_11_a_sealing_key_has_32_bytes_and_is_none_that_everybody_guesses() {
    for bad in [&b""[..], &[0; 32], &[0xff; 32], b"a password", &b"33 bytes are one byte more than it"[..33]] {
        assert!(Key::symmetric(KeyAlgorithm::Sealing, bad).is_err(), "{bad:?}");
    }
    assert!(Key::symmetric(KeyAlgorithm::Sealing, SECRET).is_ok());
}
