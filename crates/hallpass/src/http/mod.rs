//! Sessions over HTTP: where tokens travel, and the middleware that opens and commits sessions.

mod bearer;
mod carrier;
mod cookie;
mod exchange;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "tower")]
mod layer;
mod presented;
mod problem;
mod sender;

pub use self::bearer::BearerCarrier;
pub use self::carrier::{Carrier, Presented};
pub use self::cookie::{CookieBuilder, CookieCarrier, InvalidCookie, SameSite};
pub use self::exchange::{Exchange, HttpSessions};
#[cfg(feature = "axum")]
pub use self::extract::SessionRejection;
#[cfg(feature = "tower")]
pub use self::layer::{ResponseFuture, SessionLayer, SessionService};
pub use self::problem::Problem;
pub use self::sender::ClientAddress;
