use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hallpass::testing::require;
use tempfile::TempDir;

use crate::browser::cache;
use crate::daemon::Daemon;
use crate::program::program;
use crate::redis::free_port;
use crate::scratch;

const PATIENCE: Duration = Duration::from_mins(1);

/// DynamoDB Local, Amazon's own emulator, on a port of 127.0.0.1; it has no tables until somebody makes one.
#[derive(Debug)]
pub struct DynamoDb {
    java: PathBuf,
    jars: PathBuf,
    port: u16,
    /// Whether it forgets everything when it ends, and is the faster for it.
    forgets: bool,
    daemon: Mutex<Option<Daemon>>,
    folder: TempDir,
}

/// Returns the server that all tests of this process share, or says that the test is skipped.
///
/// # Panics
///
/// If it cannot be started, or if it is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn shared_dynamodb() -> Option<&'static DynamoDb> {
    static SHARED: OnceLock<Option<DynamoDb>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| new(true)).as_ref();
    require(shared.ok_or("DynamoDB Local is not installed; ./test does that"))
}

/// Starts a server for one test alone, in memory, or says that the test is skipped.
///
/// # Panics
///
/// As [`shared_dynamodb`].
pub fn dynamodb() -> Option<DynamoDb> {
    new(true)
}

/// Starts a server for one test alone that keeps what it has over a [`stop`](DynamoDb::stop), or says that the test is
/// skipped.
///
/// # Panics
///
/// As [`shared_dynamodb`].
pub fn lasting_dynamodb() -> Option<DynamoDb> {
    new(false)
}

fn new(forgets: bool) -> Option<DynamoDb> {
    let java = program("java")?;
    let jars = require(jars().ok_or("DynamoDB Local is not installed; ./test does that"))?;
    let server = DynamoDb { java, jars, port: free_port(), forgets, daemon: Mutex::default(), folder: folder() };
    server.start();
    Some(server)
}

// It syncs its files at every write, which takes a second on some disks; what is to last here lasts until the machine ends.
fn folder() -> TempDir {
    tempfile::Builder::new().prefix("hallpass-dynamodb.").tempdir_in("/dev/shm").unwrap_or_else(|_| scratch())
}

impl DynamoDb {
    /// Starts it again after [`stop`](Self::stop), with what it had.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(&self) {
        let folder = self.folder.path();
        let mut command = Command::new(&self.java);
        // Small, quick to start, and no more threads than a small machine has use for.
        command.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]);
        command.arg(format!("-Djava.library.path={}", self.jars.display()));
        command.arg("-cp").arg(self.jars.join("*"));
        command.args(["com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-sharedDb", "-disableTelemetry"]);
        command.args(["-port", &self.port.to_string()]);
        if self.forgets {
            command.arg("-inMemory");
        } else {
            command.arg("-dbPath").arg(folder);
        }
        let daemon = Daemon::start(folder, "KILL", &command).expect("the server runs");
        let ready = daemon.wait(PATIENCE, || self.is_ready().unwrap_or(false));
        *self.daemon() = Some(daemon);
        ready.unwrap_or_else(|error| panic!("DynamoDB Local: {error}"));
    }

    // It takes connections long before it answers.
    fn is_ready(&self) -> io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\
              Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n\
              X-Amz-Date: 20200101T000000Z\r\n\
              Authorization: AWS4-HMAC-SHA256 Credential=test/20200101/eu-west-1/dynamodb/aws4_request, \
              SignedHeaders=host, Signature=0\r\n\r\n{}",
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    }

    /// Kills it as `kill -9` does; what it had stays.
    pub fn stop(&self) {
        if let Some(daemon) = self.daemon().take() {
            daemon.stop();
        }
    }

    /// Stops it where it is, as a machine that hangs, until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on where it was frozen.
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

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the endpoint.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the URL of a store in a table of this name, which is made if there is none. The store is patient: what
    /// AWS answers in milliseconds takes this server seconds on a busy machine.
    pub fn url(&self, table: &str) -> String {
        format!("dynamodb://test:secret@eu-west-1/{table}?endpoint={}&create=true&timeout_ms=20000", self.endpoint())
    }

    /// Returns the URL of a store in a table that no other test has.
    pub fn own_url(&self) -> String {
        let number = RandomState::new().build_hasher().finish();
        self.url(&format!("test-{number:016x}"))
    }
}

// `./test` names the folder; a plain `cargo test` after it finds the same one.
fn jars() -> Option<PathBuf> {
    let named = env::var_os("HALLPASS_TEST_DYNAMODB").map(PathBuf::from);
    let cached = cache().map(|cache| cache.join("hallpass/dynamodb/lib"));
    [named, cached].into_iter().flatten().find(|folder| is_whole(folder))
}

fn is_whole(folder: &Path) -> bool {
    let files = folder.read_dir().into_iter().flatten().flatten();
    files.map(|file| file.file_name()).any(|name| name.to_string_lossy().starts_with("DynamoDBLocal-"))
}
