//! Tokens that are replaced on schedule, on demand, and in the five rules' corner cases.

use axum::http::StatusCode;
use hallpass::testing::Method;
use hallpass::{
    Caller, EndReason, EventKind, Expected, Generation, NewSession, Outcome, ReferenceToken, SessionId, SessionSecret,
    Store as _,
};

use crate::app::{App, Browser, subject};

const HOUR: u64 = 3600;

/// A browser whose session was used for an hour, so that its renewal is due.
async fn due(app: &App) -> Browser {
    let browser = app.signed_in("alice").await;
    for _ in 0..4 {
        app.advance(HOUR / 4);
        keep_alive(&browser).await;
    }
    browser
}

/// Notes a use without renewing, as a service does that only asks.
async fn keep_alive(browser: &Browser) {
    let sessions = &browser.app.sessions;
    sessions.verify(&browser.token(), true, &Caller::user()).await.expect("it lives");
}

#[tokio::test]
async fn a_token_is_replaced_after_an_hour_of_use_and_the_old_one_dies_after_its_grace() {
    let app = App::new();
    let mut browser = due(&app).await;
    let old = browser.jar.clone();
    let reply = browser.get("/who").await.expect(StatusCode::OK);
    assert_eq!((reply.body.as_str(), reply.set_cookies.len(), browser.generation()), ("alice", 1, 1));
    assert!(browser.get("/who").await.set_cookies.is_empty(), "once");
    app.advance(31);
    assert_eq!(browser.send("/who", old.as_deref()).await.body, "nobody");
    assert_eq!(browser.who().await, "alice", "a spent token that comes back soon ends nothing");
    assert_eq!(app.observer.count(&EventKind::SpentToken), 1);
}

#[tokio::test]
async fn a_spent_token_that_comes_back_late_ends_the_session() {
    let app = App::new();
    let mut browser = due(&app).await;
    let old = browser.jar.clone();
    browser.get("/who").await.expect(StatusCode::OK);
    browser.get("/who").await.expect(StatusCode::OK);
    app.advance(151);
    assert_eq!(browser.send("/who", old.as_deref()).await.body, "nobody");
    assert_eq!(browser.who().await, "nobody", "two parties held it");
    let id = ReferenceToken::parse(browser.token()).expect("ours").id;
    let record = app.sessions.find(&id).await.expect("it is there").expect("a tombstone");
    assert_eq!(record.ended.expect("ended").reason, EndReason::Replayed);
    assert_eq!(app.observer.count(&EventKind::Replayed), 1);
    assert_eq!(app.observer.count(&EventKind::UsedAfterEnd), 1, "the second time");
}

