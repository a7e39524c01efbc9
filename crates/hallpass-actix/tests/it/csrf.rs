//! A14: requests that another site had a browser send.

use hallpass::EventKind;

use crate::site::{Framework, Site, on_both};

on_both! {
    csf_1_what_the_browser_says_decides_where_it_says_something,
    csf_2_csf_3_the_origin_decides_where_the_browser_says_nothing,
    csf_4_whoever_says_nothing_at_all_brings_a_token_of_the_session,
    csf_4_a_guard_with_a_name_takes_a_token_of_that_session_alone,
    csf_6_a_token_is_taken_from_a_header_or_a_form_and_the_form_still_reaches_the_handler,
    csf_7_reading_is_free,
    csf_10_no_response_lets_any_site_read_what_is_for_one_client,
    csf_12_what_is_refused_is_told,
}

async fn csf_1_what_the_browser_says_decides_where_it_says_something(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    let cookie = browser.cookie();
    for (says, status) in [("same-origin", 200), ("cross-site", 403), ("same-site", 403)] {
        let reply =
            browser.send("POST", "/form", &[("cookie", &cookie), ("sec-fetch-site", says)]).await.expect(status);
        assert!(reply.header("vary").contains("sec-fetch-site"), "{reply:?}");
        if status == 403 {
            assert_eq!(reply.code(), "csrf_blocked");
        }
    }
}

async fn csf_2_csf_3_the_origin_decides_where_the_browser_says_nothing(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    let cookie = browser.cookie();
    for (origin, status) in [
        ("https://shop.example", 200),
        ("https://evil.example", 403),
        ("https://shop.example.evil.example", 403),
        ("http://shop.example", 403),
        ("null", 403),
    ] {
        let headers = [("cookie", cookie.as_str()), ("origin", origin)];
        browser.send("POST", "/form", &headers).await.expect(status);
    }
}

async fn csf_4_whoever_says_nothing_at_all_brings_a_token_of_the_session(framework: Framework) {
    let site = Site::new(framework).await;
    let mut alice = site.signed_in("alice").await;
    let mut mallory = site.signed_in("mallory").await;
    let hers = alice.get("/form-token").await.expect(200).body;
    let theirs = mallory.get("/form-token").await.expect(200).body;
    let cookie = alice.cookie();
    for (token, status) in [(hers.as_str(), 200), (theirs.as_str(), 403), ("garbage", 403), ("", 403)] {
        let headers = [("cookie", cookie.as_str()), ("x-csrf-token", token)];
        alice.send("POST", "/form", &headers).await.expect(status);
    }
    alice.send("POST", "/form", &[("cookie", &cookie)]).await.expect(403);
    alice.post("/role-change").await.expect(200);
    let headers = [("cookie", alice.cookie()), ("x-csrf-token", hers)];
    let headers = [(headers[0].0, headers[0].1.as_str()), (headers[1].0, headers[1].1.as_str())];
    alice.send("POST", "/form", &headers).await.expect(403);
}

async fn csf_4_a_guard_with_a_name_takes_a_token_of_that_session_alone(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    let reply = browser.send("POST", "/admin/sign-in", &[("cookie", &browser.cookie())]).await.expect(200);
    let (admin, _) = reply.set_cookies[0].split_once(';').expect("attributes");
    let both = format!("{}; {admin}", browser.cookie());
    for (form, status) in [("/admin/form", 200), ("/form-token", 403)] {
        let token = browser.show(form, &both).await.expect(200).body;
        let headers = [("cookie", both.as_str()), ("x-csrf-token", &token)];
        browser.send("POST", "/admin/form", &headers).await.expect(status);
    }
}

async fn csf_6_a_token_is_taken_from_a_header_or_a_form_and_the_form_still_reaches_the_handler(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let token = browser.get("/form-token").await.expect(200).body;
    let form = format!("name=book&csrf_token={token}");
    let reply = browser.send_form("/form", &form).await.expect(200);
    assert_eq!(reply.body, form, "what was read is put back together");
    browser.send_form("/form", "name=book").await.expect(403);
    let in_address = format!("/form?csrf_token={token}");
    browser.send_form(&in_address, "name=book").await.expect(403);
}

async fn csf_7_reading_is_free(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    let headers = [("cookie", browser.cookie()), ("sec-fetch-site", "cross-site".to_owned())];
    let headers = [(headers[0].0, headers[0].1.as_str()), (headers[1].0, headers[1].1.as_str())];
    browser.send("GET", "/form", &headers).await.expect(200);
}

async fn csf_10_no_response_lets_any_site_read_what_is_for_one_client(framework: Framework) {
    let site = Site::new(framework).await;
    for (origin, credentials) in [("https://evil.example", ""), ("https://shop.example", "true")] {
        let reply = site.browser().send("GET", "/form/open", &[("origin", origin)]).await.expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), origin, "the application says so");
        assert_eq!(reply.header("access-control-allow-credentials"), credentials, "{origin}");
    }
}

async fn csf_12_what_is_refused_is_told(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    let cookie = browser.cookie();
    browser.send("POST", "/form", &[("cookie", &cookie), ("sec-fetch-site", "cross-site")]).await.expect(403);
    let events = site.observer.events();
    let told = events.iter().find(|event| event.kind == EventKind::CsrfBlocked).expect("it is told");
    assert_eq!(told.note.as_ref().map(ToString::to_string).as_deref(), Some("cross_site"));
}
