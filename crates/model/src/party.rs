//! Who holds tokens.

use crate::secrets::Name;

/// One of the two who may hold a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The honest client, with one jar for all its tabs.
    Client,
    /// Somebody who has copied a token from it.
    Thief,
}

impl Who {
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// What a party knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Party {
    /// The token that it shows.
    pub token: Option<Name>,
    /// How many requests it has sent; not counted where there is no bound.
    pub sent: u8,
    /// Whether a renewal that it asked for was answered, either way, in this round.
    pub renewed: bool,
}

/// Which of two tokens a client keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jar {
    /// The one that came last, as a browser does.
    Latest,
    /// The one of the higher generation, as a client can that reads the generation.
    Newest,
}

impl Jar {
    /// Returns which token is kept.
    pub fn keep(self, held: Option<Name>, came: Name) -> Name {
        match (self, held) {
            (Self::Newest, Some(held)) if held.generation > came.generation => held,
            _ => came,
        }
    }
}
