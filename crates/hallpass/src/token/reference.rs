use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{Token, text};
use crate::id::{SessionId, SessionSecret};

/// How many times the secret of a session has been replaced: from 0 to 2^24 - 1, never going back in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(u32);

impl Generation {
    /// The generation of a new session's first secret.
    pub const FIRST: Self = Self(0);
    /// The last generation that a token can carry.
    pub const LAST: Self = Self(0xff_ffff);

    /// Returns the generation with this number, or nothing if it is past [`Generation::LAST`].
    pub const fn new(number: u32) -> Option<Self> {
        if number > Self::LAST.0 { None } else { Some(Self(number)) }
    }

    /// Returns the number of the generation.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns the next generation, or nothing after the last: a session that has used them all is to end.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }

    pub(super) const fn to_bytes(self) -> [u8; 3] {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c]
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The error of reading a token whose shape is not that of a reference token.
///
/// It says no more than that, since a client is told no more than that (`ID-6`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this service")]
pub struct InvalidToken;

/// A token that points at a record: the name of the session, and a secret of one generation.
///
/// Its text is `base64url( id 16 bytes | format 1 | generation 3 | secret 28 )`: 48 bytes, 64 characters, no padding.
/// The shape is checked here, before any store is asked (`ID-5`).
///
/// ```
/// use hallpass::{Generation, ReferenceToken, SessionId, SessionSecret};
///
/// let token = ReferenceToken { id: SessionId::random(), generation: Generation::FIRST, secret: SessionSecret::random() };
/// let again = ReferenceToken::parse(token.encode().expose()).expect("the shape is right");
/// assert_eq!(again.id, token.id);
/// assert!(ReferenceToken::parse("anything else").is_err());
/// ```
#[derive(Debug)]
pub struct ReferenceToken {
    /// The session that the token points at.
    pub id: SessionId,
    /// The generation of the secret.
    pub generation: Generation,
    /// What proves that the bearer was given the token.
    pub secret: SessionSecret,
}

impl ReferenceToken {
    /// The length of a token's text, in characters.
    pub const TEXT_LENGTH: usize = 64;
    const LENGTH: usize = 48;
    const FORMAT: u8 = 1;

    /// Reads a token from its text.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] for anything that this crate has not written: another length, alphabet, padding or format.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, InvalidToken> {
        let text = text.as_ref().try_into().map_err(|_| InvalidToken)?;
        let bytes = Zeroizing::new(text::read(text).ok_or(InvalidToken)?);
        let (id, rest) = bytes.split_first_chunk::<16>().ok_or(InvalidToken)?;
        let ([format, a, b, c], secret) = rest.split_first_chunk::<4>().ok_or(InvalidToken)?;
        let secret = <[u8; SessionSecret::LENGTH]>::try_from(secret).map_err(|_| InvalidToken)?;
        if *format != Self::FORMAT {
            return Err(InvalidToken);
        }
        Ok(Self {
            id: SessionId::from_bytes(*id),
            generation: Generation(u32::from_be_bytes([0, *a, *b, *c])),
            secret: SessionSecret::from_bytes(secret),
        })
    }

    /// Writes the token as text.
    pub fn encode(&self) -> Token {
        let mut bytes = Zeroizing::new([0; Self::LENGTH]);
        bytes[..16].copy_from_slice(self.id.as_bytes());
        bytes[16] = Self::FORMAT;
        bytes[17..20].copy_from_slice(&self.generation.to_bytes());
        bytes[20..].copy_from_slice(self.secret.expose());
        let mut text = String::with_capacity(Self::TEXT_LENGTH);
        URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        Token::new(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(generation: u32) -> ReferenceToken {
        ReferenceToken {
            id: SessionId::from_bytes([7; 16]),
            generation: Generation::new(generation).expect("small"),
            secret: SessionSecret::from_bytes([9; 28]),
        }
    }

    #[test]
    fn the_text_is_that_of_the_design() {
        let text = token(0x01_02_03);
        assert_eq!(text.encode().expose(), "BwcHBwcHBwcHBwcHBwcHBwEBAgMJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ");
    }

    #[test]
    fn another_format_length_or_alphabet_is_refused() {
        let good = token(1).encode();
        let good = good.expose();
        assert!(ReferenceToken::parse(good).is_ok());
        let other_format = format!("{}C{}", &good[..22], &good[23..]);
        for bad in ["", &good[1..], &format!("{good}A"), &good.replace('J', "+"), &other_format, &"é".repeat(32)] {
            assert_eq!(ReferenceToken::parse(bad).unwrap_err(), InvalidToken, "{bad}");
        }
    }

    #[test]
    fn generations_run_out_instead_of_starting_again() {
        assert_eq!(Generation::LAST.next(), None);
        assert_eq!(Generation::new(1 << 24), None);
        assert_eq!(Generation::FIRST.next().map(Generation::number), Some(1));
        assert_eq!(Generation::LAST.to_string(), "16777215");
    }

    #[test]
    fn a_token_is_not_shown() {
        assert_eq!(format!("{:?}", token(1).encode()), "Token(..)");
        assert!(format!("{:?}", token(1)).contains("SessionSecret(..)"));
    }

    proptest! {
        #[test]
        fn whatever_parses_is_written_the_same_again(text in "[A-Za-z0-9_-]{64}|\\PC{0,80}") {
            if let Ok(token) = ReferenceToken::parse(&text) {
                let written = token.encode();
                prop_assert_eq!(written.expose(), text.as_str());
            }
        }
    }
}
