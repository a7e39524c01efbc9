use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use hallpass::Timestamp;
use parking_lot::Mutex;

/// How far a word of the server may be behind what it said before; more, and its clock was set back.
const SLACK: u64 = 5_000;

/// What the server's clock says, learnt from the date of each answer.
///
/// A date has whole seconds, cut off. The latest of what the answers imply is the nearest to the truth, and never ahead
/// of it.
#[derive(Debug, Clone)]
pub(crate) struct ServerClock {
    began: Instant,
    /// What the server's clock said when this one began, in milliseconds; nothing before the first answer.
    began_at: Arc<Mutex<Option<u64>>>,
}

impl ServerClock {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), began_at: Arc::default() }
    }

    /// Returns the server's time, no more than a second late, or nothing if it never told.
    pub(crate) fn read(&self) -> Option<Timestamp> {
        let began_at = (*self.began_at.lock())?;
        Some(Timestamp::from_millis(began_at).plus(self.began.elapsed()))
    }

    fn hear(&self, date: &str) {
        let Some(told) = millis(date) else { return };
        self.learn(told, self.began.elapsed());
    }

    fn learn(&self, told: u64, elapsed: Duration) {
        let began_at = told.saturating_sub(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        let mut known = self.began_at.lock();
        *known = Some(match *known {
            Some(before) if before <= began_at.saturating_add(SLACK) => before.max(began_at),
            _ => began_at,
        });
    }
}

fn millis(date: &str) -> Option<u64> {
    let date = DateTime::from_str(date, DateTimeFormat::HttpDate).ok()?;
    u64::try_from(date.to_millis().ok()?).ok()
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "hallpass::ServerClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.hear(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn began_at(told: &[(u64, u64)]) -> Option<u64> {
        let clock = ServerClock::new();
        for (told, elapsed) in told {
            clock.learn(*told, Duration::from_millis(*elapsed));
        }
        *clock.began_at.lock()
    }

    #[test]
    fn a_date_is_read_as_servers_write_it() {
        assert_eq!(millis("Tue, 15 Nov 1994 08:12:31 GMT"), Some(784_887_151_000));
        assert_eq!(millis("yesterday"), None);
        assert_eq!(ServerClock::new().read(), None);
    }

    #[test]
    fn the_latest_of_what_answers_imply_counts() {
        // The server is at 100.9 s when we begin, and cuts off what is not whole.
        assert_eq!(began_at(&[(100_000, 0), (101_000, 150), (101_000, 900)]), Some(100_850));
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed() {
        assert_eq!(began_at(&[(100_000, 0), (95_000, 0)]), Some(100_000));
        assert_eq!(began_at(&[(100_000, 0), (94_000, 0)]), Some(94_000));
    }
}
