use std::io;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADMIN, Service, id, token};

/// What one thread logged.
#[derive(Clone)]
struct Log {
    text: Arc<Mutex<Vec<u8>>>,
    thread: ThreadId,
}

impl Log {
    /// Hears this thread from now on, at every level. The subscriber is the process's one: a subscriber of a thread's
    /// own misses what other tests made uninteresting before.
    fn listen() -> Self {
        let log = Self { text: Arc::default(), thread: thread::current().id() };
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_env_filter("trace").with_ansi(false).with_writer(move || writer.clone());
        tracing::subscriber::set_global_default(subscriber.finish()).expect("nobody else listens");
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("no panic")).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if thread::current().id() == self.thread {
            self.text.lock().expect("no panic").extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_and_no_key_reaches_a_log_an_event_or_a_count() {
    // This runtime has one thread, so that everything that the service does is heard.
    let log = Log::listen();
    let service = Service::start().await;
    let mut secrets = vec![ADMIN.to_owned()];

    secrets.push(service.key("app").await);
    let made = service.create(json!({ "data": { "canary": "CANARY-IN-DATA" } })).await;
    secrets.push(token(&made));
    let renewed = service.post("/v1/renew", json!({ "token": token(&made) })).await.expect(200);
    secrets.push(token(&renewed));
    service.verify(&token(&renewed)).await.expect(200);
    let body = json!({ "token": token(&renewed), "subject": "alice" });
    let request =
        service.request(Method::POST, "/v1/authenticate", ADMIN).header("idempotency-key", "CANARY-IDEMPOTENCY");
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
    assert!(
        logged.contains("session event") && logged.contains("wrong_secret") && logged.contains("authz_fail"),
        "the log is heard"
    );
    assert!(logged.contains("a request was refused"), "its cause is logged");
    secrets
        .extend(["CANARY-IN-DATA", "CANARY-IDEMPOTENCY", "CANARY-MALFORMED", "hpk_CANARYKEY"].map(ToOwned::to_owned));
    for secret in &secrets {
        // The random part alone, since an id is public and stands at the front of a token.
        let telling = &secret[secret.len().saturating_sub(24)..];
        for (place, text) in [
            ("log", &logged),
            ("events", &events.body),
            ("timeline", &timeline.body),
            ("metrics", &metrics.body),
            ("keys", &keys.body),
        ] {
            assert!(!text.contains(telling), "{telling} is in the {place}");
        }
    }
    let kinds = events.json()["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["kind"].clone())
        .collect::<Vec<Value>>();
    assert!(kinds.len() >= 4, "{kinds:?}");
}
