//! The store and its server, and a second way to the table.

use std::collections::HashMap;
use std::time::Duration;

use hallpass::{Event, EventKind, Note, Record};
use hallpass_dynamodb::DynamoDbStore;
use hallpass_dynamodb::aws_sdk_dynamodb::Client;
use hallpass_dynamodb::aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use hallpass_dynamodb::aws_sdk_dynamodb::types::AttributeValue;
use rig::DynamoDb;

pub(crate) use crate::records::*;

/// How often a race is run: each round is a few transactions of some ten milliseconds.
pub(crate) const ROUNDS: usize = 600;

/// How long a store waits for a server that hangs; this one takes its time when the machine is busy.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) const SCHEME: &str = "dynamodb";

/// What is said of a server that is silent.
pub(crate) const SILENT: &str = "no answer within 1s";

/// Whether a write that got no answer may be done after the next question was answered.
pub(crate) const WRITES_COME_LATE: bool = true;

/// The table that a test has on a server of its own.
pub(crate) const TABLE: &str = "sessions";

/// A server of one test's own, which stores name by its address alone.
pub(crate) struct Alone(pub(crate) DynamoDb);

impl Alone {
    pub(crate) fn url(&self) -> String {
        format!("{SCHEME}://127.0.0.1:{}", self.0.port())
    }
}

impl std::ops::Deref for Alone {
    type Target = DynamoDb;

    fn deref(&self) -> &DynamoDb {
        &self.0
    }
}

pub(crate) fn start() -> Option<Alone> {
    rig::dynamodb().map(Alone)
}

/// Connects to a store by its URL, or to the usual table of a server by the server's address.
pub(crate) async fn connect(url: &str) -> DynamoDbStore {
    let open = async |url: &str| DynamoDbStore::from_url(url).await.expect("the server is there");
    let Some(rest) = url.strip_prefix("dynamodb://127.0.0.1:") else { return open(url).await };
    let (port, options) = rest.split_once('?').unwrap_or((rest, ""));
    let whole = format!("dynamodb://test:secret@eu-west-1/{TABLE}?endpoint=http://127.0.0.1:{port}&create=true");
    // A server that was just started takes seconds for its first of each kind of question.
    let patient = open(&format!("{whole}&timeout_ms=30000")).await;
    let first = record();
    create(&patient, &first).await;
    update(&patient, &first, &ended(&first)).await;
    assert!(load(&patient, &first).await.is_some());
    open(&format!("{whole}&timeout_ms=20000&{options}")).await
}

/// The server asked without the store.
pub(crate) fn bare(server: &DynamoDb) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "secret", None, None, "test"))
        .endpoint_url(server.endpoint());
    Client::from_conf(config.build())
}

/// The key of an item, in words.
pub(crate) fn key(partition: &str, sort: &str) -> HashMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))])
}

pub(crate) fn key_of(record: &Record) -> HashMap<String, AttributeValue> {
    key(&format!("session/{}/{}", record.realm, record.id), "record")
}

pub(crate) fn event_of(record: &Record, kind: EventKind, note: &str) -> Event {
    let mut event = Event::new(kind, record.realm.clone(), now());
    event.session = Some(record.id);
    event.subject.clone_from(&record.subject);
    event.note = Some(Note::new(note).expect("a note"));
    event
}
