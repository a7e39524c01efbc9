use std::path::{Path, PathBuf};
use std::time::Duration;

use rig::Redis;

use crate::arm::{Service, proxied, tokens, verifications};
use crate::{load, oauth2_proxy};

const FEW: usize = 1000;
const MANY: usize = 1_000_000;
/// How many of the sessions are shown, spread over all.
const SHOWN: usize = 10_000;
/// MiB.
const CACHE: usize = 64;

struct Arm {
    question: &'static str,
    name: String,
    service: usize,
    requests: Vec<Vec<u8>>,
    rates: Vec<f64>,
    /// In microseconds, at half of the rate that it bears.
    median: f64,
    p99: f64,
}

/// Prints tables of what the service and its peers take to answer.
pub fn report() {
    let folder = rig::scratch();
    let mut fleet = Fleet { services: Vec::new(), redis: Vec::new(), arms: Vec::new(), folder: folder.path().into() };
    fleet.start();
    fleet.measure();
    fleet.print();
    drop(fleet);
    grow(folder.path());
}

struct Fleet {
    services: Vec<Service>,
    redis: Vec<Redis>,
    arms: Vec<Arm>,
    folder: PathBuf,
}

impl Fleet {
    fn start(&mut self) {
        let memory = self.hallpass("hallpass, memory", "memory:", 0);
        let answer = load::ask(self.services[memory].address, &self.arms[0].requests[0]);
        let length = answer.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
        self.bare(memory, length);
        for cache in [CACHE, 0] {
            let Some(redis) = rig::redis(&[]) else { break };
            let name = if cache > 0 { "hallpass, Redis, from cache" } else { "hallpass, Redis" };
            self.hallpass(name, &redis.url(), cache);
            self.redis.push(redis);
        }
        self.oauth2_proxy();
    }

    fn hallpass(&mut self, name: &str, url: &str, cache: usize) -> usize {
        let (service, shown) = start_hallpass(url, cache, FEW, &self.folder);
        let key = service.key.clone().expect("it prints its key");
        self.arm("POST /v1/verify", name, verifications(&key, &shown));
        self.arm("GET /forward-auth", name, proxied("/forward-auth", shown.iter().map(cookie)));
        self.services.push(service);
        self.services.len() - 1
    }

    /// Whoever asks the bare handlers asks exactly as hallpass is asked.
    fn bare(&mut self, like: usize, length: usize) {
        let key = self.services[like].key.clone().expect("it prints its key");
        let service = Service::start(&["bare", &key, &length.to_string()]);
        for number in 0..2 {
            let (question, requests) = (self.arms[number].question, self.arms[number].requests.clone());
            self.arm(question, "a bare handler of axum", requests);
        }
        self.services.push(service);
    }

    fn oauth2_proxy(&mut self) {
        let (Some(program), Some(redis)) = (std::env::var_os("BENCH_OAUTH2_PROXY"), rig::redis(&[])) else { return };
        let service = oauth2_proxy::start(Path::new(&program), &redis);
        let cookies: Vec<_> = (0..FEW).map(|_| oauth2_proxy::sign_in(&service)).collect();
        self.arm(
            "GET /forward-auth",
            "oauth2-proxy `/oauth2/auth`, Redis",
            proxied("/oauth2/auth", cookies.into_iter()),
        );
        self.services.push(service);
        self.redis.push(redis);
    }

    /// Adds what is asked of the service that is started next.
    fn arm(&mut self, question: &'static str, name: &str, requests: Vec<Vec<u8>>) {
        let (service, name) = (self.services.len(), name.to_owned());
        self.arms.push(Arm { question, name, service, requests, rates: Vec::new(), median: 0.0, p99: 0.0 });
    }

    fn measure(&mut self) {
        let (seconds, rounds) = (number_from("BENCH_SECONDS", 5), number_from("BENCH_ROUNDS", 5));
        let time = Duration::from_secs(seconds);
        for arm in &self.arms {
            load::closed(self.services[arm.service].address, &arm.requests, Duration::from_secs(1));
        }
        for _ in 0..rounds {
            for arm in &mut self.arms {
                arm.rates.push(load::closed(self.services[arm.service].address, &arm.requests, time));
            }
        }
        for arm in &mut self.arms {
            let half = median(arm.rates.clone()) / 2.0;
            let taken = load::paced(self.services[arm.service].address, &arm.requests, half, time);
            (arm.median, arm.p99) = (quantile(&taken, 0.5), quantile(&taken, 0.99));
        }
    }

    fn print(&self) {
        println!("| question | answered by | a second | ÷ bare handler | at half of it: median, µs | p99, µs |");
        println!("| --- | --- | ---: | ---: | ---: | ---: |");
        let mut arms: Vec<_> = self.arms.iter().collect();
        arms.sort_by_key(|arm| std::cmp::Reverse(arm.question));
        for arm in arms {
            let is_bare = |other: &&Arm| other.question == arm.question && other.name.starts_with("a bare");
            let bare = self.arms.iter().find(is_bare).expect("it is measured");
            let ratios = arm.rates.iter().zip(&bare.rates).map(|(own, bare)| own / bare).collect();
            println!(
                "| `{}` | {} | {:.0} | {:.2} | {:.0} | {:.0} |",
                arm.question,
                arm.name,
                median(arm.rates.clone()),
                median(ratios),
                arm.median,
                arm.p99
            );
        }
    }
}

/// What memory and time do as sessions become more: in the service's own memory, and in Redis.
fn grow(folder: &Path) {
    println!(
        "\n| store | sessions | asked for each: MiB of the service | `GET /forward-auth` a second | p99 at half of it, µs |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (store, cache) in [("memory", 0), ("Redis", 0), ("Redis, from cache", CACHE)] {
        for sessions in [FEW, MANY] {
            let redis = if store == "memory" { None } else { rig::redis(&[]) };
            let url = redis.as_ref().map_or_else(|| "memory:".to_owned(), Redis::url);
            let (service, all) = start_hallpass(&url, cache, sessions, folder);
            load::each(service.address, &proxied("/forward-auth", all.iter().map(cookie)));
            let resident = service.resident();
            let spread = all.iter().step_by((sessions / SHOWN).max(1)).map(cookie);
            let requests = proxied("/forward-auth", spread);
            let time = Duration::from_secs(number_from("BENCH_SECONDS", 5));
            let rate = load::closed(service.address, &requests, time);
            let taken = load::paced(service.address, &requests, rate / 2.0, time);
            println!("| {store} | {sessions} | {resident:.0} | {rate:.0} | {:.0} |", quantile(&taken, 0.99));
        }
    }
}

fn start_hallpass(url: &str, cache: usize, sessions: usize, folder: &Path) -> (Service, Vec<String>) {
    let file = folder.join("tokens");
    let path = file.to_str().expect("the folder's name is text");
    if url != "memory:" {
        drop(Service::start(&["seed", url, &sessions.to_string(), path]));
    }
    let service = Service::start(&["hallpass", url, &cache.to_string(), &sessions.to_string(), path]);
    (service, tokens(&file))
}

fn cookie(token: &String) -> String {
    format!("theme=dark; __Host-sid={token}")
}

fn number_from(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |number| number.parse().expect("a number"))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// In microseconds.
fn quantile(taken: &[Duration], part: f64) -> f64 {
    taken[(taken.len() as f64 * part) as usize].as_secs_f64() * 1e6
}
