//! What a store opens, and what it refuses with words that help.

use hallpass::{Store, StoreError};
use hallpass_mysql::{MysqlStore, OpenError};
use rig::MariaDb;

use crate::support::{create, place, record};

async fn refusal(url: &str) -> OpenError {
    let error = MysqlStore::from_url(url).await.expect_err("this is no store");
    let words = format!("{error} {error:?}");
    for secret in ["p@ss", "p%40ss", "wrong-password"] {
        assert!(!words.contains(secret), "{words}");
    }
    error
}

#[tokio::test]
async fn who_may_not_enter_is_told_so_and_no_password_is_repeated() {
    let Some(server) = MariaDb::shared() else { return };
    let url = server.url("mysql");
    for wrong in [
        url.replace("p%40ss%2Fword", "wrong-password"),
        url.replace("hallpass:", "nobody:"),
        url.replace("/mysql", "/nowhere"),
    ] {
        let error = refusal(&wrong).await;
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("check user, password"), "{error}");
        assert!(StoreError::from(error).is_unavailable());
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_so_at_once() {
    let error = refusal("mysql://hallpass:wrong-password@127.0.0.1:1/hallpass").await;
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:1/hallpass: the server is away"), "{error}");
}

#[tokio::test]
async fn a_missing_store_is_not_made_where_none_is_wanted() {
    let Some(server) = MariaDb::shared() else { return };
    let database = server.database();
    let url = server.url(&database);
    let error = refusal(&format!("{url}?create=false")).await;
    assert!(matches!(error, OpenError::Missing { .. }), "{error:?}");
    assert_eq!(server.run(&database, "SHOW TABLES"), "");
    drop(MysqlStore::from_url(&url).await.expect("a new store"));
    drop(MysqlStore::from_url(&format!("{url}?create=false")).await.expect("by now it is there"));
}

#[tokio::test]
async fn a_store_of_a_later_release_is_refused() {
    let Some((store, server, database)) = place().await else { return };
    drop(store);
    server.run(&database, "INSERT INTO hallpass_migrations (version, name) VALUES (99, 'later')");
    let error = refusal(&server.url(&database)).await;
    assert!(matches!(error, OpenError::Newer { .. }), "{error:?}");
    assert!(error.to_string().contains("number 99"), "{error}");
}

#[tokio::test]
async fn a_user_who_may_only_read_is_told_which_grants_are_missing() {
    let Some(server) = MariaDb::shared() else { return };
    let database = server.database();
    server.run(
        &database,
        &format!("CREATE USER guest@'%' IDENTIFIED BY 'guest'; GRANT SELECT ON {database}.* TO guest@'%'"),
    );
    let url = server.url(&database).replace("hallpass:p%40ss%2Fword", "guest:guest");
    let error = refusal(&url).await;
    assert!(matches!(error, OpenError::NotPermitted { .. }), "{error:?}");
    server.run(
        &database,
        &format!("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON {database}.* TO guest@'%'"),
    );
    let store = MysqlStore::from_url(&url).await.expect("it may make its tables");
    create(&store, &record()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_that_start_at_once_make_the_tables_once() {
    let Some(server) = MariaDb::shared() else { return };
    let database = server.database();
    let nodes: Vec<_> = (0..12)
        .map(|_| {
            let url = format!("{}?connections=1&timeout=30", server.url(&database));
            tokio::spawn(async move {
                let store = MysqlStore::from_url(&url).await.expect("a store");
                create(&store, &record()).await;
            })
        })
        .collect();
    for node in nodes {
        node.await.expect("no node panics");
    }
    assert_eq!(server.run(&database, "SELECT COUNT(*) FROM hallpass_migrations"), "1");
    assert_eq!(server.run(&database, "SELECT COUNT(*) FROM hallpass_sessions"), "12");
}

#[tokio::test]
async fn a_migration_that_was_cut_short_is_done_again() {
    let Some((store, server, database)) = place().await else { return };
    drop(store);
    server.run(&database, "DELETE FROM hallpass_migrations; DROP TABLE hallpass_settings");
    let store = MysqlStore::from_url(&server.url(&database)).await.expect("the rest is made");
    create(&store, &record()).await;
    assert_eq!(server.run(&database, "SELECT COUNT(*) FROM hallpass_settings"), "0");
}

#[tokio::test]
async fn what_is_not_durable_is_reported_as_not_durable() {
    let Some((store, _, _)) = place().await else { return };
    assert!(!store.capabilities().durable, "this server does not sync");
    for (options, is_durable) in [(&[][..], true), (&["--log-bin=binlog", "--sync-binlog=0"], false)] {
        let Some(server) = MariaDb::own(options) else { return };
        let can = MysqlStore::from_url(&server.url(&server.database())).await.expect("a store").capabilities();
        assert_eq!(can.durable, is_durable, "{options:?}");
        assert!(can.shared && can.events && can.list, "{can:?}");
    }
}
