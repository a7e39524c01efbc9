use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hallpass::{Carried, SelfContained, StoreError, Timestamp, Token, Unopened, Unsealed};

use super::node_keys::NodeKeys;

/// Tokens under keys that other nodes make and take away too.
#[derive(Debug)]
pub(super) struct Current<F> {
    pub(super) form: F,
    pub(super) keys: Arc<NodeKeys>,
}

#[async_trait]
impl<F: SelfContained> SelfContained for Current<F> {
    fn seal(&self, carried: &Carried) -> Result<Token, Unsealed> {
        self.form.seal(carried)
    }

    fn open(&self, text: &[u8], now: Timestamp) -> Result<Arc<Carried>, Unopened> {
        match self.form.open(text, now) {
            Ok(_) if !self.keys.are_known_since(NodeKeys::BOUND) => Err(Unopened::Unsure),
            opened => opened,
        }
    }

    async fn catch_up(&self, now: Timestamp) -> Result<(), StoreError> {
        self.keys.look_again(now).await
    }

    fn clock_leeway(&self) -> Duration {
        self.form.clock_leeway()
    }
}
