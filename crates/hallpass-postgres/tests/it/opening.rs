//! What a store opens, and what it refuses with words that help.

use std::time::Duration;

use hallpass::{Store, StoreError};
use hallpass_postgres::{OpenError, PostgresOptions, PostgresStore};
use rig::Postgres;

use crate::support::{create, load, place, record};

async fn refusal(url: &str) -> OpenError {
    let error = PostgresStore::from_url(url).await.expect_err("this is no store");
    let words = format!("{error} {error:?}");
    for secret in ["p@ss", "p%40ss", "wrong-password"] {
        assert!(!words.contains(secret), "{words}");
    }
    error
}

#[tokio::test]
async fn who_may_not_enter_is_told_so_and_no_password_is_repeated() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.url("postgres");
    for wrong in [
        url.replace("p%40ss%2Fword", "wrong-password"),
        url.replace("hallpass:", "nobody:"),
        url.replace("/postgres", "/nowhere"),
    ] {
        let error = refusal(&wrong).await;
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("check user, password"), "{error}");
        assert!(StoreError::from(error).is_unavailable());
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_so_at_once() {
    let error = refusal("postgres://hallpass:wrong-password@127.0.0.1:1/hallpass").await;
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:1/hallpass: the server is away"), "{error}");
}

#[tokio::test]
async fn a_missing_store_is_not_made_where_none_is_wanted() {
    let Some(server) = Postgres::shared() else { return };
    let database = server.database();
    let url = server.url(&database);
    let error = refusal(&format!("{url}?create=false")).await;
    assert!(matches!(error, OpenError::Missing { .. }), "{error:?}");
    assert_eq!(server.run(&database, "SELECT to_regnamespace('hallpass') IS NULL"), "t");
    drop(PostgresStore::from_url(&url).await.expect("a new store"));
    drop(PostgresStore::from_url(&format!("{url}?create=false")).await.expect("by now it is there"));
}

#[tokio::test]
async fn a_store_of_a_later_release_and_one_of_another_encoding_are_refused() {
    let Some((store, server, database)) = place().await else { return };
    drop(store);
    server.run(&database, "INSERT INTO hallpass.migrations (version, name) VALUES (99, 'later')");
    let error = refusal(&server.url(&database)).await;
    assert!(matches!(error, OpenError::Newer { .. }), "{error:?}");
    assert!(error.to_string().contains("number 99"), "{error}");
    server.run("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let error = refusal(&server.url("latin")).await;
    assert!(matches!(error, OpenError::Unfit { .. }), "{error:?}");
    assert!(error.to_string().contains("LATIN1"), "{error}");
}

#[tokio::test]
async fn a_user_who_may_only_use_a_schema_that_was_given_to_them_needs_no_more() {
    let Some(server) = Postgres::shared() else { return };
    let database = server.database();
    server.run(&database, "CREATE ROLE guest LOGIN PASSWORD 'guest'; REVOKE ALL ON SCHEMA public FROM public");
    server.run("postgres", &format!("REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM public"));
    let url = server.url(&database).replace("hallpass:p%40ss%2Fword", "guest:guest");
    let error = refusal(&url).await;
    assert!(matches!(error, OpenError::NotPermitted { .. }), "{error:?}");
    assert!(error.to_string().contains("CREATE SCHEMA hallpass AUTHORIZATION"), "{error}");
    server.run(&database, "CREATE SCHEMA hallpass AUTHORIZATION guest");
    let store = PostgresStore::from_url(&url).await.expect("it may make its tables");
    create(&store, &record()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_that_start_at_once_make_the_tables_once() {
    let Some(server) = Postgres::shared() else { return };
    let database = server.database();
    let nodes: Vec<_> = (0..12)
        .map(|_| {
            let url = format!("{}?connections=1&timeout=30", server.url(&database));
            tokio::spawn(async move {
                let store = PostgresStore::from_url(&url).await.expect("a store");
                create(&store, &record()).await;
            })
        })
        .collect();
    for node in nodes {
        node.await.expect("no node panics");
    }
    assert_eq!(server.run(&database, "SELECT count(*) FROM hallpass.migrations"), "1");
    assert_eq!(server.run(&database, "SELECT count(*) FROM hallpass.sessions"), "12");
}

#[tokio::test]
async fn what_is_not_durable_is_reported_as_not_durable() {
    let Some((store, server, _)) = place().await else { return };
    assert!(!store.capabilities().durable, "this server does not sync");
    let Some(durable) = Postgres::own(&[]) else { return };
    let url = durable.url("postgres");
    let store = PostgresStore::from_url(&url).await.expect("a store");
    let can = store.capabilities();
    assert!(can.durable && can.shared && can.changes && can.events && can.list, "{can:?}");
    durable.run("postgres", "ALTER DATABASE postgres SET synchronous_commit = off");
    assert!(!PostgresStore::from_url(&url).await.expect("a store").capabilities().durable);
    assert_ne!(server.port(), durable.port());
}

#[tokio::test]
async fn the_users_own_settings_of_the_driver_open_a_store() {
    let Some(server) = Postgres::shared() else { return };
    let config: hallpass_postgres::tokio_postgres::Config = server.url(&server.database()).parse().expect("a URL");
    let options = PostgresOptions::from(config).timeout(Duration::from_secs(2));
    let store = PostgresStore::open(options).await.expect("a store");
    let kept = record();
    create(&store, &kept).await;
    assert_eq!(load(&store, &kept).await, Some(kept));
}
