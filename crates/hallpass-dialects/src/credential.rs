use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::sha256;

/// What a client presents, and a framework finds its session by: whoever knows it *is* the user.
///
/// Of Express, Django, Spring and rbcervilla/redisstore it is a part of the key in the store. So keys are shown as their
/// [`Fingerprint`], in logs, listings and errors.
#[derive(Clone)]
pub struct Credential(Zeroizing<String>);

impl Credential {
    /// The longest that is taken, in bytes; frameworks' own have 32 to 103.
    pub const LONGEST: usize = 1024;

    /// Returns the credential with this text, unless it is empty or longer than [`LONGEST`](Self::LONGEST).
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = Zeroizing::new(text.into());
        (1..=Self::LONGEST).contains(&text.len()).then_some(Self(text))
    }

    /// Returns the text itself.
    ///
    /// # Security
    ///
    /// For the store's key and the client's cookie, and nowhere else.
    pub fn danger_expose(&self) -> &str {
        &self.0
    }

    /// Returns what it may be called where people can see it.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.0.as_bytes())
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Credential {}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.fingerprint())
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of a [`Credential`]: names a session and gives no access.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// Returns the fingerprint of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&sha256(&[bytes])[..8]);
        Self(first)
    }

    /// Reads the 16 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(text, 16).ok().filter(|_| is_plain).map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_shown_as_the_start_of_its_hash() {
        let credential = Credential::new("abc").unwrap();
        assert_eq!(format!("{credential:?}"), "Credential(ba7816bf8f01cfea)");
        assert_eq!(Fingerprint::parse("ba7816bf8f01cfea"), Some(credential.fingerprint()));
        for bad in ["", "ba7816bf8f01cfe", "+a7816bf8f01cfea", "ba7816bf8f01cfeag"] {
            assert_eq!(Fingerprint::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_empty_or_endless_is_no_credential() {
        assert!(Credential::new("").is_none() && Credential::new("x".repeat(1025)).is_none());
    }
}
