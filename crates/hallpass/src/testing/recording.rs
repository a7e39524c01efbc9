use std::sync::Arc;

use parking_lot::Mutex;

use crate::event::{Event, EventKind, Observer};
use crate::id::SessionId;

/// Keeps every event that it hears of, for a test to look at; clones keep them together.
///
/// ```
/// use hallpass::testing::RecordingObserver;
/// use hallpass::{Event, EventKind, Observer, Realm, Timestamp};
///
/// let observer = RecordingObserver::new();
/// observer.on_event(&Event::new(EventKind::Created, Realm::default(), Timestamp::UNIX_EPOCH));
/// assert_eq!(observer.kinds(), [EventKind::Created]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct RecordingObserver {
    heard: Arc<Mutex<Vec<Event>>>,
}

impl RecordingObserver {
    /// Returns an observer that has heard of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what was heard so far, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.heard.lock().clone()
    }

    /// Returns what was heard so far of one session, oldest first.
    pub fn of_session(&self, id: SessionId) -> Vec<Event> {
        self.heard.lock().iter().filter(|event| event.session == Some(id)).cloned().collect()
    }

    /// Returns the kinds of what was heard so far, oldest first.
    pub fn kinds(&self) -> Vec<EventKind> {
        self.heard.lock().iter().map(|event| event.kind.clone()).collect()
    }

    /// Returns how many events of a kind were heard so far.
    pub fn count(&self, kind: &EventKind) -> usize {
        self.heard.lock().iter().filter(|event| event.kind == *kind).count()
    }

    /// Returns what was heard since the last time, oldest first, and forgets it.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.heard.lock())
    }
}

impl Observer for RecordingObserver {
    fn on_event(&self, event: &Event) {
        self.heard.lock().push(event.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Realm;
    use crate::time::Timestamp;

    #[test]
    fn what_was_heard_is_kept_until_it_is_taken() {
        let observer = RecordingObserver::new();
        let id = SessionId::random();
        let mut renewed = Event::new(EventKind::Renewed, Realm::default(), Timestamp::UNIX_EPOCH);
        renewed.session = Some(id);
        let created = Event::new(EventKind::Created, Realm::default(), Timestamp::UNIX_EPOCH);
        observer.on_event(&created);
        observer.clone().on_event(&renewed);
        assert_eq!(observer.kinds(), [EventKind::Created, EventKind::Renewed]);
        assert_eq!((observer.count(&EventKind::Renewed), observer.of_session(id)), (1, vec![renewed.clone()]));
        assert_eq!(observer.take(), [created, renewed]);
        assert_eq!(observer.events(), []);
    }
}
