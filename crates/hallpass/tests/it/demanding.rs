//! Routes that ask for somebody who has signed in, how strongly, and how recently.

use std::time::Duration;

use axum::Router;
use axum::http::{Request, StatusCode, header};
use axum::routing::{get, post};
use hallpass::http::{Authenticated, CookieCarrier, Pages, RequireLayer, ReturnTo, SessionLayer};
use hallpass::{AtLevel, Fresh, Level, Policy, Session};

use crate::app::{App, Browser, Failure, Reply, subject};

/// An application with something behind each kind of demand.
fn app(pages: Option<Pages>) -> App {
    let mut app = App::with_policy(Policy::builder().lock_when_idle().build().expect("valid"));
    let fresh = Router::new()
        .route("/password", get(async || "changed").post(async || "changed"))
        .route_layer(RequireLayer::fresh(Duration::from_mins(5)));
    let nested = Router::new().route("/orders", get(async |user: Authenticated| user.subject().to_string()));
    let routes = Router::new()
        .route("/mine", get(async |user: Authenticated| user.subject().to_string()))
        .route("/strong", get(async |user: Authenticated<AtLevel<2>>| user.subject().to_string()))
        .route("/both", get(async |user: Authenticated<(AtLevel<2>, Fresh<60>)>| user.subject().to_string()))
        .route("/sign-in", get(async |to: ReturnTo| to.to_string()))
        .route("/login", post(async |session: Session| Ok::<_, Failure>(session.authenticate(subject("alice"))?)))
        .route(
            "/step-up",
            post(async |session: Session| {
                let proof = session.proof_again().expect("somebody has signed in");
                session.authenticate(proof.level(Level::TWO_FACTORS))
            }),
        )
        .merge(fresh)
        .nest("/shop", nested);
    let layer = SessionLayer::new(app.sessions.clone(), CookieCarrier::default());
    app.router = routes.layer(match pages {
        Some(pages) => layer.pages(pages),
        None => layer,
    });
    app
}

fn pages() -> Pages {
    Pages::sign_in_at("/sign-in").and_then(|pages| pages.step_up_at("/confirm")).expect("paths")
}

async fn signed_in(app: &App) -> Browser {
    let mut browser = app.browser();
    browser.visit(Request::post("/login"), "").await.expect(StatusCode::OK);
    browser
}

/// Goes to a page, as a browser says that it does.
async fn look(browser: &mut Browser, path: &str) -> Reply {
    let request = Request::get(path).header("sec-fetch-mode", "navigate").header(header::ACCEPT, "text/html,*/*");
    browser.visit(request, "").await
}

fn location(reply: &Reply) -> &str {
    reply.headers[header::LOCATION].to_str().expect("text")
}

#[tokio::test]
async fn a_handler_that_asks_for_somebody_gets_them_or_is_not_called() {
    let app = app(None);
    let reply = app.browser().get("/mine").await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(reply.code(), "inactive");
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/problem+json");
    assert!(reply.set_cookies.is_empty(), "who only asks gets no session");
    assert_eq!(signed_in(&app).await.get("/mine").await.expect(StatusCode::OK).body, "alice");
}

#[tokio::test]
async fn a_proof_that_is_too_weak_has_to_be_stepped_up() {
    let app = app(None);
    let mut alice = signed_in(&app).await;
    let reply = alice.get("/strong").await.expect(StatusCode::FORBIDDEN);
    assert_eq!(reply.code(), "step_up_required");
    assert!(reply.body.contains("\"level\":2") && !reply.body.contains("max_age"), "{}", reply.body);
    let before = alice.token();
    alice.visit(Request::post("/step-up"), "").await.expect(StatusCode::OK);
    assert_ne!(before, alice.token(), "REG-2: a step-up gives a new token");
    assert_eq!(alice.get("/strong").await.expect(StatusCode::OK).body, "alice");
}

