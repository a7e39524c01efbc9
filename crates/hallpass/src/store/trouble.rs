use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::StoreError;

/// What went wrong with a question or a write, as a store knows it.
///
/// ```
/// use std::sync::Arc;
/// use hallpass::StoreFault;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("no answer within a second")]
/// struct Late;
///
/// impl StoreFault for Late {
///     fn is_corrupt(&self) -> bool {
///         false
///     }
///
///     fn is_unsupported(&self) -> bool {
///         false
///     }
/// }
///
/// let error = Late.at(&Arc::from("Redis at localhost:6379"));
/// assert!(error.is_unavailable());
/// assert_eq!(
///     error.to_string(),
///     "the session store is unavailable: Redis at localhost:6379: no answer within a second"
/// );
/// ```
pub trait StoreFault: Error + Send + Sync + Sized + 'static {
    /// Tells whether what is stored is damaged.
    fn is_corrupt(&self) -> bool;

    /// Tells whether this can never be done.
    fn is_unsupported(&self) -> bool;

    /// Returns the error for who asked, which names the store.
    fn at(self, store: &Arc<str>) -> StoreError {
        Trouble::new(Arc::clone(store), self).into()
    }
}

/// A fault and the store that has it; shared by all whom it concerns.
#[derive(Debug)]
pub struct Trouble<F> {
    store: Arc<str>,
    fault: Arc<F>,
}

impl<F> Trouble<F> {
    /// Returns what is to be told of a fault in the store of this name.
    pub fn new(store: impl Into<Arc<str>>, fault: F) -> Self {
        Self { store: store.into(), fault: Arc::new(fault) }
    }
}

impl<F> Clone for Trouble<F> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), fault: Arc::clone(&self.fault) }
    }
}

impl<F: fmt::Display> fmt::Display for Trouble<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.store, self.fault)
    }
}

impl<F: Error + 'static> Error for Trouble<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.fault)
    }
}

impl<F: StoreFault> From<Trouble<F>> for StoreError {
    fn from(trouble: Trouble<F>) -> Self {
        if trouble.fault.is_unsupported() {
            Self::unsupported(trouble)
        } else if trouble.fault.is_corrupt() {
            Self::corrupt(trouble)
        } else {
            Self::unavailable(trouble)
        }
    }
}
