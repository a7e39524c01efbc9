//! Proof, within bounds, that the renewal rules of hallpass keep what they promise.
//!
//! [`World`] is a small world of a client, a thief, two nodes over one store, and a network that loses, delays and
//! reorders; a model checker walks through every schedule of it. [`tabs`] is the same for 64 tabs at once. The rules
//! are not written again here: every step asks the real [`Chain`](hallpass::Chain). [`fleet`] runs millions of
//! requests of many sessions through the same [`Server`].
//!
//! What is checked, within which bounds, and what remains is in the README of this crate.

mod decision;
pub mod fleet;
mod party;
mod record;
mod secrets;
mod server;
pub mod tabs;
mod world;
pub mod worlds;

pub use self::decision::{Answer, Decision};
pub use self::party::{Jar, Party, Who};
pub use self::record::Record;
pub use self::secrets::Name;
pub use self::server::{Ask, Change, End, Fault, Server, Verdict};
pub use self::world::{
    Action, Apart, Bounds, Job, Message, Sight, Stands, Theft, Violation, World, WorldState, always,
};