#[tokio::test]
async fn pwd_3_a_proof_that_is_too_old_has_to_be_given_again() {
    let app = app(None);
    let mut alice = signed_in(&app).await;
    app.advance(300);
    alice.get("/password").await.expect(StatusCode::OK);
    app.advance(1);
    let reply = alice.get("/password").await.expect(StatusCode::FORBIDDEN);
    assert_eq!(reply.code(), "step_up_required");
    assert!(reply.body.contains("\"max_age\":300"), "{}", reply.body);
    alice.visit(Request::post("/step-up"), "").await.expect(StatusCode::OK);
    alice.get("/password").await.expect(StatusCode::OK);
    alice.get("/both").await.expect(StatusCode::OK);
    app.advance(61);
    alice.get("/both").await.expect(StatusCode::FORBIDDEN);
    alice.get("/strong").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_locked_session_is_told_apart_and_unlocked_by_its_own_user() {
    let app = app(None);
    let mut alice = signed_in(&app).await;
    app.advance(1800);
    assert_eq!(alice.get("/mine").await.expect(StatusCode::FORBIDDEN).code(), "locked");
    alice.visit(Request::post("/step-up"), "").await.expect(StatusCode::OK);
    assert_eq!(alice.get("/mine").await.expect(StatusCode::OK).body, "alice");
}

#[tokio::test]
async fn who_looks_at_a_page_is_sent_to_where_they_can_do_something_about_it() {
    let app = app(Some(pages()));
    let mut browser = app.browser();
    let reply = look(&mut browser, "/mine?page=2").await.expect(StatusCode::SEE_OTHER);
    assert_eq!(location(&reply), "/sign-in?return_to=%2Fmine%3Fpage%3D2");
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    let sign_in = location(&reply).to_owned();
    assert_eq!(look(&mut browser, &sign_in).await.body, "/mine?page=2", "and from there back");

    browser.visit(Request::post("/login"), "").await.expect(StatusCode::OK);
    let reply = look(&mut browser, "/strong").await.expect(StatusCode::SEE_OTHER);
    assert_eq!(location(&reply), "/confirm?return_to=%2Fstrong");
    app.advance(301);
    let reply = look(&mut browser, "/password").await.expect(StatusCode::SEE_OTHER);
    assert_eq!(location(&reply), "/confirm?return_to=%2Fpassword");
}

#[tokio::test]
async fn a_script_of_the_same_page_is_told_and_not_sent_anywhere() {
    let app = app(Some(pages()));
    let request = Request::get("/mine").header("sec-fetch-mode", "cors").header(header::ACCEPT, "text/html,*/*");
    let reply = app.browser().visit(request, "").await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(reply.code(), "inactive");
}

#[tokio::test]
async fn in_a_nested_router_the_way_back_is_the_whole_one() {
    let app = app(Some(pages()));
    let reply = look(&mut app.browser(), "/shop/orders?a").await.expect(StatusCode::SEE_OTHER);
    assert_eq!(location(&reply), "/sign-in?return_to=%2Fshop%2Forders%3Fa");
}

#[tokio::test]
async fn nobody_is_led_to_another_site_by_the_way_back() {
    let app = app(Some(pages()));
    for bad in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript%3Aalert(1)"] {
        let reply = look(&mut app.browser(), &format!("/sign-in?return_to={bad}")).await;
        assert_eq!(reply.body, "/", "{bad}");
    }
}

#[tokio::test]
async fn an_outage_is_no_reason_to_sign_in() {
    let app = app(Some(pages()));
    let mut alice = signed_in(&app).await;
    app.store.outage(true);
    let reply = look(&mut alice, "/mine").await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.code(), "unavailable");
    look(&mut alice, "/password").await.expect(StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_route_without_the_layer_is_a_mistake_that_nobody_gets_past() {
    let mut app = app(None);
    app.router = Router::new().route("/mine", get(async |user: Authenticated| user.subject().to_string()));
    app.browser().get("/mine").await.expect(StatusCode::INTERNAL_SERVER_ERROR);
}
