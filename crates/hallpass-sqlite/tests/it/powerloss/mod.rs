//! Loss of power at any moment loses nothing that was acknowledged.
//!
//! A process under `shim.c` works on a store and writes down what was acknowledged. Its trace is cut at random places,
//! and each time the disk is made as it may be then, opened, and compared with the acknowledgements before the cut.

mod disk;
mod trace;

use std::path::{Path, PathBuf};
use std::process::Command;

use hallpass_sqlite::{SqliteOptions, SqliteStore};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

use self::disk::Disk;
use self::trace::{Call, What};
use crate::load::{self, Acked};
use crate::part;

#[test]
fn a_thousand_cuts_lose_nothing_acknowledged() {
    let trace = traced("full");
    let found = cut(&trace, 1000, 1);
    assert_eq!(found.damaged, 0, "{found:?}");
    assert!(found.acknowledged > 10_000, "the cuts came before anything was acknowledged: {found:?}");
}

/// The same test finds what is lost where syncs are left out: it can fail.
#[test]
fn without_syncs_the_same_cuts_lose_acknowledged_writes() {
    let found = cut(&traced("off"), 100, 2);
    assert!(found.damaged > 50, "{found:?}");
}

#[test]
fn with_late_syncs_the_same_cuts_lose_acknowledged_writes() {
    let found = cut(&traced("normal"), 100, 3);
    assert!(found.damaged > 10, "{found:?}");
}

/// The trace of a process that played `part` from beginning to end.
fn traced(part: &str) -> Vec<Call> {
    let scratch = fast_scratch();
    let folder = scratch.path().join("data");
    std::fs::create_dir(&folder).expect("a folder");
    let trace = scratch.path().join("trace");
    let mut process = part::process(part, &folder);
    process.env("HALLPASS_SHIM_TRACE", &trace);
    let status = under_shim(process, &folder, scratch.path()).status().expect("the process runs");
    assert!(status.success(), "{status}");
    let calls = trace::read(&trace);
    assert_is_complete(&calls, &folder);
    calls
}

/// Nothing happened to the files that the trace does not tell.
fn assert_is_complete(calls: &[Call], folder: &Path) {
    let mut disk = Disk::default();
    for call in calls {
        disk.apply(call);
    }
    let again = fast_scratch();
    disk.write_all(again.path());
    for name in ["hallpass.db", "acks"] {
        let [real, told] = [folder, again.path()].map(|folder| std::fs::read(folder.join(name)).expect("a file"));
        assert!(real == told, "{name} is not what the trace says");
    }
}

pub(crate) fn under_shim(mut process: Command, folder: &Path, scratch: &Path) -> Command {
    let library = scratch.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/powerloss/shim.c");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
    assert!(cc.status().expect("cc built SQLite").success());
    process.env("LD_PRELOAD", library).env("HALLPASS_SHIM_FOLDER", folder);
    process
}

/// In memory where that is to be had, since thousands of files are written that no disk needs to see.
fn fast_scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = tempfile::Builder::new().prefix("hallpass-").tempdir_in(memory);
    made.unwrap_or_else(|_| rig::scratch())
}

#[derive(Debug, Default)]
struct Found {
    /// Cuts after which something was lost or torn, or the store did not open.
    damaged: usize,
    /// What was acknowledged before each cut, all cuts together.
    acknowledged: usize,
    examples: Vec<String>,
}

fn cut(calls: &[Call], cuts: usize, seed: u64) -> Found {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut random = StdRng::seed_from_u64(seed);
    let mut places: Vec<usize> = (0..cuts).map(|_| random.random_range(0..calls.len())).collect();
    places.sort_unstable();
    let scratch = fast_scratch();
    let (mut disk, mut acked, mut done, mut found) = (Disk::default(), Acked::new(), 0, Found::default());
    for place in places {
        for call in &calls[done..place] {
            disk.apply(call);
            if let ("acks", What::Write { data, .. }) = (call.file.as_str(), &call.what) {
                load::take_in(&mut acked, str::from_utf8(data).expect("text"));
            }
        }
        done = place;
        let folder = scratch.path().join(place.to_string());
        std::fs::create_dir_all(&folder).expect("a folder");
        disk.write_what_is_left(&folder, &mut random);
        found.acknowledged += acked.len();
        let damage = runtime.block_on(damage_after(&folder, &acked));
        if !damage.is_empty() {
            found.damaged += 1;
            found.examples.extend(damage.into_iter().take(3).map(|what| format!("after {place} calls: {what}")));
            found.examples.truncate(10);
        }
        std::fs::remove_dir_all(folder).expect("the folder goes");
    }
    found
}

async fn damage_after(folder: &Path, acked: &Acked) -> Vec<String> {
    let path: PathBuf = folder.join("hallpass.db");
    match SqliteStore::open(SqliteOptions::new(path)) {
        Err(error) => vec![error.to_string()],
        Ok(store) => load::damage(&store, acked).await.unwrap_or_else(|error| vec![error.to_string()]),
    }
}
