//! Sticky sessions in local memory: no store is asked over a network, and something in front keeps users on their node.

use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use hallpass::http::{CookieCarrier, CsrfGuard, CsrfLayer, SessionLayer};
use hallpass::{MemoryStore, Policy, Session, SessionsBuilder, SignIn, Subject};
use shop::{Cart, Credentials, Failure, Order, Page, Visit};

fn main() -> ExitCode {
    shop::run(4005, "a", app)
}

/// Tests bring a builder with a clock of their own.
pub(crate) async fn app(sessions: SessionsBuilder, node: String) -> Result<Router, Failure> {
    // Timeouts: over after 30 minutes without a request, and after 4 hours whatever happens.
    let policy = Policy::builder().idle(Duration::from_mins(30)).absolute(Duration::from_hours(4)).build()?;
    let sessions = sessions.store(MemoryStore::new()).policy(policy).build()?;
    shop::sweep(&sessions);

    // Secure cookie: also HttpOnly, SameSite=Lax, and by its name for this host alone. The name also says which node has
    // the session: what stands in front goes by it, and a stray request to another node takes nothing away.
    let cookie = CookieCarrier::builder().name(format!("__Host-node-{node}")).build()?;
    Ok(Router::new()
        .route("/", get(home))
        .route("/cart", post(add))
        .route("/sign-in", post(sign_in))
        .route("/log-out", post(log_out))
        .layer(CsrfLayer::new(CsrfGuard::default())) // nothing changes for a page of another site
        .layer(SessionLayer::new(sessions, cookie))
        .with_state(node))
}

async fn home(State(node): State<String>, session: Session) -> Result<Page, Failure> {
    let visit = Visit::new(session.subject().as_ref(), session.get("cart")?).fact("Node", Some(node));
    Ok(Page::new("Sticky, in local memory", visit.fact("Session", session.id()).until(session.deadlines())))
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

/// Logout: ends the session in memory, and removes the cookie.
async fn log_out(session: Session) -> Redirect {
    session.log_out();
    Redirect::to("/")
}
