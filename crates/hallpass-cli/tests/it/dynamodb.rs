//! Sessions in DynamoDB: two services share a table, and an operator looks at it.

use reqwest::StatusCode;
use serde_json::json;

use crate::bench::Bench;
use crate::memcached::call;

#[test]
fn services_share_their_sessions_in_a_table() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let bench = Bench::new();
    let store = server.own_url();
    let (_first, first) = bench.serve(&["--store", &store]);
    let (_second, second) = bench.serve(&["--store", &store]);
    let (status, made) = call(&first, "/v1/sessions", &json!({ "subject": "alice" }));
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let token = json!({ "token": made["token"] });
    let (status, verified) = call(&second, "/v1/verify", &token);
    assert_eq!((status, &verified["active"]), (StatusCode::OK, &json!(true)), "{verified}");
    let id = made["session"]["id"].as_str().expect("an id");
    let listed = bench.run(&["sessions", "list", "--subject", "alice", "--store", &store]);
    assert!(listed.code == 0 && listed.stdout.contains("alice"), "{}", listed.all());
    let revoked = bench.ask(&second, &["sessions", "revoke", id, "--reason", "stolen", "--yes"]);
    assert_eq!(revoked.code, 0, "{}", revoked.all());
    let (status, problem) = call(&first, "/v1/verify", &token);
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("inactive")), "{problem}");
}

#[test]
fn a_doctor_tells_what_endangers_a_table() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let bench = Bench::new();
    let store = server.own_url();
    let run = bench.run(&["doctor", "--store", &store, "--json"]);
    let report = run.json();
    assert_eq!((run.code, report["health"].as_str()), (0, Some("warning")), "{}", run.all());
    let findings = report["findings"].as_array().expect("a list");
    for (topic, health) in [
        ("table", "good"),
        ("capacity", "good"),
        ("expiry", "good"),
        ("clock", "good"),
        ("deletion", "warning"),
        ("recovery", "warning"),
    ] {
        let finding = findings.iter().find(|finding| finding["topic"] == topic);
        assert_eq!(finding.map(|finding| &finding["health"]), Some(&json!(health)), "{topic}: {report}");
    }
    assert!(!run.all().contains("secret"), "{}", run.all());
}
