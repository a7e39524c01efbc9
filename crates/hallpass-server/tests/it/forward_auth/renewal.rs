use std::time::Duration;

use reqwest::redirect;
use serde_json::json;

use super::{BROWSER, Held, PROXIES, Proxy, ask, guarded};
use crate::service::{Answer, Service, id, token};

/// Asks as a browser does that a proxy routes here.
async fn renew(service: &Service, query: &str, cookie: &str) -> Answer {
    let client = reqwest::Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
    service.send(client.get(format!("{}/session/renew{query}", service.base)).header("cookie", cookie)).await
}

/// Returns the cookies that an answer sets, as a browser sends them back.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter();
    let pairs = set.map(|value| value.to_str().expect("visible").split(';').next().unwrap_or_default().to_owned());
    pairs.collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn a_browser_whose_token_is_due_gets_the_next_on_its_way() {
    for proxy in PROXIES {
        let service = Service::with(guarded()).await;
        let token = service.sign_in("alice").await;
        for _ in 0..4 {
            service.clock.advance(Duration::from_mins(16));
            ask(&service, proxy, Held::call("/"), Some(&token)).await.expect_status(200);
        }
        let page = ask(&service, proxy, Held::page("/cart?a=b"), Some(&token)).await;
        page.expect_status(if proxy == Proxy::Nginx { 401 } else { 302 });
        assert_eq!(page.header("location"), Some("/session/renew?return=%2Fcart%3Fa%3Db"), "{page:?}");
        assert!(!page.headers.contains_key("set-cookie"), "{page:?}");

        // Neither a form nor a script goes there; and nothing was renewed meanwhile.
        let form = Held { method: "POST", ..Held::page("/cart") };
        ask(&service, proxy, form, Some(&token)).await.expect_status(200);
        ask(&service, proxy, Held::call("/cart"), Some(&token)).await.expect_status(200);
        ask(&service, proxy, Held::page("/public/x"), Some(&token)).await.expect_status(200);

        let renewed = renew(&service, "?return=%2Fcart%3Fa%3Db", &format!("sid={token}")).await;
        renewed.expect_status(303);
        assert_eq!(renewed.header("location"), Some("/cart?a=b"));
        let jar = cookies(&renewed);
        assert!(jar.starts_with("sid=") && !jar.contains(&token), "the next token");
        let headers = [BROWSER[0], BROWSER[1], ("cookie", jar.as_str())];
        let back = ask(&service, proxy, Held { headers: &headers, ..Held::page("/cart?a=b") }, None).await;
        back.expect_status(200);
        assert_eq!(back.header("remote-user"), Some("alice"));
    }
}

#[tokio::test]
async fn events_say_where_the_browser_was() {
    let service = Service::with(guarded()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let client = reqwest::Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
    let request = client
        .get(format!("{}/session/renew", service.base))
        .header("cookie", format!("sid={}", token(&made)))
        .header("user-agent", "Browser/1")
        .header("x-forwarded-for", "6.6.6.6, 203.0.113.7");
    service.send(request).await.expect_status(303);
    let timeline = service.get(&format!("/v1/sessions/{}/timeline", id(&made))).await.expect(200);
    let renewed = timeline["items"].as_array().expect("events").iter().find(|event| event["kind"] == "renewed");
    let origin = &renewed.expect("it was renewed")["origin"];
    assert_eq!(origin["ip"], "203.0.113.7", "{timeline}");
    assert_eq!(origin["user_agent"], "Browser/1", "{timeline}");
}

#[tokio::test]
async fn a_browser_that_takes_no_new_token_does_not_come_and_go_for_ever() {
    let service = Service::with(guarded()).await;
    let token = service.sign_in("alice").await;
    for _ in 0..4 {
        service.clock.advance(Duration::from_mins(16));
        ask(&service, Proxy::Nginx, Held::call("/"), Some(&token)).await.expect_status(200);
    }
    let renewed = renew(&service, "", &format!("sid={token}")).await;
    let marker = cookies(&renewed).split("; ").find(|pair| pair.starts_with("hallpass-renewed=")).map(str::to_owned);
    let jar = format!("sid={token}; {}", marker.expect("it is marked"));
    let headers = [BROWSER[0], BROWSER[1], ("cookie", jar.as_str())];
    ask(&service, Proxy::Nginx, Held { headers: &headers, ..Held::page("/") }, None).await.expect_status(200);
}

#[tokio::test]
async fn renewal_on_the_way_can_be_turned_off() {
    let mut config = guarded();
    config.forward_auth.renewal = false;
    let service = Service::with(config).await;
    let token = service.sign_in("alice").await;
    for _ in 0..4 {
        service.clock.advance(Duration::from_mins(16));
        ask(&service, Proxy::Nginx, Held::page("/"), Some(&token)).await.expect_status(200);
    }
}

#[tokio::test]
async fn the_way_back_leads_nowhere_else() {
    let service = Service::with(guarded()).await;
    for query in [
        "",
        "?return=",
        "?return=https://evil.example/",
        "?return=//evil.example",
        "?return=/%5Cevil.example",
        "?return=/session/renew",
        "?other=/cart",
    ] {
        let token = service.sign_in("alice").await;
        let answer = renew(&service, query, &format!("sid={token}")).await;
        answer.expect_status(303);
        assert_eq!(answer.header("location"), Some("/"), "{query}");
    }
}

#[tokio::test]
async fn what_opens_no_session_is_sent_back_as_it_is() {
    let service = Service::with(guarded()).await;
    let ended = service.sign_in("alice").await;
    service.post("/v1/logout", json!({ "token": ended })).await.expect(204);
    for cookie in ["a=b".to_owned(), "sid=x".to_owned(), format!("sid={ended}")] {
        let answer = renew(&service, "?return=/cart", &cookie).await;
        answer.expect_status(303);
        assert_eq!(answer.header("location"), Some("/cart"));
        assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
    }
}

#[tokio::test]
async fn an_outage_takes_no_token_away() {
    let service = Service::with(guarded()).await;
    let token = service.sign_in("alice").await;
    service.store.outage(true);
    let answer = renew(&service, "?return=/cart", &format!("sid={token}")).await;
    answer.problem(503, "unavailable");
    assert!(answer.headers.contains_key("retry-after") && !answer.headers.contains_key("set-cookie"), "{answer:?}");
}
