//! Acting as somebody else, with one's own name on it.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use hallpass::{Actor, EndReason, EventKind, Level, Overflow, Policy, Session, SignIn};

use crate::app::{App, Browser, Failure, subject};

fn app(policy: Policy) -> App {
    App::with_policy(policy).routes(
        Router::new()
            .route("/who", get(who))
            .route(
                "/login/{who}",
                get(async |session: Session, Path(who): Path<String>| {
                    let sign_in = SignIn::new(subject(&who)).level(Level::TWO_FACTORS);
                    session.authenticate(sign_in)?;
                    session.set("own", &who)
                }),
            )
            .route(
                "/act-as/{who}",
                get(async |session: Session, Path(who): Path<String>| session.impersonate(subject(&who))),
            )
            .route(
                "/prove-again",
                get(async |session: Session| {
                    let proof = session.proof_again().expect("somebody has signed in");
                    session.authenticate(proof)
                }),
            )
            .route("/stop", get(async |session: Session| Ok::<_, Failure>(session.end_impersonation()?)))
            .route("/logout", get(async |session: Session| session.log_out())),
    )
}

/// Tells who it is, who really acts, how strongly they proved it and how long ago, and what they left behind.
async fn who(session: Session) -> Result<String, Failure> {
    let name = |subject: Option<hallpass::Subject>| subject.map_or_else(|| "nobody".to_owned(), |who| who.to_string());
    let age = session.authenticated_at().map(|at| session.sessions().now().since(at).as_secs());
    let own = session.get::<String>("own")?;
    let level = session.level().number();
    Ok(format!("{} by {} at {level} since {age:?} with {own:?}", name(session.subject()), name(session.impersonator())))
}

async fn seen(browser: &mut Browser) -> String {
    browser.get("/who").await.expect(StatusCode::OK).body
}

#[tokio::test]
async fn whoever_acts_as_somebody_else_is_known_in_the_session_and_its_events() {
    let app = app(Policy::default());
    let mut bob = app.signed_in("bob").await;
    let before = bob.token();
    app.advance(100);
    bob.get("/act-as/alice").await.expect(StatusCode::OK);
    assert_ne!(bob.token(), before, "REG-3: the token changes");
    assert_eq!(seen(&mut bob).await, "alice by bob at 2 since Some(100) with None", "and nothing of bob's is alice's");

    let events = app.observer.events();
    let started = events.iter().find(|event| event.kind == EventKind::ImpersonationStarted).expect("it is told");
    assert_eq!((started.actor.as_str(), started.subject.clone()), ("impersonator:bob", Some(subject("alice"))));
    let mut thief = app.browser();
    thief.jar = Some(format!("__Host-sid={before}"));
    assert_eq!(seen(&mut thief).await, "nobody by nobody at 0 since None with None");

    app.observer.take();
    bob.get("/logout").await.expect(StatusCode::OK);
    let ended = app.observer.take().pop().expect("the end is told");
    assert_eq!((ended.reason, ended.actor), (Some(EndReason::Logout), Actor::impersonator(&subject("bob"))));
    let record = app.sessions.find(&ended.session.expect("a session")).await.expect("up").expect("a tombstone");
    assert_eq!(record.ended.expect("it ended").actor.as_str(), "impersonator:bob", "and kept");
}

#[tokio::test]
async fn going_back_gives_no_more_than_there_was() {
    let app = app(Policy::default());
    let mut bob = app.signed_in("bob").await;
    app.advance(100);
    bob.get("/act-as/alice").await.expect(StatusCode::OK);
    let as_alice = bob.jar.clone();
    app.advance(200);
    bob.get("/stop").await.expect(StatusCode::OK);
    assert_eq!(seen(&mut bob).await, "bob by nobody at 2 since Some(300) with None");
    bob.jar = as_alice;
    assert_eq!(seen(&mut bob).await, "nobody by nobody at 0 since None with None", "alice's session ended");
}

