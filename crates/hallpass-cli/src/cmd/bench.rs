use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hallpass::{
    Caller, Error, Event, Extent, Issued, NewSession, Note, Observer, Query, Realm, Revocation, Revoked, SessionId,
    Sessions, Subject, Token,
};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::task::JoinSet;

use super::interrupt::Interrupt;
use crate::args::Bench;
use crate::backend::{builder, store};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Column, Columns, Output};

/// What every session of the load keeps: about as much as applications do.
const DATA: &[u8] = br#"{"cart":["book","pen"],"theme":"dark","locale":"en-GB","visits":1}"#;

/// The kinds of request, in the order in which they are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Create,
    Verify,
    Update,
    Renew,
    Revoke,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Create, Self::Verify, Self::Update, Self::Renew, Self::Revoke];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Verify => "verify",
            Self::Update => "update",
            Self::Renew => "renew",
            Self::Revoke => "revoke",
        }
    }
}

/// What was measured of one kind; times are milliseconds.
#[derive(Debug, Serialize)]
struct Measured {
    kind: Kind,
    done: usize,
    failed: u64,
    per_second: f64,
    median_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    most_ms: f64,
}

/// A load of many clients on one store.
struct Load {
    sessions: Sessions,
    clients: usize,
    length: Duration,
    /// The tokens that are still good, each client's for itself.
    held: Vec<Mutex<Vec<Held>>>,
    done: AtomicU64,
    failed: AtomicU64,
}

struct Held {
    id: SessionId,
    token: Arc<Token>,
}

/// Keeps nothing of what happens: the events of a load would only be in the way of those of others.
#[derive(Debug)]
struct Silence;

impl Observer for Silence {
    fn on_event(&self, _: &Event) {}
}

/// Puts a store under load, one kind of request after the other, and takes everything away again.
pub(crate) async fn run(bench: &Bench, context: &Context) -> Result<Ending, Failure> {
    if context.global.url.is_some() {
        return Err(Failure::new("the load is put on a store itself, and --url names a service")
            .hint("--store names the store; for a service use a load generator for HTTP"));
    }
    let (opened, config) = store(&context.global).await?;
    let realm = Realm::new(format!("hallpass-bench-{}", &SessionId::random().to_string()[..8]));
    let realm = realm.map_err(|error| Failure::new(error.to_string()))?;
    let sessions = builder(&opened, &config)?.realm(realm).observer(Silence).build();
    let sessions = sessions.map_err(|error| Failure::new(error.to_string()))?;
    let load = Arc::new(Load {
        sessions,
        clients: usize::from(bench.clients),
        length: Duration::from_secs(u64::from(bench.seconds)),
        held: (0..bench.clients).map(|_| Mutex::default()).collect(),
        done: AtomicU64::new(0),
        failed: AtomicU64::new(0),
    });
    let interrupt = Interrupt::listen()?;
    let mut measured = Vec::new();
    let is_whole = interrupt.or(measure(&load, &mut measured, context)).await?.is_some();
    tidy(&load, context).await?;
    write(&measured, &context.output)?;
    Ok(if is_whole && measured.iter().all(|measured| measured.failed == 0) { Ending::Done } else { Ending::Nothing })
}

async fn measure(load: &Arc<Load>, measured: &mut Vec<Measured>, context: &Context) -> Result<(), Failure> {
    for kind in Kind::ALL {
        let progress = context.output.progress(kind.as_str(), None);
        load.done.store(0, Ordering::Relaxed);
        load.failed.store(0, Ordering::Relaxed);
        let start = Instant::now();
        let mut clients = JoinSet::new();
        for client in 0..load.clients {
            clients.spawn(Arc::clone(load).client(kind, client));
        }
        let mut times = Vec::new();
        loop {
            tokio::select! {
                joined = clients.join_next() => match joined {
                    Some(joined) => times.extend(joined.unwrap_or_default()),
                    None => break,
                },
                () = tokio::time::sleep(Duration::from_millis(100)) => {
                    progress.reached(load.done.load(Ordering::Relaxed));
                }
            }
        }
        measured.push(summary(kind, times, load.failed.load(Ordering::Relaxed), start.elapsed()));
    }
    Ok(())
}

