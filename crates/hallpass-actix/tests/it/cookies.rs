//! A6 to A8: the cookie among others, split, doubled, planted and oversized.

use hallpass::EventKind;
use hallpass::http::CookieCarrier;

use crate::browser::NAME;
use crate::site::{Framework, Site, on_both};

on_both! {
    cka_1_to_cka_5_ckp_1_the_cookie_is_as_strict_as_browsers_allow,
    cka_2_no_page_shows_the_token,
    cka_10_there_is_one_cookie_in_an_answer_however_often_it_was_committed,
    ckt_1_the_cookie_is_found_in_any_of_several_headers,
    ckt_2_d05_a_planted_cookie_neither_logs_out_nor_in,
    ckt_2_two_good_cookies_are_both_left_alone,
    ckt_2_a_login_beside_a_planted_cookie_is_safe,
    ckp_4_only_the_exact_name_is_read,
    ckp_5_a_cookie_without_a_name_is_none_of_ours,
    ckt_5_a_large_jar_costs_nobody_the_session_and_an_oversized_one_is_told,
    other_cookies_are_left_alone,
}

async fn cka_1_to_cka_5_ckp_1_the_cookie_is_as_strict_as_browsers_allow(framework: Framework) {
    let site = Site::new(framework).await;
    for path in ["/set/a/1", "/sign-in/alice", "/sign-in-remembered/alice"] {
        let reply = site.browser().post(path).await.expect(200);
        let (pair, attributes) = reply.set_cookies[0].split_once("; ").expect("attributes");
        assert!(pair.starts_with("__Host-sid="), "{reply:?}");
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(attributes.split("; ").any(|found| found == attribute), "{attribute}: {reply:?}");
        }
        assert!(!attributes.contains("Domain"), "{reply:?}");
        assert!(reply.set_cookies[0].len() < 4096);
    }
}

async fn cka_2_no_page_shows_the_token(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.signed_in("alice").await;
    let token = browser.token.clone().expect("a token");
    for path in
        ["/who", "/devices", "/set/key/value", "/get/key", "/fail/nothing", "/redirect/nothing", "/no-such-page"]
    {
        let reply = browser.get(path).await;
        assert!(!reply.body.contains(&token) && !format!("{:?}", reply.headers).contains(&token), "{path}: {reply:?}");
    }
}

async fn cka_10_there_is_one_cookie_in_an_answer_however_often_it_was_committed(framework: Framework) {
    let site = Site::new(framework).await;
    let mut browser = site.browser();
    assert_eq!(browser.post("/set-twice/key/value").await.expect(200).set_cookies.len(), 1);
    assert_eq!(browser.get("/get/key").await.body, "value");
    assert_eq!(browser.get("/get/again").await.body, "value");
    assert_eq!(browser.post("/sign-in-and-set/alice/a/1").await.expect(200).set_cookies.len(), 1);
}

async fn ckt_1_the_cookie_is_found_in_any_of_several_headers(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.signed_in("alice").await;
    let cookie = browser.cookie();
    for headers in [["a=1", &cookie], [&cookie, "a=1"], ["a=1; b=2", &format!("c=3; {cookie}; d=4")]] {
        let headers = headers.map(|value| ("cookie", value));
        assert_eq!(browser.send("GET", "/who", &headers).await.body, "alice", "{headers:?}");
    }
    for header in [format!("a=1;{cookie};b=2"), format!(" ;; {cookie} ;"), cookie.replace('=', "=\"") + "\""] {
        assert_eq!(browser.show("/who", &header).await.body, "alice", "{header}");
    }
}

async fn ckt_2_d05_a_planted_cookie_neither_logs_out_nor_in(framework: Framework) {
    let site = Site::new(framework).await;
    let alice = site.signed_in("alice").await;
    let good = alice.cookie();
    let invented = format!("{NAME}={}", "A".repeat(64));
    for header in [format!("{good}; {invented}"), format!("{invented}; {good}"), format!("{good}; {good}")] {
        let reply = alice.show("/who", &header).await;
        assert_eq!((reply.body.as_str(), reply.set_cookies.len()), ("alice", 0), "{header}");
    }
    let split = [("cookie", invented.as_str()), ("cookie", good.as_str())];
    assert_eq!(alice.send("GET", "/who", &split).await.body, "alice", "also in a header of its own");
    assert_eq!(site.observer.count(&EventKind::DuplicateCookie), 3, "and it is told");
}

