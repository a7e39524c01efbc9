use std::time::Duration;

use super::gate::Gate;

/// What happens to a call of a store.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing: the call goes through.
    None,
    /// It is unavailable, and the store never hears of it.
    Unavailable,
    /// The store does what was asked, and the answer is lost: the caller is told that it is unavailable.
    LostAnswer,
    /// The store finds something that is not a record.
    Corrupt,
    /// It is a conflict, as if another writer had been first, and the store never hears of it.
    Conflict,
    /// It reaches the store this much later.
    Delay(Duration),
    /// It waits at a gate before it reaches the store.
    Hold(Gate),
    /// The store does what was asked, and the answer waits at a gate.
    HoldAnswer(Gate),
}
