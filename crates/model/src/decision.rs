//! A verdict in names.

use hallpass::{ReferenceToken, Renewed, Timestamp};

use crate::record::Record;
use crate::secrets::{Name, number};
use crate::server::{Ask, Server, Verdict};

/// What a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Not let in.
    Refused,
    /// Let in.
    Accepted,
    /// Let in, and given this token.
    Handed(Name),
}

/// What a node makes of a request and a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What is to be saved, if the store still has the version that was loaded.
    pub save: Option<Record>,
    /// The answer, once that is saved.
    pub answer: Answer,
    /// Whether it follows from rule 3.
    pub makes_up: bool,
    /// Whether the request is to be judged again once that is saved.
    pub goes_on: bool,
}

impl Decision {
    /// Decides on a request by the record that was loaded for it.
    ///
    /// `fresh` is the number of the chain that an authentication is to start.
    pub fn new(server: &Server, record: &Record, shown: &ReferenceToken, ask: Ask, fresh: u8, now: Timestamp) -> Self {
        if record.ended.is_some() {
            return Self { save: None, answer: Answer::Refused, makes_up: false, goes_on: false };
        }
        let mut chain_number = record.chain_number;
        let start = |renewed: Renewed| {
            let first = number(renewed.chain.generation);
            chain_number = fresh;
            Name { chain: fresh, first, generation: first }.fix(renewed)
        };
        let standing = server.judge(&record.chain, shown, now);
        let verdict = server.decide(&record.chain, shown, standing, ask, now, start);
        let Verdict { change, accepted, handed_out, makes_up, goes_on } = verdict;
        let answer = match handed_out {
            Some(secret) => Answer::Handed(Name::of(&secret)),
            None if accepted => Answer::Accepted,
            None => Answer::Refused,
        };
        Self { save: change.map(|change| record.following(change, chain_number)), answer, makes_up, goes_on }
    }
}
