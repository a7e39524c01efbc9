//! News of changes: it survives what happens to the server, and says when it may have missed something.

use std::time::Duration;

use futures_util::StreamExt as _;
use hallpass::{Change, ChangeStream, Expected, Record, Store};
use hallpass_redis::RedisStore;
use rig::Proxy;
use tokio::time::timeout;

use crate::support::{changed, connect, create, ended, record, update};

async fn next(news: &mut ChangeStream) -> Change {
    let told = timeout(Duration::from_secs(10), news.next()).await.expect("there is news in time");
    told.expect("the feed does not end")
}

/// Waits for news of this record; answers how many holes came before.
async fn hear(news: &mut ChangeStream, record: &Record) -> usize {
    let wanted = Change::Session { realm: record.realm.clone(), id: record.id };
    let mut holes = 0;
    loop {
        match next(news).await {
            change if change == wanted => return holes,
            Change::Hole => holes += 1,
            Change::Session { .. } => {}
        }
    }
}

/// Waits until the feed is whole, which a hole says that opens it.
async fn opened(store: &RedisStore) -> ChangeStream {
    let mut news = store.changes().expect("this store has a feed");
    assert_eq!(next(&mut news).await, Change::Hole, "what was before is not told");
    news
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_but_a_touch_is_told_to_everybody_else() {
    let Some(server) = rig::redis(&[]) else { return };
    let (here, there) = (connect(&server.url()).await, connect(&server.url()).await);
    let (mut one, mut two) = (opened(&there).await, there.changes().expect("a feed"));
    let record = record();
    create(&here, &record).await;
    for news in [&mut one, &mut two] {
        assert_eq!(hear(news, &record).await, 0);
    }
    let later = record.expires_at.plus(Duration::from_mins(1));
    let _ = here.touch(&record.realm, &record.id, record.version, later, later).await.expect("the store");
    let stale = changed(&changed(&record, "1"), "2");
    let _ = here.save(&stale, Expected::Version(changed(&record, "1").version), &[]).await.expect("the store");
    let mark = crate::support::record();
    create(&here, &mark).await;
    let told = next(&mut one).await;
    assert_eq!(
        told,
        Change::Session { realm: mark.realm.clone(), id: mark.id },
        "neither a touch nor a conflict is news"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_and_comes_back_leaves_a_hole_and_then_news() {
    let Some(mut server) = rig::redis(&[]) else { return };
    let (here, there) = (connect(&server.url()).await, connect(&server.url()).await);
    let mut news = opened(&there).await;
    server.kill();
    assert_eq!(next(&mut news).await, Change::Hole, "the loss is told at once");
    server.start();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let record = record();
    create(&here, &record).await;
    assert!(hear(&mut news, &record).await >= 1, "what came between is told as a hole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_falls_silent_is_noticed_and_renewed() {
    let Some(server) = rig::redis(&[]) else { return };
    let proxy = Proxy::to(server.port());
    let here = connect(&server.url()).await;
    let there = connect(&format!("redis://127.0.0.1:{}", proxy.port())).await;
    let mut news = opened(&there).await;
    proxy.swallow(true);
    let silent = std::time::Instant::now();
    assert_eq!(next(&mut news).await, Change::Hole);
    assert!(silent.elapsed() < Duration::from_secs(4), "told only after {:?}", silent.elapsed());
    proxy.forget();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let record = record();
    create(&here, &record).await;
    hear(&mut news, &record).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_is_too_slow_is_told_that_it_missed_something() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let mut news = opened(&store).await;
    let present = record();
    create(&store, &present).await;
    let mut other = crate::support::bare(&server.url()).await;
    for _ in 0..20 {
        let mut pipeline = hallpass_redis::redis::pipe();
        for _ in 0..1000 {
            pipeline.publish("hallpass:changes", format!("default/{}", present.id)).ignore();
        }
        let () = pipeline.query_async(&mut other).await.expect("the server is there");
    }
    while next(&mut news).await != Change::Hole {}
    tokio::time::sleep(Duration::from_secs(3)).await;
    let last = ended(&present);
    update(&store, &present, &last).await;
    hear(&mut news, &last).await;
}

#[tokio::test]
async fn nonsense_on_the_channel_is_a_hole_and_no_news() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let mut news = opened(&store).await;
    server.ask(&["publish", "hallpass:changes", "nonsense"]);
    assert_eq!(next(&mut news).await, Change::Hole);
}

#[tokio::test]
async fn a_dropped_store_leaves_no_connection_behind() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let news = opened(&store).await;
    drop((store, news));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let clients = server.ask(&["client", "list"]);
    assert_eq!(clients.lines().count(), 1, "only the one that asks: {clients}");
}
