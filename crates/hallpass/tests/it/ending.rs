//! How sessions end, and what is left of them.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use axum::http::StatusCode;
use hallpass::testing::{Fault, Method};
use hallpass::{
    Actor, Caller, EndReason, EventKind, EventQuery, Extent, NewSession, Note, Policy, Profile, Query, Realm,
    ReferenceToken, Revocation, SessionState, Sessions, SignIn,
};

use crate::app::{App, Browser, subject};

fn id(browser: &Browser) -> hallpass::SessionId {
    ReferenceToken::parse(browser.token()).expect("ours").id
}

fn by_operator(note: &str) -> Revocation {
    Revocation { note: Note::lossy(note), caller: Caller::new(Actor::operator("olga")) }
}

#[tokio::test]
async fn an_ended_session_tells_who_ended_it_and_why_and_keeps_no_secret() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/key/secret").await.expect(StatusCode::OK);
    assert!(app.sessions.revoke(&id(&browser), &by_operator("stolen laptop")).await.expect("it is there"));
    assert_eq!(browser.who().await, "nobody");
    let record = app.sessions.find(&id(&browser)).await.expect("it is there").expect("a tombstone");
    assert!(record.chain.is_none() && record.data.is_empty());
    let ended = record.ended.expect("ended");
    assert_eq!((ended.reason, ended.actor.as_str()), (EndReason::Revoked, "operator:olga"));
    assert_eq!(ended.note.as_ref().map(Note::as_str), Some("stolen laptop"));
    assert!(!app.sessions.revoke(&id(&browser), &by_operator("again")).await.expect("it is there"), "once");
    let unknown = app.sessions.revoke(&hallpass::SessionId::random(), &by_operator("")).await;
    assert!(unknown.expect_err("never made").is_not_found());
}

#[tokio::test]
async fn what_happened_to_a_session_is_told_in_order() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    browser.get("/login/alice").await.expect(StatusCode::OK);
    browser.get("/role-change").await.expect(StatusCode::OK);
    let id = id(&browser);
    browser.get("/logout").await.expect(StatusCode::OK);
    let events = app.sessions.events(&EventQuery::of_session(Realm::default(), id)).await.expect("kept").items;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["created", "authenticated", "rechained", "revoked"]);
    assert_eq!(events[3].reason, Some(EndReason::Logout));
    assert_eq!(events[1].subject, Some(subject("alice")));
    assert_eq!(events[1].origin.user_agent.as_ref().map(Note::as_str), Some("Mozilla/5.0 (test)"));
    assert_eq!(app.observer.of_session(id).len(), 4, "the observer hears of each once");
}

#[tokio::test]
async fn all_sessions_of_a_subject_end_but_one_that_is_excepted() {
    let app = App::new();
    let mut browsers = vec![app.signed_in("alice").await, app.signed_in("alice").await, app.signed_in("bob").await];
    let kept = id(&browsers[0]);
    let revoked = app.sessions.revoke_subject(&subject("alice"), Some(&kept), &by_operator("")).await.expect("listed");
    assert_eq!(revoked, 1);
    let mut who = Vec::new();
    for browser in &mut browsers {
        who.push(browser.who().await);
    }
    assert_eq!(who, ["alice", "nobody", "bob"]);
    let revoked = app.sessions.revoke_subject(&subject("alice"), None, &by_operator("")).await.expect("listed");
    assert_eq!((revoked, browsers[0].who().await.as_str()), (1, "nobody"));
}

#[tokio::test]
async fn many_end_by_what_they_have_in_common_and_a_dry_run_ends_none() {
    let app = App::new();
    for number in 0..250 {
        let mut new = NewSession::signed_in(subject(&format!("user-{}", number % 5)));
        new.client.ip = Some(format!("10.0.{}.{number}", number % 2).parse().expect("an address"));
        app.sessions.create(new, &Caller::user()).await.expect("made");
    }
    let mut query = Query::default();
    query.ip = Some("10.0.1.0/24".parse().expect("a range"));
    let mut pages = 0;
    let (whole, dry_run) = (Extent::default(), Extent { dry_run: true, ..Extent::default() });
    let dry = app.sessions.revoke_matching(&query, &dry_run, &by_operator(""), |_| pages += 1).await.expect("listed");
    assert_eq!((dry.matched, dry.revoked, dry.sample.len(), pages), (125, 0, 10, 2));
    let done = app.sessions.revoke_matching(&query, &whole, &by_operator(""), |_| {}).await.expect("listed");
    assert_eq!((done.matched, done.revoked), (125, 125));
    let again = app.sessions.revoke_matching(&query, &whole, &by_operator(""), |_| {}).await.expect("listed");
    assert_eq!((again.matched, again.revoked), (0, 0));
    let mut living = 0;
    for number in 0..5 {
        living += app.sessions.of_subject(&subject(&format!("user-{number}"))).await.expect("listed").len();
    }
    assert_eq!(living, 125);
}

