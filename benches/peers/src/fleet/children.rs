use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rig::{Redis, Server};

use super::Library;

/// A service and its Redis; both end with the value.
pub(crate) struct Service {
    pub(crate) library: Library,
    pub(crate) address: String,
    pub(crate) redis: Redis,
    server: Server,
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

impl Service {
    /// Starts both on ports of their own, or says what they miss.
    pub(crate) fn start(library: Library) -> Result<Self, String> {
        let redis = rig::redis(&[]).ok_or("no redis-server")?;
        if library == Library::Ruts && redis.ask(&["COMMAND", "INFO", "HEXPIRE"]).is_empty() {
            return Err("needs Redis 7.4".to_owned());
        }
        let (server, address) = Server::start(command(library, &redis.url())?, PATIENCE, address_in)
            .map_err(|error| format!("does not start: {error}"))?;
        Ok(Self { library, address, redis, server })
    }

    /// Starts sessions, and returns their cookies.
    pub(crate) fn sessions(&self, route: &str, count: usize) -> String {
        run(&["start", &self.address, route, &count.to_string()], "")
    }

    /// Asks for a route for a while; answers how often a second.
    pub(crate) fn load(&self, route: &str, seconds: f64, cookies: &str) -> f64 {
        let printed = run(&["load", &self.address, route, &seconds.to_string()], cookies);
        let (rate, refused) = printed.trim().split_once(' ').expect("two numbers");
        assert_eq!(refused, "0", "{} refuses", self.library.name());
        rate.parse().expect("a number")
    }

    /// Returns what the service and Redis have used of the processors, in seconds.
    pub(crate) fn used(&self) -> [f64; 2] {
        let redis = self.redis.ask(&["INFO", "server"]);
        let redis = redis.lines().find_map(|line| line.trim().strip_prefix("process_id:")).expect("its number");
        [used(&self.server.id().to_string()), used(redis)]
    }
}

fn command(library: Library, url: &str) -> Result<Command, String> {
    if library == Library::Express {
        let folder = env::var_os("BENCH_NODE").ok_or("BENCH_NODE names no folder with its packages")?;
        let mut command = Command::new("node");
        command.arg(Path::new(&folder).join("server.js")).arg(url).env("NODE_ENV", "production");
        return Ok(command);
    }
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["serve", library.name(), url]);
    Ok(command)
}

pub(crate) fn address_in(printed: &str) -> Option<String> {
    printed.lines().find(|line| line.starts_with("127.0.0.1:")).map(str::to_owned)
}

/// Runs this program with other arguments, and returns what it prints.
pub(crate) fn run(arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(env::current_exe().expect("this program"));
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Returns the processor time of a process and its children, in seconds.
pub(crate) fn used(process: &str) -> f64 {
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let (_, stat) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = stat.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number"));
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    ticks.sum::<f64>() / TICKS + children.split_whitespace().map(used).sum::<f64>()
}
