//! A standard client of OAuth 2.0 that was not written here, against the service.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use crate::service::{Service, access, hybrid, token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standard_client_finds_refreshes_asks_about_and_revokes_tokens_and_verifies_them() {
    let Some(client) = rig::oauth_client() else { return };
    let service = Service::on_the_wall(hybrid()).await;
    let key = service.key("app").await;
    let made = service.create(json!({ "subject": "alice", "authentication": { "methods": ["pwd"] } })).await;
    let input = json!({
        "issuer": service.base, "client": "default", "key": key,
        "refresh_token": token(&made), "access_token": access(&made), "sid": made["session"]["id"],
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oauth/client.cjs");
    let mut command = Command::from(client.script(&script));
    command.env("HALLPASS_TEST_INPUT", input.to_string()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(Duration::from_mins(2), command.output()).await.expect("in time").expect("node starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_str(told.trim()).expect("JSON");
    assert_eq!(
        seen,
        json!({
            "issuer": service.base, "refreshed": true, "same_session": true, "verified_sub": "alice",
            "verified_typ": "at+jwt", "active": [true, true], "sub": "alice", "replaced": "invalid_grant",
            "wrong_client": ["OAUTH_WWW_AUTHENTICATE_CHALLENGE", 401, "basic"], "after": [false, false], "revoked_twice": true, "dead": "invalid_grant",
        })
    );
}
