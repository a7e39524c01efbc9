use std::time::Duration;

use hallpass::testing::FaultyStore;
use hallpass::{Capabilities, MemoryStore, Store as _};

use super::App;

/// The words of the timeline, the latest first.
fn moments(page: &str) -> Vec<&str> {
    let moments = page.split(r#"<p class="what"><b>"#).skip(1);
    moments.map(|rest| rest.split("</b>").next().expect("closed")).collect()
}

#[tokio::test]
async fn the_timeline_tells_what_happened_when_and_by_whom() {
    let app = App::new();
    let mut visitor = app.visitor();
    visitor.post("/demo/count", &[]).await;
    visitor.post("/demo/sign-in", &[("person", "ada")]).await;
    app.clock.advance(Duration::from_secs(30));
    visitor.post("/demo/renew", &[]).await;
    visitor.post("/demo/second-factor", &[]).await;

    let page = visitor.get("/demo/timeline").await.page();
    assert_eq!(
        moments(&page),
        [
            "Proved again who it is: new chain of tokens",
            "The token was renewed",
            "Signed in: new chain of tokens",
            "The session began, with nobody signed in",
        ]
    );
    assert!(page.contains("30 seconds ago") && page.contains("2026-01-01T00:00:00.000Z"), "{page}");
    assert!(page.contains(", by you · Firefox on Linux, 127.0.0.1 · "), "{page}");
}

#[tokio::test]
async fn a_store_without_events_is_told_and_not_pretended() {
    let store = FaultyStore::new(MemoryStore::new());
    let limited = Capabilities { events: false, ..store.capabilities() };
    let app = App::on(store.limited_to(limited), hallpass_server::demo::profiles());
    let mut visitor = app.signed_in("ada").await;
    assert!(visitor.get("/demo/timeline").await.page().contains("This store keeps no events"));
}

#[tokio::test]
async fn pages_without_anything_to_show_say_what_would_be_there() {
    let app = App::new();
    let mut visitor = app.visitor();
    assert!(visitor.get("/demo").await.page().contains("Nothing yet: there is no record and no cookie"));
    assert!(visitor.get("/demo/devices").await.page().contains("Nobody is signed in here."));
    assert!(visitor.get("/demo/timeline").await.page().contains("nothing has happened to it"));
    let mut visitor = app.signed_in("ada").await;
    assert!(visitor.get("/demo/devices").await.page().contains("There is only this one."));
}

#[tokio::test]
async fn a_message_is_one_of_ours_or_none() {
    let app = App::new();
    let mut visitor = app.visitor();
    assert!(visitor.get("/demo?said=logged-out").await.page().contains(r#"role="status""#));
    for query in ["said=you+have+won", "said=%3Cb%3E", "said=", "other=1"] {
        assert!(!visitor.get(&format!("/demo?{query}")).await.page().contains(r#"role="status""#), "{query}");
    }
}
