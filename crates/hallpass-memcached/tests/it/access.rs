//! Users, passwords and servers that cannot be used; and that no password is ever shown.

use hallpass_memcached::{MemcachedOptions, MemcachedStore, OpenError};
use rig::Memcached;

use crate::support::{connect, create, ended, load, record, update};

/// A server that asks who we are.
fn guarded(folder: &std::path::Path) -> Option<Memcached> {
    let users = folder.join("users");
    std::fs::write(&users, "other:else\napp:s3cret%w0rd\n").expect("the folder is there");
    rig::memcached(&["-Y", &users.display().to_string()])
}

#[tokio::test]
async fn a_user_is_let_in_and_not_shown() {
    let folder = rig::scratch();
    let Some(server) = guarded(folder.path()) else { return };
    let store = connect(&format!("memcached://app:s3cret%25w0rd@{}", server.address())).await;
    let record = record();
    create(&store, &record).await;
    let next = ended(&record);
    update(&store, &record, &next).await;
    assert_eq!(load(&store, &record).await, Some(next));
    assert!(!format!("{store:?}").contains("s3cret"));
}

#[tokio::test]
async fn wrong_credentials_are_told_without_them() {
    let folder = rig::scratch();
    let Some(server) = guarded(folder.path()) else { return };
    for credentials in ["app:wr0ng@", "nobody:wr0ng@", ""] {
        let url = format!("memcached://{credentials}{}", server.address());
        let error = MemcachedStore::from_url(&url).await.expect_err("nobody is let in");
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("wr0ng") && shown.contains(&server.port().to_string()), "{shown}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_by_name() {
    let port = rig::free_port();
    let url = format!("memcached://u:s3cret@127.0.0.1:{port}");
    let error = MemcachedStore::from_url(&url).await.expect_err("nobody is there");
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    assert!(error.to_string().contains(&port.to_string()) && !format!("{error:?}").contains("s3cret"), "{error}");
    let options = MemcachedOptions::servers(["h"]).expect("a server").prefix("a b");
    assert!(matches!(MemcachedStore::connect(options).await, Err(OpenError::Options(_))));
}

#[tokio::test]
async fn a_server_without_compare_and_set_is_refused() {
    let Some(server) = rig::memcached(&["-C"]) else { return };
    let error = MemcachedStore::from_url(&server.url()).await.expect_err("it could lose updates");
    assert!(matches!(error, OpenError::NoCas { .. }), "{error:?}");
    assert!(error.to_string().contains("start it without -C"), "{error}");
}

#[tokio::test]
async fn what_a_server_tells_about_itself_is_kept() {
    let Some(server) = rig::memcached(&["-M", "-m", "128", "-I", "2m"]) else { return };
    let store = connect(&server.url()).await;
    let facts = store.server_facts();
    assert_eq!(facts.len(), 1);
    assert_eq!((facts[0].evicts, facts[0].memory, facts[0].largest_item), (false, 128 << 20, 2 << 20));
    assert!(facts[0].name.ends_with(&server.port().to_string()) && facts[0].version.starts_with("1."));
    assert_eq!(facts[0].dangers(), Vec::<String>::new());
    let Some(usual) = rig::memcached(&[]) else { return };
    let facts = connect(&usual.url()).await.server_facts();
    assert!(facts[0].evicts && facts[0].dangers()[0].contains("-I 2m"), "{facts:?}");
}
