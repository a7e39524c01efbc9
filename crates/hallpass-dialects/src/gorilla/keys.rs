use super::{Gorilla, Home};
use crate::credential::Credential;
use crate::crypto;

impl Gorilla {
    pub(super) fn key_of(&self, credential: &Credential) -> String {
        format!("{}{}", self.prefix, credential.danger_expose())
    }

    pub(super) fn credential_of(&self, key: &[u8]) -> Option<Credential> {
        let id = str::from_utf8(key.strip_prefix(self.prefix.as_bytes())?).ok()?;
        Credential::new(id).filter(|_| self.is_id(id))
    }

    /// Tells whether text can be a name of a session. rbcervilla/redisstore takes any that a client makes up, and saves
    /// under it: whoever plants a name signs somebody else in with it. Here it has to look like one of its own.
    pub(super) fn is_id(&self, id: &str) -> bool {
        let length = match self.home {
            Home::RedisStore => 103,
            Home::Cookie | Home::File | Home::Redistore => 52,
        };
        id.len() == length && id.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
    }

    /// 32 or 64 random bytes in base32 without padding.
    pub(super) fn new_id(&self) -> Credential {
        let id = match self.home {
            Home::RedisStore => base32(&crypto::random::<64>()),
            Home::Cookie | Home::File | Home::Redistore => base32(&crypto::random::<32>()),
        };
        Credential::new(id).expect("52 or 103 characters")
    }
}

/// Base32 of RFC 4648 without padding.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    for chunk in bytes.chunks(5) {
        let mut padded = [0; 8];
        padded[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(padded);
        let digit =
            |number: usize| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(bits >> (35 - 5 * number) & 31) as usize]);
        text.extend((0..(chunk.len() * 8).div_ceil(5)).map(digit));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_32_is_that_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
