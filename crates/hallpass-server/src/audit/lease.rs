use std::sync::Arc;

use hallpass::{EventId, Outcome, SessionId, Settings, StoreError};

/// Which node seals: its name stands in the store.
///
/// It is never renewed, so a service at rest writes nothing. Whoever sees that an event still waits which waited a look ago
/// takes it over. If two nodes take themselves for the one, the numbers of the lines decide, and the other steps back.
#[derive(Debug)]
pub(super) struct Lease {
    settings: Arc<dyn Settings>,
    me: String,
    waiting: Option<EventId>,
}

const SEALER: &str = "audit/sealer";

impl Lease {
    pub(super) fn new(settings: Arc<dyn Settings>) -> Self {
        Self { settings, me: SessionId::random().to_string(), waiting: None }
    }

    /// Looks whether this node is the one now; `waiting` is the oldest event that is not sealed.
    pub(super) async fn look(&mut self, waiting: Option<EventId>) -> Result<bool, StoreError> {
        let holder = self.settings.load(SEALER).await?;
        let has_waited = waiting.is_some() && waiting == self.waiting;
        self.waiting = waiting;
        match holder {
            Some(holder) if *holder == *self.me.as_bytes() => Ok(true),
            Some(_) if !has_waited => Ok(false),
            holder => {
                self.waiting = None;
                let taken = self.settings.save(SEALER, self.me.as_bytes(), holder.as_deref()).await?;
                Ok(taken == Outcome::Applied)
            }
        }
    }

    /// Lets another node take over at once.
    pub(super) async fn give_up(&self) {
        if let Err(error) = self.settings.remove(SEALER, self.me.as_bytes()).await {
            tracing::debug!(error = %error, "the place of the sealer could not be given up");
        }
    }
}
