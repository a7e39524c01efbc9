use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(10);

/// Watches how long this machine lets a thread wait that wants to go on.
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
        let (delays, is_over) = (Arc::clone(&machine.delays), Arc::clone(&machine.is_over));
        thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let start = Instant::now();
                thread::sleep(NAP);
                let late = start.elapsed().saturating_sub(NAP);
                if late > NAP / 5 {
                    delays.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), late));
                }
            }
        });
        machine
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
