//! What only tokens that carry have to fear: other texts of one token, and answers that tell why one was refused.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::testing::ManualClock;
use hallpass::{
    Caller, EventKind, Jwt, Key, KeyAlgorithm, KeyRing, MemoryStore, NewSession, Realm, Revocation, Sealed, Sessions,
};

use crate::app::{App, subject};

fn ring(algorithm: KeyAlgorithm) -> KeyRing {
    KeyRing::new([Key::generate(algorithm).expect("a key")]).expect("a ring")
}

#[tokio::test]
async fn jwt_12_the_other_signature_of_a_token_is_revoked_with_it() {
    let jwt = Jwt::access(ring(KeyAlgorithm::Es256), "https://login.test", "https://api.test").expect("names");
    let store = Arc::new(MemoryStore::new());
    let builder = Sessions::builder().shared_store(store).access_tokens(jwt, Duration::from_mins(5));
    let sessions = builder.build().expect("all parts");
    let issued = sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
    let token = issued.access_token.expect("a signed-in session has one").token.expose().to_owned();
    let twin = other_signature(&token);
    assert_ne!(twin, token);
    for text in [&token, &twin] {
        let verified = sessions.verify_access(text, None, &Caller::user()).await.expect("both are good signatures");
        assert_eq!(verified.record.id, issued.record.id);
    }
    sessions.revoke(&issued.record.id, &Revocation::default()).await.expect("revoked");
    for text in [&token, &twin] {
        let verified = sessions.verify_access(text, None, &Caller::user()).await;
        assert!(verified.is_err_and(|error| error.is_inactive()));
    }
}

