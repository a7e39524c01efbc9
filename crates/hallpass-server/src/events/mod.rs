//! What happened, as pages and as a live stream.

mod news;
pub(crate) mod page;
pub(crate) mod stream;
mod tell;

pub(crate) use self::news::News;
pub(crate) use self::page::{EventSchema, after};
pub(crate) use self::tell::tell;
