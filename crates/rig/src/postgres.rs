use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hallpass::testing::require;
use tempfile::TempDir;

use crate::daemon::{Daemon, as_nobody, free_port, give_to_nobody};
use crate::program::find;
use crate::scratch;

const PATIENCE: Duration = Duration::from_secs(30);
/// Only this server's, which nobody but this machine reaches.
const PASSWORD: &str = "p@ss/word";

/// Fast, and with settings that a store must not depend on.
const ODD: &[&str] = &["-cfsync=off", "-ctimezone=America/St_Johns", "-cdatestyle=German", "-cbytea_output=escape"];

/// A PostgreSQL server of the tests' own, on a port of 127.0.0.1; its user is `hallpass`.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    daemon: Mutex<Option<Daemon>>,
    port: u16,
    options: Vec<String>,
    folder: TempDir,
}

impl Postgres {
    /// Returns the server that all tests of this process share, or says that the test is skipped.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or if PostgreSQL is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| programs().map(|programs| Self::start_new(programs, ODD)));
        require(shared.as_ref().ok_or("postgresql is not installed"))
    }

    /// Starts a server for one test alone, with more options such as `-cmax_connections=20`, or says that the test is
    /// skipped.
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    pub fn own(options: &[&str]) -> Option<Self> {
        let programs = require(programs().ok_or("postgresql is not installed"))?;
        Some(Self::start_new(programs, options))
    }

    fn start_new(programs: PathBuf, options: &[&str]) -> Self {
        let folder = scratch();
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        give_to_nobody(folder.path()).expect("the folder is ours");
        fs::write(&password, PASSWORD).expect("the folder can be written");
        let mut init = as_nobody(&programs.join("initdb"));
        init.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=hallpass", "--auth=scram-sha-256"]);
        init.arg(format!("--pwfile={}", password.display())).arg(&data);
        let output = init.current_dir(folder.path()).output().expect("initdb runs");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let server = Self {
            programs,
            daemon: Mutex::new(None),
            port: free_port().expect("a port is free"),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            folder,
        };
        server.start();
        server
    }

    /// Starts the server again after [`stop`](Self::stop), with what it had.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(&self) {
        let folder = self.folder.path();
        let mut command = as_nobody(&self.programs.join("postgres"));
        command.arg("-D").arg(folder.join("data")).args(["-p", &self.port.to_string()]);
        command.args(["-clisten_addresses=127.0.0.1", "-cmax_connections=200"]);
        command.arg(format!("-cunix_socket_directories={}", folder.display())).args(&self.options);
        let daemon = Daemon::start(folder, "QUIT", &command).expect("the server runs");
        let ready = daemon.wait(PATIENCE, || self.is_ready());
        *self.daemon.lock().unwrap_or_else(PoisonError::into_inner) = Some(daemon);
        ready.unwrap_or_else(|error| panic!("postgres: {error}"));
    }

    /// Ends the server at once, as a crash does; what it had stays.
    pub fn stop(&self) {
        if let Some(daemon) = self.daemon.lock().unwrap_or_else(PoisonError::into_inner).take() {
            daemon.stop();
        }
    }

    /// Stops all processes of the server where they are, until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Makes an empty database and returns its name.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs statements in a database and returns what they printed, fields separated by `|`.
    ///
    /// # Panics
    ///
    /// If one fails.
    pub fn run(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql).output().expect("psql runs");
        let [out, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{sql}: {errors}");
        out.trim_end().to_owned()
    }

    /// Returns the URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://hallpass:p%40ss%2Fword@127.0.0.1:{}/{database}", self.port)
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder of the server's data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.env("PGPASSWORD", PASSWORD).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]);
        psql.args(["-p", &self.port.to_string(), "-U", "hallpass", "-d", database, "-c", sql]);
        psql
    }

    fn is_ready(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && self.psql("postgres", "SELECT 1").output().is_ok_and(|output| output.status.success())
    }

    fn signal(&self, signal: &str) {
        if let Some(daemon) = &*self.daemon.lock().unwrap_or_else(PoisonError::into_inner) {
            daemon.signal(signal);
        }
    }
}

/// Debian keeps each version's programs in a folder of its own, outside the path.
fn programs() -> Option<PathBuf> {
    let has = |folder: &Path| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = debian
        .map(|version| version.path().join("bin"))
        .filter(|folder| has(folder))
        .max_by_key(|folder| version(folder));
    newest.or_else(|| find("initdb")?.parent().map(Path::to_owned).filter(|folder| has(folder)))
}

fn version(programs: &Path) -> u32 {
    let folder = programs.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    folder.and_then(|name| name.parse().ok()).unwrap_or(0)
}
