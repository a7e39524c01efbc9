use axum::http::{Method, StatusCode};

use super::App;
use super::visitor::Answer;

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    let saves = app.store.calls().save;
    let forms = [
        "/demo/count",
        "/demo/note",
        "/demo/sign-in",
        "/demo/second-factor",
        "/demo/renew",
        "/demo/confirm",
        "/demo/log-out",
    ];
    for path in forms {
        for site in ["cross-site", "same-site", "none", ""] {
            let answer = visitor.with("sec-fetch-site", site).post(path, &[("what", "here"), ("person", "alan")]).await;
            answer.expect_trouble(StatusCode::FORBIDDEN, "That form came from elsewhere");
            assert_eq!(answer.cookies(), Vec::<&str>::new());
        }
        let answer = visitor.with("origin", "https://evil.example").post(path, &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "a plain cookie goes with this machine's pages only");
    }
    assert_eq!(app.store.calls().save, saves);
    assert!(visitor.get("/demo").await.page().contains("Ada Lovelace</h1>"));
}

#[tokio::test]
async fn asking_for_a_page_changes_nothing_and_forms_take_no_other_method() {
    let app = App::new();
    let mut visitor = app.signed_in("ada").await;
    for path in ["/demo/log-out?what=here", "/demo/count", "/demo/sign-in?person=alan", "/demo/renew"] {
        for method in [Method::GET, Method::HEAD] {
            let answer = visitor.send(method, path, axum::body::Bytes::new()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
    let page = visitor.get("/demo").await.page();
    assert!(page.contains("Ada Lovelace</h1>") && page.contains("stands at </span>0<"), "{page}");
}

#[tokio::test]
async fn only_a_browser_on_this_machine_gets_a_cookie_for_plain_http() {
    let app = App::new();
    let local = app.visitor().post("/demo/count", &[]).await;
    assert!(local.cookies()[0].starts_with("sid="), "{local:?}");
    assert!(local.cookies()[0].ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{local:?}");

    let mut elsewhere = app.visitor();
    elsewhere.peer = "192.0.2.7:5".parse().expect("an address");
    let mut named = app.visitor();
    named.host = "demo.example".to_owned();
    for mut visitor in [elsewhere, named, app.visitor().with("x-forwarded-for", "192.0.2.7")] {
        let answer = visitor.post("/demo/count", &[]).await;
        let cookie = answer.cookies()[0];
        assert!(
            cookie.starts_with("__Host-sid=") && cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
            "{cookie}"
        );
        assert!(visitor.get("/demo").await.page().contains("stands at </span>1<"));
    }
}

#[tokio::test]
async fn who_signs_in_here_is_nobody_in_the_services_own_realm() {
    let app = App::new();
    let visitor = app.signed_in("ada").await;
    let own = app.sessions.in_realm(hallpass::Realm::default());
    assert!(own.open(visitor.token(), &hallpass::Caller::user()).await.is_err_and(|error| error.is_inactive()));
    assert!(app.sessions.open(visitor.token(), &hallpass::Caller::user()).await.is_ok());
}

fn expect_hardened(path: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{path}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    if !answer.header("content-type").starts_with("text/html") {
        return;
    }
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    let body = &answer.body;
    assert!(body.starts_with("<!doctype html>") && body.trim_end().ends_with("</html>"), "{path}: {body}");
    for bad in [" style=", "<style", " onclick", " onload", "javascript:", "http://", "https://", "=\"//"] {
        assert!(!body.contains(bad), "{path} has {bad}: {body}");
    }
    assert_eq!(body.matches("<script").count(), body.matches("<script src=\"/demo/").count(), "{path}");
    assert_eq!(body.matches("<h1").count(), 1, "{path}: one heading says what it is");
}

#[tokio::test]
async fn every_answer_is_kept_in_no_cache_and_loads_nothing_from_elsewhere() {
    let app = App::new();
    let (mut nobody, mut ada) = (app.visitor(), app.signed_in("ada").await);
    let paths = ["/demo", "/demo/devices", "/demo/timeline", "/demo/nowhere", "/demo/log-out", "/demo/icon.svg"];
    for visitor in [&mut nobody, &mut ada] {
        for path in paths {
            expect_hardened(path, &visitor.get(path).await);
        }
    }
    let page = ada.get("/demo").await.page();
    for kind in ["css", "js"] {
        let (_, after) = page.split_once(&format!("\"/demo/demo.{kind}?v=")).expect("a file");
        let path = format!("/demo/demo.{kind}?v={}", after.split('"').next().expect("closed"));
        let answer = ada.get(&path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "public, max-age=86400"));
        assert!(!answer.body.contains("http"), "{path}");
        expect_hardened(&path, &answer);
    }
    app.store.outage(true);
    expect_hardened("in an outage", &ada.get("/demo").await);
}

#[tokio::test]
async fn cookies_that_are_none_of_ours_open_nothing_and_harm_nothing() {
    let app = App::new();
    let ada = app.signed_in("ada").await;
    for token in ["", "x", &"A".repeat(64), &"é".repeat(32), &format!("{}x", ada.token())] {
        let mut visitor = app.visitor();
        visitor.headers.push((axum::http::header::COOKIE, format!("sid={token}").parse().expect("bytes")));
        assert!(visitor.get("/demo").await.page().contains("Nobody is signed in"), "{token}");
    }
    let mut both = app.visitor();
    both.headers
        .push((axum::http::header::COOKIE, format!("sid=planted; sid={}", ada.token()).parse().expect("bytes")));
    assert!(both.get("/demo").await.page().contains("Ada Lovelace</h1>"), "a planted cookie logs nobody out");
}
