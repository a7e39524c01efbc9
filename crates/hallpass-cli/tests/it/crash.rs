//! Sixty-four clients and a service that is killed fifty times: nothing acknowledged is lost.

mod audit;
mod client;
mod ledger;
mod service;

use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rig::Server;

use self::audit::{Audit, Findings};
use self::client::ClientState;
use self::ledger::Rules;
use self::service::Service;
use crate::bench::{Bench, KEY, ready};

const CLIENTS: usize = 64;
const KILLS: u32 = 50;
/// How many sessions are tried with all their tokens in the end.
const TRIED: usize = 800;

/// The shortest times that a policy can have, so that the test meets them.
const RULES: Rules = Rules { grace: 5000, replay_after: 10_000 };
const WORDS: [&str; 9] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--quiet",
    "--policy-grace",
    "5",
    "--policy-replay-after",
    "10",
    "--demo=false",
];

fn start(bench: &Bench) -> (Server, String) {
    let mut command = bench.command(&WORDS);
    command.env("HALLPASS_ADMIN_KEY", KEY);
    Server::start(command, Duration::from_mins(1), ready).unwrap_or_else(|error| panic!("{error}"))
}

/// Kills a service that has hardly begun: while it reads its file, or writes what the one before left in the log.
fn kill_at_the_start(bench: &Bench, after: Duration) {
    let mut command = bench.command(&WORDS);
    command.env("HALLPASS_ADMIN_KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    std::thread::sleep(after);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

/// Compares what the service shows with the ledger of each client, for the sessions used since the last time.
async fn look(service: &Service, clients: &mut [ClientState]) -> Findings {
    let looks = clients.iter_mut().map(|client| async {
        let mut audit = Audit { service, rules: RULES, findings: Findings::default() };
        client.finish(service).await.expect("the service is there");
        client.used.sort_unstable();
        client.used.dedup();
        for place in std::mem::take(&mut client.used) {
            // Some tokens are left alone, to be shown much later.
            let with_tokens = place % 3 > 0;
            audit.gently(&mut client.entries[place], with_tokens).await.expect("the service is there");
        }
        audit.findings
    });
    sum(join_all(looks).await)
}

/// Looks at every session once more, and tries all tokens of some.
async fn look_at_all(service: &Service, clients: &mut [ClientState]) -> Findings {
    let sessions: usize = clients.iter().map(|client| client.entries.len()).sum();
    let every = sessions.div_ceil(TRIED);
    let looks = clients.iter_mut().map(|client| async move {
        let mut audit = Audit { service, rules: RULES, findings: Findings::default() };
        for (place, entry) in client.entries.iter_mut().enumerate() {
            let looked = if place % every == 0 { audit.roughly(entry).await } else { audit.gently(entry, false).await };
            looked.expect("the service is there");
        }
        audit.findings
    });
    sum(join_all(looks).await)
}

fn sum(all: Vec<Findings>) -> Findings {
    let mut sum = Findings::default();
    for findings in all {
        sum.add(findings);
    }
    sum
}

async fn work(service: &Service, clients: Vec<ClientState>, server: &mut Server, length: Duration) -> Vec<ClientState> {
    let tasks: Vec<_> = clients.into_iter().map(|client| tokio::spawn(client.work(service.clone()))).collect();
    tokio::time::sleep(length).await;
    server.kill();
    join_all(tasks).await.into_iter().map(|ended| ended.expect("no panic")).collect()
}

#[test]
fn nothing_acknowledged_is_lost_to_fifty_kills() {
    let begun = Instant::now();
    let seed = std::env::var("HALLPASS_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| crate::seed::now().as_millis());
    println!("repeat the choices with HALLPASS_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let bench = Bench::new();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut clients: Vec<_> = (0..CLIENTS).map(|number| ClientState::new(number, seed)).collect();
    let mut findings = Findings::default();

    for kill in 0..KILLS {
        if random.random_bool(0.2) {
            kill_at_the_start(&bench, Duration::from_millis(random.random_range(0..120)));
        }
        let (mut server, url) = start(&bench);
        let service = Service::new(&url, begun);
        findings.add(runtime.block_on(look(&service, &mut clients)));
        let length = Duration::from_millis(random.random_range(5..300));
        clients = runtime.block_on(work(&service, clients, &mut server, length));
        assert!(findings.wrong.is_empty(), "after {kill} kills: {}", findings.wrong.join("\n"));
    }
    let (_server, url) = start(&bench);
    let service = Service::new(&url, begun);
    findings.add(runtime.block_on(look(&service, &mut clients)));
    findings.add(runtime.block_on(look_at_all(&service, &mut clients)));
    for client in &mut clients {
        findings.wrong.append(&mut client.wrong);
    }
    assert!(findings.wrong.is_empty(), "{}", findings.wrong.join("\n"));

    let sessions: usize = clients.iter().map(|client| client.entries.len()).sum();
    let counted = bench.run(&["sessions", "count", "--json"]).json()["total"].as_u64().expect("a number");
    assert_eq!(counted, sessions as u64, "no session is there that nobody asked for");
    let acknowledged: u64 = clients.iter().map(|client| client.acknowledged).sum();
    println!("{acknowledged} answers, {sessions} sessions, {:?}: {:#?}", begun.elapsed(), findings.tried);
    for what in [
        "living sessions",
        "ended sessions",
        "tokens of ended sessions",
        "a renewal that was cut off",
        "rule 1: the present token",
        "rule 2: the same successor",
        "rule 3: a lost answer",
        "rule 4: a spent token",
        "rule 4: a replay",
        "rule 5: a wrong secret",
        "timelines",
    ] {
        assert!(
            findings.tried.get(what).is_some_and(|number| *number >= 3),
            "{what}: hardly tried, {:?}",
            findings.tried
        );
    }
    assert!(acknowledged > 1000, "only {acknowledged} answers");
}
