//! The data of sessions as the API takes and changes it: a JSON object, checked whole before it is stored.

mod etag;
mod object;
mod patch;

pub(crate) use self::etag::{ETag, Precondition};
pub(crate) use self::object::Object;
pub(crate) use self::patch::patched;
