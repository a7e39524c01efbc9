//! Bad days: what is acknowledged stays, what is not is said, and nothing empty takes its place.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use hallpass::{Expected, Outcome, Record, Store, StoreError};
use hallpass_sqlite::rusqlite::Connection;
use hallpass_sqlite::{SqliteOptions, SqliteStore};

use crate::part;
use crate::support::{changed, create, load, place, record};

async fn attempt(store: &SqliteStore, record: &Record) -> Result<Outcome, StoreError> {
    store.save(record, Expected::Absent, &[]).await
}

/// The error is one of a store that is away, and names the file.
fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>, path: &Path, part: &str) {
    let error = result.expect_err("this cannot work");
    assert!(error.is_unavailable(), "{error}");
    let message = error.to_string();
    assert!(message.contains(&*path.file_name().expect("a file").to_string_lossy()), "{message}");
    assert!(message.contains(part), "{message}");
}

fn impatient(path: &Path) -> SqliteStore {
    let options = SqliteOptions::new(path).busy_timeout(Duration::from_millis(100));
    SqliteStore::open(options).expect("a new store")
}

#[tokio::test]
async fn while_another_process_locks_the_file_reads_go_on_and_writes_say_so() {
    let (_folder, path) = place();
    let store = impatient(&path);
    let known = record();
    create(&store, &known).await;
    let other = Connection::open(&path).expect("a connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    assert_unavailable(attempt(&store, &record()).await, &path, "another process");
    assert_eq!(load(&store, &known).await.as_ref(), Some(&known));
    other.execute_batch("COMMIT").expect("the lock is released");
    create(&store, &record()).await;
}

#[tokio::test]
async fn whoever_waits_for_a_locked_file_waits_once() {
    let (_folder, path) = place();
    let options = SqliteOptions::new(&path).busy_timeout(Duration::from_millis(300)).largest_batch(NonZeroUsize::MIN);
    let store = SqliteStore::open(options).expect("a new store");
    let other = Connection::open(&path).expect("a connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let started = std::time::Instant::now();
    let writes: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { attempt(&store, &record()).await })
        })
        .collect();
    for write in writes {
        assert_unavailable(write.await.expect("no panic"), &path, "locked");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "one after the other would be 15 s: {:?}", started.elapsed());
}

