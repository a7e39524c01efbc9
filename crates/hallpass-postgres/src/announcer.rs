use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallpass::{Realm, SessionId};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::connections::Connections;
use crate::error::Fault;
use crate::line;
use crate::statement::Named;

pub(crate) const ANNOUNCE: &str = "SELECT pg_notify('hallpass', told)::text FROM unnest($1::text[]) AS given (told)";

/// How many records wait to be announced; if there are more, a hole is announced instead.
const WAITING: usize = 10_000;
const AT_ONCE: usize = 2_000;
const PAUSE: Duration = Duration::from_millis(100);

/// Tells other nodes what this one has changed.
///
/// Commits that notify wait for each other, also for each other's sync. So what is frequent is announced after its commit,
/// whatever has gathered at once: such an announcement writes nothing and waits for no disk.
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
        let mut lines = line::many(&records);
        records.clear();
        if has_lost.swap(false, Ordering::AcqRel) {
            lines = vec![line::HOLE.to_owned()];
        }
        // Until the server is back, and everybody knows that news was lost; or until this store is dropped.
        while let Err(fault) = say(&connections, &lines).await {
            tracing::debug!(target: "hallpass::postgres", error = %fault, "changes could not be announced");
            lines = vec![line::HOLE.to_owned()];
            if inbox.is_closed() {
                return;
            }
            sleep(PAUSE).await;
        }
    }
}

async fn say(connections: &Connections, lines: &[String]) -> Result<(), Fault> {
    connections.write(Named::Announce, &[&lines]).await.map(drop)
}
