//! A5: the end of a session, and what may be kept of its pages.

use hallpass::{EndReason, EventKind, Policy};

use crate::browser::NAME;
use crate::site::{Framework, Site, on_both};

on_both! {
    lgo_1_a_logout_ends_the_session_on_both_sides,
    lgo_2_a_logout_twice_or_of_nothing_is_a_logout,
    lgo_2_a_logout_with_a_token_that_was_replaced_ends_the_session,
    lgo_3_a_logout_has_the_browser_forget_what_it_kept_of_the_site,
    lgo_5_lgo_6_what_depends_on_a_session_is_kept_by_nobody,
    lgo_5_a_page_may_say_how_it_is_kept_unless_it_hands_out_a_token,
    lgo_10_a_logout_while_the_store_is_away_takes_the_cookie_and_says_that_the_session_is_still_open,
    what_is_set_with_a_logout_goes_into_a_session_of_its_own,
    a_session_that_was_revoked_elsewhere_is_over_at_once,
    an_answer_for_a_visitor_never_removes_a_cookie,
}

async fn lgo_1_a_logout_ends_the_session_on_both_sides(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let (old, id) = (browser.cookie(), browser.reference().id);
    let reply = browser.post("/log-out").await.expect(200);
    assert!(reply.set_cookies[0].starts_with(&format!("{NAME}=;")), "{reply:?}");
    assert_eq!(browser.token, None);
    assert_eq!(browser.show("/who", &old).await.body, "nobody", "a copy of the cookie is no good");
    let record = site.sessions.find(&id).await.expect("it is there").expect("a tombstone");
    assert_eq!(record.ended.expect("ended").reason, EndReason::Logout);
    assert!(record.data.is_empty() && record.chain.is_none(), "nothing private is kept");
}

async fn lgo_2_a_logout_twice_or_of_nothing_is_a_logout(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let old = browser.cookie();
    browser.post("/log-out").await.expect(200);
    let expired = site.signed_in("alice").await.cookie();
    site.advance(1801);
    for cookie in [old, expired, format!("{NAME}=garbage"), "other=1".to_owned()] {
        let reply = browser.send("POST", "/log-out", &[("cookie", &cookie)]).await.expect(200);
        assert_eq!(reply.token(), "", "{cookie}");
    }
    assert_eq!(site.observer.count(&EventKind::Revoked), 1, "one session was ended");
}

async fn lgo_2_a_logout_with_a_token_that_was_replaced_ends_the_session(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let asleep = browser.clone();
    browser.post("/renew").await.expect(200);
    assert_eq!(browser.who().await, "alice");
    site.advance(60);
    asleep.send("POST", "/log-out", &[("cookie", &asleep.cookie())]).await.expect(200);
    assert_eq!(browser.who().await, "nobody", "whoever presses it in a tab that slept is to be logged out");
}

async fn lgo_3_a_logout_has_the_browser_forget_what_it_kept_of_the_site(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    assert_eq!(browser.get("/who").await.expect(200).header("clear-site-data"), "");
    assert_eq!(browser.post("/log-out").await.expect(200).header("clear-site-data"), r#""cache", "storage""#);
}

async fn lgo_5_lgo_6_what_depends_on_a_session_is_kept_by_nobody(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    for path in ["/who", "/set/a/1", "/sign-in/alice", "/who", "/fail/set/a/1", "/redirect/set/a/1", "/log-out"] {
        let reply = browser.post(path).await;
        assert_eq!(
            (reply.header("cache-control").as_str(), reply.header("vary").as_str()),
            ("no-store", "cookie"),
            "{path}"
        );
    }
    let reply = browser.get("/ignore").await.expect(200);
    assert_eq!((reply.header("cache-control").as_str(), reply.header("vary").as_str()), ("", ""), "it asks for none");
}

async fn lgo_5_a_page_may_say_how_it_is_kept_unless_it_hands_out_a_token(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    let reply = browser.get("/cached/who").await.expect(200);
    assert_eq!(reply.header("cache-control"), "private, max-age=60");
    assert_eq!(reply.header("vary"), "accept-language, cookie", "what it says is kept");
    for path in ["/cached/sign-in/alice", "/cached/log-out"] {
        let reply = browser.post(path).await.expect(200);
        assert_eq!((reply.set_cookies.len(), reply.header("cache-control").as_str()), (1, "no-store"), "{path}");
        assert_eq!(reply.header("vary"), "accept-language, cookie");
    }
}

async fn lgo_10_a_logout_while_the_store_is_away_takes_the_cookie_and_says_that_the_session_is_still_open(
    framework: Framework,
) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let old = browser.cookie();
    let slow = site.begin(&browser, "/stall/log-out").await;
    site.store.outage(true);
    site.go_on();
    let reply = slow.await.expect("no panic").expect(503);
    assert_eq!((reply.code().as_str(), reply.token().as_str()), ("unavailable", ""));
    site.store.outage(false);
    assert_eq!(browser.show("/who", &old).await.body, "alice", "and so it is, until it is done again");
    browser.post("/log-out").await.expect(200);
    assert_eq!(browser.show("/who", &old).await.body, "nobody");
}

async fn what_is_set_with_a_logout_goes_into_a_session_of_its_own(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/private/hers").await.expect(200);
    let old = browser.reference().id;
    browser.post("/log-out-and-set/notice/bye").await.expect(200);
    assert_ne!(browser.reference().id, old);
    assert_eq!((browser.who().await, browser.get("/get/notice").await.body), ("nobody".into(), "bye".into()));
    assert_eq!(browser.get("/get/private").await.body, "nothing");
}

async fn a_session_that_was_revoked_elsewhere_is_over_at_once(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let slow = site.begin(&browser, "/stall/set/key/value").await;
    let id = browser.reference().id;
    assert!(site.sessions.revoke(&id, &hallpass::Revocation::default()).await.expect("it is there"));
    site.go_on();
    slow.await.expect("no panic").expect(401);
    assert_eq!(browser.who().await, "nobody");
    let reply = browser.post("/set/key/value").await.expect(200);
    assert_ne!(reply.token(), "", "what is stored now is stored in a new session");
    assert_ne!(browser.reference().id, id);
}

async fn an_answer_for_a_visitor_never_removes_a_cookie(framework: Framework) {
    let policy = Policy::builder().build().expect("valid");
    let site = Site::with_policy(framework, policy).await;
    let mut alice = site.signed_in("alice").await;
    let old = alice.cookie();
    alice.post("/log-out").await.expect(200);
    for cookie in [old, format!("{NAME}=garbage"), format!("{NAME}={}", "A".repeat(64))] {
        for path in ["/who", "/get/key", "/remove/key", "/nothing", "/ignore"] {
            let reply = alice.show(path, &cookie).await.expect(200);
            assert!(reply.set_cookies.is_empty(), "{path}: {reply:?}");
        }
    }
}
