use std::cell::Cell;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hallpass::StoreError;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::connection;
use crate::error::{Fault, trouble};
use crate::identity::Identity;
use crate::options::SqliteOptions;

/// How many threads there are for reads that take long.
const THREADS: usize = 2;
/// How many reads wait for them at the most; more callers wait before they have a place.
const QUEUE: usize = 1024;

/// Reads, each in a transaction of its own: it sees all that was committed before it, by whichever process.
///
/// A read of one row [by its key](Self::by_key) is done on the thread that asks. From the page cache of the system it
/// takes some microseconds, less than handing it to another thread and back; from a solid-state disk it was 0.2 ms in the
/// median and 1 ms for nine in ten, on a machine with ten times the load that it has processors for. That is what a
/// runtime's worker may lose when the file is larger than memory. What may take longer, and a read that would have to
/// wait for anybody, goes [aside](Self::aside) to threads.
pub(crate) struct Readers {
    path: Arc<Path>,
    identity: Arc<Identity>,
    connections: Box<[Mutex<Option<Connection>>]>,
    inbox: Option<mpsc::Sender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

type Task = Box<dyn FnOnce(&mut Desk) + Send>;

impl Readers {
    pub(crate) fn start(path: &Arc<Path>, options: &SqliteOptions, identity: &Arc<Identity>) -> std::io::Result<Self> {
        let (sender, inbox) = mpsc::channel::<Task>(QUEUE);
        let inbox = Arc::new(Mutex::new(inbox));
        let mut readers = Self {
            path: Arc::clone(path),
            identity: Arc::clone(identity),
            connections: (0..options.readers.get()).map(|_| Mutex::new(None)).collect(),
            inbox: Some(sender),
            threads: Vec::new(),
        };
        for number in 0..THREADS {
            let inbox = Arc::clone(&inbox);
            let mut desk = Desk {
                path: Arc::clone(path),
                identity: Arc::clone(identity),
                busy_timeout: options.busy_timeout,
                connection: None,
            };
            let serve = move || {
                // Whoever holds the lock waits for the next task, and the others wait for the lock.
                while let Some(task) = { inbox.lock().blocking_recv() } {
                    task(&mut desk);
                }
            };
            readers.threads.push(thread::Builder::new().name(format!("hallpass-sqlite-reader-{number}")).spawn(serve)?);
        }
        Ok(readers)
    }

    /// Reads one row: on this thread, unless that would have to wait for anybody.
    pub(crate) async fn by_key<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.at_once(&read) {
            Some(result) => result,
            None => self.aside(read).await,
        }
    }

    fn at_once<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Option<Result<T, StoreError>> {
        let count = self.connections.len();
        let home = home();
        let mut free = (0..count).filter_map(|step| self.connections[(home + step) % count].try_lock());
        let mut place = free.next()?;
        match read_at(&mut place, &self.path, &self.identity, Duration::ZERO, read) {
            Err(fault) if fault.is_busy() => None,
            result => Some(result.map_err(|fault| trouble(&self.path, fault).into())),
        }
    }

    /// Reads on a thread of its own kind.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let task: Task = Box::new(move |desk| {
            if !reply.is_closed() {
                let Desk { path, identity, busy_timeout, connection } = desk;
                let _ = reply.send(read_at(connection, path, identity, *busy_timeout, read)); // or nobody waits any more
            }
        });
        let failed = |fault| StoreError::from(trouble(&self.path, fault));
        self.inbox
            .as_ref()
            .ok_or_else(|| failed(Fault::Closed))?
            .send(task)
            .await
            .map_err(|_| failed(Fault::Closed))?;
        answer.await.map_err(|_| failed(Fault::Closed))?.map_err(failed)
    }
}

/// Waits until the reads that were begun are done.
impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.inbox.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!(target: "hallpass::sqlite", path = %self.path.display(), "a reader ended by a panic");
            }
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("connections", &self.connections.len()).finish_non_exhaustive()
    }
}

/// Where a thread reads.
struct Desk {
    path: Arc<Path>,
    identity: Arc<Identity>,
    busy_timeout: Duration,
    connection: Option<Connection>,
}

fn read_at<T>(
    place: &mut Option<Connection>,
    path: &Path,
    identity: &Identity,
    busy_timeout: Duration,
    read: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    identity.check_now_and_then()?;
    let connection = match place.take() {
        Some(connection) => connection,
        None => connection::reading(path, busy_timeout)?,
    };
    let result = read(&connection);
    // After an error from below a new connection is sure to see the file as it is.
    if result.as_ref().err().is_none_or(Fault::is_harmless) {
        *place = Some(connection);
    }
    result
}

/// Returns which connection this thread tries first, so that threads seldom meet.
fn home() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static HOME: Cell<Option<usize>> = const { Cell::new(None) });
    HOME.with(|home| {
        let number = home.get().unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
        home.set(Some(number));
        number
    })
}
