//! A store that is away, in every kind of request.

use hallpass::testing::{Fault, Method};

use crate::site::{Framework, Site, on_both};

on_both! {
    str_3_an_outage_is_503_with_a_time_to_come_back_and_takes_no_cookie,
    whoever_needs_no_session_notices_no_outage,
    a_visitor_without_a_cookie_reads_on_in_an_outage_and_can_store_nothing,
    a_failure_in_the_middle_of_a_login_leaves_the_session_from_before,
    a_write_whose_answer_was_lost_can_be_made_again,
    a_damaged_answer_of_the_store_is_an_error_and_no_empty_session,
    the_use_of_a_session_that_cannot_be_noted_costs_nobody_the_answer,
}

async fn str_3_an_outage_is_503_with_a_time_to_come_back_and_takes_no_cookie(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/key/value").await.expect(200);
    site.store.outage(true);
    for path in
        ["/who", "/get/key", "/set/key/other", "/count/n", "/remove/key", "/sign-in/bob", "/step-up", "/role-change"]
    {
        let reply = browser.post(path).await.expect(503);
        assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("unavailable", 0), "{path}");
        assert_eq!((reply.header("retry-after").as_str(), reply.header("cache-control").as_str()), ("2", "no-store"));
        assert!(
            !reply.body.contains("FaultyStore") && !reply.body.contains("hallpass"),
            "no word of causes: {reply:?}"
        );
    }
    site.store.outage(false);
    assert_eq!((browser.who().await, browser.get("/get/key").await.body), ("alice".into(), "value".into()));
}

async fn whoever_needs_no_session_notices_no_outage(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    site.store.outage(true);
    assert_eq!(browser.get("/ignore").await.expect(200).body, "ignored");
}

async fn a_visitor_without_a_cookie_reads_on_in_an_outage_and_can_store_nothing(framework: Framework) {
    let site = Site::new(framework).await;
    site.store.outage(true);
    let mut browser = site.browser();
    assert_eq!(browser.get("/get/key").await.expect(200).body, "nothing");
    let reply = browser.post("/set/key/value").await.expect(503);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("unavailable", 0));
}

async fn a_failure_in_the_middle_of_a_login_leaves_the_session_from_before(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/cart/book").await.expect(200);
    let before = browser.token.clone();
    site.store.script(Method::Save, [Fault::Unavailable]);
    browser.post("/sign-in/alice").await.expect(503);
    assert_eq!(browser.token, before);
    assert_eq!((browser.who().await, browser.get("/get/cart").await.body), ("nobody".into(), "book".into()));
    browser.post("/sign-in/alice").await.expect(200);
    assert_eq!(browser.who().await, "alice");
}

async fn a_write_whose_answer_was_lost_can_be_made_again(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    site.store.script(Method::Save, [Fault::LostAnswer]);
    browser.post("/set/key/value").await.expect(503);
    browser.post("/set/key/value").await.expect(200);
    assert_eq!(browser.get("/get/key").await.body, "value");
}

async fn a_damaged_answer_of_the_store_is_an_error_and_no_empty_session(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    site.store.script(Method::Load, [Fault::Corrupt]);
    let reply = browser.get("/who").await.expect(500);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("corrupt", 0));
    assert_eq!(browser.who().await, "alice");
}

async fn the_use_of_a_session_that_cannot_be_noted_costs_nobody_the_answer(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    site.advance(600);
    site.store.script(Method::Touch, [Fault::Unavailable]);
    assert_eq!(browser.who().await, "alice");
    site.advance(1700);
    assert_eq!(browser.who().await, "nobody", "it was not noted: the strict direction");
}
