//! What a session says of itself, and what becomes of several things done in one request.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hallpass::testing::{Fault, Method as Call};
use hallpass::{
    Caller, Client, Event, EventKind, EventQuery, IdempotencyKey, Level, Method, NewSession, Note, Outgoing, Policy,
    Query, Realm, Record, ReferenceToken, Session, Sessions, SignIn,
};
use tower::ServiceExt as _;

use crate::app::{App, subject};

fn password() -> Vec<Method> {
    vec![Method::new("pwd").expect("a method"), Method::new("otp").expect("a method")]
}

fn proof() -> SignIn {
    password().into_iter().fold(SignIn::new(subject("alice")).level(Level::TWO_FACTORS), SignIn::method)
}

/// Makes a session of Alice's; answers it as a request has it that shows its token, and its record.
async fn opened(app: &App) -> (Session, Record) {
    let mut new = NewSession::anonymous();
    new.sign_in = Some(proof());
    let issued = app.sessions.create(new, &Caller::user()).await.expect("created");
    let session = app.sessions.open(issued.token.expose(), &Caller::user()).await.expect("it lives");
    let record = session.record().expect("it is saved");
    (session, record)
}

#[tokio::test]
async fn a_session_says_of_itself_what_its_record_says() {
    let app = App::new();
    let (session, record) = opened(&app).await;
    assert_eq!((session.id(), session.subject()), (Some(record.id), Some(subject("alice"))));
    assert_eq!((session.level(), session.methods()), (Level::TWO_FACTORS, password()));
    assert_eq!((session.created_at(), session.authenticated_at()), (Some(record.created_at), record.authenticated_at));
    assert!(record.authenticated_at.is_some());
    let deadlines = session.deadlines().expect("it is saved");
    assert_eq!(deadlines.absolute, record.created_at.plus(Duration::from_hours(4)));
    let shown = format!("{session:?}");
    assert!(shown.contains(&record.id.to_string()) && shown.contains("alice"), "{shown}");
}

#[tokio::test]
async fn a_proof_is_fresh_up_to_the_given_time() {
    let app = App::new();
    let (session, _) = opened(&app).await;
    app.advance(60);
    assert!(session.is_fresh(Duration::from_mins(1)));
    assert!(!session.is_fresh(Duration::from_secs(59)));
}

#[tokio::test]
async fn a_sign_in_is_seen_before_it_is_saved() {
    let app = App::new();
    let (session, record) = opened(&app).await;
    app.advance(600);
    let mut weaker = SignIn::new(subject("bob"));
    weaker.at = Some(app.sessions.now().minus(Duration::from_secs(30)));
    session.authenticate(weaker).expect("a proof");
    assert_eq!(
        (session.subject(), session.level(), session.methods()),
        (Some(subject("bob")), Level::ONE_FACTOR, vec![])
    );
    assert!(session.is_fresh(Duration::from_secs(30)) && !session.is_fresh(Duration::from_secs(29)));
    assert_eq!(session.authenticated_at(), record.authenticated_at, "as far as that is saved");
}

#[tokio::test]
async fn a_second_proof_of_one_request_drops_nothing_that_the_first_kept() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/cart/book").await.expect(StatusCode::OK);
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    session.authenticate(SignIn::new(subject("alice")).keep("cart")).expect("a proof");
    session.set("theme", "dark").expect("room");
    session.authenticate(proof()).expect("a second factor");
    session.commit().await.expect("saved");
    let record = session.record().expect("saved");
    assert_eq!(&record.data[..], br#"{"cart":"book","theme":"dark"}"#);
    assert_eq!(record.level, Level::TWO_FACTORS);
}

#[tokio::test]
async fn what_is_set_between_a_logout_and_a_login_is_from_before_the_login() {
    let app = App::new();
    let (session, _) = opened(&app).await;
    session.set("theme", "dark").expect("room");
    session.commit().await.expect("saved");
    session.log_out();
    session.set("notice", "bye").expect("room");
    session.authenticate(proof()).expect("a proof");
    session.commit().await.expect("saved");
    assert_eq!(session.get::<String>("notice").expect("text"), None);
    assert_eq!(session.get::<String>("theme").expect("text"), None);
    assert_eq!(session.subject(), Some(subject("alice")));
}

