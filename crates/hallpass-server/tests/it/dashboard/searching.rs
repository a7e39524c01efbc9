use std::time::Duration;

use serde_json::json;

use super::guest::Guest;
use super::{FIREFOX, SAFARI, session};
use crate::service::{ADMIN, Service};

#[tokio::test]
async fn sessions_are_found_by_what_is_known_of_them() {
    let service = Service::start().await;
    session(&service, "alice", "198.51.100.7", FIREFOX).await;
    session(&service, "bob", "203.0.113.9", SAFARI).await;
    service.post("/v1/subjects/bob/revoke", json!({ "reason": "left" })).await.expect(200);
    service.clock.advance(Duration::from_hours(2));
    let strong = json!({ "subject": "carol", "client": { "ip": "2001:db8::7" }, "authentication": { "level": 2 } });
    service.create(strong).await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    for (query, found) in [
        ("", "alice bob carol"),
        ("subject=alice", "alice"),
        ("subject=nobody", ""),
        ("ip=198.51.100.0%2F24", "alice"),
        ("ip=2001%3Adb8%3A%3A%2F32", "carol"),
        ("ip=203.0.113.9", "bob"),
        ("user_agent=firefox", "alice"),
        ("level=2", "carol"),
        // What time has ended is listed so after the next sweep.
        ("state=ended", "bob"),
        ("state=active", "carol"),
        ("created_within=1h", "carol"),
        ("unused_for=1h", "alice bob"),
        ("profile=default&subject=&ip=", "alice bob carol"),
        ("created_after=2030-01-01T00%3A00%3A00Z", ""),
    ] {
        let page = guest.get(&format!("/dashboard/sessions?{query}")).await.page();
        let subjects = ["alice", "bob", "carol"].into_iter();
        let rows: Vec<_> = subjects.filter(|name| page.body.contains(&format!("\">{name}</a>"))).collect();
        assert_eq!(rows.join(" "), found, "{query}");
        if found.is_empty() {
            page.expect_text("No session is like this");
        }
    }
}

#[tokio::test]
async fn a_search_that_makes_no_sense_names_its_field_and_finds_nothing() {
    let service = Service::start().await;
    session(&service, "alice", "198.51.100.7", FIREFOX).await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    for (query, label) in [
        ("ip=nowhere", "Address or range"),
        ("level=17", "Level"),
        ("state=alive", "State"),
        ("cursor=%FF", "This search"),
    ] {
        let answer = guest.get(&format!("/dashboard/sessions?{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
        answer.expect_text(&format!("<b>{label}:</b>"));
        answer.expect_no("alice");
        answer.expect_no("/dashboard/revoke?");
    }
}

#[tokio::test]
async fn a_table_is_read_page_by_page_and_each_session_once() {
    let service = Service::start().await;
    for number in 0..120 {
        service.clock.advance(Duration::from_secs(1));
        session(&service, &format!("user-{number}"), "198.51.100.7", FIREFOX).await;
    }
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    let mut path = "/dashboard/sessions?ip=198.51.100.0%2F24".to_owned();
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        pages += 1;
        let page = guest.get(&path).await.page();
        seen.extend(page.body.match_indices("\">user-").map(|(at, _)| {
            let rest = &page.body[at + 2..];
            rest[..rest.find('<').expect("an end")].to_owned()
        }));
        let Some((before, _)) = page.body.split_once("\" rel=\"next\"") else { break };
        path = before.rsplit('"').next().expect("an address").replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!((seen.len(), pages), (120, 3));
    assert_eq!(seen[0], "user-119", "the newest first");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 120);
}