#[tokio::test]
async fn tabs_that_renew_at_once_all_go_on_with_one_successor() {
    let app = App::new();
    let browser = due(&app).await;
    let token = browser.token();
    let renewals = (0..64).map(|_| {
        let (sessions, token) = (app.sessions.clone(), token.clone());
        tokio::spawn(async move { sessions.renew(&token, &Caller::user()).await.expect("good") })
    });
    let mut successors = std::collections::BTreeSet::new();
    for renewal in renewals.collect::<Vec<_>>() {
        successors.insert(renewal.await.expect("no panic").token.expose().to_owned());
    }
    assert_eq!(successors.len(), 1);
    assert!(!successors.contains(&token));
    let mut tabs = Vec::new();
    for _ in 0..8 {
        let mut tab = browser.clone();
        assert_eq!(tab.get("/who").await.body, "alice");
        tabs.push(tab.token());
    }
    assert_eq!(tabs.iter().collect::<std::collections::BTreeSet<_>>(), successors.iter().collect(), "pages too");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_made_up_for() {
    let app = App::new();
    let mut browser = due(&app).await;
    let lost = browser.send("/who", browser.jar.as_deref()).await;
    assert_eq!(lost.set_cookies.len(), 1);
    app.advance(600);
    let reply = browser.get("/who").await.expect(StatusCode::OK);
    assert_eq!((reply.body.as_str(), reply.set_cookies.len(), browser.generation()), ("alice", 1, 2));
    assert_ne!(reply.set_cookies, lost.set_cookies);
    let (lost, _) = lost.set_cookies[0].split_once(';').expect("attributes");
    assert_eq!(browser.send("/who", Some(lost)).await.body, "nobody", "the lost token is spent");
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn a_wrong_secret_never_ends_a_session() {
    let app = App::new();
    let mut browser = due(&app).await;
    browser.get("/who").await.expect(StatusCode::OK);
    let ours = ReferenceToken::parse(browser.token()).expect("ours");
    app.advance(500);
    for generation in 0..3 {
        let generation = hallpass::Generation::new(generation).expect("small");
        let forged = ReferenceToken { id: ours.id, generation, secret: SessionSecret::random() };
        let cookie = format!("__Host-sid={}", forged.encode().expose());
        assert_eq!(browser.send("/who", Some(&cookie)).await.body, "nobody");
    }
    assert_eq!(browser.who().await, "alice");
    assert_eq!(app.observer.count(&EventKind::WrongSecret), 3);
}

#[tokio::test]
async fn nothing_moves_where_no_token_can_be_handed_out() {
    let app = App::new();
    let mut browser = due(&app).await;
    let before = app.store.calls();
    let verified = app.sessions.verify(&browser.token(), false, &Caller::user()).await.expect("good");
    assert!(verified.renewal_due);
    assert_eq!(app.store.calls().save, before.save);
    let old = browser.token();
    browser.get("/who").await.expect(StatusCode::OK);
    let verified = app.sessions.verify(&old, false, &Caller::user()).await.expect("within its grace");
    assert!(verified.renewal_due, "the client should fetch the successor");
    assert_eq!(verified.record.chain.expect("living").generation.number(), 1);
}

#[tokio::test]
async fn a_slow_request_from_before_a_login_brings_back_no_old_cookie() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    app.advance(1);
    let slow = browser.start("/slow-read").await;
    let anonymous = browser.jar.clone();
    browser.get("/login/alice").await.expect(StatusCode::OK);
    app.advance(HOUR);
    app.slow.go_on.notify_one();
    let reply = slow.await.expect("no panic").expect(StatusCode::OK);
    assert!(reply.set_cookies.is_empty(), "{reply:?}");
    assert_ne!(browser.jar, anonymous);
}

#[tokio::test]
async fn a_successor_is_not_handed_out_again_once_a_login_has_overtaken_it() {
    let app = App::new();
    let mut browser = due(&app).await;
    let mut stale = browser.clone();
    browser.get("/who").await.expect(StatusCode::OK);
    // The old token is in its grace; the request that shows it is slow, and a login comes first.
    let slow = stale.start("/slow-read").await;
    browser.get("/login/alice").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    assert!(slow.await.expect("no panic").set_cookies.is_empty());
    assert_eq!(stale.get("/who").await.body, "nobody");
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn the_first_use_of_a_new_token_is_noted_before_anything_else() {
    let app = App::new();
    let mut browser = due(&app).await;
    let old = browser.jar.clone();
    browser.get("/who").await.expect(StatusCode::OK);
    let before = app.store.calls();
    browser.get("/who").await.expect(StatusCode::OK);
    assert_eq!(app.store.calls().save - before.save, 1);
    browser.get("/who").await.expect(StatusCode::OK);
    assert_eq!(app.store.calls().save - before.save, 1, "and only then");
    app.advance(60);
    assert_eq!(browser.send("/who", old.as_deref()).await.body, "nobody", "so the old one is no lost answer");
}

#[tokio::test]
async fn a_change_of_role_kills_the_old_token_at_once() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/key/value").await.expect(StatusCode::OK);
    let old = browser.jar.clone();
    let reply = browser.get("/role-change").await.expect(StatusCode::OK);
    assert_eq!(reply.set_cookies.len(), 1);
    assert_eq!(browser.send("/who", old.as_deref()).await.body, "nobody");
    assert_eq!((browser.get("/get/key").await.body.as_str(), browser.who().await.as_str()), ("value", "alice"));
    assert_eq!(app.observer.count(&EventKind::Rechained), 1);
}

#[tokio::test]
async fn renewing_on_demand_is_paced() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let mut token = browser.token();
    for made in 0..20 {
        let issued = app.sessions.renew(&token, &Caller::user()).await.expect("good");
        assert_eq!(issued.token.expose() != token, made < 16, "{made}");
        issued.token.expose().clone_into(&mut token);
    }
    app.advance(1);
    let issued = app.sessions.renew(&token, &Caller::user()).await.expect("good");
    assert_ne!(issued.token.expose(), token);
}

