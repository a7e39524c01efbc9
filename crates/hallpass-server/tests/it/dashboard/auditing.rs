use std::time::Duration;

use serde_json::{Value, json};

use super::guest::Guest;
use super::{FIREFOX, events, session};
use crate::service::{ADMIN, Service};

#[tokio::test]
async fn what_happened_is_told_the_latest_first_and_found_by_kind_subject_and_time() {
    let service = Service::start().await;
    let (id, _) = session(&service, "alice", "198.51.100.7", FIREFOX).await;
    session(&service, "bob", "198.51.100.8", FIREFOX).await;
    service.post(&format!("/v1/sessions/{id}/revoke"), json!({ "reason": "lost phone" })).await.expect(200);
    let mut guest = Guest::of_role(&service, "auditor").await;
    let page = guest.get("/dashboard/audit").await.page();
    let place = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text} in {}", page.body));
    assert!(place("Operator signed in") < place("revoked: lost phone"), "the latest first");
    page.expect_text("Not sealed.");
    let rows = |body: &str| body.matches("<tr id=").count();
    for (query, count) in [
        (format!("session={id}"), 2),
        ("kind=revoked".to_owned(), 1),
        ("subject=bob".to_owned(), 1),
        ("subject=nobody".to_owned(), 0),
    ] {
        let page = guest.get(&format!("/dashboard/audit?{query}")).await.page();
        assert_eq!(rows(&page.body), count, "{query}");
    }
    service.clock.advance(Duration::from_hours(25));
    let mut guest = Guest::of_role(&service, "auditor").await;
    assert_eq!(rows(&guest.get("/dashboard/audit?kind=revoked").await.page().body), 0, "a day if nobody says");
    assert_eq!(rows(&guest.get("/dashboard/audit?kind=revoked&within=7d").await.page().body), 1);
    let wrong = guest.get("/dashboard/audit?session=x").await;
    assert_eq!(wrong.status, 422);
    wrong.expect_text("<b>Session:</b>");
}

#[tokio::test]
async fn older_events_are_a_page_further() {
    let service = Service::start().await;
    for number in 0..130 {
        session(&service, &format!("user-{number}"), "198.51.100.7", FIREFOX).await;
    }
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    let first = guest.get("/dashboard/audit?kind=created").await.page();
    assert_eq!(first.body.matches("<tr id=").count(), 100);
    first.expect_text("user-129");
    let (before, _) = first.body.split_once("\" rel=\"next\"").expect("there is more");
    let path = before.rsplit('"').next().expect("an address").replace("&#38;", "&").replace("&amp;", "&");
    let second = guest.get(&path).await.page();
    assert_eq!(second.body.matches("<tr id=").count(), 30);
    second.expect_text("user-0<");
    second.expect_no("rel=\"next\"");
}

#[tokio::test]
async fn an_export_has_every_event_as_a_line_and_is_told_itself() {
    let service = Service::start().await;
    for number in 0..1100 {
        session(&service, &format!("user-{number}"), "198.51.100.7", FIREFOX).await;
    }
    let mut guest = Guest::of_role(&service, "auditor").await;
    let answer = guest.get("/dashboard/audit/export?kind=created&within=all").await.page();
    assert_eq!(answer.header("content-type"), "application/jsonl");
    assert!(answer.header("content-disposition").contains("hallpass-events-default.jsonl"));
    let lines: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1100);
    let first = events(&service, "created").await;
    assert_eq!(lines[..first.len()], first[..], "as the API tells them, oldest first");
    let told = events(&service, "audit_exported").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["note"], "events: kind=created&within=all");
    assert!(told[0]["actor"].as_str().is_some_and(|actor| actor.starts_with("operator:")), "{told:?}");
    guest.get("/dashboard/audit/export?kind=x").await.expect_trouble(422, "That did not work");
}
