//! Server-side session: the browser holds a cookie that points, and the store holds all the rest.

use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::Form;
use axum::response::Redirect;
use axum::routing::{get, post};
use hallpass::http::{CookieCarrier, CsrfGuard, CsrfLayer, SessionLayer};
use hallpass::{Policy, Session, SessionsBuilder, SignIn, Subject};
use hallpass_sqlite::SqliteStore;
use shop::{Cart, Credentials, Failure, Order, Page, Visit};

fn main() -> ExitCode {
    shop::run(4001, "server-side.db", app)
}

/// Tests bring a builder with a clock of their own.
pub(crate) async fn app(sessions: SessionsBuilder, file: String) -> Result<Router, Failure> {
    // Timeouts: over after 30 minutes without a request, and after 4 hours whatever happens.
    let policy = Policy::builder().idle(Duration::from_mins(30)).absolute(Duration::from_hours(4)).build()?;
    let sessions = sessions.store(SqliteStore::open(&*file)?).policy(policy).build()?;
    shop::sweep(&sessions);

    // Secure cookie: also HttpOnly, SameSite=Lax, and by its name for this host alone.
    let cookie = CookieCarrier::builder().name("__Host-server-side").build()?;
    Ok(Router::new()
        .route("/", get(home))
        .route("/cart", post(add))
        .route("/sign-in", post(sign_in))
        .route("/log-out", post(log_out))
        .layer(CsrfLayer::new(CsrfGuard::default())) // nothing changes for a page of another site
        .layer(SessionLayer::new(sessions, cookie)))
}

async fn home(session: Session) -> Result<Page, Failure> {
    let visit = Visit::new(session.subject().as_ref(), session.get("cart")?);
    Ok(Page::new("Server-side session", visit.fact("Session", session.id()).until(session.deadlines())))
}

/// One atomic step, so that of any number of tabs that add at once none is lost.
async fn add(session: Session, Form(order): Form<Order>) -> Result<Redirect, Failure> {
    session.update("cart", move |cart: Option<Cart>| cart.unwrap_or_default().with(order.item))?;
    Ok(Redirect::to("/"))
}

/// Renewal at login: the token from before is dead at once. The cart comes along, since it is named.
async fn sign_in(session: Session, Form(credentials): Form<Credentials>) -> Result<Redirect, Failure> {
    let customer = Subject::new(credentials.check()?.key)?;
    session.authenticate(SignIn::new(customer).keep("cart"))?;
    Ok(Redirect::to("/"))
}

/// Logout: ends the session in the store, and removes the cookie.
async fn log_out(session: Session) -> Redirect {
    session.log_out();
    Redirect::to("/")
}
