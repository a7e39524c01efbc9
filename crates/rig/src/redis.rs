use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::{NotReady, Server, program, scratch};

/// A Redis server of one test's own, with its data in a scratch folder; killed when the value is dropped.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Option<Server>,
    folder: TempDir,
}

const PATIENCE: Duration = Duration::from_secs(20);

/// Starts a Redis server on a port of its own, or says that the test is skipped.
///
/// Each setting is a line of its configuration, such as `appendonly yes`. It keeps nothing by itself: a test that wants
/// a file says so.
///
/// # Panics
///
/// If the server does not come up; or if it is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn redis(settings: &[&str]) -> Option<Redis> {
    let program = program("redis-server")?;
    let mut redis = Redis::new(&program, settings.iter().map(|setting| (*setting).to_owned()).collect());
    redis.start();
    Some(redis)
}

impl Redis {
    /// Returns one that is not started yet.
    pub(crate) fn new(program: &Path, settings: Vec<String>) -> Self {
        Self { program: program.to_owned(), port: free_port(), settings, server: None, folder: scratch() }
    }

    /// Adds a setting for the next start.
    pub(crate) fn set(&mut self, setting: String) {
        self.settings.push(setting);
    }

    /// Returns the port on which it listens, at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the URL of its first database.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Returns the folder of its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it again on the same port, with the files that it left.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    pub fn start(&mut self) {
        let announced = |output: &str| output.contains("Ready to accept connections").then_some(());
        match self.try_start(announced) {
            Ok(server) => self.server = Some(server),
            Err(error) => panic!("redis-server does not start: {error}"),
        }
    }

    /// Starts it again where it was killed, as the replica of another.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    pub fn start_as_replica(&mut self, primary: u16) {
        self.settings.retain(|setting| !setting.starts_with("replicaof"));
        self.settings.push(format!("replicaof 127.0.0.1 {primary}"));
        self.start();
    }

    /// Tells whether it was killed, and not started again.
    pub fn is_killed(&self) -> bool {
        self.server.is_none()
    }

    fn try_start(&self, ready: impl Fn(&str) -> Option<()>) -> Result<Server, NotReady> {
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", ""]);
        command.arg("--dir").arg(self.folder.path());
        for setting in &self.settings {
            let (name, value) = setting.split_once(' ').unwrap_or((setting, ""));
            command.arg(format!("--{name}")).args(value.split(' ').filter(|part| !part.is_empty()));
        }
        Server::start(command, PATIENCE, ready).map(|(server, ())| server)
    }

    /// Kills it as `kill -9` does; [`start`](Redis::start) brings it back.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Freezes it, as a machine that hangs: it keeps its connections and answers nothing.
    pub fn freeze(&self) {
        self.server.iter().for_each(Server::freeze);
    }

    /// Lets it go on where it was frozen.
    pub fn thaw(&self) {
        self.server.iter().for_each(Server::thaw);
    }

    /// Tells whether it takes writes that a replica has at once: it is a primary, and in a cluster one of some slots.
    pub fn takes_replicated_writes(&self, replicas: u32) -> bool {
        self.server.is_some() && takes_replicated_writes(self.port, replicas)
    }

    /// Tells whether it runs as the replica of another, and has a copy.
    pub fn is_replica(&self) -> bool {
        let info = if self.server.is_some() { self.ask(&["info", "replication"]) } else { String::new() };
        info.contains("role:slave") && info.contains("master_link_status:up")
    }

    /// Asks it something with its own tool, and returns what that prints.
    ///
    /// # Panics
    ///
    /// If the tool cannot be started or says that it failed.
    pub fn ask(&self, question: &[&str]) -> String {
        ask(self.port, question)
    }
}

/// Asks the server, or the sentinel, at this port.
pub(crate) fn ask(port: u16, question: &[&str]) -> String {
    let port = port.to_string();
    let output = Command::new("redis-cli").args(["-p", &port]).args(question).output().expect("redis-cli is there");
    assert!(output.status.success(), "redis-cli {question:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Tells whether the server at this port takes writes that a replica has at once, which is what failing over is about.
///
/// It writes to many keys, so that some belong to it, of whatever part of a cluster it is.
pub(crate) fn takes_replicated_writes(port: u16, replicas: u32) -> bool {
    let mut questions: Vec<_> = (0..100).map(|key| format!("SET rig-probe-{key} 1 PX 1000")).collect();
    questions.push(format!("WAIT {replicas} 100\n"));
    let mut client = Command::new("redis-cli");
    client.args(["-p", &port.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut client) = client.spawn() else { return false };
    let asked = client.stdin.take().map(|mut words| words.write_all(questions.join("\n").as_bytes()));
    let Ok(output) = client.wait_with_output() else { return false };
    let answers = String::from_utf8_lossy(&output.stdout);
    let got = answers.lines().last().and_then(|line| line.trim().parse::<u32>().ok());
    asked.is_some_and(|asked| asked.is_ok()) && answers.lines().any(|line| line == "OK") && got >= Some(replicas)
}

/// Returns a port that nobody listens on at this moment.
///
/// # Panics
///
/// If there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}
