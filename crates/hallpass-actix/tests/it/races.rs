//! Answers that arrive in another order than their requests.

use hallpass::EventKind;

use crate::site::{Framework, Site, on_both};

on_both! {
    a_slow_answer_from_before_a_login_neither_brings_back_the_old_cookie_nor_removes_the_new_one,
    a_slow_write_from_before_a_login_is_refused_and_sets_no_cookie,
    a_slow_answer_from_before_a_logout_brings_no_cookie_back,
    a_slow_answer_from_before_a_renewal_hands_out_nothing_older,
    a_late_write_from_before_a_login_takes_no_cookie_away,
    two_first_writes_at_once_make_two_sessions_and_no_harm,
    a_request_that_is_given_up_harms_nothing,
}

async fn a_slow_answer_from_before_a_login_neither_brings_back_the_old_cookie_nor_removes_the_new_one(
    framework: Framework,
) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/cart/book").await.expect(200);
    for path in ["/stall/who", "/stall/get/cart", "/stall/nothing"] {
        let slow = site.begin(&browser, path).await;
        browser.post("/sign-in/alice").await.expect(200);
        site.go_on();
        let reply = slow.await.expect("no panic").expect(200);
        assert!(reply.set_cookies.is_empty(), "{path}: {reply:?}");
        assert_eq!(browser.who().await, "alice");
        browser.post("/log-out-and-set/cart/book").await.expect(200);
    }
}

async fn a_slow_write_from_before_a_login_is_refused_and_sets_no_cookie(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/cart/book").await.expect(200);
    let slow = site.begin(&browser, "/stall/set/cart/pen").await;
    browser.post("/sign-in-keeping/cart/alice").await.expect(200);
    site.go_on();
    let reply = slow.await.expect("no panic").expect(401);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("inactive", 0));
    assert_eq!((browser.who().await, browser.get("/get/cart").await.body), ("alice".into(), "book".into()));
    assert_eq!(site.observer.count(&EventKind::ChangesDiscarded), 1);
}

async fn a_slow_answer_from_before_a_logout_brings_no_cookie_back(framework: Framework) {
    let site = Site::new(framework).await;
    for path in ["/stall/who", "/stall/set/key/value", "/stall/renew", "/stall/role-change", "/stall/step-up"] {
        let mut browser = site.signed_in("alice").await;
        let old = browser.cookie();
        let slow = site.begin(&browser, path).await;
        browser.post("/log-out").await.expect(200);
        site.go_on();
        let reply = slow.await.expect("no panic");
        assert!(reply.set_cookies.is_empty(), "{path}: {reply:?}");
        assert_eq!(browser.show("/who", &old).await.body, "nobody", "{path}");
    }
}

async fn a_slow_answer_from_before_a_renewal_hands_out_nothing_older(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let slow = site.begin(&browser, "/stall/set/key/value").await;
    browser.post("/renew").await.expect(200);
    assert_eq!(browser.who().await, "alice");
    let renewed = browser.token.clone().expect("a token");
    site.go_on();
    let reply = slow.await.expect("no panic").expect(200);
    assert!(reply.set_cookies.is_empty() || reply.token() == renewed, "{reply:?}");
    assert_eq!(browser.get("/get/key").await.body, "value", "and its change is kept");
}

async fn a_late_write_from_before_a_login_takes_no_cookie_away(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/a/1").await.expect(200);
    let anonymous = browser.cookie();
    browser.post("/sign-in/alice").await.expect(200);
    site.advance(100);
    let reply = browser.send("POST", "/count/visits", &[("cookie", &anonymous)]).await.expect(401);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("inactive", 0));
    assert_eq!(browser.who().await, "alice");
}

async fn two_first_writes_at_once_make_two_sessions_and_no_harm(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    let slow = site.begin(&browser, "/stall/set/a/1").await;
    browser.post("/set/b/2").await.expect(200);
    site.go_on();
    let other = slow.await.expect("no panic").expect(200).token();
    assert_ne!(Some(&other), browser.token.as_ref());
    assert_eq!(browser.get("/get/b").await.body, "2");
}

async fn a_request_that_is_given_up_harms_nothing(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/key/value").await.expect(200);
    let slow = site.begin(&browser, "/stall/set/key/other").await;
    slow.abort();
    assert!(slow.await.is_err_and(|error| error.is_cancelled()));
    site.go_on();
    assert_eq!(browser.who().await, "alice");
    browser.post("/set/key/third").await.expect(200);
    let value = browser.get("/get/key").await.body;
    assert!(["third", "other"].contains(&value.as_str()), "{value}");
}
