use hallpass::{Event, EventKind, Timestamp};

use super::when::When;
use crate::view;

/// Something that happened, as a page tells it.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) what: &'static str,
    pub(super) tone: Tone,
    pub(super) why: Option<String>,
    pub(super) who: String,
    pub(super) subject: Option<String>,
    pub(super) session: Option<String>,
    pub(super) device: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) when: When,
}

/// How something is marked: each tone has a sign beside its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Begin,
    Quiet,
    End,
    Alarm,
}

impl Tone {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Quiet => "quiet",
            Self::End => "end",
            Self::Alarm => "alarm",
        }
    }

    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Begin => "+",
            Self::Quiet => "·",
            Self::End => "–",
            Self::Alarm => "!",
        }
    }
}

impl Moment {
    pub(super) fn of(event: &Event, now: Timestamp) -> Self {
        let origin = &event.origin;
        let agent = origin.user_agent.as_ref().map(hallpass::Note::as_str);
        let label = agent.map(|agent| view::label(agent).map_or_else(|| agent.to_owned(), |label| label.to_string()));
        let why = match (&event.reason, &event.note) {
            (Some(reason), Some(note)) => Some(format!("{reason}: {note}")),
            (Some(reason), None) => Some(reason.to_string()),
            (None, note) => note.as_ref().map(ToString::to_string),
        };
        let (what, tone) = told(&event.kind);
        Self {
            id: event.id.to_string(),
            kind: event.kind.to_string(),
            what,
            tone,
            why,
            who: event.actor.to_string(),
            subject: event.subject.as_ref().map(ToString::to_string),
            session: event.session.map(|id| id.to_string()),
            device: label,
            ip: origin.ip.map(|ip| ip.to_string()),
            request_id: origin.request_id.as_ref().map(ToString::to_string),
            when: When::new(event.at, now),
        }
    }
}

/// Tells a kind of event in words, and how it is marked.
pub(super) fn told(kind: &EventKind) -> (&'static str, Tone) {
    use Tone::{Alarm, Begin, End, Quiet};
    match kind {
        EventKind::Created => ("Session made", Begin),
        EventKind::Authenticated => ("Signed in, or proved it again", Begin),
        EventKind::ImpersonationStarted => ("Acting as somebody else began", Alarm),
        EventKind::Renewed => ("Token renewed", Quiet),
        EventKind::Rechained => ("New chain of tokens", Quiet),
        EventKind::Expired => ("Time was over", End),
        EventKind::Revoked => ("Session ended", End),
        EventKind::Replayed => ("Spent token came back: ended as stolen", Alarm),
        EventKind::DataChanged => ("Data changed by an application", Quiet),
        EventKind::KeyCreated => ("API key made", Begin),
        EventKind::KeyRevoked => ("API key revoked", End),
        EventKind::KeyRotated => ("Signing key made", Begin),
        EventKind::SigningKeyRemoved => ("Signing key taken away", Alarm),
        EventKind::OperatorSignedIn => ("Operator signed in", Begin),
        EventKind::OperatorRefused => ("Refused at the dashboard", Alarm),
        EventKind::OperatorAction => ("Operator at the dashboard", Quiet),
        EventKind::ChangesDiscarded => ("Changes discarded", Quiet),
        kind if kind.is_refusal() => ("Refused", Alarm),
        _ => ("Something else", Quiet),
    }
}
