//! The three primitives that everything here is built from, each from a maintained library.
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
