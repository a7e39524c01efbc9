//! A store on the user's own pool.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::testing::conformance::Handles;
use hallpass::{Change, ChangeStream, Expected, Outcome, Store};
use rig::Proxy;

use super::conformance::url;
use super::support::{changed, create, ended, load, open, place, record};
use crate::server::{Server, open_on_a_pool};

mod as_any_other {
    use super::*;

    async fn handles() -> Option<Handles> {
        Some(Handles::one(Arc::new(open_on_a_pool(&url().await?).await)))
    }

    async fn behind_a_wire() -> Option<Handles> {
        let (url, port) = (url().await?, Server::shared()?.port());
        let wire = Proxy::to(port);
        let store = Arc::new(open_on_a_pool(&wire.url(&url)).await);
        Some(Handles::one(store).with_outage(move |away| {
            if away {
                wire.refuse();
            } else {
                wire.mend();
            }
            // A connection that failed is not tried again for a moment.
            tokio::time::sleep(Duration::from_millis(150))
        }))
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(behind_a_wire);
}

#[tokio::test]
async fn a_store_on_the_users_own_pool_hears_what_others_change() {
    let Some((direct, server, database)) = place().await else { return };
    let store = open_on_a_pool(&server.url(&database)).await;
    assert!(store.capabilities().changes);
    let mut news = store.changes().expect("it has news");
    assert_eq!(next(&mut news).await, Some(Change::Hole));
    let known = record();
    create(&store, &known).await;
    let over = ended(&known);
    let saved = direct.save(&over, Expected::Version(known.version), &[]).await.expect("the store is there");
    assert_eq!(saved, Outcome::Applied);
    assert_eq!(next(&mut news).await, Some(Change::Session { realm: known.realm.clone(), id: known.id }));
    assert_eq!(load(&store, &known).await, Some(over));
}

#[tokio::test]
async fn a_store_on_the_users_own_pool_is_back_soon_after_its_server() {
    // What was acknowledged before it dies is to be there afterwards.
    let Some(server) = Server::own(&[]) else { return };
    let url = server.url(&server.database());
    let store = open_on_a_pool(&url).await;
    let (kept, gone) = (record(), record());
    create(&store, &kept).await;
    // So that the pool has several connections to lose.
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (store, kept) = (store.clone(), kept.clone());
            tokio::spawn(async move { load(&store, &kept).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("no panic").as_ref(), Some(&kept));
    }
    server.kill();
    let error = store.save(&gone, Expected::Absent, &[]).await.expect_err("the server is away");
    assert!(error.is_unavailable(), "{error}");
    server.start();
    let back = Instant::now();
    while let Err(error) = store.load(&kept.realm, &kept.id).await {
        assert!(error.is_unavailable() && back.elapsed() < Duration::from_secs(2), "{error}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let next = changed(&kept, "[1]");
    let saved = store.save(&next, Expected::Version(kept.version), &[]).await.expect("the store is there");
    assert_eq!(saved, Outcome::Applied);
    assert_eq!(load(&open(&url).await, &kept).await, Some(next));
}

async fn next(stream: &mut ChangeStream) -> Option<Change> {
    let next = std::future::poll_fn(|context| futures_core::Stream::poll_next(Pin::as_mut(stream), context));
    tokio::time::timeout(Duration::from_secs(10), next).await.expect("news within ten seconds")
}
