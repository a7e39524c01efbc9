//! Several applications behind one proxy, each with its sessions for itself.

use hallpass_server::Config;
use reqwest::{Method, redirect};
use serde_json::json;

use super::{Held, PROXIES, ask, guarded};
use crate::service::{Service, token};

fn two_applications() -> Config {
    let mut config = guarded();
    config.forward_auth.realms = [("shop.example", "shop"), ("*.bank.example", "bank")]
        .map(|(host, realm)| (host.to_owned(), realm.parse().expect("a realm")))
        .into();
    config
}

/// Signs the same subject in to an application.
async fn sign_in(service: &Service, realm: &str) -> String {
    let made = service.post("/v1/keys", json!({ "name": realm, "role": "app", "realm": realm })).await.expect(201);
    let key = made["key"].as_str().expect("a key").to_owned();
    let request = service.request(Method::POST, "/v1/sessions", &key).json(&json!({ "subject": "alice" }));
    token(&service.send(request).await.expect(201))
}

#[tokio::test]
async fn a_session_of_one_application_opens_no_other() {
    let service = Service::with(two_applications()).await;
    let tokens = [sign_in(&service, "shop").await, sign_in(&service, "bank").await, sign_in(&service, "default").await];
    for proxy in PROXIES {
        for (place, host) in ["Shop.example:8443", "online.bank.example.", "app.example"].into_iter().enumerate() {
            for (other, token) in tokens.iter().enumerate() {
                let answer = ask(&service, proxy, Held { host, ..Held::call("/") }, Some(token)).await;
                let expected = if place == other { 200 } else { 401 };
                assert_eq!(answer.status.as_u16(), expected, "{proxy:?} {host} {other}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_renewed_where_it_belongs() {
    let service = Service::with(two_applications()).await;
    let shop = sign_in(&service, "shop").await;
    service.clock.advance(std::time::Duration::from_mins(20));
    let client = reqwest::Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
    let renew = async |header: &str, host: &str| {
        let request = client.get(format!("{}/session/renew?return=/cart", service.base));
        let answer = service.send(request.header(header, host).header("cookie", format!("sid={shop}"))).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/cart")), "{answer:?}");
        answer.header("set-cookie").is_some()
    };
    assert!(!renew("x-forwarded-host", "app.example").await);
    assert!(!renew("host", "online.bank.example").await);
    assert!(renew("host", "shop.example").await);
    assert!(renew("x-forwarded-host", "shop.example").await);
}
