use std::time::Duration;

use axum::http::StatusCode;

use super::App;

#[tokio::test]
async fn counts_in_many_tabs_at_once_are_all_counted() {
    let app = App::new();
    let visitor = app.signed_in("ada").await;
    let mut tabs = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut tab = visitor.clone();
        tabs.spawn(async move { tab.post("/demo/count", &[]).await.expect_redirect("/demo?said=counted") });
    }
    tabs.join_all().await;
    assert!(visitor.clone().get("/demo").await.page().contains("stands at </span>50<"));
}

#[tokio::test]
async fn a_note_is_kept_as_it_is_shown_as_text_and_cleared_when_empty() {
    let app = App::new();
    let mut visitor = app.visitor();
    let note = "</textarea><script>alert('1')</script> & \"more\"\r\nin two lines";
    visitor.post("/demo/note", &[("note", note)]).await.expect_redirect("/demo?said=note-saved");
    let page = visitor.get("/demo").await.page();
    assert!(!page.contains("<script>alert") && page.contains("&#60;script&#62;alert"), "{page}");
    assert!(page.contains("\nin two lines</textarea>"), "{page}");
    visitor.post("/demo/note", &[("note", " \n ")]).await.expect_redirect("/demo?said=note-cleared");
    assert!(visitor.get("/demo").await.page().contains("></textarea>"));
}

#[tokio::test]
async fn a_note_that_is_too_long_changes_nothing() {
    let app = App::new();
    let mut visitor = app.visitor();
    let longest = "é".repeat(500);
    visitor.post("/demo/note", &[("note", &longest)]).await.expect_redirect("/demo?said=note-saved");
    visitor.post("/demo/note", &[("note", &"x".repeat(501))]).await.expect_redirect("/demo?said=note-too-long");
    assert!(visitor.get("/demo?said=note-too-long").await.page().contains("Nothing was changed"));
    assert!(visitor.get("/demo").await.page().contains(&longest));
    let answer = visitor.post("/demo/note", &[("note", &"x".repeat(20_000))]).await;
    answer.expect_trouble(StatusCode::PAYLOAD_TOO_LARGE, "That form cannot be read");
}

#[tokio::test]
async fn renewing_shows_which_token_was_before_and_which_is_now_and_never_a_token() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    let before = visitor.clone();
    visitor.post("/demo/renew", &[]).await.expect_redirect("/demo?said=renewed");
    assert_ne!(visitor.token(), before.token());

    let page = visitor.get("/demo").await.page();
    for fingerprint in [before.fingerprint(), visitor.fingerprint()] {
        assert!(page.contains(&fingerprint), "{page}");
    }
    assert!(page.contains("It moved on by one."), "{page}");
    for token in [before.token(), visitor.token()] {
        assert!(!page.contains(token) && !page.contains(&token[24..]), "a page shows no token");
    }
}

#[tokio::test]
async fn two_tabs_that_renew_with_one_token_end_up_with_the_same_one() {
    let app = App::new();
    let mut one = app.signed_in("ada").await;
    let mut two = one.clone();
    one.post("/demo/renew", &[]).await.expect_redirect("/demo?said=renewed");
    two.post("/demo/renew", &[]).await.expect_redirect("/demo?said=renewed");
    assert_eq!(one.token(), two.token());
    assert!(two.get("/demo").await.page().contains("It moved on by one."));

    app.clock.advance(Duration::from_secs(5));
    one.post("/demo/renew", &[]).await.expect_redirect("/demo?said=renewed");
    assert_ne!(one.token(), two.token());
    assert!(two.get("/demo").await.page().contains("Ada Lovelace</h1>"), "the grace covers a tab that is behind");
    assert_eq!(one.token(), two.token(), "and brings it up to date");
}

#[tokio::test]
async fn a_token_that_is_due_is_renewed_by_any_page_and_spent_later() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    let mut thief = visitor.clone();
    app.clock.advance(Duration::from_secs(61));
    let page = visitor.get("/demo/devices").await;
    assert_eq!(page.cookies().len(), 1);
    assert_ne!(visitor.token(), thief.token());

    app.clock.advance(Duration::from_secs(61));
    let page = visitor.get("/demo").await.page();
    assert!(page.contains("A new one was due: generation 2 came with this page."), "{page}");
    assert!(visitor.get("/demo").await.page().contains("id=\"generation\">2<"));

    assert!(thief.get("/demo").await.page().contains("Nobody is signed in"));
    assert!(visitor.get("/demo").await.page().contains("Ada Lovelace</h1>"), "a stalled packet looks the same");
    app.clock.advance(Duration::from_secs(200));
    assert!(thief.get("/demo").await.page().contains("Nobody is signed in"));
    assert!(visitor.get("/demo").await.page().contains("Nobody is signed in"), "a replay ends the session");
}

#[tokio::test]
async fn what_is_left_is_told_and_runs_out() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    app.clock.advance(Duration::from_mins(2));
    let page = visitor.get("/demo").await.page();
    assert!(page.contains(">10 min</b>") && page.contains(">58 min</b>"), "{page}");
    assert!(page.contains(r#"<progress id="absolute" max="3600" value="3480""#), "{page}");

    app.clock.advance(Duration::from_secs(601));
    let answer = visitor.get("/demo").await;
    assert_eq!(answer.cookies(), Vec::<&str>::new(), "only a logout removes a cookie");
    assert!(answer.page().contains("opens nothing any more"));
}
