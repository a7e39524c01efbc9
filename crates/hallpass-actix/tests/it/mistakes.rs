//! Mistakes of whoever builds an application: each says what to do.

use crate::browser::Reply;
use crate::site::{Framework, Site, on_both};

on_both! {
    a_handler_without_the_layer_is_answered_500_and_says_what_to_do,
    two_layers_with_one_name_are_answered_500_and_say_what_to_do,
    two_layers_with_one_cookie_are_answered_500_and_say_what_to_do,
    two_layers_with_names_and_cookies_of_their_own_stand_side_by_side,
}

fn advice(reply: &Reply) -> String {
    assert_eq!((reply.status, reply.set_cookies.len()), (500, 0), "{reply:?}");
    let problem: serde_json::Value = serde_json::from_str(&reply.body).expect("a problem");
    problem["detail"].as_str().expect("a sentence").to_owned()
}

async fn a_handler_without_the_layer_is_answered_500_and_says_what_to_do(framework: Framework) {
    let site = Site::new(framework).await;
    let reply = site.signed_in("alice").await.get("/without-layer").await;
    assert_eq!(reply.code(), "no_session_layer");
    assert!(advice(&reply).contains("Add `SessionLayer`"), "{reply:?}");
}

async fn two_layers_with_one_name_are_answered_500_and_say_what_to_do(framework: Framework) {
    let site = Site::new(framework).await;
    let reply = site.browser().get("/same-name").await;
    assert_eq!(reply.code(), "session_layers_collide");
    assert!(advice(&reply).contains("`named`"), "{reply:?}");
}

async fn two_layers_with_one_cookie_are_answered_500_and_say_what_to_do(framework: Framework) {
    let site = Site::new(framework).await;
    let reply = site.browser().get("/same-cookie").await;
    assert_eq!(reply.code(), "session_layers_collide");
    assert!(advice(&reply).contains("cookie"), "{reply:?}");
}

async fn two_layers_with_names_and_cookies_of_their_own_stand_side_by_side(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    let reply = browser.send("POST", "/admin/sign-in", &[("cookie", &browser.cookie())]).await.expect(200);
    assert_eq!(reply.set_cookies.len(), 1, "{reply:?}");
    let (admin, attributes) = reply.set_cookies[0].split_once(';').expect("attributes");
    assert!(admin.starts_with("__Secure-admin=") && attributes.contains("Path=/admin"), "{reply:?}");
    let both = format!("{}; {admin}", browser.cookie());
    assert_eq!(browser.show("/admin/who", &both).await.body, "alice and root");
    assert_eq!(browser.show("/admin/who", &browser.cookie()).await.body, "alice and nobody");
    browser.send("POST", "/log-out", &[("cookie", &both)]).await.expect(200);
    assert_eq!(browser.show("/admin/who", &both).await.body, "nobody and root", "each has an end of its own");
}
