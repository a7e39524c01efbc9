//! The defects that were found in session libraries in use, as far as they show over HTTP.

use hallpass::testing::{Fault, Method};
use hallpass::{EventKind, Query, Store as _};

use crate::browser::NAME;
use crate::site::{Framework, Site, on_both};

on_both! {
    d01_str_6_a_slow_request_cannot_undo_a_logout,
    d02_two_overlapping_requests_keep_both_keys,
    d03_d06_what_was_done_outlives_an_answer_that_is_an_error,
    d04_a_remembered_session_stays_remembered,
    d07_d15_updates_and_removals_are_saved,
    d08_d17_d19_a_racing_writer_is_told_so_and_makes_no_session,
    d09_the_server_ends_a_session_whatever_the_client_keeps,
    d10_str_1_a_token_that_was_not_issued_is_never_adopted,
    d10_str_4_reg_1_a_token_that_was_planted_before_the_login_is_dead_after_it,
    d11_d20_a_store_that_is_away_is_neither_an_empty_session_nor_a_success,
    d12_a_logout_is_seen_at_once_by_another_process_of_another_framework,
    d13_str_5_visits_that_store_nothing_cost_nothing,
    d14_d23_the_cookie_that_is_set_is_read_and_removed_with_every_attribute,
    d16_cka_11_a_steady_session_gets_no_cookie_and_makes_no_write,
}

async fn d01_str_6_a_slow_request_cannot_undo_a_logout(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let old = browser.cookie();
    let slow = site.begin(&browser, "/stall/set/key/value").await;
    browser.post("/log-out").await.expect(200);
    site.go_on();
    let reply = slow.await.expect("no panic").expect(401);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("inactive", 0));
    assert_eq!(browser.show("/who", &old).await.body, "nobody");
    assert_eq!(site.observer.count(&EventKind::ChangesDiscarded), 1, "and it is told");
}

async fn d02_two_overlapping_requests_keep_both_keys(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let slow = site.begin(&browser, "/stall/set/a/1").await;
    browser.post("/set/b/2").await.expect(200);
    site.go_on();
    slow.await.expect("no panic").expect(200);
    assert_eq!(browser.get("/get/a").await.body, "1");
    assert_eq!(browser.get("/get/b").await.body, "2");
}

async fn d03_d06_what_was_done_outlives_an_answer_that_is_an_error(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/cart/1").await.expect(200);
    let reply = browser.post("/fail/sign-in/alice").await.expect(500);
    assert_eq!(reply.set_cookies.len(), 1, "{reply:?}");
    assert_eq!(browser.who().await, "alice");
    browser.post("/fail/set/key/value").await.expect(500);
    assert_eq!(browser.get("/get/key").await.body, "value");
    browser.post("/redirect/set/key/other").await.expect(303);
    assert_eq!(browser.get("/get/key").await.body, "other");
}

async fn d04_a_remembered_session_stays_remembered(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    let reply = browser.post("/sign-in-remembered/alice").await.expect(200);
    assert!(reply.set_cookies[0].ends_with("; Max-Age=2592000"), "{reply:?}");
    site.advance(86_400);
    let renewed = browser.post("/set/key/value").await.expect(200);
    assert!(renewed.set_cookies[0].ends_with("; Max-Age=2505600"), "what is left, not a default: {renewed:?}");
    site.advance(13 * 86_400);
    assert_eq!(browser.who().await, "alice");
}

async fn d07_d15_updates_and_removals_are_saved(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    assert_eq!(browser.post("/count/n").await.body, "1");
    assert_eq!(browser.post("/count/n").await.body, "2");
    assert_eq!(site.browser().post("/count/n").await.body, "1", "also as the first thing of a new session");
    browser.post("/set/key/value").await.expect(200);
    browser.post("/remove/key").await.expect(200);
    assert_eq!(browser.get("/get/key").await.body, "nothing");
}

async fn d08_d17_d19_a_racing_writer_is_told_so_and_makes_no_session(framework: Framework) {
    let site = Site::new(framework).await;
    for path in ["/set/a/1", "/sign-in/alice"] {
        let mut browser = site.browser();
        browser.post(path).await.expect(200);
        let records = site.store.inner().len();
        let slow = site.begin(&browser, "/stall/set/b/2").await;
        browser.post("/log-out").await.expect(200);
        site.go_on();
        let reply = slow.await.expect("no panic").expect(401);
        assert!(reply.set_cookies.is_empty(), "{reply:?}");
        assert_eq!(site.store.inner().len(), records, "no record was made");
    }
    let records = site.store.list(&Query::default()).await.expect("it is there").items;
    assert!(records.iter().all(|record| record.ended.is_some()), "{records:?}");
}