/// Of each signature `(r, s)` by ECDSA there is a second, `(r, n - s)`, which anybody can make.
fn other_signature(token: &str) -> String {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (message, signature) = token.rsplit_once('.').expect("a token");
    let mut signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let mut borrowed = false;
    for (digit, order) in signature[32..].iter_mut().zip(ORDER).rev() {
        let (less, first) = order.overflowing_sub(*digit);
        let (less, second) = less.overflowing_sub(borrowed.into());
        (*digit, borrowed) = (less, first || second);
    }
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn enc_9_of_two_writes_at_once_to_a_cookie_the_last_answer_stays() {
    let sealed = Sealed::new(ring(KeyAlgorithm::Sealing), &Realm::default(), "__Host-session").expect("a name");
    let app = App::with(|builder| builder.carried(sealed));
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/kept/before").await.expect(StatusCode::OK);
    let both = browser.clone();
    let (one, two) =
        (both.send("/set/one/1", both.jar.as_deref()).await, both.send("/set/two/2", both.jar.as_deref()).await);
    let pair = |cookie: &str| cookie.split(';').next().expect("a pair").to_owned();
    // As a browser keeps it: the answer that came last.
    browser.jar = Some(pair(&one.set_cookies[0]));
    browser.jar = Some(pair(&two.set_cookies[0]));
    assert_eq!(browser.get("/get/kept").await.body, "before");
    assert_eq!(browser.get("/get/two").await.body, "2");
    assert_eq!(browser.get("/get/one").await.body, "nothing", "it is lost, as the documentation says");
}

#[tokio::test]
async fn enc_10_every_refused_cookie_has_the_same_answer() {
    let sealed = |ring: &KeyRing| Sealed::new(ring.clone(), &Realm::default(), "__Host-session").expect("a name");
    let keys = ring(KeyAlgorithm::Sealing);
    let app = App::with(|builder| builder.carried(sealed(&keys)));
    let elsewhere = App::with(|builder| builder.carried(sealed(&ring(KeyAlgorithm::Sealing))));
    let good = app.signed_in("alice").await;
    let text = good.token();
    let bytes = URL_SAFE_NO_PAD.decode(&text).expect("base64url");
    let changed = |at: usize| {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        URL_SAFE_NO_PAD.encode(changed)
    };
    let another = elsewhere.signed_in("alice").await.token();
    let ended = app.signed_in("bob").await;
    ended.send("/logout", ended.jar.as_deref()).await.expect(StatusCode::OK);
    let refused = [
        ("the format", changed(0)),
        ("the name of the key", changed(3)),
        ("the nonce", changed(20)),
        ("the text", changed(60)),
        ("the tag", changed(bytes.len() - 1)),
        ("another key", another),
        ("cut short", text[..text.len() / 2].to_owned()),
        ("no base64url", format!("{text}!")),
        ("logged out", ended.token()),
        // The last: the others are not to be refused for their time.
        ("expired", text.clone()),
    ];
    assert_eq!(good.send("/who", good.jar.as_deref()).await.body, "alice");
    let mut answers = Vec::new();
    for (what, value) in refused {
        if what == "expired" {
            app.advance(60 * 60 * 24 * 400);
        }
        let reply = app.browser().send("/who", Some(&format!("__Host-session={value}"))).await;
        assert_eq!(reply.body, "nobody", "{what}");
        let mut headers = reply.headers;
        headers.remove(header::DATE);
        answers.push((what, (reply.status, reply.body, headers)));
    }
    for (what, answer) in &answers {
        assert_eq!(answer, &answers[0].1, "{what}");
    }
}

#[tokio::test]
async fn ckt_2_a_planted_session_beside_ones_own_takes_no_write_away() {
    let keys = ring(KeyAlgorithm::EdDsa);
    let jwt = Jwt::session(keys, "https://login.test", "https://api.test").expect("names");
    let app = App::with(|builder| builder.carried(jwt));
    let planted = app.signed_in("mallory").await;
    app.advance(60 * 20);
    let browser = app.signed_in("alice").await;
    // Within the leeway for clocks, its token opens; its session has gone unused for too long.
    app.advance(60 * 10 + 5);
    let (own, planted) = (browser.jar.as_deref().expect("a cookie"), planted.jar.as_deref().expect("a cookie"));
    for both in [format!("{planted}; {own}"), format!("{own}; {planted}")] {
        let written = browser.send("/set/kept/1", Some(&both)).await.expect(StatusCode::OK);
        let cookie = written.set_cookies[0].split(';').next().expect("a pair");
        assert_eq!(browser.send("/get/kept", Some(cookie)).await.body, "1");
        assert_eq!(browser.send("/who", Some(cookie)).await.body, "alice");
    }
}

#[tokio::test]
async fn what_was_ended_long_ago_can_be_ended_again() {
    let jwt = Jwt::access(ring(KeyAlgorithm::EdDsa), "https://login.test", "https://api.test").expect("names");
    let clock = ManualClock::new();
    let builder = Sessions::builder().store(MemoryStore::new()).clock(clock.clone());
    let sessions = builder.access_tokens(jwt, Duration::from_mins(5)).build().expect("all parts");
    let user = Caller::user();
    let mut issued = sessions.create(NewSession::signed_in(subject("alice")), &user).await.expect("created");
    // Each time, what was written of the ends before is over, and swept or about to be.
    for minutes in [6, 8, 10, 25] {
        issued = sessions.rechain(issued.token.expose(), &user).await.expect("a new chain");
        let ended = sessions.revoke_subject(&subject("bob"), None, &Revocation::default()).await;
        assert_eq!(ended.expect("whoever has no session is logged out too"), 0);
        clock.advance(Duration::from_mins(minutes));
        let swept = sessions.sweep(NonZeroUsize::MIN.saturating_add(999)).await.expect("the store is there");
        assert_eq!(swept.expired, 0, "what is the library's own is no session");
    }
    let last = sessions.rechain(issued.token.expose(), &user).await.expect("a new chain");
    sessions.log_out(last.token.expose(), &user).await.expect("logged out");
    let access = last.access_token.expect("a signed-in session has one").token;
    assert!(sessions.verify_access(access.expose(), None, &user).await.is_err_and(|error| error.is_inactive()));
}

#[tokio::test]
async fn enc_3_a_token_of_a_key_that_is_not_known_is_told() {
    let sealed = || Sealed::new(ring(KeyAlgorithm::Sealing), &Realm::default(), "__Host-session").expect("a name");
    let observer = hallpass::testing::RecordingObserver::new();
    let elsewhere = Sessions::builder().carried(sealed()).build().expect("all parts");
    let sessions = Sessions::builder().carried(sealed()).observer(observer.clone()).build().expect("all parts");
    let issued = elsewhere.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
    assert!(sessions.open(issued.token.expose(), &Caller::user()).await.is_err_and(|error| error.is_inactive()));
    assert!(observer.events().iter().any(|event| event.kind == EventKind::UnknownToken));
}

#[tokio::test]
async fn the_use_of_a_revoked_token_is_told() {
    let jwt = Jwt::session(ring(KeyAlgorithm::EdDsa), "https://login.test", "https://api.test").expect("names");
    let observer = hallpass::testing::RecordingObserver::new();
    let builder = Sessions::builder().store(MemoryStore::new()).carried(jwt).observer(observer.clone());
    let sessions = builder.build().expect("all parts");
    let issued = sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
    sessions.log_out(issued.token.expose(), &Caller::user()).await.expect("logged out");
    assert!(sessions.open(issued.token.expose(), &Caller::user()).await.is_err_and(|error| error.is_inactive()));
    let told = observer.events();
    let used = told.iter().find(|event| event.kind == EventKind::UsedAfterEnd).expect("it is told");
    assert_eq!((used.session, used.subject.clone()), (Some(issued.record.id), Some(subject("alice"))));
}
