use std::time::Duration;

use hallpass::Timestamp;
use hallpass_foreign::Keep;
use serde::Serialize;

use super::Here;
use crate::args::{Show, Ttl};
use crate::failure::{Ending, Failure};
use crate::output::duration;
use crate::view::foreign_facts;

/// Writes all there is to know of a session, without its values.
pub(super) async fn run(here: &Here<'_>, show: &Show) -> Result<Ending, Failure> {
    if show.events {
        return Err(Failure::new("other frameworks keep no events of their sessions"));
    }
    let view = here.view(&here.find(&show.id).await?);
    let output = &here.context.output;
    if output.json {
        output.document(&view)?;
        return Ok(Ending::Done);
    }
    let facts = foreign_facts(&view, &output.zone, here.context.now());
    let widest = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, words) in facts {
        output.data(format_args!("{name:widest$}  {words}"))?;
    }
    Ok(Ending::Done)
}

/// How long a session still has, in whole seconds; nothing is for ever.
#[derive(Serialize)]
struct Left {
    id: String,
    state: &'static str,
    seconds: Option<u64>,
    expires_at: Option<Timestamp>,
}

/// Writes how long a session still has, if nobody uses it.
pub(super) async fn left(here: &Here<'_>, ttl: &Ttl) -> Result<Ending, Failure> {
    let found = here.find(&ttl.id).await?;
    let view = here.view(&found);
    let output = &here.context.output;
    let is_over = view.state == "ended";
    let left = match found.left(here.home.dialect(), here.now_ms()) {
        _ if is_over => Some(Duration::ZERO),
        Keep::For(millis) => Some(Duration::from_millis(u64::try_from(millis).unwrap_or_default())),
        Keep::Forever => None,
        Keep::Not => Some(Duration::ZERO),
    };
    if output.json {
        let seconds = left.map(|left| left.as_secs());
        output.document(&Left { id: view.id, state: view.state, seconds, expires_at: view.expires_at })?;
    } else if is_over {
        output.data("ended")?;
    } else {
        let until = view.expires_at.map(|at| format!("  until {}", output.zone.show(at))).unwrap_or_default();
        output.data(format_args!("idle  {:>9}{until}", left.map_or_else(|| "for ever".to_owned(), duration)))?;
    }
    Ok(Ending::found(!is_over))
}
