use std::time::Duration;

use axum::http::StatusCode;

use super::App;
use super::visitor::Visitor;

const STALE: Duration = Duration::from_secs(121);

async fn is_signed_in(visitor: &mut Visitor) -> bool {
    visitor.get("/demo").await.page().contains("pass-title")
}

/// Finds the session of `other` in the list that `visitor` sees.
async fn id_of_the_other(visitor: &mut Visitor) -> String {
    let page = visitor.get("/demo/devices").await.page();
    let (_, after) = page.rsplit_once(r#"name="id" value=""#).expect("another device");
    after.split('"').next().expect("an id").to_owned()
}

#[tokio::test]
async fn logging_out_ends_the_session_and_removes_the_cookie() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    let mut copy = visitor.clone();
    let answer = visitor.post("/demo/log-out", &[("what", "here")]).await;
    answer.expect_redirect("/demo?said=logged-out");
    assert_eq!(answer.cookies().len(), 1);
    assert!(answer.cookies()[0].starts_with("sid=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"), "{answer:?}");
    assert_eq!(answer.header("clear-site-data"), "\"cache\"");
    assert_eq!(visitor.cookie, None);
    assert!(!is_signed_in(&mut copy).await, "a copy of the token is worth nothing");
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session_of_that_person_and_nobody_elses() {
    let app = App::new();
    let (mut one, mut two) = (app.signed_in("ada").await, app.signed_in("ada").await);
    let mut grace = app.signed_in("grace").await;
    one.post("/demo/log-out", &[("what", "everywhere")]).await.expect_redirect("/demo?said=logged-out-everywhere");
    assert_eq!(one.cookie, None);
    assert!(!is_signed_in(&mut one).await && !is_signed_in(&mut two).await);
    assert!(is_signed_in(&mut grace).await);
}

#[tokio::test]
async fn logging_out_everywhere_but_here_leaves_this_one() {
    let app = App::new();
    let (mut one, mut two) = (app.signed_in("ada").await, app.signed_in("ada").await);
    let answer = two.post("/demo/log-out", &[("what", "elsewhere")]).await;
    answer.expect_redirect("/demo/devices?said=logged-out-elsewhere");
    assert!(!is_signed_in(&mut one).await && is_signed_in(&mut two).await);
    assert!(two.get("/demo/devices").await.page().contains("There is only this one."));
}

#[tokio::test]
async fn another_device_is_listed_and_ended() {
    let app = App::new();
    let mut phone = app.visitor();
    phone.user_agent = "Mozilla/5.0 (Linux; Android 15) Chrome/140.0.0.0 Mobile Safari/537.36".to_owned();
    phone.peer = "127.0.0.9:5".parse().expect("an address");
    phone.post("/demo/sign-in", &[("person", "ada"), ("remember", "yes")]).await;
    app.clock.advance(Duration::from_secs(90));
    let mut desk = app.signed_in("ada").await;

    let page = desk.get("/demo/devices").await.page();
    assert_eq!(page.matches("this one").count(), 1, "{page}");
    let (here, there) = page.split_once("Chrome on Android").expect("the phone comes second");
    assert!(here.contains("Firefox on Linux") && here.contains("this one"), "{page}");
    assert!(there.contains("1 minute ago") && there.contains("127.0.0.9") && there.contains("remembered"), "{page}");

    let id = id_of_the_other(&mut desk).await;
    desk.post("/demo/log-out", &[("what", "one"), ("id", &id)]).await.expect_redirect("/demo/devices?said=revoked");
    assert!(!is_signed_in(&mut phone).await && is_signed_in(&mut desk).await);
    desk.post("/demo/log-out", &[("what", "one"), ("id", &id)]).await.expect_redirect("/demo/devices?said=was-over");
}

#[tokio::test]
async fn ending_others_needs_a_fresh_proof_and_then_happens() {
    let app = App::new();
    for (what, ends_here) in [("elsewhere", false), ("everywhere", true), ("one", false)] {
        let (mut other, mut here) = (app.signed_in("alan").await, app.signed_in("alan").await);
        app.clock.advance(STALE);
        let id = if what == "one" { id_of_the_other(&mut here).await } else { String::new() };
        let fields = [("what", what), ("id", &*id)];

        let answer = here.post("/demo/log-out", &fields).await;
        answer.expect_trouble(StatusCode::FORBIDDEN, "Is it still you?");
        assert!(is_signed_in(&mut other).await, "nothing has ended yet: {what}");

        let mut old = here.clone();
        assert_eq!(here.post("/demo/confirm", &fields).await.status, StatusCode::SEE_OTHER, "{what}");
        assert!(!is_signed_in(&mut other).await, "{what}");
        assert_eq!(is_signed_in(&mut here).await, !ends_here, "{what}");
        assert!(!is_signed_in(&mut old).await, "a proof makes the old token worthless: {what}");
    }
}

#[tokio::test]
async fn logging_out_here_needs_no_fresh_proof() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    app.clock.advance(STALE);
    visitor.post("/demo/log-out", &[("what", "here")]).await.expect_redirect("/demo?said=logged-out");
}

#[tokio::test]
async fn nobody_ends_somebody_elses_session() {
    let app = App::new();
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    let id = id_of_the_other(&mut grace).await;
    for id in [&*id, "AAAAAAAAAAAAAAAAAAAAAA"] {
        let answer = ada.post("/demo/log-out", &[("what", "one"), ("id", id)]).await;
        answer.expect_trouble(StatusCode::NOT_FOUND, "No such session");
    }
    assert!(is_signed_in(&mut grace).await);
}

#[tokio::test]
async fn a_form_that_names_nothing_to_end_ends_nothing() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    for fields in [&[][..], &[("what", "all")], &[("what", "one")], &[("what", "one"), ("id", "x")]] {
        let answer = visitor.post("/demo/log-out", fields).await;
        answer.expect_trouble(StatusCode::UNPROCESSABLE_ENTITY, "That form cannot be read");
    }
    assert!(is_signed_in(&mut visitor).await);
}

#[tokio::test]
async fn an_anonymous_session_can_be_left_and_has_no_others() {
    let app = App::new();
    let mut visitor = app.visitor();
    visitor.post("/demo/count", &[]).await;
    for what in ["elsewhere", "everywhere"] {
        visitor.post("/demo/log-out", &[("what", what)]).await.expect_redirect("/demo?said=sign-in-first");
    }
    visitor.post("/demo/log-out", &[("what", "here")]).await.expect_redirect("/demo?said=logged-out");
    assert_eq!(visitor.cookie, None);
    visitor.post("/demo/log-out", &[("what", "here")]).await.expect_redirect("/demo?said=logged-out");
}
