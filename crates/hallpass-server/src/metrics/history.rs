use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::Totals;
use crate::app::App;

/// What was counted during the last quarter of an hour, in steps of 5 seconds: for the charts of the dashboard.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<VecDeque<Sample>>);

/// What was counted in one step, or stood at its end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) step: Totals,
    /// How old what is held of revocations was, in seconds; nothing while that was unknown.
    pub(crate) delay: Option<f64>,
}

/// Takes a sample, again and again.
#[derive(Debug)]
pub(crate) struct Sampler(JoinHandle<()>);

impl History {
    /// How long a step is.
    pub(crate) const STEP: Duration = Duration::from_secs(5);
    /// How many steps are kept.
    pub(crate) const STEPS: usize = 180;

    /// Returns the steps, the latest last.
    pub(crate) fn steps(&self) -> Vec<Sample> {
        self.0.lock().iter().copied().collect()
    }

    fn push(&self, sample: Sample) {
        let mut steps = self.0.lock();
        if steps.len() == Self::STEPS {
            steps.pop_front();
        }
        steps.push_back(sample);
    }
}

impl Sampler {
    pub(crate) fn start(app: &Arc<App>) -> Self {
        let (app, mut stopping) = (Arc::clone(app), app.stopping.clone());
        Self(tokio::spawn(async move {
            let mut before = app.metrics.tally.totals();
            let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + History::STEP, History::STEP);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = stopping.wait_for(|stopping| *stopping) => return,
                }
                let now = app.metrics.tally.totals();
                app.metrics.history.push(Sample { step: now.since(&before), delay: delay(&app) });
                before = now;
            }
        }))
    }

    /// Waits until it has stopped.
    pub(crate) async fn stop(self) {
        if let Err(error) = self.0.await {
            tracing::error!(error = %error, "the sampler ended early");
        }
    }
}

/// Returns for how long a token that was just revoked may still be let in here: none where the store is asked each time,
/// and nothing while nobody can say.
pub(crate) fn delay(app: &App) -> Option<f64> {
    match app.sessions.revocations() {
        Some(revocations) if !revocations.bound().is_zero() => revocations.lag().map(|lag| lag.as_secs_f64()),
        _ => Some(app.sessions.store().staleness().as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_steps_are_kept_than_are_drawn() {
        let history = History::default();
        for number in 0..History::STEPS as u64 + 5 {
            let step = Totals { created: number, ..Totals::default() };
            history.push(Sample { step, delay: None });
        }
        let steps = history.steps();
        assert_eq!(steps.len(), History::STEPS);
        assert_eq!((steps[0].step.created, steps[History::STEPS - 1].step.created), (5, 184));
    }
}
