//! Tests that cannot fail prove nothing: stores that are broken on purpose fail them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::testing::conformance::{CASES, Handles};
use hallpass::{
    Capabilities, ChangeStream, Epoch, Event, EventQuery, Expected, Outcome, Page, Query, Realm, Record, SessionId,
    Store, StoreError, Subject, Timestamp, Version,
};
use hallpass_redis::redis::aio::MultiplexedConnection;
use hallpass_redis::{RedisStore, redis};

use crate::support::{bare, connect};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// A save that finds a conflict writes all the same.
    Upserts,
    /// The index is written after the record, by one who dies between the two.
    IndexesLast,
    /// An entry of an index without a record is taken out by whoever meets it.
    RepairsAtOnce,
    /// Compares the version in one step, and writes in the next.
    ComparesFirst,
    /// A tombstone is removed at once, and its id is free.
    KeepsNoTombstone,
}

struct Broken {
    store: RedisStore,
    bare: MultiplexedConnection,
    flaw: Flaw,
}

impl std::fmt::Debug for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.flaw)
    }
}

impl Broken {
    async fn remove(&self, record: &Record) {
        let key = format!("hallpass:session:{{{}/{}}}", record.realm, record.id);
        let mut bare = self.bare.clone();
        let _: i64 = redis::cmd("DEL").arg(key).query_async(&mut bare).await.expect("the server is there");
    }

    async fn unfile(&self, record: &Record) {
        let Some(subject) = &record.subject else { return };
        let key = format!("hallpass:subject:{{{}/{subject}}}", record.realm);
        let member = [&record.created_at.as_millis().to_be_bytes()[..], record.id.as_bytes()].concat();
        let mut bare = self.bare.clone();
        let _: i64 = redis::cmd("ZREM").arg(key).arg(member).query_async(&mut bare).await.expect("the server is there");
    }
}

#[async_trait]
impl Store for Broken {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.store.load(realm, id).await
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        if self.flaw == Flaw::ComparesFirst {
            let stored = self.store.load(&record.realm, &record.id).await?;
            let is_as_expected = match (&stored, expected) {
                (None, Expected::Absent) => true,
                (Some(stored), Expected::Version(version)) => stored.version == version && stored.ended.is_none(),
                _ => false,
            };
            if !is_as_expected {
                return Ok(Outcome::Conflict);
            }
            tokio::task::yield_now().await;
            self.remove(record).await;
            return self.store.save(record, Expected::Absent, events).await;
        }
        let mut outcome = self.store.save(record, expected, events).await?;
        match self.flaw {
            Flaw::Upserts if outcome == Outcome::Conflict => {
                self.remove(record).await;
                outcome = self.store.save(record, Expected::Absent, events).await?;
            }
            Flaw::IndexesLast if expected == Expected::Absent => self.unfile(record).await,
            Flaw::KeepsNoTombstone if record.ended.is_some() => self.remove(record).await,
            _ => {}
        }
        Ok(outcome)
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.store.touch(realm, id, version, seen_at, expires_at).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        let page = self.store.list(query).await?;
        if let (Flaw::RepairsAtOnce, Some(subject)) = (self.flaw, &query.subject) {
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

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.store.events(query).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.store.epoch(realm, subject, raise).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.store.sweep(now, limit).await
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.store.changes()
    }
}

async fn broken(url: &str, flaw: Flaw) -> Arc<dyn Store> {
    Arc::new(Broken { store: connect(url).await, bare: bare(url).await, flaw })
}

/// Returns what of the contract a store with this flaw does not keep.
async fn caught(url: &str, flaw: Flaw, names: &[&str]) -> Vec<&'static str> {
    let mut caught = Vec::new();
    for case in CASES.iter().filter(|case| names.contains(&case.name())) {
        let handles = Handles::two(broken(url, flaw).await, broken(url, flaw).await).expiring_by_itself();
        if let Err(failure) = case.check(handles).await {
            caught.push(failure.case);
        }
    }
    caught
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_is_broken_on_purpose_is_caught() {
    let Some(server) = rig::redis(&[]) else { return };
    for (flaw, names) in [
        (Flaw::Upserts, vec!["a_save_never_brings_an_ended_session_back", "fifty_increments_at_once_end_at_fifty"]),
        (Flaw::IndexesLast, vec!["a_revocation_of_all_misses_no_session"]),
        (Flaw::ComparesFirst, vec!["an_end_holds_against_writers_in_flight", "fifty_increments_at_once_end_at_fifty"]),
        (
            Flaw::KeepsNoTombstone,
            vec!["a_save_that_expects_nothing_gives_way_to_a_tombstone", "an_ended_session_stays_listed"],
        ),
    ] {
        let caught = caught(&server.url(), flaw, &names).await;
        assert!(!caught.is_empty(), "{flaw:?} is not caught by {names:?}");
    }
}

/// The order of the store's own steps, with the record late by one listing.
#[tokio::test]
async fn an_index_that_is_repaired_at_once_misses_a_session_and_ours_does_not() {
    let Some(server) = rig::redis(&[]) else { return };
    let url = server.url();
    for (flaw, misses) in [(Some(Flaw::RepairsAtOnce), true), (None, false)] {
        let store: Arc<dyn Store> = match flaw {
            Some(flaw) => broken(&url, flaw).await,
            None => Arc::new(connect(&url).await),
        };
        let whose = crate::support::subject(&format!("alice {misses}"));
        let record = crate::support::record_by(&whose);
        assert_eq!(store.save(&record, Expected::Absent, &[]).await.expect("it is there"), Outcome::Applied);
        // Filed, and its record still under way.
        let key = format!("hallpass:session:{{default/{}}}", record.id);
        let dump = format!("{key}:held");
        server.ask(&["rename", &key, &dump]);
        let query = Query::of_subject(Realm::default(), whose);
        assert_eq!(store.list(&query).await.expect("it is there").items, []);
        store.sweep(crate::support::now(), NonZeroUsize::MIN).await.expect("it is there");
        server.ask(&["rename", &dump, &key]);
        assert_eq!(store.list(&query).await.expect("it is there").items.is_empty(), misses, "{flaw:?}");
    }
}
