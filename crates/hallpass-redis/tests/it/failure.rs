//! Bad days: what is acknowledged stays, an outage is an error in time, and the service comes back by itself.

use std::time::Duration;

use hallpass::{Expected, Outcome, Query, Realm, Store};

use crate::skew::assert_a_wrong_clock_ends_nobody;
use crate::support::{bare, changed, connect, create, ended, keys, load, now, record, record_by, subject, update};

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_write() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let mut other = bare(&server.url()).await;
    let mut present = record();
    create(&store, &present).await;
    for _ in 0..5 {
        let killed: i64 = redis_cmd(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"], &mut other).await;
        assert!(killed > 0);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let next = changed(&present, "{}");
        update(&store, &present, &next).await;
        present = next;
    }
}

async fn redis_cmd<T: hallpass_redis::redis::FromRedisValue>(
    words: &[&str],
    connection: &mut hallpass_redis::redis::aio::MultiplexedConnection,
) -> T {
    let mut command = hallpass_redis::redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(connection).await.expect("the server answers")
}

#[tokio::test]
async fn a_full_server_refuses_new_sessions_and_keeps_the_old() {
    let Some(server) = rig::redis(&["maxmemory 4mb", "maxmemory-policy noeviction"]) else { return };
    let store = connect(&server.url()).await;
    let alice = subject("alice");
    let mut kept = Vec::new();
    let refused = loop {
        let mut record = record_by(&alice);
        record.data = format!("{{\"fill\":\"{}\"}}", "x".repeat(20_000)).into();
        match store.save(&record, Expected::Absent, &[]).await {
            Ok(outcome) => assert_eq!(outcome, Outcome::Applied),
            Err(error) => break (record, error),
        }
        kept.push(record);
        assert!(kept.len() < 1000, "the server never fills up");
    };
    assert!(refused.1.is_unavailable() && refused.1.to_string().contains("OOM"), "{}", refused.1);
    assert_eq!(load(&store, &refused.0).await, None, "what was refused is not there");
    assert!(kept.len() > 10);
    for record in &kept {
        assert_eq!(load(&store, record).await.as_ref(), Some(record), "what was acknowledged is there");
    }
    let listed = store.list(&Query::of_subject(Realm::default(), alice)).await.expect("the store is there");
    assert_eq!(listed.items.len(), kept.len().min(100));
}

#[tokio::test]
async fn a_server_that_evicts_is_not_durable_and_says_why() {
    let settings = ["maxmemory 50mb", "maxmemory-policy volatile-lru", "appendonly yes", "appendfsync always"];
    let Some(server) = rig::redis(&settings) else { return };
    let store = connect(&server.url()).await;
    assert!(!store.capabilities().durable);
    let facts = store.server_facts();
    assert!(facts.evicts() && facts.dangers()[0].found.contains("maxmemory-policy is volatile-lru"), "{facts:?}");
    server.ask(&["config", "set", "maxmemory-policy", "noeviction"]);
    assert!(connect(&server.url()).await.capabilities().durable);
}

#[tokio::test]
async fn a_server_that_syncs_now_and_then_is_not_durable() {
    for (settings, part) in [
        (vec!["appendonly yes", "appendfsync everysec"], "appendfsync is everysec"),
        (vec!["appendonly no"], "appendonly is no"),
    ] {
        let Some(server) = rig::redis(&settings) else { return };
        let store = connect(&server.url()).await;
        assert!(!store.capabilities().durable);
        assert!(store.server_facts().dangers()[0].found.contains(part));
    }
}

#[tokio::test]
async fn something_else_under_a_records_key_is_corrupt_and_stays() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let record = record();
    let [key, _] = keys(&record);
    for (words, read) in [(vec!["SET", &key, "nonsense"], "GET"), (vec!["HSET", &key, "a", "b"], "HGETALL")] {
        server.ask(&["DEL", &key]);
        server.ask(&words);
        let before = server.ask(&[read, &key]);
        let error = store.load(&record.realm, &record.id).await.expect_err("no record");
        assert!(error.is_corrupt(), "{error}");
        assert!(!error.to_string().contains("nonsense"), "what is stored is not shown: {error}");
        let _ = store.save(&record, Expected::Version(record.version), &[]).await;
        let _ = store.touch(&record.realm, &record.id, record.version, now(), now()).await;
        assert_eq!(server.ask(&[read, &key]), before);
    }
}

#[tokio::test]
async fn a_server_without_the_scripts_is_given_them_again() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let record = record();
    create(&store, &record).await;
    server.ask(&["script", "flush"]);
    let next = ended(&record);
    update(&store, &record, &next).await;
    assert_eq!(load(&store, &record).await, Some(next));
}

#[tokio::test]
async fn a_replica_is_not_written_to() {
    let Some(primary) = rig::redis(&[]) else { return };
    let Some(replica) = rig::redis(&[&format!("replicaof 127.0.0.1 {}", primary.port())]) else { return };
    let error = hallpass_redis::RedisStore::from_url(&replica.url()).await.expect_err("a replica takes no writes");
    assert!(error.to_string().contains("replica"), "{error}");
}

#[tokio::test]
async fn a_node_whose_clock_is_90_seconds_wrong_ends_nobodys_session() {
    let Some(server) = rig::redis(&[]) else { return };
    assert_a_wrong_clock_ends_nobody(connect(&server.url()).await, connect(&server.url()).await).await;
}
