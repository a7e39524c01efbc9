//! Whoever shows tokens that open nothing is slowed down, and nobody is locked out by that.

use std::time::Duration;

use hallpass_server::Config;
use reqwest::Method;
use serde_json::json;

use super::{Held, PROXIES, Proxy, ask, guarded};
use crate::service::{Service, token};

const ALLOWED: u32 = 5;

fn strict() -> Config {
    let mut config = guarded();
    config.limits.guesses = ALLOWED;
    config
}

/// Returns texts that are no tokens.
fn guesses() -> impl Iterator<Item = String> {
    (0..).map(|number| format!("{number:0>70}"))
}

#[tokio::test]
async fn unknown_tokens_of_one_network_are_slowed_down_and_good_ones_are_let_in() {
    for proxy in PROXIES {
        let service = Service::with(strict()).await;
        let alice = service.create(json!({ "subject": "alice" })).await;
        // What a service made whose store this one does not know has the right shape.
        let foreign = token(&Service::start().await.create(json!({})).await);
        let mut shown = std::iter::once(foreign).chain(guesses());
        let mut guess = async || ask(&service, proxy, Held::call("/"), shown.next().as_deref()).await;
        for _ in 0..ALLOWED {
            assert_eq!(guess().await.status, 401, "{proxy:?}");
        }
        let slowed = guess().await;
        assert_eq!(slowed.status, if proxy == Proxy::Nginx { 403 } else { 429 }, "{slowed:?}");
        assert_eq!(slowed.header("hallpass-reason"), Some("too_many_guesses"));
        assert_eq!(slowed.header("retry-after"), Some("12"));

        assert_eq!(ask(&service, proxy, Held::call("/"), Some(&token(&alice))).await.status, 200, "{proxy:?}");
        assert_eq!(ask(&service, proxy, Held::call("/"), None).await.status, 401, "nothing shown is no guess");
        let sent = ask(&service, proxy, Held::page("/"), guesses().next().as_deref()).await;
        let location = sent.header("location").expect("a browser is sent to sign in");
        assert!(location.starts_with("/sign-in"), "{sent:?}");

        service.clock.advance(Duration::from_secs(12));
        assert_eq!(guess().await.status, 401, "{proxy:?}");
        assert_ne!(guess().await.status, 401, "{proxy:?}");
        let metrics = service.get("/metrics").await.body;
        assert!(metrics.contains("hallpass_slowed_down_guesses_total 2"), "{metrics}");
    }
}

#[tokio::test]
async fn tokens_that_were_good_once_are_no_guesses() {
    let service = Service::with(strict()).await;
    let alice = service.create(json!({ "subject": "alice" })).await;
    service.post("/v1/logout", json!({ "token": token(&alice) })).await.expect(204);
    for _ in 0..3 * ALLOWED {
        assert_eq!(ask(&service, Proxy::Forwarded, Held::call("/"), Some(&token(&alice))).await.status, 401);
    }
}

#[tokio::test]
async fn an_application_that_asks_about_unknown_tokens_is_never_slowed_down() {
    let service = Service::with(strict()).await;
    for shown in guesses().take(50) {
        service.post("/v1/verify", json!({ "token": shown })).await.problem(401, "inactive");
    }
}

#[tokio::test]
async fn unknown_api_keys_are_slowed_down_and_good_ones_are_let_in() {
    let service = Service::with(strict()).await;
    let guess = async |number: u32| {
        let key = format!("hpk_{number:0>43}");
        service.send(service.request(Method::GET, "/v1/sessions", &key)).await
    };
    for number in 0..ALLOWED {
        guess(number).await.problem(401, "bad_api_key");
    }
    let slowed = guess(ALLOWED).await;
    slowed.problem(429, "too_many_guesses");
    assert_eq!(slowed.headers["retry-after"], "12");
    service.get("/v1/sessions").await.expect(200);
    service.send(service.request(Method::GET, "/v1/sessions", "")).await.problem(401, "bad_api_key");
}
