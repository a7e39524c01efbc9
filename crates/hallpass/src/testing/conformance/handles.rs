use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::store::Store;

type Switch = Arc<dyn Fn(bool) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The store that a case is run on, through one handle or through two.
///
/// The handles are two where several processes can share the store: then writers race each other through both, and
/// what one writes, the other must see at once. Two pools, two clients or two openings of a file are good handles.
///
/// ```
/// use std::sync::Arc;
///
/// use hallpass::MemoryStore;
/// use hallpass::testing::FaultyStore;
/// use hallpass::testing::conformance::Handles;
///
/// let store = FaultyStore::new(MemoryStore::new());
/// let switch = store.clone();
/// let handles = Handles::one(Arc::new(store)).with_outage(move |away| {
///     switch.outage(away);
///     std::future::ready(())
/// });
/// # drop(handles);
/// ```
#[derive(Clone)]
pub struct Handles {
    // Dropped in this order: the stores, and then what they live on.
    stores: [Arc<dyn Store>; 2],
    outage: Option<Switch>,
    expires_by_itself: bool,
    kept: Vec<Arc<dyn Any + Send + Sync>>,
}

impl Handles {
    /// Returns one handle on a store.
    pub fn one(store: Arc<dyn Store>) -> Self {
        Self::two(Arc::clone(&store), store)
    }

    /// Returns two handles on the same records.
    pub fn two(one: Arc<dyn Store>, other: Arc<dyn Store>) -> Self {
        Self { stores: [one, other], outage: None, expires_by_itself: false, kept: Vec::new() }
    }

    /// Says that the store's server removes expired records by itself, so that a sweep has nothing to do.
    #[must_use]
    pub fn expiring_by_itself(self) -> Self {
        Self { expires_by_itself: true, ..self }
    }

    /// Adds the switch that takes the store away (`true`) and gives it back (`false`), for [`OUTAGE_CASES`].
    ///
    /// Cutting the connection or stopping the server is a better outage than one that is only played.
    ///
    /// [`OUTAGE_CASES`]: super::OUTAGE_CASES
    #[must_use]
    pub fn with_outage<F, A>(self, switch: F) -> Self
    where
        F: Fn(bool) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        Self { outage: Some(Arc::new(move |away| Box::pin(switch(away)))), ..self }
    }

    /// Keeps something until the case is over, such as the folder or server that the store lives on.
    #[must_use]
    pub fn keeping(mut self, kept: impl Any + Send + Sync) -> Self {
        self.kept.push(Arc::new(kept));
        self
    }

    pub(super) fn store(&self, index: usize) -> &Arc<dyn Store> {
        &self.stores[index % 2]
    }

    pub(super) const fn expires_by_itself(&self) -> bool {
        self.expires_by_itself
    }

    pub(super) const fn has_outage(&self) -> bool {
        self.outage.is_some()
    }

    pub(super) async fn outage(&self, away: bool) {
        let switch = self.outage.as_ref().expect("this case takes the store away: give the handles an outage");
        switch(away).await;
    }
}

impl fmt::Debug for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handles")
            .field("stores", &self.stores)
            .field("has_outage", &self.has_outage())
            .field("expires_by_itself", &self.expires_by_itself)
            .finish_non_exhaustive()
    }
}

/// What a test can give to the suite: a store, [`Handles`], or nothing where the machine lacks what the store needs.
pub trait IntoHandles {
    /// Returns the handles, or nothing if the case is to be skipped (which [`require`](crate::testing::require) tells).
    fn into_handles(self) -> Option<Handles>;
}

impl IntoHandles for Handles {
    fn into_handles(self) -> Option<Handles> {
        Some(self)
    }
}

impl<S: Store> IntoHandles for Arc<S> {
    fn into_handles(self) -> Option<Handles> {
        Some(Handles::one(self))
    }
}

impl IntoHandles for Arc<dyn Store> {
    fn into_handles(self) -> Option<Handles> {
        Some(Handles::one(self))
    }
}

impl<H: IntoHandles> IntoHandles for Option<H> {
    fn into_handles(self) -> Option<Handles> {
        self.and_then(IntoHandles::into_handles)
    }
}