#[tokio::test]
async fn attributes_may_be_exactly_as_large_as_is_allowed() {
    let app = App::with(|builder| builder.data_limit(1024));
    let (session, _) = opened(&app).await;
    let whole = 1024 - r#"{"key":""}"#.len();
    session.set("key", &"x".repeat(whole)).expect("just as much");
    let error = session.set("key", &"x".repeat(whole + 1)).expect_err("one byte more");
    assert!(error.is_too_large());
    assert_eq!(session.get::<String>("key").expect("text").map(|text| text.len()), Some(whole), "nothing has changed");
    session.commit().await.expect("saved");
    assert_eq!(session.record().expect("saved").data.len(), 1024);
}

#[tokio::test]
async fn a_renewal_that_could_not_be_saved_is_made_by_the_next_commit() {
    let app = App::new();
    let (session, record) = opened(&app).await;
    session.renew();
    app.store.script(Call::Save, [Fault::Unavailable]);
    assert!(session.commit().await.expect_err("away").is_unavailable());
    session.commit().await.expect("saved");
    let Outgoing::Hand(token, _) = session.outgoing() else { panic!("there is a next token") };
    let generation = record.chain.expect("it lives").generation;
    assert!(ReferenceToken::parse(token.expose()).expect("ours").generation > generation);
}

#[tokio::test]
async fn a_locked_session_is_unlocked_by_a_login_and_by_nothing_else() {
    let app = App::with_policy(Policy::builder().lock_when_idle().build().expect("a policy"));
    let issued = app.sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
    app.sessions.verify(issued.token.expose(), true, &Caller::user()).await.expect("used");
    app.advance(31 * 60);
    let session = app.sessions.open(issued.token.expose(), &Caller::user()).await.expect("locked");
    session.renew();
    session.rechain();
    assert!(session.commit().await.expect_err("locked").is_locked());
    assert!(session.set("key", "value").expect_err("locked").is_locked());
    session.commit().await.expect("there is nothing to save");
    assert!(session.set("key", "value").expect_err("still locked").is_locked());
    session.authenticate(subject("alice")).expect("a proof");
    session.commit().await.expect("saved");
    session.set("key", "value").expect("unlocked");
    session.commit().await.expect("saved");
    assert_eq!(session.get::<String>("key").expect("text").as_deref(), Some("value"));
}

#[tokio::test]
async fn what_is_said_of_the_client_goes_into_what_the_request_makes() {
    let app = App::new();
    let client = || Client { label: Note::lossy("the phone in the hall"), ..Client::default() };
    let (session, _) = opened(&app).await;
    session.describe_client(client());
    session.authenticate(subject("bob")).expect("a proof");
    session.commit().await.expect("saved");
    assert_eq!(session.record().expect("saved").client, client());
    session.log_out();
    session.set("notice", "bye").expect("room");
    session.commit().await.expect("saved");
    assert_eq!(session.record().expect("saved").client, client());
}

#[tokio::test]
async fn events_say_where_a_request_came_from_that_has_no_session_yet_or_any_more() {
    let app = App::new();
    let ask = async |path: &str, cookie: Option<&str>| {
        let mut request = Request::get(path).header(header::USER_AGENT, "Firefox");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::empty()).expect("a request");
        app.router.clone().oneshot(request).await.expect("an answer")
    };
    let answer = ask("/set/cart/book", None).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").split(';').next().map(str::to_owned);
    ask("/login/alice", cookie.as_deref()).await;
    app.advance(60);
    assert_eq!(ask("/set/cart/pen", cookie.as_deref()).await.status(), StatusCode::UNAUTHORIZED);
    for kind in [EventKind::Created, EventKind::ChangesDiscarded] {
        let events = app.observer.events();
        let event = events.iter().find(|event| event.kind == kind).unwrap_or_else(|| panic!("{kind:?}"));
        assert_eq!(event.origin.user_agent, Note::lossy("Firefox"), "{kind:?}");
    }
}

#[tokio::test]
async fn what_follows_a_commit_that_was_overtaken_takes_no_cookie_away() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/cart/book").await.expect(StatusCode::OK);
    let late = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    late.set("cart", "pen").expect("room");
    browser.get("/login/alice").await.expect(StatusCode::OK);
    assert!(late.commit().await.expect_err("overtaken").is_inactive());
    late.set("notice", "sorry").expect("room");
    assert!(late.commit().await.expect_err("a newer token is on its way").is_inactive());
    assert!(matches!(late.outgoing(), Outgoing::Keep));
    assert_eq!(browser.who().await, "alice");
}

