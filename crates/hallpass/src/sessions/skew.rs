//! Whether the clock here may judge sessions at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Sessions;
use crate::error::Error;
use crate::store::StoreError;

/// How far the clock here may be from the store's.
const MOST: Duration = Duration::from_secs(30);

/// What the last comparison of clocks came to.
#[derive(Default)]
pub(super) struct Skew(AtomicBool);

impl Sessions {
    /// Compares the clock here with the store's, where it has one, and returns how far they are apart.
    ///
    /// Whoever runs a service calls it from time to time. While they are more than 30 seconds apart, nothing here ends a
    /// session because its time is over, and [`sweep`](Sessions::sweep) forgets nothing: such a request fails as
    /// unavailable, and another node may answer it.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`] if they are too far apart, or the store is away.
    pub async fn check_clock(&self) -> Result<Duration, Error> {
        let asked = self.now();
        let Some(time) = self.0.store.time().await? else { return Ok(Duration::ZERO) };
        let answered = self.now();
        let off = if time > answered { time.since(answered) } else { asked.since(time) };
        self.0.skew.0.store(off > MOST, Ordering::Relaxed);
        self.refuse_to_judge().map(|()| off)
    }

    /// Refuses to end anything by a clock that is wrong.
    pub(super) fn refuse_to_judge(&self) -> Result<(), Error> {
        if self.0.skew.0.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("the clock of this machine is more than 30 s from the store's").into());
        }
        Ok(())
    }
}
