use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hallpass::{Event, EventKind, Note, Realm, Sessions, Store, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Keeps what was refused, beside the changes of sessions; strangers cannot fill the store with it.
#[derive(Debug)]
pub(crate) struct Refusals(JoinHandle<()>);

/// How many refusals wait at the most; what comes faster is counted only.
const QUEUE: usize = 1024;

/// Returns where refusals are handed in, and where they come out.
pub(crate) fn channel() -> (mpsc::Sender<Event>, mpsc::Receiver<Event>) {
    mpsc::channel(QUEUE)
}

impl Refusals {
    /// Keeps what comes until nobody hands in any more.
    pub(crate) fn start(mut inbox: mpsc::Receiver<Event>, store: Arc<dyn Store>, sessions: Sessions) -> Self {
        Self(tokio::spawn(async move {
            let mut ledger = Ledger::default();
            while let Some(event) = inbox.recv().await {
                // By when it happened: what waited long did not come late.
                let at = event.at;
                let Judged { kept, suspicion } = ledger.judge(event, at);
                // Not by the sessions: their observer handed it in, and would again.
                if let Some(kept) = kept
                    && let Err(error) = store.append(&[kept]).await
                {
                    tracing::debug!(error = %error, "a refusal could not be kept");
                }
                if let Some(suspicion) = suspicion {
                    crate::events::tell(&sessions, suspicion).await;
                }
            }
        }))
    }

    /// Gives up what waits: it was told to the log.
    pub(crate) async fn stop(self) {
        self.0.abort();
        let _ = self.0.await; // it was given up
    }
}

/// How many of one kind are kept in a minute.
const KEPT: u64 = 60;
/// How many tokens that open nothing make somebody suspect in a minute.
const SUSPICIOUS: u64 = 300;
const MINUTE: Duration = Duration::from_mins(1);

/// What was refused in this minute.
#[derive(Debug, Default)]
struct Ledger {
    began: Timestamp,
    kinds: BTreeMap<String, Count>,
    guesses: u64,
    is_suspected: bool,
}

#[derive(Debug, Default)]
struct Count {
    kept: u64,
    left_out: u64,
}

#[derive(Debug, Default)]
struct Judged {
    kept: Option<Event>,
    suspicion: Option<Event>,
}

impl Ledger {
    /// Says whether a refusal is kept, and whether it is one too many.
    fn judge(&mut self, mut event: Event, now: Timestamp) -> Judged {
        if now.since(self.began) >= MINUTE {
            (self.began, self.guesses, self.is_suspected) = (now, 0, false);
            self.kinds.values_mut().for_each(|count| count.kept = 0);
        }
        let many = event.left_out.saturating_add(1);
        let mut judged = Judged::default();
        if matches!(event.kind, EventKind::UnknownToken | EventKind::WrongSecret) {
            self.guesses = self.guesses.saturating_add(many);
            if self.guesses >= SUSPICIOUS && !self.is_suspected {
                self.is_suspected = true;
                let mut suspicion = Event::new(EventKind::BruteforceSuspected, Realm::default(), now);
                suspicion.origin = event.origin.clone();
                suspicion.note = Note::lossy(&format!("{} tokens that open nothing in a minute", self.guesses));
                judged.suspicion = Some(suspicion);
            }
        }
        // There are as many kinds of refusals as the library has.
        let count = self.kinds.entry(event.kind.as_str().to_owned()).or_default();
        if count.kept >= KEPT {
            count.left_out = count.left_out.saturating_add(many);
            return judged;
        }
        count.kept += 1;
        let left_out = event.left_out.saturating_add(std::mem::take(&mut count.left_out));
        if left_out > 0 {
            event.note = Note::lossy(&format!("and {left_out} more"));
        }
        event.left_out = 0; // it is in the note: stores do not keep it
        judged.kept = Some(event);
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(kind: EventKind, left_out: u64) -> Event {
        let mut event = Event::new(kind, Realm::default(), Timestamp::UNIX_EPOCH);
        event.left_out = left_out;
        event
    }

    #[test]
    fn a_flood_is_kept_in_part_and_counted_whole() {
        let mut ledger = Ledger::default();
        let at = |seconds: u64| Timestamp::from_millis(1_000_000 + seconds * 1000);
        let kept: Vec<_> =
            (0..1000).filter_map(|_| ledger.judge(refused(EventKind::SpentToken, 0), at(0)).kept).collect();
        assert_eq!(kept.len(), 60);
        assert!(ledger.judge(refused(EventKind::UsedAfterEnd, 0), at(1)).kept.is_some(), "another kind is not held up");
        let next = ledger.judge(refused(EventKind::SpentToken, 9), at(60)).kept.expect("another minute");
        assert_eq!(next.note.as_ref().map(Note::as_str), Some("and 949 more"));
        assert_eq!(next.left_out, 0);
    }

    #[test]
    fn many_guesses_in_a_minute_are_suspected_once() {
        let mut ledger = Ledger::default();
        let at = Timestamp::from_millis(1_000_000);
        assert!(ledger.judge(refused(EventKind::UnknownToken, 298), at).suspicion.is_none());
        assert!(ledger.judge(refused(EventKind::SpentToken, 1000), at).suspicion.is_none(), "that was a real one");
        let suspicion = ledger.judge(refused(EventKind::WrongSecret, 0), at).suspicion.expect("one too many");
        assert_eq!(suspicion.note.as_ref().map(Note::as_str), Some("300 tokens that open nothing in a minute"));
        assert!(ledger.judge(refused(EventKind::WrongSecret, 0), at).suspicion.is_none(), "it was told");
        let later = at.plus(MINUTE);
        assert!(ledger.judge(refused(EventKind::WrongSecret, 0), later).suspicion.is_none());
    }
}
