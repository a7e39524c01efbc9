//! Requests that show a token which its living session has left behind.

use axum::http::StatusCode;
use hallpass::{Caller, EndReason, EventKind, ReferenceToken, SessionId, SessionSecret};

use crate::app::{App, Browser, subject};

/// A browser whose session was renewed once, and the cookie from before; the new one was used.
async fn renewed(app: &App) -> (Browser, Option<String>) {
    let mut browser = app.signed_in("alice").await;
    let old = browser.jar.clone();
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    session.renew();
    session.commit().await.expect("saved");
    let hallpass::Outgoing::Hand(token, _) = session.outgoing() else { panic!("there is a next token") };
    browser.jar = Some(format!("__Host-sid={}", token.expose()));
    assert_eq!(browser.who().await, "alice");
    app.advance(31);
    (browser, old)
}

fn id(browser: &Browser) -> SessionId {
    ReferenceToken::parse(browser.token()).expect("ours").id
}

async fn reason(app: &App, id: &SessionId) -> Option<EndReason> {
    let record = app.sessions.find(id).await.expect("it is there").expect("a record");
    record.ended.map(|ended| ended.reason)
}

#[tokio::test]
async fn a_late_write_from_before_a_login_takes_no_cookie_away() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    let anonymous = browser.jar.clone();
    browser.get("/login/alice").await.expect(StatusCode::OK);
    app.advance(100);
    let reply = browser.send("/count/visits", anonymous.as_deref()).await;
    assert!(reply.set_cookies.is_empty(), "{reply:?}");
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::UNAUTHORIZED, "inactive"));
    assert_eq!(app.observer.count(&EventKind::ChangesDiscarded), 1);
    let reply = browser.send("/who", anonymous.as_deref()).await.expect(StatusCode::OK);
    assert_eq!((reply.body.as_str(), reply.set_cookies.len()), ("nobody", 0), "who only reads is nobody");
    assert_eq!(browser.who().await, "alice");

    app.advance(51);
    let reply = browser.send("/count/visits", anonymous.as_deref()).await.expect(StatusCode::OK);
    assert_eq!(reply.set_cookies.len(), 1, "so late, it is somebody who has only that cookie");
}

#[tokio::test]
async fn a_late_write_from_before_a_renewal_takes_no_cookie_away() {
    let app = App::new();
    let (mut browser, old) = renewed(&app).await;
    let reply = browser.send("/count/visits", old.as_deref()).await;
    assert!(reply.set_cookies.is_empty(), "{reply:?}");
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn a_forged_token_of_a_session_does_not_hinder_a_new_one() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let present = ReferenceToken::parse(browser.token()).expect("ours");
    let forged = ReferenceToken { secret: SessionSecret::random(), ..present };
    let cookie = format!("__Host-sid={}", forged.encode().expose());
    let reply = browser.send("/count/visits", Some(&cookie)).await.expect(StatusCode::OK);
    assert_eq!(reply.set_cookies.len(), 1);
}

#[tokio::test]
async fn a_logout_with_a_token_that_was_replaced_ends_the_session() {
    let app = App::new();
    for is_by_hand in [false, true] {
        let (mut browser, old) = renewed(&app).await;
        let session = id(&browser);
        if is_by_hand {
            let old = old.as_deref().and_then(|pair| pair.split_once('=')).expect("a cookie").1;
            app.sessions.log_out(old, &Caller::user()).await.expect("saved");
        } else {
            let reply = browser.send("/logout", old.as_deref()).await.expect(StatusCode::OK);
            assert_eq!(reply.set_cookies.len(), 1, "it is removed");
        }
        assert_eq!(reason(&app, &session).await, Some(EndReason::Logout));
        assert_eq!(browser.who().await, "nobody", "whoever went on with it is out as well");
    }
}

#[tokio::test]
async fn a_logout_with_a_forged_or_older_token_ends_nothing() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let old = browser.jar.clone();
    let present = ReferenceToken::parse(browser.token()).expect("ours");
    let forged = ReferenceToken { secret: SessionSecret::random(), ..present }.encode();
    app.sessions.log_out(forged.expose(), &Caller::user()).await.expect("nothing to do");
    app.advance(1);
    browser.get("/role-change").await.expect(StatusCode::OK);
    browser.send("/logout", old.as_deref()).await.expect(StatusCode::OK);
    assert_eq!(browser.who().await, "alice", "a token of an older chain cannot be told from a forged one");
}

#[tokio::test]
async fn a_logout_in_an_outage_says_so_also_with_a_token_that_was_replaced() {
    let app = App::new();
    let (mut browser, old) = renewed(&app).await;
    app.store.script(hallpass::testing::Method::Save, [hallpass::testing::Fault::Unavailable]);
    let reply = browser.send("/logout", old.as_deref()).await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.set_cookies.len(), 1, "the client wants to be logged out");
    assert_eq!(browser.who().await, "alice");
    assert_eq!(app.sessions.of_subject(&subject("alice")).await.expect("listed").len(), 1);
}
