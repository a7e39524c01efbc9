//! Routes that ask for a sign-in, for its strength, or for a fresh one.

use crate::browser::Browser;
use crate::site::{Framework, Site, on_both};

on_both! {
    whoever_has_not_signed_in_is_told_so_as_a_problem,
    a_browser_on_its_way_to_a_page_is_sent_to_the_sign_in_and_back,
    a_stronger_or_fresher_proof_is_asked_for_where_it_is_demanded,
    routes_under_one_demand_are_all_closed,
    whoever_polls_is_not_taken_for_active,
    a_store_that_is_away_is_503_and_no_sign_in,
}

const NAVIGATION: [(&str, &str); 2] = [("accept", "text/html,application/xhtml+xml"), ("sec-fetch-mode", "navigate")];

async fn visit(browser: &Browser, path: &str) -> crate::browser::Reply {
    let cookie = browser.cookie();
    let mut headers = NAVIGATION.to_vec();
    headers.push(("cookie", &cookie));
    browser.send("GET", path, &headers).await
}

async fn whoever_has_not_signed_in_is_told_so_as_a_problem(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    let reply = browser.get("/account").await.expect(401);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("inactive", 0));
    let mut browser = site.signed_in("alice").await;
    assert_eq!(browser.get("/account").await.expect(200).body, "alice");
    site.advance(1801);
    assert_eq!(browser.get("/account").await.expect(401).code(), "inactive");
}

async fn a_browser_on_its_way_to_a_page_is_sent_to_the_sign_in_and_back(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.browser();
    let reply = visit(&browser, "/account?tab=2").await.expect(303);
    assert_eq!(reply.header("location"), "/sign-in-page?return_to=%2Faccount%3Ftab%3D2");
    assert_eq!(reply.header("cache-control"), "no-store");
    for (query, to) in [
        ("return_to=%2Faccount%3Ftab%3D2", "/account?tab=2"),
        ("return_to=https%3A%2F%2Fevil.example", "/"),
        ("return_to=%2F%2Fevil.example", "/"),
        ("", "/"),
    ] {
        assert_eq!(browser.send("GET", &format!("/return-to?{query}"), &[]).await.expect(200).body, to, "{query}");
    }
    let script = [("accept", "text/html"), ("sec-fetch-mode", "cors")];
    browser.send("GET", "/account", &script).await.expect(401);
}

async fn a_stronger_or_fresher_proof_is_asked_for_where_it_is_demanded(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let reply = browser.post("/account/pay").await.expect(403);
    assert_eq!(reply.code(), "step_up_required");
    let problem: serde_json::Value = serde_json::from_str(&reply.body).expect("a problem");
    assert_eq!((&problem["level"], &problem["max_age"]), (&2.into(), &300.into()), "a program can read what it takes");
    assert_eq!(
        visit(&browser, "/account/pay").await.expect(303).header("location"),
        "/step-up-page?return_to=%2Faccount%2Fpay"
    );
    browser.post("/step-up").await.expect(200);
    assert_eq!(browser.post("/account/pay").await.expect(200).body, "paid");
    site.advance(301);
    assert_eq!(browser.post("/account/pay").await.expect(403).code(), "step_up_required");
}

async fn routes_under_one_demand_are_all_closed(framework: Framework) {
    let site = Site::new(framework).await;
    for path in ["/settings/password", "/settings/devices"] {
        assert_eq!(site.browser().get(path).await.expect(401).code(), "inactive", "{path}");
    }
    let mut browser = site.signed_in("alice").await;
    assert_eq!(browser.get("/settings/password").await.expect(200).body, "settings");
    site.advance(301);
    assert_eq!(browser.get("/settings/devices").await.expect(403).code(), "step_up_required");
}

async fn whoever_polls_is_not_taken_for_active(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    for path in ["/account/time-left", "/news"] {
        site.advance(800);
        assert!(browser.get(path).await.expect(200).set_cookies.is_empty());
    }
    assert_eq!(browser.get("/account/time-left").await.expect(200).body, "200");
    site.advance(200);
    assert_eq!(browser.who().await, "nobody", "TMO-5, TMO-12");
}

async fn a_store_that_is_away_is_503_and_no_sign_in(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    site.store.outage(true);
    for path in ["/account", "/settings/password"] {
        let reply = visit(&browser, path).await.expect(503);
        assert_eq!((reply.code().as_str(), reply.header("location").as_str()), ("unavailable", ""));
    }
}
