//! A1, A2: what is taken for a token, and what a client hears of one that is not good.

use hallpass::EventKind;

use crate::browser::{NAME, Reply};
use crate::site::{Framework, Site, on_both};

on_both! {
    id_5_what_has_not_the_shape_of_a_token_is_refused_without_asking_the_store,
    id_6_all_tokens_that_open_nothing_are_answered_alike,
    id_8_a_token_is_taken_from_nowhere_but_the_cookie,
    a_wrong_secret_ends_nothing,
    puz_2_no_attribute_makes_anybody_signed_in,
}

async fn id_5_what_has_not_the_shape_of_a_token_is_refused_without_asking_the_store(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.browser();
    let long = "A".repeat(5000);
    for text in ["", "x", "\"\"", "null", "A A", &long, "%00", "../../etc/passwd", "AAAA=", "é"] {
        let reply = browser.show("/who", &format!("{NAME}={text}")).await.expect(200);
        assert_eq!((reply.body.as_str(), reply.set_cookies.len()), ("nobody", 0), "{text}");
        assert!(text.len() < 2 || !reply.body.contains(text));
    }
    assert_eq!(site.store.calls().total(), 0);
}

async fn id_6_all_tokens_that_open_nothing_are_answered_alike(framework: Framework) {
    let site = Site::new(framework).await;
    let told = |reply: Reply| {
        let mut headers = reply.headers;
        headers.remove("date");
        (reply.status, reply.body, headers)
    };
    let browser = site.browser();
    let malformed = told(browser.show("/who", &format!("{NAME}=malformed")).await);
    let mut unknown = site.signed_in("alice").await;
    let mut invented = unknown.reference();
    invented.id = hallpass::SessionId::random();
    unknown.token = Some(invented.encode().expose().to_owned());
    let mut logged_out = site.signed_in("alice").await;
    let ended = logged_out.cookie();
    logged_out.post("/log-out").await.expect(200);
    let expired = site.signed_in("alice").await.cookie();
    site.advance(1801);
    for cookie in [unknown.cookie(), ended, expired] {
        assert_eq!(told(browser.show("/who", &cookie).await), malformed);
    }
}

async fn id_8_a_token_is_taken_from_nowhere_but_the_cookie(framework: Framework) {
    let site = Site::new(framework).await;
    let alice = site.signed_in("alice").await;
    let token = alice.token.clone().expect("a token");
    let bearer = format!("Bearer {token}");
    let browser = site.browser();
    for path in [format!("/who?{NAME}={token}"), format!("/who?sid={token}")] {
        assert_eq!(browser.send("GET", &path, &[]).await.body, "nobody", "{path}");
    }
    for header in [("authorization", bearer.as_str()), ("session-token", &token), ("x-session-id", &token)] {
        assert_eq!(browser.send("GET", "/who", &[header]).await.body, "nobody", "{header:?}");
    }
    assert_eq!(browser.show("/who", &alice.cookie()).await.body, "alice");
}

async fn a_wrong_secret_ends_nothing(framework: Framework) {
    let site = Site::new(framework).await;
    let mut alice = site.signed_in("alice").await;
    let mut wrong = alice.reference();
    wrong.secret = hallpass::SessionSecret::random();
    let cookie = format!("{NAME}={}", wrong.encode().expose());
    for path in ["/who", "/log-out", "/log-out-everywhere"] {
        site.browser().show(path, &cookie).await.expect(200);
    }
    assert_eq!(alice.who().await, "alice", "ids are public: otherwise anybody could log anybody out");
    assert!(site.observer.count(&EventKind::WrongSecret) > 0);
}

async fn puz_2_no_attribute_makes_anybody_signed_in(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    for key in ["subject", "user_id", "sub", "username", "authenticated", "level"] {
        browser.post(&format!("/set/{key}/alice")).await.expect(200);
    }
    assert_eq!(browser.who().await, "nobody");
    assert_eq!(browser.get("/level").await.body, "0");
    browser.get("/devices").await.expect(401);
}
