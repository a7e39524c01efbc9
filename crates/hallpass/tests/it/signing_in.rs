//! What a login keeps, drops and ends.

use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use hallpass::testing::{Fault, Method};
use hallpass::{
    Caller, EndReason, IdempotencyKey, Level, NewSession, Overflow, Policy, Query, Realm, ReferenceToken, Sessions,
    SignIn,
};

use crate::app::{App, subject};

#[tokio::test]
async fn attributes_from_before_a_login_are_dropped_unless_named() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/cart/book").await.expect(StatusCode::OK);
    browser.get("/set/admin/yes").await.expect(StatusCode::OK);
    let mut other = browser.clone();
    browser.get("/login-keeping-cart/alice").await.expect(StatusCode::OK);
    assert_eq!(browser.get("/get/cart").await.body, "book");
    assert_eq!(browser.get("/get/admin").await.body, "nothing");
    other.jar = None;
    other.get("/set/cart/pen").await.expect(StatusCode::OK);
    other.get("/login/bob").await.expect(StatusCode::OK);
    assert_eq!(other.get("/get/cart").await.body, "nothing");
}

#[tokio::test]
async fn the_session_keeps_its_name_over_a_login_and_gets_another_for_another_subject() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    let id = |browser: &crate::app::Browser| ReferenceToken::parse(browser.token()).expect("ours").id;
    let anonymous = id(&browser);
    browser.get("/login/alice").await.expect(StatusCode::OK);
    assert_eq!(id(&browser), anonymous);
    browser.get("/set/key/of-alice").await.expect(StatusCode::OK);
    let as_alice = browser.jar.clone();
    browser.get("/login/bob").await.expect(StatusCode::OK);
    assert_ne!(id(&browser), anonymous);
    assert_eq!((browser.who().await.as_str(), browser.get("/get/key").await.body.as_str()), ("bob", "nothing"));
    assert_eq!(browser.send("/who", as_alice.as_deref()).await.body, "nobody");
    let record = app.sessions.find(&anonymous).await.expect("it is there").expect("a tombstone");
    assert_eq!(record.ended.expect("ended").reason, EndReason::Replaced);
}

#[tokio::test]
async fn a_fresh_proof_of_the_same_subject_drops_nothing_and_kills_the_old_token() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/key/value").await.expect(StatusCode::OK);
    let old = browser.jar.clone();
    app.advance(1000);
    browser.get("/login/alice").await.expect(StatusCode::OK);
    assert_eq!(browser.get("/get/key").await.body, "value");
    assert_eq!(browser.send("/who", old.as_deref()).await.body, "nobody");
    for _ in 0..(14_400 - 600) / 600 {
        app.advance(600);
        assert_eq!(browser.who().await, "alice", "its timeouts began anew");
    }
}

#[tokio::test]
async fn a_login_does_not_fail_because_the_anonymous_session_is_gone() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    let id = ReferenceToken::parse(browser.token()).expect("ours").id;
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    session.authenticate(SignIn::new(subject("alice")).keep("a")).expect("readable");
    app.sessions.revoke(&id, &hallpass::Revocation::default()).await.expect("it is there");
    session.commit().await.expect("a fresh session");
    assert_eq!(session.subject(), Some(subject("alice")));
    assert_ne!(session.id(), Some(id));
    assert_eq!(session.get::<String>("a").expect("text").as_deref(), Some("1"));
}

#[tokio::test]
async fn two_logins_on_one_anonymous_session_end_up_as_two_sessions() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    let (first, second) = (
        app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives"),
        app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives"),
    );
    first.authenticate(subject("alice")).expect("readable");
    second.authenticate(subject("bob")).expect("readable");
    first.commit().await.expect("first");
    second.commit().await.expect("second");
    assert_ne!(first.id(), second.id());
    assert_eq!((first.subject(), second.subject()), (Some(subject("alice")), Some(subject("bob"))));
}

#[tokio::test]
async fn a_slow_step_up_does_not_bring_back_an_ended_session() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    session.authenticate(SignIn::new(subject("alice")).level(Level::TWO_FACTORS)).expect("readable");
    app.sessions.revoke_subject(&subject("alice"), None, &hallpass::Revocation::default()).await.expect("listed");
    assert!(session.commit().await.expect_err("ended").is_inactive());
    assert!(app.sessions.of_subject(&subject("alice")).await.expect("listed").is_empty());
}

