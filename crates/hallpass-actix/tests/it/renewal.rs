//! A3: when a token is replaced, and what the old one is good for.

use hallpass::{Caller, EventKind};

use crate::browser::Browser;
use crate::site::{Framework, Site, on_both};

on_both! {
    reg_1_a_login_hands_out_a_new_token_and_the_old_one_is_dead_at_once,
    reg_1_two_accounts_in_one_browser_never_share_a_session,
    reg_2_reg_8_a_step_up_hands_out_a_new_token_and_keeps_what_was_stored,
    reg_3_a_change_of_role_hands_out_a_new_token,
    reg_5_a_login_drops_what_was_stored_before_unless_it_is_named,
    reg_6_requests_at_once_on_a_renewal_log_nobody_out,
    reg_7_a_token_that_was_replaced_on_schedule_is_good_for_half_a_minute,
    a_spent_token_that_comes_back_late_ends_the_session,
    a_renewal_whose_answer_was_lost_logs_nobody_out,
    what_is_set_in_the_request_of_a_login_is_kept_if_it_comes_after,
}

async fn reg_1_a_login_hands_out_a_new_token_and_the_old_one_is_dead_at_once(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/a/1").await.expect(200);
    let old = browser.clone();
    browser.post("/sign-in/alice").await.expect(200);
    assert_ne!(browser.token, old.token);
    for path in ["/who", "/get/a"] {
        let reply = old.show(path, &old.cookie()).await;
        assert!(["nobody", "nothing"].contains(&reply.body.as_str()), "{reply:?}");
        assert!(reply.set_cookies.is_empty(), "{reply:?}");
    }
}

async fn reg_1_two_accounts_in_one_browser_never_share_a_session(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/secret/hers").await.expect(200);
    let hers = browser.reference().id;
    browser.post("/sign-in/bob").await.expect(200);
    assert_eq!((browser.who().await, browser.get("/get/secret").await.body), ("bob".into(), "nothing".into()));
    assert_ne!(browser.reference().id, hers);
    let record = site.sessions.find(&hers).await.expect("it is there").expect("a tombstone");
    assert_eq!(record.ended.expect("ended").reason, hallpass::EndReason::Replaced);
}

async fn reg_2_reg_8_a_step_up_hands_out_a_new_token_and_keeps_what_was_stored(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/cart/book").await.expect(200);
    assert_eq!(browser.get("/level").await.body, "1");
    let old = browser.cookie();
    browser.post("/step-up").await.expect(200);
    assert_eq!(browser.get("/level").await.body, "2");
    assert_eq!(browser.get("/get/cart").await.body, "book");
    assert_eq!(browser.show("/who", &old).await.body, "nobody");
}

async fn reg_3_a_change_of_role_hands_out_a_new_token(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let old = browser.cookie();
    let id = browser.reference().id;
    browser.post("/role-change").await.expect(200);
    assert_eq!((browser.who().await.as_str(), browser.reference().id), ("alice", id));
    assert_eq!(browser.show("/who", &old).await.body, "nobody", "there is no grace");
}

async fn reg_5_a_login_drops_what_was_stored_before_unless_it_is_named(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set/cart/book").await.expect(200);
    browser.post("/set/planted/evil").await.expect(200);
    browser.post("/sign-in-keeping/cart/alice").await.expect(200);
    assert_eq!(browser.get("/get/cart").await.body, "book");
    assert_eq!(browser.get("/get/planted").await.body, "nothing");
}

/// A browser whose session was used for an hour, so that its renewal is due.
async fn due(site: &Site) -> Browser {
    let browser = site.signed_in("alice").await;
    let token = browser.token.clone().expect("a token");
    for _ in 0..4 {
        site.advance(900);
        site.sessions.verify(&token, true, &Caller::user()).await.expect("it lives");
    }
    browser
}

async fn reg_6_requests_at_once_on_a_renewal_log_nobody_out(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = due(&site).await;
    let requests = (0..32).map(|_| {
        let mut tab = browser.clone();
        tokio::spawn(async move { (tab.who().await, tab.token) })
    });
    let mut tokens = std::collections::BTreeSet::new();
    for request in requests.collect::<Vec<_>>() {
        let (who, token) = request.await.expect("no panic");
        assert_eq!(who, "alice");
        tokens.extend(token.filter(|token| Some(token) != browser.token.as_ref()));
    }
    assert_eq!(tokens.len(), 1, "all that got a new token got the same");
}

async fn reg_7_a_token_that_was_replaced_on_schedule_is_good_for_half_a_minute(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = due(&site).await;
    let old = browser.cookie();
    let first = browser.get("/who").await.expect(200).token();
    site.advance(30);
    let again = browser.show("/who", &old).await;
    assert_eq!((again.body.as_str(), again.token()), ("alice", first), "the same successor");
    assert_eq!(browser.who().await, "alice");
    site.advance(1);
    assert_eq!(browser.show("/who", &old).await.body, "nobody");
    assert_eq!(site.observer.count(&EventKind::SpentToken), 1, "and it is told");
    assert_eq!(browser.who().await, "alice", "it ends nothing, since a stalled packet looks the same");
}

async fn a_spent_token_that_comes_back_late_ends_the_session(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = due(&site).await;
    let old = browser.cookie();
    browser.get("/who").await.expect(200);
    assert_eq!(browser.who().await, "alice");
    site.advance(151);
    assert_eq!(browser.show("/who", &old).await.body, "nobody");
    assert_eq!(browser.who().await, "nobody", "two parties held it");
    assert_eq!(site.observer.count(&EventKind::Replayed), 1);
}

async fn a_renewal_whose_answer_was_lost_logs_nobody_out(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = due(&site).await;
    let lost = browser.show("/who", &browser.cookie()).await.expect(200).token();
    site.advance(600);
    let reply = browser.get("/who").await.expect(200);
    assert_eq!(reply.body, "alice");
    assert_ne!(reply.token(), lost, "what was lost is spent");
    assert_eq!(browser.who().await, "alice");
}

async fn what_is_set_in_the_request_of_a_login_is_kept_if_it_comes_after(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/sign-in-and-set/alice/key/value").await.expect(200);
    assert_eq!((browser.who().await, browser.get("/get/key").await.body), ("alice".into(), "value".into()));
    let mut browser = site.browser();
    let planted = browser.clone();
    browser.post("/set-and-sign-in/alice/key/value").await.expect(200);
    assert_eq!((browser.who().await, browser.get("/get/key").await.body), ("alice".into(), "nothing".into()));
    assert_eq!(planted.token, None);
}
