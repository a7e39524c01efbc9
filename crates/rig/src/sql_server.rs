use std::convert::Infallible;
use std::fmt::Debug;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hallpass::testing::require;
use tempfile::TempDir;

use crate::daemon::{Daemon, give_to_nobody, on_a_small_disk};
use crate::redis::free_port;
use crate::scratch;

const PATIENCE: Duration = Duration::from_mins(1);

/// The password of the user `hallpass`: only these servers', which nobody but this machine reaches.
pub(crate) const PASSWORD: &str = "p@ss/word";

/// A database server of the tests' own, on a port of 127.0.0.1; its user is `hallpass`.
#[derive(Debug)]
pub struct SqlServer<P> {
    programs: P,
    daemon: Mutex<Option<Daemon>>,
    port: u16,
    options: Vec<String>,
    folder: TempDir,
}

/// The programs of a database, and how they are asked for the same.
pub trait Programs: Debug + Send + Sync + Sized + 'static {
    /// The package that they come in.
    const PACKAGE: &'static str;
    /// What a URL begins with, before the colon.
    const SCHEME: &'static str;
    /// The database that each server has.
    const FIRST_DATABASE: &'static str;
    /// The signal that ends a server at once, as a crash does.
    const CRASH: &'static str;
    /// Options that make a server fast, with settings that a store must not depend on.
    const ODD: &'static [&'static str];

    /// Returns the newest of them on this machine.
    fn find() -> Option<Self>;

    /// Returns the place of the server that all tests of this process share.
    fn shared() -> &'static OnceLock<Option<SqlServer<Self>>>;

    /// Returns what makes the files of a new server in this folder, among them its user.
    fn installation(&self, folder: &Path) -> Command;

    /// Returns what starts the server of this folder.
    fn server(&self, folder: &Path, port: u16) -> Command;

    /// Returns what runs statements, and prints what they answer without frills.
    fn client(&self, port: u16, database: &str, sql: &str) -> Command;
}

impl<P: Programs> SqlServer<P> {
    /// Returns the server that all tests of this process share, or says that the test is skipped.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or if its programs are missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
    pub fn shared() -> Option<&'static Self> {
        Self::required(P::shared().get_or_init(|| Self::new(P::ODD)).as_ref())
    }

    /// Starts a server for one test alone, with more options, or says that the test is skipped.
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    pub fn own(options: &[&str]) -> Option<Self> {
        Self::required(Self::new(options))
    }

    /// As [`own`](Self::own), with its data on a disk of so many MiB that the server alone has; it starts only once.
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    pub fn own_on_a_small_disk(size: u32, options: &[&str]) -> Option<Self> {
        let server = Self::required(Self::stopped(options))?;
        let data = server.folder.path().join("data");
        require(server.run_by(|command| on_a_small_disk(&command, &data, size)))?;
        Some(server)
    }

    fn required<T>(server: Option<T>) -> Option<T> {
        require(server.ok_or_else(|| format!("{} is not installed", P::PACKAGE)))
    }

    fn new(options: &[&str]) -> Option<Self> {
        let server = Self::stopped(options)?;
        server.start();
        Some(server)
    }

    fn stopped(options: &[&str]) -> Option<Self> {
        Self::installed(options, P::installation)
    }

    /// Has its files made by `installation`.
    pub(crate) fn installed(options: &[&str], installation: impl FnOnce(&P, &Path) -> Command) -> Option<Self> {
        let programs = P::find()?;
        let folder = scratch();
        give_to_nobody(folder.path()).expect("the folder is ours");
        let mut installation = installation(&programs, folder.path());
        let output = installation.current_dir(folder.path()).output().expect("the installation runs");
        assert!(output.status.success(), "{installation:?}: {}", String::from_utf8_lossy(&output.stderr));
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Some(Self { programs, daemon: Mutex::new(None), port: free_port(), options, folder })
    }

    /// Starts the server again after [`stop`](Self::stop) or [`kill`](Self::kill), with what it had.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(&self) {
        let Ok(()) = self.run_by(Ok::<_, Infallible>);
    }

    /// Starts the server by what is made of the usual way.
    fn run_by<E>(&self, how: impl FnOnce(Command) -> Result<Command, E>) -> Result<(), E> {
        let folder = self.folder.path();
        let mut command = self.programs.server(folder, self.port);
        command.args(&self.options);
        let command = how(command)?;
        let daemon = Daemon::start(folder, P::CRASH, &command).expect("the server runs");
        let ready = daemon.wait(PATIENCE, || self.is_ready());
        *self.daemon() = Some(daemon);
        ready.unwrap_or_else(|error| panic!("{}: {error}", P::PACKAGE));
        Ok(())
    }

    fn is_ready(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && self.client(P::FIRST_DATABASE, "SELECT 1").output().is_ok_and(|output| output.status.success())
    }

    /// Ends the server at once, as a crash does; what it had stays.
    pub fn stop(&self) {
        if let Some(daemon) = self.daemon().take() {
            daemon.stop();
        }
    }

    /// Kills the server with all its processes, as `kill -9` does; what it had stays.
    pub fn kill(&self) {
        if let Some(daemon) = self.daemon().take() {
            daemon.kill();
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

    fn signal(&self, signal: &str) {
        if let Some(daemon) = &*self.daemon() {
            daemon.signal(signal);
        }
    }

    fn daemon(&self) -> MutexGuard<'_, Option<Daemon>> {
        self.daemon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an empty database and returns its name.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.run(P::FIRST_DATABASE, &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs statements in a database and returns what they printed, each row in a line.
    ///
    /// # Panics
    ///
    /// If one fails.
    pub fn run(&self, database: &str, sql: &str) -> String {
        let output = self.client(database, sql).output().expect("the client runs");
        let [out, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{sql}: {errors}");
        out.trim_end().to_owned()
    }

    fn client(&self, database: &str, sql: &str) -> Command {
        self.programs.client(self.port, database, sql)
    }

    /// Returns the URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("{}://hallpass:p%40ss%2Fword@127.0.0.1:{}/{database}", P::SCHEME, self.port)
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }
}
