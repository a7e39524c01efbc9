use std::time::Duration;

use hallpass::testing::{Fault, Method as StoreMethod};
use serde_json::json;

use super::guest::Guest;
use super::{FIREFOX, SAFARI, events, session};
use crate::service::{ADMIN, Service, config, token};

#[tokio::test]
async fn a_filter_ends_what_the_dry_run_showed_and_says_so() {
    let service = Service::start().await;
    let (_, first) = session(&service, "alice", "198.51.100.7", FIREFOX).await;
    let (_, second) = session(&service, "bob", "198.51.100.9", FIREFOX).await;
    let (_, elsewhere) = session(&service, "carol", "203.0.113.9", SAFARI).await;
    let mut guest = Guest::of_role(&service, "operator").await;
    let dry = "/dashboard/revoke?ip=198.51.100.0%2F24";
    let page = guest.get(dry).await.page();
    page.expect_text("Dry run: nothing has ended yet");
    page.expect_text("id=\"matched\">2 <span>");
    page.expect_text(">alice</a>");
    page.expect_no(">carol</a>");
    for token in [&first, &second, &elsewhere] {
        service.verify(token).await.expect(200);
    }

    let ip = ("ip", "198.51.100.0/24");
    let answer = guest.submit(dry, "/dashboard/revoke", &[ip, ("reason", "  ")]).await;
    assert_eq!(answer.status, 422);
    answer.expect_text("Say why");
    service.verify(&first).await.expect(200);

    guest
        .submit(dry, "/dashboard/revoke", &[ip, ("reason", "stolen laptop")])
        .await
        .expect_redirect("/dashboard/revoked");
    let page = guest.get("/dashboard/revoked").await.page();
    page.expect_text("id=\"revoked\">2</span>");
    page.expect_text("Effective at");
    page.expect_text("stolen laptop");
    guest.get("/dashboard/revoked").await.page().expect_text("id=\"revoked\">2</span>");
    service.verify(&first).await.expect(401);
    service.verify(&second).await.expect(401);
    service.verify(&elsewhere).await.expect(200);

    let told = events(&service, "revoked").await;
    assert_eq!(told.len(), 2, "a reload did not end more");
    for event in told {
        assert!(event["actor"].as_str().expect("text").starts_with("operator:operator#"), "{event}");
        assert_eq!((event["note"].as_str(), event["reason"].as_str()), (Some("stolen laptop"), Some("revoked")));
        assert_eq!(event["origin"]["ip"], "127.0.0.1");
        assert!(event["origin"]["request_id"].is_string());
    }
    guest.get(dry).await.page().expect_text("There is nothing to end");
}

#[tokio::test]
async fn one_session_ends_and_its_page_says_why() {
    let service = Service::start().await;
    let (id, token) = session(&service, "alice", "198.51.100.7", FIREFOX).await;
    let (_, other) = session(&service, "alice", "198.51.100.8", FIREFOX).await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    let ask = format!("/dashboard/revoke?id={id}");
    let fields = [("id", id.as_str()), ("reason", "asked by phone")];
    guest.submit(&ask, "/dashboard/revoke", &fields).await.expect_redirect("/dashboard/revoked");
    guest.get("/dashboard/revoked").await.page().expect_text("id=\"revoked\">1</span>");
    service.verify(&token).await.expect(401);
    service.verify(&other).await.expect(200);
    let page = guest.get(&format!("/dashboard/sessions/{id}")).await.page();
    for text in [
        "Why it ended",
        "An operator or an application ended it.",
        "asked by phone",
        "none: no timeout had passed",
        "operator:first admin#first",
        "default: idle 30 min, absolute 4 h",
    ] {
        page.expect_text(text);
    }
    let event = events(&service, "revoked").await.remove(0);
    page.expect_text(event["origin"]["request_id"].as_str().expect("a name"));
    guest.get(&ask).await.page().expect_text("There is nothing to end");
}

#[tokio::test]
async fn all_of_a_subject_end_and_no_other() {
    let service = Service::start().await;
    let (_, first) = session(&service, "alice & co", "198.51.100.7", FIREFOX).await;
    let (_, second) = session(&service, "alice & co", "198.51.100.8", SAFARI).await;
    let (_, other) = session(&service, "alice", "198.51.100.8", SAFARI).await;
    let mut guest = Guest::of_role(&service, "operator").await;
    let ask = "/dashboard/revoke?all_of=alice+%26+co";
    guest.get(ask).await.page().expect_text("id=\"matched\">2 <span>");
    let fields = [("all_of", "alice & co"), ("reason", "left")];
    guest.submit(ask, "/dashboard/revoke", &fields).await.expect_redirect("/dashboard/revoked");
    guest.get("/dashboard/revoked").await.page().expect_text("id=\"revoked\">2</span>");
    for (token, status) in [(&first, 401), (&second, 401), (&other, 200)] {
        service.verify(token).await.expect(status);
    }
}

