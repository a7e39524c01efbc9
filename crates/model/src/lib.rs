//! Proof, within bounds, that the renewal rules of hallpass keep what they promise.
//!
//! [`World`] is a small world of a client, a thief, two nodes over one store, and a network that loses, delays and
//! reorders; a model checker walks through every schedule of it. [`tabs`] is the same for 64 tabs at once. The rules
//! are not written again here: every step asks the real [`Chain`](hallpass::Chain). [`fleet`] runs millions of
//! requests of many sessions through the same [`Server`].
//!
//! What is checked, within which bounds, and what remains is in the README of this crate.

mod party;
mod record;
mod secrets;
mod server;
mod world;
pub mod worlds;

pub use self::party::{Jar, Party, Who};
pub use self::record::{End, Record};
pub use self::secrets::Name;
pub use self::server::{Answer, Ask, Decision, Fault, Server};
pub use self::world::{Action, Apart, Bounds, Job, Message, Sight, Violation, World, WorldState, always};
