//! Bounded text that names something: what may stand in it is checked once, at the door.

use std::fmt;

use compact_str::CompactString;

/// The error of making a name from text that is empty, too long, or has characters that it may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {rule}")]
pub struct InvalidName {
    what: &'static str,
    rule: &'static str,
}

/// Defines a text type whose values have all passed `accepts`.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(CompactString);

        impl $name {
            /// Returns the name with this text.
            ///
            /// # Errors
            ///
            #[doc = concat!("[`InvalidName`] unless it is ", $rule, ".")]
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidName> {
                let accepts: fn(&str) -> bool = $accepts;
                let text = text.as_ref();
                if accepts(text) {
                    Ok(Self(CompactString::new(text)))
                } else {
                    Err(InvalidName { what: $what, rule: $rule })
                }
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }
    };
}

fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_line(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && !text.chars().any(char::is_control)
}

name! {
    /// Which application's sessions: part of every key, index, claim and API key; `default` if nobody asks.
    Realm, "a realm", "1 to 64 letters, digits, `-`, `_` or `.`", is_word
}

impl Realm {
    /// Where caches write what proves a store's feed of changes.
    pub(crate) const HEARTBEATS: &'static str = "hallpass-heartbeat";
    /// Where it stands which self-contained tokens have ended before their time.
    pub(crate) const REVOKED: &'static str = "hallpass-revoked";

    /// Tells whether its records are the library's own, and no sessions. No application is to have such a realm.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.as_str(), Self::HEARTBEATS | Self::REVOKED)
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self(CompactString::const_new("default"))
    }
}

name! {
    /// Whose session it is, as the application names its users (`sub` in a JWT).
    Subject, "a subject", "1 to 255 bytes of text without control characters", |text| is_line(text, 255)
}

name! {
    /// Which of the configured policies a session was made under.
    Profile, "a profile", "1 to 64 letters, digits, `-`, `_` or `.`", is_word
}

impl Default for Profile {
    fn default() -> Self {
        Self(CompactString::const_new("default"))
    }
}

impl Profile {
    /// Returns the profile of sessions that are to be remembered: `remember`.
    pub const fn remember() -> Self {
        Self(CompactString::const_new("remember"))
    }
}

name! {
    /// How somebody authenticated, such as `pwd`, `otp` or `hwk` (RFC 8176).
    Method, "an authentication method", "1 to 64 letters, digits, `-`, `_` or `.`", is_word
}

name! {
    /// A line of text written by a person or program, such as an operator's reason.
    Note, "a note", "1 to 512 bytes of text without control characters", |text| is_line(text, 512)
}

impl Note {
    /// Returns what of `text` a note can hold: the first 512 bytes, without control characters; nothing if that is
    /// empty.
    pub fn lossy(text: &str) -> Option<Self> {
        // Nearly every header is such text, and is taken whole.
        if text.len() <= 512 && text.bytes().fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~')) {
            return (!text.is_empty()).then(|| Self(CompactString::new(text)));
        }
        let mut kept = CompactString::default();
        for character in text.chars().filter(|character| !character.is_control()) {
            if kept.len() + character.len_utf8() > 512 {
                break;
            }
            kept.push(character);
        }
        if kept.is_empty() { None } else { Some(Self(kept)) }
    }
}

name! {
    /// Who did something: `user`, `policy`, `application:NAME`, `operator:NAME` or `impersonator:SUBJECT`.
    Actor, "an actor", "1 to 255 bytes of text without control characters", |text| is_line(text, 255)
}

impl Actor {
    /// Returns the actor for the person whose session it is.
    pub const fn user() -> Self {
        Self(CompactString::const_new("user"))
    }

    /// Returns the actor for what happens by rule, such as a timeout.
    pub const fn policy() -> Self {
        Self(CompactString::const_new("policy"))
    }

    /// Returns the actor for an application, named as its API key is.
    pub fn application(name: &str) -> Self {
        Self::prefixed("application", name)
    }

    /// Returns the actor for an operator, named as their API key or login is.
    pub fn operator(name: &str) -> Self {
        Self::prefixed("operator", name)
    }

    /// Returns the actor for somebody who acts as another subject.
    pub fn impersonator(subject: &Subject) -> Self {
        Self::prefixed("impersonator", subject.as_str())
    }

    fn prefixed(prefix: &str, name: &str) -> Self {
        let name = Note::lossy(name).map_or_else(|| "unnamed".to_owned(), |note| note.as_str().to_owned());
        let shortened: String = name.chars().take(60).collect();
        Self(compact_str::format_compact!("{prefix}:{shortened}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_at_the_door() {
        assert!(Realm::new("shop-1.eu_west").is_ok());
        for bad in ["", "a b", "é", "a/b", &"x".repeat(65)] {
            assert!(Realm::new(bad).is_err(), "{bad}");
        }
        assert!(Subject::new("Zoë <zoe@example.org>").is_ok());
        for bad in ["", "a\nb", "a\u{85}b", &"x".repeat(256)] {
            assert!(Subject::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            Subject::new("").unwrap_err().to_string(),
            "a subject is 1 to 255 bytes of text without control characters"
        );
    }

    #[test]
    fn a_note_keeps_what_it_can() {
        assert_eq!(Note::lossy("stolen\nlaptop").map(|note| note.to_string()), Some("stolenlaptop".to_owned()));
        assert_eq!(Note::lossy("curl/8.5.0").map(|note| note.to_string()), Some("curl/8.5.0".to_owned()));
        assert_eq!(Note::lossy("a\u{7f}b\u{85}é").map(|note| note.to_string()), Some("abé".to_owned()));
        assert_eq!(Note::lossy(&"x".repeat(513)).map(|note| note.as_str().len()), Some(512));
        assert_eq!(Note::lossy("\n"), None);
        assert_eq!(Note::lossy(""), None);
        assert_eq!(Note::lossy(&"é".repeat(300)).map(|note| note.as_str().len()), Some(512));
    }

    #[test]
    fn actors_are_told_apart_by_their_prefix() {
        assert_eq!(Actor::operator("alice").as_str(), "operator:alice");
        assert_eq!(Actor::application("").as_str(), "application:unnamed");
        assert!(Actor::operator(&"é".repeat(400)).as_str().len() <= 255);
    }

    #[test]
    fn json_is_checked_like_any_other_text() {
        assert!(serde_json::from_str::<Realm>("\"a b\"").is_err());
        assert_eq!(serde_json::from_str::<Realm>("\"shop\"").expect("valid"), Realm::new("shop").expect("valid"));
    }
}
