use std::time::Duration;

use hallpass::{Query, Store as _};
use reqwest::Method;

use super::events;
use super::guest::Guest;
use crate::service::{ADMIN, Service};

#[tokio::test]
async fn a_key_gives_a_session_and_is_kept_nowhere() {
    let service = Service::start().await;
    let mut guest = Guest::new(&service);
    let page = guest.get("/dashboard/sign-in").await.page();
    assert!(page.cookies().is_empty(), "whoever only looks leaves nothing");
    assert!(service.store.list(&Query::default()).await.expect("there").items.is_empty(), "neither in the store");

    let answer = guest.post("/dashboard/sign-in", &[("key", &format!(" {ADMIN}\n"))]).await;
    answer.expect_redirect("/dashboard");
    let cookie = answer.cookies().concat();
    assert!(cookie.starts_with("hallpass-operator=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
    assert!(!cookie.contains("Max-Age"), "it ends with the browser");

    let page = guest.get("/dashboard").await.page();
    page.expect_text("first admin");
    page.expect_no(ADMIN);
    page.expect_no(&guest.cookie.clone().expect("set").1);
    let records = service.store.list(&Query::default()).await.expect("there").items;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].realm.as_str(), "hallpass-dashboard");
    assert!(!String::from_utf8_lossy(&records[0].to_bytes()).contains("ADMIN"));
    service.get("/v1/sessions").await.expect(200)["items"].as_array().expect("a list").is_empty();

    let told = events(&service, "operator_signed_in").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["actor"], "operator:first admin#first");
    assert_eq!(told[0]["origin"]["ip"], "127.0.0.1");
    assert!(told[0]["origin"]["request_id"].is_string());
}

#[tokio::test]
async fn a_wrong_key_and_that_of_an_application_are_refused_and_told() {
    let service = Service::start().await;
    let app = service.key("app").await;
    let mut guest = Guest::new(&service);
    let unknown = format!("hpk_{}", "x".repeat(43));
    for (key, status, text) in [
        (unknown.as_str(), 401, "There is no such key"),
        ("nonsense", 401, "There is no such key"),
        ("", 401, "There is no such key"),
        (app.as_str(), 403, "This key is for an application"),
    ] {
        let answer = guest.post("/dashboard/sign-in", &[("key", key)]).await;
        assert_eq!(answer.status.as_u16(), status, "{key}");
        answer.expect_text(text);
        assert!(answer.cookies().is_empty());
        assert!(key.is_empty() || !answer.body.contains(key), "what was written is not shown");
    }
    let told = events(&service, "operator_refused").await;
    let actors: Vec<_> = told.iter().map(|event| event["actor"].as_str().expect("text").to_owned()).collect();
    assert_eq!(actors[..3], ["operator:unknown"; 3]);
    assert!(actors[3].starts_with("application:app#"), "{actors:?}");
}

#[tokio::test]
async fn a_network_of_many_wrong_keys_is_slowed_down_and_a_good_one_still_signs_in() {
    let mut config = crate::service::config();
    config.limits.guesses = 5;
    let service = Service::with(config).await;
    let mut guest = Guest::new(&service);
    for _ in 0..5 {
        assert_eq!(guest.post("/dashboard/sign-in", &[("key", "wrong")]).await.status, 401);
    }
    let slowed = guest.post("/dashboard/sign-in", &[("key", "wrong")]).await;
    assert_eq!(slowed.status, 429);
    assert!(slowed.body.contains("Wait a minute"), "{slowed:?}");
    Guest::signed_in(&service, crate::service::ADMIN).await;
}

#[tokio::test]
async fn a_flood_of_wrong_keys_leaves_no_more_than_a_trickle() {
    let service = Service::start().await;
    let mut guest = Guest::new(&service);
    for _ in 0..60 {
        guest.post("/dashboard/sign-in", &[("key", "wrong")]).await;
    }
    assert_eq!(events(&service, "operator_refused").await.len(), 32);
    service.clock.advance(Duration::from_secs(10));
    guest.post("/dashboard/sign-in", &[("key", "wrong")]).await;
    let told = events(&service, "operator_refused").await;
    assert_eq!(told.len(), 33);
    assert!(told[32]["note"].as_str().expect("text").contains("28 more"), "{}", told[32]);
}

