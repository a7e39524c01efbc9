//! What the README shows works as it is written there.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rig::Server;
use serde_json::{Value, json};

use crate::bench::{Bench, Run, ready, run};

const README: &str = include_str!("../../../../README.md");

/// Returns the `sh` blocks of the README's section with this heading.
fn blocks(heading: &str) -> Vec<&'static str> {
    let (_, section) = README.split_once(&format!("\n## {heading}\n")).expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split("\n```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("\n```")?.0)).collect()
}

/// Starts a service in an empty folder, as its first user does; the last values are its address and the key it prints.
fn serve(bench: &Bench) -> (Server, String, String) {
    let command = bench.command(&["serve", "--listen", "127.0.0.1:0"]);
    let started = Server::start(command, Duration::from_secs(30), ready);
    let (server, url) = started.unwrap_or_else(|error| panic!("{error}"));
    let said = server.output();
    let key = said.split_whitespace().find(|word| word.starts_with("hpk_")).expect("a key").to_owned();
    (server, url, key)
}

/// Runs lines of the README in a shell that stops at the first that fails.
fn shell(bench: &Bench, script: &str, variables: &[(&str, &str)]) -> Option<Run> {
    let bash = rig::program("bash")?;
    let program = Path::new(env!("CARGO_BIN_EXE_hallpass"));
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = program.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&folders));
    let mut command = Command::new(bash);
    command.args(["-euo", "pipefail", "-c", script]).current_dir(bench.path());
    command.env("PATH", std::env::join_paths(folders).expect("a path")).envs(variables.iter().copied());
    for name in ["HALLPASS_STORE", "HALLPASS_CONFIG", "HALLPASS_REALM", "http_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    Some(run(command))
}

#[test]
fn the_flow_with_curl_works_as_it_is_written() {
    let (Some(_), Some(_)) = (rig::program("curl"), rig::program("jq")) else { return };
    let blocks = blocks("The service, with curl");
    let (exports, flow) = blocks.split_first().expect("blocks");
    let address = hallpass_server::Config::default().listen;
    assert_eq!(*exports, format!("export HALLPASS_URL=http://{address}\nexport HALLPASS_KEY=hpk_..."));
    for part in
        ["/v1/sessions ", "/v1/verify", "PATCH", "/v1/renew", "/v1/authenticate", "subject=alice", "revoke", "timeline"]
    {
        assert!(flow.concat().contains(part), "the whole flow is shown: {part}");
    }

    let bench = Bench::new();
    let (_server, url, key) = serve(&bench);
    let after = "call POST /v1/verify \"{\\\"token\\\": \\\"$token\\\"}\" || true";
    let script = [flow, &[after]].concat().join("\n");
    let Some(run) = shell(&bench, &script, &[("HALLPASS_URL", &url), ("HALLPASS_KEY", &key)]) else { return };
    assert_eq!(run.code, 0, "{}", run.all());
    let answers: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&run.stdout).into_iter().collect();
    let answers = answers.unwrap_or_else(|error| panic!("{error}: {}", run.all()));
    let [verified, data, listed, revoked, timeline, refused] = &answers[..] else { panic!("{}", run.all()) };

    assert_eq!(verified, &json!({ "active": true, "subject": "alice", "renew_due": false }));
    assert_eq!(data, &json!({ "cart": ["book", "pen"], "theme": "dark" }));
    assert_eq!(listed["state"], "active");
    assert!(listed["id"].is_string() && listed["seen_at"].is_string() && listed["expires_at"].is_string(), "{listed}");
    assert_eq!(revoked["revoked"], 1);
    let happened: Vec<_> = timeline["items"].as_array().expect("a list").iter().map(|event| &event["kind"]).collect();
    for kind in ["created", "renewed", "authenticated", "revoked"] {
        assert!(happened.contains(&&json!(kind)), "{kind} is not in {happened:?}");
    }
    assert_eq!(timeline["session"]["id"], listed["id"]);
    assert_eq!(timeline["ending"]["note"], "stolen laptop");
    assert_eq!(refused["code"], "inactive");
}

#[test]
fn the_flow_with_the_command_line_works_as_it_is_written() {
    let bench = Bench::new();
    let (_server, url, key) = serve(&bench);
    let block = blocks("The command line").concat();
    let made = "for name in alice bob; do curl -s --fail -H \"Authorization: Bearer $HALLPASS_KEY\" \
                --json \"{\\\"subject\\\": \\\"$name\\\"}\" \"$HALLPASS_URL/v1/sessions\" >made; done";
    if rig::program("curl").is_none() {
        return;
    }
    // What follows events has no end of its own.
    let lines = block.lines().filter(|line| !line.contains(" watch "));
    let script = [made].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
    let Some(run) = shell(&bench, &script, &[("HALLPASS_URL", &url), ("HALLPASS_KEY", &key)]) else { return };
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(run.stdout.contains("alice") && run.stdout.contains("1 session revoked"), "{}", run.all());
    let listed =
        bench.run(&["sessions", "list", "--json", "--store", "sqlite:hallpass.db", "--state", "active"]).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["items"][0]["subject"], "bob");
}
