//! The token: which one the browser has, and what it had before.

use axum::response::Response;
use hallpass::{Error, Generation, Record, Session, Timestamp};
use serde::{Deserialize, Serialize};

use super::page::{Said, done};
use super::trouble::Trouble;
use super::visit::Visit;
use super::words::When;
use crate::html::fingerprint;

const LAST_RENEWAL: &str = "last_renewal";

/// A token as it may be shown: its generation, and a hash that tells it from others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shown {
    pub(super) generation: u32,
    pub(super) fingerprint: String,
}

impl Shown {
    pub(super) fn new(text: &str, generation: Generation) -> Self {
        Self { generation: generation.number(), fingerprint: fingerprint(text.as_bytes()) }
    }
}

/// The token that was shown when somebody last asked for the next.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LastRenewal {
    before: Shown,
    at: Timestamp,
}

#[derive(Debug)]
pub(super) struct TokenCard {
    /// What the browser came with.
    pub(super) shown: Shown,
    pub(super) made: When,
    /// The generation that came back with this page, if the schedule asked for a new one.
    pub(super) next: Option<u32>,
    pub(super) last: Option<(Shown, When)>,
}

impl TokenCard {
    pub(super) fn of(record: &Record, visit: &Visit, last: Option<LastRenewal>) -> Option<Self> {
        let (shown, chain) = (visit.shown.clone()?, record.chain.as_ref()?);
        let (present, now) = (chain.generation.number(), visit.now());
        let is_of_this_chain =
            |before: &Shown| (chain.first_generation.number()..shown.generation).contains(&before.generation);
        let last = last.filter(|last| is_of_this_chain(&last.before));
        Some(Self {
            made: When::new(chain.renewed_at, now),
            next: (present > shown.generation).then_some(present),
            last: last.map(|last| (last.before, When::new(last.at, now))),
            shown,
        })
    }

    pub(super) fn steps(&self) -> u32 {
        self.last.as_ref().map_or(0, |(before, _)| self.shown.generation - before.generation)
    }
}

pub(super) fn last_renewal(session: &Session) -> Result<Option<LastRenewal>, Error> {
    session.get(LAST_RENEWAL)
}

/// Gives the browser its next token now.
pub(super) async fn renew(visit: Visit) -> Result<Response, Trouble> {
    let Some(before) = visit.shown.clone() else {
        return Ok(done("/demo", Said::NobodyThere));
    };
    visit.session.renew();
    visit.session.set(LAST_RENEWAL, &LastRenewal { before, at: visit.now() })?;
    Ok(done("/demo", Said::Renewed))
}
