use std::time::Duration;

use hallpass_server::IdentityHeaders;
use serde_json::json;

use super::{Held, IDENTITY, PROXIES, Proxy, ask, guarded};
use crate::service::{ADMIN, Answer, Service, access, id, token};

/// Checks that a browser is sent somewhere, as its proxy hands it on.
#[track_caller]
fn is_sent(answer: &Answer, proxy: Proxy, status: u16, location: &str) {
    answer.expect_status(if proxy == Proxy::Nginx { status } else { 302 });
    assert_eq!(answer.header("location"), Some(location), "{proxy:?}: {answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
}

#[tokio::test]
async fn somebody_who_signed_in_is_let_in_and_named() {
    let service = Service::with(guarded()).await;
    let made = service
        .create(json!({
            "subject": "Zoë <zoe@example.org>",
            "data": { "roles": ["staff", "a,b", "night"], "email": "zoe@example.org", "name": "Zoë", "n": 1 },
            "authentication": { "methods": ["pwd", "otp"], "level": 2 },
        }))
        .await;
    for proxy in PROXIES {
        for target in ["/", "/admin/x", "/staff/x?y=../z"] {
            let answer = ask(&service, proxy, Held::page(target), Some(&token(&made))).await;
            answer.expect_status(200);
            let values = IDENTITY.map(|name| answer.headers[name].as_bytes().to_vec());
            let expected =
                ["Zoë <zoe@example.org>", "staff,night", "zoe@example.org", "Zoë", &id(&made), "2", "pwd,otp", ""];
            assert_eq!(values, expected.map(|text| text.as_bytes().to_vec()), "{proxy:?}: {answer:?}");
            assert!(!answer.headers.contains_key("set-cookie"), "nothing is renewed inside of a question: {answer:?}");
        }
    }
}

#[tokio::test]
async fn whoever_did_not_sign_in_is_sent_there_or_told_so() {
    let service = Service::with(guarded()).await;
    let ended = service.sign_in("alice").await;
    service.post("/v1/logout", json!({ "token": ended })).await.expect(204);
    let anonymous = token(&service.create(json!({})).await);
    for proxy in PROXIES {
        for cookie in [None, Some("x"), Some(ended.as_str()), Some(anonymous.as_str())] {
            let page = ask(&service, proxy, Held::page("/cart?a=b"), cookie).await;
            is_sent(&page, proxy, 401, "/sign-in?return_to=%2Fcart%3Fa%3Db");
            let call = ask(&service, proxy, Held::call("/cart"), cookie).await;
            call.problem(401, "inactive");
            assert_eq!(call.header("hallpass-reason"), Some("inactive"));
            assert!(call.header("www-authenticate").is_some(), "{call:?}");
            assert_eq!(call.header("location"), None, "{call:?}");
            for headers in [&page.headers, &call.headers] {
                assert!(IDENTITY.iter().all(|name| !headers.contains_key(*name)), "{headers:?}");
            }
        }
        let form = Held { method: "POST", ..Held::page("/cart") };
        let sent = ask(&service, proxy, form, None).await;
        sent.expect_status(if proxy == Proxy::Nginx { 401 } else { 303 });
        assert_eq!(sent.header("location"), Some("/sign-in"), "a form is not sent once more: {sent:?}");
    }
}

#[tokio::test]
async fn an_expired_session_lets_nobody_in() {
    let service = Service::with(guarded()).await;
    let token = service.sign_in("alice").await;
    service.clock.advance(Duration::from_mins(31));
    for proxy in PROXIES {
        ask(&service, proxy, Held::call("/"), Some(&token)).await.problem(401, "inactive");
    }
}

#[tokio::test]
async fn being_asked_about_counts_as_use() {
    let service = Service::with(guarded()).await;
    let token = service.sign_in("alice").await;
    for _ in 0..3 {
        service.clock.advance(Duration::from_mins(20));
        ask(&service, Proxy::Forwarded, Held::call("/"), Some(&token)).await.expect_status(200);
    }
}

#[tokio::test]
async fn a_rule_that_needs_more_says_what() {
    let mut config = guarded();
    config.forward_auth.step_up = Some("https://login.example/confirm".to_owned());
    config.forward_auth.return_to.0.push("https://app.example".to_owned());
    let service = Service::with(config).await;
    let weak = service.sign_in("alice").await;
    for proxy in PROXIES {
        let page = ask(&service, proxy, Held::page("/admin/x"), Some(&weak)).await;
        let to = "https://login.example/confirm?return_to=https%3A%2F%2Fapp.example%2Fadmin%2Fx";
        is_sent(&page, proxy, 403, to);
        let call = ask(&service, proxy, Held::call("/admin/x"), Some(&weak)).await;
        call.problem(403, "step_up_required");
        assert_eq!(call.header("hallpass-reason"), Some("step_up_required"));
        ask(&service, proxy, Held::call("/staff/x"), Some(&weak)).await.problem(403, "missing_role");
        ask(&service, proxy, Held::page("/internal/x"), Some(&weak)).await.problem(403, "forbidden");
        ask(&service, proxy, Held::page("/internal/x"), None).await.problem(403, "forbidden");

        let bank = Held { host: "bank.example", ..Held::page("/") };
        let elsewhere = ask(&service, proxy, bank, Some(&service.sign_in("bob").await)).await;
        elsewhere.expect_status(200);
    }
    let bank = Held { host: "bank.example", ..Held::page("/") };
    service.clock.advance(Duration::from_secs(61));
    let stale = ask(&service, Proxy::Forwarded, bank, Some(&weak)).await;
    is_sent(&stale, Proxy::Forwarded, 403, "https://login.example/confirm");
}

#[tokio::test]
async fn without_a_page_for_it_a_browser_is_told_as_programs_are() {
    let mut config = guarded();
    config.forward_auth.sign_in = None;
    let service = Service::with(config).await;
    for proxy in PROXIES {
        ask(&service, proxy, Held::page("/"), None).await.problem(401, "inactive");
        let weak = service.sign_in("alice").await;
        ask(&service, proxy, Held::page("/admin"), Some(&weak)).await.problem(403, "step_up_required");
    }
}

#[tokio::test]
async fn a_program_shows_its_token_as_a_bearer() {
    let mut config = guarded();
    config.tokens = hallpass_server::Tokens::Jwt;
    let service = Service::on_the_wall(config).await;
    let made = service.create(json!({ "subject": "robot", "data": { "roles": "staff" } })).await;
    let bearer = |text: &str| format!("Bearer {text}");
    for (text, user) in [(token(&made), "robot"), (access(&made), "robot")] {
        let shown = [("authorization", bearer(&text))];
        let headers = [("authorization", shown[0].1.as_str())];
        let answer = ask(&service, Proxy::Nginx, Held { headers: &headers, ..Held::call("/") }, None).await;
        answer.expect_status(200);
        assert_eq!(answer.header("remote-user"), Some(user));
    }
    // An application's own bearer tokens are not ours, and a key of the API is nobody's session.
    let alice = service.sign_in("alice").await;
    for text in ["eyJ.their.own", "x", ADMIN, ""] {
        let shown = bearer(text);
        let headers = [("authorization", shown.as_str())];
        let held = Held { headers: &headers, ..Held::call("/") };
        ask(&service, Proxy::Forwarded, held, None).await.problem(401, "inactive");
        let both = ask(&service, Proxy::Forwarded, held, Some(&alice)).await;
        both.expect_status(200);
        assert_eq!(both.header("remote-user"), Some("alice"), "the cookie counts");
    }
}

#[tokio::test]
async fn the_names_of_the_headers_can_be_chosen() {
    for (identity, first, count) in
        [(IdentityHeaders::Oauth2Proxy, "x-auth-request-user", 4), (IdentityHeaders::Authelia, "remote-user", 4)]
    {
        let mut config = guarded();
        config.forward_auth.identity = identity;
        let service = Service::with(config).await;
        let token = service.sign_in("alice").await;
        let answer = ask(&service, Proxy::Envoy, Held::page("/"), Some(&token)).await;
        assert_eq!(answer.header(first), Some("alice"));
        assert_eq!(identity.names().len(), count);
        assert!(identity.names().iter().all(|name| answer.headers.contains_key(*name)), "{answer:?}");
        let removed = answer.header("x-envoy-auth-headers-to-remove").expect("Envoy is told").to_owned();
        assert!(removed.split(',').any(|name| name == first.replace('-', "_")), "{removed}");
        assert!(!removed.split(',').any(|name| answer.headers.contains_key(name)), "{removed}");
    }
}

#[tokio::test]
async fn only_the_sessions_of_its_realm_are_let_in() {
    let mut config = guarded();
    config.forward_auth.realm = "shop".parse().expect("a realm");
    let service = Service::with(config).await;
    let made = service.post("/v1/keys", json!({ "name": "shop", "role": "app", "realm": "shop" })).await.expect(201);
    let key = made["key"].as_str().expect("a key");
    let create = service.request(reqwest::Method::POST, "/v1/sessions", key).json(&json!({ "subject": "alice" }));
    let inside = token(&service.send(create).await.expect(201));
    let outside = service.sign_in("alice").await;
    ask(&service, Proxy::Nginx, Held::call("/"), Some(&inside)).await.expect_status(200);
    ask(&service, Proxy::Nginx, Held::call("/"), Some(&outside)).await.problem(401, "inactive");
}
