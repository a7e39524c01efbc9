use hallpass::{Event, EventKind, Record, Sessions};
use hallpass_server::view::{Ending, TimelineView, Timeouts};
use serde::{Deserialize, Serialize};

use super::SessionView;
use crate::failure::Failure;

/// Why a session ended, or what is left of it: the service's timeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Explained {
    /// In words.
    pub(crate) explanation: String,
    pub(crate) session: SessionView,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeouts: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ending: Option<serde_json::Value>,
    /// What happened to it, oldest first.
    pub(crate) items: Vec<Event>,
    #[serde(default, skip_serializing)]
    pub(crate) next: Option<String>,
}

impl Explained {
    /// Returns what the service would answer about a record.
    pub(crate) fn of(sessions: &Sessions, record: &Record, items: Vec<Event>) -> Result<Self, Failure> {
        let is_end = |kind: &EventKind| matches!(kind, EventKind::Expired | EventKind::Revoked | EventKind::Replayed);
        let event = items.iter().rev().find(|event| is_end(&event.kind));
        let (timeouts, ending) = (Timeouts::of(sessions, record), Ending::of(sessions, record, event));
        let json = |value: Result<_, serde_json::Error>| {
            value.map_err(|error| Failure::new("the answer cannot be written as JSON").because(error))
        };
        Ok(Self {
            explanation: TimelineView::explanation(timeouts.as_ref(), ending.as_ref()),
            session: SessionView::of(record, sessions),
            timeouts: json(timeouts.map(serde_json::to_value).transpose())?,
            ending: json(ending.map(serde_json::to_value).transpose())?,
            items,
            next: None,
        })
    }
}
