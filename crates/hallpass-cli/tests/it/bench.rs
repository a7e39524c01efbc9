//! A folder with a store in it, and the program run there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rig::Server;
use tempfile::TempDir;

/// The first admin key of services that tests start.
pub(crate) const KEY: &str = "hpk_0123456789abcdefghijklmnopqrstuvwxyz";

/// A folder of one test, in which the program runs.
pub(crate) struct Bench {
    folder: TempDir,
}

/// What a run of the program left behind.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: rig::scratch() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path().join("hallpass.db")
    }

    /// Returns the program, in this folder and with nothing in its environment that a machine may differ in.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
        command.args(words).current_dir(self.path()).stdin(Stdio::null());
        for name in std::env::vars_os().map(|(name, _)| name).filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("HALLPASS_") || name.starts_with("OTEL_")
        }) {
            if name != "HALLPASS_TEST_DIR" {
                command.env_remove(name);
            }
        }
        command.env_remove("COLUMNS").env_remove("NO_COLOR").env_remove("SUDO_USER");
        command.env("TZ", "UTC").env("USER", "tester");
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        run(self.command(words))
    }

    /// Starts the service on this folder's store; the second value is its address.
    pub(crate) fn serve(&self, words: &[&str]) -> (Server, String) {
        let mut command = self.command(&[&["serve", "--listen", "127.0.0.1:0"], words].concat());
        command.env("HALLPASS_ADMIN_KEY", KEY);
        Server::start(command, Duration::from_secs(30), ready).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs the program against a service.
    pub(crate) fn ask(&self, url: &str, words: &[&str]) -> Run {
        let mut command = self.command(words);
        command.env("HALLPASS_URL", url).env("HALLPASS_KEY", KEY);
        run(command)
    }
}

/// Finds the address in what a service says when it is ready.
pub(crate) fn ready(output: &str) -> Option<String> {
    let (_, rest) = output.split_once("hallpass is ready on ")?;
    rest.split_once('\n').map(|(address, _)| address.to_owned())
}

pub(crate) fn run(mut command: Command) -> Run {
    Run::of(command.output().expect("the program runs"))
}

impl Run {
    pub(crate) fn of(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Returns everything, as snapshots have it.
    pub(crate) fn all(&self) -> String {
        let parts =
            [("stdout", &self.stdout), ("stderr", &self.stderr)].into_iter().filter(|(_, text)| !text.is_empty());
        let parts: Vec<_> = parts.map(|(name, text)| format!("----- {name}\n{text}")).collect();
        format!("exit code: {}\n{}", self.code, parts.concat())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.all()))
    }
}