async fn d09_the_server_ends_a_session_whatever_the_client_keeps(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    site.advance(1799);
    assert_eq!(browser.show("/who", &browser.cookie()).await.body, "alice");
    site.advance(1800);
    assert_eq!(browser.show("/who", &browser.cookie()).await.body, "nobody");
}

async fn d10_str_1_a_token_that_was_not_issued_is_never_adopted(framework: Framework) {
    let site = Site::new(framework).await;
    let mut invented = site.signed_in("mallory").await.reference();
    invented.id = hallpass::SessionId::random();
    for planted in ["attackerchosen".to_owned(), invented.encode().expose().to_owned()] {
        let mut victim = site.browser();
        victim.token = Some(planted.clone());
        victim.post("/sign-in/alice").await.expect(200);
        assert_ne!(victim.reference().id, invented.id);
        assert_eq!(site.browser().show("/who", &format!("{NAME}={planted}")).await.body, "nobody");
        assert_eq!(victim.who().await, "alice");
    }
    assert_eq!(site.observer.count(&EventKind::UnknownToken), 2, "STR-2: and it is told");
}

async fn d10_str_4_reg_1_a_token_that_was_planted_before_the_login_is_dead_after_it(framework: Framework) {
    let site = Site::new(framework).await;
    let mut attacker = site.browser();
    attacker.post("/set/a/1").await.expect(200);
    let mut victim = attacker.clone();
    victim.post("/sign-in/alice").await.expect(200);
    assert_ne!(attacker.token, victim.token);
    assert_eq!(attacker.who().await, "nobody");
    assert_eq!(victim.who().await, "alice");
}

async fn d11_d20_a_store_that_is_away_is_neither_an_empty_session_nor_a_success(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    site.store.outage(true);
    let reply = browser.post("/set/key/value").await.expect(503);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("unavailable", 0));
    site.store.outage(false);
    for fault in [Fault::Unavailable, Fault::LostAnswer] {
        site.store.script(Method::Save, [fault]);
        let reply = browser.post("/set/key/value").await.expect(503);
        assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("unavailable", 0));
    }
    site.store.script(Method::Save, [Fault::Unavailable]);
    let reply = site.browser().post("/sign-in/bob").await.expect(503);
    assert!(reply.set_cookies.is_empty(), "{reply:?}");
    assert_eq!(browser.who().await, "alice");
}

async fn d12_a_logout_is_seen_at_once_by_another_process_of_another_framework(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/key/value").await.expect(200);
    for other in Framework::BOTH {
        let beside = site.beside(other).await;
        assert_eq!(beside.browser().show("/get/key", &browser.cookie()).await.body, "value", "{other:?}");
    }
    let cookie = browser.cookie();
    browser.post("/log-out").await.expect(200);
    for other in Framework::BOTH {
        assert_eq!(site.beside(other).await.browser().show("/who", &cookie).await.body, "nobody", "{other:?}");
    }
}

async fn d13_str_5_visits_that_store_nothing_cost_nothing(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    for _ in 0..300 {
        for path in ["/ignore", "/who", "/get/key", "/set-then-remove/key"] {
            let reply = browser.get(path).await.expect(200);
            assert!(reply.set_cookies.is_empty(), "{reply:?}");
        }
    }
    assert_eq!((site.store.calls().total(), site.store.inner().len()), (0, 0));
}

async fn d14_d23_the_cookie_that_is_set_is_read_and_removed_with_every_attribute(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    let reply = browser.post("/sign-in/alice").await.expect(200);
    let attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(reply.set_cookies, [format!("{NAME}={}{attributes}", reply.token())]);
    assert_eq!(browser.who().await, "alice");
    let reply = browser.post("/log-out").await.expect(200);
    let removal = format!("{NAME}={attributes}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(reply.set_cookies, [removal]);
    assert_eq!(browser.who().await, "nobody");
}

async fn d16_cka_11_a_steady_session_gets_no_cookie_and_makes_no_write(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let before = site.store.calls();
    for path in ["/who", "/get/key", "/ignore"] {
        assert!(browser.get(path).await.set_cookies.is_empty());
    }
    let after = site.store.calls();
    assert_eq!((after.load - before.load, after.save - before.save, after.touch - before.touch), (2, 0, 0));
    assert!(browser.post("/set/key/value").await.set_cookies.is_empty(), "a write changes no token");
}
