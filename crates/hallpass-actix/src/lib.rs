//! [`hallpass`] for actix-web: the same engine, the same cookies and the same answers as its layer for axum.
//!
//! ```
//! use actix_web::{App, HttpServer, web};
//! use hallpass::http::CookieCarrier;
//! use hallpass::{MemoryStore, Sessions, Subject};
//! use hallpass_actix::{Error, Session, SessionMiddleware};
//!
//! async fn visits(session: Session) -> Result<String, Error> {
//!     let visits = session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
//!     Ok(format!("visit {visits}"))
//! }
//!
//! // Once the password was right:
//! async fn sign_in(session: Session) -> Result<&'static str, actix_web::Error> {
//!     let alice = Subject::new("alice").map_err(actix_web::error::ErrorBadRequest)?;
//!     session.authenticate(alice).map_err(Error::from)?;
//!     Ok("welcome")
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
//! let middleware = SessionMiddleware::new(sessions, CookieCarrier::default());
//! let server = HttpServer::new(move || {
//!     App::new()
//!         .wrap(middleware.clone())
//!         .route("/", web::get().to(visits))
//!         .route("/sign-in", web::post().to(sign_in))
//! });
//! # drop(server);
//! # Ok(())
//! # }
//! ```
//!
//! [`Sessions`](hallpass::Sessions) are made once, before the server: each worker gets a clone, and all workers have the
//! same sessions. Policies, stores, carriers and everything else are those of [`hallpass`].
//!
//! # What is different from axum
//!
//! - A handler takes [`Session`], [`SessionOf`], [`Authenticated`], [`Background`] and [`ReturnTo`] of this crate, which
//!   deref to those of hallpass: actix-web cannot extract types of other crates. [`Session::into_session`] gives it to code
//!   that knows hallpass alone.
//! - What is a layer there is middleware here: [`SessionMiddleware`], [`RequireMiddleware`], [`BackgroundMiddleware`],
//!   [`CsrfMiddleware`]. `wrap` puts it around what was wrapped before, so the session goes last.
//! - An error that other middleware returns in the place of a response becomes one further out; what the session asks of
//!   the client is written to it then.
//!
//! # What outlives its request
//!
//! A stream ends with its session if it is wrapped in [`while_active`](hallpass::Session::while_active); a task or a web
//! socket waits for [`until_over`](hallpass::Session::until_over).
//!
//! ```
//! use std::convert::Infallible;
//!
//! use actix_web::HttpResponse;
//! use actix_web::web::Bytes;
//! use futures_util::stream;
//! use hallpass_actix::Authenticated;
//!
//! async fn events(user: Authenticated) -> HttpResponse {
//!     let events = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(b"data: tick\n\n")));
//!     HttpResponse::Ok().content_type("text/event-stream").streaming(Box::pin(user.while_active(events)))
//! }
//! # actix_web::App::new().route("/events", actix_web::web::get().to(events));
//! ```
//!
//! # When the store is away
//!
//! As everywhere in hallpass: whoever needs the session gets 503 with `Retry-After` and keeps the cookie, and whoever does
//! not, notices nothing.
//!
//! # Testing
//!
//! One acceptance suite drives this crate and the layer for axum over HTTP, with the same cases.

mod background;
mod csrf;
mod error;
mod extract;
mod headers;
mod middleware;
mod place;
mod rejection;
mod require;

pub use self::background::{BackgroundMiddleware, BackgroundService};
pub use self::csrf::{CsrfMiddleware, CsrfService};
pub use self::error::Error;
pub use self::extract::{Authenticated, Background, ReturnTo, Session, SessionOf};
pub use self::middleware::{ResponseFuture, SessionMiddleware, SessionService};
pub use self::rejection::SessionRejection;
pub use self::require::{RequireMiddleware, RequireService};
