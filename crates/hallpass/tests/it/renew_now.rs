//! What applications need of the layer beyond reading and writing: renewal on demand, and its problems as pages.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hallpass::http::{CookieCarrier, Problem, SessionLayer};
use hallpass::testing::{Fault, FaultyStore, ManualClock, Method};
use hallpass::{Caller, EventKind, EventQuery, MemoryStore, NewSession, Outgoing, Policy, Profile, Session, Sessions};
use tower::ServiceExt as _;

async fn open(sessions: &Sessions, token: &str) -> Session {
    sessions.open(token, &Caller::user()).await.expect("the token is good")
}

/// Commits, and returns the token that is handed out.
async fn committed(session: &Session) -> Option<String> {
    session.commit().await.expect("the store is there");
    match session.outgoing() {
        Outgoing::Hand(token, _) => Some(token.expose().to_owned()),
        Outgoing::Keep | Outgoing::Remove => None,
    }
}

fn generation(session: &Session) -> Option<u32> {
    session.record()?.chain.map(|chain| chain.generation.number())
}

#[tokio::test]
async fn two_requests_that_renew_at_once_move_the_token_on_by_one() {
    let clock = ManualClock::new();
    let sessions = Sessions::builder().store(MemoryStore::new()).clock(clock.clone()).build().expect("whole");
    let first = sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("made");
    let old = first.token.expose();

    let (one, two) = (open(&sessions, old).await, open(&sessions, old).await);
    one.renew();
    two.renew();
    let new = committed(&one).await.expect("the first to save hands out the token");
    assert_eq!(committed(&two).await, None, "the answer of the first brings it");
    assert_eq!((generation(&one), generation(&two)), (Some(1), Some(1)));

    let late = open(&sessions, old).await;
    late.renew();
    assert_eq!(committed(&late).await.as_ref(), Some(&new), "within the grace, the same one again");

    clock.advance(Duration::from_secs(200));
    assert!(open(&sessions, &new).await.id().is_some());
    assert!(sessions.open(old, &Caller::user()).await.is_err_and(|error| error.is_inactive()));
}

#[tokio::test]
async fn a_request_that_changes_something_with_a_replaced_token_is_answered_with_its_successor() {
    let sessions = Sessions::builder().store(MemoryStore::new()).clock(ManualClock::new()).build().expect("whole");
    let first = sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("made");
    let old = first.token.expose();
    let fast = open(&sessions, old).await;
    fast.renew();
    let new = committed(&fast).await.expect("a token");

    let slow = open(&sessions, old).await;
    slow.set("note", "kept").expect("small");
    assert_eq!(committed(&slow).await, Some(new), "the answer that brought it may have been lost");
    slow.set("note", "kept again").expect("small");
    assert_eq!(committed(&slow).await, None, "once is enough");
}

#[tokio::test]
async fn without_a_session_there_is_nothing_to_renew() {
    let sessions = Sessions::builder().store(MemoryStore::new()).clock(ManualClock::new()).build().expect("whole");
    let issued = sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("made");
    let session = open(&sessions, issued.token.expose()).await;
    session.log_out();
    session.commit().await.expect("ended");
    session.renew();
    assert_eq!(committed(&session).await, None);
    let events = sessions.events(&EventQuery::of_session(sessions.realm().clone(), issued.record.id)).await;
    let kinds: Vec<_> = events.expect("kept").items.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Created, EventKind::Revoked]);
}

#[tokio::test]
async fn what_a_request_makes_is_under_the_profile_that_it_chose() {
    let show = Profile::new("show").expect("a word");
    let policy = Policy::builder().idle(Duration::from_mins(5)).build().expect("sound");
    let sessions = Sessions::builder()
        .store(MemoryStore::new())
        .clock(ManualClock::new())
        .profile(show.clone(), policy)
        .build()
        .expect("whole");
    let issued = sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("made");
    let session = open(&sessions, issued.token.expose()).await;
    session.log_out();
    session.choose_profile(show.clone());
    session.set("note", "kept in a new session").expect("small");
    assert!(committed(&session).await.is_some());
    let record = session.record().expect("saved");
    assert_eq!((record.profile, record.terms.idle), (show, 300));
    assert_ne!(record.id, issued.record.id);
}

#[tokio::test]
async fn the_layers_problem_can_be_shown_as_a_page_further_out() {
    let store = FaultyStore::new(MemoryStore::new());
    let sessions = Sessions::builder().store(store.clone()).clock(ManualClock::new()).build().expect("whole");
    let write = |session: Session| async move { session.set("note", "lost").map_err(|error| error.to_string()) };
    let page = |response: Response| async move {
        match response.extensions().get::<Problem>() {
            Some(problem) => (problem.status, format!("sorry: {}", problem.code)).into_response(),
            None => response,
        }
    };
    let app: Router = Router::new()
        .route("/", get(write))
        .layer(SessionLayer::new(sessions, CookieCarrier::default()))
        .layer(map_response(page));
    for (method, fault) in [(Method::Save, Fault::Unavailable), (Method::Save, Fault::None)] {
        store.script(method, [fault.clone()]);
        let response = app.clone().oneshot(Request::new(Body::empty())).await.expect("infallible");
        let is_lost = matches!(fault, Fault::Unavailable);
        let expected = if is_lost { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        assert_eq!(response.status(), expected);
        let body = to_bytes(response.into_body(), 1000).await.expect("whole");
        assert_eq!(&body[..], if is_lost { &b"sorry: unavailable"[..] } else { b"" });
    }
}
