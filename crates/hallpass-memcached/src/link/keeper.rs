use std::sync::Arc;
use std::time::Duration;

use hallpass::SessionId;
use parking_lot::RwLock;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::Access;
use super::question::Question;
use super::wire::{Hello, Wire};
use crate::error::Fault;

/// Between two attempts to connect; the longest leaves time to be back within 2 s of the server.
const SHORTEST_REST: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_millis(400);
/// How long a connection lasts that was a good one.
const LASTING: Duration = Duration::from_secs(1);
/// How many questions may wait for their turn to be written.
const MOST_WAITING: usize = 1024;

/// How it stands with the connection.
pub(super) enum State {
    /// An attempt is under way, and there is hope.
    Connecting,
    /// Questions are put here.
    Up(mpsc::Sender<Question>),
    /// The last attempt failed.
    Away(Fault),
}

/// Keeps a connection, and makes a new one whenever it is lost, until nobody wants one any more.
///
/// A connection that is closed is replaced at once, also while nobody asks anything. So is one that gave no answer in
/// time: whatever came on it later would be too late for whoever asked.
pub(super) async fn keep(access: Access, state: watch::Sender<State>, hello: Arc<RwLock<Option<Hello>>>) {
    let mut rest = SHORTEST_REST;
    loop {
        let begun = Instant::now();
        let connected = tokio::select! {
            connected = Wire::connect(&access) => connected,
            () = state.closed() => return,
        };
        match connected {
            Ok((wire, said)) => {
                if !is_wanted_until_lost(wire, said, &access, &state, &hello).await {
                    return;
                }
                // A server that takes connections only to close them is not to be met without rest.
                if begun.elapsed() > LASTING {
                    rest = SHORTEST_REST;
                    continue;
                }
            }
            Err(fault) => {
                tracing::debug!(server = access.server.name, error = %fault, "a server of the session store cannot be reached");
                state.send_replace(State::Away(fault));
            }
        }
        tokio::select! {
            () = sleep(jittered(rest)) => {}
            () = state.closed() => return,
        }
        rest = (rest * 2).min(LONGEST_REST);
    }
}

/// Uses a connection until it is lost; returns whether another one is wanted.
async fn is_wanted_until_lost(
    wire: Wire,
    said: Hello,
    access: &Access,
    state: &watch::Sender<State>,
    hello: &RwLock<Option<Hello>>,
) -> bool {
    for danger in said.facts.dangers() {
        tracing::warn!(danger, "the session store's server endangers sessions");
    }
    *hello.write() = Some(said);
    let (sender, mut questions) = mpsc::channel(MOST_WAITING);
    state.send_replace(State::Up(sender));
    let fault = tokio::select! {
        fault = wire.serve(&mut questions, access.timeout) => fault,
        () = state.closed() => return false,
    };
    tracing::info!(server = access.server.name, error = %fault, "the connection to a server of the session store is lost");
    // Before the questions that were not sent go: whoever asked them asks again, and must wait for the next connection.
    state.send_replace(State::Connecting);
    true
}

/// Returns 75 to 125 %, so that many nodes do not all come back at the same moment.
fn jittered(rest: Duration) -> Duration {
    let [random, ..] = *SessionId::random().as_bytes();
    rest.mul_f64(0.75 + f64::from(random) / 510.0)
}
