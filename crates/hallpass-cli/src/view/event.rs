use hallpass::{Event, EventKind};

use crate::output::{Cell, Column, Tone, Zone, visible};

/// The columns of what is followed.
pub(crate) const EVENT_COLUMNS: [Column; 7] = [
    Column::new("TIME").usual(19),
    Column::new("KIND").usual(13),
    Column::new("SUBJECT").usual(16).least(8),
    Column::new("SESSION").usual(22),
    Column::new("BY").usual(16).least(8).rank(2),
    Column::new("REASON").usual(12).least(8).rank(1),
    Column::new("FROM").usual(15).rank(3),
];

/// Returns an event's row in what is followed.
pub(crate) fn event_row(event: &Event, zone: &Zone) -> Vec<Cell> {
    vec![
        zone.show_short(event.at).into(),
        kind(event),
        Cell::or_dash(event.subject.as_ref().map(|subject| visible(subject.as_str()))),
        Cell::or_dash(event.session.map(|session| session.to_string())),
        visible(event.actor.as_str()).into(),
        why(event),
        from(event),
    ]
}

/// The columns of a session's own history.
pub(crate) const TIMELINE_COLUMNS: [Column; 6] = [
    Column::new("TIME"),
    Column::new("KIND"),
    Column::new("REASON").rank(1),
    Column::new("BY").least(8),
    Column::new("FROM").rank(2),
    Column::new("REQUEST").least(8).rank(3),
];

/// Returns an event's row in its session's history.
pub(crate) fn timeline_row(event: &Event, zone: &Zone) -> Vec<Cell> {
    let request = event.origin.request_id.as_ref().map(|id| visible(id.as_str()));
    vec![
        zone.show_short(event.at).into(),
        kind(event),
        why(event),
        visible(event.actor.as_str()).into(),
        from(event),
        Cell::or_dash(request),
    ]
}

fn kind(event: &Event) -> Cell {
    let tone = match event.kind {
        EventKind::Created | EventKind::Authenticated | EventKind::Renewed | EventKind::Rechained => Tone::Good,
        EventKind::Replayed
        | EventKind::WrongSecret
        | EventKind::DuplicateCookie
        | EventKind::OversizedCookies
        | EventKind::CsrfBlocked
        | EventKind::BruteforceSuspected => Tone::Bad,
        EventKind::Revoked
        | EventKind::SpentToken
        | EventKind::UsedAfterEnd
        | EventKind::LimitReached
        | EventKind::ImpersonationStarted
        | EventKind::SigningKeyRemoved
        | EventKind::PolicyChanged
        | EventKind::AuditPurged => Tone::Warning,
        _ => Tone::Plain,
    };
    Cell::new(visible(event.kind.as_str()), tone)
}

fn why(event: &Event) -> Cell {
    let reason = event.reason.as_ref().map(|reason| visible(reason.as_str()));
    let note = event.note.as_ref().map(|note| visible(note.as_str()));
    Cell::or_dash(match (reason, note) {
        (Some(reason), Some(note)) => Some(format!("{reason}: {note}")),
        (reason, note) => reason.or(note),
    })
}

fn from(event: &Event) -> Cell {
    Cell::or_dash(event.origin.ip.map(|ip| ip.to_string()))
}
