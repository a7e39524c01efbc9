use std::time::Duration;

use serde_json::json;

use crate::service::{Service, id, token};

#[tokio::test]
async fn a_user_sees_their_own_sessions_with_the_present_one_marked() {
    let service = Service::start().await;
    let first = service.create(json!({ "subject": "alice", "data": { "secret": 1 } })).await;
    service.clock.advance(Duration::from_secs(1));
    let second = service.create(json!({ "subject": "alice" })).await;
    service.create(json!({ "subject": "bob" })).await;
    let gone = service.sign_in("alice").await;
    service.post("/v1/logout", json!({ "token": gone })).await.expect(204);
    let page = service.post("/v1/self/sessions", json!({ "token": token(&first) })).await.expect(200);
    let seen: Vec<_> = page["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| (item["id"].clone(), item["current"].clone()))
        .collect();
    assert_eq!(seen, [(json!(id(&second)), json!(false)), (json!(id(&first)), json!(true))]);
    assert!(page["items"][0].get("data").is_none());
    let body = json!({ "token": token(&first), "limit": 1 });
    let one = service.post("/v1/self/sessions", body).await.expect(200);
    let body = json!({ "token": token(&first), "limit": 1, "cursor": one["next"] });
    let rest = service.post("/v1/self/sessions", body).await.expect(200);
    assert_eq!(rest["items"][0]["id"], id(&first));
}

#[tokio::test]
async fn ending_other_sessions_needs_a_fresh_authentication_and_ending_the_own_does_not() {
    let service = Service::start().await;
    let mine = service.create(json!({ "subject": "alice" })).await;
    let other = service.create(json!({ "subject": "alice" })).await;
    service.clock.advance(Duration::from_mins(6));
    for body in [
        json!({ "token": token(&mine), "others": true }),
        json!({ "token": token(&mine), "all": true }),
        json!({ "token": token(&mine), "id": id(&other) }),
    ] {
        service.post("/v1/self/revoke", body).await.problem(403, "step_up_required");
    }
    let body = json!({ "token": token(&mine), "subject": "alice" });
    let fresh = token(&service.post("/v1/authenticate", body).await.expect(200));
    let ended = service.post("/v1/self/revoke", json!({ "token": fresh, "others": true })).await.expect(200);
    assert_eq!(ended["revoked"], 1);
    service.verify(&token(&other)).await.problem(401, "inactive");
    service.clock.advance(Duration::from_mins(6));
    let body = json!({ "token": fresh, "id": id(&mine) });
    assert_eq!(service.post("/v1/self/revoke", body).await.expect(200)["revoked"], 1);
    service.verify(&fresh).await.problem(401, "inactive");
}

#[tokio::test]
async fn a_user_ends_one_session_or_all_and_none_of_others() {
    let service = Service::start().await;
    let (mine, other) =
        (service.create(json!({ "subject": "alice" })).await, service.create(json!({ "subject": "alice" })).await);
    let bobs = service.create(json!({ "subject": "bob" })).await;
    let revoke = |what: serde_json::Value| {
        let mut body = json!({ "token": token(&mine) });
        body.as_object_mut().expect("an object").extend(what.as_object().expect("an object").clone());
        service.post("/v1/self/revoke", body)
    };
    revoke(json!({ "id": id(&bobs) })).await.problem(404, "not_found");
    revoke(json!({ "id": "AAAAAAAAAAAAAAAAAAAAAA" })).await.problem(404, "not_found");
    assert_eq!(revoke(json!({ "id": id(&other) })).await.expect(200)["revoked"], 1);
    for wrong in [json!({}), json!({ "others": true, "all": true }), json!({ "id": id(&mine), "all": true })] {
        assert_eq!(revoke(wrong).await.problem(422, "invalid_field")["field"], "id");
    }
    assert_eq!(revoke(json!({ "others": false })).await.problem(422, "invalid_field")["field"], "others");
    assert_eq!(revoke(json!({ "all": true })).await.expect(200)["revoked"], 1);
    service.verify(&token(&mine)).await.problem(401, "inactive");
    service.verify(&token(&bobs)).await.expect(200);
}

#[tokio::test]
async fn whoever_has_not_signed_in_has_the_one_session_and_needs_no_authentication_to_end_it() {
    let service = Service::start().await;
    let others = service.create(json!({ "subject": "alice" })).await;
    let mine = service.create(json!({ "data": { "cart": 1 } })).await;
    let revoke = |what: serde_json::Value| {
        let mut body = json!({ "token": token(&mine) });
        body.as_object_mut().expect("an object").extend(what.as_object().expect("an object").clone());
        service.post("/v1/self/revoke", body)
    };
    revoke(json!({ "id": id(&others) })).await.problem(404, "not_found");
    assert_eq!(revoke(json!({ "others": true })).await.expect(200)["revoked"], 0);
    service.verify(&token(&mine)).await.expect(200);
    assert_eq!(revoke(json!({ "all": true })).await.expect(200)["revoked"], 1);
    service.verify(&token(&mine)).await.problem(401, "inactive");
    service.verify(&token(&others)).await.expect(200);
}
