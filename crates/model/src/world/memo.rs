//! Answers of the rules, kept: a model asks the same of the same chain many thousand times.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use hallpass::{ReferenceToken, Standing};

use super::bounds::at;
use crate::decision::Decision;
use crate::record::Record;
use crate::secrets::{Name, guess};
use crate::server::{Ask, Server};

/// A [`Standing`] with names in place of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// Rule 1.
    Current {
        /// Whether it is shown for the first time.
        first_use: bool,
    },
    /// Rule 2 or 3, with the present token.
    Replaced(Name),
    /// Rule 4, refused.
    Spent,
    /// Rule 4, the end.
    Replayed,
    /// Rule 5.
    Wrong,
}

/// What somebody shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shown {
    Token(Name),
    /// A secret that was never handed out, of this generation.
    Guess(u8),
}

type Kept<K, V> = Mutex<HashMap<K, V>>;

#[derive(Debug, Default)]
pub(super) struct Memo {
    standings: Kept<(Record, Name, u8), Stands>,
    decisions: Kept<(Record, Shown, Ask, u8, u8), Decision>,
}

impl Memo {
    pub(super) fn standing(&self, server: &Server, record: &Record, token: Name, now: u8) -> Stands {
        keep(&self.standings, (record.clone(), token, now), || {
            match server.judge(&record.chain, &token.token(), at(now)) {
                Standing::Current { first_use } => Stands::Current { first_use },
                Standing::Superseded(present) | Standing::Unanswered(present) => Stands::Replaced(Name::of(&present)),
                Standing::Spent => Stands::Spent,
                Standing::Replayed => Stands::Replayed,
                Standing::Wrong => Stands::Wrong,
            }
        })
    }

    pub(super) fn decide(
        &self,
        server: &Server,
        record: &Record,
        shown: Shown,
        ask: Ask,
        fresh: u8,
        now: u8,
    ) -> Decision {
        keep(&self.decisions, (record.clone(), shown, ask, fresh, now), || {
            Decision::new(server, record, &shown.token(), ask, fresh, at(now))
        })
    }
}

fn keep<K: Hash + Eq, V: Clone>(kept: &Kept<K, V>, key: K, ask: impl FnOnce() -> V) -> V {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.entry(key).or_insert_with(ask).clone()
}

impl Shown {
    fn token(self) -> ReferenceToken {
        match self {
            Self::Token(name) => name.token(),
            Self::Guess(generation) => guess(generation),
        }
    }
}
