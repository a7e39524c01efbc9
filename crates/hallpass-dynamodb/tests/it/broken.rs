//! Tests that cannot fail prove nothing: stores that are broken on purpose fail them.

use async_trait::async_trait;
use hallpass::{Expected, Record, Store};
use hallpass_dynamodb::DynamoDbStore;
use hallpass_dynamodb::aws_sdk_dynamodb::Client;

use crate::breakage::{Flaw, Victim, assert_caught};
use crate::support::{bare, connect, key, key_of};

/// A store, its table, and whether the entries of the index are written by one who dies before.
struct Indexed {
    store: DynamoDbStore,
    bare: Client,
    table: String,
    misses_entries: bool,
}

impl std::fmt::Debug for Indexed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "misses entries: {}", self.misses_entries)
    }
}

#[async_trait]
impl Victim for Indexed {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn remove(&self, record: &Record) {
        let ask = self.bare.delete_item().table_name(&self.table).set_key(Some(key_of(record)));
        ask.send().await.expect("the server is there");
    }

    async fn saved(&self, record: &Record, expected: Expected) {
        let Some(subject) = record.subject.as_ref().filter(|_| self.misses_entries && expected == Expected::Absent)
        else {
            return;
        };
        let id = record.id.as_bytes().map(|byte| format!("{byte:02x}")).concat();
        let entry = format!("{:015}/{id}", record.created_at.as_millis());
        let key = key(&format!("subject/{}/{subject}", record.realm), &entry);
        let ask = self.bare.delete_item().table_name(&self.table).set_key(Some(key));
        let ask = ask.return_values(hallpass_dynamodb::aws_sdk_dynamodb::types::ReturnValue::AllOld);
        let removed = ask.send().await.expect("the server is there");
        assert!(removed.attributes.is_some(), "the entry was there");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_is_broken_on_purpose_is_caught() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let table = "broken-on-purpose";
    let victim = async |misses_entries| Indexed {
        store: connect(&server.url(table)).await,
        bare: bare(server),
        table: table.to_owned(),
        misses_entries,
    };
    for (flaw, names) in [
        (Flaw::Upserts, ["a_save_never_brings_an_ended_session_back", "fifty_increments_at_once_end_at_fifty"]),
        (Flaw::ComparesFirst, ["an_end_holds_against_writers_in_flight", "fifty_increments_at_once_end_at_fifty"]),
        (
            Flaw::KeepsNoTombstone,
            ["a_save_that_expects_nothing_gives_way_to_a_tombstone", "an_ended_session_stays_listed"],
        ),
    ] {
        assert_caught(Some(flaw), &names, async || victim(false).await).await;
    }
    let names = ["a_revocation_of_all_misses_no_session"];
    assert_caught(None, &names, async || victim(true).await).await;
}
