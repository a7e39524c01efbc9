//! Requests that other sites have a browser send (`CSF-1` to `CSF-12`), through the layer.

use axum::Router;
use axum::extract::Form;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::{get, post};
use hallpass::http::{CookieCarrier, CsrfBuilder, CsrfGuard, CsrfLayer, SessionLayer};
use hallpass::{EventKind, FormToken, Session};

use crate::app::{App, Browser, Failure, Reply, subject};

const OWN: &str = "https://shop.example";

/// An application that counts what it does, behind a guard.
fn app(guard: CsrfBuilder) -> App {
    let mut app = App::new();
    let routes = Router::new()
        .route("/form", get(async |session: Session| Ok::<_, Failure>(session.form_token().await?.expose().to_owned())))
        .route("/buy", get(async || "read").post(async || "bought"))
        .route("/echo", post(async |Form(form): Form<Vec<(String, String)>>| format!("{form:?}")))
        .route("/api/buy", post(async || "bought"))
        .route("/webhook", post(async || "heard"))
        .route("/report", get(async || "read"))
        .route("/login", post(async |session: Session| Ok::<_, Failure>(session.authenticate(subject("alice"))?)))
        .route(
            "/wild",
            get(async || {
                [
                    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "https://evil.example"),
                    (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
                ]
            }),
        );
    let guard = guard.origin(OWN).build().expect("valid");
    app.router =
        routes.layer(CsrfLayer::new(guard)).layer(SessionLayer::new(app.sessions.clone(), CookieCarrier::default()));
    app
}

fn strict() -> App {
    app(CsrfGuard::builder())
}

async fn post_with(browser: &mut Browser, path: &str, headers: &[(&str, &str)], body: &'static str) -> Reply {
    let request = headers.iter().fold(Request::post(path), |request, (name, value)| request.header(*name, *value));
    browser.visit(request, body).await
}

