//! What happened, as pages and as a live stream.

mod news;
pub(crate) mod page;
pub(crate) mod stream;

pub(crate) use self::news::News;
pub(crate) use self::page::{EventSchema, after};
