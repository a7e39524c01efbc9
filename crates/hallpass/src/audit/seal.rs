use super::ChainHash;
use crate::event::{Event, EventId};

/// What seals an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Its place in the trail; the first has 1.
    pub number: u64,
    /// The event.
    pub event: EventId,
    /// What binds it to all before it.
    pub hash: ChainHash,
    /// The checkpoint of this line as JSON, if it is the last of a batch.
    pub checkpoint: Option<String>,
}

/// A sealed event, as it is stored now.
#[derive(Debug, Clone, PartialEq)]
pub struct SealedEvent {
    /// What seals it.
    pub seal: Seal,
    /// The event; nothing if it is gone, or cannot be read any more.
    pub event: Option<Event>,
}
