//! What outlives its request ends with its session.

use std::time::Duration;

use tokio::time::timeout;

use crate::app::EVENT;
use crate::browser::Browser;
use crate::site::{Framework, Site, on_both};

on_both! {
    lgo_7_server_sent_events_end_with_a_logout,
    lgo_7_server_sent_events_end_when_the_session_is_revoked_elsewhere,
    lgo_7_server_sent_events_end_when_somebody_signs_in_again,
    server_sent_events_go_on_as_long_as_the_session_does,
}

/// Opens the stream and returns it with the first event behind it.
async fn open(browser: &Browser) -> reqwest::Response {
    let mut response = browser.start("GET", "/events", &[("cookie", &browser.cookie())]).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(next(&mut response).await);
    response
}

/// Waits for events; answers whether some came before the end.
async fn next(response: &mut reqwest::Response) -> bool {
    let chunk = response.chunk().await.expect("it goes on, or ends as it should");
    chunk.is_some_and(|events| {
        assert!(events.chunks(EVENT.len()).all(|event| event == EVENT.as_bytes()), "{events:?}");
        true
    })
}

/// Returns whether a stream ends by itself.
async fn ends(mut response: reqwest::Response) -> bool {
    let end = async { while next(&mut response).await {} };
    timeout(Duration::from_mins(1), end).await.is_ok()
}

async fn lgo_7_server_sent_events_end_with_a_logout(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let events = open(&browser).await;
    browser.post("/log-out").await.expect(200);
    assert!(ends(events).await);
}

async fn lgo_7_server_sent_events_end_when_the_session_is_revoked_elsewhere(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    let events = open(&browser).await;
    let id = browser.reference().id;
    assert!(site.sessions.revoke(&id, &hallpass::Revocation::default()).await.expect("it is there"));
    assert!(ends(events).await);
}

async fn lgo_7_server_sent_events_end_when_somebody_signs_in_again(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let events = open(&browser).await;
    browser.post("/sign-in/bob").await.expect(200);
    assert!(ends(events).await);
}

async fn server_sent_events_go_on_as_long_as_the_session_does(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let mut events = open(&browser).await;
    for _ in 0..5 {
        browser.post("/count/n").await.expect(200);
        assert!(next(&mut events).await);
    }
}
