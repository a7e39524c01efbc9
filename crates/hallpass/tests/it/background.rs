//! What a page does by itself: it puts off no timeout.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use hallpass::http::{Background, BackgroundLayer};
use hallpass::{Attribute, Session};

use crate::app::{App, Browser, Failure};

const SEEN: Attribute<u32> = Attribute::new("news", "seen");

fn app() -> App {
    let quiet = Router::new()
        .route("/news", get(async |session: Session| format!("{:?}", session.subject())))
        .route_layer(BackgroundLayer);
    App::new().routes(
        Router::new()
            .route("/page", get(async |session: Session| format!("{:?}", session.subject())))
            .route(
                "/login/{who}",
                get(async |session: Session| Ok::<_, Failure>(session.authenticate(crate::app::subject("alice"))?)),
            )
            .route("/time-left", get(time_left))
            .route(
                "/news-read",
                get(async |session: Background| {
                    Ok::<_, Failure>(SEEN.update(&session, |seen| seen.unwrap_or(0) + 1)?.to_string())
                }),
            )
            .merge(quiet),
    )
}

/// Tells in how many seconds the session ends for being unused, and in how many it ends whatever happens.
async fn time_left(session: Background) -> String {
    session.time_left().map_or_else(String::new, |left| format!("{} {}", left.idle.as_secs(), left.absolute.as_secs()))
}

async fn left(browser: &mut Browser) -> String {
    browser.get("/time-left").await.expect(StatusCode::OK).body
}

#[tokio::test]
async fn tmo_12_the_time_that_is_left_is_told_without_touching_it() {
    let app = app();
    let mut alice = app.signed_in("alice").await;
    alice.get("/page").await.expect(StatusCode::OK);
    let before = app.store.calls();
    app.advance(1000);
    assert_eq!(left(&mut alice).await, "800 13400");
    app.advance(790);
    assert_eq!(left(&mut alice).await, "10 12610");
    let calls = app.store.calls();
    assert_eq!((calls.save, calls.touch), (before.save, before.touch), "nothing is written");
    app.advance(10);
    assert_eq!(left(&mut alice).await, "", "and the session is over all the same");
    assert_eq!(app.browser().get("/time-left").await.expect(StatusCode::OK).body, "");
}

#[tokio::test]
async fn tmo_5_an_open_page_that_polls_does_not_keep_the_session_alive() {
    let app = app();
    let mut alice = app.signed_in("alice").await;
    alice.get("/page").await.expect(StatusCode::OK);
    for _ in 0..29 {
        app.advance(60);
        assert!(alice.get("/news").await.expect(StatusCode::OK).body.contains("alice"));
    }
    app.advance(60);
    assert_eq!(alice.get("/news").await.expect(StatusCode::OK).body, "None");
}

#[tokio::test]
async fn tmo_5_nor_does_what_it_saves() {
    let app = app();
    let mut alice = app.signed_in("alice").await;
    alice.get("/page").await.expect(StatusCode::OK);
    app.advance(1000);
    assert_eq!(alice.get("/news-read").await.expect(StatusCode::OK).body, "1");
    assert_eq!(left(&mut alice).await, "800 13400");
    assert_eq!(alice.get("/news-read").await.expect(StatusCode::OK).body, "2", "and it is saved");
    app.advance(799);
    alice.get("/page").await.expect(StatusCode::OK);
    assert_eq!(left(&mut alice).await, "1800 12601", "a page that its user asks for does");
}

#[tokio::test]
async fn a_page_that_polls_renews_no_token() {
    let app = app();
    let mut alice = app.signed_in("alice").await;
    alice.get("/page").await.expect(StatusCode::OK);
    for _ in 0..2 {
        app.advance(1750);
        alice.get("/page").await.expect(StatusCode::OK);
    }
    app.advance(200);
    assert!(alice.get("/news").await.expect(StatusCode::OK).set_cookies.is_empty(), "the renewal is due for 100 s");
    assert_eq!(alice.get("/page").await.expect(StatusCode::OK).set_cookies.len(), 1);
}