#[tokio::test]
async fn the_oldest_session_past_the_limit_ends_before_the_new_token_is_given_out() {
    let app = App::with_policy(Policy::builder().limit(2, Overflow::EvictOldest).build().expect("valid"));
    let mut browsers = Vec::new();
    for _ in 0..4 {
        app.advance(1);
        browsers.push(app.signed_in("alice").await);
    }
    let mut who = Vec::new();
    for browser in &mut browsers {
        who.push(browser.who().await);
    }
    assert_eq!(who, ["nobody", "nobody", "alice", "alice"]);
    assert_eq!(app.sessions.of_subject(&subject("alice")).await.expect("listed").len(), 2);
}

#[tokio::test]
async fn the_session_unused_for_longest_goes_first_where_the_policy_says_so() {
    let app = App::with_policy(Policy::builder().limit(2, Overflow::EvictIdle).build().expect("valid"));
    let mut first = app.signed_in("alice").await;
    app.advance(1);
    let mut second = app.signed_in("alice").await;
    app.advance(120);
    assert_eq!(first.who().await, "alice");
    app.signed_in("alice").await;
    assert_eq!((first.who().await.as_str(), second.who().await.as_str()), ("alice", "nobody"));
}

#[tokio::test]
async fn one_more_is_refused_where_the_policy_says_so_and_nothing_is_touched() {
    let app = App::with_policy(Policy::builder().limit(1, Overflow::Refuse).build().expect("valid"));
    let mut first = app.signed_in("alice").await;
    let mut second = app.browser();
    second.get("/set/cart/book").await.expect(StatusCode::OK);
    let reply = second.get("/login/alice").await.expect(StatusCode::CONFLICT);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("limit_reached", 0));
    assert_eq!(second.get("/get/cart").await.body, "book", "the anonymous session is as it was");
    assert_eq!(first.who().await, "alice");
    first.get("/logout").await.expect(StatusCode::OK);
    second.get("/login/alice").await.expect(StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_at_once_never_exceed_the_limit() {
    for overflow in [Overflow::EvictOldest, Overflow::EvictIdle, Overflow::Refuse] {
        let app = App::with_policy(Policy::builder().limit(3, overflow).build().expect("valid"));
        let logins = (0..32).map(|_| {
            let sessions = app.sessions.clone();
            tokio::spawn(async move { sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await })
        });
        let mut given_out = Vec::new();
        for login in logins.collect::<Vec<_>>() {
            match login.await.expect("no panic") {
                Ok(issued) => given_out.push(issued.token),
                Err(error) => assert!(error.is_limit_reached(), "{error}"),
            }
        }
        let mut usable = 0;
        for token in &given_out {
            usable += usize::from(app.sessions.open(token.expose(), &Caller::user()).await.is_ok());
        }
        let living = app.sessions.of_subject(&subject("alice")).await.expect("listed").len();
        assert!(usable <= 3 && living <= 3, "{overflow:?}: {usable} usable, {living} living");
    }
}

#[tokio::test]
async fn nobody_is_put_out_as_idle_within_a_minute_of_signing_in() {
    for (seconds, is_put_out) in [(59, false), (60, true)] {
        let app = App::with_policy(Policy::builder().limit(2, Overflow::EvictIdle).build().expect("valid"));
        let sign_in = async || {
            let issued = app.sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await;
            issued.expect("created").token
        };
        let used = sign_in().await;
        app.advance(120 - seconds);
        let new = sign_in().await;
        app.advance(seconds);
        app.sessions.verify(used.expose(), true, &Caller::user()).await.expect("used just now");
        sign_in().await;
        let is_gone = app.sessions.verify(new.expose(), true, &Caller::user()).await.is_err();
        assert_eq!(is_gone, is_put_out, "{seconds} s after signing in");
    }
}

#[tokio::test]
async fn of_two_who_sign_in_at_once_the_later_is_told_that_there_is_no_place() {
    let app = App::with_policy(Policy::builder().limit(1, Overflow::Refuse).build().expect("valid"));
    let sign_in = |sessions: Sessions| async move {
        sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await
    };
    // It looks before the other is there, and is made after it.
    let gate = app.store.hold_next_answer(Method::List);
    let later = tokio::spawn(sign_in(app.sessions.clone()));
    gate.reached().await;
    let earlier = sign_in(app.sessions.clone()).await.expect("there is a place");
    app.advance(1);
    gate.open();
    let refused = later.await.expect("no panic").expect_err("there is no other");
    assert!(refused.is_limit_reached(), "{refused}");
    let living = app.sessions.of_subject(&subject("alice")).await.expect("listed");
    assert_eq!(living.iter().map(|record| record.id).collect::<Vec<_>>(), [earlier.record.id]);
}

#[tokio::test]
async fn who_was_put_out_before_the_answer_is_told_so() {
    let app = App::with_policy(Policy::builder().limit(1, Overflow::EvictOldest).build().expect("valid"));
    let sign_in = |sessions: Sessions| async move {
        sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await
    };
    let gate = app.store.hold_next(Method::List);
    let earlier = tokio::spawn(sign_in(app.sessions.clone()));
    gate.reached().await;
    app.advance(1);
    sign_in(app.sessions.clone()).await.expect("it puts the other out");
    gate.open();
    assert!(earlier.await.expect("no panic").expect_err("it has ended").is_limit_reached());
}

#[tokio::test]
async fn a_retry_is_not_one_more_where_one_more_is_refused() {
    let app = App::with_policy(Policy::builder().limit(1, Overflow::Refuse).build().expect("valid"));
    let sign_in = async |name: &str| {
        let mut new = NewSession::signed_in(subject("alice"));
        new.idempotency = Some(key(name));
        app.sessions.create(new, &Caller::user()).await
    };
    let first = sign_in("first").await.expect("there is a place");
    assert_eq!(sign_in("first").await.expect("the same").record.id, first.record.id);
    assert!(sign_in("second").await.expect_err("another").is_limit_reached());
}

#[tokio::test]
async fn an_id_that_is_taken_is_drawn_anew() {
    let app = App::new();
    app.store.script(Method::Save, [Fault::Conflict]);
    app.sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("the second is free");
    assert_eq!(app.store.calls().save, 2);
}

#[tokio::test]
async fn a_session_that_is_made_with_too_much_is_refused_before_anything_is_written() {
    let app = App::with(|builder| builder.data_limit(1024));
    for who in [None, Some("alice")] {
        let mut new = who.map_or_else(NewSession::anonymous, |who| NewSession::signed_in(subject(who)));
        for data in [format!(r#"{{"key":"{}"}}"#, "x".repeat(1024)), "[".repeat(1025)] {
            new.data = Bytes::from(data);
            let refused = app.sessions.create(new.clone(), &Caller::user()).await.expect_err("too much");
            assert!(refused.is_too_large(), "its size is looked at before what it says: {refused}");
        }
    }
    assert_eq!(app.store.calls().save, 0);
}

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::new(&[7; 32], &Realm::default(), name.as_bytes())
}

#[tokio::test]
async fn a_retried_creation_finds_its_session_and_starts_a_new_chain() {
    let app = App::new();
    let create = async |who: Option<&str>, name: &str| {
        let mut new = who.map_or_else(NewSession::anonymous, |who| NewSession::signed_in(subject(who)));
        new.idempotency = Some(key(name));
        new.data = Bytes::from_static(br#"{"a":1}"#);
        app.sessions.create(new, &Caller::user()).await
    };
    for who in [None, Some("alice")] {
        let name = format!("{who:?}");
        let first = create(who, &name).await.expect("made");
        let again = create(who, &name).await.expect("found");
        assert_eq!(first.record.id, again.record.id);
        assert!(app.sessions.open(first.token.expose(), &Caller::user()).await.is_err(), "its answer was lost");
        app.sessions.open(again.token.expose(), &Caller::user()).await.expect("this one is good");
        assert!(create(Some("mallory"), &name).await.expect_err("another request").is_key_used());
        app.sessions.log_out(again.token.expose(), &Caller::user()).await.expect("it is there");
        assert!(create(who, &name).await.expect_err("it has ended").is_key_used());
    }
}

#[tokio::test]
async fn a_used_key_with_another_request_is_refused() {
    let app = App::new();
    let create = async |change: &dyn Fn(&mut NewSession), signed_in: bool| {
        let mut new = if signed_in { NewSession::signed_in(subject("alice")) } else { NewSession::anonymous() };
        new.idempotency = Some(key(&signed_in.to_string()));
        new.data = Bytes::from_static(br#"{"a":1}"#);
        change(&mut new);
        app.sessions.create(new, &Caller::user()).await
    };
    for signed_in in [false, true] {
        let first = create(&|_| (), signed_in).await.expect("made").record.id;
        let others: [&dyn Fn(&mut NewSession); 4] = [
            &|new| new.data = Bytes::from_static(br#"{"a":2}"#),
            &|new| new.data = Bytes::new(),
            &|new| new.profile = hallpass::Profile::remember(),
            &|new| new.client.ip = Some([192, 0, 2, 1].into()),
        ];
        for (number, other) in others.into_iter().enumerate() {
            let refused = create(other, signed_in).await.expect_err("something else was asked for");
            assert!(refused.is_key_used(), "{number}: {refused}");
        }
        assert_eq!(create(&|_| (), signed_in).await.expect("found").record.id, first);
    }
    let sign_ins: [fn(&mut SignIn); 3] = [
        |sign_in| sign_in.level = Level::TWO_FACTORS,
        |sign_in| sign_in.methods.push(hallpass::Method::new("otp").expect("a name")),
        |sign_in| sign_in.keep.push("cart".to_owned()),
    ];
    for other in sign_ins {
        let refused = create(&|new| other(new.sign_in.as_mut().expect("signed in")), true).await;
        assert!(refused.expect_err("another proof").is_key_used());
        let before = app.signed_in("alice").await.token();
        let mut sign_in = SignIn::new(subject("alice"));
        sign_in.idempotency = Some(key("step-up"));
        app.sessions.authenticate(&before, sign_in.clone(), &Caller::user()).await.expect("made");
        let mut changed = sign_in.clone();
        other(&mut changed);
        let refused = app.sessions.authenticate(&before, changed, &Caller::user()).await;
        assert!(refused.expect_err("another proof").is_key_used());
        app.sessions.authenticate(&before, sign_in, &Caller::user()).await.expect("found");
    }
}

#[tokio::test]
async fn a_retried_authentication_finds_its_session_even_under_another_name() {
    let app = App::new();
    for before in ["nobody", "alice", "bob"] {
        let mut browser = app.browser();
        browser.get("/set/a/1").await.expect(StatusCode::OK);
        if before != "nobody" {
            browser.get(&format!("/login/{before}")).await.expect(StatusCode::OK);
        }
        let mut sign_in = SignIn::new(subject("alice"));
        sign_in.idempotency = Some(key(before));
        let token = browser.token();
        let first = app.sessions.authenticate(&token, sign_in.clone(), &Caller::user()).await.expect("made");
        let again = app.sessions.authenticate(&token, sign_in.clone(), &Caller::user()).await.expect("found");
        assert_eq!((first.record.id, first.record.subject), (again.record.id, again.record.subject), "{before}");
        let opened = app.sessions.open(again.token.expose(), &Caller::user()).await.expect("good");
        assert_eq!(opened.subject(), Some(subject("alice")));
        let mut forged = ReferenceToken::parse(&token).expect("ours");
        forged.secret = hallpass::SessionSecret::random();
        let forged = forged.encode();
        let refused = app.sessions.authenticate(forged.expose(), sign_in.clone(), &Caller::user()).await;
        assert!(refused.expect_err("the key alone opens nothing").is_inactive());
        sign_in.idempotency = Some(key("another"));
        let refused = app.sessions.authenticate(&token, sign_in, &Caller::user()).await;
        assert!(refused.expect_err("another key").is_inactive());
    }
}

#[tokio::test]
async fn a_locked_session_shows_nothing_and_its_own_subject_unlocks_it() {
    let app = App::with_policy(Policy::builder().lock_when_idle().build().expect("valid"));
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/key/value").await.expect(StatusCode::OK);
    app.advance(1801);
    assert_eq!((browser.who().await.as_str(), browser.get("/get/key").await.body.as_str()), ("nobody", "nothing"));
    assert_eq!(browser.get("/set/key/other").await.expect(StatusCode::FORBIDDEN).code(), "locked");
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it is there");
    assert_eq!((session.subject(), session.locked_subject()), (None, Some(subject("alice"))));
    assert!(app.sessions.renew(&browser.token(), &Caller::user()).await.expect_err("locked").is_locked());
    session.rechain();
    assert!(session.commit().await.expect_err("a new token opens no lock").is_locked());
    assert_eq!((session.subject(), session.get::<String>("key").expect("hidden")), (None, None));
    browser.get("/login/alice").await.expect(StatusCode::OK);
    assert_eq!((browser.who().await.as_str(), browser.get("/get/key").await.body.as_str()), ("alice", "value"));
    app.advance(14_400);
    assert_eq!(browser.who().await, "nobody", "its absolute timeout ends it");
}

#[tokio::test]
async fn a_refused_change_of_subject_leaves_the_session_as_it_was() {
    let app = App::with_policy(Policy::builder().limit(1, Overflow::Refuse).build().expect("valid"));
    app.signed_in("bob").await;
    let mut browser = app.signed_in("alice").await;
    assert_eq!(browser.get("/login/bob").await.expect(StatusCode::CONFLICT).code(), "limit_reached");
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn what_others_saved_meanwhile_is_kept_by_a_login_that_keeps_it() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/count/cart").await.expect(StatusCode::OK);
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    session.authenticate(SignIn::new(subject("alice")).keep("cart")).expect("a fresh proof");
    assert_eq!(session.get::<u64>("cart").expect("a number"), Some(1));
    browser.get("/count/cart").await.expect(StatusCode::OK);
    session.commit().await.expect("saved");
    assert_eq!(session.get::<u64>("cart").expect("a number"), Some(2));
}

#[tokio::test]
async fn an_outage_between_the_two_steps_of_a_change_of_subject_ends_nothing() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let key = IdempotencyKey::new(b"caller", &Realm::default(), b"bob signs in");
    let mut sign_in = SignIn::new(subject("bob"));
    sign_in.idempotency = Some(key);
    let attempt = async || app.sessions.authenticate(&browser.token(), sign_in.clone(), &Caller::user()).await;
    for (applied, living) in [(0, 1), (1, 2)] {
        let fine = (0..applied).map(|_| Fault::None);
        app.store.script(Method::Save, fine.chain([Fault::Unavailable]));
        assert!(attempt().await.expect_err("the store is away").is_unavailable());
        let mut query = Query::default();
        query.ended = Some(false);
        let held = app.sessions.list(&query).await.expect("listed").items;
        assert_eq!(held.len(), living);
        let alice = app.sessions.open(&browser.token(), &Caller::user()).await.expect("her token is good");
        assert_eq!(alice.subject(), Some(subject("alice")));
    }
    let issued = attempt().await.expect("the store is back");
    assert_eq!(issued.record.subject, Some(subject("bob")));
    assert!(app.sessions.open(&browser.token(), &Caller::user()).await.expect_err("replaced").is_inactive());
    assert_eq!(app.sessions.of_subject(&subject("bob")).await.expect("listed").len(), 1, "and only one was made");
}

#[tokio::test]
async fn a_change_of_subject_that_is_refused_ends_nothing() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let mut sign_in = SignIn::new(subject("bob"));
    sign_in.at = Some(app.sessions.now().minus(Duration::from_hours(5)));
    assert!(app.sessions.authenticate(&browser.token(), sign_in, &Caller::user()).await.expect_err("old").is_value());
    assert!(app.sessions.open(&browser.token(), &Caller::user()).await.is_ok());
}

#[tokio::test]
async fn the_limit_counts_from_the_sign_in_here_and_not_from_the_proof() {
    let app = App::with_policy(Policy::builder().limit(1, Overflow::EvictOldest).build().expect("valid"));
    let mut first = app.signed_in("alice").await;
    app.advance(1000);
    let mut sign_in = SignIn::new(subject("alice"));
    sign_in.at = Some(app.sessions.now().minus(Duration::from_hours(2)));
    let new = signed_in_by(sign_in);
    let issued = app.sessions.create(new, &Caller::user()).await.expect("it is the newest");
    assert_eq!(first.who().await, "nobody");
    app.sessions.open(issued.token.expose(), &Caller::user()).await.expect("it lives");
}

#[tokio::test]
async fn whoever_signs_in_is_not_put_out_for_being_idle_by_a_touch_a_moment_later() {
    let app = App::with_policy(Policy::builder().limit(1, Overflow::EvictIdle).build().expect("valid"));
    let first = app.signed_in("alice").await;
    app.advance(600);
    let gate = app.store.hold_next(Method::List);
    let sessions = app.sessions.clone();
    let second = tokio::spawn(async move {
        sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("made").token
    });
    gate.reached().await;
    app.advance(1);
    app.sessions.verify(&first.token(), true, &Caller::user()).await.expect("still open");
    gate.open();
    let second = second.await.expect("no panic");
    app.sessions.open(second.expose(), &Caller::user()).await.expect("it lives");
    assert!(app.sessions.open(&first.token(), &Caller::user()).await.expect_err("evicted").is_inactive());
}

#[tokio::test]
async fn a_retried_sign_in_counts_against_the_limit_as_well() {
    let app = App::with_policy(Policy::builder().limit(1, Overflow::EvictOldest).build().expect("valid"));
    let mut other = app.signed_in("alice").await;
    app.advance(1);
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    let mut sign_in = SignIn::new(subject("alice"));
    sign_in.idempotency = Some(IdempotencyKey::new(b"caller", &Realm::default(), b"alice signs in"));
    let attempt = async || app.sessions.authenticate(&browser.token(), sign_in.clone(), &Caller::user()).await;
    app.store.script(Method::List, [Fault::Unavailable]);
    assert!(attempt().await.expect_err("the limit cannot be enforced").is_unavailable());
    attempt().await.expect("the store is back");
    assert_eq!(other.who().await, "nobody", "it was one too many");
}

#[tokio::test]
async fn a_step_up_by_an_old_proof_is_not_fresh() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let mut sign_in = SignIn::new(subject("alice")).level(Level::TWO_FACTORS);
    sign_in.at = Some(app.sessions.now().minus(Duration::from_hours(1)));
    let issued = app.sessions.authenticate(&browser.token(), sign_in, &Caller::user()).await.expect("good");
    let session = app.sessions.open(issued.token.expose(), &Caller::user()).await.expect("it lives");
    assert_eq!(session.level(), Level::TWO_FACTORS);
    assert!(session.is_fresh(Duration::from_hours(1)) && !session.is_fresh(Duration::from_mins(59)));
    let mut sign_in = SignIn::new(subject("alice")).level(Level::TWO_FACTORS);
    sign_in.at = Some(app.sessions.now().minus(Duration::from_hours(2)));
    let issued = app.sessions.authenticate(issued.token.expose(), sign_in, &Caller::user()).await.expect("good");
    let session = app.sessions.open(issued.token.expose(), &Caller::user()).await.expect("it lives");
    assert!(session.is_fresh(Duration::from_hours(1)), "an older proof of the same takes nothing away");
}

#[tokio::test]
async fn a_proof_that_is_older_than_a_session_may_be_is_refused() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    for (hours, is_good) in [(3, true), (4, false), (4000, false)] {
        let mut sign_in = SignIn::new(subject("alice"));
        sign_in.at = Some(app.sessions.now().minus(Duration::from_hours(hours)));
        assert_eq!(session.authenticate(sign_in.clone()).is_ok(), is_good);
        let new = signed_in_by(sign_in);
        match app.sessions.create(new, &Caller::user()).await {
            Ok(issued) => drop(app.sessions.open(issued.token.expose(), &Caller::user()).await.expect("it lives")),
            Err(error) => assert!(error.is_value() && !is_good),
        }
    }
}

fn signed_in_by(sign_in: SignIn) -> NewSession {
    let mut new = NewSession::anonymous();
    new.sign_in = Some(sign_in);
    new
}
