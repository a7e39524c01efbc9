//! Tests that cannot fail prove nothing: stores that are broken on purpose fail them.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use hallpass::{Expected, Page, Query, Realm, Record, SessionId, Store, StoreError};
use hallpass_redis::redis::aio::MultiplexedConnection;
use hallpass_redis::{RedisStore, redis};

use crate::breakage::{Broken, Flaw, Victim, assert_caught};
use crate::support::{bare, connect, create, keys, now, record_by, subject};

/// What only a store with indices can get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// The index is written after the record, by one who dies between the two.
    IndexesLast,
    /// An entry of an index without a record is taken out by whoever meets it.
    RepairsAtOnce,
}

struct Indexed {
    store: RedisStore,
    bare: MultiplexedConnection,
    mistake: Option<Mistake>,
}

impl std::fmt::Debug for Indexed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.mistake)
    }
}

async fn victim(url: &str, mistake: Option<Mistake>) -> Indexed {
    Indexed { store: connect(url).await, bare: bare(url).await, mistake }
}

#[async_trait]
impl Victim for Indexed {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn remove(&self, record: &Record) {
        let [key, _] = keys(record);
        let mut bare = self.bare.clone();
        let _: i64 = redis::cmd("DEL").arg(key).query_async(&mut bare).await.expect("the server is there");
    }

    async fn saved(&self, record: &Record, expected: Expected) {
        if self.mistake != Some(Mistake::IndexesLast) || expected != Expected::Absent {
            return;
        }
        let Some(subject) = &record.subject else { return };
        let key = format!("hallpass:subject:{{{}/{subject}}}", record.realm);
        let member = [&record.created_at.as_millis().to_be_bytes()[..], record.id.as_bytes()].concat();
        let mut bare = self.bare.clone();
        let _: i64 = redis::cmd("ZREM").arg(key).arg(member).query_async(&mut bare).await.expect("the server is there");
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        let page = self.store.list(query).await?;
        if let (Some(Mistake::RepairsAtOnce), Some(subject)) = (self.mistake, &query.subject) {
            // What is not listed has no record yet: away with its entry.
            let realm = query.realm.clone().unwrap_or_default();
            let key = format!("hallpass:subject:{{{realm}/{subject}}}");
            let mut bare = self.bare.clone();
            let members: Vec<Vec<u8>> =
                redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).query_async(&mut bare).await.expect("it answers");
            for member in members {
                let id = SessionId::from_bytes(member[8..24].try_into().expect("16 bytes"));
                if self.store.load(&realm, &id).await?.is_none() {
                    let _: i64 =
                        redis::cmd("ZREM").arg(&key).arg(member).query_async(&mut bare).await.expect("it answers");
                }
            }
        }
        Ok(page)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_is_broken_on_purpose_is_caught() {
    let Some(server) = rig::redis(&[]) else { return };
    let url = server.url();
    for (flaw, names) in [
        (Flaw::Upserts, ["a_save_never_brings_an_ended_session_back", "fifty_increments_at_once_end_at_fifty"]),
        (Flaw::ComparesFirst, ["an_end_holds_against_writers_in_flight", "fifty_increments_at_once_end_at_fifty"]),
        (
            Flaw::KeepsNoTombstone,
            ["a_save_that_expects_nothing_gives_way_to_a_tombstone", "an_ended_session_stays_listed"],
        ),
    ] {
        assert_caught(Some(flaw), &names, async || victim(&url, None).await).await;
    }
    let names = ["a_revocation_of_all_misses_no_session"];
    assert_caught(None, &names, async || victim(&url, Some(Mistake::IndexesLast)).await).await;
}

/// The order of the store's own steps, with the record late by one listing.
#[tokio::test]
async fn an_index_that_is_repaired_at_once_misses_a_session_and_ours_does_not() {
    let Some(server) = rig::redis(&[]) else { return };
    let url = server.url();
    for (mistake, misses) in [(Some(Mistake::RepairsAtOnce), true), (None, false)] {
        let store = Broken { victim: victim(&url, mistake).await, flaw: None };
        let whose = subject(&format!("alice {misses}"));
        let record = record_by(&whose);
        create(&store, &record).await;
        // Filed, and its record still under way.
        let [key, _] = keys(&record);
        let dump = format!("{key}:held");
        server.ask(&["rename", &key, &dump]);
        let query = Query::of_subject(Realm::default(), whose);
        assert_eq!(store.list(&query).await.expect("it is there").items, []);
        store.sweep(now(), NonZeroUsize::MIN).await.expect("it is there");
        server.ask(&["rename", &dump, &key]);
        assert_eq!(store.list(&query).await.expect("it is there").items.is_empty(), misses, "{mistake:?}");
    }
}
