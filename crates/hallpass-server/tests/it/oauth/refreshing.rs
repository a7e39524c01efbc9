//! The refresh token is the token of the session: RFT-1 to RFT-8.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Realm, Store as _};
use serde_json::{Value, json};

use super::{refused, send};
use crate::service::{ADMIN, Answer, Service, access, hybrid, id, token};

async fn refresh(service: &Service, token: &str) -> Answer {
    service.form("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

/// Refreshes, and returns the tokens.
async fn refreshed(service: &Service, token: &str) -> (String, String) {
    let answer = refresh(service, token).await;
    // RFC 6749, section 5.1.
    assert_eq!(
        (&answer.headers["cache-control"], &answer.headers["pragma"]),
        (&"no-store".parse().expect("a value"), &"no-cache".parse().expect("a value"))
    );
    let answer = answer.expect(200);
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(300)));
    (answer["refresh_token"].as_str().expect("a token").to_owned(), access(&answer))
}

/// Makes a session, and returns the answer and its token.
async fn signed_in(service: &Service) -> (Value, String) {
    let made = service.create(json!({ "subject": "alice" })).await;
    let token = token(&made);
    (made, token)
}

#[tokio::test]
async fn rft_1_a_refresh_token_is_opaque_stored_as_a_hash_and_another_after_each_use() {
    let service = Service::with(hybrid()).await;
    let (made, first) = signed_in(&service).await;
    let (second, _) = refreshed(&service, &first).await;
    let (third, _) = refreshed(&service, &second).await;
    let name = id(&made).parse().expect("an id");
    let record = service.store.inner().load(&Realm::default(), &name).await.expect("memory").expect("a session");
    let bytes = record.to_bytes();
    for shown in [&first, &second, &third] {
        let raw = URL_SAFE_NO_PAD.decode(shown).expect("base64url");
        assert_eq!(raw.len(), 48, "28 of them are secret, and say nothing");
        let secret = &raw[20..];
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
    assert!(first != second && second != third);
}

#[tokio::test]
async fn rft_2_a_family_has_one_name_and_counts_its_generations() {
    let service = Service::with(hybrid()).await;
    let (made, mut shown) = signed_in(&service).await;
    for generation in 1..4 {
        let (next, access) = refreshed(&service, &shown).await;
        let session = &service.verify_access(&access).await.expect(200)["session"];
        assert_eq!((&session["id"], &session["generation"]), (&made["session"]["id"], &json!(generation)));
        shown = next;
    }
    let events = service.get(&format!("/v1/sessions/{}/timeline", id(&made))).await.expect(200);
    let renewals = events["items"].as_array().expect("events").iter().filter(|event| event["kind"] == "renewed");
    assert_eq!(renewals.count(), 3);
}

#[tokio::test]
async fn rft_3_a_replay_ends_the_family_with_its_access_tokens_whoever_was_first() {
    for is_thief_first in [true, false] {
        let service = Service::with(hybrid()).await;
        let (made, stolen) = signed_in(&service).await;
        // Whoever is first goes on with the successor; the other one shows the old token when it is too late.
        let (held, first_access) = refreshed(&service, &stolen).await;
        service.clock.advance(Duration::from_secs(40));
        let (latest, access) = refreshed(&service, &held).await;
        service.clock.advance(Duration::from_secs(200));
        service.verify(&latest).await.expect(200);
        refused(&refresh(&service, &stolen).await, 400, "invalid_grant");
        for dead in [&stolen, &held, &latest] {
            refused(&refresh(&service, dead).await, 400, "invalid_grant");
        }
        for dead in [&first_access, &access] {
            service.verify_access(dead).await.problem(401, "inactive");
        }
        let timeline = service.get(&format!("/v1/sessions/{}/timeline", id(&made))).await.expect(200);
        assert_eq!(timeline["session"]["ended"]["reason"], "replayed", "{is_thief_first}");
        let kinds: Vec<_> = timeline["items"].as_array().expect("events").iter().map(|event| &event["kind"]).collect();
        assert!(kinds.contains(&&json!("replayed")), "{kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rft_4_sixty_four_refreshes_at_once_get_one_successor() {
    let service = Service::with(hybrid()).await;
    let (_, first) = signed_in(&service).await;
    let calls: Vec<_> = (0..64).map(|_| refreshed(&service, &first)).collect();
    let mut successors = Vec::new();
    for answer in futures_util::future::join_all(calls).await {
        service.verify_access(&answer.1).await.expect(200);
        successors.push(answer.0);
    }
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    let (next, _) = refreshed(&service, &successors[0]).await;
    assert_ne!(next, successors[0], "and everybody goes on from there");
}

#[tokio::test]
async fn rft_5_a_retry_gets_the_same_successor_within_the_grace_and_none_after_it() {
    let service = Service::with(hybrid()).await;
    let (_, first) = signed_in(&service).await;
    let (second, _) = refreshed(&service, &first).await;
    service.clock.advance(Duration::from_secs(20));
    assert_eq!(refreshed(&service, &first).await.0, second);
    service.verify(&second).await.expect(200);
    service.clock.advance(Duration::from_secs(20));
    refused(&refresh(&service, &first).await, 400, "invalid_grant");
    // So early it is as good as a packet that stalled, and ends nothing.
    service.verify(&second).await.expect(200);
}

#[tokio::test]
async fn rft_6_refreshing_never_extends_the_longest_life_of_a_family() {
    let service = Service::with(hybrid()).await;
    let (made, mut shown) = signed_in(&service).await;
    let at = |value: &Value| value.as_str().expect("a time").parse::<hallpass::Timestamp>().expect("a time");
    let life = at(&made["session"]["expires_at"]).since(at(&made["session"]["created_at"]));
    let mut lived = Duration::ZERO;
    let step = Duration::from_mins(10);
    while lived + step < life {
        service.clock.advance(step);
        lived += step;
        let (next, access) = refreshed(&service, &shown).await;
        let session = service.verify_access(&access).await.expect(200)["session"].take();
        assert_eq!(session["expires_at"], made["session"]["expires_at"]);
        shown = next;
    }
    service.clock.advance(step);
    refused(&refresh(&service, &shown).await, 400, "invalid_grant");

    let (_, idle) = signed_in(&service).await;
    service.clock.advance(Duration::from_hours(1));
    refused(&refresh(&service, &idle).await, 400, "invalid_grant");
}

#[tokio::test]
async fn rft_7_a_refresh_token_is_good_for_its_own_client_and_gets_no_scope() {
    let service = Service::with(hybrid()).await;
    let (_, shown) = signed_in(&service).await;
    let made = service.post("/v1/keys", json!({ "name": "shop", "role": "app", "realm": "shop" })).await.expect(201);
    let form = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str())];
    let shop = super::basic("shop", made["key"].as_str().expect("a key"));
    refused(&send(&service, "/oauth2/token", &shop, &form).await, 400, "invalid_grant");
    let wide = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str()), ("scope", "admin")];
    refused(&service.form("/oauth2/token", &wide).await, 400, "invalid_scope");
    for other in ["authorization_code", "password", "client_credentials", "REFRESH_TOKEN"] {
        let form = [("grant_type", other), ("refresh_token", shown.as_str())];
        refused(&service.form("/oauth2/token", &form).await, 400, "unsupported_grant_type");
    }
    let own = super::basic("default", ADMIN);
    let named = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str()), ("client_id", "default")];
    send(&service, "/oauth2/token", &own, &named).await.expect(200);
}

