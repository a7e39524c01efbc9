use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::service::{ADMIN, Service, id, token};

/// An event as the stream gave it: its name and itself.
type Told = (String, Value);

/// Reads so many events off a stream.
async fn read(response: Response, count: usize) -> Vec<Told> {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut chunks = response.bytes_stream();
    let mut text = String::new();
    loop {
        let told: Vec<_> =
            text.split_inclusive("\n\n").filter(|block| block.ends_with("\n\n")).filter_map(told).collect();
        if told.len() >= count {
            return told;
        }
        let chunk = tokio::time::timeout(Duration::from_secs(10), chunks.next()).await.expect("in time");
        text.push_str(str::from_utf8(&chunk.expect("more").expect("a chunk")).expect("text"));
    }
}

fn told(block: &str) -> Option<Told> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let event: Value = serde_json::from_str(field("data")?).expect("JSON");
    assert_eq!(field("event"), event["kind"].as_str());
    Some((field("id")?.to_owned(), event))
}

#[tokio::test]
async fn events_are_listed_by_what_is_asked_and_after_what_was_seen() {
    let service = Service::start().await;
    let alice = service.create(json!({ "subject": "alice" })).await;
    service.create(json!({ "subject": "bob" })).await;
    service.post("/v1/logout", json!({ "token": token(&alice) })).await.expect(204);
    let list = async |query: &str| {
        let page = service.get(&format!("/v1/events{query}")).await.expect(200);
        page["items"].as_array().expect("a list").clone()
    };
    let all = list("").await;
    assert_eq!(all.len(), 3);
    assert_eq!(list("?subject=alice").await.len(), 2);
    assert_eq!(list("?kind=revoked").await.len(), 1);
    assert_eq!(list(&format!("?session={}", id(&alice))).await.len(), 2);
    let first = all[0]["id"].as_str().expect("an id");
    assert_eq!(list(&format!("?after={first}")).await, all[1..]);
    let page = service.get("/v1/events?limit=2").await.expect(200);
    assert_eq!(list(&format!("?cursor={}", page["next"].as_str().expect("more"))).await, all[2..]);
    for (query, field) in [
        ("after=x", "after"),
        ("cursor=x", "cursor"),
        ("kind=teleported", "kind"),
        ("session=x", "session"),
        ("limit=0", "limit"),
        ("ip=::1", "ip"),
    ] {
        let answer = service.get(&format!("/v1/events?{query}")).await;
        assert_eq!(answer.problem(422, "invalid_field")["field"], field, "{query}");
    }
}

#[tokio::test]
async fn a_stream_shows_events_as_they_happen_and_goes_on_where_it_was_left() {
    let service = Service::start().await;
    service.sign_in("before").await;
    service.clock.advance(Duration::from_secs(1));
    let open = |last: Option<&str>| {
        let request = service.request(Method::GET, "/v1/events/stream?kind=created", ADMIN);
        let request = if let Some(last) = last { request.header("last-event-id", last) } else { request };
        request.send()
    };
    let stream = open(None).await.expect("a stream");
    for name in ["one", "two"] {
        service.sign_in(name).await;
    }
    let told = read(stream, 2).await;
    let subjects: Vec<_> = told.iter().map(|(_, event)| event["subject"].clone()).collect();
    assert_eq!(subjects, ["one", "two"], "and nothing from before");
    service.sign_in("three").await;
    let resumed = read(open(Some(&told[0].0)).await.expect("a stream"), 2).await;
    let subjects: Vec<_> = resumed.iter().map(|(_, event)| event["subject"].clone()).collect();
    assert_eq!(subjects, ["two", "three"]);
    let wrong = service.request(Method::GET, "/v1/events/stream", ADMIN).header("last-event-id", "x");
    assert_eq!(service.send(wrong).await.problem(422, "invalid_field")["field"], "Last-Event-ID");
}

