//! The audit trail: events in an order that nobody can change unnoticed.
//!
//! Each line is bound to the one before it by a hash, and the last of each batch is signed. Here is what is said and how it
//! is checked; a `Trail` keeps it.

mod chain;
mod checkpoint;
mod entry;
mod found;
#[cfg(feature = "jwt")]
mod key;
mod purge;
mod seal;
#[cfg(feature = "jwt")]
mod verify;

pub use self::chain::{ChainHash, InvalidChainHash};
pub use self::checkpoint::{Checkpoint, InvalidPublicAuditKey, PublicAuditKey, SignedText};
pub use self::entry::{Entry, Head, InvalidEntry, Line};
pub use self::found::{Break, BreakKind, Report};
#[cfg(feature = "jwt")]
pub use self::key::AuditKey;
pub use self::purge::Purged;
pub use self::seal::{Seal, SealedEvent};
#[cfg(feature = "jwt")]
pub use self::verify::Verifier;
