use axum::extract::MatchedPath;
use axum::http::request::Parts;
use hallpass::{Caller, Event, EventKind, Note, Sessions};

use crate::config::Config;
use crate::events::tell;
use crate::keys::Right;
use crate::wire::Problem;

/// Keeps what operators and admins ask for, before it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actions {
    /// Whether there is a trail that it belongs to.
    has_trail: bool,
    /// Whether nothing is done whose event cannot be kept.
    is_required: bool,
}

impl Actions {
    pub(crate) fn new(config: &Config, has_trail: bool) -> Self {
        Self { has_trail, is_required: has_trail && config.audit.is_required(config.profile) }
    }

    /// Keeps that `caller` asks for a change by this right; applications and readers are not told of.
    pub(crate) async fn ask(
        self,
        right: Right,
        parts: &Parts,
        caller: &Caller,
        sessions: &Sessions,
    ) -> Result<(), Problem> {
        let changes = !parts.method.is_safe() && matches!(right, Right::Administer | Right::Revoke);
        if changes { self.announce(caller, sessions, parts.uri.path()).await } else { Ok(()) }
    }

    /// Keeps that `caller` is about to change something, and what.
    pub(crate) async fn announce(self, caller: &Caller, sessions: &Sessions, what: &str) -> Result<(), Problem> {
        if !self.has_trail {
            return Ok(());
        }
        let mut event = Event::new(EventKind::AdminAction, sessions.realm().clone(), sessions.now());
        event.actor = caller.actor.clone();
        event.origin = caller.origin.clone();
        event.note = Note::lossy(what);
        self.keep(sessions, event).await
    }

    /// Keeps an event that is about to come true.
    pub(crate) async fn keep(self, sessions: &Sessions, event: Event) -> Result<(), Problem> {
        if self.is_required {
            return Ok(sessions.append(event).await?);
        }
        tell(sessions, event).await;
        Ok(())
    }
}

/// Returns what was asked for: the method, and the pattern of the path.
pub(crate) fn route(parts: &Parts) -> Option<Note> {
    let path = parts.extensions.get::<MatchedPath>()?;
    Note::lossy(&format!("{} {}", parts.method, path.as_str()))
}
