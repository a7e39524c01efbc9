//! What tests of sessions need: a clock that a test moves, a store that fails on demand, and the conformance suite
//! that every store passes (feature `testing`).

mod clock;
pub mod conformance;
mod faulty;
mod random;
mod recording;
mod require;

pub use self::clock::ManualClock;
pub use self::faulty::{Calls, Fault, FaultyStore, Gate, Method};
pub use self::recording::RecordingObserver;
pub use self::require::require;
pub use crate::{__conformance_tests as conformance_tests, __outage_tests as outage_tests};
