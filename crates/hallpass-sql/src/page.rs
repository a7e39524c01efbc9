use hallpass::{Cursor, Event, Page, PageLimit};

/// Returns the page of events that were found in their order, one more than `limit` if there are more.
pub fn events_page(mut events: Vec<Event>, limit: PageLimit) -> Page<Event> {
    let has_more = events.len() > limit.number();
    events.truncate(limit.number());
    let next = events.last().filter(|_| has_more).map(Cursor::after_event);
    Page { items: events, next }
}
