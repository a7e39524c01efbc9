//! What users do to their own sessions, and what a new password does.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use hallpass::testing::{Fault, Method};
use hallpass::{EventKind, Session, SessionId};

use crate::app::{App, Browser, Failure, subject};

fn app() -> App {
    App::new().routes(
        Router::new()
            .route("/who", get(async |session: Session| format!("{:?}", session.subject())))
            .route(
                "/login/{who}",
                get(async |session: Session, Path(who): Path<String>| session.authenticate(subject(&who))),
            )
            .route("/devices", get(devices))
            .route(
                "/revoke/{id}",
                get(async |session: Session, Path(id): Path<String>| {
                    let id: SessionId = id.parse().expect("an id");
                    Ok::<_, Failure>(session.revoke_device(&id).await?.to_string())
                }),
            )
            .route(
                "/revoke-others",
                get(async |session: Session| Ok::<_, Failure>(session.revoke_others().await?.to_string())),
            )
            .route(
                "/log-out-everywhere",
                get(async |session: Session| Ok::<_, Failure>(session.log_out_everywhere().await?.to_string())),
            )
            .route(
                "/new-password",
                get(async |session: Session| Ok::<_, Failure>(session.replace_credentials().await?.to_string())),
            ),
    )
}

/// Lists what a user sees: ids, the present one marked.
async fn devices(session: Session) -> Result<String, Failure> {
    let devices = session.devices().await?;
    let line = |device: &hallpass::Device| format!("{}{}", if device.is_here { "*" } else { "" }, device.id);
    Ok(devices.iter().map(line).collect::<Vec<_>>().join(" "))
}

async fn three(app: &App) -> (Browser, Browser, Browser) {
    (app.signed_in("alice").await, app.signed_in("alice").await, app.signed_in("bob").await)
}

async fn lives(browser: &mut Browser) -> bool {
    browser.get("/who").await.expect(StatusCode::OK).body != "None"
}

async fn id(browser: &mut Browser) -> String {
    let devices = browser.get("/devices").await.expect(StatusCode::OK).body;
    devices.split(' ').next().and_then(|first| first.strip_prefix('*')).expect("the present one is first").to_owned()
}

#[tokio::test]
async fn usr_1_users_see_their_own_sessions_and_no_token() {
    let app = app();
    let (mut here, mut there, _) = three(&app).await;
    let seen = here.get("/devices").await.expect(StatusCode::OK).body;
    assert_eq!(seen, format!("*{} {}", id(&mut here).await, id(&mut there).await));
    assert!(!seen.contains(&here.token()));
    assert_eq!(app.browser().get("/devices").await.expect(StatusCode::UNAUTHORIZED).code(), "inactive");
}

#[tokio::test]
async fn usr_2_ending_another_session_takes_a_fresh_proof() {
    let app = app();
    let (mut here, mut there, _) = three(&app).await;
    let other = id(&mut there).await;
    app.advance(301);
    for path in [format!("/revoke/{other}"), "/revoke-others".to_owned(), "/log-out-everywhere".to_owned()] {
        let reply = here.get(&path).await.expect(StatusCode::FORBIDDEN);
        assert_eq!(reply.code(), "step_up_required", "{path}");
    }
    assert!(lives(&mut there).await);
    here.get("/login/alice").await.expect(StatusCode::OK);
    assert_eq!(here.get(&format!("/revoke/{other}")).await.expect(StatusCode::OK).body, "true");
    assert!(!lives(&mut there).await && lives(&mut here).await);
    assert_eq!(here.get(&format!("/revoke/{other}")).await.expect(StatusCode::OK).body, "false", "it is over");
}

#[tokio::test]
async fn usr_3_the_session_of_somebody_else_is_not_there() {
    let app = app();
    let (mut here, _, mut bob) = three(&app).await;
    let of_bob = id(&mut bob).await;
    assert_eq!(here.get(&format!("/revoke/{of_bob}")).await.expect(StatusCode::NOT_FOUND).code(), "not_found");
    let unknown = SessionId::random();
    assert_eq!(here.get(&format!("/revoke/{unknown}")).await.expect(StatusCode::NOT_FOUND).code(), "not_found");
    assert!(lives(&mut bob).await);
}

#[tokio::test]
async fn logging_out_everywhere_but_here_leaves_this_one_and_those_of_others() {
    let app = app();
    let (mut here, mut there, mut bob) = three(&app).await;
    assert_eq!(here.get("/revoke-others").await.expect(StatusCode::OK).body, "1");
    assert!(lives(&mut here).await && !lives(&mut there).await && lives(&mut bob).await);
}

#[tokio::test]
async fn logging_out_everywhere_ends_this_one_too() {
    let app = app();
    let (mut here, mut there, mut bob) = three(&app).await;
    let token = here.jar.clone();
    assert_eq!(here.get("/log-out-everywhere").await.expect(StatusCode::OK).body, "1");
    assert_eq!(here.jar, None, "the cookie is removed");
    here.jar = token;
    assert!(!lives(&mut here).await && !lives(&mut there).await && lives(&mut bob).await);
}

#[tokio::test]
async fn pwd_1_and_2_a_new_password_ends_all_others_and_the_present_token() {
    let app = app();
    let (mut here, mut there, mut bob) = three(&app).await;
    let before = here.jar.clone();
    assert_eq!(here.get("/new-password").await.expect(StatusCode::OK).body, "1");
    assert_ne!(here.jar, before);
    assert!(lives(&mut here).await && !lives(&mut there).await && lives(&mut bob).await);
    let mut thief = app.browser();
    thief.jar = before;
    assert!(!lives(&mut thief).await, "who had the token from before has nothing");
    assert!(app.observer.count(&EventKind::Rechained) == 1);
}

#[tokio::test]
async fn if_ending_the_others_fails_the_new_token_is_handed_out_all_the_same() {
    let app = app();
    let (mut here, mut there, _) = three(&app).await;
    let before = here.token();
    app.store.script(Method::List, [Fault::Unavailable]);
    here.get("/new-password").await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_ne!(here.token(), before);
    assert!(lives(&mut here).await && lives(&mut there).await);
    assert_eq!(here.get("/new-password").await.expect(StatusCode::OK).body, "1", "and it can be done again");
    assert!(!lives(&mut there).await);
}
