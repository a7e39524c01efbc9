//! Any bytes as an encrypted cookie, and any bytes behind a good seal: no panic, one text, and one meaning.
//!
//! Where the first byte is even, the rest is the cookie; where it is odd, what is sealed.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Key, KeyAlgorithm, KeyRing, Realm, Sealed, SelfContained, Timestamp};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

static SEALED: LazyLock<[Sealed; 2]> = LazyLock::new(|| {
    ["__Host-session", "__Host-other"].map(|cookie| {
        let key = Key::symmetric(KeyAlgorithm::Sealing, b"a sealing key of 32 known bytes!").expect("32 bytes");
        Sealed::new(KeyRing::new([key]).expect("a key"), &Realm::default(), cookie).expect("a name")
    })
});

fuzz_target!(|bytes: &[u8]| {
    let [sealed, elsewhere] = &*SEALED;
    let Some((kind, rest)) = bytes.split_first() else { return };
    let text = if kind % 2 == 0 {
        rest.to_vec()
    } else {
        let Ok(token) = sealed.seal_bytes(rest, NOW) else { return };
        token.expose().as_bytes().to_vec()
    };
    assert!(elsewhere.open(&text, NOW).is_err(), "it opens in its own place only");
    let Ok(carried) = sealed.open(&text, NOW) else { return };

    assert!(text.len() <= Sealed::MOST && carried.expires_at > NOW);
    let bytes = URL_SAFE_NO_PAD.decode(&text).expect("base64url");
    assert_eq!(URL_SAFE_NO_PAD.encode(&bytes).as_bytes(), text, "a cookie has one text");
    // One bit of it, wherever, makes it another.
    let bit = usize::from(*kind) * 31 % (bytes.len() * 8);
    let mut changed = bytes;
    changed[bit / 8] ^= 1 << (bit % 8);
    assert!(sealed.open(URL_SAFE_NO_PAD.encode(changed).as_bytes(), NOW).is_err());

    if let Ok(again) = sealed.seal(&carried) {
        let again = sealed.open(again.expose().as_bytes(), NOW).expect("it was just sealed");
        assert_eq!(again, carried, "what was understood is written so that it is understood the same again");
    }
});