#[tokio::test]
async fn a_full_disk_loses_nothing_acknowledged() {
    let (_folder, path) = place();
    let options = SqliteOptions::new(&path).largest_file(256 * 1024);
    let store = SqliteStore::open(options).expect("a new store");
    let mut kept = Vec::new();
    let refused = loop {
        let mut record = record();
        record.data = format!("\"{}\"", "x".repeat(3000)).into();
        match attempt(&store, &record).await {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::Applied);
                kept.push(record);
            }
            Err(error) => break (record, Err::<(), _>(error)),
        }
        assert!(kept.len() < 1000, "the file never got full");
    };
    assert_unavailable(refused.1, &path, "free space");
    assert_eq!(load(&store, &refused.0).await, None);
    for record in &kept {
        assert_eq!(load(&store, record).await.as_ref(), Some(record));
    }
    // A logout takes no room: it leaves the attributes' behind for its event.
    for session in &kept {
        let ended = crate::support::ended(session);
        let event = crate::support::event_of(&ended, hallpass::EventKind::Revoked, "logout");
        let logout = store.save(&ended, Expected::Version(session.version), &[event]).await;
        assert_eq!(logout.expect("there is room for this"), Outcome::Applied);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_fit_takes_no_other_along() {
    let (_folder, path) = place();
    let store = SqliteStore::open(SqliteOptions::new(&path).largest_file(512 * 1024)).expect("a new store");
    let mut big = record();
    big.data = format!("\"{}\"", "x".repeat(1 << 20)).into();
    for _ in 0..5 {
        let small: Vec<_> = (0..10).map(|_| record()).collect();
        let writes: Vec<_> = small
            .iter()
            .take(5)
            .chain([&big])
            .chain(small.iter().skip(5))
            .map(|record| {
                let (store, record) = (store.clone(), record.clone());
                tokio::spawn(async move { (attempt(&store, &record).await, record) })
            })
            .collect();
        for write in writes {
            let (result, record) = write.await.expect("no panic");
            if record.id == big.id {
                assert_unavailable(result, &path, "free space");
            } else {
                assert_eq!(result.expect("there is room for this"), Outcome::Applied);
            }
        }
        for record in &small {
            assert_eq!(load(&store, record).await.as_ref(), Some(record));
        }
    }
}

/// Loads until the store has looked for its file again, which it does at most every 100 ms.
async fn load_later(store: &SqliteStore, record: &Record) -> Result<Option<Record>, StoreError> {
    tokio::time::sleep(Duration::from_millis(150)).await;
    store.load(&record.realm, &record.id).await
}

#[tokio::test]
async fn a_deleted_file_is_an_outage_and_is_not_made_anew() {
    let (folder, path) = place();
    let store = impatient(&path);
    let known = record();
    create(&store, &known).await;
    let away = folder.path().join("away.db");
    std::fs::rename(&path, &away).expect("it can be moved");
    assert_unavailable(attempt(&store, &record()).await, &path, "deleted or replaced");
    assert_unavailable(load_later(&store, &known).await, &path, "deleted or replaced");
    assert!(!path.exists(), "nothing takes its place");
    std::fs::rename(&away, &path).expect("it can be moved back");
    assert_eq!(load_later(&store, &known).await.expect("it is back").as_ref(), Some(&known));
    create(&store, &record()).await;
}

#[tokio::test]
async fn a_replaced_file_is_an_outage_and_is_not_written() {
    let (folder, path) = place();
    let store = impatient(&path);
    create(&store, &record()).await;
    let other_path = folder.path().join("other.db");
    drop(SqliteStore::open(other_path.as_path()).expect("another store"));
    std::fs::rename(&other_path, &path).expect("it can be moved");
    let late = record();
    assert_unavailable(attempt(&store, &late).await, &path, "deleted or replaced");
    drop(store);
    let other = SqliteStore::open(path.as_path()).expect("the other store");
    assert_eq!(load(&other, &late).await, None);
}

#[tokio::test]
async fn a_deleted_log_is_an_outage() {
    let (_folder, path) = place();
    let store = impatient(&path);
    let known = record();
    create(&store, &known).await;
    std::fs::remove_file(path.with_extension("db-wal")).expect("it can be deleted");
    let next = changed(&known, "[]");
    let result = store.save(&next, Expected::Version(known.version), &[]).await;
    assert_unavailable(result, &path, "-wal was deleted or replaced");
}

#[tokio::test]
async fn damage_at_run_time_is_said_and_is_not_an_absence() {
    let (folder, path) = place();
    let store = SqliteStore::open(path.as_path()).expect("a new store");
    let known = record();
    create(&store, &known).await;
    drop(store);
    let store = SqliteStore::open(path.as_path()).expect("the same store");
    // By another process: closing the file here would release this process's locks on it.
    let status = part::process("damage", folder.path()).status().expect("the process runs");
    assert!(status.success());
    // An outage for everybody, with what to do: the damaged session is not the one that is asked for.
    assert_unavailable(store.load(&known.realm, &known.id).await, &path, "restore a backup");
    assert_unavailable(attempt(&store, &record()).await, &path, "restore a backup");
}

#[cfg(target_os = "linux")]
mod with_a_failing_disk {
    use super::*;
    use crate::powerloss::under_shim;

    fn assert_plays(name: &str) {
        let (folder, _) = place();
        let scratch = rig::scratch();
        let process = part::process(name, &folder.path().canonicalize().expect("it is there"));
        let mut process = under_shim(process, folder.path(), scratch.path());
        if name == "read-only" {
            drop(SqliteStore::open(folder.path().join("hallpass.db")).expect("a new store"));
            process.env("HALLPASS_SHIM_READ_ONLY", "1");
        }
        let output = process.stdout(std::process::Stdio::piped()).output().expect("the process runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    #[test]
    fn a_sync_that_fails_acknowledges_nothing_and_the_next_is_tried_anew() {
        assert_plays("fail-sync");
    }

    #[test]
    fn a_write_that_fails_acknowledges_nothing_and_the_next_is_tried_anew() {
        assert_plays("fail-write");
    }

    #[test]
    fn a_store_that_cannot_be_written_is_refused() {
        assert_plays("read-only");
    }
}
