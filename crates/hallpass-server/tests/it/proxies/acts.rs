//! What must hold behind every proxy.

use std::time::Duration;

use serde_json::json;

use super::front::{Front, Kind};
use super::http::{Reply, send};
use crate::forward_auth::IDENTITY;
use crate::service::{id, token};

#[track_caller]
fn is_held(front: &Front, what: &str, reply: &Reply) {
    assert!(!reply.reached() && reply.status != 200, "{:?}, {what}: {reply:?}", front.kind);
    assert!(reply.all("set-cookie").is_empty(), "{:?}, {what}: {reply:?}", front.kind);
}

pub(super) async fn signed_in(front: &Front) {
    let made = front
        .service
        .create(json!({ "subject": "alice", "data": { "roles": ["staff", "night"], "email": "a@example.org" } }))
        .await;
    let token = token(&made);
    for reply in
        [front.page("/staff/a%20b?c=d", Some(&token)).await, front.call("/staff/a%20b?c=d", Some(&token)).await]
    {
        assert!(reply.reached() && reply.status == 200, "{:?}: {reply:?}", front.kind);
        assert_eq!(reply.seen_line(), "GET /staff/a%20b?c=d");
        for (name, value) in [
            ("remote-user", "alice"),
            ("remote-groups", "staff,night"),
            ("remote-email", "a@example.org"),
            ("remote-session", &id(&made)),
            ("remote-level", "1"),
        ] {
            assert_eq!(reply.saw(name), [value], "{:?}, {name}: {reply:?}", front.kind);
        }
        assert!(reply.all("set-cookie").is_empty(), "{reply:?}");
    }
    // Public pages know nobody, and what the application refuses comes from the application.
    let public = front.call("/public/x", Some(&token)).await;
    assert!(public.reached() && public.saw("remote-user").concat().is_empty(), "{:?}: {public:?}", front.kind);
    let refused = front.page("/refused", Some(&token)).await;
    assert!(refused.reached() && refused.status == 403, "{:?}: {refused:?}", front.kind);
    // What is sent with a body arrives by its own method.
    let host = format!("app.example:{}", front.port);
    let cookie = format!("sid={token}");
    let headers = [("Host", host.as_str()), ("Cookie", &cookie), ("Content-Length", "0")];
    let posted = send(front.port, "POST /orders HTTP/1.1", &headers).await;
    assert_eq!(posted.seen_line(), "POST /orders", "{:?}: {posted:?}", front.kind);
}

pub(super) async fn signed_out(front: &Front) {
    let ended = front.service.sign_in("alice").await;
    front.service.post("/v1/logout", json!({ "token": ended })).await.expect(204);
    for token in [None, Some("x"), Some(ended.as_str())] {
        let page = front.page("/cart?a=b", token).await;
        is_held(front, "a page", &page);
        assert_eq!(page.status, 302, "{:?}: {page:?}", front.kind);
        assert_eq!(page.header("location"), Some("/sign-in?return_to=%2Fcart%3Fa%3Db"), "{:?}", front.kind);
        let call = front.call("/cart", token).await;
        is_held(front, "a call", &call);
        assert_eq!(call.status, 401, "{:?}: {call:?}", front.kind);
        assert_eq!(call.header("hallpass-reason"), Some("inactive"), "{:?}: {call:?}", front.kind);
        assert!(call.header("www-authenticate").is_some(), "{:?}: {call:?}", front.kind);
        let sign_in = front.page("/sign-in", token).await;
        assert!(sign_in.reached(), "{:?}: {sign_in:?}", front.kind);
    }
}

pub(super) async fn expired(front: &Front) {
    let token = front.service.sign_in("alice").await;
    assert!(front.call("/", Some(&token)).await.reached());
    front.service.clock.advance(Duration::from_mins(31));
    let call = front.call("/", Some(&token)).await;
    is_held(front, "a call", &call);
    assert_eq!(call.status, 401, "{:?}: {call:?}", front.kind);
    assert_eq!(front.page("/", Some(&token)).await.status, 302);
}

pub(super) async fn step_up(front: &Front) {
    let weak = front.service.sign_in("alice").await;
    for reply in [front.page("/admin/x", Some(&weak)).await, front.call("/admin/x", Some(&weak)).await] {
        is_held(front, "one factor", &reply);
        assert_eq!(reply.status, 403, "{:?}: {reply:?}", front.kind);
        assert_eq!(reply.header("hallpass-reason"), Some("step_up_required"), "{:?}: {reply:?}", front.kind);
    }
    let proof = json!({ "token": weak, "subject": "alice", "authentication": { "methods": ["otp"], "level": 2 } });
    let strong = token(&front.service.post("/v1/authenticate", proof).await.expect(200));
    let reply = front.call("/admin/x", Some(&strong)).await;
    assert!(reply.reached(), "{:?}: {reply:?}", front.kind);
    assert_eq!(reply.saw("remote-level"), ["2"]);
}

