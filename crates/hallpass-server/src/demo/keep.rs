//! What the session keeps: a counter and a note.

use axum::response::Response;
use hallpass::{Error, Session};
use serde::Deserialize;

use super::page::{Said, done};
use super::trouble::Trouble;
use super::visit::{Sent, Visit};

pub(super) const COUNT: &str = "count";
pub(super) const NOTE: &str = "note";
const LONGEST_NOTE: usize = 500;

/// What is in the session now.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) count: u64,
    pub(super) note: String,
}

impl Kept {
    pub(super) fn of(session: &Session) -> Result<Self, Error> {
        Ok(Self { count: session.get(COUNT)?.unwrap_or(0), note: session.get(NOTE)?.unwrap_or_default() })
    }

    pub(super) fn has_something(&self) -> bool {
        self.count > 0 || !self.note.is_empty()
    }
}

/// Counts one up, as one atomic step: however many tabs count at once, none is lost.
pub(super) async fn count(visit: Visit) -> Result<Response, Trouble> {
    visit.session.update(COUNT, |count: Option<u64>| count.unwrap_or(0).saturating_add(1))?;
    Ok(done("/demo", Said::Counted))
}

#[derive(Debug, Deserialize)]
pub(super) struct NoteForm {
    note: String,
}

pub(super) async fn note(visit: Visit, Sent(form): Sent<NoteForm>) -> Result<Response, Trouble> {
    // Browsers send line ends as two characters, and count them as one.
    let note = form.note.replace("\r\n", "\n");
    let note = note.trim();
    if note.chars().count() > LONGEST_NOTE {
        return Ok(done("/demo", Said::NoteTooLong));
    }
    if note.is_empty() {
        visit.session.remove(NOTE)?;
        return Ok(done("/demo", Said::NoteCleared));
    }
    visit.session.set(NOTE, note)?;
    Ok(done("/demo", Said::NoteSaved))
}
