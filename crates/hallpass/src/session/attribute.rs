//! Attributes with a type and a flow that they belong to.

use std::fmt;
use std::marker::PhantomData;

use compact_str::{CompactString, format_compact};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Session;
use crate::error::Error;

/// An attribute with a type, and the flow that it belongs to.
///
/// What one flow has stored is never found by another (`PUZ-1`): a name that a password reset has
/// put down is not the name of somebody who has signed in. Who that is, is no attribute at all, and only
/// [`Session::authenticate`] sets it (`PUZ-2`).
///
/// ```
/// use hallpass::{Caller, Attribute, MemoryStore, NewSession, Sessions};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
/// struct Cart {
///     items: Vec<String>,
/// }
///
/// const CART: Attribute<Cart> = Attribute::new("shop", "cart");
/// const RESET_EMAIL: Attribute<String> = Attribute::new("reset", "email");
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// # let issued = sessions.create(NewSession::anonymous(), &Caller::user()).await?;
/// # let session = sessions.open(issued.token.expose(), &Caller::user()).await?;
/// let cart = CART.update(&session, |cart| {
///     let mut cart = cart.unwrap_or_default();
///     cart.items.push("tea".to_owned());
///     cart
/// })?;
/// assert_eq!(cart.items, ["tea"]);
///
/// RESET_EMAIL.set(&session, &"alice@example.org".to_owned())?;
/// session.end_flow("reset")?;
/// assert_eq!(RESET_EMAIL.get(&session)?, None);
/// assert_eq!(CART.get(&session)?, Some(cart));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Attribute<T> {
    flow: &'static str,
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Attribute<T> {
    /// Returns the attribute of a flow, such as `checkout`, with a name of its own in it.
    ///
    /// # Panics
    ///
    /// If flow or name are empty, or the flow has a `.` in it: where the attribute is a constant, it does not compile.
    pub const fn new(flow: &'static str, name: &'static str) -> Self {
        assert!(!flow.is_empty() && !name.is_empty(), "a flow and an attribute in it have names");
        let mut rest = flow.as_bytes();
        while let [first, tail @ ..] = rest {
            assert!(
                *first != b'.',
                "the name of a flow has no `.`, which stands between it and those of its attributes"
            );
            rest = tail;
        }
        Self { flow, name, value: PhantomData }
    }

    /// Returns the name of the attribute, as [`SignIn::keep`](crate::SignIn::keep) and the store have it.
    pub fn name(&self) -> String {
        self.place().into()
    }

    fn place(&self) -> CompactString {
        format_compact!("{}.{}", self.flow, self.name)
    }
}

impl<T: Serialize + DeserializeOwned> Attribute<T> {
    /// Returns the value, as [`Session::get`] does.
    ///
    /// # Errors
    ///
    /// As [`Session::get`].
    pub fn get(&self, session: &Session) -> Result<Option<T>, Error> {
        session.get(&self.place())
    }

    /// Sets the value, as [`Session::set`] does.
    ///
    /// # Errors
    ///
    /// As [`Session::set`].
    pub fn set(&self, session: &Session, value: &T) -> Result<(), Error> {
        session.set(&self.place(), value)
    }

    /// Computes the value from what it is, as one atomic step, as [`Session::update`] does.
    ///
    /// # Errors
    ///
    /// As [`Session::update`].
    pub fn update(&self, session: &Session, f: impl FnMut(Option<T>) -> T + Send + 'static) -> Result<T, Error> {
        session.update(&self.place(), f)
    }

    /// Removes the value.
    ///
    /// # Errors
    ///
    /// As [`Session::remove`].
    pub fn remove(&self, session: &Session) -> Result<(), Error> {
        session.remove(&self.place())
    }

    /// Returns the value and removes it: what can be used once. Of two requests that take it at once, one commits and
    /// the other is refused as a conflict.
    ///
    /// # Errors
    ///
    /// As [`Session::get`] and [`Session::remove`].
    pub fn take(&self, session: &Session) -> Result<Option<T>, Error> {
        let value = self.get(session)?;
        if value.is_some() {
            self.remove(session)?;
        }
        Ok(value)
    }
}

impl<T> Clone for Attribute<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Attribute<T> {}

impl<T> fmt::Debug for Attribute<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({}.{})", self.flow, self.name)
    }
}

impl Session {
    /// Removes all attributes of a flow.
    ///
    /// # Errors
    ///
    /// [`Error::is_locked`]; [`Error::is_corrupt`] if the attributes are no JSON object.
    pub fn end_flow(&self, flow: &str) -> Result<(), Error> {
        let of_flow = |key: &str| key.strip_prefix(flow).is_some_and(|rest| rest.starts_with('.'));
        for key in self.attribute_names()?.iter().filter(|key| of_flow(key)) {
            self.remove(key)?;
        }
        Ok(())
    }
}
