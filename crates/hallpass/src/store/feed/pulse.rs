use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::id::SessionId;

/// How often a heartbeat is written through the store.
const EVERY: Duration = Duration::from_millis(500);
/// How soon it must come back.
const BACK_WITHIN: Duration = Duration::from_secs(1);

/// Until when the feed was last known to be whole.
///
/// The feed gives changes in the order in which they were saved, so once a heartbeat has come back, everything that was
/// saved before it was written has been heard of.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    state: Mutex<State>,
    back: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// When the last heartbeat was written that has come back.
    proven: Option<Instant>,
    /// The heartbeat that is under way.
    awaited: Option<(SessionId, Instant)>,
}

impl Pulse {
    /// How much later, at the most, a copy is let in with that changed elsewhere.
    pub(crate) const BOUND: Duration = EVERY.saturating_add(BACK_WITHIN);

    pub(crate) fn is_whole(&self) -> bool {
        self.state.lock().proven.is_some_and(|proven| proven.elapsed() <= Self::BOUND)
    }

    /// Returns how long ago the last heartbeat was written that has come back: all that was saved before it is known.
    #[cfg(feature = "revocations")]
    pub(crate) fn age(&self) -> Option<Duration> {
        self.state.lock().proven.map(|proven| proven.elapsed())
    }

    /// To be called before the heartbeat is written.
    pub(crate) fn begin(&self, id: SessionId) -> Beat<'_> {
        let written_at = Instant::now();
        self.state.lock().awaited = Some((id, written_at));
        Beat { pulse: self, written_at }
    }

    /// Notes that the feed told of this record, if it is the heartbeat.
    pub(crate) fn hear(&self, id: &SessionId) {
        let mut state = self.state.lock();
        if let Some((_, written_at)) = state.awaited.take_if(|(awaited, _)| awaited == id) {
            state.proven = Some(written_at);
            self.back.notify_one();
        }
    }

    /// From now on nothing is known, also not by a heartbeat that is under way.
    pub(crate) fn lose(&self) {
        *self.state.lock() = State::default();
        // Who waits for it need not wait out its time.
        self.back.notify_one();
    }

    fn standing(&self, written_at: Instant) -> Standing {
        let state = self.state.lock();
        if state.proven.is_some_and(|proven| proven >= written_at) {
            Standing::Back
        } else if state.awaited.is_some() {
            Standing::UnderWay
        } else {
            Standing::Lost
        }
    }
}

/// What has become of a heartbeat.
enum Standing {
    UnderWay,
    Back,
    Lost,
}

/// A heartbeat that is under way.
pub(crate) struct Beat<'a> {
    pulse: &'a Pulse,
    written_at: Instant,
}

impl Beat<'_> {
    /// Writes the heartbeat and waits until it comes back; tells whether it did in time.
    pub(crate) async fn comes_back(&self, written: impl Future<Output = bool>) -> bool {
        let both = async {
            if !written.await {
                return false;
            }
            loop {
                match self.pulse.standing(self.written_at) {
                    Standing::Back => return true,
                    Standing::Lost => return false,
                    Standing::UnderWay => self.pulse.back.notified().await,
                }
            }
        };
        timeout_at(self.written_at + BACK_WITHIN, both).await.unwrap_or(false)
    }

    /// Waits until it is time for the next.
    pub(crate) async fn rest(self) {
        tokio::time::sleep_until(self.written_at + EVERY).await;
    }
}
