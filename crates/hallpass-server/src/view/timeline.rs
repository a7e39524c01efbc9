use std::net::IpAddr;

use hallpass::{Actor, EndReason, Event, Record, SessionState, Sessions, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::SessionView;

/// What happened to a session, and what is left of it or what ended it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
#[non_exhaustive]
pub struct TimelineView<'a> {
    /// Why the session ended, or what would end it, in words.
    pub explanation: String,
    /// The session.
    pub session: SessionView<'a>,
    /// What happened to it, oldest first.
    #[schema(value_type = Vec<crate::events::EventSchema>)]
    pub items: &'a [Event],
    /// Where the next page begins, if there is one.
    #[schema(value_type = Option<String>)]
    pub next: Option<&'a str>,
    /// Which timeouts are left, if it has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
    /// What ended it, if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending<'a>>,
}

/// Which timeouts are left to a session, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until it will have been unused for too long; 0 if it is locked.
    pub idle: u64,
    /// Until its lifetime is over.
    pub absolute: u64,
    /// Until its next token is due; 0 if it is.
    pub renewal: u64,
    /// Whether it locks instead of ending when it is unused.
    pub locks: bool,
}

/// What ended a session.
#[derive(Debug, Serialize, ToSchema)]
#[non_exhaustive]
pub struct Ending<'a> {
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why it ended.
    #[schema(value_type = String)]
    pub reason: EndReason,
    /// Which timeout passed, if one did: `idle` or `absolute`.
    pub clock: Option<&'static str>,
    /// The policy it lived under.
    pub policy: EndingPolicy<'a>,
    /// Who ended it.
    #[schema(value_type = String)]
    pub actor: Actor,
    /// The request that ended it, if one did.
    #[schema(value_type = Option<String>)]
    pub request_id: Option<String>,
    /// What was asked for by that request: the method and the pattern of the path.
    #[schema(value_type = Option<String>)]
    pub route: Option<String>,
    /// Where that request came from, if it is known.
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
    /// What they said about it.
    #[schema(value_type = Option<String>)]
    pub note: Option<String>,
}

/// The policy that a session lived under, in whole seconds.
#[derive(Debug, Serialize, ToSchema)]
#[non_exhaustive]
pub struct EndingPolicy<'a> {
    /// The profile by which it is configured.
    pub profile: &'a str,
    /// How long the session could go unused.
    pub idle: u64,
    /// How long it could live after its authentication.
    pub absolute: u64,
}

impl Timeouts {
    /// Returns which timeouts are left to a session that has not ended.
    pub fn of(sessions: &Sessions, record: &Record) -> Option<Self> {
        let state = sessions.state(record);
        let chain = record.chain.as_ref().filter(|_| state != SessionState::Ended)?;
        let policy = sessions.policy(&record.profile);
        let deadlines = policy.deadlines(record);
        let now = sessions.now();
        let terms = record.terms.stricter(policy.terms());
        let due = chain.renewed_at.plus(std::time::Duration::from_secs(terms.renewal.into()));
        Some(Self {
            idle: deadlines.idle.since(now).as_secs(),
            absolute: deadlines.absolute.since(now).as_secs(),
            renewal: due.since(now).as_secs(),
            // Where nothing locks, the earlier deadline is the end.
            locks: deadlines.idle < deadlines.absolute && policy.expires_at(record) == deadlines.absolute,
        })
    }
}

impl<'a> Ending<'a> {
    /// Returns what ended a session; `event` is the one that told of it, if it is still kept.
    pub fn of(sessions: &Sessions, record: &'a Record, event: Option<&Event>) -> Option<Self> {
        let ended = SessionView::of(sessions, record).ended?;
        let policy = sessions.policy(&record.profile);
        let terms = record.terms.stricter(policy.terms());
        Some(Self {
            at: ended.at,
            clock: match ended.reason {
                EndReason::Idle => Some("idle"),
                EndReason::Absolute => Some("absolute"),
                _ => None,
            },
            reason: ended.reason,
            policy: EndingPolicy {
                profile: record.profile.as_str(),
                idle: terms.idle.into(),
                absolute: terms.absolute.into(),
            },
            actor: ended.actor,
            request_id: event.and_then(|event| event.origin.request_id.as_ref()).map(ToString::to_string),
            route: event.and_then(|event| event.origin.route.as_ref()).map(ToString::to_string),
            ip: event.and_then(|event| event.origin.ip),
            note: ended.note.map(ToString::to_string),
        })
    }
}
