use std::fmt;

use crate::dialect::Stored;

/// The frameworks whose sessions are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framework {
    /// express-session.
    Express,
    /// Django.
    Django,
    /// Spring Session.
    Spring,
    /// gorilla/sessions.
    Gorilla,
}

impl Framework {
    /// Tells by the shape of a key and of what is under it whose session it seems to be; nothing if it is of none.
    ///
    /// A glance, and no proof: whoever can write the store can make anything look like anything.
    ///
    /// ```
    /// use hallpass_dialects::{Framework, Stored};
    ///
    /// let stored = Stored::Bytes(br#"{"cookie":{"originalMaxAge":null}}"#.to_vec());
    /// assert_eq!(Framework::detect(b"sess:PXgtDXxjBoQbl1P-3UriNGEUItlYQw7L", &stored), Some(Framework::Express));
    /// ```
    pub fn detect(key: &[u8], stored: &Stored) -> Option<Self> {
        let Some(bytes) = stored.bytes() else {
            let has = |name: &str| stored.fields().iter().any(|(field, _)| field == name);
            let is_spring = has("creationTime") && has("lastAccessedTime") && has("maxInactiveInterval");
            return is_spring.then_some(Self::Spring);
        };
        if bytes.starts_with(br#"{"cookie":{"#) {
            return Some(Self::Express);
        }
        if memchr::memmem::find(key, b":django.contrib.sessions.").is_some() || is_signed_row(key, bytes) {
            return Some(Self::Django);
        }
        let tail = key.iter().rev().take_while(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')).count();
        matches!(tail, 52 | 103).then_some(Self::Gorilla)
    }
}

/// A key of 32 characters, at the end of a file's name or alone, over text with a time and a signature.
fn is_signed_row(key: &[u8], bytes: &[u8]) -> bool {
    let is_key = |key: &[u8]| key.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    let colons: Vec<usize> = memchr::memchr_iter(b':', bytes).take(3).collect();
    key.len() >= 32 && is_key(&key[key.len() - 32..]) && matches!(colons[..], [_, last] if bytes.len() - last == 44)
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Express => "express",
            Self::Django => "django",
            Self::Spring => "spring",
            Self::Gorilla => "gorilla",
        })
    }
}
