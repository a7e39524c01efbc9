use std::time::Duration;

use serde_json::{Value, json};

use crate::service::{Service, id, token};

fn ids(page: &Value) -> Vec<String> {
    page["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn every_filter_takes_in_what_it_says_and_nothing_else() {
    let service = Service::start().await;
    let client = json!({ "ip": "198.51.100.7", "user_agent": "Mozilla/5.0 Firefox/140.0" });
    let early = service.create(json!({ "subject": "alice", "client": client, "authentication": { "level": 2 } })).await;
    service.clock.advance(Duration::from_mins(1));
    let late = service.create(json!({ "subject": "bob b", "remember": true, "client": { "ip": "2001:db8::1" } })).await;
    let ended = service.create(json!({ "subject": "carol" })).await;
    service.post("/v1/logout", json!({ "token": token(&ended) })).await.expect(204);
    let (early, late, ended) = (id(&early), id(&late), id(&ended));
    for (query, expected) in [
        ("subject=alice", vec![&early]),
        ("subject=bob+b", vec![&late]),
        ("subject=nobody", vec![]),
        ("ip=198.51.100.0/24", vec![&early]),
        ("ip=198.51.100.7", vec![&early]),
        ("ip=2001:db8::/32", vec![&late]),
        ("user_agent=firefox", vec![&early]),
        ("created_after=2026-01-01T00:00:30Z&state=active", vec![&late]),
        ("created_after=2026-01-01T01:00:30%2B01:00&state=active", vec![&late]),
        ("seen_before=2026-01-01T00:00:30Z", vec![&early]),
        ("level=2", vec![&early]),
        ("profile=remember", vec![&late]),
        ("state=ended", vec![&ended]),
        ("subject=alice&level=1", vec![]),
    ] {
        let page = service.get(&format!("/v1/sessions?{query}")).await.expect(200);
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let count = async |query: &str| ids(&service.get(&format!("/v1/sessions{query}")).await.expect(200)).len();
    assert_eq!(count("").await, 3);
    assert_eq!(count("?state=active,ended").await, 3);
    assert_eq!(count("?state=active,locked").await, 2);
    assert_eq!(count("?state=locked,ended").await, 1);
}

#[tokio::test]
async fn pages_follow_each_other_and_meet_every_session_once() {
    let service = Service::start().await;
    let mut made = Vec::new();
    for _ in 0..25 {
        made.push(id(&service.create(json!({ "subject": "alice" })).await));
        service.clock.advance(Duration::from_millis(10));
    }
    made.reverse();
    for path in ["/v1/sessions?limit=10", "/v1/subjects/alice/sessions?limit=10"] {
        let (mut met, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = service.get(&format!("{path}{cursor}")).await.expect(200);
            assert!(ids(&page).len() <= 10);
            met.extend(ids(&page));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(met, made, "newest first: {path}");
    }
}

#[tokio::test]
async fn a_session_whose_time_is_over_is_not_listed_as_active() {
    let service = Service::start().await;
    let name = id(&service.create(json!({ "subject": "alice" })).await);
    service.clock.advance(Duration::from_mins(30));
    assert_eq!(ids(&service.get("/v1/sessions?state=active").await.expect(200)), Vec::<String>::new());
    let shown = service.get(&format!("/v1/sessions/{name}")).await.expect(200);
    assert_eq!((shown["state"].as_str(), shown["ended"]["reason"].as_str()), (Some("ended"), Some("idle")));
    assert_eq!(shown["ended"]["actor"], "policy");
    service.post("/v1/sweep", json!({})).await.expect(200);
    assert_eq!(ids(&service.get("/v1/sessions?state=ended").await.expect(200)), [name]);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let service = Service::start().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=", "cursor"),
        ("ip=somewhere", "ip"),
        ("ip=1.2.3.4/33", "ip"),
        ("created_after=yesterday", "created_after"),
        ("seen_before=0", "seen_before"),
        ("level=10", "level"),
        ("level=-1", "level"),
        ("profile=a%20b", "profile"),
        ("state=", "state"),
        ("state=active,gone", "state"),
        ("subject=", "subject"),
        ("subject=%ff", "subject"),
        ("subject=a%0Ab", "subject"),
        ("user_agent=", "user_agent"),
        ("colour=blue", "colour"),
    ] {
        let answer = service.get(&format!("/v1/sessions?{query}")).await;
        assert_eq!(answer.problem(422, "invalid_field")["field"], field, "{query}");
    }
    let long = format!("/v1/sessions?user_agent={}", "x".repeat(513));
    assert_eq!(service.get(&long).await.problem(422, "invalid_field")["field"], "user_agent");
    service.get("/v1/sessions?limit=1000").await.expect(200);
    service.get("/v1/sessions/short").await.problem(404, "not_found");
    let answer = service.get(&format!("/v1/subjects/{}/sessions", "x".repeat(256))).await;
    assert_eq!(answer.problem(422, "invalid_field")["field"], "subject");
    let answer = service.get("/v1/subjects/%ff/sessions").await;
    assert_eq!(answer.problem(422, "invalid_field")["field"], "subject");
}
