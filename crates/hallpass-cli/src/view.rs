//! What the commands show, whichever home it comes from: the shapes of the service's API.

mod event;
mod explained;
mod foreign;
mod key;
mod session;
mod signing_key;

pub(crate) use self::event::{EVENT_COLUMNS, TIMELINE_COLUMNS, event_row, timeline_row};
pub(crate) use self::explained::Explained;
pub(crate) use self::foreign::{FOREIGN_COLUMNS, ForeignView, foreign_facts, foreign_row};
pub(crate) use self::key::{KEY_COLUMNS, key_row};
pub(crate) use self::session::{SESSION_COLUMNS, SessionView, session_facts, session_row};
pub(crate) use self::signing_key::{SIGNING_KEY_COLUMNS, signing_key_row};
