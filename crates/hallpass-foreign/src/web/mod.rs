//! The layer and the extractor for axum.

mod exchange;
mod layer;
mod refusal;
mod session;

pub use self::layer::{ForeignLayer, ForeignService};
pub use self::refusal::Refusal;
pub use self::session::ForeignSession;
