use std::time::Duration;

use axum::http::StatusCode;
use hallpass::{EventKind, EventQuery, Level, ReferenceToken, SessionId};

use super::App;

fn id(token: &str) -> SessionId {
    ReferenceToken::parse(token).expect("a token").id
}

#[tokio::test]
async fn nobody_gets_a_cookie_or_a_record_before_something_is_stored() {
    let app = App::new();
    let mut visitor = app.visitor();
    for path in ["/demo", "/demo/", "/demo/devices", "/demo/timeline"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.cookies(), Vec::<&str>::new(), "{path}");
    }
    assert_eq!((app.sessions_kept().await, app.store.calls().save), (0, 0));
}

#[tokio::test]
async fn a_login_changes_the_cookie_and_the_old_value_is_dead_at_once() {
    let app = App::new();
    let mut visitor = app.visitor();
    visitor.post("/demo/count", &[]).await.expect_redirect("/demo?said=counted");
    let mut planted = visitor.clone();

    visitor.post("/demo/sign-in", &[("person", "ada")]).await.expect_redirect("/demo?said=signed-in");
    assert_ne!(visitor.token(), planted.token());
    assert!(visitor.get("/demo").await.page().contains("Ada Lovelace</h1>"));

    let page = planted.get("/demo").await;
    assert_eq!(page.cookies(), Vec::<&str>::new(), "nothing is handed out, and nothing is removed");
    let page = page.page();
    assert!(page.contains("Nobody is signed in") && page.contains("opens nothing any more"), "{page}");
    assert!(visitor.get("/demo").await.page().contains("Ada Lovelace</h1>"), "and that ended nothing");
}

#[tokio::test]
async fn what_was_kept_before_a_login_is_carried_over_by_its_name_and_otherwise_dropped() {
    let app = App::new();
    let mut visitor = app.visitor();
    visitor.post("/demo/count", &[]).await.expect_redirect("/demo?said=counted");
    visitor.post("/demo/note", &[("note", "a ribbon")]).await.expect_redirect("/demo?said=note-saved");
    let mut other = app.visitor();
    other.post("/demo/note", &[("note", "a bug")]).await.expect_redirect("/demo?said=note-saved");

    visitor.post("/demo/sign-in", &[("person", "ada"), ("keep_note", "yes")]).await;
    let page = visitor.get("/demo").await.page();
    assert!(page.contains("a ribbon") && page.contains("stands at </span>0<"), "{page}");

    other.post("/demo/sign-in", &[("person", "grace"), ("keep_count", "yes")]).await;
    assert!(!other.get("/demo").await.page().contains("a bug"));
}

#[tokio::test]
async fn becoming_somebody_else_ends_the_session_and_carries_nothing_over() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    visitor.post("/demo/note", &[("note", "for Ada only")]).await;
    let before = visitor.clone();

    let fields = [("person", "alan"), ("keep_note", "yes"), ("keep_count", "yes")];
    visitor.post("/demo/sign-in", &fields).await.expect_redirect("/demo?said=signed-in");
    let page = visitor.get("/demo").await.page();
    assert!(page.contains("Alan Turing</h1>") && !page.contains("for Ada only"), "{page}");
    assert_ne!(id(visitor.token()), id(before.token()));
    let ended = app.sessions.find(&id(before.token())).await.expect("there").expect("kept").ended.expect("ended");
    assert_eq!(ended.reason, hallpass::EndReason::Replaced);
}

#[tokio::test]
async fn to_be_remembered_makes_the_cookie_outlive_the_browser() {
    let app = App::new();
    let mut visitor = app.visitor();
    let answer = visitor.post("/demo/sign-in", &[("person", "ada"), ("remember", "yes")]).await;
    assert!(answer.cookies()[0].contains("; Max-Age=2592000"), "{answer:?}");
    assert!(visitor.get("/demo").await.page().contains("<code>demo-remember</code>"));
    let answer = app.visitor().post("/demo/sign-in", &[("person", "ada")]).await;
    assert!(!answer.cookies()[0].contains("Max-Age"), "{answer:?}");
}

#[tokio::test]
async fn a_second_factor_raises_the_level_drops_nothing_and_kills_the_old_token() {
    let app = App::new();
    let mut visitor = app.signed_in("grace").await;
    visitor.post("/demo/note", &[("note", "a moth")]).await;
    let mut old = visitor.clone();
    visitor.post("/demo/second-factor", &[]).await.expect_redirect("/demo?said=second-factor");

    let page = visitor.get("/demo").await.page();
    assert!(page.contains("a moth") && page.contains("two factors") && page.contains("vault open"), "{page}");
    let record = app.sessions.find(&id(visitor.token())).await.expect("there").expect("kept");
    assert_eq!((record.level, record.methods.len()), (Level::TWO_FACTORS, 2));
    assert!(old.get("/demo").await.page().contains("Nobody is signed in"));
}

#[tokio::test]
async fn only_the_demos_people_can_sign_in_and_nobody_needs_no_second_factor() {
    let app = App::new();
    let mut visitor = app.visitor();
    for fields in [&[("person", "mallory")][..], &[("person", "")], &[("someone", "ada")], &[]] {
        let answer = visitor.post("/demo/sign-in", fields).await;
        answer.expect_trouble(StatusCode::UNPROCESSABLE_ENTITY, "That form cannot be read");
    }
    for path in ["/demo/second-factor", "/demo/confirm", "/demo/renew"] {
        visitor.post(path, &[]).await.expect_redirect("/demo?said=sign-in-first");
    }
    assert!(visitor.get("/demo?said=sign-in-first").await.page().contains("Sign in first"));
    assert_eq!(app.sessions_kept().await, 0);
}

#[tokio::test]
async fn a_locked_session_opens_for_its_own_person_with_all_that_was_in_it() {
    let app = App::under(|policy| policy.idle(Duration::from_mins(10)).lock_when_idle());
    let mut visitor = app.signed_in("ada").await;
    visitor.post("/demo/note", &[("note", "behind the lock")]).await;
    app.clock.advance(Duration::from_secs(700));

    let page = visitor.get("/demo").await.page();
    assert!(page.contains("Locked, Ada Lovelace") && !page.contains("behind the lock"), "{page}");
    assert_eq!(visitor.post("/demo/count", &[]).await.status, StatusCode::FORBIDDEN);
    visitor.post("/demo/confirm", &[]).await.expect_redirect("/demo?said=confirmed");
    assert!(visitor.get("/demo").await.page().contains("behind the lock"));
}

#[tokio::test]
async fn a_limit_of_sessions_is_told_as_what_it_is() {
    let app = App::under(|policy| policy.limit(1, hallpass::Overflow::Refuse));
    let first = app.signed_in("ada").await;
    let answer = app.visitor().post("/demo/sign-in", &[("person", "ada")]).await;
    answer.expect_trouble(StatusCode::CONFLICT, "There are too many sessions");
    assert_eq!(answer.cookies(), Vec::<&str>::new());
    let query = EventQuery::of_session(app.sessions.realm().clone(), id(first.token()));
    let kinds: Vec<_> = app.sessions.events(&query).await.expect("kept").items.into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [EventKind::Created]);
}
