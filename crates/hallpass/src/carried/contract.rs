use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Carried, Unopened, Unsealed};
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::token::Token;

/// A form of tokens that carry a session: `Jwt` or `Sealed`.
///
/// Implementers: `open` accepts what `seal` wrote under a key of the same ring until its time is over, and nothing else;
/// whatever it is given, it answers with [`Unopened`] and never panics.
#[async_trait]
pub trait SelfContained: fmt::Debug + Send + Sync + 'static {
    /// Writes a token.
    ///
    /// # Errors
    ///
    /// [`Unsealed`].
    fn seal(&self, carried: &Carried) -> Result<Token, Unsealed>;

    /// Reads a token that is good now.
    ///
    /// # Errors
    ///
    /// [`Unopened`], which is for the log: to clients all refusals are one.
    fn open(&self, text: &[u8], now: Timestamp) -> Result<Arc<Carried>, Unopened>;

    /// Takes over what others did to the keys: called before a token is refused as [`Unopened::UnknownKey`] or
    /// [`Unopened::Unsure`], which is then opened once more. Unless somebody says otherwise, there is nothing to take over.
    ///
    /// Implementers: whoever has no key can cause calls, so they are to be bounded in time (`JWT-5`).
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if that cannot be known now: the token is then neither accepted nor refused.
    async fn catch_up(&self, now: Timestamp) -> Result<(), StoreError> {
        let _ = now;
        Ok(())
    }

    /// Returns for how long after its time a token is still good, since clocks differ; not at all if nobody says.
    fn clock_leeway(&self) -> Duration {
        Duration::ZERO
    }
}
