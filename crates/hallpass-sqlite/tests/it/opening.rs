//! What a store opens, and what it refuses with words that help.

use std::path::{Path, PathBuf};

use hallpass::{Store, StoreError};
use hallpass_sqlite::rusqlite::Connection;
use hallpass_sqlite::{OpenError, SqliteOptions, SqliteStore, Synchronous};

use crate::support::{create, load, place, record};

fn refusal(options: impl Into<SqliteOptions>) -> OpenError {
    SqliteStore::open(options).expect_err("this is no store")
}

/// The error names the file and says what to do.
fn assert_helps(error: &OpenError, path: &Path, advice: &str) {
    let message = error.to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert!(message.contains(advice), "{message}");
}

#[test]
fn a_missing_store_is_not_made_where_none_is_wanted() {
    let (_folder, path) = place();
    let error = refusal(SqliteOptions::new(&path).create(false));
    assert!(matches!(error, OpenError::Missing(_)), "{error:?}");
    assert_helps(&error, &path, "check the path");
    assert!(!path.exists());
    let error = SqliteStore::from_url(&format!("sqlite:{}?create=false", path.display())).expect_err("still none");
    assert!(matches!(error, OpenError::Missing(_)), "{error:?}");
}

#[test]
fn a_store_in_a_folder_that_is_missing_is_refused() {
    let (folder, _) = place();
    let path = folder.path().join("nowhere").join("hallpass.db");
    assert_helps(&refusal(path.as_path()), &path, "create the folder");
    assert!(matches!(refusal(folder.path()), OpenError::NotAFile(_)));
    assert!(matches!(refusal(""), OpenError::NotAFile(_)));
}

#[test]
fn a_url_names_the_store() {
    let (_folder, path) = place();
    let store = SqliteStore::from_url(&format!("sqlite://{}", path.display())).expect("a new store");
    assert_eq!(store.path(), path.canonicalize().expect("it is there"));
    assert!(matches!(SqliteStore::from_url("sqlite::memory:"), Err(OpenError::Url(_))));
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_store() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = place();
    let _store = SqliteStore::open(path.as_path()).expect("a new store");
    for suffix in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{suffix}", path.display()));
        let mode = file.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", file.display());
    }
}

#[test]
fn a_file_of_something_else_is_left_as_it_is() {
    let (_folder, path) = place();
    std::fs::write(&path, "dear diary, ".repeat(1000)).expect("the folder can be written");
    let before = std::fs::read(&path).expect("it is there");
    let error = refusal(path.as_path());
    assert!(matches!(error, OpenError::NotADatabase(_)), "{error:?}");
    assert_helps(&error, &path, "restore a backup");
    assert!(StoreError::from(error).is_corrupt());
    assert_eq!(std::fs::read(&path).expect("it is there"), before);
}

#[test]
fn another_applications_database_is_left_as_it_is() {
    let (_folder, path) = place();
    let theirs = Connection::open(&path).expect("a database");
    theirs.execute_batch("CREATE TABLE songs (name TEXT)").expect("a table");
    drop(theirs);
    let before = std::fs::read(&path).expect("it is there");
    let error = refusal(path.as_path());
    assert!(matches!(error, OpenError::Foreign(_)), "{error:?}");
    assert_helps(&error, &path, "name another file");
    assert_eq!(std::fs::read(&path).expect("it is there"), before);
}

#[test]
fn a_store_of_a_later_release_is_left_as_it_is() {
    let (_folder, path) = place();
    drop(SqliteStore::open(path.as_path()).expect("a new store"));
    let later = Connection::open(&path).expect("a database");
    later.pragma_update(None, "user_version", 99).expect("a later schema");
    drop(later);
    let error = refusal(path.as_path());
    assert!(matches!(error, OpenError::Newer { .. }), "{error:?}");
    assert_helps(&error, &path, "number 99");
}

#[tokio::test]
async fn a_file_that_lost_its_end_is_refused() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path.as_path()).expect("a new store");
    create(&store, &record()).await;
    drop(store);
    let whole = std::fs::read(&path).expect("it is there");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("it can be written");
    let error = refusal(path.as_path());
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert_helps(&error, &path, "restore a backup");
    assert!(StoreError::from(error).is_corrupt());
}

#[tokio::test]
async fn an_emptied_file_beside_its_log_is_no_new_store() {
    let (folder, path) = place();
    let store = SqliteStore::open(path.as_path()).expect("a new store");
    create(&store, &record()).await;
    // As after a crash: the log is still there.
    let copy = folder.path().join("copy.db");
    std::fs::write(&copy, "").expect("the folder can be written");
    std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).expect("the log is there");
    let error = refusal(copy.as_path());
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(copy.with_extension("db-wal").metadata().expect("it is there").len() > 0, "the log is kept");
}

#[tokio::test]
async fn what_was_written_is_there_after_closing_and_the_log_is_gone() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path.as_path()).expect("a new store");
    let kept = record();
    create(&store, &kept).await;
    drop(store);
    assert!(!path.with_extension("db-wal").exists());
    let store = SqliteStore::open(SqliteOptions::new(&path).create(false)).expect("the same store");
    assert_eq!(load(&store, &kept).await, Some(kept));
}

#[test]
fn what_is_not_durable_is_reported_as_not_durable() {
    let durable = |change: fn(SqliteOptions) -> SqliteOptions| {
        let (_folder, path) = place();
        SqliteStore::open(change(SqliteOptions::new(path))).expect("a new store").capabilities().durable
    };
    assert!(durable(|options| options));
    assert!(!durable(|options| options.danger_not_durable(Synchronous::Normal)));
    assert!(!durable(|options| options.danger_not_durable(Synchronous::Off)));
}

/// The schema of the first release, made by its own statements.
#[tokio::test]
async fn a_store_of_an_earlier_release_is_brought_up_to_date_with_what_it_holds() {
    let (_folder, path) = place();
    let earlier = Connection::open(&path).expect("a database");
    earlier.execute_batch(include_str!("../../src/migrations/0001_sessions.sql")).expect("the first schema");
    earlier.pragma_update(None, "user_version", 1).expect("its number");
    earlier.pragma_update(None, "application_id", i32::from_be_bytes(*b"HPas")).expect("its mark");
    earlier
        .execute("INSERT INTO epochs (realm, subject, epoch) VALUES ('default', 'ann', 7)", [])
        .expect("something kept");
    drop(earlier);
    let store = SqliteStore::open(path).expect("an earlier store");
    let ann = crate::support::subject("ann");
    let epoch = store.epoch(&hallpass::Realm::default(), &ann, false).await.expect("the store is there");
    assert_eq!(epoch, hallpass::Epoch(7));
    let mut query = hallpass::Query::default();
    query.expires_by = Some(hallpass::Timestamp::MAX);
    assert!(store.list(&query).await.expect("the new index is there").items.is_empty());
}
