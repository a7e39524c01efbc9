use std::io;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADMIN, Service, id, token};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic")).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_and_no_key_reaches_a_log_an_event_or_a_count() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // This runtime has one thread, so that everything that the service does is heard.
    let _guard = tracing::subscriber::set_default(subscriber);
    let service = Service::start().await;
    let mut secrets = vec![ADMIN.to_owned()];

    secrets.push(service.key("app").await);
    let made = service.create(json!({ "data": { "canary": "CANARY-IN-DATA" } })).await;
    secrets.push(token(&made));
    let renewed = service.post("/v1/renew", json!({ "token": token(&made) })).await.expect(200);
    secrets.push(token(&renewed));
    service.verify(&token(&renewed)).await.expect(200);
    let body = json!({ "token": token(&renewed), "subject": "alice" });
    let request = service.request(Method::POST, "/v1/authenticate", ADMIN).header("idempotency-key", "CANARY-IDEMPOTENCY");
    let signed_in = service.send(request.json(&body)).await.expect(200);
    secrets.push(token(&signed_in));
    // Tokens and keys that are refused are secrets all the same: they may be good elsewhere.
    service.verify(&token(&made)).await.problem(401, "inactive");
    let wrong = format!("{}{}", &token(&signed_in)[..40], "CANARYcanaryCANARYcanary");
    secrets.push(wrong.clone());
    service.verify(&wrong).await.problem(401, "inactive");
    service.verify("CANARY-MALFORMED").await.problem(401, "inactive");
    service.send(service.request(Method::GET, "/v1/sessions", "hpk_CANARYKEY")).await.problem(401, "bad_api_key");
    service.store.outage(true);
    service.verify(&token(&signed_in)).await.problem(503, "unavailable");
    service.store.outage(false);
    service.post("/v1/verify", json!({ "token": 5, "CANARYFIELD": 1 })).await.expect(422);
    service.post("/v1/logout", json!({ "token": token(&signed_in) })).await.expect(204);

    let events = service.get("/v1/events").await;
    let timeline = service.get(&format!("/v1/sessions/{}/timeline", id(&made))).await;
    let metrics = service.get("/metrics").await;
    let keys = service.get("/v1/keys").await;
    let logged = log.text();
    assert!(logged.contains("session event") && logged.contains("wrong_secret"), "the log is heard: {logged}");
    assert!(logged.contains("a request was refused"), "{logged}");
    secrets.extend(["CANARY-IN-DATA", "CANARY-IDEMPOTENCY", "CANARY-MALFORMED", "hpk_CANARYKEY"].map(ToOwned::to_owned));
    for secret in &secrets {
        // The random part alone, since an id is public and stands at the front of a token.
        let telling = &secret[secret.len().saturating_sub(24)..];
        for (place, text) in [("log", &logged), ("events", &events.body), ("timeline", &timeline.body), ("metrics", &metrics.body), ("keys", &keys.body)] {
            assert!(!text.contains(telling), "{telling} is in the {place}");
        }
    }
    let kinds = events.json()["items"].as_array().expect("a list").iter().map(|event| event["kind"].clone()).collect::<Vec<Value>>();
    assert!(kinds.len() >= 4, "{kinds:?}");
}
