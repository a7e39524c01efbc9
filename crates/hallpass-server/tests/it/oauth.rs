//! What OAuth 2.0 has words for: RFC 6749 section 6, RFC 7009, RFC 7662 and RFC 8414.

mod client;
mod refreshing;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hallpass::{Expected, Outcome, Realm, Store as _, Subject};
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADMIN, Answer, FORM, Service, access, encoded, hybrid, id, token};

/// Sends a form to a path with this header `Authorization`, or none.
async fn send(service: &Service, path: &str, authorization: &str, form: &[(&str, &str)]) -> Answer {
    let request = service.request(Method::POST, path, "").header("content-type", FORM).body(encoded(form));
    let request = if authorization.is_empty() { request } else { request.header("authorization", authorization) };
    service.send(request).await
}

fn basic(name: &str, key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{key}")))
}

/// Checks that this is an error of OAuth, and returns it.
#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    let json = answer.expect(status);
    assert_eq!(json["error"], error, "{answer:?}");
    assert!(json["error_description"].as_str().is_some_and(|text| text.ends_with('.')), "{answer:?}");
    assert_eq!(
        (&answer.headers["content-type"], &answer.headers["cache-control"]),
        (&"application/json".parse().expect("a value"), &"no-store".parse().expect("a value"))
    );
}

#[tokio::test]
async fn jwt_18_introspection_wants_a_caller_that_proves_itself() {
    let service = Service::with(hybrid()).await;
    let shown = access(&service.create(json!({ "subject": "alice" })).await);
    let form = [("token", shown.as_str())];
    let (app, mut others) = (service.key("app").await, Vec::new());
    for role in ["viewer", "operator", "auditor"] {
        others.push(service.key(role).await);
    }
    for path in ["/oauth2/introspect", "/oauth2/revoke", "/oauth2/token"] {
        let unknown = format!("hpk_{}", "x".repeat(40));
        for bad in [
            "",
            "Basic",
            "Basic !",
            "Digest x",
            &basic("default", &unknown),
            &basic("default", ""),
            &basic("shop", &app),
            &basic("", &app),
            &format!("Bearer {unknown}"),
            "Bearer x",
        ] {
            let answer = send(&service, path, bad, &form).await;
            refused(&answer, 401, "invalid_client");
            let challenge = answer.headers["www-authenticate"].to_str().expect("text");
            let scheme = if bad.starts_with("Bearer") { "Bearer realm" } else { "Basic realm" };
            assert!(challenge.starts_with(scheme), "{bad}: {challenge}");
            // A key that was shown and is none is told so (RFC 6750, section 3.1).
            assert_eq!(challenge.contains("invalid_token"), bad.starts_with("Bearer"), "{bad}: {challenge}");
        }
        for other in &others {
            refused(&send(&service, path, &basic("default", other), &form).await, 400, "unauthorized_client");
        }
        let secret = [("token", shown.as_str()), ("client_secret", &app)];
        refused(&send(&service, path, &basic("default", &app), &secret).await, 400, "invalid_request");
        let other = [("token", shown.as_str()), ("client_id", "shop")];
        for (authorization, scheme) in [(basic("default", &app), "Basic"), (format!("Bearer {app}"), "Bearer")] {
            let answer = send(&service, path, &authorization, &other).await;
            refused(&answer, 401, "invalid_client");
            let challenge = answer.headers["www-authenticate"].to_str().expect("text");
            assert!(challenge.starts_with(scheme), "as the client proved itself: {challenge}");
        }
        // A secret in the body proves nothing here (RFC 6749, section 2.3.1, lets that be).
        let posted = [("token", shown.as_str()), ("client_id", "default"), ("client_secret", &app)];
        refused(&send(&service, path, "", &posted).await, 401, "invalid_client");
    }
    for good in [basic("default", &app), format!("Bearer {app}"), format!("bearer {ADMIN}")] {
        let known = send(&service, "/oauth2/introspect", &good, &form).await.expect(200);
        assert_eq!(known["active"], true, "{good}");
    }
}

