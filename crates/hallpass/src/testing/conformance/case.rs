use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::handles::Handles;

/// One thing that must hold of a store, and how to find out.
#[derive(Clone, Copy)]
pub struct Case {
    pub(super) name: &'static str,
    pub(super) means: &'static str,
    pub(super) run: fn(Handles) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Case {
    /// How long a case may take before the store counts as stuck.
    pub const LIMIT: Duration = Duration::from_mins(2);

    /// Returns the name: a sentence of what must hold.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what that means, and why.
    pub const fn means(&self) -> &'static str {
        self.means
    }

    /// Runs the case on a store.
    ///
    /// # Panics
    ///
    /// If the store does not keep the contract, with what was asked, expected and found; or outside of a tokio
    /// runtime with time.
    pub async fn run(&self, handles: Handles) {
        let in_time = tokio::time::timeout(Self::LIMIT, (self.run)(handles)).await;
        assert!(in_time.is_ok(), "the store is stuck: {} takes longer than {:?}", self.name, Self::LIMIT);
    }

    /// Runs the case on a store, and returns what was found instead of panicking.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the store does not keep the contract.
    pub async fn check(&self, handles: Handles) -> Result<(), Failure> {
        let outcome = AssertUnwindSafe(self.run(handles)).catch_unwind().await;
        outcome.map_err(|panic| Failure { case: self.name, why: message(&*panic) })
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

/// That a store does not keep the contract, as one case has found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{case}: {why}")]
pub struct Failure {
    /// The name of the case.
    pub case: &'static str,
    /// What was asked, expected and found.
    pub why: String,
}
