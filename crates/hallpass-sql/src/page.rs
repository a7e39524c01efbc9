use hallpass::{Cursor, Event, Page, PageLimit, Record};

/// Returns the first page of records that were found newest first, at least one more than `limit` if there are more.
///
/// They may come from several listings, one for each realm: `(realm, created_at, id)` is the index, so a listing of all
/// realms asks for each and takes the newest. Two records of the same instant and id are never on two pages, since a
/// cursor could not stand between them.
pub fn newest_page(mut records: Vec<Record>, limit: PageLimit) -> Page<Record> {
    let place = |record: &Record| (record.created_at, record.id);
    records.sort_by_key(|record| std::cmp::Reverse(place(record)));
    if records.len() <= limit.number() {
        return Page { items: records, next: None };
    }
    let first_left_off = place(&records[limit.number()]);
    let whole = records.iter().take(limit.number()).filter(|record| place(record) != first_left_off).count();
    records.truncate(if whole == 0 { limit.number() } else { whole });
    let next = records.last().map(Cursor::after_record);
    Page { items: records, next }
}

/// Returns the page of events that were found in their order, one more than `limit` if there are more.
pub fn events_page(mut events: Vec<Event>, limit: PageLimit) -> Page<Event> {
    let has_more = events.len() > limit.number();
    events.truncate(limit.number());
    let next = events.last().filter(|_| has_more).map(Cursor::after_event);
    Page { items: events, next }
}
