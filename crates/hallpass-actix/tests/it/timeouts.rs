//! A4: what ends a session by itself.

use std::time::Duration;

use hallpass::Policy;
use hallpass::testing::ManualClock;

use crate::site::{Framework, Site, on_both};

on_both! {
    tmo_1_a_session_ends_half_an_hour_after_its_last_use,
    tmo_2_tmo_4_a_session_ends_four_hours_after_the_login_however_much_it_is_used,
    tmo_3_what_is_over_stays_over_where_a_clock_is_behind,
    tmo_4_a_step_up_starts_both_times_again,
    tmo_7_cka_6_the_client_keeps_a_cookie_until_it_closes_and_the_server_ends_the_session,
    tmo_9_the_token_is_replaced_after_an_hour_of_use,
    pwd_3_a_proof_is_fresh_for_as_long_as_is_asked,
}

async fn tmo_1_a_session_ends_half_an_hour_after_its_last_use(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    for _ in 0..3 {
        site.advance(1700);
        assert_eq!(browser.who().await, "alice");
    }
    site.advance(1800);
    assert_eq!(browser.who().await, "nobody");
}

async fn tmo_2_tmo_4_a_session_ends_four_hours_after_the_login_however_much_it_is_used(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    for _ in 0..15 {
        site.advance(900);
        browser.post("/count/n").await.expect(200);
        assert_eq!(browser.who().await, "alice", "REG-9: renewals on the way change nothing");
    }
    site.advance(899);
    assert_eq!(browser.who().await, "alice");
    site.advance(1);
    assert_eq!(browser.who().await, "nobody");
}

async fn tmo_3_what_is_over_stays_over_where_a_clock_is_behind(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let (start, cookie) = (site.sessions.now(), browser.cookie());
    site.advance(1801);
    assert_eq!(browser.who().await, "nobody");
    let behind = site.beside_at(framework, ManualClock::starting_at(start)).await;
    assert_eq!(behind.browser().show("/who", &cookie).await.body, "nobody");
}

async fn tmo_4_a_step_up_starts_both_times_again(framework: Framework) {
    let policy = Policy::builder().idle(Duration::from_secs(100)).absolute(Duration::from_secs(150));
    let site = Site::with_policy(framework, policy.build().expect("valid")).await;
    let mut browser = site.signed_in("alice").await;
    site.advance(99);
    browser.post("/step-up").await.expect(200);
    site.advance(99);
    assert_eq!(browser.who().await, "alice", "198 s after the login");
    site.advance(51);
    assert_eq!(browser.who().await, "nobody", "150 s after the step-up");
}

async fn tmo_7_cka_6_the_client_keeps_a_cookie_until_it_closes_and_the_server_ends_the_session(framework: Framework) {
    let site = Site::new(framework).await;
    let reply = site.browser().post("/sign-in/alice").await.expect(200);
    assert!(!reply.set_cookies[0].contains("Max-Age") && !reply.set_cookies[0].contains("Expires"), "{reply:?}");
    let forged = format!("__Host-sid={}; Max-Age=999999999; Expires=Thu, 01 Jan 2099 00:00:00 GMT", reply.token());
    assert_eq!(site.browser().show("/who", &forged).await.body, "alice");
    site.advance(1801);
    assert_eq!(site.browser().show("/who", &forged).await.body, "nobody");
}

async fn tmo_9_the_token_is_replaced_after_an_hour_of_use(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let mut cookies = 0;
    for _ in 0..10 {
        site.advance(1080);
        cookies += browser.get("/who").await.expect(200).set_cookies.len();
        assert_eq!(browser.get("/who").await.set_cookies.len(), 0, "once");
    }
    assert_eq!(cookies, 2, "in three hours of use");
    assert_eq!(browser.who().await, "alice");
}

async fn pwd_3_a_proof_is_fresh_for_as_long_as_is_asked(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    assert_eq!(browser.get("/fresh").await.body, "false");
    browser.post("/sign-in/alice").await.expect(200);
    site.advance(300);
    assert_eq!(browser.get("/fresh").await.body, "true");
    site.advance(1);
    assert_eq!(browser.get("/fresh").await.body, "false");
    browser.post("/step-up").await.expect(200);
    assert_eq!(browser.get("/fresh").await.body, "true");
}
