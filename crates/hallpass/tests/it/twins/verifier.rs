use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{
    Caller, Carried, Change, Clock as _, Jwt, PageLimit, Query, Realm, Record, SelfContained as _, Sessions, Store,
    StoreError, Timestamp,
};
use parking_lot::Mutex;
use serde_json::Value;

use crate::broken::PlainStore;

/// What a verifier can do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// An entry is given up when half of its time is over.
    ForgetsEarly,
    /// A token is ended if it was made before the revocation was, by their clocks.
    ComparesClocks,
    /// Any entry of a session ends all of its tokens.
    IgnoresGenerations,
    /// Only sessions are looked for.
    IgnoresSubjects,
    /// A subject is the same in every realm.
    IgnoresRealms,
    /// What stood in the store before it began is not read.
    BeginsEmpty,
    /// What is remembered is believed, whatever was missed.
    IgnoresHoles,
    /// What is remembered is good enough for whoever wants to know exactly.
    IgnoresStaleness,
    /// While the store is away, every token is good.
    LetsInWhenAway,
    /// While the store is away, no token is good.
    LogsOutWhenAway,
}

impl Flaw {
    /// Tells whether the flaw is in what is remembered; the others ask each time.
    fn remembers(self) -> bool {
        matches!(self, Self::BeginsEmpty | Self::IgnoresHoles | Self::IgnoresStaleness)
    }
}

/// Whoever judges access tokens: an error is that nobody can say.
#[async_trait]
pub(super) trait Verifier {
    async fn judge(&self, token: &str, staleness: Option<Duration>) -> Result<bool, StoreError>;
}

#[async_trait]
impl Verifier for Sessions {
    async fn judge(&self, token: &str, staleness: Option<Duration>) -> Result<bool, StoreError> {
        match self.verify_access(token, staleness, &Caller::user()).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_inactive() => Ok(false),
            Err(error) if error.is_unavailable() => Err(StoreError::unavailable(error)),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A verifier that is right because it is plain, but for its flaw: it reads all entries for each token.
pub(super) struct Twin {
    flaw: Option<Flaw>,
    store: FaultyStore<PlainStore>,
    jwt: Jwt,
    clock: ManualClock,
    remembered: Arc<Mutex<Vec<Entry>>>,
}

/// A revocation as it stands in the store.
#[derive(Debug, Clone)]
struct Entry {
    realm: String,
    session: Option<String>,
    subject: Option<String>,
    lowest: u64,
    written_at: Timestamp,
    made_at: Timestamp,
    until: Timestamp,
}

impl Entry {
    fn of(record: &Record) -> Self {
        let value: Value = serde_json::from_slice(&record.data).expect("JSON");
        let name = |kind: &str| value["of"][kind].as_str().map(str::to_owned);
        Self {
            realm: value["realm"].as_str().expect("a realm").to_owned(),
            session: name("session"),
            subject: name("subject"),
            lowest: value["lowest"].as_u64().expect("a number"),
            written_at: record.seen_at,
            made_at: record.created_at,
            until: record.expires_at,
        }
    }
}

impl Twin {
    pub(super) async fn new(flaw: Option<Flaw>, store: FaultyStore<PlainStore>, jwt: Jwt, clock: ManualClock) -> Self {
        let remembered = Arc::new(Mutex::new(Vec::new()));
        let mut changes = store.changes().expect("it tells");
        let (heard, from) = (Arc::clone(&remembered), store.clone());
        let begins_empty = flaw == Some(Flaw::BeginsEmpty);
        if !begins_empty {
            *remembered.lock() = entries(&store).await.expect("it answers");
        }
        tokio::spawn(async move {
            while let Some(change) = changes.next().await {
                match change {
                    Change::Session { realm, id } if realm.as_str() == "hallpass-revoked" => {
                        if let Ok(Some(record)) = from.load(&realm, &id).await {
                            heard.lock().push(Entry::of(&record));
                        }
                    }
                    _ => {}
                }
            }
        });
        Self { flaw, store, jwt, clock, remembered }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn ends(&self, entry: &Entry, carried: &Carried) -> bool {
        let Carried { record, epoch, issued_at, .. } = carried;
        if entry.realm != record.realm.as_str() && !(self.is(Flaw::IgnoresRealms) && entry.subject.is_some()) {
            return false;
        }
        let half = entry.made_at.plus(entry.until.since(entry.made_at) / 2);
        if self.is(Flaw::ForgetsEarly) && self.clock.now() >= half {
            return false;
        }
        let (is_named, number) = match (&entry.session, &entry.subject) {
            (Some(id), _) => (*id == record.id.to_string(), u64::from(carried.generation().number())),
            (_, Some(subject)) if !self.is(Flaw::IgnoresSubjects) => {
                (record.subject.as_ref().is_some_and(|own| own.as_str() == subject), epoch.0)
            }
            _ => (false, 0),
        };
        if self.is(Flaw::ComparesClocks) {
            return is_named && *issued_at <= entry.written_at;
        }
        is_named && (number < entry.lowest || self.is(Flaw::IgnoresGenerations))
    }
}

#[async_trait]
impl Verifier for Twin {
    async fn judge(&self, token: &str, staleness: Option<Duration>) -> Result<bool, StoreError> {
        let Ok(carried) = self.jwt.open(token.as_bytes(), self.clock.now()) else { return Ok(false) };
        let is_exact = staleness.is_some_and(|staleness| staleness.is_zero()) && !self.is(Flaw::IgnoresStaleness);
        let known = match self.flaw {
            Some(flaw) if flaw.remembers() && !is_exact => self.remembered.lock().clone(),
            _ => match entries(&self.store).await {
                Err(_) if self.is(Flaw::LetsInWhenAway) => return Ok(true),
                Err(_) if self.is(Flaw::LogsOutWhenAway) => return Ok(false),
                read => read?,
            },
        };
        Ok(!known.iter().any(|entry| self.ends(entry, &carried)))
    }
}

/// Reads all that is revoked.
async fn entries(store: &FaultyStore<PlainStore>) -> Result<Vec<Entry>, StoreError> {
    let mut query = Query::default();
    query.realm = Some(Realm::new("hallpass-revoked").expect("a realm"));
    query.limit = PageLimit::MOST;
    let mut entries = Vec::new();
    loop {
        let page = store.list(&query).await?;
        entries.extend(page.items.iter().map(Entry::of));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(entries),
        }
    }
}
