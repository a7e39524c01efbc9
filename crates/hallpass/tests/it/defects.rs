//! One test for each defect that was found in session libraries in use, numbered as in `docs/defects.md`.

use axum::http::{StatusCode, header};
use hallpass::testing::{Fault, Method};
use hallpass::{EventKind, ReferenceToken, SessionId, SessionSecret, Store};

use crate::app::App;

#[tokio::test]
async fn d01_a_slow_request_cannot_undo_a_logout() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let old = browser.jar.clone();
    let slow = browser.start("/slow-set/key/value").await;
    browser.get("/logout").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    let reply = slow.await.expect("no panic").expect(StatusCode::UNAUTHORIZED);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("inactive", 0));
    assert_eq!(browser.send("/who", old.as_deref()).await.body, "nobody");
    assert_eq!(app.observer.count(&EventKind::ChangesDiscarded), 1, "and it is told");
}

#[tokio::test]
async fn d02_two_overlapping_requests_keep_both_keys() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let slow = browser.start("/slow-set/a/1").await;
    browser.get("/set/b/2").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    slow.await.expect("no panic").expect(StatusCode::OK);
    assert_eq!(browser.get("/get/a").await.body, "1");
    assert_eq!(browser.get("/get/b").await.body, "2");
}

#[tokio::test]
async fn d03_a_login_outlives_an_answer_that_is_an_error() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/cart/1").await.expect(StatusCode::OK);
    let reply = browser.get("/fail-after-login/alice").await.expect(StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(reply.set_cookies.len(), 1);
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn d04_a_remembered_session_stays_remembered() {
    let app = App::new();
    let mut browser = app.browser();
    let login = browser.get("/login-remembered/alice").await.expect(StatusCode::OK);
    assert!(login.set_cookies[0].ends_with("; Max-Age=2592000"), "{login:?}");
    app.advance(86_400);
    let renewed = browser.get("/set/key/value").await.expect(StatusCode::OK);
    assert!(renewed.set_cookies[0].ends_with("; Max-Age=2505600"), "what is left, not a default: {renewed:?}");
    app.advance(13 * 86_400);
    assert_eq!(browser.who().await, "alice");
    let ordinary = app.browser().get("/login/bob").await;
    assert!(!ordinary.set_cookies[0].contains("Max-Age"), "{ordinary:?}");
}

#[tokio::test]
async fn d05_a_planted_cookie_neither_logs_out_nor_in() {
    let app = App::new();
    let alice = app.signed_in("alice").await;
    let mallory = app.signed_in("mallory").await;
    let good = alice.jar.expect("a cookie");
    let invented = format!("__Host-sid={}", "A".repeat(64));
    for header in [format!("{good}; {invented}"), format!("{invented}; {good}"), format!("{good}; {good}")] {
        let reply = mallory.send("/who", Some(&header)).await;
        assert_eq!((reply.body.as_str(), reply.set_cookies.len()), ("alice", 0), "{header}");
    }
    assert!(app.observer.count(&EventKind::DuplicateCookie) == 2, "and it is told");
    let both = format!("{good}; {}", mallory.jar.as_deref().expect("a cookie"));
    let reply = mallory.send("/who", Some(&both)).await;
    assert_eq!((reply.body.as_str(), reply.set_cookies.len()), ("nobody", 0), "two that are good: neither is believed");
    assert_eq!(mallory.send("/who", Some(&good)).await.body, "alice", "and neither has ended");
}

#[tokio::test]
async fn d06_a_write_outlives_an_answer_that_is_an_error() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    browser.get("/fail-after-set/key/value").await.expect(StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.get("/get/key").await.body, "value");
}

#[tokio::test]
async fn d07_an_update_is_saved() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    assert_eq!(browser.get("/count/n").await.body, "1");
    assert_eq!(browser.get("/count/n").await.body, "2");
    assert_eq!(app.browser().get("/count/n").await.body, "1", "also as the first thing of a new session");
}

#[tokio::test]
async fn d08_a_racing_writer_gets_no_new_session_with_the_old_contents() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/key/secret").await.expect(StatusCode::OK);
    let records = app.store.inner().len();
    let slow = browser.start("/slow-set/key/other").await;
    browser.get("/logout").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    assert!(slow.await.expect("no panic").set_cookies.is_empty());
    assert_eq!(app.store.inner().len(), records, "no record was made");
}

#[tokio::test]
async fn d09_the_server_ends_a_session_whatever_the_client_keeps() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    app.advance(1799);
    assert_eq!(browser.send("/who", browser.jar.as_deref()).await.body, "alice");
    app.advance(1800);
    assert_eq!(browser.send("/who", browser.jar.as_deref()).await.body, "nobody");
}

#[tokio::test]
async fn d10_a_token_that_was_not_issued_is_never_adopted() {
    let app = App::new();
    let invented = ReferenceToken {
        id: SessionId::random(),
        generation: hallpass::Generation::FIRST,
        secret: SessionSecret::random(),
    };
    for planted in ["attackerchosen".to_owned(), invented.encode().expose().to_owned()] {
        let mut victim = app.browser();
        victim.jar = Some(format!("__Host-sid={planted}"));
        victim.get("/login/alice").await.expect(StatusCode::OK);
        assert_ne!(victim.token(), planted);
        assert_ne!(ReferenceToken::parse(victim.token()).expect("ours").id, invented.id);
        let attacker = app.browser();
        assert_eq!(attacker.send("/who", Some(&format!("__Host-sid={planted}"))).await.body, "nobody");
    }
}

