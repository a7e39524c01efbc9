use std::sync::Arc;
use std::time::Duration;

use hallpass::{Carried, Jwt, SelfContained, Timestamp, Token, Unopened, Unsealed};

use crate::metrics::Metrics;

/// Access tokens, counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) jwt: Arc<Jwt>,
    pub(super) metrics: Arc<Metrics>,
}

impl SelfContained for Counted {
    fn seal(&self, carried: &Carried) -> Result<Token, Unsealed> {
        let token = self.jwt.seal(carried)?;
        self.metrics.made_access_token();
        Ok(token)
    }

    fn open(&self, text: &[u8], now: Timestamp) -> Result<Arc<Carried>, Unopened> {
        self.jwt.open(text, now)
    }

    fn clock_leeway(&self) -> Duration {
        self.jwt.clock_leeway()
    }
}
