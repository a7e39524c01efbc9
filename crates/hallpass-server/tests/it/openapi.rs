use crate::rotating::Shared;
use crate::service::{ADMIN, Service, config};

/// To write it anew: `HALLPASS_WRITE_OPENAPI=1 cargo test -p hallpass-server --test it openapi`.
#[tokio::test]
async fn the_committed_description_is_that_of_the_code() {
    let service = Service::start().await;
    let served = service.get("/openapi.json").await;
    let mut pretty = serde_json::to_string_pretty(&served.expect(200)).expect("JSON");
    pretty.push('\n');
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    if std::env::var_os("HALLPASS_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &pretty).expect("it can be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == pretty, "crates/hallpass-server/openapi.json is old: see the comment on this test");
}

#[tokio::test]
async fn the_description_needs_no_key_and_names_every_call() {
    let service = Service::start().await;
    let answer = service.send(service.request(reqwest::Method::GET, "/openapi.json", "")).await.expect(200);
    let paths: Vec<_> = answer["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
    for path in ["/v1/sessions", "/v1/verify", "/v1/sessions/{id}/data", "/v1/events/stream", "/metrics", "/livez"] {
        assert!(paths.contains(&path), "{path} is not among {paths:?}");
    }
    let text = answer.to_string();
    assert!(!text.contains("hpk_0"), "no key");
}

#[tokio::test]
async fn every_call_is_described_once_under_a_name_of_its_own() {
    let service = Service::start().await;
    let answer = service.get("/openapi.json").await.expect(200);
    let calls = answer["paths"].as_object().expect("paths").values().filter_map(serde_json::Value::as_object);
    let names: Vec<_> = calls.flat_map(|call| call.values()).map(|call| call["operationId"].as_str()).collect();
    let different: std::collections::BTreeSet<_> = names.iter().copied().collect();
    assert!(names.len() > 20 && !different.contains(&None), "{names:?}");
    assert_eq!(names.len(), different.len(), "{names:?}");
}

/// `HALLPASS_TEST_SECONDS` has it go on for so long.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_a_failure_or_other_than_the_description_says() {
    let Some(tester) = rig::schema_tester() else { return };
    let folder = rig::scratch();
    // A store that can do all that is described: with others, some calls answer 501.
    let store = format!("sqlite:{}", folder.path().join("hallpass.db").display());
    let opened = hallpass_server::stores::open(&store).await.expect("it opens");
    let base = Shared::start(config(), opened).await;
    let mut command = tester.run(&format!("{base}/openapi.json"));
    command.args(["--header", &format!("Authorization: Bearer {ADMIN}")]);
    // A stream of events has no end, and forward authentication takes every method, which a description cannot say.
    command.args(["--exclude-path-regex", "^/(v1/events/stream|forward-auth)$"]);
    // Values have rules that a description has no words for: those are answered 422.
    command.args(["--exclude-checks", "positive_data_acceptance"]);
    match std::env::var("HALLPASS_TEST_SECONDS") {
        Ok(seconds) => command.args(["--max-time", &seconds]),
        Err(_) => command.args(["--max-examples", "10", "--phases", "coverage,fuzzing"]),
    };
    // What a run keeps goes where the tests' files go.
    command.current_dir(folder.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Test cases:"), "{said}");
}
