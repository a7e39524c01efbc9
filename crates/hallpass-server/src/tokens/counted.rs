use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hallpass::{Carried, Jwt, SelfContained, StoreError, Timestamp, Token, Unopened, Unsealed};

use crate::metrics::Metrics;

/// Access tokens, counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) jwt: Arc<Jwt>,
    pub(super) metrics: Arc<Metrics>,
}

#[async_trait]
impl SelfContained for Counted {
    fn seal(&self, carried: &Carried) -> Result<Token, Unsealed> {
        let token = self.jwt.seal(carried)?;
        self.metrics.made_access_token();
        Ok(token)
    }

    fn open(&self, text: &[u8], now: Timestamp) -> Result<Arc<Carried>, Unopened> {
        self.jwt.open(text, now)
    }

    async fn catch_up(&self, now: Timestamp) -> Result<(), StoreError> {
        self.jwt.catch_up(now).await
    }

    fn clock_leeway(&self) -> Duration {
        self.jwt.clock_leeway()
    }
}
