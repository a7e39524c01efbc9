use std::fmt;

use async_trait::async_trait;

use super::{Outcome, PageLimit, StoreError};
use crate::audit::{Seal, SealedEvent};
use crate::event::{Event, EventId};

/// Where the events of a store are put in an order that nobody can change unnoticed.
///
/// A store takes events in as their changes come; a sealer gives each the next number, and the hash that binds it to all
/// before it, within a second. So no change waits for another's hash.
///
/// Implementers: the events stay where they are, and what is sealed is kept beside them.
#[async_trait]
pub trait Trail: fmt::Debug + Send + Sync + 'static {
    /// Returns the last line, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if the store cannot be asked.
    async fn last(&self) -> Result<Option<Seal>, StoreError>;

    /// Returns the first line that is still there, if there is one.
    ///
    /// # Errors
    ///
    /// As [`last`](Trail::last).
    async fn first(&self) -> Result<Option<Seal>, StoreError>;

    /// Returns events that are not sealed, in the order in which the store took them in, of all realms; `after` is one that
    /// is, or one that was given before.
    ///
    /// Must hold: what was given before and sealed does not come again, and what becomes visible later comes later.
    ///
    /// # Errors
    ///
    /// As [`last`](Trail::last).
    async fn unsealed(&self, after: Option<EventId>, limit: PageLimit) -> Result<Vec<Event>, StoreError>;

    /// Seals events.
    ///
    /// Must hold: all or none are sealed. If one of the numbers is taken, or one of the events sealed, the answer is
    /// [`Outcome::Conflict`], so two sealers cannot both go on from the same line.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if the outcome is not known or nothing could be written.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, all or none are sealed.
    async fn seal(&self, seals: &[Seal]) -> Result<Outcome, StoreError>;

    /// Returns the lines after this number, in their order, each with its event as it is stored now.
    ///
    /// # Errors
    ///
    /// As [`last`](Trail::last). A line that cannot be read is given as one without its event.
    async fn sealed(&self, after: u64, limit: PageLimit) -> Result<Vec<SealedEvent>, StoreError>;

    /// Forgets the lines through this number, and their events; answers how many lines.
    ///
    /// Must hold: the last line of all stays, so that numbers go on from it.
    ///
    /// # Errors
    ///
    /// As [`seal`](Trail::seal).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, some were forgotten, the first ones; the next call goes on.
    async fn forget(&self, through: u64) -> Result<u64, StoreError>;
}
