//! What somebody tries who read the printed configuration.

use super::front::Front;
use super::http::send;

/// The rule of `/admin` is about one host: another one, that no rule knows, does not lead around it.
pub(super) async fn other_host(front: &Front) {
    let weak = front.service.sign_in("alice").await;
    let cookie = format!("sid={weak}");
    for host in ["other.example", "app.example.other.example", "127.0.0.1", "[::1]", "localhost:80", "x"] {
        for target in ["/admin/x", "/cart", "/public/x"] {
            let headers = [("Host", host), ("Cookie", cookie.as_str())];
            let reply = send(front.port, &format!("GET {target} HTTP/1.1"), &headers).await;
            assert!(!reply.reached(), "{:?}, {host}{target}: {reply:?}", front.kind);
        }
        let line = format!("GET http://{host}/admin/x HTTP/1.1");
        let app = format!("app.example:{}", front.port);
        let reply = send(front.port, &line, &[("Host", &app), ("Cookie", &cookie)]).await;
        assert!(!reply.reached(), "{:?}, {line}: {reply:?}", front.kind);
    }
}

/// An application that takes up `Upgrade: h2c` would be asked everything that follows without a question to the service.
pub(super) async fn upgrades(front: &Front) {
    for upgrade in
        [&["h2c"][..], &["H2C"], &["websocket, h2c"], &["h2c, websocket"], &["websocket", "h2c"], &["h2c", "websocket"]]
    {
        let mut more = vec![("Connection", "Upgrade, HTTP2-Settings"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")];
        more.extend(upgrade.iter().map(|name| ("Upgrade", *name)));
        let reply = front.get("/public/x", None, &more).await;
        let seen = reply.saw("upgrade").concat().to_ascii_lowercase();
        assert!(!seen.contains("h2c"), "{:?}, {upgrade:?}: {reply:?}", front.kind);
        assert_eq!(reply.saw("http2-settings"), [""; 0], "{:?}, {upgrade:?}: {reply:?}", front.kind);
    }
    let token = front.service.sign_in("alice").await;
    let more = [
        ("Connection", "Upgrade"),
        ("Upgrade", "WebSocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let reply = front.get("/chat", Some(&token), &more).await;
    // Where a connection could become another, Envoy leaves out the body of an answer that it does not.
    let saw = reply.header("x-saw-upgrade").unwrap_or_default().to_ascii_lowercase();
    assert!(reply.reached() && saw == "upgrade, websocket", "{:?}: {reply:?}", front.kind);
    let nobody = front.get("/chat", None, &more).await;
    assert!(!nobody.reached() && nobody.status == 401, "{:?}: {nobody:?}", front.kind);
}

/// CVE-2018-14773 (Symfony, Drupal) and its kin: an application that believes these serves another page than was judged.
pub(super) async fn other_address(front: &Front) {
    for name in [
        "Forwarded",
        "X-Forwarded-Method",
        "X-Forwarded-Prefix",
        "X-Forwarded-Uri",
        "X-Original-Method",
        "X-Original-URI",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Real-IP",
        "X-Forwarded-Host",
        "X-Forwarded-For",
    ] {
        for spelling in [name.to_owned(), name.to_ascii_lowercase(), name.replace('-', "_"), name.replacen('-', "_", 1)]
        {
            let reply = front.get("/public/x", None, &[(&spelling, "/admin/203.0.113.66")]).await;
            let seen = reply.saw(&name.to_ascii_lowercase());
            // Where the client is, proxies add to what it said itself: applications read it from the end.
            let seen: Vec<_> = seen.iter().filter_map(|seen| seen.rsplit(',').next()).collect();
            assert!(!seen.iter().any(|seen| seen.contains("/admin")), "{:?}, {spelling}: {reply:?}", front.kind);
        }
    }
}

/// A proxy chooses by the path that it tidied, and may pass on the one that was sent.
pub(super) async fn service_behind(front: &Front) {
    let token = front.service.sign_in("alice").await;
    for target in [
        "/forward-auth/../session/renew",
        "/forward-auth/%2e%2e/session/renew",
        "/forward-auth/x/../../session/renew",
        "/livez/../session/renew",
        "/metrics/../session/renew",
        "/dashboard/../session/renew",
        "/openapi.json/../session/renew",
    ] {
        let reply = front.call(target, Some(&token)).await;
        assert!(reply.reached() || reply.status != 200, "{:?}, {target}: {reply:?}", front.kind);
        assert_eq!(reply.header("remote-user"), None, "{:?}, {target}: {reply:?}", front.kind);
    }
}

/// The address to come back to is in a header of the answer, written longer than it was.
pub(super) async fn long_address(front: &Front) {
    for length in [1000, 2000, 3000] {
        let page = front.page(&format!("/cart?q={}", "(".repeat(length)), None).await;
        assert_eq!(page.status, 302, "{:?}, {length}: {page:?}", front.kind);
        let location = page.header("location").unwrap_or_default();
        assert!(location.starts_with("/sign-in"), "{:?}, {length}: {page:?}", front.kind);
        assert_eq!(location.contains("return_to="), length <= 2000, "{:?}, {length}: {page:?}", front.kind);
    }
}

/// Whoever runs the application, or reads its logs, is not to be able to take sessions over.
pub(super) async fn taken_cookie(front: &Front) {
    let token = front.service.sign_in("alice").await;
    let host = format!("app.example:{}", front.port);
    for (sent, kept) in [
        (format!("sid={token}"), &[][..]),
        (format!("theme=dark; sid={token}; other=1"), &["theme=dark", "other=1"]),
        (format!("theme=dark;sid={token}"), &["theme=dark"]),
        (format!("sid={token};other=a=b"), &["other=a=b"]),
        (format!("xsid=1; sid={token}; sid2=2; SID=3; side"), &["xsid=1", "sid2=2", "SID=3", "side"]),
        (format!("sid=x; a=1; sid={token}; sid=y; b=2; sid=z"), &["a=1", "b=2"]),
    ] {
        let headers = [("Host", host.as_str()), ("Cookie", sent.as_str()), ("Accept", "application/json")];
        let reply = send(front.port, "GET /cart HTTP/1.1", &headers).await;
        assert!(reply.reached() && reply.saw("remote-user") == ["alice"], "{:?}, {sent}: {reply:?}", front.kind);
        let seen = reply.saw("cookie").join(";");
        let seen: Vec<_> = seen.split(';').map(str::trim).filter(|pair| !pair.is_empty()).collect();
        assert_eq!(seen, kept, "{:?}, {sent}", front.kind);
    }
    let many = format!("{}; sid={token}; a=1", ["sid=x"; 20].join("; "));
    let headers = [("Host", host.as_str()), ("Cookie", many.as_str())];
    let reply = send(front.port, "GET /public/x HTTP/1.1", &headers).await;
    assert!(reply.reached() && !reply.body.contains(&token), "{:?}: {reply:?}", front.kind);
    // Where browsers get their next token, it is needed.
    let renewed = front.page("/session/renew?return=%2Fcart", Some(&token)).await;
    assert!(renewed.all("set-cookie").iter().any(|cookie| cookie.starts_with("sid=")), "{:?}: {renewed:?}", front.kind);
}
