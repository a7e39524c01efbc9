//! Sessions over HTTP: where tokens travel, and the middleware that opens and commits sessions.

mod bearer;
mod carrier;
mod cookie;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "tower")]
mod layer;
mod problem;

pub use self::bearer::BearerCarrier;
pub use self::carrier::{Carrier, Presented};
pub use self::cookie::{CookieBuilder, CookieCarrier, InvalidCookie, SameSite};
#[cfg(feature = "axum")]
pub use self::extract::SessionRejection;
#[cfg(feature = "tower")]
pub use self::layer::{ClientAddress, ResponseFuture, SessionLayer, SessionService};
pub use self::problem::Problem;
