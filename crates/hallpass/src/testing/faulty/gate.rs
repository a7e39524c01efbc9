use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// A place where calls stop until a test lets them go on, so that overlaps happen in a given order.
///
/// Clones are the same gate. Once it is open, it stays open.
///
/// ```
/// use std::sync::Arc;
///
/// use hallpass::testing::{FaultyStore, Method};
/// use hallpass::{MemoryStore, Realm, SessionId, Store};
///
/// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
/// let store = FaultyStore::new(MemoryStore::new());
/// let gate = store.hold_next(Method::Load);
/// let slow = tokio::spawn({
///     let store = store.clone();
///     async move { store.load(&Realm::default(), &SessionId::random()).await }
/// });
/// gate.reached().await;
/// // Whatever is to happen while the slow request is under way goes here.
/// gate.open();
/// assert!(slow.await.expect("it did not panic").is_ok());
/// # });
/// ```
#[derive(Clone)]
pub struct Gate(Arc<State>);

struct State {
    arrived: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Returns a gate that is closed.
    pub fn new() -> Self {
        Self(Arc::new(State { arrived: watch::Sender::new(0), open: watch::Sender::new(false) }))
    }

    /// Waits until a call stands at the gate, or has gone through.
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Waits until so many calls stand at the gate, or have gone through.
    pub async fn reached_by(&self, calls: usize) {
        // The sender lives as long as this gate, so waiting cannot fail.
        let _ = self.0.arrived.subscribe().wait_for(|arrived| *arrived >= calls).await;
    }

    /// Opens the gate for good.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        self.0.arrived.send_modify(|arrived| *arrived += 1);
        let _ = self.0.open.subscribe().wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrived = *self.0.arrived.borrow();
        let open = *self.0.open.borrow();
        f.debug_struct("Gate").field("arrived", &arrived).field("open", &open).finish()
    }
}
