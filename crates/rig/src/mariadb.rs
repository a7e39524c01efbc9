use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hallpass::testing::require;
use tempfile::TempDir;

use crate::daemon::{Daemon, as_nobody, free_port, give_to_nobody};
use crate::program::find;
use crate::scratch;

const PATIENCE: Duration = Duration::from_mins(1);
/// Only this server's, which nobody but this machine reaches.
const PASSWORD: &str = "p@ss/word";
/// Fast, and with settings that a store must not depend on.
const ODD: &[&str] = &[
    "--innodb-flush-log-at-trx-commit=0",
    "--default-time-zone=-03:30",
    "--character-set-server=latin1",
    "--collation-server=latin1_german1_ci",
    "--sql-mode=",
];

/// A MariaDB server of the tests' own, on a port of 127.0.0.1; its user is `hallpass`.
#[derive(Debug)]
pub struct MariaDb {
    program: PathBuf,
    client: PathBuf,
    daemon: Mutex<Option<Daemon>>,
    port: u16,
    options: Vec<String>,
    folder: TempDir,
}

impl MariaDb {
    /// Returns the server that all tests of this process share, or says that the test is skipped.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or if MariaDB is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<MariaDb>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::start_new(ODD));
        require(shared.as_ref().ok_or("mariadb-server is not installed"))
    }

    /// Starts a server for one test alone, with more options such as `--read-only`, or says that the test is skipped.
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    pub fn own(options: &[&str]) -> Option<Self> {
        require(Self::start_new(options).ok_or("mariadb-server is not installed"))
    }

    fn start_new(options: &[&str]) -> Option<Self> {
        let known = |names: [&str; 2]| {
            let in_path = names.iter().find_map(|name| find(name));
            in_path.or_else(|| Some(PathBuf::from("/usr/sbin").join(names[0])).filter(|path| path.is_file()))
        };
        let program = known(["mariadbd", "mysqld"])?;
        let client = known(["mariadb", "mysql"])?;
        let install = known(["mariadb-install-db", "mysql_install_db"])?;
        let folder = scratch();
        give_to_nobody(folder.path()).expect("the folder is ours");
        let mut init = as_nobody(&install);
        init.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
        // Two that are made at once would use the same names elsewhere.
        init.arg(format!("--tmpdir={}", folder.path().display()));
        init.arg(format!("--datadir={}", folder.path().join("data").display()));
        let output = init.current_dir(folder.path()).output().expect("the installation runs");
        assert!(output.status.success(), "mariadb-install-db: {}", String::from_utf8_lossy(&output.stderr));
        let first = format!(
            "CREATE USER IF NOT EXISTS hallpass@'%' IDENTIFIED BY '{PASSWORD}';\n\
             GRANT ALL ON *.* TO hallpass@'%' WITH GRANT OPTION;\n"
        );
        fs::write(folder.path().join("first.sql"), first).expect("the folder can be written");
        let server = Self {
            program,
            client,
            daemon: Mutex::new(None),
            port: free_port().expect("a port is free"),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            folder,
        };
        server.start();
        Some(server)
    }

    /// Starts the server again after [`stop`](Self::stop), with what it had.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(&self) {
        let folder = self.folder.path();
        let mut command = as_nobody(&self.program);
        command.args(["--no-defaults", "--bind-address=127.0.0.1", "--max-connections=400", "--skip-name-resolve"]);
        command.arg(format!("--port={}", self.port)).arg(format!("--tmpdir={}", folder.display()));
        for (option, file) in
            [("datadir", "data"), ("socket", "socket"), ("pid-file", "server.pid"), ("init-file", "first.sql")]
        {
            command.arg(format!("--{option}={}", folder.join(file).display()));
        }
        command.args(&self.options);
        let daemon = Daemon::start(folder, "KILL", &command).expect("the server runs");
        let ready =
            daemon.wait(PATIENCE, || self.command("mysql", "SELECT 1").output().is_ok_and(|it| it.status.success()));
        *self.daemon.lock().unwrap_or_else(PoisonError::into_inner) = Some(daemon);
        ready.unwrap_or_else(|error| panic!("mariadbd: {error}"));
    }

    /// Kills the server as `kill -9` does; what it had stays.
    pub fn stop(&self) {
        if let Some(daemon) = self.daemon.lock().unwrap_or_else(PoisonError::into_inner).take() {
            daemon.stop();
        }
    }

    /// Stops the server where it is, until [`thaw`](Self::thaw).
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
        self.run("mysql", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs statements in a database and returns what they printed, fields separated by tabs.
    ///
    /// # Panics
    ///
    /// If one fails.
    pub fn run(&self, database: &str, sql: &str) -> String {
        let output = self.command(database, sql).output().expect("the client runs");
        let [out, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{sql}: {errors}");
        out.trim_end().to_owned()
    }

    /// Returns the URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("mysql://hallpass:p%40ss%2Fword@127.0.0.1:{}/{database}", self.port)
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn command(&self, database: &str, sql: &str) -> Command {
        let mut client = Command::new(&self.client);
        client.args([
            "--no-defaults",
            "--protocol=tcp",
            "--host=127.0.0.1",
            "--user=hallpass",
            "--batch",
            "--skip-column-names",
        ]);
        client.env("MYSQL_PWD", PASSWORD).arg(format!("--port={}", self.port)).args([
            "--connect-timeout=5",
            database,
            "-e",
            sql,
        ]);
        client
    }

    fn signal(&self, signal: &str) {
        if let Some(daemon) = &*self.daemon.lock().unwrap_or_else(PoisonError::into_inner) {
            daemon.signal(signal);
        }
    }
}