#[tokio::test]
async fn everything_ends_only_for_those_who_say_that_they_mean_it() {
    let service = Service::start().await;
    let (_, token) = session(&service, "alice", "198.51.100.7", FIREFOX).await;
    let mut guest = Guest::of_role(&service, "operator").await;
    let ask = "/dashboard/revoke";
    guest.get(ask).await.page().expect_text("every usable session");
    let answer = guest.submit(ask, "/dashboard/revoke", &[("reason", "breach")]).await;
    assert_eq!(answer.status, 422);
    answer.expect_text("Check the box first");
    service.verify(&token).await.expect(200);
    let fields = [("reason", "breach"), ("everything", "yes")];
    guest.submit(ask, "/dashboard/revoke", &fields).await.expect_redirect("/dashboard/revoked");
    service.verify(&token).await.expect(401);
    guest.get("/dashboard/sessions").await.page().expect_text("1 on this page");
}

#[tokio::test]
async fn a_time_means_the_same_when_it_is_asked_and_when_it_is_done() {
    let service = Service::start().await;
    let remembered =
        async |subject: &str| token(&service.create(json!({ "subject": subject, "remember": true })).await);
    let old = remembered("alice").await;
    service.clock.advance(Duration::from_mins(10));
    let newer = remembered("bob").await;
    service.clock.advance(Duration::from_mins(55));
    let mut guest = Guest::of_role(&service, "operator").await;
    let ask = "/dashboard/revoke?unused_for=1h";
    let page = guest.get(ask).await.page();
    page.expect_text("id=\"matched\">1 <span>");
    assert_eq!(page.hidden("unused_for"), None);
    let before = page.hidden("seen_before").expect("an instant");
    // By the time that the form is sent, the other one is as old; what was asked for is what counts.
    service.clock.advance(Duration::from_mins(6));
    guest.get(ask).await.page().expect_text("id=\"matched\">2 <span>");
    let fields = [("seen_before", before.as_str()), ("reason", "unused")];
    guest.submit(ask, "/dashboard/revoke", &fields).await.expect_redirect("/dashboard/revoked");
    service.verify(&old).await.expect(401);
    service.verify(&newer).await.expect(200);
}

#[tokio::test]
async fn why_a_session_ended_by_time_is_told_with_its_clock() {
    let service = Service::start().await;
    let (id, _) = session(&service, "alice", "198.51.100.7", FIREFOX).await;
    service.clock.advance(Duration::from_mins(31));
    let mut guest = Guest::of_role(&service, "viewer").await;
    let page = guest.get(&format!("/dashboard/sessions/{id}")).await.page();
    page.expect_text("It was unused for longer than 30 min, the idle timeout of its policy.");
    page.expect_text("the idle timeout");
    page.expect_text("<dd>policy</dd>");
}

#[tokio::test]
async fn what_one_request_has_no_time_for_is_told_and_ends_with_the_next() {
    let mut config = config();
    config.limits.request_timeout = 4;
    let service = Service::with(config).await;
    for number in 0..1100 {
        session(&service, &format!("user-{number}"), "198.51.100.7", FIREFOX).await;
    }
    let mut guest = Guest::of_role(&service, "operator").await;
    let ask = "/dashboard/revoke?ip=198.51.100.7";
    let page = guest.get(ask).await.page();
    page.expect_text("id=\"matched\">1100 <span>");
    page.expect_text("The first 10 of them");
    let form_token = page.form_token();
    let fields = [("csrf_token", form_token.as_str()), ("ip", "198.51.100.7"), ("reason", "breach")];
    // Half of the time of a request is for ending sessions: a store that takes longer is cut off in between.
    let slow = Fault::Delay(Duration::from_millis(1100));
    service.store.script(StoreMethod::List, [slow.clone(), slow]);
    guest.post("/dashboard/revoke", &fields).await.expect_redirect("/dashboard/revoked");
    let page = guest.get("/dashboard/revoked").await.page();
    page.expect_text("Not finished");
    page.expect_text("id=\"revoked\">1000</span>");
    page.expect_text("End the rest");
    guest.post("/dashboard/revoke", &fields).await.expect_redirect("/dashboard/revoked");
    let page = guest.get("/dashboard/revoked").await.page();
    page.expect_text("id=\"revoked\">100</span>");
    page.expect_no("Not finished");
}
