use super::guest::Guest;
use super::session;
use crate::service::{ADMIN, Service, config};

const PAGES: [&str; 9] = [
    "/dashboard",
    "/dashboard/live",
    "/dashboard/sessions",
    "/dashboard/sessions?ip=x",
    "/dashboard/revoke?subject=alice",
    "/dashboard/audit",
    "/dashboard/keys",
    "/dashboard/policy",
    "/dashboard/store",
];

#[tokio::test]
async fn every_page_is_hardened_and_has_nothing_inline() {
    let service = Service::start().await;
    session(&service, "<script>alert(1)</script>", "192.0.2.1", "\"><b onload=x>").await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    let pages = PAGES.iter().chain(&["/dashboard/nowhere", "/dashboard/sign-in"]);
    for path in pages {
        let answer = guest.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        for inline in ["<style", " style=", " onclick=", "<script>", "javascript:", "<b onload"] {
            answer.expect_no(inline);
        }
        for address in answer.body.split("src=\"").skip(1).chain(answer.body.split("href=\"").skip(1)) {
            assert!(address.starts_with('/') || address.starts_with('#'), "{path}: {address:.40}");
        }
    }
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let service = Service::start().await;
    let (_, token) = session(&service, "alice", "192.0.2.1", "x").await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    let fields = [("all_of", "alice"), ("reason", "csrf")];
    let refused = "This did not come from the dashboard";
    for site in ["cross-site", "same-site", "none"] {
        guest.post_from(site, "/dashboard/revoke", &fields).await.expect_trouble(403, refused);
        guest.post_from(site, "/dashboard/sign-out", &[]).await.expect_trouble(403, refused);
        guest.post_from(site, "/dashboard/sign-in", &[("key", ADMIN)]).await.expect_trouble(403, refused);
    }
    // From our own origin, but from no page of this session.
    guest.post("/dashboard/revoke", &fields).await.expect_trouble(403, refused);
    let mut other = Guest::of_role(&service, "operator").await;
    let foreign = other.get("/dashboard/revoke?all_of=alice").await.page().form_token();
    let with_foreign = [&fields[..], &[("csrf_token", foreign.as_str())]].concat();
    guest.post("/dashboard/revoke", &with_foreign).await.expect_trouble(403, refused);
    service.verify(&token).await.expect(200);
    // With its own, it does.
    let answer = guest.submit("/dashboard/revoke?all_of=alice", "/dashboard/revoke", &fields).await;
    answer.expect_redirect("/dashboard/revoked");
    service.verify(&token).await.expect(401);
}

#[tokio::test]
async fn reading_changes_nothing_and_forms_are_no_pages() {
    let service = Service::start().await;
    let (_, token) = session(&service, "alice", "192.0.2.1", "x").await;
    let mut guest = Guest::signed_in(&service, ADMIN).await;
    guest.get("/dashboard/revoke?all_of=alice&reason=x&everything=yes").await.page();
    service.verify(&token).await.expect(200);
    guest.get("/dashboard/sign-out").await.expect_trouble(405, "That needs its form");
    guest.get("/dashboard/nowhere").await.expect_trouble(404, "Nothing here");
}

#[tokio::test]
async fn whoever_wants_no_dashboard_has_none() {
    let mut config = config();
    config.dashboard = false;
    let service = Service::with(config).await;
    for path in ["/dashboard", "/dashboard/", "/dashboard/sign-in", "/dashboard/sessions"] {
        service.get(path).await.problem(404, "not_found");
    }
    service.get("/v1/sessions").await.expect(200);
}

#[tokio::test]
async fn the_dashboard_is_where_operators_are_served_and_nowhere_else() {
    let mut config = config();
    config.admin_listen = Some("127.0.0.1:0".parse().expect("an address"));
    let service = Service::with(config).await;
    let status = |base: String| async move {
        reqwest::get(format!("{base}/dashboard/sign-in")).await.expect("an answer").status()
    };
    assert_eq!(status(service.base.clone()).await, 404);
    assert_eq!(status(service.admin_base.clone().expect("two addresses")).await, 200);
}
