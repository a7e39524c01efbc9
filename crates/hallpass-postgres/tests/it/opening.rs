//! What only this store opens, or refuses in its own way.

use std::time::Duration;

use hallpass::Store;
use hallpass_postgres::{OpenError, PostgresOptions, PostgresStore};
use rig::Postgres;

use crate::servers::opening::{assert_a_later_release_is_refused, refusal};
use crate::servers::support::{create, load, place, record};

#[tokio::test]
async fn a_store_of_a_later_release_and_one_of_another_encoding_are_refused() {
    let Some((store, server, database)) = place().await else { return };
    drop(store);
    assert_a_later_release_is_refused(server, &database).await;
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
