use std::sync::Arc;

use hallpass::{Event, Observer, TracingObserver};
use tokio::sync::mpsc::Sender;

use super::Metrics;
use crate::dashboard;
use crate::events::News;

/// Hears of every event in this process: logs it, counts it, and wakes the streams that show events live.
#[derive(Debug)]
pub(crate) struct ServiceObserver {
    metrics: Arc<Metrics>,
    news: News,
    refusals: Sender<Event>,
}

impl ServiceObserver {
    pub(crate) fn new(metrics: Arc<Metrics>, news: News, refusals: Sender<Event>) -> Self {
        Self { metrics, news, refusals }
    }
}

impl Observer for ServiceObserver {
    fn on_event(&self, event: &Event) {
        TracingObserver.on_event(event);
        let reason = event.reason.as_ref().map(hallpass::EndReason::as_str);
        self.metrics.happened(event.kind.as_str(), reason, event.left_out.saturating_add(1));
        // Those who watch are no part of what they watch.
        if event.realm.as_str() != dashboard::REALM {
            self.metrics.tally.happened(&event.kind, event.left_out.saturating_add(1));
        }
        // What is not stored is in no stream, and strangers are not to make streams ask the store.
        if event.kind.is_refusal() {
            // Where nobody keeps them, or they come too fast, the log has them and the numbers do.
            let _ = self.refusals.try_send(event.clone());
        } else {
            self.news.announce();
        }
    }
}
