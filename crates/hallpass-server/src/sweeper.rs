use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use hallpass::SessionId;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::App;

/// Ends the sessions whose time is over, and forgets those that ended long ago, again and again.
#[derive(Debug)]
pub(crate) struct Sweeper(JoinHandle<()>);

/// How many sessions one sweep takes; while it finds as many, the next follows at once.
const BATCH: NonZeroUsize = NonZeroUsize::new(1000).expect("not zero");

impl Sweeper {
    pub(crate) fn start(app: &Arc<App>) -> Self {
        let (app, mut stopping) = (Arc::clone(app), app.stopping.clone());
        Self(tokio::spawn(async move {
            let interval = Duration::from_secs(app.config.sweep_interval);
            // Not at once: of many nodes that start together, each begins at its own time.
            while !rest(jittered(interval), &mut stopping).await {
                sweep(&app, &mut stopping).await;
            }
        }))
    }

    /// Waits until a sweep that is under way is through.
    pub(crate) async fn stop(self) {
        if let Err(error) = self.0.await {
            tracing::error!(error = %error, "the sweeper ended early");
        }
    }
}

/// Sweeps until there is no more to sweep, the store is away, or the service stops.
async fn sweep(app: &App, stopping: &mut watch::Receiver<bool>) {
    loop {
        match app.sessions.sweep(BATCH).await {
            Ok(swept) => {
                app.metrics.swept(swept.expired, swept.forgotten);
                if swept.expired + swept.forgotten > 0 {
                    tracing::debug!(swept.expired, swept.forgotten, "swept");
                }
                let is_full = swept.expired == BATCH.get() || swept.forgotten == BATCH.get();
                if !is_full || *stopping.borrow_and_update() {
                    return;
                }
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(tracing::field::display);
                tracing::warn!(error = %error, cause, "a sweep failed; the next one goes on from there");
                return;
            }
        }
    }
}

/// Waits; tells whether the service was told to stop meanwhile.
async fn rest(time: Duration, stopping: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => false,
        _ = stopping.wait_for(|stopping| *stopping) => true,
    }
}

/// Returns 90 to 110 % of the interval.
fn jittered(interval: Duration) -> Duration {
    let [random, ..] = *SessionId::random().as_bytes();
    interval.mul_f64(0.9 + 0.2 * f64::from(random) / 255.0)
}
