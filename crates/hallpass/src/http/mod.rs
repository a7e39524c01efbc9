//! Sessions over HTTP: where tokens travel, and the middleware that opens and commits sessions.

#[cfg(feature = "tower")]
mod background;
mod bearer;
mod carrier;
mod cookie;
mod csrf;
mod exchange;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "tower")]
mod layer;
mod pages;
mod presented;
mod problem;
mod rejection;
#[cfg(feature = "axum")]
mod require;
mod return_to;
mod sender;

#[cfg(feature = "tower")]
pub use self::background::{BackgroundLayer, BackgroundService};
pub use self::bearer::BearerCarrier;
pub use self::carrier::{Carrier, Presented};
pub use self::cookie::{CookieBuilder, CookieCarrier, InvalidCookie, SameSite, SiteData};
pub use self::csrf::{CsrfBuilder, CsrfGuard, InvalidCsrf, Judgement, Suspicion};
#[cfg(feature = "axum")]
pub use self::csrf::{CsrfLayer, CsrfResponseFuture, CsrfService};
pub use self::exchange::{Exchange, HttpSessions};
#[cfg(feature = "axum")]
pub use self::extract::{Authenticated, Background, SessionOf};
#[cfg(feature = "tower")]
pub use self::layer::{ResponseFuture, SessionLayer, SessionService};
pub use self::pages::{InvalidPages, Pages};
pub use self::problem::Problem;
pub use self::rejection::SessionRejection;
#[cfg(feature = "axum")]
pub use self::require::{RequireFuture, RequireLayer, RequireService};
pub use self::return_to::ReturnTo;
pub use self::sender::ClientAddress;