pub(super) async fn store_down(front: &Front) {
    let token = front.service.sign_in("alice").await;
    front.service.store.outage(true);
    for reply in [front.page("/", Some(&token)).await, front.call("/", Some(&token)).await] {
        is_held(front, "an outage", &reply);
        assert_eq!(reply.status, 503, "{:?}: {reply:?}", front.kind);
        assert_eq!(reply.header("location"), None, "{:?}: {reply:?}", front.kind);
        if !matches!(front.kind, Kind::Envoy | Kind::EnvoyGrpc) {
            assert!(reply.header("retry-after").is_some(), "{:?}: {reply:?}", front.kind);
        }
    }
    assert!(front.call("/public/x", Some(&token)).await.reached(), "what is public stays so");
    front.service.store.outage(false);
    assert!(front.call("/", Some(&token)).await.reached(), "{:?}: nobody was logged out", front.kind);
}

pub(super) async fn service_down(mut front: Front) {
    let token = front.service.sign_in("alice").await;
    assert!(front.call("/", Some(&token)).await.reached());
    front.service.stop();
    let patience = tokio::time::timeout(Duration::from_secs(40), &mut front.service.running).await;
    patience.expect("it stops").expect("in order");
    for reply in [front.page("/", Some(&token)).await, front.call("/public/x", Some(&token)).await] {
        is_held(&front, "nobody to ask", &reply);
        assert!(matches!(reply.status, 502 | 503), "{:?}: {reply:?}", front.kind);
    }
}

pub(super) async fn spoofed_identity(front: &Front) {
    let token = front.service.sign_in("alice").await;
    for name in IDENTITY {
        let words: Vec<_> = name.split('-').collect();
        let spellings = [
            name.to_owned(),
            name.to_ascii_uppercase(),
            words.join("_"),
            words.join("_").to_ascii_uppercase(),
            format!("{}_{}", words[0], words[1].to_ascii_uppercase()),
        ];
        for spelling in &spellings {
            for (target, token) in [("/", Some(token.as_str())), ("/public/x", None)] {
                let spoofed = [(spelling.as_str(), "boss"), (spelling.as_str(), "chief")];
                let reply = front.get(target, token, &spoofed).await;
                let seen = reply.saw(name);
                let is_own = |value: &String| value.contains("boss") || value.contains("chief");
                assert!(!seen.iter().any(is_own), "{:?}, {spelling}: {reply:?}", front.kind);
                assert!(seen.len() <= 1, "{:?}, {spelling}: {reply:?}", front.kind);
            }
        }
    }
    // What `Connection` names is taken away on the way: not what says who it is.
    for named in
        ["close, Remote-User", "close, Remote-User, Remote-Level, Cookie", "close, X-Forwarded-Uri, X-Original-URL"]
    {
        let reply = front.get("/", Some(&token), &[("Connection", named), ("Remote-User", "boss")]).await;
        let is_right = reply.reached() && reply.saw("remote-user") == ["alice"];
        assert!(is_right || !reply.reached(), "{:?}, {named}: {reply:?}", front.kind);
    }
}

pub(super) async fn spoofed_forwarding(front: &Front) {
    let weak = front.service.sign_in("alice").await;
    let public = format!("http://app.example:{}/public/x", front.port);
    for (name, value) in [
        ("X-Forwarded-Uri", "/public/x"),
        ("X-Forwarded-URI", "/public/x"),
        ("X_Forwarded_Uri", "/public/x"),
        ("X-Forwarded-Method", "OPTIONS"),
        ("X-Forwarded-Host", "other.example"),
        ("X-Forwarded-Host", "app.example, other.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "/public"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Original-URL", public.as_str()),
        ("X-Original-Method", "OPTIONS"),
        ("X-Original-URI", "/public/x"),
        ("X-Original-Uri", "/public/x"),
        ("X-Rewrite-URL", "/public/x"),
        ("X-Envoy-Original-Path", "/public/x"),
        ("X-HTTP-Method-Override", "OPTIONS"),
        ("Forwarded", "for=127.0.0.1;host=other.example;proto=https"),
        ("Connection", "close, X-Forwarded-Uri, X-Forwarded-Host, X-Forwarded-Method"),
        ("Connection", "close, X-Original-URL, X-Original-Method"),
    ] {
        let nobody = front.get("/cart", None, &[(name, value)]).await;
        is_held(front, name, &nobody);
        let reply = front.get("/admin/x", Some(&weak), &[(name, value)]).await;
        is_held(front, name, &reply);
    }
}