#[tokio::test]
async fn jwt_18_introspection_of_a_token_that_is_not_good_says_exactly_that() {
    let service = Service::with(hybrid()).await;
    let ended = service.create(json!({ "subject": "alice" })).await;
    service.post("/v1/logout", json!({ "token": token(&ended) })).await.expect(204);
    let expired = access(&service.create(json!({ "subject": "alice" })).await);
    service.clock.advance(Duration::from_mins(6));
    let living = service.create(json!({ "subject": "alice" })).await;
    let made = service.post("/v1/keys", json!({ "name": "shop", "role": "app", "realm": "shop" })).await.expect(201);
    let shop = format!("Bearer {}", made["key"].as_str().expect("a key"));
    let (jwt, reference) = (access(&living), token(&living));
    let (signed, _) = jwt.rsplit_once('.').expect("a signature");
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    let claims = jwt.split('.').nth(1).expect("claims");
    let admin = format!("Bearer {ADMIN}");
    let cases = [
        (&admin, token(&ended)),
        (&admin, access(&ended)),
        (&admin, expired),
        (&admin, "x".to_owned()),
        (&admin, ".".to_owned()),
        (&admin, format!("{signed}.")),
        (&admin, format!("{none}.{claims}.")),
        (&admin, format!("{jwt}A")),
        (&admin, jwt.replacen('.', ".A", 1)),
        (&admin, "a.".repeat(5000)),
        (&admin, format!("{}A", &reference[..63])),
        (&shop, jwt.clone()),
        (&shop, reference.clone()),
    ];
    for (authorization, bad) in cases {
        for hint in ["", "access_token", "refresh_token", "something"] {
            let form = [("token", bad.as_str()), ("token_type_hint", hint)];
            let answer = send(&service, "/oauth2/introspect", authorization, &form).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"active":false}"#), "{bad}");
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
    }
    for good in [jwt, reference] {
        assert_eq!(service.form("/oauth2/introspect", &[("token", &good)]).await.expect(200)["active"], true);
    }
}

#[tokio::test]
async fn jwt_18_introspection_tells_what_a_good_token_says() {
    let mut config = hybrid();
    config.jwt.issuer = Some("https://login.example".to_owned());
    config.jwt.audience = Some("https://api.example".to_owned());
    let service = Service::with(config).await;
    let body = json!({ "subject": "alice", "authentication": { "methods": ["pwd", "otp"], "level": 2 } });
    let made = service.create(body).await;
    let known = service.form("/oauth2/introspect", &[("token", &access(&made))]).await.expect(200);
    let at = |value: &Value| {
        let at: hallpass::Timestamp = value.as_str().expect("a time").parse().expect("a time");
        at.as_millis() / 1000
    };
    let now = at(&made["session"]["created_at"]);
    assert_eq!(
        known,
        json!({
            "active": true, "token_use": "access_token", "token_type": "Bearer", "client_id": "default",
            "iss": "https://login.example", "aud": "https://api.example", "sub": "alice",
            "sid": made["session"]["id"], "iat": now, "exp": now + 300, "auth_time": now,
            "acr": "2", "amr": ["pwd", "otp"],
        })
    );
    let refresh = service.form("/oauth2/introspect", &[("token", &token(&made))]).await.expect(200);
    assert_eq!((&refresh["token_use"], refresh.get("token_type")), (&json!("refresh_token"), None));
    assert_eq!(refresh["exp"], at(&made["session"]["idle_expires_at"]).min(at(&made["session"]["expires_at"])));
    let anonymous = service.form("/oauth2/introspect", &[("token", &token(&service.create(json!({})).await))]).await;
    assert_eq!(anonymous.expect(200).get("sub"), None);
}