#[tokio::test]
async fn many_end_in_parts_each_going_on_where_the_one_before_stopped() {
    let app = App::new();
    for _ in 0..150 {
        app.sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("made");
    }
    let extent = Extent { most: NonZeroU64::new(60), ..Extent::default() };
    let (mut query, mut parts) = (Query::default(), Vec::new());
    loop {
        let done = app.sessions.revoke_matching(&query, &extent, &by_operator(""), |_| {}).await.expect("listed");
        parts.push((done.matched, done.revoked));
        query.after = done.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(parts, [(60, 60), (60, 60), (30, 30)]);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_the_state_that_policies_say_they_are_in() {
    let app = App::with_policy(Policy::builder().lock_when_idle().build().expect("valid"));
    let make = async |name: &str| {
        app.advance(1);
        app.sessions.create(NewSession::signed_in(subject(name)), &Caller::user()).await.expect("made").record.id
    };
    let ended = make("ended").await;
    app.sessions.revoke(&ended, &by_operator("")).await.expect("it is there");
    let locked = make("locked").await;
    app.advance(31 * 60);
    let active = make("active").await;
    let list = async |states: &str| -> Vec<_> {
        let states = states.parse().expect("states");
        let page = app.sessions.list_in(&Query::default(), states).await.expect("listed");
        page.items.iter().map(|record| record.id).collect()
    };
    assert_eq!(list("active").await, [active]);
    assert_eq!(list("locked").await, [locked]);
    assert_eq!(list("ended").await, [ended]);
    assert_eq!(list("active,ended").await, [active, ended]);
    for (states, revoked) in [("ended", 0), ("locked", 1), ("active", 1)] {
        let extent = Extent { states: states.parse().expect("states"), ..Extent::default() };
        let done = app.sessions.revoke_matching(&Query::default(), &extent, &by_operator(""), |_| {}).await;
        assert_eq!(done.expect("listed").revoked, revoked, "{states}");
    }
    assert_eq!(list("ended").await, [active, locked, ended]);
}

#[tokio::test]
async fn a_sweep_ends_what_is_over_with_an_event_and_later_forgets_it() {
    let policy = Policy::builder().retention(Duration::from_hours(1)).build().expect("valid");
    let app = App::with_policy(policy);
    let mut used = app.signed_in("alice").await;
    let unused = app.signed_in("bob").await;
    app.advance(1000);
    assert_eq!(used.who().await, "alice");
    app.advance(1000);
    let all = NonZeroUsize::MAX;
    let swept = app.sessions.sweep(all).await.expect("it is there");
    assert_eq!((swept.expired, swept.forgotten), (1, 0));
    let record = app.sessions.find(&id(&unused)).await.expect("it is there").expect("a tombstone");
    let ended = record.ended.expect("ended");
    assert_eq!((ended.reason, ended.actor.as_str()), (EndReason::Idle, "policy"));
    assert_eq!(ended.at, record.seen_at.plus(Duration::from_mins(30)), "when its time was over, not when it was swept");
    assert_eq!(app.observer.count(&EventKind::Expired), 1);
    assert_eq!(used.who().await, "alice");
    app.advance(2 * 3600 + 1);
    let swept = app.sessions.sweep(all).await.expect("it is there");
    assert_eq!((swept.expired, swept.forgotten), (1, 1), "retention and margin are over for the first");
    assert_eq!(app.sessions.find(&id(&unused)).await.expect("it is there"), None);
}

#[tokio::test]
async fn a_sweep_after_a_long_pause_forgets_nothing_whose_end_was_not_written_down() {
    let app = App::new();
    let mut tokens = Vec::new();
    for _ in 0..5 {
        tokens.push(app.signed_in("alice").await);
    }
    // Longer than any margin: the store alone would forget them as they are.
    app.advance(100 * 3600);
    let two = NonZeroUsize::new(2).expect("not zero");
    for expected in [(2, 0), (2, 0), (1, 0), (0, 0)] {
        let swept = app.sessions.sweep(two).await.expect("it is there");
        assert_eq!((swept.expired, swept.forgotten), expected);
    }
    assert_eq!(app.observer.count(&EventKind::Expired), 5);
    for token in &tokens {
        let record = app.sessions.find(&id(token)).await.expect("it is there").expect("a tombstone");
        assert_eq!(record.ended.map(|ended| ended.reason), Some(EndReason::Idle));
    }
}

#[tokio::test]
async fn a_session_that_is_used_while_it_is_swept_stays() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    app.advance(1799);
    let gate = app.store.hold_next_answer(Method::List);
    let sessions = app.sessions.clone();
    let sweep = tokio::spawn(async move { sessions.sweep(NonZeroUsize::MAX).await });
    gate.reached().await;
    assert_eq!(browser.who().await, "alice");
    app.advance(1);
    gate.open();
    assert_eq!(sweep.await.expect("no panic").expect("it is there").expired, 0);
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn logging_out_twice_or_with_any_token_is_no_error() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    for token in [&browser.token(), &browser.token(), "garbage", ""] {
        app.sessions.log_out(token, &Caller::user()).await.expect("as good as logged out");
    }
    app.store.outage(true);
    let error = app.sessions.log_out(&browser.token(), &Caller::user()).await.expect_err("it may still be open");
    assert!(error.is_unavailable());
}

#[tokio::test]
async fn a_logout_in_an_outage_removes_the_cookie_and_says_that_the_server_side_is_open() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let cookie = browser.jar.clone();
    app.store.script(Method::Save, [Fault::Unavailable]);
    let reply = browser.get("/logout").await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((reply.code().as_str(), browser.jar.as_ref()), ("unavailable", None));
    assert_eq!(browser.send("/who", cookie.as_deref()).await.body, "alice");
}

