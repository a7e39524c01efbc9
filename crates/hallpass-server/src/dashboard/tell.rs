use hallpass::{Actor, Event, EventKind, Note, Origin, Sessions};

use super::Desk;
use super::visitor::Visitor;
use crate::events;
use crate::keys::KeyHolder;

/// Tells what an operator did, in the realm of their key.
pub(super) async fn act(visitor: &Visitor, holder: &KeyHolder, kind: EventKind, note: &str) {
    tell(&holder.sessions, kind, holder.actor(), &visitor.origin, note).await;
}

/// Tells that somebody was refused: the holder of a key in its realm, a stranger in the realm `default`.
pub(super) async fn refuse(desk: &Desk, visitor: &Visitor, holder: Option<&KeyHolder>, note: &str) {
    let sessions = holder.map_or(&desk.app.sessions, |holder| &holder.sessions);
    let Some(left_out) = desk.pace.take(sessions.now()) else { return };
    let actor = holder.map_or_else(|| Actor::operator("unknown"), KeyHolder::actor);
    let note = match left_out {
        0 => note.to_owned(),
        more => format!("{note}; {more} more were refused since the last of these"),
    };
    tell(sessions, EventKind::OperatorRefused, actor, &visitor.origin, &note).await;
}

async fn tell(sessions: &Sessions, kind: EventKind, actor: Actor, origin: &Origin, note: &str) {
    let mut event = Event::new(kind, sessions.realm().clone(), sessions.now());
    event.actor = actor;
    event.origin = origin.clone();
    event.note = Note::lossy(note);
    events::tell(sessions, event).await;
}
