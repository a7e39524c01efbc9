//! A10: several sessions of one user, and several requests of one session.

use hallpass::{Overflow, Policy};

use crate::site::{Framework, Site, on_both};

on_both! {
    con_1_the_oldest_session_past_the_limit_ends_with_the_login,
    con_1_a_login_past_the_limit_is_refused_where_that_was_chosen,
    usr_1_everybody_sees_the_own_sessions_and_never_a_token,
    usr_2_pwd_1_everywhere_but_here_ends_all_others,
    lgo_9_everywhere_ends_this_one_too,
    fifty_updates_at_once_end_at_fifty,
    fifty_keys_at_once_are_all_kept,
    a_key_that_was_read_and_changed_meanwhile_is_a_conflict_and_not_lost,
    a_session_may_be_used_in_another_task,
    too_much_data_is_refused_and_keeps_what_was_there,
    a_value_of_another_type_is_told_and_harms_nothing,
    a_stream_can_go_on_with_its_session_after_the_head,
}

async fn con_1_the_oldest_session_past_the_limit_ends_with_the_login(framework: Framework) {
    let policy = Policy::builder().limit(2, Overflow::EvictOldest).build().expect("valid");
    let site = Site::with_policy(framework, policy).await;
    let mut browsers = Vec::new();
    for _ in 0..3 {
        browsers.push(site.signed_in("alice").await);
        site.advance(1);
    }
    let mut who = Vec::new();
    for browser in &mut browsers {
        who.push(browser.who().await);
    }
    assert_eq!(who, ["nobody", "alice", "alice"]);
    assert_eq!(site.signed_in("bob").await.who().await, "bob");
}

async fn con_1_a_login_past_the_limit_is_refused_where_that_was_chosen(framework: Framework) {
    let policy = Policy::builder().limit(1, Overflow::Refuse).build().expect("valid");
    let site = Site::with_policy(framework, policy).await;
    let mut first = site.signed_in("alice").await;
    let reply = site.browser().post("/sign-in/alice").await.expect(409);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("limit_reached", 0));
    first.post("/log-out").await.expect(200);
    site.browser().post("/sign-in/alice").await.expect(200);
}

async fn usr_1_everybody_sees_the_own_sessions_and_never_a_token(framework: Framework) {
    let site = Site::new(framework).await;
    let mut here = site.signed_in("alice").await;
    let there = site.signed_in("alice").await;
    let bob = site.signed_in("bob").await;
    let page = here.get("/devices").await.expect(200).body;
    assert_eq!(page.lines().count(), 2, "{page}");
    for (browser, mark) in [(&here, "*"), (&there, " ")] {
        assert!(page.contains(&format!("{mark} {} seen", browser.reference().id)), "{page}");
        assert!(!page.contains(browser.token.as_deref().expect("a token")), "{page}");
    }
    assert!(!page.contains(&bob.reference().id.to_string()), "{page}");
}

async fn usr_2_pwd_1_everywhere_but_here_ends_all_others(framework: Framework) {
    let site = Site::new(framework).await;
    let mut here = site.signed_in("alice").await;
    let mut others = [site.signed_in("alice").await, site.signed_in("alice").await];
    let mut bob = site.signed_in("bob").await;
    here.post("/log-out-elsewhere").await.expect(200);
    for other in &mut others {
        assert_eq!(other.who().await, "nobody");
    }
    assert_eq!((here.who().await.as_str(), bob.who().await.as_str()), ("alice", "bob"));
}

async fn lgo_9_everywhere_ends_this_one_too(framework: Framework) {
    let site = Site::new(framework).await;
    let mut here = site.signed_in("alice").await;
    let mut there = site.signed_in("alice").await;
    let old = here.cookie();
    assert_eq!(here.post("/log-out-everywhere").await.expect(200).token(), "");
    assert_eq!(there.who().await, "nobody");
    assert_eq!(there.show("/who", &old).await.body, "nobody");
}

async fn fifty_updates_at_once_end_at_fifty(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let updates: Vec<_> = (0..50)
        .map(|_| {
            let mut browser = browser.clone();
            tokio::spawn(async move { browser.post("/count/n").await.expect(200) })
        })
        .collect();
    for update in updates {
        update.await.expect("no panic");
    }
    assert_eq!(browser.get("/number/n").await.body, "Some(50)");
}

async fn fifty_keys_at_once_are_all_kept(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let writes: Vec<_> = (0..50)
        .map(|n| {
            let mut browser = browser.clone();
            tokio::spawn(async move { browser.post(&format!("/set/key{n}/{n}")).await.expect(200) })
        })
        .collect();
    for write in writes {
        write.await.expect("no panic");
    }
    for n in 0..50 {
        assert_eq!(browser.get(&format!("/get/key{n}")).await.body, n.to_string());
    }
}

async fn a_key_that_was_read_and_changed_meanwhile_is_a_conflict_and_not_lost(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let slow = site.begin(&browser, "/read-then-set/key/late").await;
    browser.post("/set/key/early").await.expect(200);
    site.go_on();
    let reply = slow.await.expect("no panic").expect(409);
    assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("conflict", 0));
    assert_eq!(browser.get("/get/key").await.body, "early");
}

async fn a_session_may_be_used_in_another_task(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    browser.post("/set-in-task/key/value").await.expect(200);
    assert_eq!(browser.get("/get/key").await.body, "value");
}

async fn too_much_data_is_refused_and_keeps_what_was_there(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/key/value").await.expect(200);
    let limit = site.sessions.data_limit();
    let reply = browser.post(&format!("/large/other/{limit}")).await.expect(413);
    assert_eq!(reply.code(), "data_too_large");
    browser.post(&format!("/large/other/{}", limit - 100)).await.expect(200);
    assert_eq!(browser.get("/get/key").await.body, "value");
}

async fn a_value_of_another_type_is_told_and_harms_nothing(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    browser.post("/set/key/text").await.expect(200);
    assert_eq!(browser.get("/number/key").await.expect(422).code(), "invalid_value");
    assert_eq!(browser.post("/count/key").await.expect(422).code(), "invalid_value");
    assert_eq!(browser.post("/no-json").await.expect(422).code(), "invalid_value");
    assert_eq!(browser.get("/get/key").await.body, "text");
}

async fn a_stream_can_go_on_with_its_session_after_the_head(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let mut response = browser.start("GET", "/stream", &[("cookie", &browser.cookie())]).await;
    assert_eq!(response.headers()["cache-control"], "no-store", "the head comes before the end");
    assert_eq!(response.chunk().await.expect("it goes on").expect("a line"), "first\n");
    assert_eq!(browser.get("/get/streamed").await.body, "nothing");
    site.slow.entered.notified().await;
    site.go_on();
    assert_eq!(response.chunk().await.expect("it goes on").expect("a line"), "last\n");
    assert_eq!(browser.get("/get/streamed").await.body, "yes");
}