#[tokio::test]
async fn a_stream_ends_when_its_key_is_taken_away() {
    let service = Service::start().await;
    let made = service.post("/v1/keys", json!({ "name": "eyes", "role": "auditor" })).await.expect(201);
    let key = made["key"].as_str().expect("a key");
    let stream = service.request(Method::GET, "/v1/events/stream", key).send().await.expect("a stream");
    assert_eq!(stream.status(), 200);
    let path = format!("/v1/keys/{}", made["id"].as_str().expect("an id"));
    service.send(service.request(Method::DELETE, &path, ADMIN)).await.expect(204);
    service.sign_in("alice").await;
    let text = tokio::time::timeout(Duration::from_secs(10), stream.text()).await.expect("it ends").expect("text");
    assert!(!text.contains("alice"), "{text}");
}

#[tokio::test]
async fn there_are_no_more_streams_than_may_be_open() {
    let mut config = crate::service::config();
    config.limits.streams = 1;
    let service = Service::with(config).await;
    let open = service.request(Method::GET, "/v1/events/stream", ADMIN).send().await.expect("a stream");
    assert_eq!(open.status(), 200);
    let refused = service.get("/v1/events/stream").await;
    refused.problem(503, "overloaded");
    assert!(refused.headers.contains_key("retry-after"));
    drop(open);
    let mut again = 503;
    for _ in 0..100 {
        let response = service.request(Method::GET, "/v1/events/stream", ADMIN).send().await.expect("an answer");
        again = response.status().as_u16();
        if again == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(again, 200, "a stream that its client left makes room");
}

#[tokio::test]
async fn what_a_key_does_by_name_is_an_event_with_the_key_in_it() {
    let service = Service::start().await;
    let made = service.post("/v1/keys", json!({ "name": "shop", "role": "app" })).await.expect(201);
    let (key, key_id) = (made["key"].as_str().expect("a key"), made["id"].as_str().expect("an id"));
    let name = id(&service.create(json!({ "subject": "alice", "data": { "n": 1 } })).await);
    let change = |value: u8| {
        let path = format!("/v1/sessions/{name}/data");
        service.send(service.request(Method::PATCH, &path, key).json(&json!({ "n": value })))
    };
    change(2).await.expect(200);
    change(2).await.expect(200);
    let tag = service.request(Method::PATCH, &format!("/v1/sessions/{name}/data"), key).header("if-match", "\"x\"");
    service.send(tag.json(&json!({ "n": 3 }))).await.problem(412, "precondition_failed");
    let revoke = service.request(Method::DELETE, &format!("/v1/keys/{key_id}"), ADMIN).header("x-request-id", "r-9");
    service.send(revoke).await.expect(204);
    service.send(service.request(Method::DELETE, "/v1/keys/first", ADMIN)).await.problem(409, "last_admin_key");

    let events = service.get("/v1/events").await;
    assert!(!events.body.contains(key));
    let told: Vec<_> = events.json()["items"].as_array().expect("a list").iter().map(summary).collect();
    let (note, admin) = (format!("shop as app, ID {key_id}"), "operator:first admin#first");
    let by_key = format!("application:shop#{key_id}");
    let expected = [
        format!("key_created by {admin}: {note}"),
        format!("created by {admin}: "),
        format!("data_changed by {by_key}: "),
        format!("key_revoked by {admin}: {note}"),
    ];
    assert_eq!(told, expected, "and none for what changed nothing or was refused");
    let revoked = service.get("/v1/events?kind=key_revoked").await.expect(200);
    assert_eq!(revoked["items"][0]["origin"]["request_id"], "r-9");
    let timeline = service.get(&format!("/v1/sessions/{name}/timeline")).await.expect(200);
    assert_eq!(timeline["items"][1]["kind"], "data_changed");
}

fn summary(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    format!("{} by {}: {}", text("kind"), text("actor"), text("note"))
}

#[tokio::test]
async fn a_key_is_made_also_where_its_event_cannot_be_kept() {
    let service = Service::start().await;
    service.store.always(hallpass::testing::Method::Append, hallpass::testing::Fault::Unavailable);
    service.key("app").await;
    service.store.heal();
    assert_eq!(service.get("/v1/events").await.expect(200)["items"], json!([]));
}