#[tokio::test]
async fn acting_as_somebody_puts_off_no_timeout() {
    let app = app(Policy::default());
    let mut bob = app.signed_in("bob").await;
    for _ in 0..9 {
        app.advance(1500);
        assert_ne!(seen(&mut bob).await, "nobody");
    }
    bob.get("/act-as/alice").await.expect(StatusCode::OK);
    app.advance(899);
    assert!(seen(&mut bob).await.starts_with("alice by bob"));
    app.advance(1);
    assert!(seen(&mut bob).await.starts_with("nobody"), "four hours after bob's own proof");
}

#[tokio::test]
async fn whoever_acts_again_stays_who_they_are() {
    let app = app(Policy::default());
    let mut bob = app.signed_in("bob").await;
    bob.get("/act-as/alice").await.expect(StatusCode::OK);
    bob.get("/act-as/carol").await.expect(StatusCode::OK);
    assert!(seen(&mut bob).await.starts_with("carol by bob"));
    bob.get("/act-as/bob").await.expect(StatusCode::OK);
    assert!(seen(&mut bob).await.starts_with("bob by nobody"));
    bob.get("/stop").await.expect(StatusCode::OK);
    assert!(seen(&mut bob).await.starts_with("bob by nobody"), "there is nothing to go back from");
}

#[tokio::test]
async fn a_sign_in_of_ones_own_ends_the_acting() {
    let app = app(Policy::default());
    let mut bob = app.signed_in("bob").await;
    bob.get("/act-as/alice").await.expect(StatusCode::OK);
    bob.get("/login/alice").await.expect(StatusCode::OK);
    assert!(seen(&mut bob).await.starts_with("alice by nobody"));
    bob.get("/stop").await.expect(StatusCode::OK);
    assert!(seen(&mut bob).await.starts_with("alice by nobody"), "and nobody becomes bob again");
}

#[tokio::test]
async fn a_step_up_does_not_hide_who_really_acts() {
    let app = app(Policy::default());
    let mut bob = app.signed_in("bob").await;
    bob.get("/act-as/alice").await.expect(StatusCode::OK);
    app.advance(100);
    app.observer.take();
    bob.get("/prove-again").await.expect(StatusCode::OK);
    assert_eq!(seen(&mut bob).await, "alice by bob at 2 since Some(0) with None");
    let events = app.observer.take();
    let proven = events.iter().find(|event| event.kind == EventKind::Authenticated).expect("it is told");
    assert_eq!(proven.actor, Actor::impersonator(&subject("bob")));
    bob.get("/stop").await.expect(StatusCode::OK);
    assert!(seen(&mut bob).await.starts_with("bob by nobody"));
}

#[tokio::test]
async fn nobody_acts_as_anybody_who_has_not_signed_in() {
    let app = app(Policy::default());
    let mut browser = app.browser();
    assert_eq!(browser.get("/act-as/alice").await.expect(StatusCode::UNAUTHORIZED).code(), "inactive");
    assert_eq!(browser.jar, None);
}

#[tokio::test]
async fn a_limit_puts_nobody_out_for_those_who_act_as_them() {
    for overflow in [Overflow::EvictOldest, Overflow::EvictIdle, Overflow::Refuse] {
        let app = app(Policy::builder().limit(1, overflow).build().expect("valid"));
        let mut alice = app.signed_in("alice").await;
        let mut bob = app.signed_in("bob").await;
        app.advance(100);
        bob.get("/act-as/alice").await.expect(StatusCode::OK);
        assert!(seen(&mut alice).await.starts_with("alice by nobody"), "{overflow:?}");
        alice.get("/logout").await.expect(StatusCode::OK);
        alice.get("/login/alice").await.expect(StatusCode::OK);
        assert!(seen(&mut bob).await.starts_with("alice by bob"), "{overflow:?}");
    }
}
