//! A load whose every acknowledgement is written down, and what a store must hold after it, however it was stopped.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use hallpass::{
    EventKind, EventQuery, Expected, Outcome, PageLimit, Query, Record, SessionId, Store, StoreError, Timestamp,
    Version,
};
use hallpass_sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::support::{START, ended, event_of, record_of, subject};

/// The version at which a session of the load ends; its touch comes before its last change but one.
const LAST: u64 = 5;
const TOUCHED: u64 = 3;

/// Lives `each` sessions one after the other in each of `tasks` at once, until done or until the store fails.
pub(crate) async fn run(store: &SqliteStore, acks: &Path, tasks: usize, each: usize) -> Result<(), StoreError> {
    let mut clients = JoinSet::new();
    for _ in 0..tasks {
        let (store, mut acks) = (store.clone(), Acks::open(acks));
        clients.spawn(async move {
            for _ in 0..each {
                live(&store, &mut acks).await?;
            }
            Ok(())
        });
    }
    clients.join_all().await.into_iter().collect()
}

/// One session's life; every second one is left open.
async fn live(store: &SqliteStore, acks: &mut Acks) -> Result<(), StoreError> {
    let id = SessionId::random();
    let stops_at = if id.as_bytes()[0].is_multiple_of(2) { LAST } else { LAST - 1 };
    for version in 1..=stops_at {
        let record = expected(id, version);
        let before = if version == 1 { Expected::Absent } else { Expected::Version(Version::new(version - 1)) };
        let event = event_of(&record, EventKind::Renewed, &version.to_string());
        assert_eq!(store.save(&record, before, &[event]).await?, Outcome::Applied);
        acks.write(id, version, record.expires_at);
        if version == TOUCHED {
            let later = touched_at(&record);
            assert_eq!(store.touch(&record.realm, &id, record.version, later, later).await?, Outcome::Applied);
            acks.write(id, version, later);
        }
    }
    Ok(())
}

fn touched_at(record: &Record) -> Timestamp {
    record.expires_at.plus(std::time::Duration::from_mins(1))
}

/// The record of this session at this version, in which everything follows from the two.
fn expected(id: SessionId, version: u64) -> Record {
    let mut record = record_of(id);
    // The chain is drawn at random, and so nothing that could be expected.
    record.chain = None;
    record.subject = Some(subject(&format!("user-{}", id.as_bytes()[1] % 16)));
    record.version = Version::new(version);
    record.expires_at = START.plus(std::time::Duration::from_secs(version));
    if version == LAST {
        record.version = Version::new(version - 1);
        return with_chain(ended(&record));
    }
    // Some fit their page, others go on to several more.
    let length = usize::from(id.as_bytes()[2]) * usize::from(id.as_bytes()[3] % 16) + 1;
    let mut data = format!("{{\"version\":{version},\"fill\":\"");
    while data.len() < length {
        let _ = write!(data, "{id}{version}");
    }
    data.push_str("\"}");
    record.data = data.into();
    with_chain(record)
}

/// A living record has a chain; this one is the same for all.
fn with_chain(mut record: Record) -> Record {
    if record.ended.is_none() {
        let mut chain = record_of(record.id).chain.expect("new records have one");
        chain.nonce = hallpass::ChainNonce::from_bytes(*record.id.as_bytes());
        chain.hash = hallpass::SecretHash::from_bytes([record.id.as_bytes()[0]; 32]);
        record.chain = Some(chain);
    }
    record
}

/// The file of acknowledgements: one line each, in one write.
struct Acks(File);

impl Acks {
    fn open(path: &Path) -> Self {
        Self(OpenOptions::new().append(true).create(true).open(path).expect("the acks can be written"))
    }

    fn write(&mut self, id: SessionId, version: u64, expires_at: Timestamp) {
        let line = format!("{id} {version} {}\n", expires_at.as_millis());
        self.0.write_all(line.as_bytes()).expect("the acks can be written");
    }
}

/// What was acknowledged of a session: its version, and until when it was touched.
pub(crate) type Acked = HashMap<SessionId, (u64, u64)>;

/// Takes in a line of the file of acknowledgements; one that was cut off says nothing.
pub(crate) fn take_in(acked: &mut Acked, line: &str) {
    let Some(line) = line.strip_suffix('\n') else { return };
    let mut words = line.split(' ');
    let mut next = || words.next().expect("three words");
    let id: SessionId = next().parse().expect("an id");
    let version = next().parse().expect("a version");
    let expires_at = next().parse().expect("an instant");
    acked.insert(id, (version, expires_at));
}

/// Returns what is lost or torn in the store; nothing if it holds what was acknowledged, and each change whole.
pub(crate) async fn damage(store: &SqliteStore, acked: &Acked) -> Result<Vec<String>, StoreError> {
    let found = all_records(store).await?;
    let told = all_events(store).await?;
    let mut damage = Vec::new();
    for (id, (version, expires_at)) in acked {
        match found.get(id) {
            None => damage.push(format!("{id} is lost at version {version}")),
            Some(record) if record.version.number() < *version => {
                damage.push(format!("{id} fell from version {version} to {}", record.version.number()));
            }
            Some(record) if record.version.number() == *version && record.expires_at.as_millis() < *expires_at => {
                damage.push(format!("{id} lost its touch"));
            }
            Some(_) => {}
        }
    }
    for (id, record) in &found {
        let version = record.version.number();
        let mut whole = expected(*id, version);
        match version.cmp(&TOUCHED) {
            Ordering::Less => {}
            Ordering::Equal => (whole.seen_at, whole.expires_at) = (record.seen_at, record.expires_at),
            // No save undoes the touch.
            Ordering::Greater => whole.seen_at = touched_at(&expected(*id, TOUCHED)),
        }
        if *record != whole {
            damage.push(format!("{id} is not what version {version} was"));
        }
        if told.get(id).copied() != Some(version) {
            damage.push(format!("{id} has other events than its {version} changes"));
        }
    }
    let strays = told.keys().filter(|id| !found.contains_key(id));
    damage.extend(strays.map(|id| format!("{id} has events and no record")));
    Ok(damage)
}

async fn all_records(store: &SqliteStore) -> Result<HashMap<SessionId, Record>, StoreError> {
    let mut query = Query::default();
    query.limit = PageLimit::MOST;
    let mut found = HashMap::new();
    loop {
        let page = store.list(&query).await?;
        found.extend(page.items.into_iter().map(|record| (record.id, record)));
        query.after = page.next;
        if query.after.is_none() {
            return Ok(found);
        }
    }
}

/// Returns how many events each session has; far too many if they are not those of its versions, in order.
async fn all_events(store: &SqliteStore) -> Result<HashMap<SessionId, u64>, StoreError> {
    let mut query = EventQuery::default();
    query.limit = PageLimit::MOST;
    let mut told: HashMap<SessionId, u64> = HashMap::new();
    loop {
        let page = store.events(&query).await?;
        for event in &page.items {
            let count = told.entry(event.session.expect("a session")).or_default();
            *count = count.saturating_add(1);
            if event.note.as_ref().map(hallpass::Note::as_str) != Some(count.to_string().as_str()) {
                *count = u64::MAX;
            }
        }
        query.after = page.items.last().map(|event| event.id);
        if page.next.is_none() {
            return Ok(told);
        }
    }
}
