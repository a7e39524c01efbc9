//! What a client holds, and how the server judges it.

mod chain;
mod pepper;
mod reference;
mod text;

use std::fmt;

use zeroize::Zeroizing;

pub use self::chain::{Chain, ChainNonce, Grace, Renewed, Standing};
pub use self::pepper::{InvalidPepper, Pepper};
pub use self::reference::{Generation, InvalidToken, ReferenceToken};

/// The string that a client holds: whoever has it has the session.
///
/// It cannot be printed or serialised by accident and is wiped from memory when dropped. [`Token::expose`] is the one
/// way to its text, for writing it into the response that hands it out.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Returns a token with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the text of the token.
    ///
    /// # Security
    ///
    /// Write it to the client that it is for, and nowhere else: never into a log, an event, an error or a URL
    /// (ASVS 14.2.1).
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