#[tokio::test]
async fn renewal_never_extends_the_absolute_timeout() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    for _ in 0..(4 * HOUR / 600 - 1) {
        app.advance(600);
        assert_eq!(browser.who().await, "alice");
    }
    assert!(browser.generation() >= 3);
    app.advance(599);
    assert_eq!(browser.who().await, "alice");
    app.advance(1);
    assert_eq!(browser.who().await, "nobody");
    assert_eq!(app.observer.count(&EventKind::Expired), 1);
}

#[tokio::test]
async fn malformed_tokens_ask_no_store() {
    let app = App::new();
    let browser = app.browser();
    for bytes in ["", "x", &"A".repeat(63), &"A".repeat(65), &"=".repeat(64), &"\u{ff}".repeat(32)] {
        let reply = browser.send("/who", Some(&format!("__Host-sid={bytes}"))).await.expect(StatusCode::OK);
        assert_eq!(reply.body, "nobody");
    }
    assert_eq!(app.store.calls().total(), 0);
}

#[tokio::test]
async fn every_refused_token_looks_the_same() {
    let app = App::new();
    let mut gone = app.signed_in("alice").await;
    let ended = gone.jar.clone().expect("a cookie");
    gone.get("/logout").await.expect(StatusCode::OK);
    let expired = app.signed_in("bob").await.jar.expect("a cookie");
    app.advance(1801);
    let unknown = ReferenceToken {
        id: SessionId::random(),
        generation: hallpass::Generation::FIRST,
        secret: SessionSecret::random(),
    };
    let unknown = format!("__Host-sid={}", unknown.encode().expose());
    let mut replies = Vec::new();
    for cookie in [&ended, &expired, &unknown, "__Host-sid=malformed"] {
        let reply = app.browser().send("/who", Some(cookie)).await;
        replies.push(format!("{:?} {} {:?}", reply.status, reply.body, reply.headers));
    }
    replies.dedup();
    assert_eq!(replies.len(), 1, "{replies:#?}");
}

#[tokio::test]
async fn a_held_answer_from_the_store_loses_no_renewal() {
    let app = App::new();
    let browser = due(&app).await;
    let gate = app.store.hold_next_answer(Method::Save);
    let (sessions, token) = (app.sessions.clone(), browser.token());
    let slow = tokio::spawn(async move { sessions.renew(&token, &Caller::user()).await });
    gate.reached().await;
    let fast = app.sessions.renew(&browser.token(), &Caller::user()).await.expect("within grace");
    gate.open();
    let slow = slow.await.expect("no panic").expect("applied");
    assert_eq!(slow.token.expose(), fast.token.expose());
}

#[tokio::test]
async fn two_first_uses_at_once_are_noted_once() {
    let app = App::new();
    let mut browser = due(&app).await;
    browser.get("/who").await.expect(StatusCode::OK);
    let before = app.store.calls().save;
    let gate = app.store.hold_next(Method::Save);
    let other = tokio::spawn({
        let browser = browser.clone();
        async move { browser.send("/who", browser.jar.as_deref()).await }
    });
    gate.reached().await;
    assert_eq!(browser.who().await, "alice");
    gate.open();
    assert_eq!(other.await.expect("no panic").body, "alice");
    assert_eq!(app.store.calls().save - before, 2, "the second finds it noted already");
}

#[tokio::test]
async fn a_session_whose_generations_have_run_out_ends_when_it_would_be_renewed() {
    let app = App::new();
    let issued = app.sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("made");
    let secret = SessionSecret::random();
    let mut record = issued.record;
    let version = record.version;
    record.version = version.next();
    let chain = record.chain.as_mut().expect("living");
    (chain.generation, chain.from, chain.hash) = (Generation::LAST, Generation::LAST, secret.hash());
    let saved = app.store.save(&record, Expected::Version(version), &[]).await.expect("saved");
    assert_eq!(saved, Outcome::Applied);
    let token = ReferenceToken { id: record.id, generation: Generation::LAST, secret }.encode();
    for _ in 0..5 {
        app.sessions.verify(token.expose(), true, &Caller::user()).await.expect("still good");
        app.advance(HOUR / 5);
    }
    assert!(app.sessions.verify(token.expose(), true, &Caller::user()).await.expect_err("over").is_inactive());
    let record = app.sessions.find(&record.id).await.expect("it is there").expect("a tombstone");
    assert_eq!(record.ended.expect("ended").reason, EndReason::Exhausted);
}