#[tokio::test]
async fn whoever_acts_as_a_user_is_named_in_every_answer() {
    let service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let (realm, id) = (Realm::default(), id(&made).parse().expect("a name"));
    let before = service.store.load(&realm, &id).await.expect("an answer").expect("a record");
    let mut record = before.clone();
    record.impersonator = Some(Subject::new("support").expect("a name"));
    record.version = before.version.next();
    let saved = service.store.save(&record, Expected::Version(before.version), &[]).await;
    assert_eq!(saved.expect("an answer"), Outcome::Applied);

    let renewed = service.post("/v1/renew", json!({ "token": token(&made) })).await.expect(200);
    for shown in [access(&renewed), token(&renewed)] {
        let known = service.form("/oauth2/introspect", &[("token", &shown)]).await.expect(200);
        assert_eq!((&known["sub"], &known["act"]), (&json!("alice"), &json!({ "sub": "support" })));
    }
    for verified in [service.verify(&token(&renewed)).await, service.verify_access(&access(&renewed)).await] {
        assert_eq!(verified.expect(200)["session"]["impersonator"], "support");
    }
    let listed = service.get("/v1/sessions?subject=alice").await.expect(200);
    assert_eq!(listed["items"][0]["impersonator"], "support");
    let own = service.create(json!({ "subject": "alice" })).await;
    assert_eq!(own["session"].get("impersonator"), None);
    let known = service.form("/oauth2/introspect", &[("token", &access(&own))]).await.expect(200);
    assert_eq!(known.get("act"), None);
}

#[tokio::test]
async fn jwt_19_revoking_answers_the_same_whatever_the_token_was() {
    let service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let other = service.create(json!({ "subject": "alice" })).await;
    let key = service.post("/v1/keys", json!({ "name": "shop", "role": "app", "realm": "shop" })).await.expect(201);
    let shop = format!("Bearer {}", key["key"].as_str().expect("a key"));
    let admin = format!("Bearer {ADMIN}");
    let mut shapes = Vec::new();
    for (authorization, shown) in [
        (&shop, token(&made)),
        (&shop, access(&made)),
        (&admin, "x".to_owned()),
        (&admin, "a.b.c".to_owned()),
        (&admin, token(&made)),
        (&admin, token(&made)),
        (&admin, access(&made)),
        (&admin, access(&other)),
        (&admin, access(&other)),
    ] {
        if authorization == &admin && shown == token(&made) && shapes.len() == 4 {
            service.verify_access(&access(&made)).await.expect(200);
        }
        let answer = send(&service, "/oauth2/revoke", authorization, &[("token", &shown)]).await;
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        shapes.push((answer.status.as_u16(), answer.body, headers));
    }
    assert_eq!((shapes[0].0, shapes[0].1.as_str()), (200, ""));
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{shapes:?}");
    for ended in [&made, &other] {
        service.verify(&token(ended)).await.problem(401, "inactive");
        service.verify_access(&access(ended)).await.problem(401, "inactive");
    }
}

#[tokio::test]
async fn jwt_19_a_hint_that_is_wrong_or_unknown_hinders_no_revocation() {
    let service = Service::with(hybrid()).await;
    for hint in ["access_token", "refresh_token", "id_token", "something"] {
        for by_access in [true, false] {
            let made = service.create(json!({ "subject": "alice" })).await;
            let shown = if by_access { access(&made) } else { token(&made) };
            let form = [("token", shown.as_str()), ("token_type_hint", hint)];
            let answer = service.form("/oauth2/revoke", &form).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{hint}");
            service.verify(&token(&made)).await.problem(401, "inactive");
        }
    }
}

#[tokio::test]
async fn what_stands_in_the_address_is_no_parameter_and_no_proof() {
    let service = Service::with(hybrid()).await;
    let shown = token(&service.create(json!({ "subject": "alice" })).await);
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
        let query = format!("{path}?grant_type=refresh_token&refresh_token={shown}&token={shown}");
        refused(&service.form(&query, &[]).await, 400, "invalid_request");
        let key = format!("{path}?client_id=default&client_secret={ADMIN}&access_token={ADMIN}");
        refused(&send(&service, &key, "", &[("token", &shown)]).await, 401, "invalid_client");
    }
    service.verify(&shown).await.expect(200);
}

