use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallpass::{Realm, SessionId};
use mysql_async::Value as Raw;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::connections::Connections;
use crate::error::Fault;

/// How many records wait to be announced; if there are more, a hole is announced instead.
const WAITING: usize = 10_000;
const AT_ONCE: usize = 1_000;
const PAUSE: Duration = Duration::from_millis(100);

/// Tells other nodes what this one has changed: whatever has gathered at once, in one statement.
#[derive(Debug)]
pub(crate) struct Announcer {
    inbox: mpsc::Sender<(Realm, SessionId)>,
    has_lost: Arc<AtomicBool>,
}

impl Announcer {
    pub(crate) fn start(connections: Arc<Connections>) -> Self {
        let (sender, inbox) = mpsc::channel(WAITING);
        let has_lost = Arc::new(AtomicBool::new(false));
        tokio::spawn(announce(connections, inbox, Arc::clone(&has_lost)));
        Self { inbox: sender, has_lost }
    }

    pub(crate) fn tell(&self, realm: &Realm, id: &SessionId) {
        if self.inbox.try_send((realm.clone(), *id)).is_err() {
            self.has_lost.store(true, Ordering::Release);
        }
    }
}

async fn announce(
    connections: Arc<Connections>,
    mut inbox: mpsc::Receiver<(Realm, SessionId)>,
    has_lost: Arc<AtomicBool>,
) {
    let mut records = Vec::new();
    while inbox.recv_many(&mut records, AT_ONCE).await > 0 {
        let mut rows: Vec<_> = records.drain(..).map(|(realm, id)| row(realm.as_str(), &id)).collect();
        if has_lost.swap(false, Ordering::AcqRel) {
            rows = vec![hole()];
        }
        // Until the server is back, and everybody knows that news was lost; or until this store is dropped.
        while let Err(fault) = say(&connections, &rows).await {
            tracing::debug!(target: "hallpass::mysql", error = %fault, "changes could not be announced");
            rows = vec![hole()];
            if inbox.is_closed() {
                return;
            }
            sleep(PAUSE).await;
        }
    }
}

async fn say(connections: &Connections, rows: &[[Raw; 2]]) -> Result<(), Fault> {
    let places = vec!["(?, ?)"; rows.len()].join(", ");
    let values = rows.iter().flatten().cloned().collect();
    let sql = format!("INSERT INTO hallpass_changes (realm, id) VALUES {places}");
    connections.write_once(&sql, values).await
}

fn row(realm: &str, id: &SessionId) -> [Raw; 2] {
    [realm.into(), Raw::Bytes(id.as_bytes().to_vec())]
}

/// What is of no realm says that news was lost on its way.
fn hole() -> [Raw; 2] {
    row("", &SessionId::from_bytes([0; 16]))
}
