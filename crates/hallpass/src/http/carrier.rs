use std::fmt;
use std::time::Duration;

use http::HeaderMap;

use crate::token::Token;

/// Where a token travels between client and server.
///
/// Implementers: `read` gives exactly what came in the header that `varies_by` names, and never looks into query, path or
/// body (`ID-8`); `remove` writes what undoes `hand_out`, attribute by attribute.
pub trait Carrier: fmt::Debug + Send + Sync + 'static {
    /// Returns what the request presents in the place of a token.
    fn read<'a>(&self, request: &'a HeaderMap) -> Presented<'a>;

    /// Has the client hold `token`, beyond the end of the browser for `max_age` if that is given.
    fn hand_out(&self, response: &mut HeaderMap, token: &Token, max_age: Option<Duration>);

    /// Tells whether clients keep a token of this size: one that they drop would be a session that is lost.
    fn fits(&self, token: &Token) -> bool {
        let _ = token;
        true
    }

    /// Has the client forget its token, and whatever else it is configured to forget at a logout.
    fn remove(&self, response: &mut HeaderMap);

    /// Returns what tells this place in a request from others that are read from the same header, such as a cookie's name;
    /// nothing if there are no others.
    fn place(&self) -> Option<&str> {
        None
    }

    /// Returns the name of the request header that the token comes in, for `Vary`.
    fn varies_by(&self) -> http::HeaderName;
}

const MOST: usize = 4;

/// The texts that a request presents as tokens: one, if all is well.
#[derive(Clone, Copy, Default)]
pub struct Presented<'a> {
    texts: [&'a [u8]; MOST],
    count: usize,
    is_oversized: bool,
}

impl<'a> Presented<'a> {
    /// How many are looked at; a request with more of them is an attack on the server's time.
    pub const MOST: usize = MOST;

    /// Returns what a request presents that brings more than anybody is to read: no text at all.
    pub fn oversized() -> Self {
        Self { is_oversized: true, ..Self::default() }
    }

    /// Tells whether the request brought more than anybody is to read.
    pub fn is_oversized(&self) -> bool {
        self.is_oversized
    }

    /// Adds a text, unless it is there already or there is no more room.
    pub fn push(&mut self, text: &'a (impl AsRef<[u8]> + ?Sized)) {
        let text = text.as_ref();
        if self.count < Self::MOST && !self.texts().contains(&text) {
            self.texts[self.count] = text;
            self.count += 1;
        }
    }

    /// Returns the different texts, in the order in which they came.
    pub fn texts(&self) -> &[&'a [u8]] {
        &self.texts[..self.count]
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presented({} texts)", self.count)
    }
}
