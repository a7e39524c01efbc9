use axum::http::StatusCode;
use hallpass::testing::{Fault, Method};

use super::App;

#[tokio::test]
async fn an_outage_is_not_a_logout() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    let token = visitor.token().to_owned();
    app.store.outage(true);
    for path in ["/demo", "/demo/devices", "/demo/timeline"] {
        let answer = visitor.get(path).await;
        answer.expect_trouble(StatusCode::SERVICE_UNAVAILABLE, "The session store is away");
        assert!(answer.body.contains("You are still signed in"));
        assert_eq!((answer.header("retry-after"), answer.cookies()), ("2", vec![]));
    }
    for (path, field) in
        [("/demo/count", ("", "")), ("/demo/note", ("note", "x")), ("/demo/sign-in", ("person", "ada"))]
    {
        let answer = visitor.post(path, &[field]).await;
        assert_eq!((answer.status, answer.cookies()), (StatusCode::SERVICE_UNAVAILABLE, vec![]), "{path}");
    }
    app.store.outage(false);
    assert_eq!(visitor.token(), token);
    assert!(visitor.get("/demo").await.page().contains("Ada Lovelace</h1>"));
}

#[tokio::test]
async fn a_write_that_was_lost_is_never_told_as_done() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    app.store.script(Method::Save, [Fault::Unavailable]);
    let answer = visitor.post("/demo/count", &[]).await;
    answer.expect_trouble(StatusCode::SERVICE_UNAVAILABLE, "The session store is away");
    assert!(visitor.get("/demo").await.page().contains("stands at </span>0<"));
}

#[tokio::test]
async fn a_logout_in_an_outage_forgets_the_token_and_says_what_is_still_open() {
    let app = App::new();
    for loses_only_the_write in [false, true] {
        let mut visitor = app.signed_in("ada").await;
        if loses_only_the_write {
            app.store.always(Method::Save, Fault::Unavailable);
        } else {
            app.store.outage(true);
        }
        let answer = visitor.post("/demo/log-out", &[("what", "here")]).await;
        answer.expect_trouble(StatusCode::SERVICE_UNAVAILABLE, "Logged out here, but only here");
        assert_eq!(answer.cookies().len(), 1, "{:?}", answer.cookies());
        assert_eq!(visitor.cookie, None);
        app.store.outage(false);
        app.store.heal();
    }
}

#[tokio::test]
async fn logging_out_everywhere_in_an_outage_keeps_the_token() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    app.store.outage(true);
    let answer = visitor.post("/demo/log-out", &[("what", "everywhere")]).await;
    answer.expect_trouble(StatusCode::SERVICE_UNAVAILABLE, "The session store is away");
    app.store.outage(false);
    assert!(visitor.get("/demo").await.page().contains("Ada Lovelace</h1>"), "so that it can be tried again");
}

#[tokio::test]
async fn a_session_that_ends_meanwhile_is_told_and_its_changes_are_discarded() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    let mut slow = visitor.clone();
    let gate = app.store.hold_next(Method::Save);
    let counting = tokio::spawn(async move { slow.post("/demo/count", &[]).await });
    gate.reached().await;
    visitor.post("/demo/log-out", &[("what", "here")]).await.expect_redirect("/demo?said=logged-out");
    gate.open();
    let answer = counting.await.expect("no panic");
    answer.expect_trouble(StatusCode::UNAUTHORIZED, "Your session has just ended");
    assert_eq!(answer.cookies(), Vec::<&str>::new());
}