async fn ckt_2_two_good_cookies_are_both_left_alone(framework: Framework) {
    let site = Site::new(framework).await;
    let mut alice = site.signed_in("alice").await;
    let mut mallory = site.signed_in("mallory").await;
    for both in [[alice.cookie(), mallory.cookie()], [mallory.cookie(), alice.cookie()]] {
        let reply = alice.show("/who", &both.join("; ")).await;
        assert_eq!((reply.body.as_str(), reply.set_cookies.len()), ("nobody", 0), "neither is believed for its place");
    }
    assert_eq!((alice.who().await.as_str(), mallory.who().await.as_str()), ("alice", "mallory"), "neither has ended");
}

async fn ckt_2_a_login_beside_a_planted_cookie_is_safe(framework: Framework) {
    let site = Site::new(framework).await;
    let mut mallory = site.browser();
    mallory.post("/set/a/1").await.expect(200);
    let planted = mallory.cookie();
    let reply = site.browser().send("POST", "/sign-in/alice", &[("cookie", &planted)]).await.expect(200);
    let both = format!("{planted}; {NAME}={}", reply.token());
    assert_eq!(site.browser().show("/who", &both).await.body, "alice", "what was planted died with the login");
    assert_eq!(mallory.who().await, "nobody");
}

async fn ckp_4_only_the_exact_name_is_read(framework: Framework) {
    let site = Site::new(framework).await;
    let alice = site.signed_in("alice").await;
    let token = alice.token.clone().expect("a token");
    for name in
        ["__host-sid", "__HOST-SID", "sid", "x__Host-sid", "__Host-sid2", "__Host-si", "__Secure-sid", "__Host-sid "]
    {
        assert_eq!(alice.show("/who", &format!("{name}={token}")).await.body, "nobody", "{name}");
    }
}

async fn ckp_5_a_cookie_without_a_name_is_none_of_ours(framework: Framework) {
    let site = Site::new(framework).await;
    let alice = site.signed_in("alice").await;
    for header in [format!("={}", alice.cookie()), format!("a=1; ={}", alice.cookie()), format!("a={}", alice.cookie())]
    {
        assert_eq!(alice.show("/who", &header).await.body, "nobody", "{header}");
    }
}

async fn ckt_5_a_large_jar_costs_nobody_the_session_and_an_oversized_one_is_told(framework: Framework) {
    let site = Site::new(framework).await;
    let mut alice = site.signed_in("alice").await;
    let jar = |cookies: usize, bytes: usize| format!("c={}; ", "x".repeat(bytes)).repeat(cookies) + &alice.cookie();
    assert_eq!(alice.show("/who", &jar(60, 100)).await.body, "alice");
    for oversized in [jar(60, 140), jar(CookieCarrier::MOST_COOKIES, 1), jar(1, CookieCarrier::DEFAULT_LONGEST_HEADER)]
    {
        let reply = alice.show("/who", &oversized).await.expect(431);
        assert_eq!((reply.code().as_str(), reply.set_cookies.len()), ("too_many_cookies", 0));
        alice.show("/ignore", &oversized).await.expect(200);
    }
    assert_eq!(alice.who().await, "alice");
}

async fn other_cookies_are_left_alone(framework: Framework) {
    let site = Site::new(framework).await;
    let browser = site.browser();
    let reply =
        browser.send("POST", "/sign-in/alice", &[("cookie", "theme=dark; lang=\u{e9}; broken; =x; a=b=c")]).await;
    assert_eq!((reply.status, reply.set_cookies.len()), (200, 1));
    let header = format!("broken; theme=dark; {NAME}={}; =; ;;", reply.token());
    assert_eq!(browser.show("/who", &header).await.body, "alice");
}