#[tokio::test]
async fn a_form_is_read_strictly_and_within_bounds() {
    let service = Service::with(hybrid()).await;
    let shown = token(&service.create(json!({ "subject": "alice" })).await);
    let post = async |path: &str, kind: &str, body: String| {
        let request = service.request(Method::POST, path, ADMIN).header("content-type", kind);
        service.send(request.body(body)).await
    };
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
        let whole = format!("grant_type=refresh_token&refresh_token={shown}&token={shown}");
        for bad in [
            format!("{whole}&token={shown}"),
            format!("{whole}&other=1&other=1"),
            format!("{whole}&x=%ff"),
            String::new(),
            "grant_type=&token=&refresh_token=".to_owned(),
        ] {
            refused(&post(path, FORM, bad).await, 400, "invalid_request");
        }
        refused(&post(path, "application/json", "{}".to_owned()).await, 400, "invalid_request");
        refused(&post(path, "text/plain", whole.clone()).await, 400, "invalid_request");
        let large = format!("{whole}&x={}", "x".repeat(64 << 10));
        post(path, FORM, large).await.problem(413, "body_too_large");
        service.get(path).await.problem(405, "method_not_allowed");
    }
    service.verify(&shown).await.expect(200);
    let unknown = post("/oauth2/introspect", FORM, format!("token={shown}&unknown=1")).await.expect(200);
    assert_eq!(unknown["active"], true, "what is unknown is left out (RFC 6749, section 3.2)");
}

#[tokio::test]
async fn the_keys_and_the_places_are_for_everybody_to_keep_and_have_no_secrets() {
    let mut config = hybrid();
    config.jwt.issuer = Some("https://login.example/sso".to_owned());
    config.jwt.max_age = 60;
    let service = Service::with(config).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let open =
        async |path: &str| service.send(service.request(Method::GET, path, "").header("host", "evil.test")).await;
    let keys = open("/.well-known/jwks.json").await;
    assert_eq!(
        (&keys.headers["cache-control"], &keys.headers["content-type"]),
        (&"public, max-age=60".parse().expect("a value"), &"application/json".parse().expect("a value"))
    );
    let keys = keys.expect(200);
    let key = keys["keys"][0].as_object().expect("a key");
    let mut names: Vec<_> = key.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    let head = URL_SAFE_NO_PAD.decode(access(&made).split('.').next().expect("a header")).expect("base64url");
    let head: Value = serde_json::from_slice(&head).expect("JSON");
    assert_eq!((&head["kid"], &head["alg"], &head["typ"]), (&key["kid"], &json!("EdDSA"), &json!("at+jwt")));

    let places = open("/.well-known/oauth-authorization-server").await;
    assert_eq!(places.headers["cache-control"], "public, max-age=60");
    let places = places.expect(200);
    assert_eq!(places["issuer"], "https://login.example/sso");
    for (name, path) in [
        ("token_endpoint", "/oauth2/token"),
        ("introspection_endpoint", "/oauth2/introspect"),
        ("revocation_endpoint", "/oauth2/revoke"),
        ("jwks_uri", "/.well-known/jwks.json"),
    ] {
        assert_eq!(places[name], format!("https://login.example/sso{path}"));
    }
    assert_eq!(
        (&places["grant_types_supported"], &places["response_types_supported"]),
        (&json!(["refresh_token"]), &json!([]))
    );
    // Of an issuer with a path, the place is found before the path (RFC 8414, section 3.1).
    let below = open("/.well-known/oauth-authorization-server/sso").await;
    assert_eq!(
        (below.expect(200), &below.headers["cache-control"]),
        (places, &"public, max-age=60".parse().expect("a value"))
    );
    for other in ["ss", "sso/", "sso/more", "SSO"] {
        open(&format!("/.well-known/oauth-authorization-server/{other}")).await.problem(404, "not_found");
    }
}
