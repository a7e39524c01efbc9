//! What the commands show, whichever home it comes from: the shapes of the service's API.

mod event;
mod key;
mod session;

pub(crate) use self::event::{EVENT_COLUMNS, TIMELINE_COLUMNS, event_row, timeline_row};
pub(crate) use self::key::{KEY_COLUMNS, key_row};
pub(crate) use self::session::{SESSION_COLUMNS, SessionView, session_facts, session_row};
