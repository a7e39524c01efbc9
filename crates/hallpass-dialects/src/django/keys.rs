use super::{Backend, Django};
use crate::credential::Credential;
use crate::crypto;

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl Django {
    pub(super) fn key_of(&self, credential: &Credential) -> String {
        format!("{}{}", self.key_prefix(), credential.danger_expose())
    }

    pub(super) fn credential_of(&self, key: &[u8]) -> Option<Credential> {
        let key = key.strip_prefix(self.key_prefix().as_bytes())?;
        Credential::new(str::from_utf8(key).ok()?)
    }

    /// Returns what keys begin with: of a cache, prefix, version and backend; of a file, the cookie's name.
    fn key_prefix(&self) -> String {
        let in_cache =
            |backend| format!("{}:{}:django.contrib.sessions.{backend}", self.cache_prefix, self.cache_version);
        match self.backend {
            Backend::Db | Backend::SignedCookies => String::new(),
            Backend::Cache => in_cache("cache"),
            Backend::CachedDb => in_cache("cached_db"),
            Backend::File => self.cookie_name.clone(),
        }
    }
}

/// 32 random characters, as `get_random_string` of Django makes them.
pub(super) fn new_credential() -> Credential {
    let mut key = String::with_capacity(32);
    while key.len() < 32 {
        // Bytes from 252 on would make the first characters likelier.
        let even = crypto::random::<64>().into_iter().filter(|byte| *byte < 252);
        let characters = even.map(|byte| char::from(ALPHABET[usize::from(byte % 36)]));
        key.extend(characters.take(32 - key.len()));
    }
    Credential::new(key).expect("32 characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_a_key_is_as_likely_as_any_other() {
        let mut counts = [0_u32; 36];
        for _ in 0..2000 {
            let key = new_credential();
            assert_eq!(key.danger_expose().len(), 32);
            for byte in key.danger_expose().bytes() {
                counts[ALPHABET.iter().position(|known| *known == byte).unwrap()] += 1;
            }
        }
        // Seven standard deviations around 64,000 / 36.
        assert!(counts.iter().all(|count| count.abs_diff(1778) < 295), "{counts:?}");
    }
}
