use std::time::Duration;

use hallpass::{SessionId, Timestamp};
use serde::Serialize;

use super::show::unknown;
use crate::args::Ttl;
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{duration, visible};
use crate::view::SessionView;

/// How long a session still has; lengths are whole seconds.
#[derive(Serialize)]
struct Left<'a> {
    id: SessionId,
    state: &'a str,
    idle_seconds: u64,
    absolute_seconds: u64,
    idle_expires_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

/// Writes how long a session still has.
pub(crate) async fn run(ttl: &Ttl, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    let id = ttl.id.own()?;
    let session = backend.session(&id).await?.ok_or_else(|| unknown(&id))?;
    let (output, now) = (&context.output, context.now());
    let SessionView { id, idle_expires_at, expires_at, .. } = session;
    let left = |at: Option<Timestamp>| at.map_or(Duration::ZERO, |at| at.since(now));
    let (idle, absolute) = (left(idle_expires_at), left(expires_at));
    if output.json {
        let (idle_seconds, absolute_seconds) = (idle.as_secs(), absolute.as_secs());
        output.document(&Left {
            id,
            state: &session.state,
            idle_seconds,
            absolute_seconds,
            idle_expires_at,
            expires_at,
        })?;
    } else if session.is_ended() {
        let reason = session.reason().map(|reason| format!(" ({})", visible(reason))).unwrap_or_default();
        output.data(format_args!("ended{reason}"))?;
    } else {
        for (name, left, at) in [("idle", idle, idle_expires_at), ("absolute", absolute, expires_at)] {
            let until = at.map(|at| format!("  until {}", output.zone.show(at))).unwrap_or_default();
            output.data(format_args!("{name:8}  {:>9}{until}", duration(left)))?;
        }
        if session.state == "locked" {
            output.note("It is locked until its subject authenticates again.");
        }
    }
    Ok(Ending::found(!session.is_ended()))
}
