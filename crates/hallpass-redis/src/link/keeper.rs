use std::sync::{Arc, Weak};
use std::time::Duration;

use hallpass::SessionId;
use parking_lot::RwLock;
use redis::PushKind;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::facts::ServerFacts;
use super::source::Source;
use super::wire::Wire;
use crate::error::Fault;

/// Between two attempts to connect; the longest leaves time to be back within 2 s of the server.
const SHORTEST_REST: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_millis(400);

/// Keeps one connection, and makes a new one whenever it is lost.
///
/// A connection that is closed is replaced at once, also while nobody asks anything. One that gave no answer in time is
/// used on until there is a better one: the server may be slow, or frozen, and come back to it.
pub(crate) struct Keeper {
    source: Source,
    state: watch::Sender<State>,
    facts: RwLock<ServerFacts>,
}

struct State {
    wire: Option<Wire>,
    /// Counts the connections, so that a late complaint about an old one replaces no new one.
    generation: u64,
    is_connecting: bool,
    /// Why the last attempt failed, while none is under way.
    trouble: Option<Fault>,
}

impl Keeper {
    /// Connects, which must succeed.
    pub(crate) async fn open(source: Source) -> Result<Arc<Self>, Fault> {
        let state = State { wire: None, generation: 0, is_connecting: true, trouble: None };
        let keeper =
            Arc::new(Self { source, state: watch::Sender::new(state), facts: RwLock::new(ServerFacts::default()) });
        keeper.connect().await?;
        Ok(keeper)
    }

    pub(crate) fn facts(&self) -> ServerFacts {
        self.facts.read().clone()
    }

    /// Returns the connection and its number. Without one, waits for an attempt that is under way; between two it fails
    /// at once, since waiting would only pile up requests.
    pub(crate) async fn wire(self: &Arc<Self>) -> Result<(Wire, u64), Fault> {
        let mut state = None;
        loop {
            {
                let present = self.state.borrow();
                if let Some(wire) = &present.wire {
                    return Ok((wire.clone(), present.generation));
                }
                if let Some(trouble) = &present.trouble {
                    return Err(trouble.clone());
                }
            }
            let state = state.get_or_insert_with(|| self.state.subscribe());
            state.changed().await.map_err(|_| Fault::Closed)?;
        }
    }

    /// Has a connection replaced, unless it already is.
    pub(crate) fn replace(self: &Arc<Self>, generation: u64, is_closed: bool) {
        let mut starts = false;
        self.state.send_if_modified(|state| {
            if state.generation != generation {
                return false;
            }
            if is_closed {
                state.wire = None;
            }
            starts = !state.is_connecting;
            state.is_connecting = true;
            is_closed
        });
        if starts {
            tokio::spawn(reconnect(Arc::downgrade(self)));
        }
    }

    /// Makes a connection, and looks whether its server is one to write to.
    async fn connect(self: &Arc<Self>) -> Result<(), Fault> {
        let (news, mut heard) = mpsc::unbounded_channel();
        let made = async {
            let mut wire = self.source.connect(news).await?;
            let facts = ServerFacts::ask(&mut wire);
            let facts = tokio::time::timeout(self.source.patience(), facts).await;
            let facts = facts.unwrap_or(Err(Fault::Late(self.source.patience())))?;
            Ok::<_, Fault>((wire, facts))
        };
        let (wire, facts) = made.await?;
        *self.facts.write() = facts;
        let mut generation = 0;
        self.state.send_modify(|state| {
            state.generation += 1;
            generation = state.generation;
            state.wire = Some(wire);
            state.is_connecting = false;
            state.trouble = None;
        });
        let keeper = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(push) = heard.recv().await {
                if let (PushKind::Disconnection, Some(keeper)) = (push.kind, keeper.upgrade()) {
                    keeper.replace(generation, true);
                    return;
                }
            }
        });
        Ok(())
    }
}

/// Tries until there is a connection, or nobody left to want one.
async fn reconnect(keeper: Weak<Keeper>) {
    let mut rest = SHORTEST_REST;
    loop {
        let Some(keeper) = keeper.upgrade() else { return };
        keeper.state.send_modify(|state| state.trouble = None);
        let Err(fault) = keeper.connect().await else {
            tracing::info!("the session store's server is back");
            return;
        };
        tracing::debug!(error = %fault, "the session store's server cannot be reached");
        keeper.state.send_modify(|state| state.trouble = Some(fault));
        drop(keeper);
        sleep(jittered(rest)).await;
        rest = (rest * 2).min(LONGEST_REST);
    }
}

/// Returns 75 to 125 %, so that many nodes do not all come back at the same moment.
fn jittered(rest: Duration) -> Duration {
    let [random, ..] = *SessionId::random().as_bytes();
    rest.mul_f64(0.75 + f64::from(random) / 510.0)
}
