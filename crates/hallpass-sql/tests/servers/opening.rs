//! What a store opens, and what it refuses with words that help.

use hallpass::StoreError;

use super::support::{create, open, record};
use crate::server::{IS_EMPTY, OpenError, SCHEME, Server, SqlStore, table};

pub(crate) async fn refusal(url: &str) -> OpenError {
    let error = SqlStore::from_url(url).await.expect_err("this is no store");
    let words = format!("{error} {error:?}");
    for secret in ["p@ss", "p%40ss", "wrong-password"] {
        assert!(!words.contains(secret), "{words}");
    }
    error
}

/// Makes the tables say that a later release made them, which must be refused.
pub(crate) async fn assert_a_later_release_is_refused(server: &Server, database: &str) {
    server.run(database, &format!("INSERT INTO {} (version, name) VALUES (99, 'later')", table("migrations")));
    let error = refusal(&server.url(database)).await;
    assert!(matches!(error, OpenError::Newer { .. }), "{error:?}");
    assert!(error.to_string().contains("number 99"), "{error}");
}

#[tokio::test]
async fn who_may_not_enter_is_told_so_and_no_password_is_repeated() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let url = server.url(&database);
    for wrong in [
        url.replace("p%40ss%2Fword", "wrong-password"),
        url.replace("hallpass:", "nobody:"),
        url.replace(&format!("/{database}"), "/nowhere"),
    ] {
        let error = refusal(&wrong).await;
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("check user, password"), "{error}");
        assert!(StoreError::from(error).is_unavailable());
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_so_at_once() {
    let error = refusal(&format!("{SCHEME}://hallpass:wrong-password@127.0.0.1:1/hallpass")).await;
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:1/hallpass: the server is away"), "{error}");
}

#[tokio::test]
async fn a_missing_store_is_not_made_where_none_is_wanted() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let url = server.url(&database);
    let error = refusal(&format!("{url}?create=false")).await;
    assert!(matches!(error, OpenError::Missing { .. }), "{error:?}");
    let (ask, answer) = IS_EMPTY;
    assert_eq!(server.run(&database, ask), answer);
    drop(open(&url).await);
    drop(SqlStore::from_url(&format!("{url}?create=false")).await.expect("by now it is there"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_that_start_at_once_make_the_tables_once() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let nodes: Vec<_> = (0..12)
        .map(|_| {
            let url = format!("{}?connections=1&timeout=30", server.url(&database));
            tokio::spawn(async move {
                let store = open(&url).await;
                create(&store, &record()).await;
            })
        })
        .collect();
    for node in nodes {
        node.await.expect("no node panics");
    }
    let count = |name| server.run(&database, &format!("SELECT COUNT(*) FROM {}", table(name)));
    assert_eq!(count("migrations"), "2");
    assert_eq!(count("sessions"), "12");
}
