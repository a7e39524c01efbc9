//! Sessions and what belongs to them as JSON, the same over HTTP and straight from a store.

mod explanation;
mod integers;
mod label;
mod session;
mod timeline;

use self::integers::readable;
pub(crate) use self::label::label;
pub(crate) use self::session::data_of;
pub use self::session::{ClientView, EndedView, SessionView};
pub use self::timeline::{Ending, EndingPolicy, TimelineView, Timeouts};
