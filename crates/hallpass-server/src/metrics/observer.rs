use std::sync::Arc;
use std::time::Instant;

use hallpass::{Event, Observer, TracingObserver};

use super::Metrics;
use super::refusals::{Logged, Refusals};
use crate::events::News;

/// Hears of every event in this process: logs it, counts it, and wakes the streams that show events live.
#[derive(Debug)]
pub(crate) struct ServiceObserver {
    metrics: Arc<Metrics>,
    news: News,
    refusals: Refusals,
}

impl ServiceObserver {
    pub(crate) fn new(metrics: Arc<Metrics>, news: News) -> Self {
        Self { metrics, news, refusals: Refusals::default() }
    }

    fn log(&self, event: &Event) {
        let Logged::Yes { left_out } = self.refusals.judge(&event.kind, Instant::now()) else { return };
        if left_out > 0 {
            tracing::info!(target: "hallpass::event", kind = %event.kind, left_out, "as many were not logged");
        }
        TracingObserver.on_event(event);
    }
}

impl Observer for ServiceObserver {
    fn on_event(&self, event: &Event) {
        self.log(event);
        self.metrics.happened(event.kind.as_str(), event.reason.as_ref().map(hallpass::EndReason::as_str));
        // What is not stored is in no stream, and strangers are not to make streams ask the store.
        if !Refusals::is_one(&event.kind) {
            self.news.announce();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use hallpass::{EventKind, Realm, Timestamp};
    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn refused_tokens_are_all_counted_and_logged_in_part() {
        let (log, metrics) = (Log::default(), Arc::new(Metrics::new()));
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        // With one subscriber alone, what other threads come across first is taken for uninteresting.
        let _another = tracing::Dispatch::new(tracing_subscriber::registry());
        tracing::subscriber::with_default(subscriber, || {
            let observer = ServiceObserver::new(Arc::clone(&metrics), News::new());
            for kind in [EventKind::UnknownToken, EventKind::Revoked] {
                for _ in 0..500 {
                    observer.on_event(&Event::new(kind.clone(), Realm::default(), Timestamp::UNIX_EPOCH));
                }
            }
        });
        let logged = String::from_utf8(log.0.lock().clone()).expect("text");
        let lines = |kind: &str| logged.lines().filter(|line| line.contains(kind)).count();
        assert_eq!(lines("revoked"), 500, "changes are all logged");
        assert!((20..500).contains(&lines("unknown_token")), "{} lines", lines("unknown_token"));
        let counted = metrics.write().expect("text");
        let line = counted.lines().find(|line| line.contains("unknown_token")).expect("it is counted");
        assert!(line.ends_with(" 500"), "{line}");
    }
}
