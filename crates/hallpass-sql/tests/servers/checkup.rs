//! What a look at the server finds.

use hallpass::{Checkup, Clock as _, Finding, Health, Store, SystemClock};

use super::support::{create, open, place, record};
use crate::server::{COUNT_INDEXES, DANGEROUS, DROP_AN_INDEX, SERVER_NAME, Server};

fn finding<'a>(checkup: &'a Checkup, topic: &str) -> &'a Finding {
    let found = checkup.findings.iter().find(|finding| finding.topic == topic);
    found.unwrap_or_else(|| panic!("nothing is said of {topic}: {checkup:?}"))
}

#[tokio::test]
async fn a_good_server_is_found_good() {
    let Some(server) = Server::own(&[]) else { return };
    let database = server.database();
    let store = open(&server.url(&database)).await;
    create(&store, &record()).await;
    let checkup = store.checkup().await.expect("the server answers");
    let name = checkup.server.as_deref().expect("it has a name");
    assert!(name.starts_with(SERVER_NAME) && name.ends_with(|last: char| last.is_ascii_digit()), "{name}");
    let time = store.time().await.expect("the server answers").expect("it has a clock");
    let now = SystemClock::new().now();
    assert!(now.since(time).max(time.since(now)).as_secs() < 10, "{time} and {now}");
    assert!(checkup.findings.iter().all(|finding| finding.health == Health::Good), "{checkup:?}");
    let indexes = server.run(&database, COUNT_INDEXES);
    assert_eq!(finding(&checkup, "indexes").found, format!("all {indexes} are there and in use"));
    for table in ["sessions", "events"] {
        assert!(finding(&checkup, table).found.contains("MiB"), "{checkup:?}");
    }
}

#[tokio::test]
async fn settings_that_lose_what_was_acknowledged_are_found() {
    for (options, topic, words) in DANGEROUS {
        let Some(server) = Server::own(options) else { return };
        let checkup = open(&server.url(&server.database())).await.checkup().await.expect("the server answers");
        let found = finding(&checkup, topic);
        assert_eq!(found.health, Health::Danger, "{checkup:?}");
        assert!(found.found.contains(words) && found.advice.is_some(), "{found:?}");
    }
}

#[tokio::test]
async fn an_index_that_was_taken_away_is_found() {
    let Some((store, server, database)) = place().await else { return };
    server.run(&database, DROP_AN_INDEX);
    let checkup = store.checkup().await.expect("the server answers");
    let found = finding(&checkup, "indexes");
    assert_eq!(found.health, Health::Danger, "{checkup:?}");
    assert!(found.found.ends_with("sessions_by_expiry"), "{found:?}");
}