#[tokio::test]
async fn what_is_set_after_a_logout_goes_into_a_new_session() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let before = id(&browser);
    let reply = browser.get("/logout-with-notice").await.expect(StatusCode::OK);
    assert_eq!(reply.set_cookies.len(), 1);
    assert_ne!(id(&browser), before);
    assert_eq!((browser.who().await.as_str(), browser.get("/get/notice").await.body.as_str()), ("nobody", "bye"));
}

#[tokio::test]
async fn a_touch_is_written_once_a_minute_and_its_loss_is_no_error() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let touches = || app.store.calls().touch;
    app.advance(60);
    browser.get("/who").await.expect(StatusCode::OK);
    assert_eq!(touches(), 0);
    app.advance(1);
    browser.get("/who").await.expect(StatusCode::OK);
    browser.get("/who").await.expect(StatusCode::OK);
    assert_eq!(touches(), 1);
    app.store.always(Method::Touch, Fault::Unavailable);
    app.advance(61);
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn profiles_travel_with_the_session_and_the_stricter_wins() {
    let app = App::new();
    let long = SignIn::new(subject("alice")).profile(Profile::remember());
    let mut new = NewSession::anonymous();
    new.sign_in = Some(long);
    let issued = app.sessions.create(new, &Caller::user()).await.expect("made");
    assert_eq!(issued.record.profile, Profile::remember());
    app.advance(86_400);
    let strict = Policy::builder().idle(Duration::from_hours(1)).absolute(Duration::from_hours(2)).build();
    let stricter = Sessions::builder()
        .shared_store(std::sync::Arc::clone(app.sessions.store()))
        .clock(app.clock.clone())
        .profile(Profile::remember(), strict.expect("valid"))
        .build()
        .expect("the parts fit");
    let record = app.sessions.find(&issued.record.id).await.expect("it is there").expect("living");
    assert_eq!(app.sessions.state(&record), SessionState::Active);
    assert_eq!(stricter.state(&record), SessionState::Ended);
}

#[tokio::test]
async fn realms_do_not_see_each_other() {
    let app = App::new();
    let shop = app.sessions.in_realm(Realm::new("shop").expect("valid"));
    let issued = shop.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("made");
    let elsewhere = app.sessions.open(issued.token.expose(), &Caller::user()).await;
    assert!(elsewhere.expect_err("another application's").is_inactive());
    assert!(app.sessions.find(&issued.record.id).await.expect("it is there").is_none());
    assert!(app.sessions.of_subject(&subject("alice")).await.expect("listed").is_empty());
    assert_eq!(app.sessions.revoke_subject(&subject("alice"), None, &by_operator("")).await.expect("listed"), 0);
    assert!(app.sessions.events(&EventQuery::default()).await.expect("kept").items.is_empty());
    shop.open(issued.token.expose(), &Caller::user()).await.expect("its own");
}