pub(super) async fn mixed_case(front: &Front) {
    let weak = front.service.sign_in("alice").await;
    let cookie = format!("sid={weak}");
    for host in ["app.example", "APP.example", "App.Example", "aPP.eXAMPLE", "app.example."] {
        for host in [host.to_owned(), format!("{host}:{}", front.port)] {
            let headers = [("Host", host.as_str()), ("Cookie", &cookie)];
            let reply = send(front.port, "GET /admin/x HTTP/1.1", &headers).await;
            assert!(!reply.reached(), "{:?}, {host}: {reply:?}", front.kind);
        }
    }
    let host = format!("APP.example:{}", front.port);
    let reply = send(front.port, "GET /cart HTTP/1.1", &[("Host", host.as_str()), ("Cookie", &cookie)]).await;
    assert!(reply.reached(), "{:?}: {reply:?}", front.kind);
    // The host of the request line goes before the header (RFC 9112, section 3.2.2).
    let line = format!("GET http://APP.example:{}/admin/x HTTP/1.1", front.port);
    let reply = send(front.port, &line, &[("Host", "other.example"), ("Cookie", &cookie)]).await;
    assert!(!reply.reached(), "{:?}: {reply:?}", front.kind);
}

pub(super) async fn encoded_paths(front: &Front) {
    let weak = front.service.sign_in("alice").await;
    for target in [
        "/admin",
        "/admin/",
        "/%61dmin/x",
        "/%41DMIN/x",
        "//admin/x",
        "/./admin/x",
        "/ADMIN/x",
        "/admin;v=1/x",
        "/admin%20/x",
        "/public/../admin/x",
        "/public/%2e%2e/admin/x",
        "/public/.%2E/admin/x",
        "/public/..;/admin/x",
        "/public/..%2fadmin/x",
        "/public%2f..%2fadmin/x",
        "/public%2F../admin/x",
        "/public/%252e%252e/admin/x",
        "/%2561dmin/x",
        "/public/..%5cadmin/x",
        "/public\\..\\admin/x",
        "/admin%00/x",
        "/%c0%afadmin/x",
        "/session/renew/../../admin/x",
        "/session/renew/%2e%2e/%2e%2e/admin/x",
    ] {
        let reply = front.call(target, Some(&weak)).await;
        assert!(!reply.reached(), "{:?}, {target}: {reply:?}", front.kind);
        let nobody = front.call(&target.replace("admin", "cart").replace("dmin", "art"), None).await;
        assert!(!nobody.reached(), "{:?}, {target}: {nobody:?}", front.kind);
    }
    for target in ["/public/a%20b", "/public/%C3%A4?x=/../admin", "/public/100%25", "/public/.well-known"] {
        let reply = front.call(target, None).await;
        assert!(reply.reached(), "{:?}, {target}: {reply:?}", front.kind);
    }
}

pub(super) async fn renewal(front: &Front) {
    let token = front.service.sign_in("alice").await;
    for _ in 0..4 {
        front.service.clock.advance(Duration::from_mins(16));
        assert!(front.call("/", Some(&token)).await.reached());
    }
    let page = front.page("/cart?a=b", Some(&token)).await;
    is_held(front, "a page", &page);
    assert_eq!((page.status, page.header("location")), (302, Some("/session/renew?return=%2Fcart%3Fa%3Db")));
    let renewed = front.page("/session/renew?return=%2Fcart%3Fa%3Db", Some(&token)).await;
    assert_eq!((renewed.status, renewed.header("location")), (303, Some("/cart?a=b")), "{:?}", front.kind);
    let cookies = renewed.all("set-cookie");
    let next = cookies.iter().find_map(|cookie| cookie.strip_prefix("sid=")).expect("the next token");
    let next = next.split(';').next().unwrap_or_default();
    assert_ne!(next, token);
    let back = front.page("/cart?a=b", Some(next)).await;
    assert!(back.reached(), "{:?}: {back:?}", front.kind);
    assert_eq!(back.saw("remote-user"), ["alice"]);
}
