use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::signal::send;

/// Runs a program and ends it when its own input closes, which also happens when the test's process dies; then removes
/// the folder, unless the last word was to keep it.
const WATCH: &str = r#"
    signal=$1 folder=$2; shift 2
    "$@" >>"$folder/log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$folder/pid"
    read -r word
    kill -s "$signal" "$pid" 2>/dev/null
    wait "$pid"
    [ "$word" = keep ] || rm -rf "$folder"
"#;

/// A server that lives no longer than the process that started it, whatever way that ends.
#[derive(Debug)]
pub(crate) struct Daemon {
    watch: Child,
    words: Option<ChildStdin>,
    folder: PathBuf,
}

impl Daemon {
    /// Starts a program whose files are in `folder`; `signal` ends it.
    pub(crate) fn start(folder: &Path, signal: &str, program: &Command) -> std::io::Result<Self> {
        let mut watch = Command::new("sh");
        watch.args(["-c", WATCH, "sh", signal]).arg(folder).arg(program.get_program()).args(program.get_args());
        // In a group of its own, so that Ctrl-C at the terminal leaves the order of things to it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut watch, 0);
        let mut watch = watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let words = watch.stdin.take();
        Ok(Self { watch, words, folder: folder.to_owned() })
    }

    /// Waits until `ready` says so, or says what the server wrote.
    pub(crate) fn wait(&self, patience: Duration, mut ready: impl FnMut() -> bool) -> Result<(), String> {
        let start = Instant::now();
        while !ready() {
            if start.elapsed() > patience {
                let log = fs::read(self.folder.join("log")).unwrap_or_default();
                return Err(format!("not ready in {patience:?}:\n{}", String::from_utf8_lossy(&log)));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends the server and keeps its files.
    pub(crate) fn stop(mut self) {
        use std::io::Write as _;
        if let Some(mut words) = self.words.take() {
            let _ = words.write_all(b"keep\n"); // it may have ended by itself
        }
        let _ = self.watch.wait();
    }

    /// Kills the server and the processes that it started, as `kill -9` does, and keeps its files.
    pub(crate) fn kill(self) {
        self.signal("STOP"); // once it is dead, nobody knows which were its own
        let (server, children) = self.processes();
        send("KILL", [&*server]);
        send("KILL", children.split_whitespace());
        self.stop();
    }

    /// Sends a signal to the server and to the processes that it started.
    pub(crate) fn signal(&self, signal: &str) {
        // The server first: then it starts no other process that is missed. One may have ended by itself.
        send(signal, [&*self.processes().0]);
        send(signal, self.processes().1.split_whitespace());
    }

    /// Returns the ids of the server, and of the processes that it started.
    fn processes(&self) -> (String, String) {
        let server = fs::read_to_string(self.folder.join("pid")).unwrap_or_default().trim().to_owned();
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap_or_default();
        (server, children)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.signal("CONT"); // one that was stopped would not end
        drop(self.words.take());
        let _ = self.watch.wait();
    }
}

/// Has the command run by somebody else than root, as servers that refuse to be root want it.
pub(crate) fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}

/// Copies the folder of a server to a disk of its own, which nobody else sees and which goes with the server. PostgreSQL's
/// log stays outside: without it the server would end, where what is tested is that it goes on.
const SMALL_DISK: &str = r#"
    set -e
    size=$1 folder=$2; shift 2
    if [ -d "$folder/pg_wal" ]; then
        mv "$folder/pg_wal" "$folder.wal"
        ln -s "$folder.wal" "$folder/pg_wal"
    fi
    mkdir "$folder.small"
    mount -t tmpfs -o "size=${size}m" tmpfs "$folder.small"
    cp -a "$folder/." "$folder.small/"
    mount --bind "$folder.small" "$folder"
    exec "$@"
"#;

/// Runs a program with `folder` on a disk of so many MiB, or says why that cannot be.
pub(crate) fn on_a_small_disk(program: &Command, folder: &Path, size: u32) -> Result<Command, &'static str> {
    if !is_root() {
        return Err("only root can make a small disk");
    }
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", SMALL_DISK, "sh", &size.to_string()]).arg(folder);
    command.arg(program.get_program()).args(program.get_args());
    Ok(command)
}

/// Gives a folder to whom [`as_nobody`] runs as, and lets them through the folders above it that are ours.
pub(crate) fn give_to_nobody(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if is_root() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
        chown(folder, Some(65534), Some(65534))?;
        for above in folder.ancestors().skip(1).take_while(|above| *above != std::env::temp_dir()) {
            let meta = fs::metadata(above)?;
            if meta.uid() == 0 && meta.permissions().mode() & 0o001 == 0 {
                fs::set_permissions(above, fs::Permissions::from_mode(meta.permissions().mode() | 0o011))?;
            }
        }
    }
    Ok(())
}

fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        false
    }
}
