//! What a store leaves of the user's own connections.

use std::time::{Duration, Instant};

use hallpass::Store;
use hallpass_postgres::tokio_postgres::NoTls;
use hallpass_postgres::{OpenError, PostgresOptions, PostgresStore, tokio_postgres};

use crate::server::{on, pool};
use crate::servers::support::{create, load, place, record};

#[tokio::test]
async fn what_a_pool_lent_comes_back_as_it_was() {
    let Some((_, server, database)) = place().await else { return };
    let pool = pool(&server.url(&database), 4);
    let ask = "SELECT current_setting('statement_timeout') || ' ' || current_setting('timezone')";
    let before: String = pool.get().await.expect("it is there").query_one(ask, &[]).await.expect("a row").get(0);
    let store = PostgresStore::open(on(pool.clone())).await.expect("a store");
    create(&store, &record()).await;
    assert!(pool.status().available < pool.status().size, "it has some of them");
    drop(store);
    let began = Instant::now();
    while pool.status().available < pool.status().size {
        assert!(began.elapsed() < Duration::from_secs(10), "they do not come back: {:?}", pool.status());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut lent = Vec::new();
    for _ in 0..pool.status().size {
        lent.push(pool.get().await.expect("it is there"));
        let after: String = lent[lent.len() - 1].query_one(ask, &[]).await.expect("a row").get(0);
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn a_pool_that_has_no_more_to_give_slows_nobody_who_has_a_connection() {
    let Some((_, server, database)) = place().await else { return };
    let pool = pool(&server.url(&database), 1);
    let store = PostgresStore::open(on(pool.clone())).await.expect("one connection is enough");
    let known = record();
    for _ in 0..20 {
        assert_eq!(load(&store, &known).await, None);
    }
    create(&store, &known).await;
    assert_eq!(load(&store, &known).await, Some(known));
}

#[tokio::test]
async fn a_pool_keeps_news_to_itself_and_the_store_says_so() {
    let Some((_, server, database)) = place().await else { return };
    let store = PostgresStore::open(on(pool(&server.url(&database), 4))).await.expect("a store");
    assert!(!store.capabilities().changes && store.changes().is_none());
}

#[tokio::test]
async fn the_users_own_way_to_connect_makes_every_connection_and_hears_news() {
    let Some((_, server, database)) = place().await else { return };
    let url = server.url(&database);
    let options = PostgresOptions::with_connections("postgres://mine", move || {
        let url = url.clone();
        async move { tokio_postgres::connect(&url, NoTls).await }
    });
    let store = PostgresStore::open(options).await.expect("a store");
    assert!(store.capabilities().changes && store.changes().is_some());
    let known = record();
    create(&store, &known).await;
    assert_eq!(load(&store, &known).await, Some(known));
}

#[tokio::test]
async fn a_way_that_leads_nowhere_is_named_with_its_reason() {
    let options = PostgresOptions::with_connections("postgres://mine", || async {
        tokio_postgres::connect("host=127.0.0.1 port=1 user=nobody", NoTls).await
    });
    let error = PostgresStore::open(options).await.expect_err("nobody is there");
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    assert!(error.to_string().contains("postgres://mine") && error.to_string().contains("connect"), "{error}");
}
