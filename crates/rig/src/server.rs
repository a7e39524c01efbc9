use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::scratch;
use crate::signal::send;

/// A server that one test started; killed when the value is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    folders: Vec<TempDir>,
}

/// A server did not come up; its output is in the text.
#[derive(Debug)]
pub struct NotReady(String);

impl Server {
    /// Starts `command` and waits until `ready` finds what it looks for in the server's output so far.
    ///
    /// `ready` is asked again every 20 milliseconds, and typically returns the address that the server printed.
    /// The server should listen on port 0, or on a port of the test's own.
    ///
    /// # Errors
    ///
    /// If the program cannot be started, ends by itself, or is not ready within `patience`.
    pub fn start<T>(
        mut command: Command,
        patience: Duration,
        ready: impl Fn(&str) -> Option<T>,
    ) -> Result<(Self, T), NotReady> {
        let folder = scratch();
        let log = folder.path().join("output");
        // A file rather than a pipe: a pipe that nobody reads fills up and stops the server.
        let output = File::create(&log).map_err(|error| NotReady(error.to_string()))?;
        let errors = output.try_clone().map_err(|error| NotReady(error.to_string()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| NotReady(format!("{command:?}: {error}")))?;
        let mut server = Self { child, log, folders: vec![folder] };
        let found = server.wait(patience, ready)?;
        Ok((server, found))
    }

    /// Keeps a folder of the server's until it is dropped.
    #[must_use]
    pub fn keeping(mut self, folder: TempDir) -> Self {
        self.folders.push(folder);
        self
    }

    /// Returns what the server has printed so far, standard output and standard error mixed.
    pub fn output(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Returns the server's process id, for tests that stop or signal it themselves.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the server as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        // Both fail only for a process that has already ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Freezes the server, as a machine that hangs: it keeps its connections and answers nothing.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets a frozen server go on where it was.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(send(signal, [&*self.id().to_string()]), "the server cannot be sent {signal}");
    }

    /// Waits until the server has ended by itself, such as after a signal; nothing if it has not within `patience`.
    pub fn end(&mut self, patience: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            let ended = self.child.try_wait().ok().flatten();
            if ended.is_some() || start.elapsed() > patience {
                return ended;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait<T>(&mut self, patience: Duration, ready: impl Fn(&str) -> Option<T>) -> Result<T, NotReady> {
        let start = Instant::now();
        loop {
            // Looked at before the output is read, so that the last words of a server that ends are not missed.
            let ended = self.child.try_wait().ok().flatten();
            if let Some(found) = ready(&self.output()) {
                return Ok(found);
            }
            if let Some(status) = ended {
                return Err(NotReady(format!("the server ended, {status}:\n{}", self.output())));
            }
            if start.elapsed() > patience {
                return Err(NotReady(format!("not ready in {patience:?}:\n{}", self.output())));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotReady {}
