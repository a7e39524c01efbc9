//! What is asked, and the process that answers.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rig::Server;

/// Filling a store with a million sessions takes a while.
const PATIENCE: Duration = Duration::from_secs(900);

/// A service in a process of its own.
pub struct Service {
    server: Server,
    pub address: SocketAddr,
    /// What opens it, if it has a key.
    pub key: Option<String>,
}

impl Service {
    /// Starts this program in another role.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(arguments);
        Self::start_command(command, |output| {
            let words: Vec<_> = output.lines().find(|line| line.starts_with("listening at "))?.split(' ').collect();
            let address = words.get(2)?.parse().ok()?;
            Some((address, words.get(4).map(|key| (*key).to_owned())))
        })
    }

    /// Starts something, and reads from what it prints where it listens, and its key.
    pub fn start_command(command: Command, ready: impl Fn(&str) -> Option<(SocketAddr, Option<String>)>) -> Self {
        let started = Server::start(command, PATIENCE, ready);
        let (server, (address, key)) = started.unwrap_or_else(|error| panic!("a service does not start: {error}"));
        Self { server, address, key }
    }

    /// Returns the memory that it has at this moment, in MiB.
    pub fn resident(&self) -> f64 {
        let path = format!("/proc/{}/status", self.server.id());
        let status = std::fs::read_to_string(path).expect("the service runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("the kernel tells");
        let kilobytes: f64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number");
        kilobytes / 1024.0
    }
}

/// Returns the tokens that a service has written.
pub fn tokens(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).expect("the service wrote it").lines().map(str::to_owned).collect()
}

/// Returns requests that ask whether tokens are good.
pub fn verifications(key: &str, tokens: &[String]) -> Vec<Vec<u8>> {
    let request = |token: &String| {
        let body = format!(r#"{{"token":"{token}","touch":false}}"#);
        format!(
            "POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    tokens.iter().map(request).collect()
}

/// Returns requests of a proxy with cookies of browsers.
pub fn proxied(path: &str, cookies: impl Iterator<Item = String>) -> Vec<Vec<u8>> {
    let request = |cookie: String| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-Host: app.example\r\nX-Forwarded-Uri: /account?tab=2\r\nX-Forwarded-For: 192.0.2.7\r\n\
             User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
             Cookie: {cookie}\r\n\r\n"
        )
        .into_bytes()
    };
    cookies.map(request).collect()
}