#[tokio::test]
async fn nothing_is_forgotten_before_it_has_been_ended() {
    let app = App::new();
    for _ in 0..5 {
        app.signed_in("alice").await;
        app.advance(1);
    }
    app.advance(30 * 86_400);
    let two = NonZeroUsize::new(2).expect("positive");
    let mut rounds = Vec::new();
    for _ in 0..4 {
        let swept = app.sessions.sweep(two).await.expect("it is there");
        rounds.push((swept.expired, swept.forgotten));
    }
    assert_eq!(rounds, [(2, 0), (2, 0), (1, 0), (0, 0)]);
    assert_eq!(app.observer.count(&EventKind::Expired), 5);
}

#[tokio::test]
async fn a_session_whose_time_is_over_is_not_revived_by_a_retried_creation() {
    let app = App::new();
    let create = async || {
        let mut new = NewSession::signed_in(subject("alice"));
        new.idempotency = Some(hallpass::IdempotencyKey::new(&[1; 32], &Realm::default(), b"key"));
        app.sessions.create(new, &Caller::user()).await
    };
    create().await.expect("made");
    app.advance(1799);
    create().await.expect("found");
    app.advance(1800);
    assert!(create().await.expect_err("over").is_key_used());
}

#[tokio::test]
async fn a_replay_that_a_login_overtakes_ends_nothing() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let first = browser.token();
    let second = app.sessions.renew(&first, &Caller::user()).await.expect("good").token;
    app.sessions.verify(second.expose(), true, &Caller::user()).await.expect("good");
    app.advance(151);
    let gate = app.store.hold_next(Method::Save);
    let sessions = app.sessions.clone();
    let thief = tokio::spawn(async move { sessions.verify(&first, true, &Caller::user()).await });
    gate.reached().await;
    let login = app.sessions.authenticate(second.expose(), SignIn::new(subject("alice")), &Caller::user()).await;
    let login = login.expect("good");
    gate.open();
    assert!(thief.await.expect("no panic").expect_err("refused").is_inactive());
    app.sessions.open(login.token.expose(), &Caller::user()).await.expect("the login stands");
    assert_eq!(app.observer.count(&EventKind::Replayed), 0);
}

#[tokio::test]
async fn a_timeout_that_a_use_overtakes_ends_nothing() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let token = browser.token();
    app.advance(1799);
    let loaded = app.store.hold_next_answer(Method::Load);
    let (sessions, late) = (app.sessions.clone(), token.clone());
    let late = tokio::spawn(async move { sessions.verify(&late, true, &Caller::user()).await });
    loaded.reached().await;
    let session = app.sessions.open(&token, &Caller::user()).await.expect("in time");
    session.set("a", &1).expect("small");
    session.commit().await.expect("in time");
    app.advance(1);
    loaded.open();
    late.await.expect("no panic").expect("it was used meanwhile, and lives");
}

#[tokio::test]
async fn an_edit_of_attributes_undoes_no_use_that_it_did_not_see() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    let id = id(&browser);
    app.advance(1700);
    let gate = app.store.hold_next(Method::Save);
    let sessions = app.sessions.clone();
    let edited = async move { sessions.edit_data(&id, |_| Ok::<_, ()>(r#"{"a":2}"#.into()), &Caller::user()).await };
    let edited = tokio::spawn(edited);
    gate.reached().await;
    assert_eq!(browser.who().await, "alice");
    gate.open();
    edited.await.expect("no panic").expect("saved").expect("agreed");
    app.advance(1700);
    assert_eq!(app.sessions.sweep(NonZeroUsize::MIN).await.expect("it is there").expired, 0);
    assert_eq!(browser.who().await, "alice", "it was used 1,700 seconds ago, and not 3,400");
}

#[tokio::test]
async fn only_who_ends_what_was_usable_is_told_so() {
    let app = App::new();
    let revocation = Revocation::default();
    let make = async || {
        let issued = app.sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await;
        issued.expect("created").record
    };
    let (ended, over) = (make().await, make().await);
    assert!(app.sessions.revoke_record(&ended, &revocation).await.expect("ended"));
    assert!(!app.sessions.revoke_record(&ended, &revocation).await.expect("it has ended"), "as it was listed before");
    app.advance(31 * 60);
    assert!(!app.sessions.revoke_record(&over, &revocation).await.expect("ended"), "its time was over");
    let record = app.sessions.find(&over.id).await.expect("it is there").expect("a tombstone");
    assert_eq!(record.ended.expect("ended").reason, EndReason::Revoked);
}
