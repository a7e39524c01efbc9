//! Each defect that other forward-auth services had is a test here.

use hallpass::testing::{Fault, Method as Asked};
use hallpass_server::{Access, Config, RouteRule, Words};
use reqwest::Method;
use serde_json::json;

use super::{Held, IDENTITY, PROXIES, Proxy, ask, guarded};
use crate::service::{ADMIN, Service, access, config, hybrid, id};

/// CVE-2026-40575 (oauth2-proxy): `X-Forwarded-Uri` of the client's own chose the rule.
#[tokio::test]
async fn a_forwarded_uri_that_a_client_sent_chooses_no_rule() {
    let service = Service::with(guarded()).await;
    let public = [
        ("x-forwarded-uri", "/public/x"),
        ("x-original-url", "https://app.example/public/x"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-host", "app.example"),
        ("x-original-uri", "/public/x"),
        ("x-rewrite-url", "/public/x"),
        ("x-forwarded-prefix", "/public"),
        ("forwarded", "host=app.example;proto=https"),
    ];
    for proxy in PROXIES {
        for header in public {
            let headers = [header];
            let held = Held { headers: &headers, ..Held::call("/secret") };
            let answer = ask(&service, proxy, held, None).await;
            assert!(matches!(answer.status.as_u16(), 400 | 401), "{proxy:?}, {header:?}: {answer:?}");
        }
    }
}

/// The same: who is not among the proxies is not asked for whom they speak.
#[tokio::test]
async fn headers_of_a_peer_that_is_not_listed_are_not_read() {
    let mut config = guarded();
    config.forward_auth.trusted_proxies.0 = vec!["192.0.2.0/24".to_owned()];
    let service = Service::with(config).await;
    let token = service.sign_in("alice").await;
    for proxy in PROXIES {
        for target in ["/", "/public/x"] {
            let answer = ask(&service, proxy, Held::call(target), Some(&token)).await;
            answer.problem(400, "untrusted_proxy");
            assert!(IDENTITY.iter().all(|name| !answer.headers.contains_key(*name)), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_not_made_up() {
    let service = Service::with(guarded()).await;
    for header in ["x-forwarded-uri", "x-forwarded-method", "x-original-url", "x-original-method"] {
        let request = service.client.get(format!("{}/forward-auth", service.base)).header(header, "/public/x");
        let answer = service.send(request).await;
        assert_eq!(answer.status, 400, "{header}: {answer:?}");
    }
    let nothing = service.client.get(format!("{}/forward-auth", service.base));
    service.send(nothing).await.problem(400, "missing_forwarded_headers");
}

/// CVE-2025-64484 (oauth2-proxy), GHSA-5m6w-wvh7-57vm (Traefik), CVE-2026-52845 (Caddy): `_` was read as `-`.
#[tokio::test]
async fn an_underscore_is_no_dash_in_the_name_of_a_header() {
    let service = Service::with(guarded()).await;
    let headers = [
        ("x_forwarded_uri", "/public/x"),
        ("x_forwarded_method", "GET"),
        ("x_original_url", "https://app.example/public/x"),
        ("remote_user", "boss"),
    ];
    for proxy in PROXIES {
        let answer = ask(&service, proxy, Held { headers: &headers, ..Held::call("/secret") }, None).await;
        answer.problem(401, "inactive");
        let token = service.sign_in("alice").await;
        let answer = ask(&service, proxy, Held { headers: &headers, ..Held::call("/secret") }, Some(&token)).await;
        assert_eq!(answer.header("remote-user"), Some("alice"));
    }
    let alone = service.client.get(format!("{}/forward-auth", service.base)).header("x_forwarded_uri", "/public/x");
    service.send(alone).await.problem(400, "missing_forwarded_headers");
}

/// CVE-2026-30851 (Caddy): what the service left out stayed as the client had sent it.
#[tokio::test]
async fn every_identity_header_is_sent_also_if_nothing_is_known() {
    let service = Service::with(guarded()).await;
    let token = service.sign_in("alice").await;
    let own: Vec<_> = IDENTITY.iter().map(|name| (*name, "boss")).collect();
    for proxy in PROXIES {
        for (target, token) in [("/", Some(token.as_str())), ("/public/x", None), ("/public/x", Some(token.as_str()))] {
            let answer = ask(&service, proxy, Held { headers: &own, ..Held::call(target) }, token).await;
            answer.expect_status(200);
            for name in IDENTITY {
                let values: Vec<_> = answer.headers.get_all(name).iter().collect();
                assert!(values.len() == 1 && values[0] != "boss", "{proxy:?}, {name}: {answer:?}");
            }
        }
        let public = ask(&service, proxy, Held::call("/public/x"), Some(&token)).await;
        assert!(IDENTITY.iter().all(|name| public.headers[*name].is_empty()), "{public:?}");
    }
}

/// CVE-2024-45410 (Traefik), CVE-2025-48865 (Fabio), GHSA-6384-m2mw-rf54: `Connection` took headers away.
#[tokio::test]
async fn a_connection_header_takes_no_forwarded_header_away() {
    let service = Service::with(guarded()).await;
    let headers = [("connection", "close, x-forwarded-uri, x-forwarded-host, x-original-url, remote-user, cookie")];
    for proxy in PROXIES {
        let held = Held { headers: &headers, ..Held::call("/secret") };
        ask(&service, proxy, held, None).await.problem(401, "inactive");
        let token = service.sign_in("alice").await;
        let answer = ask(&service, proxy, held, Some(&token)).await;
        assert_eq!(answer.header("remote-user"), Some("alice"), "{answer:?}");
        assert!(IDENTITY.iter().all(|name| answer.headers.contains_key(*name)), "{answer:?}");
    }
}

/// CVE-2026-48794 (Authelia): a rule was about `app.example`, and not about `APP.example`.
#[tokio::test]
async fn a_host_is_the_same_however_it_is_written() {
    let service = Service::with(guarded()).await;
    let token = service.sign_in("alice").await;
    service.clock.advance(std::time::Duration::from_secs(61));
    for proxy in PROXIES {
        for host in ["bank.example", "BANK.example", "Bank.Example.", "bank.example:443", "bank.example.:8443"] {
            let answer = ask(&service, proxy, Held { host, ..Held::call("/") }, Some(&token)).await;
            answer.problem(403, "step_up_required");
        }
        for host in ["bank.example..", "bank.example,app.example", "bank%2eexample", "x@bank.example"] {
            let answer = ask(&service, proxy, Held { host, ..Held::call("/") }, Some(&token)).await;
            assert_eq!(answer.status, 400, "{proxy:?}, {host}: {answer:?}");
        }
    }
}

/// GHSA-6jwx-7vp4-9847 (Traefik): the rule was looked up by one reading of the path, the page served by another.
#[tokio::test]
async fn no_spelling_of_a_path_gets_past_its_rule() {
    let service = Service::with(guarded()).await;
    let weak = service.sign_in("alice").await;
    for proxy in PROXIES {
        for target in ["/%61dmin/x", "//admin/x", "/ADMIN/x", "/admin;v=1/x", "/admin./x", "/admin%20/x", "/admin/"] {
            ask(&service, proxy, Held::call(target), Some(&weak)).await.problem(403, "step_up_required");
        }
        for target in [
            "/public/../admin/x",
            "/public/%2e%2e/admin/x",
            "/public/..;/admin/x",
            "/public%2f..%2fadmin/x",
            "/public/%252e%252e/admin/x",
            "/public/..%5cadmin",
            "/public/%00",
        ] {
            for token in [None, Some(weak.as_str())] {
                let answer = raw(&service, proxy, target, token).await;
                assert!(answer.contains("403") && answer.contains("ambiguous_path"), "{proxy:?}, {target}: {answer}");
            }
        }
    }
}

/// authentik #18063: a session that could not be loaded was let in.
#[tokio::test]
async fn a_session_that_cannot_be_loaded_lets_nobody_in() {
    let service = Service::with(guarded()).await;
    let token = service.sign_in("alice").await;
    for proxy in PROXIES {
        service.store.outage(true);
        for held in [Held::page("/"), Held::call("/"), Held::page("/admin/x")] {
            let answer = ask(&service, proxy, held, Some(&token)).await;
            answer.problem(503, "unavailable");
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
            for name in ["location", "set-cookie", "www-authenticate", "remote-user"] {
                assert!(!answer.headers.contains_key(name), "{name}: {answer:?}");
            }
        }
        // Without a token nobody has to be asked, and what is public stays so.
        ask(&service, proxy, Held::call("/"), None).await.problem(401, "inactive");
        ask(&service, proxy, Held::call("/public/x"), Some(&token)).await.expect_status(200);
        service.store.outage(false);
        ask(&service, proxy, Held::call("/"), Some(&token)).await.expect_status(200);
    }
    service.store.script(Asked::Load, [Fault::Corrupt]);
    ask(&service, Proxy::Forwarded, Held::call("/"), Some(&token)).await.problem(500, "corrupt");
}

#[tokio::test]
async fn a_cookie_that_was_planted_beside_ours_changes_nothing() {
    let service = Service::with(guarded()).await;
    let (alice, mallory) = (service.sign_in("alice").await, service.sign_in("mallory").await);
    for (cookies, user) in [
        (format!("sid=x; sid={alice}"), Some("alice")),
        (format!("sid={alice}; sid={}", "A".repeat(64)), Some("alice")),
        (format!("sid={mallory}; sid={alice}"), None),
    ] {
        let headers = [("cookie", cookies.as_str()), ("accept", "application/json")];
        let answer = ask(&service, Proxy::Nginx, Held { headers: &headers, ..Held::call("/") }, None).await;
        assert_eq!(answer.header("remote-user"), user, "{cookies}: {answer:?}");
        assert_eq!(answer.status.as_u16(), if user.is_some() { 200 } else { 401 });
    }
    let jar = format!("sid={alice}; {}", "a=b; ".repeat(100));
    let headers = [("cookie", jar.as_str())];
    ask(&service, Proxy::Nginx, Held { headers: &headers, ..Held::call("/") }, None)
        .await
        .problem(403, "too_many_cookies");
}

#[tokio::test]
async fn a_name_that_a_header_would_change_is_let_in_as_nobody_else() {
    let service = Service::with(config()).await;
    let made = service.create(json!({ "subject": " boss" })).await;
    let headers = [("authorization", format!("Bearer {}", crate::service::token(&made)))];
    let headers = [("authorization", headers[0].1.as_str())];
    let held = Held { headers: &headers, ..Held::call("/") };
    ask(&service, Proxy::Nginx, held, None).await.problem(403, "unnamable_subject");
}

/// Apache's CVE-2024-38474 and its kin: a `?` that was encoded ends the path for whoever decodes first.
#[tokio::test]
async fn an_encoded_question_mark_does_not_lead_around_a_rule() {
    let mut config = guarded();
    let exact = RouteRule { path: Words::from(["/vault"]), level: Some(2), ..RouteRule::default() };
    config.forward_auth.rules.push(exact);
    let service = Service::with(config).await;
    let weak = service.sign_in("alice").await;
    for proxy in PROXIES {
        for target in ["/vault%3Fx", "/vault%3f", "/vault%23x", "/vault/%3Fx", "/VAULT;a%3Fb", "/admin%3Fx", "/vault?x"]
        {
            ask(&service, proxy, Held::call(target), Some(&weak)).await.problem(403, "step_up_required");
        }
        let answer = ask(&service, proxy, Held::call("/public/..%3F/admin/x"), Some(&weak)).await;
        answer.problem(403, "ambiguous_path");
        ask(&service, proxy, Held::call("/wiki/C%23"), Some(&weak)).await.expect_status(200);
    }
}

/// Letters that some servers do not tell from others: `s` and the long one, `k` and the sign for kelvin, `i` without dot.
#[tokio::test]
async fn a_letter_that_is_another_one_to_some_does_not_lead_around_a_rule() {
    let service = Service::with(guarded()).await;
    let alice = service.sign_in("alice").await;
    for target in ["/%C5%BFtaff/x", "/%C5%BFTAFF/x", "/STAFF/x"] {
        ask(&service, Proxy::Nginx, Held::call(target), Some(&alice)).await.problem(403, "missing_role");
    }
    for target in ["/adm%C4%B1n/x", "/ADM%C4%B1N/x"] {
        ask(&service, Proxy::Nginx, Held::call(target), Some(&alice)).await.problem(403, "step_up_required");
    }
}

/// An access token says nothing of roles: the store does, and also that the session lives.
#[tokio::test]
async fn an_access_token_meets_a_rule_about_roles_by_what_the_store_says() {
    let config = Config { forward_auth: guarded().forward_auth, ..hybrid() };
    let service = Service::with(config).await;
    let data = json!({ "roles": ["staff"], "email": "a@example.org" });
    let (staff, guest) = (
        service.create(json!({ "subject": "alice", "data": data })).await,
        service.create(json!({ "subject": "mallory", "data": { "roles": ["guest"] } })).await,
    );
    let ask_as = async |made: &serde_json::Value, target: &str| {
        let bearer = format!("Bearer {}", access(made));
        let headers = [("authorization", bearer.as_str())];
        ask(&service, Proxy::Forwarded, Held { headers: &headers, ..Held::call(target) }, None).await
    };
    let answer = ask_as(&staff, "/staff/x").await;
    answer.expect_status(200);
    assert_eq!((answer.header("remote-groups"), answer.header("remote-email")), (Some("staff"), Some("a@example.org")));
    ask_as(&guest, "/staff/x").await.problem(403, "missing_role");
    let answer = ask_as(&staff, "/").await;
    assert_eq!((answer.header("remote-user"), answer.header("remote-groups")), (Some("alice"), Some("")));
    service.store.outage(true);
    ask_as(&staff, "/staff/x").await.problem(503, "unavailable");
    service.store.outage(false);
    // What its attributes say now counts, not what they said when the token was made.
    let path = format!("/v1/sessions/{}/data", id(&staff));
    let change = service.request(Method::PATCH, &path, ADMIN).body(r#"{"roles":["guest"]}"#);
    service.send(change.header("content-type", "application/merge-patch+json")).await.expect(200);
    ask_as(&staff, "/staff/x").await.problem(403, "missing_role");
    service.post(&format!("/v1/sessions/{}/revoke", id(&guest)), json!({ "reason": "x" })).await.expect(200);
    ask_as(&guest, "/staff/x").await.problem(401, "inactive");
}

/// What is no path cannot be judged by its path, nor passed on as one.
#[tokio::test]
async fn a_target_that_is_no_path_is_no_question() {
    let mut config = guarded();
    config.forward_auth.rules.clear();
    let service = Service::with(config).await;
    let token = service.sign_in("alice").await;
    for target in ["", "*", "app.example:443", "http://app.example/", "/a b", "?a"] {
        let held = Held::call(target);
        ask(&service, Proxy::Forwarded, held, Some(&token)).await.problem(400, "ambiguous_forwarded_headers");
    }
}

/// A preflight has no cookie; a rule that lets it pass is about nothing else.
#[tokio::test]
async fn a_preflight_passes_by_a_rule_and_opens_no_other_method() {
    let mut config = guarded();
    let rule = RouteRule { methods: Words::from(["OPTIONS"]), access: Access::Public, ..RouteRule::default() };
    let service = Service::with(guarded()).await;
    let headers = [("origin", "https://other.example"), ("access-control-request-method", "DELETE")];
    let preflight = Held { method: "OPTIONS", headers: &headers, ..Held::call("/orders") };
    for proxy in PROXIES {
        ask(&service, proxy, preflight, None).await.problem(401, "inactive");
    }
    config.forward_auth.rules.insert(0, rule);
    let service = Service::with(config).await;
    for proxy in PROXIES {
        ask(&service, proxy, preflight, None).await.expect_status(200);
        for method in ["GET", "DELETE", "POST", "PATCH"] {
            let answer = ask(&service, proxy, Held { method, ..preflight }, None).await;
            answer.problem(401, "inactive");
        }
    }
}

/// Asks with a target as it is: clients of HTTP tidy dots away before they send.
async fn raw(service: &Service, proxy: Proxy, target: &str, token: Option<&str>) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let cookie = token.map(|token| format!("Cookie: sid={token}\r\n")).unwrap_or_default();
    let (path, headers) = match proxy {
        Proxy::Nginx => (
            "/forward-auth".to_owned(),
            format!("Host: x\r\nX-Original-Method: GET\r\nX-Original-URL: https://app.example{target}\r\n"),
        ),
        Proxy::Forwarded => (
            "/forward-auth".to_owned(),
            format!(
                "Host: x\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: app.example\r\nX-Forwarded-Uri: {target}\r\n"
            ),
        ),
        Proxy::Envoy => (format!("/forward-auth{target}"), "Host: app.example\r\n".to_owned()),
    };
    let address = service.base.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\n{headers}{cookie}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("read");
    answer
}
