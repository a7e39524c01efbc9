//! What tests of sessions need (feature `testing`; it brings tokio, so have it in `[dev-dependencies]` only).
//!
//! | you test | take |
//! | --- | --- |
//! | what happens when time passes | [`ManualClock`]: stands still until you move it |
//! | an application whose users have signed in | [`Jar`]: a client's cookie, signed in without your sign-in page |
//! | what happens when the store is away, slow, or loses an answer | [`FaultyStore`]: fails by a script, always, or at random, and counts calls |
//! | what happens when two requests overlap in one order | a [`Gate`] of the same store: stops a call until you open it |
//! | what was told to observers | [`RecordingObserver`] |
//! | a store of your own | [`conformance_tests!`], [`outage_tests!`]: a test of each thing that a store must hold |
//! | anything that needs a server or a program | [`require`]: skips, visibly, where it is missing |

mod clock;
pub mod conformance;
mod faulty;
mod jar;
mod random;
mod recording;
mod require;

pub use self::clock::ManualClock;
pub use self::faulty::{Calls, Fault, FaultyStore, Gate, Method};
pub use self::jar::Jar;
pub use self::recording::RecordingObserver;
pub use self::require::require;
#[doc(inline)]
pub use crate::{__conformance_tests as conformance_tests, __outage_tests as outage_tests};
