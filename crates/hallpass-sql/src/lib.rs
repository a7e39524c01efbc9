//! What the SQL stores of [`hallpass`] share, written once: how a record becomes a row, how a question becomes a
//! condition, in which order migrations run, how news is told and heard, and what failures mean.
//!
//! There is no driver here and no I/O. A store brings its driver, the [`Dialect`] of its database and its statements.
//! This crate serves those stores only and promises nothing to others.

mod checkup;
mod condition;
mod damage;
mod dialect;
mod event;
mod feed;
mod lead;
mod migration;
mod news;
mod open_error;
mod outcome;
mod seal;
mod session;
mod sweep;
#[cfg(feature = "testing")]
pub mod testing;
mod usage;
mod value;

pub use crate::checkup::{index_finding, table_finding};
pub use crate::condition::{Condition, OF_APPLICATIONS};
pub use crate::damage::{Damage, Table, Width};
pub use crate::dialect::Dialect;
pub use crate::event::{EVENT_COLUMNS, StoredEvent, event_values};
pub use crate::feed::Feed;
pub use crate::lead::Lead;
pub use crate::migration::{Migration, NewerSchema, latest, pending};
pub use crate::news::{News, is_news};
pub use crate::open_error::OpenError;
pub use crate::outcome::outcome;
pub use crate::seal::{SEAL_COLUMNS, StoredSeal, seal_values};
pub use crate::session::{SESSION_COLUMNS, SESSION_VALUES, StoredSession, session_values};
pub use crate::sweep::sweep;
pub use crate::usage::{InvalidOption, Usage, is_this_machine};
pub use crate::value::{CorruptRow, Value, address, instant, instant_from, version, version_from};