impl Load {
    /// Asks again and again until the time is over, or there is nothing left to ask about; answers how long each took.
    async fn client(self: Arc<Self>, kind: Kind, client: usize) -> Vec<Duration> {
        let (start, mut times) = (Instant::now(), Vec::new());
        let mut turn = 0;
        while start.elapsed() < self.length {
            let asked = Instant::now();
            let outcome = match kind {
                Kind::Create => self.create(client, turn).await,
                _ => match self.about_one(kind, client, turn).await {
                    Some(outcome) => outcome,
                    None => break,
                },
            };
            turn += 1;
            if outcome.is_ok() {
                times.push(asked.elapsed());
                self.done.fetch_add(1, Ordering::Relaxed);
            } else {
                self.failed.fetch_add(1, Ordering::Relaxed);
                // A store that is away is not asked as fast as it refuses.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        times
    }

    async fn create(&self, client: usize, turn: usize) -> Result<(), Error> {
        let subject = Subject::new(format!("user-{client}-{}", turn / 4));
        let mut new = subject.map_or_else(|_| NewSession::anonymous(), NewSession::signed_in);
        new.data = DATA.into();
        let issued = self.sessions.create(new, &Caller::user()).await?;
        self.held[client].lock().push(Held::from(issued));
        Ok(())
    }

    /// Asks about a session of this client; nothing if it has none.
    async fn about_one(&self, kind: Kind, client: usize, turn: usize) -> Option<Result<(), Error>> {
        let (id, token) = {
            let mut held = self.held[client].lock();
            if kind == Kind::Revoke {
                let held = held.pop()?;
                (held.id, held.token)
            } else {
                let count = held.len();
                let held = held.get(turn.checked_rem(count)?)?;
                (held.id, Arc::clone(&held.token))
            }
        };
        Some(self.ask(kind, client, turn, id, &token).await)
    }

    async fn ask(&self, kind: Kind, client: usize, turn: usize, id: SessionId, token: &Token) -> Result<(), Error> {
        let (sessions, caller) = (&self.sessions, Caller::user());
        match kind {
            Kind::Create => self.create(client, turn).await,
            Kind::Verify => sessions.verify(token.expose(), false, &caller).await.map(drop),
            Kind::Update => {
                let session = sessions.open(token.expose(), &caller).await?;
                session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
                session.commit().await
            }
            Kind::Renew => {
                let issued = sessions.renew(token.expose(), &caller).await?;
                let mut held = self.held[client].lock();
                let place = held.iter_mut().find(|held| held.id == id);
                if let Some(place) = place {
                    place.token = Arc::new(issued.token);
                }
                Ok(())
            }
            Kind::Revoke => sessions.revoke(&id, &Revocation::default()).await.map(drop),
        }
    }
}

impl From<Issued> for Held {
    fn from(issued: Issued) -> Self {
        Self { id: issued.record.id, token: Arc::new(issued.token) }
    }
}

fn summary(kind: Kind, mut times: Vec<Duration>, failed: u64, took: Duration) -> Measured {
    times.sort_unstable();
    let at = |share: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let place = (times.len() as f64 * share) as usize;
        times.get(place.min(times.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    #[allow(clippy::cast_precision_loss)]
    let per_second = times.len() as f64 / took.as_secs_f64();
    Measured {
        kind,
        done: times.len(),
        failed,
        per_second,
        median_ms: at(0.5),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        most_ms: at(1.0),
    }
}

/// Ends what the load has left.
async fn tidy(load: &Load, context: &Context) -> Result<(), Failure> {
    let progress = context.output.progress("ending what is left", None);
    if load.sessions.capabilities().list {
        let revocation = Revocation { note: Note::lossy("bench"), caller: Caller::user() };
        let (all, extent) = (Query::default(), Extent::default());
        let told = |revoked: &Revoked| progress.reached(revoked.revoked);
        let revoked = load.sessions.revoke_matching(&all, &extent, &revocation, told).await;
        revoked.map_err(|error| Failure::advising(error, "the sessions of the load end by themselves"))?;
    } else {
        for held in load.held.iter().flat_map(|held| std::mem::take(&mut *held.lock())) {
            // What is left ends by itself.
            let _ = load.sessions.revoke(&held.id, &Revocation::default()).await;
        }
    }
    drop(progress);
    Ok(())
}

fn write(measured: &[Measured], output: &Output) -> Result<(), Failure> {
    if output.json {
        return output.document(&measured);
    }
    let columns = ["REQUEST", "EACH SECOND", "MEDIAN", "95 %", "99 %", "MOST", "DONE", "FAILED"].map(Column::new);
    let millis = |time: f64| format!("{time:.2} ms");
    let rows: Vec<_> = measured
        .iter()
        .map(|measured| {
            vec![
                measured.kind.as_str().into(),
                format!("{:.0}", measured.per_second).into(),
                millis(measured.median_ms).into(),
                millis(measured.p95_ms).into(),
                millis(measured.p99_ms).into(),
                millis(measured.most_ms).into(),
                measured.done.to_string().into(),
                measured.failed.to_string().into(),
            ]
        })
        .collect();
    output.write(&Columns::new(columns, Output::width()).piece(&rows))
}
