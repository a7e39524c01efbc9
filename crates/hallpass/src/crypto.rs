//! The primitives that everything here is built from, each from a maintained library.
//!
//! With the `system` feature they come from aws-lc-rs; without it, where no C compiler or operating system can be
//! assumed, from portable Rust. Both are checked against the same published vectors.

/// Fills `bytes` from the operating system's generator; there is no other source of randomness in this crate.
///
/// A system that cannot give randomness cannot keep sessions: going on with a weaker source would be worse
/// (ASVS 11.5.1), so this stops the process's current request instead.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

#[cfg(feature = "system")]
mod backend {
    use aws_lc_rs::{digest, hmac, rand};

    pub(super) fn fill(bytes: &mut [u8]) {
        rand::fill(bytes).expect("the operating system gives randomness");
    }

    pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(digest::digest(&digest::SHA256, message).as_ref());
        out
    }

    /// HMAC-SHA-256 (RFC 2104) under a key that is prepared once and used for many messages.
    pub(crate) struct Mac(hmac::Key);

    impl Mac {
        pub(crate) fn new(key: &[u8]) -> Self {
            Self(hmac::Key::new(hmac::HMAC_SHA256, key))
        }

        pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
            let mut context = hmac::Context::with_key(&self.0);
            for part in parts {
                context.update(part);
            }
            let mut out = [0; 32];
            out.copy_from_slice(context.sign().as_ref());
            out
        }
    }
}

/// AES-256-GCM-SIV (RFC 8452): a nonce that came twice would tell only that two texts are the same.
#[cfg(all(feature = "sealed", feature = "system"))]
mod sealing {
    use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

    pub(crate) struct Aead(LessSafeKey);

    impl Aead {
        pub(crate) const NONCE: usize = NONCE_LEN;

        pub(crate) fn new(key: &[u8; 32]) -> Self {
            Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).expect("a key of 32 bytes")))
        }

        /// Seals what of `text` comes after `from`, and appends the tag.
        pub(crate) fn seal(&self, nonce: [u8; NONCE_LEN], place: &[u8], text: &mut Vec<u8>, from: usize) {
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(place), &mut text[from..]);
            text.extend_from_slice(tag.expect("less than 64 GiB").as_ref());
        }

        /// Opens a text with its tag in place.
        pub(crate) fn open<'t>(&self, nonce: [u8; NONCE_LEN], place: &[u8], text: &'t mut [u8]) -> Option<&'t [u8]> {
            let nonce = Nonce::assume_unique_for_key(nonce);
            self.0.open_in_place(nonce, Aad::from(place), text).ok().map(|text| &*text)
        }
    }
}

/// AES-256-GCM-SIV (RFC 8452): a nonce that came twice would tell only that two texts are the same.
#[cfg(all(feature = "sealed", not(feature = "system")))]
mod sealing {
    use aes_gcm_siv::aead::{AeadInOut as _, KeyInit as _};
    use aes_gcm_siv::{Aes256GcmSiv, Nonce, Tag};

    const NONCE_LEN: usize = 12;
    pub(crate) struct Aead(Aes256GcmSiv);

    impl Aead {
        pub(crate) const NONCE: usize = NONCE_LEN;
        const TAG: usize = 16;

        pub(crate) fn new(key: &[u8; 32]) -> Self {
            Self(Aes256GcmSiv::new(key.into()))
        }

        /// Seals what of `text` comes after `from`, and appends the tag.
        pub(crate) fn seal(&self, nonce: [u8; NONCE_LEN], place: &[u8], text: &mut Vec<u8>, from: usize) {
            let tag = self.0.encrypt_inout_detached(&Nonce::from(nonce), place, (&mut text[from..]).into());
            text.extend_from_slice(&tag.expect("less than 64 GiB"));
        }

        /// Opens a text with its tag in place.
        pub(crate) fn open<'t>(&self, nonce: [u8; NONCE_LEN], place: &[u8], text: &'t mut [u8]) -> Option<&'t [u8]> {
            let (text, tag) = text.split_at_mut_checked(text.len().checked_sub(Self::TAG)?)?;
            let tag = Tag::from(<[u8; Self::TAG]>::try_from(&*tag).ok()?);
            self.0.decrypt_inout_detached(&Nonce::from(nonce), place, (&mut *text).into(), &tag).ok()?;
            Some(text)
        }
    }
}

#[cfg(not(feature = "system"))]
mod backend {
    use hmac::{Hmac, KeyInit, Mac as _};
    use sha2::{Digest, Sha256};

    pub(super) fn fill(bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the platform gives randomness");
    }

    pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
        Sha256::digest(message).into()
    }

    /// HMAC-SHA-256 (RFC 2104) under a key that is prepared once and used for many messages.
    pub(crate) struct Mac(Hmac<Sha256>);

    impl Mac {
        pub(crate) fn new(key: &[u8]) -> Self {
            Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
        }

        pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
            let mut mac = self.0.clone();
            for part in parts {
                mac.update(part);
            }
            mac.finalize().into_bytes().into()
        }
    }
}

use backend::fill;
pub(crate) use backend::{Mac, sha256};
#[cfg(feature = "sealed")]
pub(crate) use sealing::Aead;

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write;
        bytes.iter().fold(String::new(), |mut out, byte| {
            write!(out, "{byte:02x}").expect("a string takes any text");
            out
        })
    }

    #[test]
    fn sha256_is_that_of_fips_180_4() {
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_mac_is_that_of_rfc_4231_case_2() {
        let mac = Mac::new(b"Jefe").sign(&[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[cfg(feature = "sealed")]
    #[test]
    fn the_seal_is_that_of_rfc_8452_appendix_c_2() {
        let mut key = [0; 32];
        key[0] = 1;
        let mut nonce = [0; 12];
        nonce[0] = 3;
        let mut text = vec![1, 0, 0, 0, 0, 0, 0, 0];
        let aead = Aead::new(&key);
        aead.seal(nonce, b"", &mut text, 0);
        assert_eq!(hex(&text), "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28");
        assert_eq!(aead.open(nonce, b"", &mut text.clone()), Some(&[1, 0, 0, 0, 0, 0, 0, 0][..]));
        assert_eq!(aead.open(nonce, b"else", &mut text), None);
    }

    #[test]
    fn random_bytes_do_not_repeat_and_every_bit_varies() {
        let mut ones = [0_u32; 128];
        let mut seen = std::collections::HashSet::new();
        for _ in 0..20_000 {
            let bytes = random::<16>();
            assert!(seen.insert(bytes));
            for (position, count) in ones.iter_mut().enumerate() {
                *count += u32::from(bytes[position / 8] >> (position % 8) & 1);
            }
        }
        // Six standard deviations of a fair coin thrown 20,000 times.
        assert!(ones.iter().all(|count| count.abs_diff(10_000) < 425), "{ones:?}");
    }
}
