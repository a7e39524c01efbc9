//! Requests a second over real sockets, of services whose sessions are in memory or in the cookie: each a process of its
//! own, and so is the client.

use std::process::Command;

use actix_session::storage::CookieSessionStore;
use rig::Server;
use ruts::store::moka::MokaStoreBuilder;

use crate::app;
use crate::arm::Memory;
use crate::fleet::children::{PATIENCE, address_in, run, used};
use crate::fleet::report::{ROUTES, SESSIONS, median, number};

const SERVICES: [&str; 8] = [
    "hallpass",
    "tower-sessions",
    "axum_session",
    "ruts",
    "actix-session, memory",
    "hallpass, sealed cookie",
    "cookie, private jar",
    "actix-session, cookie",
];

/// Serves an application, prints its address, and never returns.
pub fn serve(name: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let router = match name {
            "hallpass" => app::hallpass::router(hallpass::MemoryStore::new()),
            "tower-sessions" => app::tower_sessions::latest::router(tower_sessions::MemoryStore::default()),
            "axum_session" => app::axum_session::router().await,
            "ruts" => app::ruts::router(MokaStoreBuilder::new().build()),
            "hallpass, sealed cookie" => app::hallpass::sealed_router(),
            "cookie, private jar" => app::private_jar::router(),
            "actix-session, memory" => {
                let store = Memory::default();
                println!("{}", app::actix::listen(move || store.clone()));
                return std::future::pending().await;
            }
            "actix-session, cookie" => {
                println!("{}", app::actix::listen(CookieSessionStore::default));
                return std::future::pending().await;
            }
            other => panic!("no service {other}"),
        };
        println!("{}", app::listen(router).await);
        std::future::pending::<()>().await;
    });
}

struct Arm {
    name: &'static str,
    server: Server,
    address: String,
    cookies: String,
    /// Of each route: answers a second, and what one took of the processors, in microseconds.
    rounds: [Vec<[f64; 2]>; 2],
}

/// Prints the table; `BENCH_SECONDS` and `BENCH_ROUNDS` say how long and how often each service is loaded.
pub fn report() {
    let (seconds, rounds) = (number("BENCH_SECONDS", 5.0), number("BENCH_ROUNDS", 5.0) as usize);
    let mut arms: Vec<Arm> = SERVICES.into_iter().map(Arm::start).collect();
    for route in ROUTES {
        for arm in &arms {
            arm.load(route, 1.0);
        }
    }
    for _ in 0..rounds {
        for (index, route) in ROUTES.into_iter().enumerate() {
            for arm in &mut arms {
                let round = arm.measure(route, seconds);
                arm.rounds[index].push(round);
            }
        }
    }
    println!("| service | reads, /s | hallpass ÷ it | writes, /s | hallpass ÷ it | processor µs a read | a write |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for arm in &arms {
        // Beside what keeps its sessions in the same place.
        let in_cookie = arm.name.contains("cookie");
        let ours =
            arms.iter().find(|ours| ours.name.starts_with("hallpass") && ours.name.contains("cookie") == in_cookie);
        let ours = ours.expect("hallpass is among them");
        let [[read, read_ratio, read_time], [write, ratio, time]] = [0, 1].map(|route| arm.row(route, ours));
        println!(
            "| {} | {read:.0} | {read_ratio:.2} | {write:.0} | {ratio:.2} | {read_time:.1} | {time:.1} |",
            arm.name
        );
    }
}

impl Arm {
    fn start(name: &'static str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["serve-here", name]);
        let (server, address) = Server::start(command, PATIENCE, address_in).expect("the service starts");
        let cookies = run(&["start", &address, "start", &SESSIONS.to_string()], "");
        Self { name, server, address, cookies, rounds: Default::default() }
    }

    /// Asks for a route for a while; answers how often a second.
    fn load(&self, route: &str, seconds: f64) -> f64 {
        let printed = run(&["load", &self.address, route, &seconds.to_string()], &self.cookies);
        let (rate, refused) = printed.trim().split_once(' ').expect("two numbers");
        assert_eq!(refused, "0", "{} refuses", self.name);
        rate.parse().expect("a number")
    }

    fn measure(&self, route: &str, seconds: f64) -> [f64; 2] {
        let process = self.server.id().to_string();
        let before = used(&process);
        let rate = self.load(route, seconds);
        [rate, (used(&process) - before) * 1e6 / (rate * seconds)]
    }

    /// Returns medians: of the rate, how often that goes into ours of the same round, and of the time.
    fn row(&self, route: usize, ours: &Self) -> [f64; 3] {
        let (its, ours) = (&self.rounds[route], &ours.rounds[route]);
        let of = |index: usize| median(its.iter().map(|round| round[index]).collect());
        [of(0), median(ours.iter().zip(its).map(|(ours, its)| ours[0] / its[0]).collect()), of(1)]
    }
}
