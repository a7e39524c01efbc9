//! Database with an audit trail: what happens to a session is written in the transaction that makes it happen.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Form, Request};
use axum::middleware::map_request;
use axum::response::Redirect;
use axum::routing::{get, post};
use hallpass::http::{ClientAddress, CookieCarrier, CsrfGuard, CsrfLayer, SessionLayer};
use hallpass::{Event, EventQuery, PageLimit, Policy, Session, SessionsBuilder, SignIn, Subject};
use hallpass_sqlite::SqliteStore;
use shop::{Cart, Credentials, Failure, Order, Page, Visit};

fn main() -> ExitCode {
    shop::run(4006, "audited.db", app)
}

/// Tests bring a builder with a clock of their own.
pub(crate) async fn app(sessions: SessionsBuilder, file: String) -> Result<Router, Failure> {
    // Timeouts: over after 30 minutes without a request, and after 4 hours whatever happens.
    let policy = Policy::builder().idle(Duration::from_mins(30)).absolute(Duration::from_hours(4)).build()?;
    let sessions = sessions.store(SqliteStore::open(&*file)?).policy(policy).build()?;
    shop::sweep(&sessions);

    // Secure cookie: also HttpOnly, SameSite=Lax, and by its name for this host alone.
    let cookie = CookieCarrier::builder().name("__Host-audited").build()?;
    Ok(Router::new()
        .route("/", get(home))
        .route("/cart", post(add))
        .route("/sign-in", post(sign_in))
        .route("/log-out", post(log_out))
        .layer(CsrfLayer::new(CsrfGuard::default())) // nothing changes for a page of another site
        .layer(SessionLayer::new(sessions, cookie))
        .layer(map_request(note_address)))
}

/// Where a request comes from is a part of the trail. Behind a proxy this is the proxy.
async fn note_address(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(ClientAddress(peer.ip()));
    request
}

/// Who is signed in sees what happened to them, in this session and in all others.
async fn home(session: Session) -> Result<Page, Failure> {
    let visit = Visit::new(session.subject().as_ref(), session.get("cart")?);
    let page = Page::new("Audited database", visit.fact("Session", session.id()).until(session.deadlines()));
    let Some(customer) = session.subject() else { return Ok(page) };
    let mut query = EventQuery::default();
    query.subject = Some(customer);
    query.limit = PageLimit::MOST;
    let events = session.sessions().events(&query).await?;
    Ok(page.trail(events.items.iter().rev().map(line)))
}

fn line(event: &Event) -> String {
    let Event { at, kind, actor, reason, origin, .. } = event;
    let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let from = origin.ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    format!("{at} {kind}{reason} by {actor}{from}")
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
