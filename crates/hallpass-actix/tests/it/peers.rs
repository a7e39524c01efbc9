//! What the session libraries in use promise, as far as no other file has it; `docs/peers.md` says which test holds what.

use std::collections::BTreeSet;

use crate::browser::NAME;
use crate::site::{Framework, Site, on_both};

on_both! {
    what_was_stored_is_there_and_what_was_not_is_not,
    the_last_value_can_be_removed_and_the_session_goes_on,
    all_values_can_be_removed_and_the_session_goes_on,
    a_malformed_cookie_is_replaced_when_something_is_stored,
    a_cookie_of_a_session_that_is_over_is_replaced_when_something_is_stored,
    what_was_stored_survives_every_new_token,
    a_new_token_is_handed_out_whether_it_is_asked_for_before_or_after_a_write,
    every_token_of_a_line_of_renewals_but_the_last_is_dead,
    whoever_writes_with_an_old_token_writes_nothing,
    nothing_after_a_logout_brings_the_session_back,
    a_logout_that_reads_nothing_is_a_logout_all_the_same,
    a_login_decides_whether_the_session_is_remembered_and_a_step_up_leaves_it_so,
    no_token_that_was_tampered_with_is_good,
    many_new_sessions_have_many_different_tokens,
    an_explicit_commit_sets_the_cookie_too,
    a_write_of_a_session_that_was_lost_with_its_store_begins_a_new_one,
}

async fn what_was_stored_is_there_and_what_was_not_is_not(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    assert_eq!(browser.get("/get/foo").await.body, "nothing");
    browser.post("/set/foo/42").await.expect(200);
    assert_eq!(browser.get("/get/foo").await.body, "42");
    browser.post("/set/foo/43").await.expect(200);
    assert_eq!(browser.get("/get/foo").await.body, "43");
    assert_eq!(browser.get("/get/bar").await.body, "nothing");
    assert_eq!(site.browser().get("/get/foo").await.body, "nothing", "somebody else");
}

async fn the_last_value_can_be_removed_and_the_session_goes_on(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/foo/42").await.expect(200);
    let before = browser.token.clone();
    assert!(browser.post("/remove/foo").await.expect(200).set_cookies.is_empty());
    assert_eq!(browser.get("/get/foo").await.body, "nothing");
    assert!(browser.post("/set/foo/1").await.expect(200).set_cookies.is_empty());
    assert_eq!((browser.get("/get/foo").await.body.as_str(), browser.token), ("1", before));
}

async fn all_values_can_be_removed_and_the_session_goes_on(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/foo/42").await.expect(200);
    browser.post("/set/bar/43").await.expect(200);
    assert!(browser.post("/clear-and-set/baz/44").await.expect(200).set_cookies.is_empty());
    for (key, value) in [("foo", "nothing"), ("bar", "nothing"), ("baz", "44")] {
        assert_eq!(browser.get(&format!("/get/{key}")).await.body, value);
    }
    assert_eq!(browser.who().await, "alice");
}

async fn a_malformed_cookie_is_replaced_when_something_is_stored(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.token = Some("malformed".to_owned());
    assert!(browser.get("/who").await.expect(200).set_cookies.is_empty(), "before that it costs nothing");
    assert_ne!(browser.post("/set/foo/42").await.expect(200).token(), "malformed");
    assert_eq!(browser.get("/get/foo").await.body, "42");
}

async fn a_cookie_of_a_session_that_is_over_is_replaced_when_something_is_stored(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/private/hers").await.expect(200);
    let old = browser.reference().id;
    site.advance(1801);
    browser.post("/set/foo/42").await.expect(200);
    assert_ne!(browser.reference().id, old);
    assert_eq!((browser.who().await, browser.get("/get/foo").await.body), ("nobody".into(), "42".into()));
    assert_eq!(browser.get("/get/private").await.body, "nothing");
}

async fn what_was_stored_survives_every_new_token(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/foo/42").await.expect(200);
    for path in ["/role-change", "/renew", "/step-up", "/sign-in/alice"] {
        let before = browser.token.clone();
        browser.post(path).await.expect(200);
        assert_ne!(browser.token, before, "{path}");
        assert_eq!((browser.who().await, browser.get("/get/foo").await.body), ("alice".into(), "42".into()), "{path}");
    }
}

