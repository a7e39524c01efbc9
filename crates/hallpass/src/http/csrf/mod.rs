//! Whether a request that would change something comes from the application's own pages.

mod builder;
mod guard;
#[cfg(feature = "axum")]
mod layer;
mod source;

pub use self::builder::{CsrfBuilder, InvalidCsrf};
pub use self::guard::{CsrfGuard, Judgement, Suspicion};
#[cfg(feature = "axum")]
pub use self::layer::{CsrfLayer, CsrfResponseFuture, CsrfService};
