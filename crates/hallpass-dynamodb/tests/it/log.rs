//! Events: who reads on from one never misses what came after it.

use std::collections::HashMap;
use std::time::Duration;

use hallpass::{EventKind, EventQuery, Expected, Outcome, PageLimit, Realm, Store};
use hallpass_dynamodb::DynamoDbStore;
use hallpass_dynamodb::aws_sdk_dynamodb::types::AttributeValue;
use tokio::task::JoinSet;

use crate::support::{bare, connect, event_of, key, record};

async fn write(store: &DynamoDbStore, note: &str) {
    let record = record();
    let event = event_of(&record, EventKind::Created, note);
    let outcome = store.save(&record, Expected::Absent, &[event]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Applied);
}

fn query(limit: u16) -> EventQuery {
    let mut query = EventQuery::default();
    query.realm = Some(Realm::default());
    query.limit = PageLimit::new(limit).expect("a limit");
    query
}

fn notes(events: &[hallpass::Event]) -> Vec<String> {
    events.iter().map(|event| event.note.as_ref().expect("a note").to_string()).collect()
}

#[tokio::test]
async fn a_number_that_nobody_uses_is_taken_away_and_holds_up_nobody() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let (url, table) = (server.url("log-with-gaps"), "log-with-gaps");
    let store = connect(&url).await;
    write(&store, "first").await;
    // Somebody draws two numbers, and dies.
    let ask = bare(server).update_item().table_name(table).set_key(Some(key("counter/default", "log")));
    let ask = ask.update_expression("ADD #n :two").expression_attribute_names("#n", "number");
    ask.expression_attribute_values(":two", AttributeValue::N("2".to_owned())).send().await.expect("it is there");
    write(&store, "second").await;
    for number in [2, 3] {
        assert!(log_item(server, table, number).await.is_none(), "nobody has read yet");
    }
    let page = store.events(&query(100)).await.expect("the store is there");
    assert_eq!(notes(&page.items), ["first", "second"]);
    for number in [2, 3] {
        let item = log_item(server, table, number).await.expect("the reader has closed the gap");
        assert_eq!(item["events"], AttributeValue::S("[]".to_owned()));
    }
    write(&store, "third").await;
    let page = store.events(&query(100)).await.expect("the store is there");
    assert_eq!(notes(&page.items), ["first", "second", "third"]);
}

async fn log_item(server: &rig::DynamoDb, table: &str, number: u64) -> Option<HashMap<String, AttributeValue>> {
    let key = key("log/default", &format!("{number:020}"));
    bare(server).get_item().table_name(table).set_key(Some(key)).send().await.expect("it is there").item
}

#[tokio::test]
async fn a_writer_whose_number_was_taken_away_writes_under_another() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let table = "log-with-takers";
    let store = connect(&server.url(table)).await;
    // Somebody has closed the next two numbers already.
    for number in [1, 2] {
        let mut item = key("log/default", &format!("{number:020}"));
        item.insert("events".to_owned(), AttributeValue::S("[]".to_owned()));
        item.insert("at".to_owned(), AttributeValue::N("0".to_owned()));
        bare(server).put_item().table_name(table).set_item(Some(item)).send().await.expect("it is there");
    }
    write(&store, "late").await;
    let page = store.events(&query(100)).await.expect("the store is there");
    assert_eq!(notes(&page.items), ["late"]);
    assert!(log_item(server, table, 3).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_reads_on_meets_each_event_once_while_many_write() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let url = server.own_url();
    let mut writers = JoinSet::new();
    for writer in 0..6 {
        let store = connect(&url).await;
        writers.spawn(async move {
            for number in 0..15 {
                write(&store, &format!("{writer}/{number}")).await;
            }
        });
    }
    let reader = connect(&url).await;
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let is_last = writers.is_empty();
        let mut query = query(7);
        query.after = after;
        let page = reader.events(&query).await.expect("the store is there");
        after = page.items.last().map(|event| event.id).or(after);
        found.extend(notes(&page.items));
        if is_last && page.items.is_empty() {
            break;
        }
        while let Some(done) = writers.try_join_next() {
            done.expect("no writer panics");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let all = connect(&url).await.events(&query(1000)).await.expect("the store is there");
    assert_eq!(found, notes(&all.items), "the order that it was read in is the order that it has");
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 6 * 15);
    for writer in 0..6 {
        let of_one: Vec<_> =
            notes(&all.items).into_iter().filter(|note| note.starts_with(&format!("{writer}/"))).collect();
        assert_eq!(of_one, (0..15).map(|number| format!("{writer}/{number}")).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn another_service_reads_on_from_any_event() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let url = server.own_url();
    let store = connect(&url).await;
    for number in 0..12 {
        write(&store, &number.to_string()).await;
    }
    let all = store.events(&query(100)).await.expect("the store is there").items;
    for (number, event) in all.iter().enumerate() {
        // It has not given this cursor itself, so it has to find the place.
        let other = connect(&url).await;
        let mut query = query(100);
        query.after = Some(event.id);
        let rest = other.events(&query).await.expect("the store is there").items;
        assert_eq!(notes(&rest), (number + 1..12).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn events_are_kept_for_as_long_as_is_said() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let table = "log-of-days";
    let store = connect(&format!("{}&events_days=90", server.url(table))).await;
    write(&store, "kept for a while").await;
    let item = log_item(server, table, 1).await.expect("it is there");
    let seconds = |name: &str| item[name].as_n().expect("a number").parse::<u64>().expect("a number");
    let kept = seconds("forget_at") - seconds("at") / 1000;
    assert_eq!(kept, 90 * 24 * 60 * 60 + 1);
}
