//! One damaged row: what is asked for by name says so, and everything else goes on.

use std::time::Duration;

use hallpass::{EventKind, EventQuery, Expected, Page, PageLimit, Query, Realm, Store};

use super::support::{START, bytes, create, event_of, load, place, record, subject};
use crate::server::{BRING_SESSIONS_BACK, TAKE_SESSIONS_AWAY, table};

#[tokio::test]
async fn a_damaged_row_is_left_out_of_every_page_and_is_corrupt_by_name() {
    let Some((store, server, database)) = place().await else { return };
    let mut whole = Vec::new();
    for number in 0..12_u64 {
        let mut record = record();
        record.subject = Some(subject("ann"));
        record.created_at = START.plus(Duration::from_secs(number));
        let event =
            event_of(&record, EventKind::Created, if [0, 4, 5, 11].contains(&number) { "broken" } else { "made" });
        let _ = store.save(&record, Expected::Absent, &[event]).await.expect("the store is there");
        whole.push(record);
    }
    let broken: Vec<_> = [11, 5, 4, 0].map(|index| whole.remove(index)).into();
    let (sessions, events, damage) = (table("sessions"), table("events"), bytes(b"\xc0\xff\xee"));
    server.run(
        &database,
        &format!(
            "UPDATE {sessions} SET head = {damage} WHERE id IN (SELECT session FROM {events} WHERE note = 'broken');
             UPDATE {events} SET ip = 'nowhere' WHERE note = 'broken'"
        ),
    );
    let names: Vec<_> = whole.iter().map(|record| record.id).collect();
    for limit in [1, 2, 3, 8, 9, 100] {
        let limit = PageLimit::new(limit).expect("in range");
        let mut query = Query::of_subject(Realm::default(), subject("ann"));
        let mut found = Vec::new();
        loop {
            query.limit = limit;
            let Page { items, next } = store.list(&query).await.expect("damage elsewhere is no failure");
            found.extend(items.into_iter().map(|record| record.id));
            query.after = next;
            if query.after.is_none() {
                break;
            }
        }
        found.reverse();
        assert_eq!(found, names);
        let mut query = EventQuery::default();
        let mut told = Vec::new();
        loop {
            query.limit = limit;
            let page = store.events(&query).await.expect("damage elsewhere is no failure");
            told.extend(page.items.into_iter().filter_map(|event| event.session));
            let Some(next) = page.next else { break };
            query.after = Some(next.event().expect("its own cursor"));
        }
        assert_eq!(told, names);
    }
    for record in broken {
        assert!(store.load(&record.realm, &record.id).await.expect_err("it cannot be read").is_corrupt());
    }
}

#[tokio::test]
async fn tables_that_were_taken_away_are_no_empty_store() {
    let Some((store, server, database)) = place().await else { return };
    let known = record();
    create(&store, &known).await;
    server.run(&database, TAKE_SESSIONS_AWAY);
    let error = store.load(&known.realm, &known.id).await.expect_err("there is no table");
    assert!(error.is_corrupt(), "{error}");
    server.run(&database, BRING_SESSIONS_BACK);
    assert_eq!(load(&store, &known).await, Some(known));
}