#[tokio::test]
async fn a_revoked_key_is_refused_with_the_next_request() {
    let service = Service::start().await;
    let mut guest = Guest::of_role(&service, "operator").await;
    guest.get("/dashboard/sessions").await.page();
    let before = guest.cookie.clone();
    let keys = service.get("/v1/keys").await.expect(200);
    let made = keys["items"].as_array().expect("a list").iter().find(|key| key["role"] == "operator").expect("it");
    let path = format!("/v1/keys/{}", made["id"].as_str().expect("an id"));
    service.send(service.request(Method::DELETE, &path, ADMIN)).await.expect(204);

    let answer = guest.get("/dashboard/sessions").await;
    answer.expect_redirect("/dashboard/sign-in?why=revoked&return_to=%2Fdashboard%2Fsessions");
    assert!(guest.cookie.is_none(), "the session has ended");
    guest.cookie = before;
    guest
        .get("/dashboard/sessions")
        .await
        .expect_redirect("/dashboard/sign-in?why=needed&return_to=%2Fdashboard%2Fsessions");
    assert_eq!(events(&service, "operator_refused").await.len(), 1);
}

#[tokio::test]
async fn a_sign_in_never_takes_over_a_cookie_that_was_there() {
    let service = Service::start().await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    let planted = guest.cookie.clone().expect("set");
    guest.post("/dashboard/sign-in", &[("key", ADMIN)]).await.expect_redirect("/dashboard");
    assert_ne!(guest.cookie.clone().expect("set").1, planted.1);
    guest.get("/dashboard").await.page();
    let mut other = Guest::new(&service);
    other.cookie = Some(planted);
    other.get("/dashboard").await.expect_redirect("/dashboard/sign-in?why=needed");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_is_told() {
    let service = Service::start().await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    let before = guest.cookie.clone();
    guest.post("/dashboard/sign-out", &[]).await.expect_redirect("/dashboard/sign-in?why=signed-out");
    assert!(guest.cookie.is_none());
    guest.cookie = before;
    guest.get("/dashboard").await.expect_redirect("/dashboard/sign-in?why=needed");
    let told = events(&service, "operator_action").await;
    assert_eq!(told.last().expect("one")["note"], "signed out");
}

#[tokio::test]
async fn a_session_of_an_operator_ends_after_a_quarter_of_an_hour_and_comes_back_to_where_it_was() {
    let service = Service::start().await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    for _ in 0..3 {
        service.clock.advance(Duration::from_mins(10));
        guest.get("/dashboard").await.page();
    }
    // What a page asks by itself is no use.
    service.clock.advance(Duration::from_mins(10));
    guest.get("/dashboard/live").await.page();
    service.clock.advance(Duration::from_mins(6));
    let back = "/dashboard/sessions?ip=192.0.2.0%2F24";
    let answer = guest.get(back).await;
    let there = "/dashboard/sign-in?why=needed&return_to=%2Fdashboard%2Fsessions%3Fip%3D192.0.2.0%252F24";
    answer.expect_redirect(there);
    let page = guest.get(there).await.page();
    page.expect_text("Sign in to go on");
    assert_eq!(page.hidden("return_to").as_deref(), Some(back));
    guest.post("/dashboard/sign-in", &[("key", ADMIN), ("return_to", back)]).await.expect_redirect(back);
    guest.get("/dashboard/sign-in").await.expect_redirect("/dashboard");
    for elsewhere in ["https://evil.example/", "//evil.example", "/demo"] {
        let fields = [("key", ADMIN), ("return_to", elsewhere)];
        guest.post("/dashboard/sign-in", &fields).await.expect_redirect("/dashboard");
    }
}

#[tokio::test]
async fn an_outage_logs_no_operator_out_but_signing_out_still_does() {
    let service = Service::start().await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    service.store.outage(true);
    let answer = guest.get("/dashboard/sessions").await;
    answer.expect_trouble(503, "The session store is away");
    assert_eq!(answer.header("retry-after"), "2");
    assert!(guest.cookie.is_some());
    service.store.outage(false);
    guest.get("/dashboard/sessions").await.page();
    service.store.outage(true);
    guest.post("/dashboard/sign-out", &[]).await.expect_trouble(503, "Signed out here, but only here");
    assert!(guest.cookie.is_none());
}

#[tokio::test]
async fn whoever_is_elsewhere_gets_a_cookie_for_https_only() {
    let service = Service::start().await;
    let mut guest = Guest::new(&service);
    guest.headers.push(("host", "hallpass.example".to_owned()));
    let answer = guest.post("/dashboard/sign-in", &[("key", ADMIN)]).await;
    answer.expect_redirect("/dashboard");
    let cookie = answer.cookies().concat();
    assert!(cookie.starts_with("__Host-hallpass-operator=") && cookie.contains("Secure"), "{cookie}");
    guest.get("/dashboard").await.page();
}

#[tokio::test]
async fn no_key_is_for_the_realm_of_operators() {
    let service = Service::start().await;
    let body = serde_json::json!({ "name": "x", "role": "app", "realm": "hallpass-dashboard" });
    let problem = service.post("/v1/keys", body).await.problem(422, "invalid_field");
    assert_eq!(problem["field"], "realm");
}
