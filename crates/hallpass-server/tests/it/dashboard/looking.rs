use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::FaultyStore;
use hallpass::{Capabilities, MemorySettings, MemoryStore, Store as _};
use hallpass_server::stores::Opened;
use hallpass_server::{PolicyConfig, Tokens};
use serde_json::json;

use super::guest::Guest;
use super::{FIREFOX, session};
use crate::service::{ADMIN, Service, config, hybrid};

#[tokio::test]
async fn the_overview_counts_what_happens() {
    let service = Service::start().await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    for number in 0..3 {
        session(&service, &format!("user-{number}"), "198.51.100.7", FIREFOX).await;
    }
    let page = guest.get("/dashboard").await.page();
    page.expect_text("Ready.");
    page.expect_text("usable sessions of this realm");
    let figure = |body: &str, name: &str| {
        let rest = &body[body.find(&format!("<h2>{name}")).expect("a card")..];
        let start = rest.find("class=\"figure\">").expect("a figure") + "class=\"figure\">".len();
        rest[start..].split('<').next().expect("a value").to_owned()
    };
    assert_eq!(figure(&page.body, "Active"), "3", "those who watch are not counted");
    // What happened comes with the next step, which the service takes every 5 seconds of real time.
    let live = async {
        loop {
            let page = guest.get("/dashboard/live").await.page();
            if figure(&page.body, "Created") == "3" {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let page = tokio::time::timeout(Duration::from_mins(1), live).await.expect("it is counted");
    page.expect_text("the last minute");
    page.expect_text("a token is dead at once");
    service.store.outage(true);
    let answer = guest.get("/dashboard/live").await;
    assert_eq!(answer.status, 503, "who is signed in cannot be said");
}

#[tokio::test]
async fn keys_are_shown_without_themselves() {
    let service = Service::with(hybrid()).await;
    let key = service.key("viewer").await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    let page = guest.get("/dashboard/keys").await.page();
    for secret in [key.as_str(), ADMIN, "BEGIN", "sha256"] {
        page.expect_no(secret);
    }
    page.expect_text(&format!("…{}", &key[key.len() - 4..]));
    page.expect_text("yours");
    page.expect_text("signs now");
    page.expect_text("EdDSA");
}

#[tokio::test]
async fn the_policy_page_says_what_is_in_force_and_what_is_laxer() {
    let mut config = config();
    config.profile = hallpass_server::Preset::OwaspLow;
    config.policy = PolicyConfig { idle: Some(3600), deviation: Some("kiosk".to_owned()), ..PolicyConfig::default() };
    config.cookie.danger_plain_http = true;
    let service = Service::with(config).await;
    let mut guest = Guest::of_role(&service, "viewer").await;
    let page = guest.get("/dashboard/policy").await.page();
    for text in [
        "owasp-low",
        "a session goes unused for 30m at most",
        "the cookie goes over TLS only",
        "shall: broken",
        "kiosk",
        "OWASP Session Management Cheat Sheet",
        "<dd>1 h</dd>",
    ] {
        page.expect_text(text);
    }
}

#[tokio::test]
async fn the_store_page_says_how_the_store_is() {
    let service = Service::start().await;
    let mut guest = Guest::of_role(&service, "viewer").await;
    let page = guest.get("/dashboard/store").await.page();
    for text in ["Memory", "Ready.", "not: is durable", "sessions can be searched, and ended by filter"] {
        page.expect_text(text);
    }
}

#[tokio::test]
async fn sessions_that_their_clients_carry_are_told_to_be_out_of_reach() {
    let mut config = config();
    config.tokens = Tokens::Sealed;
    let service = Service::with(config).await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    guest.get("/dashboard").await.page();
    guest.get("/dashboard/sessions/AAAAAAAAAAAAAAAAAAAAAA").await.expect_trouble(501, "This store cannot do that");
}

#[tokio::test]
async fn a_session_is_shown_with_its_facts_and_what_is_left_of_it() {
    let service = Service::start().await;
    let (id, _) = session(&service, "alice", "198.51.100.7", FIREFOX).await;
    service.clock.advance(Duration::from_mins(61));
    let (other, token) = session(&service, "bob", "198.51.100.7", FIREFOX).await;
    service.clock.advance(Duration::from_mins(5));
    service.post("/v1/renew", json!({ "token": token })).await.expect(200);
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    guest.get(&format!("/dashboard/sessions/{id}")).await.page().expect_text("Why it ended");
    let page = guest.get(&format!("/dashboard/sessions/{other}")).await.page();
    for text in ["What is left", "198.51.100.7", "Firefox on Linux", "Token renewed", "1 renewal on schedule", "by pwd"]
    {
        page.expect_text(text);
    }
    guest.get("/dashboard/sessions/nonsense").await.expect_trouble(404, "No such session");
}

#[tokio::test]
async fn a_store_that_lists_nothing_is_told_to_be_so_on_each_page() {
    let limited = Capabilities { list: false, events: false, ..MemoryStore::new().capabilities() };
    let store = FaultyStore::new(MemoryStore::new()).limited_to(limited);
    let opened = Opened { store: Arc::new(store.clone()), settings: Arc::new(MemorySettings::default()) };
    let service = Service::on(config(), store, opened).await;
    let (id, _) = session(&service, "alice", "198.51.100.7", FIREFOX).await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    guest.get("/dashboard").await.page().expect_text("this store lists none");
    guest.get("/dashboard/sessions").await.expect_trouble(501, "This store cannot do that");
    guest.get("/dashboard/audit").await.page().expect_text("This store keeps no events.");
    guest.get("/dashboard/audit/export").await.expect_trouble(501, "This store cannot do that");
    guest.get("/dashboard/store").await.page().expect_text("not: lists");
    guest.get(&format!("/dashboard/sessions/{id}")).await.page().expect_text("This store keeps no events.");
    // One session is found and ended by its name all the same.
    let ask = format!("/dashboard/revoke?id={id}");
    let fields = [("id", id.as_str()), ("reason", "by name")];
    guest.submit(&ask, "/dashboard/revoke", &fields).await.expect_redirect("/dashboard/revoked");
    guest.get("/dashboard/revoked").await.page().expect_text("id=\"revoked\">1</span>");
}
