use super::guest::Guest;
use super::{events, session};
use crate::service::Service;

/// What each role may see: a path, and who may.
const PATHS: [(&str, [bool; 4]); 9] = [
    ("/dashboard", [true, true, true, true]),
    ("/dashboard/sessions", [true, true, true, true]),
    ("/dashboard/policy", [true, true, true, true]),
    ("/dashboard/store", [true, true, true, true]),
    ("/dashboard/revoke?subject=alice", [false, true, false, true]),
    ("/dashboard/revoked", [false, true, false, true]),
    ("/dashboard/audit", [false, false, true, true]),
    ("/dashboard/audit/export", [false, false, true, true]),
    ("/dashboard/keys", [false, false, false, true]),
];
const ROLES: [&str; 4] = ["viewer", "operator", "auditor", "admin"];

#[tokio::test]
async fn every_page_answers_403_to_whoever_may_not_and_says_so_in_the_events() {
    let service = Service::start().await;
    for (place, role) in ROLES.into_iter().enumerate() {
        let mut guest = Guest::of_role(&service, role).await;
        for (path, may) in PATHS {
            let answer = guest.get(path).await;
            if may[place] {
                assert!(answer.status == 200 || answer.status == 303, "{role} {path}: {}", answer.status);
            } else {
                answer.expect_trouble(403, "Your role may not do this");
                answer.expect_text(role);
            }
        }
    }
    let refused = events(&service, "operator_refused").await;
    let expected = PATHS.iter().flat_map(|(_, may)| may).filter(|may| !**may).count();
    assert_eq!(refused.len(), expected);
    for event in refused {
        assert!(event["actor"].as_str().expect("text").starts_with("operator:"), "{event}");
        assert!(event["note"].as_str().expect("text").contains("may not"), "{event}");
    }
}

#[tokio::test]
async fn what_a_role_may_not_do_is_not_offered() {
    let service = Service::start().await;
    let (id, token) = session(&service, "alice", "192.0.2.1", "x").await;
    for (role, audits, revokes, manages) in [
        ("viewer", false, false, false),
        ("operator", false, true, false),
        ("auditor", true, false, false),
        ("admin", true, true, true),
    ] {
        let mut guest = Guest::of_role(&service, role).await;
        for path in ["/dashboard".to_owned(), "/dashboard/sessions".to_owned(), format!("/dashboard/sessions/{id}")] {
            let body = guest.get(&path).await.page().body;
            assert_eq!(body.contains("href=\"/dashboard/audit\""), audits, "{role} {path}");
            assert_eq!(body.contains("href=\"/dashboard/keys\""), manages, "{role} {path}");
            let is_overview = path == "/dashboard";
            assert_eq!(body.contains("/dashboard/revoke?"), revokes && !is_overview, "{role} {path}");
        }
        let page = guest.get(&format!("/dashboard/sessions/{id}")).await.page();
        assert_eq!(page.body.contains("class=\"timeline\""), audits, "{role}");
        assert_eq!(page.body.contains("Events are for the roles auditor and admin."), !audits, "{role}");
    }
    let mut viewer = Guest::of_role(&service, "viewer").await;
    // Whoever has no page with the form has no token either; so this is how far somebody gets who makes one up.
    let refused = viewer.post("/dashboard/revoke", &[("all_of", "alice"), ("reason", "x")]).await;
    assert_eq!(refused.status, 403);
    service.verify(&token).await.expect(200);
}

#[tokio::test]
async fn a_key_sees_the_sessions_of_its_realm_and_no_other() {
    let service = Service::start().await;
    let (id, _) = session(&service, "alice", "192.0.2.1", "x").await;
    let body = serde_json::json!({ "name": "shop", "role": "admin", "realm": "shop" });
    let made = service.post("/v1/keys", body).await.expect(201);
    let mut guest = Guest::signed_in(&service, made["key"].as_str().expect("a key")).await;
    let page = guest.get("/dashboard/sessions").await.page();
    page.expect_no("alice");
    page.expect_text("There are no sessions yet");
    guest.get(&format!("/dashboard/sessions/{id}")).await.expect_trouble(404, "No such session");
    guest.get(&format!("/dashboard/revoke?id={id}")).await.expect_trouble(404, "No such session");
    let keys = guest.get("/dashboard/keys").await.page();
    keys.expect_text("shop");
    keys.expect_no("first admin");
    keys.expect_no("Signing keys");
    let told = guest.get("/dashboard/audit").await.page();
    told.expect_text("Operator signed in");
    told.expect_no("alice");
}
