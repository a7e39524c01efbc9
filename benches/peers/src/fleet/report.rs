use std::env;

use super::children::Service;
use super::{Library, memory};
use crate::lost;

pub(crate) const ROUTES: [&str; 2] = ["read", "add"];
/// Of how many sessions the clients ask in turn, so that few of them meet in one.
pub(crate) const SESSIONS: usize = 1000;

struct Arm {
    service: Service,
    cookies: String,
    /// Of each route: answers a second, and what one took of the processors of the service and of Redis, in µs.
    rounds: [Vec<[f64; 3]>; 2],
}

/// Prints the tables; `BENCH_SECONDS` and `BENCH_ROUNDS` say how long and how often each service is loaded.
pub fn report() {
    let (seconds, rounds) = (number("BENCH_SECONDS", 5.0), number("BENCH_ROUNDS", 5.0) as usize);
    throughput(seconds, rounds);
    println!();
    memory::report();
    println!();
    lost_updates();
}

pub(crate) fn number(variable: &str, default: f64) -> f64 {
    env::var(variable).map_or(default, |value| value.parse().expect("a number"))
}

fn throughput(seconds: f64, rounds: usize) {
    let (mut arms, mut missing) = (Vec::new(), Vec::new());
    for library in Library::ALL {
        match Service::start(library) {
            Ok(service) => {
                let route = if library == Library::Hallpass { "login" } else { "start" };
                let cookies = service.sessions(route, SESSIONS);
                arms.push(Arm { service, cookies, rounds: Default::default() });
            }
            Err(reason) => missing.push((library, reason)),
        }
    }
    for arm in &arms {
        for route in ROUTES {
            arm.service.load(route, 1.0, &arm.cookies);
        }
    }
    for _ in 0..rounds {
        for (index, route) in ROUTES.into_iter().enumerate() {
            for arm in &mut arms {
                arm.rounds[index].push(arm.measure(route, seconds));
            }
        }
    }
    println!(
        "| service | reads, /s | hallpass ÷ it | writes, /s | hallpass ÷ it \
         | processor µs a read: service | Redis | a write: service | Redis |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for arm in &arms {
        let [read, write] = [0, 1].map(|index| arm.row(index, &arms[0]));
        let ([read, read_ratio, read_service, read_redis], [write, ratio, service, redis]) = (read, write);
        println!(
            "| {} | {read:.0} | {read_ratio:.2} | {write:.0} | {ratio:.2} \
             | {read_service:.1} | {read_redis:.1} | {service:.1} | {redis:.1} |",
            arm.service.library.name()
        );
    }
    for (library, reason) in missing {
        println!("| {} | {reason} | | | | | | | |", library.name());
    }
}

impl Arm {
    fn measure(&self, route: &str, seconds: f64) -> [f64; 3] {
        let before = self.service.used();
        let rate = self.service.load(route, seconds, &self.cookies);
        let after = self.service.used();
        let micros = |index: usize| (after[index] - before[index]) * 1e6 / (rate * seconds);
        [rate, micros(0), micros(1)]
    }

    /// Returns medians: of the rate, how often that goes into hallpass's of the same round, and both times.
    fn row(&self, route: usize, hallpass: &Self) -> [f64; 4] {
        let (rounds, theirs) = (&self.rounds[route], &hallpass.rounds[route]);
        let of = |index: usize| median(rounds.iter().map(|round| round[index]).collect());
        let ratio = median(theirs.iter().zip(rounds).map(|(ours, its)| ours[0] / its[0]).collect());
        [of(0), ratio, of(1), of(2)]
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn lost_updates() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    lost::head();
    for library in Library::ALL {
        match Service::start(library) {
            Ok(service) => {
                let address = service.address.parse().expect("an address");
                runtime.block_on(lost::row(library.name(), address));
            }
            Err(reason) => println!("| {} | {reason} | | |", library.name()),
        }
    }
}
