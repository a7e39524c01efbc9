use hallpass::{Record, SessionState, Sessions};

use super::when::When;
use crate::view::SessionView;

/// A session in a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) subject: Option<String>,
    pub(super) impersonator: Option<String>,
    pub(super) standing: Standing,
    pub(super) device: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) level: u8,
    pub(super) methods: String,
    pub(super) profile: String,
    pub(super) created: When,
    pub(super) seen: When,
    /// When it ends if nobody does anything, or when it ended.
    pub(super) ends: Option<When>,
    /// Why it ended, if it did.
    pub(super) reason: Option<String>,
}

/// The state of a session, told by a word and a sign, so that colour is not alone in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing(SessionState);

impl Standing {
    pub(super) fn word(self) -> &'static str {
        self.0.as_str()
    }

    pub(super) fn sign(self) -> &'static str {
        match self.0 {
            SessionState::Active => "●",
            SessionState::Locked => "◐",
            SessionState::Ended => "○",
        }
    }

    pub(super) fn is_usable(self) -> bool {
        self.0 != SessionState::Ended
    }
}

impl Row {
    pub(super) fn of(sessions: &Sessions, record: &Record) -> Self {
        let view = SessionView::of(sessions, record);
        let now = sessions.now();
        let client = view.client;
        let ends = match &view.ended {
            Some(ended) => Some(ended.at),
            None => view.idle_expires_at.min(view.expires_at),
        };
        Self {
            id: view.id.to_string(),
            subject: view.subject.map(ToString::to_string),
            impersonator: view.impersonator.map(ToString::to_string),
            standing: Standing(sessions.state(record)),
            device: client.label.or(client.user_agent).map(ToString::to_string),
            ip: client.ip.map(|ip| ip.to_string()),
            level: view.level,
            methods: view.methods.iter().map(hallpass::Method::as_str).collect::<Vec<_>>().join(", "),
            profile: view.profile.to_string(),
            created: When::new(view.created_at, now),
            seen: When::new(view.seen_at, now),
            ends: ends.map(|at| When::new(at, now)),
            reason: view.ended.map(|ended| ended.reason.to_string()),
        }
    }
}
