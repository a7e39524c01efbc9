//! What sessions take in Redis.

use std::fmt::Write as _;

use super::Library;
use super::children::Service;

const SESSIONS: usize = 100_000;
/// What hallpass keeps beside records, by how its keys begin.
const KINDS: [(&str, &str); 5] = [
    ("subject", "index of subjects"),
    ("all", "index of all"),
    ("due", "index of deadlines"),
    ("events", "events"),
    ("stream", "order of events"),
];
const FORGET: &str = "local cursor = '0' repeat local found = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000) \
                      cursor = found[1] if #found[2] > 0 then redis.call('DEL', unpack(found[2])) end until cursor == '0'";

/// Prints the table.
pub(crate) fn report() {
    println!("| {SESSIONS} sessions | bytes a session | beside it | in all |");
    println!("| --- | ---: | --- | ---: |");
    for library in Library::ALL {
        row(library, library.name(), "start");
    }
    row(Library::Hallpass, "hallpass, signed in", "login");
}

fn row(library: Library, name: &str, route: &str) {
    let service = match Service::start(library) {
        Ok(service) => service,
        Err(reason) => return println!("| {name} | {reason} | | |"),
    };
    // What connections and scripts take is there before.
    service.sessions(route, 1000);
    service.redis.ask(&["FLUSHALL", "SYNC"]);
    let before = memory(&service);
    service.sessions(route, SESSIONS);
    let whole = memory(&service);
    let mut left = whole;
    let mut beside = String::new();
    for (kind, name) in KINDS.into_iter().filter(|_| library == Library::Hallpass) {
        service.redis.ask(&["EVAL", FORGET, "0", &format!("hallpass:{kind}:*")]);
        let after = memory(&service);
        let each = (left - after) / SESSIONS as f64;
        if each >= 1.0 {
            let _ = write!(beside, "{}{name}: {each:.0}", if beside.is_empty() { "" } else { ", " });
        }
        left = after;
    }
    let [each, whole] = [left, whole].map(|bytes| (bytes - before) / SESSIONS as f64);
    println!("| {name} | {each:.0} | {beside} | {whole:.0} |");
}

fn memory(service: &Service) -> f64 {
    let info = service.redis.ask(&["INFO", "memory"]);
    let used = info.lines().find_map(|line| line.trim().strip_prefix("used_memory:")).expect("it is told");
    used.parse().expect("a number")
}