async fn status(app: &App, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    post_with(&mut app.browser(), path, headers, "").await.status
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Sends a form of an old browser, which does not say where it comes from.
async fn send_form(browser: &mut Browser, path: &str, body: String) -> Reply {
    let length = body.len();
    let request = Request::post(path).header(FORM.0, FORM.1).header(header::CONTENT_LENGTH, length);
    browser.visit(request, body).await
}

async fn token(browser: &mut Browser) -> String {
    browser.get("/form").await.expect(StatusCode::OK).body
}

#[tokio::test]
async fn csf_1_what_the_browser_says_of_the_sender_decides() {
    let app = strict();
    for (headers, expected) in [
        (&[("sec-fetch-site", "same-origin")][..], StatusCode::OK),
        (&[("sec-fetch-site", "same-site")], StatusCode::FORBIDDEN),
        (&[("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
        (&[("sec-fetch-site", "none")], StatusCode::FORBIDDEN),
        (&[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], StatusCode::OK),
        (&[("sec-fetch-site", "cross-site"), ("origin", OWN)], StatusCode::FORBIDDEN),
        (&[("sec-fetch-site", "Same-Origin")], StatusCode::FORBIDDEN),
        (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
    ] {
        assert_eq!(status(&app, "/buy", headers).await, expected, "{headers:?}");
    }
    let trusting = self::app(CsrfGuard::builder().trust("https://admin.example"));
    for (origin, expected) in
        [("https://admin.example", StatusCode::OK), ("https://other.example", StatusCode::FORBIDDEN)]
    {
        assert_eq!(status(&trusting, "/buy", &[("sec-fetch-site", "same-site"), ("origin", origin)]).await, expected);
    }
}

#[tokio::test]
async fn csf_2_without_it_the_origin_or_referer_decides_and_silence_is_refused() {
    let app = strict();
    for (headers, expected) in [
        (&[("origin", OWN)][..], StatusCode::OK),
        (&[("origin", "https://shop.example:8443")], StatusCode::FORBIDDEN),
        (&[("origin", "http://shop.example")], StatusCode::FORBIDDEN),
        (&[("origin", "https://shop.example.evil.example")], StatusCode::FORBIDDEN),
        (&[("origin", "https://evil.example"), ("referer", "https://shop.example/")], StatusCode::FORBIDDEN),
        (&[("referer", "https://shop.example/cart?a")], StatusCode::OK),
        (&[("referer", "https://shop.example@evil.example/")], StatusCode::FORBIDDEN),
        (&[("referer", "https://evil.example/?https://shop.example/")], StatusCode::FORBIDDEN),
        (&[("referer", "")], StatusCode::FORBIDDEN),
        (&[], StatusCode::FORBIDDEN),
    ] {
        assert_eq!(status(&app, "/buy", headers).await, expected, "{headers:?}");
    }
    let mut browser = app.browser();
    let token = token(&mut browser).await;
    post_with(&mut browser, "/buy", &[(FormToken::HEADER, &token)], "").await.expect(StatusCode::OK);
    let high = self::app(CsrfGuard::builder().refuse_silent());
    let mut browser = high.browser();
    let token = self::token(&mut browser).await;
    post_with(&mut browser, "/buy", &[(FormToken::HEADER, &token)], "").await.expect(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn paths_are_whole_ones_also_inside_of_a_nested_router() {
    let guard = CsrfGuard::builder().origin(OWN).danger_exempt("/api/webhook").check_reads("/api/report");
    let nested = Router::new()
        .route("/webhook", post(async || "heard"))
        .route("/report", get(async || "read"))
        .layer(CsrfLayer::new(guard.build().expect("valid")));
    let mut app = App::new();
    let layer = SessionLayer::new(app.sessions.clone(), CookieCarrier::default());
    app.router = Router::new().nest("/api", nested).layer(layer);
    let crossing = |request: axum::http::request::Builder| request.header("sec-fetch-site", "cross-site");
    let mut browser = app.browser();
    browser.visit(crossing(Request::post("/api/webhook")), "").await.expect(StatusCode::OK);
    browser.visit(crossing(Request::get("/api/report")), "").await.expect(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn csf_3_a_null_origin_is_nobodys() {
    let app = app(CsrfGuard::builder().trust("https://admin.example"));
    assert_eq!(status(&app, "/buy", &[("origin", "null")]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&app, "/buy", &[("origin", "null"), ("referer", OWN)]).await, StatusCode::FORBIDDEN);
    assert_eq!(
        status(&app, "/buy", &[("sec-fetch-site", "cross-site"), ("origin", "null")]).await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn csf_4_a_token_is_of_one_session_and_dies_at_the_login_but_not_at_a_renewal() {
    let app = strict();
    let (mut alice, mut mallory) = (app.browser(), app.browser());
    let (of_alice, of_mallory) = (token(&mut alice).await, token(&mut mallory).await);
    assert_ne!(token(&mut alice).await, of_alice, "no two are the same, so that compression tells nothing");
    let buy = async |browser: &mut Browser, token: &str| {
        post_with(browser, "/buy", &[(FormToken::HEADER, token)], "").await.status
    };
    assert_eq!(buy(&mut alice, &of_alice).await, StatusCode::OK);
    assert_eq!(buy(&mut alice, &of_mallory).await, StatusCode::FORBIDDEN);
    assert_eq!(buy(&mut app.browser(), &of_alice).await, StatusCode::FORBIDDEN);
    let mut changed = of_alice.clone().into_bytes();
    for position in [0, 20, 63] {
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(changed.clone()).expect("text");
        assert_eq!(buy(&mut alice, &text).await, StatusCode::FORBIDDEN, "{position}");
    }

    let headers = [("sec-fetch-site", "same-origin")];
    post_with(&mut alice, "/login", &headers, "").await.expect(StatusCode::OK);
    assert_eq!(buy(&mut alice, &of_alice).await, StatusCode::FORBIDDEN, "it died with the chain");
    let signed_in = token(&mut alice).await;
    let before = alice.token();
    for _ in 0..4 {
        app.advance(1000);
        alice.get("/form").await.expect(StatusCode::OK);
    }
    assert_ne!(alice.token(), before, "it was renewed on schedule");
    assert_eq!(buy(&mut alice, &signed_in).await, StatusCode::OK);
}

#[tokio::test]
async fn csf_6_a_token_counts_in_the_header_and_the_form_and_nowhere_else() {
    let app = strict();
    let mut browser = app.browser();
    let token = token(&mut browser).await;
    let reply = send_form(&mut browser, "/echo", format!("a=1&csrf_token={token}&b=2")).await.expect(StatusCode::OK);
    assert!(reply.body.contains("(\"a\", \"1\")") && reply.body.contains("(\"b\", \"2\")"), "{}", reply.body);
    for (path, body) in [
        (format!("/echo?csrf_token={token}"), "a=1".to_owned()),
        ("/echo".to_owned(), "a=1".to_owned()),
        ("/echo".to_owned(), format!("a={token}")),
        ("/echo".to_owned(), format!("csrf_token=x&csrf_token={token}")),
    ] {
        send_form(&mut browser, &path, body).await.expect(StatusCode::FORBIDDEN);
    }
    let cookie = format!("{}; csrf_token={token}; x-csrf-token={token}", browser.jar.clone().expect("a cookie"));
    let reply = app.ask(Request::post("/echo").header(header::COOKIE, cookie).body("a=1".into()).expect("fine")).await;
    reply.expect(StatusCode::FORBIDDEN);
    let events = format!("{:?}", app.observer.events());
    assert!(!events.contains(&token), "and is told to nobody");
    assert_eq!(format!("{:?}", browser_token(&app).await), "FormToken(..)");
}

async fn browser_token(app: &App) -> FormToken {
    let issued =
        app.sessions.create(hallpass::NewSession::anonymous(), &hallpass::Caller::user()).await.expect("saved");
    let session = app.sessions.open(issued.token.expose(), &hallpass::Caller::user()).await.expect("it lives");
    session.form_token().await.expect("a token")
}

#[tokio::test]
async fn csf_6_a_form_without_a_length_or_with_too_much_of_it_is_not_searched() {
    let app = strict();
    let mut browser = app.browser();
    let token = token(&mut browser).await;
    let body = format!("csrf_token={token}");
    let request = Request::post("/echo").header(FORM.0, FORM.1);
    browser.visit(request, body.clone()).await.expect(StatusCode::FORBIDDEN);
    let long = format!("{body}&a={}", "x".repeat(CsrfGuard::LONGEST_FORM));
    send_form(&mut browser, "/echo", long).await.expect(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn csf_7_what_only_reads_is_not_checked_unless_it_is_asked_for() {
    let app = app(CsrfGuard::builder().check_reads("/report"));
    let get = async |path: &str| {
        let request = Request::get(path).header("sec-fetch-site", "cross-site");
        app.browser().visit(request, "").await.status
    };
    assert_eq!(get("/buy").await, StatusCode::OK);
    assert_eq!(get("/report").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn csf_8_the_form_of_a_login_is_bound_to_a_session_from_before() {
    let app = app(CsrfGuard::builder().require_tokens());
    let same = ("sec-fetch-site", "same-origin");
    let mut browser = app.browser();
    post_with(&mut browser, "/login", &[same], "").await.expect(StatusCode::FORBIDDEN);
    let token = token(&mut browser).await;
    let before = browser.token();
    post_with(&mut browser, "/login", &[same, (FormToken::HEADER, &token)], "").await.expect(StatusCode::OK);
    assert_ne!(browser.token(), before);
    post_with(&mut browser, "/buy", &[same, (FormToken::HEADER, &token)], "").await.expect(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn csf_9_where_only_json_is_taken_a_form_of_any_site_needs_a_token() {
    let app = app(CsrfGuard::builder().json_only("/api/"));
    let same = ("sec-fetch-site", "same-origin");
    for (kind, expected) in [
        ("application/json", StatusCode::OK),
        ("application/json; charset=utf-8", StatusCode::OK),
        ("text/plain", StatusCode::FORBIDDEN),
        ("Text/Plain;charset=utf-8", StatusCode::FORBIDDEN),
        ("application/x-www-form-urlencoded", StatusCode::FORBIDDEN),
        ("multipart/form-data; boundary=x", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(status(&app, "/api/buy", &[same, ("content-type", kind)]).await, expected, "{kind}");
    }
    assert_eq!(status(&app, "/api/buy", &[same]).await, StatusCode::FORBIDDEN, "nor without a type");
    assert_eq!(status(&app, "/buy", &[same, ("content-type", "text/plain")]).await, StatusCode::OK);
    let mut browser = app.browser();
    let token = token(&mut browser).await;
    post_with(&mut browser, "/api/buy", &[same, ("content-type", "text/plain"), (FormToken::HEADER, &token)], "")
        .await
        .expect(StatusCode::OK);
}

#[tokio::test]
async fn csf_10_no_origin_that_is_not_named_may_read_with_credentials() {
    let wild = async |app: &App| {
        let reply = app.browser().get("/wild").await.expect(StatusCode::OK);
        reply.headers.get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).is_some()
    };
    assert!(!wild(&strict()).await);
    assert!(wild(&app(CsrfGuard::builder().trust("https://evil.example"))).await);
}

#[tokio::test]
async fn csf_11_opening_a_web_socket_is_checked() {
    let app = strict();
    let open = async |headers: &[(&str, &str)]| {
        let request = Request::get("/buy").header(header::UPGRADE, "websocket").header(header::CONNECTION, "upgrade");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        app.browser().visit(request, "").await.status
    };
    assert_eq!(open(&[("origin", OWN)]).await, StatusCode::OK);
    assert_eq!(open(&[("origin", "https://evil.example")]).await, StatusCode::FORBIDDEN);
    assert_eq!(open(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "websocket")]).await, StatusCode::FORBIDDEN);
    assert_eq!(open(&[]).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn csf_12_what_is_refused_is_told_and_a_roll_out_only_tells() {
    let app = strict();
    let reply = post_with(&mut app.browser(), "/buy", &[("sec-fetch-site", "cross-site")], "").await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "csrf_blocked"));
    let vary = |headers: &HeaderMap| headers.get_all(header::VARY).iter().any(|value| *value == CsrfGuard::VARY);
    assert!(vary(&reply.headers), "{:?}", reply.headers);
    let events = app.observer.events();
    let note = |event: &hallpass::Event| event.note.as_ref().map(ToString::to_string);
    let told: Vec<_> = events.iter().filter(|event| event.kind == EventKind::CsrfBlocked).map(note).collect();
    assert_eq!(told, [Some("cross_site".to_owned())]);

    let app = self::app(CsrfGuard::builder().danger_log_only());
    let reply = post_with(&mut app.browser(), "/buy", &[("sec-fetch-site", "cross-site")], "").await;
    assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, "bought"));
    assert!(vary(&reply.headers));
    let events = app.observer.events();
    assert_eq!(events.iter().map(note).collect::<Vec<_>>(), [Some("cross_site, let through".to_owned())]);
    let reply = send_form(&mut app.browser(), "/echo", "a=1".to_owned()).await.expect(StatusCode::OK);
    assert_eq!(reply.body, "[(\"a\", \"1\")]", "and the form arrives whole");
}

#[tokio::test]
async fn a_path_is_exempt_by_explicit_choice_and_without_detours() {
    let app = app(CsrfGuard::builder().danger_exempt("/webhook").danger_exempt("/hooks/"));
    let from_elsewhere = [("sec-fetch-site", "cross-site")];
    assert_eq!(status(&app, "/webhook", &from_elsewhere).await, StatusCode::OK);
    for path in ["/webhook/", "/webhooks", "/buy", "/hooks/../buy", "/hooks/%2e%2e/buy", "/hooks//buy"] {
        assert_eq!(status(&app, path, &from_elsewhere).await, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(status(&app, "/hooks/a", &from_elsewhere).await, StatusCode::NOT_FOUND, "let through to nothing");
}

#[tokio::test]
async fn without_a_configured_origin_the_host_decides() {
    let guard = CsrfGuard::builder().build().expect("valid");
    for (host, origin, is_own) in [
        ("shop.example", "https://shop.example", true),
        ("shop.example:443", "https://shop.example", true),
        ("shop.example", "http://shop.example", false),
        ("shop.example:8443", "https://shop.example", false),
        ("localhost:3000", "http://localhost:3000", true),
        ("127.0.0.1:3000", "http://127.0.0.1:3000", true),
        ("[::1]:3000", "http://[::1]:3000", true),
        ("app.localhost:3000", "http://app.localhost:3000", true),
        ("localhost.evil.example", "http://localhost.evil.example", false),
        ("localhost:3000", "http://localhost:3001", false),
    ] {
        let headers = HeaderMap::from_iter([
            (header::HOST, host.parse().expect("visible")),
            (header::ORIGIN, origin.parse().expect("visible")),
        ]);
        let judgement = guard.judge(&axum::http::Method::POST, &axum::http::Uri::from_static("/buy"), &headers);
        assert_eq!(judgement == hallpass::http::Judgement::Pass, is_own, "{host} {origin}");
    }
}

#[tokio::test]
async fn an_outage_while_a_token_is_checked_is_no_forgery() {
    let app = strict();
    let mut browser = app.browser();
    let token = token(&mut browser).await;
    app.store.outage(true);
    let reply = post_with(&mut browser, "/buy", &[(FormToken::HEADER, &token)], "").await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
}
