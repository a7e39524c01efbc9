//! Traces of a service go to a collector, and never in its way.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rig::Server;

use crate::bench::{Bench, KEY, ready};

/// What a collector does with what it is sent.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Take,
    Stall,
}

/// A collector of traces: its address, and what it was sent.
fn collector(does: Does) -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let sent = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&sent);
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().flatten() {
            if does == Does::Stall {
                open.push(stream);
            } else if let Some(request) = take(&stream) {
                taken.lock().expect("no panic").extend(request);
            }
        }
    });
    (format!("http://{address}"), sent)
}

/// Reads a request, and answers it.
fn take(mut stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let begin = head.len();
        reader.read_until(b'\n', &mut head).ok().filter(|read| *read > 0)?;
        let line = String::from_utf8_lossy(&head[begin..]).to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    head.extend(body);
    Some(head)
}

/// Runs a service with these variables, calls it, and stops it; the value is what it said, and how long it took to stop.
fn serve(bench: &Bench, variables: &[(&str, &str)]) -> (String, Duration) {
    let mut command = bench.command(&["serve", "--listen", "127.0.0.1:0", "--store", "memory:"]);
    command.env("HALLPASS_ADMIN_KEY", KEY).envs(variables.iter().copied());
    let started = Server::start(command, Duration::from_secs(30), ready);
    let (mut server, url) = started.unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..3 {
        let asked = Instant::now();
        let counted = bench.ask(&url, &["sessions", "count"]);
        assert!(counted.code < 2, "{}", counted.all());
        assert!(asked.elapsed() < Duration::from_secs(3), "a request waits for no collector");
    }
    let told = Instant::now();
    let signal = Command::new("kill").args(["-s", "TERM", &server.id().to_string()]).status();
    assert!(signal.expect("kill runs").success());
    let ended = server.end(Duration::from_secs(30)).expect("it ends");
    let (said, took) = (server.output(), told.elapsed());
    assert_eq!(ended.code(), Some(0), "{said}");
    (said, took)
}

fn holds(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
fn a_service_that_is_told_where_sends_its_traces_before_it_ends() {
    let bench = Bench::new();
    let (endpoint, sent) = collector(Does::Take);
    let (said, _) =
        serve(&bench, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("OTEL_SERVICE_NAME", "sessions-of-the-shop")]);
    let sent = sent.lock().expect("no panic").clone();
    for part in ["POST /v1/traces", "sessions-of-the-shop", "GET /v1/sessions", "db.operation.name"] {
        assert!(holds(&sent, part), "{part}");
    }
    assert!(!holds(&sent, KEY) && !holds(&sent, "hpk_"));
    assert!(!said.contains("db.operation.name"), "spans are no log: {said}");
}

#[test]
fn a_service_that_is_not_told_sends_nothing() {
    for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let bench = Bench::new();
        let (endpoint, sent) = collector(Does::Take);
        serve(&bench, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), off]);
        assert!(sent.lock().expect("no panic").is_empty(), "{off:?}");
    }
}

#[test]
fn a_collector_that_is_away_or_never_answers_harms_no_request_and_no_end() {
    let nowhere = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let (stalled, _) = collector(Does::Stall);
    for endpoint in [format!("http://{nowhere}"), stalled] {
        let bench = Bench::new();
        let (said, took) = serve(&bench, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
        assert!(said.contains("traces"), "it is said that they are lost: {said}");
        assert!(took < Duration::from_secs(9), "five seconds for the last traces: {took:?}");
    }
}

#[test]
fn what_cannot_be_sent_is_said_and_the_service_runs() {
    let bench = Bench::new();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let (said, _) = serve(&bench, &variables);
    assert!(said.contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc") && said.contains("without traces"), "{said}");
}
