use std::collections::BTreeMap;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::Fault;
use crate::proto::{Ask, Piece, Reply};

/// A question on its way to the connection. One that is dropped there was not sent.
pub(super) struct Question {
    ask: Ask,
    answer: oneshot::Sender<Result<Reply, Fault>>,
}

impl Question {
    pub(super) fn new(ask: Ask) -> (Self, oneshot::Receiver<Result<Reply, Fault>>) {
        let (answer, answered) = oneshot::channel();
        (Self { ask, answer }, answered)
    }

    /// Tells whether nobody waits for the answer any more, so that it need not be sent.
    pub(super) fn is_idle(&self) -> bool {
        self.answer.is_closed()
    }

    /// Returns what waits for the answer, from when the question is written.
    pub(super) fn sent(self, number: u64) -> (Ask, Waiting) {
        let waiting = Waiting {
            ask: self.ask.without_value(),
            number,
            since: Instant::now(),
            stats: BTreeMap::new(),
            answer: Some(self.answer),
        };
        (self.ask, waiting)
    }
}

/// Who waits for an answer. Dropped without one, they are told that it is not known what was done.
pub(super) struct Waiting {
    ask: Ask,
    number: u64,
    pub(super) since: Instant,
    stats: BTreeMap<String, String>,
    answer: Option<oneshot::Sender<Result<Reply, Fault>>>,
}

impl Waiting {
    /// Understands a piece of an answer; returns whether it was the last.
    pub(super) fn take(&mut self, piece: Piece) -> Result<bool, Fault> {
        match self.ask.understand(self.number, piece, &mut self.stats) {
            Ok(None) => Ok(false),
            Ok(Some(reply)) => {
                self.tell(Ok(reply));
                Ok(true)
            }
            Err(fault) => {
                self.tell(Err(fault.clone()));
                if fault.leaves_the_connection() { Ok(true) } else { Err(fault) }
            }
        }
    }

    pub(super) fn tell(&mut self, answer: Result<Reply, Fault>) {
        if let Some(waiting) = self.answer.take() {
            // Whoever asked may have gone.
            let _ = waiting.send(answer);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.tell(Err(Fault::Lost));
    }
}
