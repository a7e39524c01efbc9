//! What only this store opens, or refuses in its own way.

use hallpass::Store;
use hallpass_mysql::{MysqlStore, OpenError};
use rig::MariaDb;

use crate::servers::opening::{assert_a_later_release_is_refused, refusal};
use crate::servers::support::{create, place, record};

#[tokio::test]
async fn a_store_of_a_later_release_is_refused() {
    let Some((store, server, database)) = place().await else { return };
    drop(store);
    assert_a_later_release_is_refused(server, &database).await;
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
