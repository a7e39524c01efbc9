use hallpass::{Event, SessionId};
use serde::Serialize;

use crate::args::Show;
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output};
use crate::view::{SessionView, TIMELINE_COLUMNS, session_facts, timeline_row};

/// A session, and what happened to it if that was asked for.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    session: SessionView,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<Event>>,
}

/// Writes all there is to know of a session.
pub(crate) async fn run(show: &Show, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    let id = show.id.own()?;
    let session = backend.session(&id).await?.ok_or_else(|| unknown(&id))?;
    let events = if show.events { Some(backend.timeline(&id).await?) } else { None };
    let output = &context.output;
    if output.json {
        output.document(&Shown { session, events })?;
        return Ok(Ending::Done);
    }
    let facts = session_facts(&session, &output.zone, context.now());
    let widest = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, words) in facts {
        output.data(format_args!("{name:widest$}  {words}"))?;
    }
    if let Some(events) = events {
        let rows: Vec<_> = events.iter().map(|event| timeline_row(event, &output.zone)).collect();
        output.data("")?;
        output.write(&Columns::new(TIMELINE_COLUMNS, Output::width()).piece(&rows))?;
    }
    Ok(Ending::Done)
}

/// Says that there is no such session.
pub(super) fn unknown(id: &SessionId) -> Failure {
    Failure::refused(format!("there is no session {id}"))
        .hint("it may be of another realm (--realm), or forgotten: ended sessions are, after a while")
}
