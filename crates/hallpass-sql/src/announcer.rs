use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallpass::{Change, Event, EventKind, Realm, Record, SessionId};
use tokio::sync::mpsc;
use tokio::time::sleep;

/// How many changes wait to be announced; if there are more, a hole is announced instead.
const WAITING: usize = 10_000;
/// How long to wait before a hole is announced again that could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// Tells other nodes what this one has changed, in the background: whatever has gathered at once.
///
/// It is for what is frequent. What is [urgent](Self::is_urgent) is told in the transaction that makes it.
#[derive(Debug)]
pub struct Announcer {
    inbox: mpsc::Sender<Change>,
    has_lost: Arc<AtomicBool>,
}

impl Announcer {
    /// Begins to tell changes by `say`, no more than `at_once` of them each time, until this is dropped.
    ///
    /// Changes that could not be told become a hole, which is told until it was heard.
    ///
    /// # Panics
    ///
    /// If there is no tokio runtime.
    pub fn start<S, F, E>(at_once: usize, say: S) -> Self
    where
        S: Fn(Vec<Change>) -> F + Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let (sender, inbox) = mpsc::channel(WAITING);
        let has_lost = Arc::new(AtomicBool::new(false));
        tokio::spawn(announce(inbox, Arc::clone(&has_lost), at_once, say));
        Self { inbox: sender, has_lost }
    }

    /// Has it told that this record changed.
    pub fn tell(&self, realm: &Realm, id: &SessionId) {
        if self.inbox.try_send(Change::Session { realm: realm.clone(), id: *id }).is_err() {
            self.has_lost.store(true, Ordering::Release);
        }
    }

    /// Tells whether a save takes a token's power away, so that nobody must miss it.
    pub fn is_urgent(record: &Record, events: &[Event]) -> bool {
        record.ended.is_some() || events.iter().any(|event| event.kind == EventKind::Rechained)
    }
}

async fn announce<S, F, E>(mut inbox: mpsc::Receiver<Change>, has_lost: Arc<AtomicBool>, at_once: usize, say: S)
where
    S: Fn(Vec<Change>) -> F,
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    let mut changes = Vec::new();
    while inbox.recv_many(&mut changes, at_once).await > 0 {
        let mut told = std::mem::take(&mut changes);
        if has_lost.swap(false, Ordering::AcqRel) {
            told = vec![Change::Hole];
        }
        // Until the server is back, and everybody knows that news was lost; or until the store is dropped.
        while let Err(fault) = say(told).await {
            tracing::debug!(target: "hallpass::sql", error = %fault, "changes could not be announced");
            told = vec![Change::Hole];
            if inbox.is_closed() {
                return;
            }
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    fn session() -> Change {
        Change::Session { realm: Realm::default(), id: SessionId::random() }
    }

    fn tell(announcer: &Announcer, change: &Change) {
        let Change::Session { realm, id } = change else { panic!("a hole is told by itself") };
        announcer.tell(realm, id);
    }

    async fn until(heard: &Mutex<Vec<Vec<Change>>>, wanted: &[Vec<Change>]) {
        while *heard.lock() != wanted {
            sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_told_becomes_a_hole_that_is_told_until_it_was_heard() {
        let heard: Arc<Mutex<Vec<Vec<Change>>>> = Arc::default();
        let failures = Arc::new(Mutex::new(0));
        let (ears, left) = (Arc::clone(&heard), Arc::clone(&failures));
        let announcer = Announcer::start(2, move |changes| {
            let mut left = left.lock();
            let is_away = *left > 0;
            *left -= i32::from(is_away);
            if !is_away {
                ears.lock().push(changes);
            }
            async move { if is_away { Err("away") } else { Ok(()) } }
        });
        let [one, two, three] = [session(), session(), session()];
        for change in [&one, &two, &three] {
            tell(&announcer, change);
        }
        let mut wanted = vec![vec![one.clone(), two], vec![three]];
        until(&heard, &wanted).await;
        *failures.lock() = 3;
        tell(&announcer, &one);
        wanted.push(vec![Change::Hole]);
        until(&heard, &wanted).await;
        for _ in 0..=WAITING {
            tell(&announcer, &one);
        }
        wanted.push(vec![Change::Hole]);
        while heard.lock().len() < wanted.len() {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(heard.lock()[wanted.len() - 1], [Change::Hole], "more than wait is told as a hole");
    }
}