#[tokio::test]
async fn a_token_whose_answer_was_lost_gets_no_other_once_the_answer_was_used_after_all() {
    let app = App::new();
    let caller = Caller::user();
    let issued = app.sessions.create(NewSession::signed_in(subject("alice")), &caller).await.expect("created");
    app.sessions.verify(issued.token.expose(), true, &caller).await.expect("used");
    let next = app.sessions.renew(issued.token.expose(), &caller).await.expect("renewed");
    app.advance(60);
    let late = app.sessions.open(issued.token.expose(), &caller).await.expect("the answer seems lost");
    app.sessions.verify(next.token.expose(), true, &caller).await.expect("it was not");
    late.set("key", "value").expect("room");
    late.commit().await.expect("saved");
    assert!(matches!(late.outgoing(), Outgoing::Keep), "the client has a token");
    let verified = app.sessions.verify(next.token.expose(), true, &caller).await.expect("it is the present one");
    assert!(!verified.renewal_due);
    assert_eq!(&verified.record.data[..], br#"{"key":"value"}"#);
}

#[tokio::test]
async fn a_verification_notes_a_use_only_where_that_is_asked_for_and_of_nothing_locked() {
    let app = App::with_policy(Policy::builder().lock_when_idle().build().expect("a policy"));
    let caller = Caller::user();
    let issued = app.sessions.create(NewSession::signed_in(subject("alice")), &caller).await.expect("created");
    let token = issued.token.expose();
    app.sessions.verify(token, true, &caller).await.expect("used");
    let seen_at = async || app.sessions.find(&issued.record.id).await.expect("there").expect("a record").seen_at;
    let before = seen_at().await;
    app.advance(20 * 60);
    let verified = app.sessions.verify(token, false, &caller).await.expect("it lives");
    assert!(!verified.is_locked && !verified.renewal_due);
    assert_eq!(seen_at().await, before, "nobody used it");
    app.advance(11 * 60);
    let verified = app.sessions.verify(token, true, &caller).await.expect("it is locked");
    assert!(verified.is_locked && !verified.renewal_due);
    assert_eq!(seen_at().await, before, "what is locked is not used");
    app.advance(60 * 60);
    let verified = app.sessions.verify(token, true, &caller).await.expect("it is locked");
    assert!(verified.is_locked && !verified.renewal_due, "its token is an hour old, and stays");
}

#[tokio::test]
async fn a_listing_has_the_sessions_of_its_realm_only() {
    let app = App::new();
    let shop = app.sessions.in_realm("shop".parse().expect("a realm"));
    let make = async |sessions: &Sessions| {
        let issued = sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await;
        issued.expect("created").record.id
    };
    let (here, there) = (make(&app.sessions).await, make(&shop).await);
    for (sessions, id) in [(&app.sessions, here), (&shop, there)] {
        let listed = sessions.list(&Query::default()).await.expect("listed").items;
        assert_eq!(listed.iter().map(|record| record.id).collect::<Vec<_>>(), [id]);
    }
}

#[tokio::test]
async fn an_event_of_no_session_is_kept_and_told() {
    let app = App::new();
    let event = Event::new(EventKind::KeyCreated, Realm::default(), app.sessions.now());
    app.sessions.append(event.clone()).await.expect("kept");
    let kept = app.sessions.events(&EventQuery::default()).await.expect("listed").items;
    assert_eq!(kept.iter().map(|event| event.id).collect::<Vec<_>>(), [event.id]);
    assert_eq!(app.observer.count(&EventKind::KeyCreated), 1);
}

#[test]
fn a_key_of_a_retry_is_not_shown() {
    let shown = format!("{:?}", IdempotencyKey::new(&[7; 32], &Realm::default(), b"try-1"));
    assert!(shown.starts_with("IdempotencyKey") && !shown.contains("try-1"), "{shown}");
}

#[tokio::test]
async fn a_sign_in_by_token_keeps_what_it_names_and_a_fresh_proof_keeps_all() {
    let app = App::new();
    let caller = Caller::user();
    let mut new = NewSession::anonymous();
    new.data = r#"{"cart":"book","admin":true}"#.into();
    let issued = app.sessions.create(new, &caller).await.expect("created");
    let keep = || SignIn::new(subject("alice")).keep("cart");
    let first = app.sessions.authenticate(issued.token.expose(), keep(), &caller).await.expect("signed in");
    assert_eq!(&first.record.data[..], br#"{"cart":"book"}"#);
    let again = app.sessions.authenticate(first.token.expose(), proof(), &caller).await.expect("a second factor");
    assert_eq!(&again.record.data[..], br#"{"cart":"book"}"#);
    let other = SignIn::new(subject("bob"));
    let other = app.sessions.authenticate(again.token.expose(), other, &caller).await.expect("another");
    assert!(other.record.data.is_empty());
}
