use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::crypto::sha256;

/// What binds a line of the trail to all before it: SHA-256 over the hash of the line before, its number and its event.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// What stands before the first line.
    pub const START: Self = Self([0; 32]);

    /// Returns the hash of the line with this number and this event, after the line with the present one.
    #[must_use]
    pub fn after(self, number: u64, event: &str) -> Self {
        Self(sha256(&[DOMAIN, &self.0, &number.to_be_bytes(), event.as_bytes()].concat()))
    }

    /// Returns the hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// So that no other hash of this program is ever one of the trail.
const DOMAIN: &[u8] = b"hallpass audit line 1\n";

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of reading a [`ChainHash`] from text that is not 64 hexadecimal digits in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 hexadecimal digits in lower case")]
pub struct InvalidChainHash;

impl FromStr for ChainHash {
    type Err = InvalidChainHash;

    fn from_str(text: &str) -> Result<Self, InvalidChainHash> {
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(InvalidChainHash) };
        let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?));
        let bytes: Vec<u8> = bytes.collect::<Option<_>>().ok_or(InvalidChainHash)?;
        bytes.try_into().map(Self).map_err(|_| InvalidChainHash)
    }
}

impl Serialize for ChainHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_published_rule() {
        // printf 'hallpass audit line 1\n' + 32 zero bytes + 00 00 00 00 00 00 00 01 + '{}' | sha256sum
        let expected = "90cd4f8a0de5e678ddc0c9dd230d6a8bee14a0a07c4a013164a47b732f979202";
        assert_eq!(ChainHash::START.after(1, "{}").to_string(), expected);
    }

    #[test]
    fn number_event_and_what_came_before_all_count() {
        let first = ChainHash::START.after(1, "{}");
        assert_ne!(first, ChainHash::START.after(2, "{}"));
        assert_ne!(first, ChainHash::START.after(1, "{ }"));
        assert_ne!(first, first.after(1, "{}"));
    }

    #[test]
    fn only_its_own_spelling_is_read() {
        let hash = ChainHash::START.after(1, "a");
        let text = hash.to_string();
        assert_eq!(text.parse(), Ok(hash));
        for bad in [text.to_uppercase(), text[1..].to_owned(), format!("{text}00"), String::new(), "g".repeat(64)] {
            assert_eq!(bad.parse::<ChainHash>(), Err(InvalidChainHash), "{bad}");
        }
    }
}
