use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(10);

/// Watches how long this machine lets a thread wait that wants to go on, and a write that is to reach the disk.
///
/// What it takes away of a time is not the store's lateness: a test that shares two cores with ten servers and a compiler
/// may be kept from looking for longer than the time that is measured.
pub(crate) struct Machine {
    /// When a nap was over that took longer than it should, and how much.
    delays: Arc<Mutex<Vec<(Instant, Duration)>>>,
    is_over: Arc<AtomicBool>,
}

impl Machine {
    pub(crate) fn watch() -> Self {
        let machine = Self { delays: Arc::default(), is_over: Arc::default() };
        machine.watch_by(NAP, NAP / 5, || {});
        // Servers that sync every write wait for the disk as long as this does.
        let folder = rig::scratch();
        let mut file = File::create(folder.path().join("disk")).expect("the disk has room");
        machine.watch_by(5 * NAP, 5 * NAP, move || {
            let _kept = &folder;
            file.write_all(b".").and_then(|()| file.sync_data()).expect("the disk has room");
        });
        machine
    }

    /// Does something again and again, and keeps how much longer than this it takes.
    fn watch_by(&self, rest: Duration, usual: Duration, mut work: impl FnMut() + Send + 'static) {
        let (delays, is_over) = (Arc::clone(&self.delays), Arc::clone(&self.is_over));
        thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let start = Instant::now();
                thread::sleep(rest);
                work();
                let late = start.elapsed().saturating_sub(rest);
                if late > usual {
                    delays.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), late));
                }
            }
        });
    }

    /// Returns how much of a time the machine took away.
    pub(crate) fn taken(&self, from: Instant, to: Instant) -> Duration {
        let delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner);
        delays.iter().filter(|(at, late)| *at > from && *at < to + *late).map(|(_, late)| *late).sum()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
