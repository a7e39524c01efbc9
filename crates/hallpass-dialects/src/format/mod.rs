//! The formats, each in a folder with what reads and what writes it; nothing here knows of sessions.

pub(crate) mod compress;
pub(crate) mod gob;
pub(crate) mod jdk;
pub(crate) mod json;
pub(crate) mod lenient;
pub(crate) mod msgpack;
pub(crate) mod pickle;