#[tokio::test]
async fn d10_a_token_that_was_planted_before_the_login_is_dead_after_it() {
    let app = App::new();
    let mut attacker = app.browser();
    attacker.get("/set/a/1").await.expect(StatusCode::OK);
    let mut victim = attacker.clone();
    victim.get("/login/alice").await.expect(StatusCode::OK);
    assert_eq!(attacker.who().await, "nobody");
    assert_eq!(victim.who().await, "alice");
}

#[tokio::test]
async fn d11_a_store_that_cannot_be_read_erases_nothing() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    app.store.outage(true);
    let reply = browser.get("/set/key/value").await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("unavailable", 0));
    assert!(reply.headers.contains_key(header::RETRY_AFTER));
    app.store.outage(false);
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn d12_a_logout_on_one_node_is_seen_on_the_other_at_once() {
    let app = App::new();
    let other = app.second_node();
    let mut browser = app.signed_in("alice").await;
    let cookie = browser.jar.clone();
    assert_eq!(other.browser().send("/who", cookie.as_deref()).await.body, "alice");
    browser.get("/logout").await.expect(StatusCode::OK);
    assert_eq!(other.browser().send("/who", cookie.as_deref()).await.body, "nobody");
}

#[tokio::test]
async fn d13_visits_that_store_nothing_cost_nothing() {
    let app = App::new();
    for _ in 0..1050 {
        for path in ["/ignore", "/who", "/get/key"] {
            let reply = app.browser().get(path).await.expect(StatusCode::OK);
            assert!(reply.set_cookies.is_empty(), "{reply:?}");
        }
    }
    assert_eq!((app.store.calls().total(), app.store.inner().len()), (0, 0));
}

#[tokio::test]
async fn d14_the_cookie_that_is_set_is_the_one_that_is_read() {
    let app = App::new();
    let mut browser = app.browser();
    let reply = browser.get("/login/alice").await;
    assert!(reply.set_cookies[0].starts_with("__Host-sid="), "{reply:?}");
    assert!(reply.set_cookies[0].ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{reply:?}");
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn d15_a_removal_is_saved() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/key/value").await.expect(StatusCode::OK);
    browser.get("/remove/key").await.expect(StatusCode::OK);
    assert_eq!(browser.get("/get/key").await.body, "nothing");
}

#[tokio::test]
async fn d16_a_steady_session_gets_no_cookie_and_makes_no_write() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let before = app.store.calls();
    for path in ["/who", "/get/key", "/ignore"] {
        assert!(browser.get(path).await.set_cookies.is_empty());
    }
    let after = app.store.calls();
    assert_eq!((after.load - before.load, after.save - before.save, after.touch - before.touch), (2, 0, 0));
    assert!(browser.get("/set/key/value").await.set_cookies.is_empty(), "a write changes no token");
}

#[tokio::test]
async fn d17_a_writer_that_loses_to_a_logout_is_told_so_and_it_is_no_server_error() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let slow = browser.start("/slow-set/key/value").await;
    browser.get("/logout").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    slow.await.expect("no panic").expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn d19_a_racing_write_after_a_logout_makes_no_record() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    let slow = browser.start("/slow-set/b/2").await;
    browser.get("/logout").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    slow.await.expect("no panic").expect(StatusCode::UNAUTHORIZED);
    let records = app.store.list(&hallpass::Query::default()).await.expect("it is there").items;
    assert!(records.iter().all(|record| record.ended.is_some()), "{records:?}");
}

#[tokio::test]
async fn d20_a_write_that_the_store_did_not_take_is_never_a_success() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    for fault in [Fault::Unavailable, Fault::LostAnswer] {
        app.store.script(Method::Save, [fault]);
        let reply = browser.get("/set/key/value").await.expect(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("unavailable", 0));
    }
    app.store.script(Method::Save, [Fault::Unavailable]);
    app.browser().get("/login/bob").await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn d23_the_removal_cookie_has_every_attribute_of_the_cookie() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let reply = browser.get("/logout").await.expect(StatusCode::OK);
    let expected =
        "__Host-sid=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(reply.set_cookies, [expected]);
    assert_eq!(browser.who().await, "nobody");
}

#[tokio::test]
async fn a_flood_of_refused_tokens_is_no_flood_of_reports_and_hides_nothing() {
    let app = App::new();
    let alice = app.signed_in("alice").await;
    let browser = app.browser();
    let invent = || {
        let mut token = hallpass::ReferenceToken::parse(alice.token()).expect("ours");
        token.id = hallpass::SessionId::random();
        format!("__Host-sid={}", token.encode().expose())
    };
    for _ in 0..500 {
        browser.send("/who", Some(&invent())).await;
        browser.send("/who", Some("__Host-sid=garbage; __Host-sid=more")).await;
        browser.send("/who", Some(&format!("{}; {}", invent(), invent()))).await;
    }
    for kind in [EventKind::UnknownToken, EventKind::DuplicateCookie] {
        assert!((1..100).contains(&app.observer.count(&kind)), "{kind}: {}", app.observer.count(&kind));
    }
    let mut wrong = hallpass::ReferenceToken::parse(alice.token()).expect("ours");
    wrong.secret = hallpass::SessionSecret::random();
    browser.send("/who", Some(&format!("__Host-sid={}", wrong.encode().expose()))).await;
    assert_eq!(app.observer.count(&EventKind::WrongSecret), 1, "it is told of all the same");
    app.advance(60);
    browser.send("/who", Some(&format!("{}; {}", invent(), invent()))).await;
    let told = |kind: &EventKind| -> u64 {
        let events = app.observer.events();
        events.iter().filter(|event| event.kind == *kind).map(|event| 1 + event.left_out).sum()
    };
    assert_eq!(told(&EventKind::UnknownToken), 500 + 2 * 501, "those that were left out are counted");
    assert_eq!(told(&EventKind::DuplicateCookie), 501, "garbage is no second cookie");
}
