//! Hybrid: a short JWT that is trusted without a question, and behind it a session in the store that can be taken away.

use std::process::ExitCode;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hallpass::http::{CookieCarrier, CsrfGuard, CsrfLayer, SameSite, SessionLayer};
use hallpass::{Caller, Jwt, Key, KeyAlgorithm, KeyRing, Policy, Session, Sessions, SessionsBuilder, SignIn, Subject};
use hallpass_sqlite::SqliteStore;
use serde::Serialize;
use shop::{Cart, Credentials, Customer, Failure, Order, Page, Visit};

fn main() -> ExitCode {
    shop::run(4003, "hybrid.db", app)
}

/// Tests bring a builder with a clock of their own.
pub(crate) async fn app(sessions: SessionsBuilder, file: String) -> Result<Router, Failure> {
    // Timeouts: over after 30 minutes without a request, and after 4 hours whatever happens.
    let policy = Policy::builder().idle(Duration::from_mins(30)).absolute(Duration::from_hours(4)).build()?;
    // A key that lasts as long as the program. A shop with several nodes has one from a file, and changes it in turn.
    let keys = KeyRing::new([Key::generate(KeyAlgorithm::EdDsa)?])?;
    let jwt = Jwt::access(keys, "https://shop.example", "https://shop.example/account")?;
    let sessions = sessions.store(SqliteStore::open(&*file)?).access_tokens(jwt, Duration::from_mins(5));
    let sessions = sessions.policy(policy).build()?;
    shop::sweep(&sessions);

    // Secure cookie: also HttpOnly, and by its name for this host alone. It is the refresh token.
    let cookie = CookieCarrier::builder().name("__Host-refresh").same_site(SameSite::Strict).build()?;
    let by_cookie = Router::new()
        .route("/visit", get(visit))
        .route("/cart", post(add))
        .route("/sign-in", post(sign_in))
        .route("/log-out", post(log_out))
        .route("/token", post(token))
        .layer(CsrfLayer::new(CsrfGuard::default())) // nothing changes for a page of another site
        .layer(SessionLayer::new(sessions.clone(), cookie));
    let by_token = Router::new().route("/account", get(account)).with_state(sessions);
    Ok(by_cookie.merge(by_token).route("/", get(home)).route("/call.js", get(script)).route("/session.js", get(client)))
}

async fn visit(session: Session) -> Result<Json<Visit>, Failure> {
    session.commit().await?; // what is shown is what was saved
    let visit = Visit::new(None, session.get("cart")?);
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

/// Logout: ends the session in the store and with it its access tokens, and removes the cookie.
async fn log_out(session: Session) -> Result<Json<Visit>, Failure> {
    session.log_out();
    visit(session).await
}

/// As OAuth 2.0 has it (RFC 6749, section 5.1).
#[derive(Serialize)]
struct Granted {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// Gives whoever is signed in by the cookie the next access token; anybody else is to sign in.
async fn token(session: Session) -> Result<Response, Failure> {
    let Some(record) = session.record() else { return Ok(StatusCode::UNAUTHORIZED.into_response()) };
    let sessions = session.sessions();
    let Some(access) = sessions.access_token(&record).await? else {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    };
    let expires_in = access.expires_at.since(sessions.now()).as_secs();
    Ok(Json(Granted { access_token: access.token.expose().to_owned(), token_type: "Bearer", expires_in })
        .into_response())
}

/// What only the customer is to see: by the access token, wherever it comes from, and without a cookie.
async fn account(State(sessions): State<Sessions>, headers: HeaderMap) -> Result<Json<&'static Customer>, StatusCode> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    match sessions.verify_access(token, None, &Caller::user()).await {
        Ok(carried) => {
            let subject = carried.record.subject.as_ref();
            let customer = subject.and_then(|subject| Customer::find(subject.as_str()));
            customer.map(Json).ok_or(StatusCode::UNAUTHORIZED)
        }
        Err(error) if error.is_inactive() => Err(StatusCode::UNAUTHORIZED),
        Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn home() -> Page {
    Page::scripted("Hybrid")
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript")], include_str!("call.js"))
}

/// What any page of this pattern can use: it refreshes once for all tabs, and an outage is no logout to it.
async fn client() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript")], include_str!("session.js"))
}