async fn a_new_token_is_handed_out_whether_it_is_asked_for_before_or_after_a_write(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    for (path, value) in [("/role-change-and-set/foo/1", "1"), ("/set-and-role-change/foo/2", "2")] {
        let old = browser.cookie();
        browser.post(path).await.expect(200);
        assert_eq!(browser.show("/who", &old).await.body, "nobody", "{path}");
        assert_eq!(browser.get("/get/foo").await.body, value);
    }
}

async fn every_token_of_a_line_of_renewals_but_the_last_is_dead(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let mut old = Vec::new();
    for path in ["/role-change", "/step-up", "/role-change", "/renew", "/role-change"] {
        old.push(browser.cookie());
        browser.post(path).await.expect(200);
        assert_eq!(browser.who().await, "alice");
    }
    for cookie in old {
        assert_eq!(browser.show("/who", &cookie).await.body, "nobody");
    }
    assert_eq!(browser.who().await, "alice");
}

async fn whoever_writes_with_an_old_token_writes_nothing(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/foo/42").await.expect(200);
    let old = browser.cookie();
    browser.post("/role-change").await.expect(200);
    for path in ["/set/foo/evil", "/count/n", "/role-change", "/renew"] {
        let reply = browser.send("POST", path, &[("cookie", &old)]).await;
        assert!(reply.set_cookies.is_empty(), "{path}: {reply:?}");
    }
    assert_eq!((browser.who().await, browser.get("/get/foo").await.body), ("alice".into(), "42".into()));
    assert_eq!(browser.get("/number/n").await.body, "None");
}

async fn nothing_after_a_logout_brings_the_session_back(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let old = browser.cookie();
    assert_eq!(browser.post("/log-out-and-renew").await.expect(200).token(), "");
    assert_eq!(browser.show("/who", &old).await.body, "nobody");
    assert_eq!(browser.who().await, "nobody");
}

async fn a_logout_that_reads_nothing_is_a_logout_all_the_same(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/foo/42").await.expect(200);
    let old = browser.cookie();
    browser.post("/log-out").await.expect(200);
    assert_eq!(browser.show("/get/foo", &old).await.body, "nothing");
}

async fn a_login_decides_whether_the_session_is_remembered_and_a_step_up_leaves_it_so(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    for (path, is_remembered) in [
        ("/sign-in/alice", false),
        ("/step-up", false),
        ("/sign-in-remembered/alice", true),
        ("/step-up", true),
        ("/sign-in/bob", false),
    ] {
        let reply = browser.post(path).await.expect(200);
        assert_eq!(reply.set_cookies[0].contains("; Max-Age="), is_remembered, "{path}: {reply:?}");
    }
}

async fn no_token_that_was_tampered_with_is_good(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let token = browser.token.clone().expect("a token");
    for at in 0..token.len() {
        let flipped = if token.as_bytes()[at] == b'A' { 'B' } else { 'A' };
        let mut tampered = token.clone();
        tampered.replace_range(at..=at, flipped.encode_utf8(&mut [0; 4]));
        for tampered in [tampered, token[..at].to_owned()] {
            assert_eq!(browser.show("/who", &format!("{NAME}={tampered}")).await.body, "nobody", "at {at}");
        }
    }
    assert_eq!(browser.who().await, "alice");
}

async fn many_new_sessions_have_many_different_tokens(framework: Framework) {
    let site = Site::new(framework).await;
    let mut tokens = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for _ in 0..200 {
        let mut browser = site.browser();
        browser.post("/set/foo/42").await.expect(200);
        ids.insert(browser.reference().id);
        tokens.insert(browser.token);
    }
    assert_eq!((tokens.len(), ids.len()), (200, 200));
}

async fn an_explicit_commit_sets_the_cookie_too(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    assert_eq!(browser.post("/set-twice/foo/42").await.expect(200).set_cookies.len(), 1);
    assert_eq!((browser.get("/get/foo").await.body, browser.get("/get/again").await.body), ("42".into(), "42".into()));
}

async fn a_write_of_a_session_that_was_lost_with_its_store_begins_a_new_one(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let empty = Site::new(framework).await;
    let mut moved = empty.browser();
    moved.token = browser.token.clone();
    assert_eq!(moved.who().await, "nobody");
    assert_ne!(Some(moved.post("/set/foo/42").await.expect(200).token()), browser.token);
    assert_eq!(moved.get("/get/foo").await.body, "42");
    assert_eq!(browser.who().await, "alice");
}
