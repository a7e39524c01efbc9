//! The latest events, as many as there is room for.

use std::collections::VecDeque;

use crate::event::Event;
use crate::store::{Cursor, EventQuery, Page};

pub(super) struct EventRing {
    events: VecDeque<Event>,
    room: usize,
}

impl EventRing {
    pub(super) fn new(room: usize) -> Self {
        Self { events: VecDeque::new(), room }
    }

    pub(super) fn extend(&mut self, events: &[Event]) {
        for event in events {
            if self.events.len() == self.room {
                self.events.pop_front();
            }
            self.events.push_back(event.clone());
        }
    }

    pub(super) fn page(&self, query: &EventQuery) -> Page<Event> {
        let limit = query.limit.number();
        let start = query.after.map_or(0, |after| {
            let position = self.events.iter().rposition(|event| event.id == after);
            position.map_or_else(|| self.events.partition_point(|event| event.id <= after), |position| position + 1)
        });
        let mut matching = self.events.range(start..).filter(|event| query.matches(event));
        let items: Vec<_> = matching.by_ref().take(limit).cloned().collect();
        let next = matching.next().and_then(|_| items.last()).map(Cursor::after_event);
        Page { items, next }
    }
}
