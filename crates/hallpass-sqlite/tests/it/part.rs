//! The test binary as another process: it starts itself again, and plays the part that its environment names.

use std::path::{Path, PathBuf};
use std::process::Command;

use hallpass::{Expected, Outcome, Realm, Store};
use hallpass_sqlite::{OpenError, SqliteOptions, SqliteStore, Synchronous};

use crate::load;
use crate::support::{create, ended, record};

const PART: &str = "HALLPASS_PART";
const FOLDER: &str = "HALLPASS_PART_FOLDER";

/// Another process that is to play `part` with the store in this folder.
pub(crate) fn process(part: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", "part::a_load_in_one_process_ends_as_it_was_acknowledged", "--nocapture"]);
    command.env(PART, part).env(FOLDER, folder).stdout(std::process::Stdio::null());
    command
}

/// By itself a test of a load that nothing disturbs.
#[test]
fn a_load_in_one_process_ends_as_it_was_acknowledged() {
    let part = std::env::var(PART).unwrap_or_else(|_| "check".to_owned());
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let scratch = rig::scratch();
        let folder = folder.unwrap_or_else(|| scratch.path().to_owned());
        let options = SqliteOptions::new(folder.join("hallpass.db"));
        let acks = folder.join("acks");
        match part.as_str() {
            "check" => check(options, &acks).await,
            "open" => create(&SqliteStore::open(options).expect("a store"), &record()).await,
            "damage" => damage(&folder.join("hallpass.db")),
            "fail-sync" | "fail-write" => fail(options, &folder.join(part)).await,
            "read-only" => refused(&folder),
            "end" => end(options, &folder).await,
            "load" => load_until_killed(options, &acks).await,
            "full" => load_twice(options, &acks).await,
            "normal" => load_twice(options.danger_not_durable(Synchronous::Normal), &acks).await,
            "off" => load_twice(options.danger_not_durable(Synchronous::Off), &acks).await,
            other => panic!("no part is called {other}"),
        }
    });
}

async fn check(options: SqliteOptions, acks: &Path) {
    let store = SqliteStore::open(options).expect("a new store");
    load::run(&store, acks, 8, 4).await.expect("nothing fails");
    let mut acked = load::Acked::new();
    let lines = std::fs::read_to_string(acks).expect("acks");
    lines.split_inclusive('\n').for_each(|line| load::take_in(&mut acked, line));
    assert_eq!(acked.len(), 32);
    assert_eq!(load::damage(&store, &acked).await.expect("nothing fails"), Vec::<String>::new());
}

/// As the command line does: opens a store that a service is using, and ends a session.
async fn end(options: SqliteOptions, folder: &Path) {
    let store = SqliteStore::open(options.create(false)).expect("the store of the service");
    let id = std::fs::read_to_string(folder.join("id")).expect("an id").parse().expect("an id");
    let record = store.load(&Realm::default(), &id).await.expect("the store").expect("the session");
    let outcome = store.save(&ended(&record), Expected::Version(record.version), &[]).await.expect("the store");
    assert_eq!(outcome, Outcome::Applied);
}

/// Writes over all but the first page.
fn damage(path: &Path) {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = std::fs::OpenOptions::new().write(true).open(path).expect("the store");
    let rest = file.metadata().expect("the store").len() - 4096;
    file.seek(SeekFrom::Start(4096)).expect("a second page");
    file.write_all(&vec![0xa5; usize::try_from(rest).expect("small")]).expect("it can be written");
}

/// The disk fails while the file `switch` is there.
async fn fail(options: SqliteOptions, switch: &Path) {
    let store = SqliteStore::open(options.clone()).expect("a new store");
    let (before, during, after) = (record(), record(), record());
    create(&store, &before).await;
    std::fs::write(switch, "").expect("the folder can be written");
    for _ in 0..3 {
        let error = store.save(&during, Expected::Absent, &[]).await.expect_err("the disk fails");
        assert!(error.is_unavailable(), "{error}");
        assert_eq!(crate::support::load(&store, &before).await.as_ref(), Some(&before));
    }
    std::fs::remove_file(switch).expect("it is there");
    create(&store, &after).await;
    assert!(store.capabilities().durable);
    drop(store);
    let store = SqliteStore::open(options).expect("the same store");
    for record in [&before, &after] {
        assert_eq!(crate::support::load(&store, record).await.as_ref(), Some(record));
    }
}

/// Neither an old store nor a new one can be opened where nothing can be written.
fn refused(folder: &Path) {
    for name in ["hallpass.db", "new.db"] {
        let error = SqliteStore::open(folder.join(name)).expect_err("it cannot be written");
        assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

async fn load_until_killed(options: SqliteOptions, acks: &Path) {
    let store = SqliteStore::open(options).expect("a store");
    load::run(&store, acks, 32, usize::MAX).await.expect("nothing fails");
}

/// A short load with many checkpoints, and one more after the store was closed and opened again.
async fn load_twice(options: SqliteOptions, acks: &Path) {
    for _ in 0..2 {
        let store = SqliteStore::open(options.clone().checkpoint_after(60)).expect("a store");
        load::run(&store, acks, 16, 4).await.expect("nothing fails");
    }
}
