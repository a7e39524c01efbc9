//! Stateless JWT: the session is a signed token that everybody with the public key can verify and read.

use std::process::ExitCode;
use std::time::Duration;

use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use hallpass::http::{BearerCarrier, SessionLayer};
use hallpass::{Jwt, Key, KeyAlgorithm, KeyRing, Policy, Session, SessionsBuilder, SignIn, Subject};
use hallpass_sqlite::SqliteStore;
use shop::{Cart, Credentials, Failure, Order, Page, Visit};

fn main() -> ExitCode {
    shop::run(4002, "stateless-jwt.db", app)
}

/// Tests bring a builder with a clock of their own.
pub(crate) async fn app(sessions: SessionsBuilder, file: String) -> Result<Router, Failure> {
    // Timeouts: over after 30 minutes without a request, and after 4 hours whatever happens.
    let policy = Policy::builder().idle(Duration::from_mins(30)).absolute(Duration::from_hours(4)).build()?;
    // A key that lasts as long as the program. A shop with several nodes has one from a file, and changes it in turn.
    let keys = KeyRing::new([Key::generate(KeyAlgorithm::EdDsa)?])?;
    let jwt = Jwt::session(keys, "https://shop.example", "https://shop.example")?;
    // Without a store there is no way to end a token that somebody has copied.
    let sessions = sessions.carried(jwt).store(SqliteStore::open(&*file)?).policy(policy).build()?;
    shop::sweep(&sessions);

    // No cookie: `call.js` keeps the token in the memory of its page, where no other site and no reload finds it.
    let api = Router::new()
        .route("/visit", get(visit))
        .route("/cart", post(add))
        .route("/sign-in", post(sign_in))
        .route("/log-out", post(log_out))
        .layer(SessionLayer::new(sessions, BearerCarrier));
    Ok(api.route("/", get(home)).route("/call.js", get(script)))
}

async fn visit(session: Session) -> Result<Json<Visit>, Failure> {
    session.commit().await?; // what is shown is what was saved
    let visit = Visit::new(session.subject().as_ref(), session.get("cart")?);
    Ok(Json(visit.fact("Session", session.id()).until(session.deadlines())))
}

async fn add(session: Session, Json(order): Json<Order>) -> Result<Json<Visit>, Failure> {
    session.update("cart", move |cart: Option<Cart>| cart.unwrap_or_default().with(order.item))?;
    visit(session).await
}

/// Renewal at login: the token from before is dead at once. The cart comes along, since it is named.
async fn sign_in(session: Session, Json(credentials): Json<Credentials>) -> Result<Json<Visit>, Failure> {
    let customer = Subject::new(credentials.check()?.key)?;
    session.authenticate(SignIn::new(customer).keep("cart"))?;
    visit(session).await
}

/// Logout: writes into the store that the session has ended, for those who kept a copy, and has the page forget its token.
async fn log_out(session: Session) -> Result<Json<Visit>, Failure> {
    session.log_out();
    visit(session).await
}

async fn home() -> Page {
    Page::scripted("Stateless JWT")
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript")], include_str!("call.js"))
}
