//! What caches between the client and the application may keep.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hallpass::Session;
use hallpass::http::{CookieCarrier, SessionLayer};

use crate::app::{App, Browser, Reply, subject};

const PUBLIC: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=60")];

/// An application whose handlers say that shared caches may keep their answers.
fn cached() -> (App, Browser) {
    let mut app = App::new();
    let routes = Router::new()
        .route("/page", get(async |session: Session| (PUBLIC, format!("{:?}", session.subject())).into_response()))
        .route("/plain", get(async |session: Session| format!("{:?}", session.subject())))
        .route(
            "/login",
            get(async |session: Session| (PUBLIC, format!("{}", session.authenticate(subject("alice")).is_ok()))),
        )
        .route(
            "/logout",
            get(async |session: Session| {
                session.log_out();
                (PUBLIC, "bye")
            }),
        )
        .route("/asset", get(async || (PUBLIC, "no session asked for")));
    app.router = routes.layer(SessionLayer::new(app.sessions.clone(), CookieCarrier::default()));
    let browser = app.browser();
    (app, browser)
}

/// Asserts how many cookies a response sets, what it says to caches, and that it says so once.
#[track_caller]
fn assert_said(reply: &Reply, cookies: usize, cache_control: &str) {
    assert_eq!((reply.status, reply.set_cookies.len()), (StatusCode::OK, cookies), "{reply:?}");
    let said = |name| reply.headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(said(header::CACHE_CONTROL), [cache_control], "{reply:?}");
    assert_eq!(said(header::VARY), ["cookie"], "{reply:?}");
}

#[tokio::test]
async fn a_response_that_hands_out_a_token_is_not_stored_whatever_its_handler_says() {
    let (app, mut browser) = cached();
    assert_said(&browser.get("/login").await, 1, "no-store");
    app.advance(1500);
    assert_said(&browser.get("/page").await, 0, "public, max-age=60");
    app.advance(1500);
    assert_said(&browser.get("/page").await, 0, "public, max-age=60");
    app.advance(1500);
    assert_said(&browser.get("/page").await, 1, "no-store");
}

#[tokio::test]
async fn a_response_that_takes_a_token_away_is_not_stored_whatever_its_handler_says() {
    let (_, mut browser) = cached();
    browser.get("/login").await.expect(StatusCode::OK);
    assert_said(&browser.get("/logout").await, 1, "no-store");
}

#[tokio::test]
async fn a_response_that_reads_the_session_is_not_stored_unless_its_handler_says_so() {
    let (_, mut browser) = cached();
    for _ in 0..2 {
        assert_said(&browser.get("/plain").await, 0, "no-store");
        assert_said(&browser.get("/page").await, 0, "public, max-age=60");
        browser.get("/login").await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_response_without_a_session_is_left_as_its_handler_made_it() {
    let (_, mut browser) = cached();
    browser.get("/login").await.expect(StatusCode::OK);
    let asset = browser.get("/asset").await.expect(StatusCode::OK);
    assert_eq!(asset.headers.get(header::CACHE_CONTROL).expect("the handler's own"), "public, max-age=60");
    assert!(asset.headers.get(header::VARY).is_none() && asset.set_cookies.is_empty(), "{asset:?}");
}
