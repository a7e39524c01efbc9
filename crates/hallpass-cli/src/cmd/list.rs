use std::num::NonZeroU64;

use serde::Serialize;

use crate::args::List;
use crate::backend::Ask;
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output};
use crate::view::{SESSION_COLUMNS, SessionView, session_row};

/// Writes the sessions that match, page by page as they come.
pub(crate) async fn run(list: List, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    let ask = Ask { filter: list.filter, states: list.state };
    let mut listing = Listing::begin(context)?;
    let mut room = list.limit.map_or(u64::MAX, NonZeroU64::get);
    let mut after: Option<String> = None;
    loop {
        let mut part = backend.sessions(&ask, after.as_deref()).await?;
        let fit = usize::try_from(room).unwrap_or(usize::MAX);
        let is_cut = part.items.len() > fit;
        part.items.truncate(fit);
        room = room.saturating_sub(part.items.len() as u64);
        listing.add(&part.items)?;
        let has_more = is_cut || part.next.is_some();
        after = part.next;
        if room == 0 || after.is_none() {
            return listing.end(has_more);
        }
    }
}

/// Sessions as they are written: a table, or one JSON document.
struct Listing<'a> {
    context: &'a Context,
    table: Columns,
    count: u64,
}

impl<'a> Listing<'a> {
    fn begin(context: &'a Context) -> Result<Self, Failure> {
        if context.output.json {
            context.output.write("{\"items\":[")?;
        }
        Ok(Self { context, table: Columns::new(SESSION_COLUMNS, Output::width()), count: 0 })
    }

    fn add(&mut self, sessions: &[SessionView]) -> Result<(), Failure> {
        let output = &self.context.output;
        if output.json {
            let mut text = String::new();
            for session in sessions {
                text.push_str(if self.count == 0 { "\n" } else { ",\n" });
                text.push_str(&json(session)?);
                self.count += 1;
            }
            return output.write(&text);
        }
        self.count += sessions.len() as u64;
        if sessions.is_empty() {
            return Ok(());
        }
        let now = self.context.now();
        let rows: Vec<_> = sessions.iter().map(|session| session_row(session, now)).collect();
        output.write(&self.table.piece(&rows))
    }

    fn end(self, has_more: bool) -> Result<Ending, Failure> {
        let output = &self.context.output;
        if output.json {
            output.data(format_args!("\n],\"more\":{has_more}}}"))?;
        } else if self.count == 0 {
            output.note("No session matches.");
        } else if has_more {
            output.note(format_args!("There are more than these {}; --limit shows more.", self.count));
        }
        Ok(Ending::found(self.count > 0))
    }
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::new("a session cannot be written as JSON").because(error))
}