#[tokio::test]
async fn rft_8_what_ends_a_session_ends_its_family() {
    let service = Service::with(hybrid()).await;
    for end in ["logout", "revoke", "subject", "role", "oauth"] {
        let (made, shown) = signed_in(&service).await;
        match end {
            "logout" => service.post("/v1/logout", json!({ "token": shown })).await.expect(204),
            "revoke" => {
                let path = format!("/v1/sessions/{}/revoke", id(&made));
                service.post(&path, json!({ "reason": "disabled" })).await.expect(200)
            }
            "subject" => service.post("/v1/subjects/alice/revoke", json!({ "reason": "password" })).await.expect(200),
            "role" => service.post("/v1/renew", json!({ "token": shown, "new_chain": true })).await.expect(200),
            _ => service.form("/oauth2/revoke", &[("token", &shown)]).await.expect(200),
        };
        refused(&refresh(&service, &shown).await, 400, "invalid_grant");
        service.verify_access(&access(&made)).await.problem(401, "inactive");
    }
    let (_, shown) = signed_in(&service).await;
    let own = service.post("/v1/self/sessions", json!({ "token": shown })).await.expect(200);
    assert!(own["items"].as_array().is_some_and(|items| !items.is_empty()), "their user sees them: {own}");
}

#[tokio::test]
async fn nobody_who_is_not_signed_in_gets_an_access_token() {
    let service = Service::with(hybrid()).await;
    let anonymous = token(&service.create(json!({})).await);
    refused(&refresh(&service, &anonymous).await, 400, "invalid_grant");
    refused(&refresh(&service, "x").await, 400, "invalid_grant");
}
