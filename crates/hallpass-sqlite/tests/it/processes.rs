//! Several processes use one file at the same time.

use std::process::Child;
use std::time::Duration;

use hallpass::{Expected, Outcome, Store, Version};
use hallpass_sqlite::rusqlite::Connection;
use hallpass_sqlite::{SqliteOptions, SqliteStore};
use rand::Rng;

use crate::load::{self, Acked};
use crate::part;
use crate::support::{changed, create, load, place, record};

#[tokio::test]
async fn what_another_process_ends_is_ended_here_at_once() {
    let (folder, path) = place();
    let service = SqliteStore::open(path).expect("a new store");
    let living = record();
    create(&service, &living).await;
    assert!(load(&service, &living).await.is_some_and(|record| record.ended.is_none()));

    std::fs::write(folder.path().join("id"), living.id.to_string()).expect("the folder can be written");
    let status = part::process("end", folder.path()).status().expect("the process runs");
    assert!(status.success());

    assert!(load(&service, &living).await.is_some_and(|record| record.ended.is_some()));
    let slow = changed(&living, "[]");
    let outcome = service.save(&slow, Expected::Version(living.version), &[]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Conflict, "a slow request brings it back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_on_one_file_lose_no_update() {
    let (_folder, path) = place();
    let stores = [0, 1].map(|_| SqliteStore::open(path.as_path()).expect("a store"));
    let counter = record();
    create(&stores[0], &counter).await;
    let clients: Vec<_> = (0..20)
        .map(|number| {
            let (store, counter) = (stores[number % 2].clone(), counter.clone());
            tokio::spawn(async move {
                for _ in 0..5 {
                    raise(&store, &counter).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no client panics");
    }
    for store in &stores {
        let record = load(store, &counter).await.expect("the counter");
        assert_eq!((record.version, &*record.data), (Version::new(101), &b"100"[..]));
    }
}

async fn raise(store: &SqliteStore, counter: &hallpass::Record) {
    loop {
        let present = load(store, counter).await.expect("the counter");
        let number: u32 = str::from_utf8(&present.data).expect("text").parse().unwrap_or(0);
        let next = changed(&present, &(number + 1).to_string());
        match store.save(&next, Expected::Version(present.version), &[]).await.expect("the store is there") {
            Outcome::Applied => return,
            Outcome::Conflict => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_store_that_many_processes_open_at_once_is_made_once_and_keeps_what_each_writes() {
    for _ in 0..5 {
        let (folder, path) = place();
        let processes: Vec<Child> =
            (0..6).map(|_| part::process("open", folder.path()).spawn().expect("the process runs")).collect();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                tokio::spawn(async move { create(&SqliteStore::open(path).expect("a store"), &record()).await })
            })
            .collect();
        for mut process in processes {
            assert!(process.wait().expect("the process ends").success());
        }
        for thread in threads {
            thread.await.expect("no thread panics");
        }
        let file = Connection::open(path).expect("a database");
        let number = |sql| file.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
        assert_eq!(number("PRAGMA user_version"), 3);
        assert_eq!(number("SELECT COUNT(*) FROM sessions"), 10);
    }
}

/// Waits for real time, since the moment of the kill is what is random.
#[tokio::test]
async fn a_process_that_is_killed_loses_nothing_acknowledged() {
    let (folder, path) = place();
    let mut total = 0;
    for _ in 0..8 {
        let mut process = part::process("load", folder.path()).spawn().expect("the process runs");
        let pause = rand::rng().random_range(100..600);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        process.kill().expect("the process still runs");
        process.wait().expect("the process ends");

        let mut acked = Acked::new();
        let lines = std::fs::read_to_string(folder.path().join("acks")).unwrap_or_default();
        lines.split_inclusive('\n').for_each(|line| load::take_in(&mut acked, line));
        total = acked.len();
        let store = SqliteStore::open(SqliteOptions::new(&path)).expect("the store opens after a kill");
        assert_eq!(load::damage(&store, &acked).await.expect("the store is there"), Vec::<String>::new());
    }
    assert!(total > 0, "it was always killed before it had done anything");
}
