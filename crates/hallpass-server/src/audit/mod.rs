//! The audit trail of a service: sealed in the background, shown, exported, checked, and purged by policy.

mod actions;
mod export;
mod key;
mod lease;
pub(crate) mod page;
mod policy;
mod refusals;
mod retention;
mod sealer;
mod sealing;
mod state;
mod trail;

pub(crate) use self::actions::{Actions, route};
pub use self::export::Export;
pub use self::key::{AuditKeyError, AuditKeys, UNSIGNED_ADVICE};
pub(crate) use self::policy::tell_policy;
pub(crate) use self::refusals::{Refusals, channel as refusals};
pub(crate) use self::sealer::Sealer;
pub use self::sealing::{Sealing, Step};
pub use self::state::AuditState;
pub use self::trail::{AuditTrail, NO_TRAIL};
