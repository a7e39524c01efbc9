use std::sync::Arc;
use std::time::Duration;

use hallpass::{EventId, PageLimit, StoreError};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::lease::Lease;
use super::{AuditTrail, Sealing, Step, retention};
use crate::app::App;

/// Seals events in the background, on one node at a time.
#[derive(Debug)]
pub(crate) struct Sealer(Option<JoinHandle<Node>>);

/// How often the store is asked for events that came from elsewhere.
const POLL: Duration = Duration::from_millis(500);
/// How long events of this process are gathered before they are sealed together.
const GATHER: Duration = Duration::from_millis(100);
/// How often a node that does not seal looks whether the one that does still works.
const LOOK: Duration = Duration::from_secs(1);
/// How often what is older than the policy keeps is looked for.
const PURGE: Duration = Duration::from_mins(1);
const ONE: PageLimit = PageLimit::new(1).expect("it is not zero");

impl Sealer {
    pub(crate) fn start(app: &Arc<App>) -> Self {
        let Some(trail) = app.audit.clone() else { return Self(None) };
        let node = Node {
            app: Arc::clone(app),
            lease: Lease::new(Arc::clone(&trail.settings)),
            sealing: Sealing::new(trail.clone()),
            trail,
            is_mine: false,
            purged_at: None,
        };
        Self(Some(tokio::spawn(node.run())))
    }

    /// Seals what was still done, and lets another node take over at once.
    pub(crate) async fn stop(self) {
        let Some(task) = self.0 else { return };
        match task.await {
            // What fails now is sealed by whoever comes next.
            Ok(mut node) => {
                if node.is_mine && node.seal().await.is_ok() {
                    node.lease.give_up().await;
                }
            }
            Err(error) => tracing::error!(error = %error, "the sealer of the audit trail ended early"),
        }
    }
}

/// This node, as one of those that may seal.
#[derive(Debug)]
struct Node {
    app: Arc<App>,
    trail: AuditTrail,
    lease: Lease,
    sealing: Sealing,
    is_mine: bool,
    purged_at: Option<Instant>,
}

impl Node {
    async fn run(mut self) -> Self {
        let mut news = self.app.news.listen();
        let mut stopping = self.app.stopping.clone();
        let mut has_failed = false;
        loop {
            match self.look().await {
                Ok(()) => has_failed = false,
                // Said once, and not twice a second of an outage.
                Err(error) if !has_failed => {
                    let cause = std::error::Error::source(&error).map(tracing::field::display);
                    tracing::warn!(error = %error, cause, "the audit trail could not be sealed; it goes on from there");
                    has_failed = true;
                }
                Err(_) => {}
            }
            let rest = async {
                if !self.is_mine {
                    return sleep(LOOK).await;
                }
                if let Ok(Ok(())) = timeout(POLL, news.changed()).await {
                    sleep(GATHER).await;
                    news.mark_unchanged();
                }
            };
            tokio::select! {
                () = rest => {}
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
        }
        self
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        if !self.is_mine {
            let waiting = self.oldest().await?;
            self.is_mine = self.lease.look(waiting).await?;
        }
        if self.is_mine {
            self.seal().await?;
        }
        if self.is_mine && self.purged_at.is_none_or(|at| at.elapsed() >= PURGE) {
            self.purged_at = Some(Instant::now());
            retention::purge(&self.app, &self.trail).await?;
        }
        Ok(())
    }

    /// Seals what there is. Who was overtaken is not the one any more.
    async fn seal(&mut self) -> Result<(), StoreError> {
        loop {
            match self.sealing.step(self.app.sessions.now()).await? {
                Step::Sealed(count) if count.get() == PageLimit::MOST.number() => {}
                Step::Sealed(_) | Step::Idle => return Ok(()),
                Step::Overtaken => {
                    self.is_mine = false;
                    return Ok(());
                }
            }
        }
    }

    async fn oldest(&self) -> Result<Option<EventId>, StoreError> {
        let last = self.trail.trail.last().await?;
        let waiting = self.trail.trail.unsealed(last.map(|last| last.event), ONE).await?;
        Ok(waiting.first().map(|event| event.id))
    }
}
