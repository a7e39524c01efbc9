use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hallpass::StoreError;
use parking_lot::Mutex;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, DEFAULT_NAME};
use tokio::sync::{mpsc, oneshot};

use crate::connection;
use crate::error::{Fault, Trouble, trouble};
use crate::identity::Identity;
use crate::options::SqliteOptions;
use crate::transaction::{BatchFault, Write, commit_together};

/// How many writes wait at the most; more callers wait before they have a place.
const QUEUE: usize = 1024;
/// How long a batch waits at the most for those who wrote together before and are likely to write again.
const GATHER: Duration = Duration::from_micros(300);
const GATHER_STEP: Duration = Duration::from_micros(50);
/// How many times longer than usual the log may get before readers are asked to wait for a moment.
const LOG_TOO_LONG: u32 = 4;
const READERS_MAY_TAKE: Duration = Duration::from_millis(200);

/// How much was written since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteCounts {
    /// Writes that were committed, conflicts included.
    pub writes: u64,
    /// Transactions that they shared, each with one sync.
    pub transactions: u64,
}

/// The one thread that writes: whatever waits at the same moment is committed together.
#[derive(Debug)]
pub(crate) struct Writer {
    inbox: Option<mpsc::Sender<Box<dyn Waiting>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    path: Arc<Path>,
    seen: Arc<Seen>,
}

/// What the thread lets others see.
#[derive(Debug, Default)]
struct Seen {
    is_durable: AtomicBool,
    writes: AtomicU64,
    transactions: AtomicU64,
}

impl Writer {
    pub(crate) fn start(
        path: &Arc<Path>,
        options: SqliteOptions,
        identity: Arc<Identity>,
        is_durable: bool,
    ) -> std::io::Result<Self> {
        let (sender, inbox) = mpsc::channel(QUEUE);
        let seen = Arc::new(Seen { is_durable: AtomicBool::new(is_durable), ..Seen::default() });
        let room = Room {
            inbox,
            path: Arc::clone(path),
            options,
            identity,
            connection: None,
            log_pages: Arc::default(),
            seen: Arc::clone(&seen),
        };
        let thread = thread::Builder::new().name("hallpass-sqlite-writer".to_owned()).spawn(|| room.serve())?;
        Ok(Self { inbox: Some(sender), thread: Mutex::new(Some(thread)), path: Arc::clone(path), seen })
    }

    /// Has `work` done in a transaction; answers when that is committed and synced.
    ///
    /// `work` runs again if its transaction was rolled back. It is dropped unseen if nobody waits for it any more when
    /// its turn comes.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Task { work, done: None, reply });
        let closed = || StoreError::from(trouble(&self.path, Fault::Closed));
        self.inbox.as_ref().ok_or_else(closed)?.send(task).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?.map_err(StoreError::from)
    }

    pub(crate) fn is_durable(&self) -> bool {
        self.seen.is_durable.load(Ordering::Relaxed)
    }

    pub(crate) fn counts(&self) -> WriteCounts {
        WriteCounts {
            writes: self.seen.writes.load(Ordering::Relaxed),
            transactions: self.seen.transactions.load(Ordering::Relaxed),
        }
    }
}

/// Waits until what was accepted is written and the connection is closed.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.inbox.take());
        if self.thread.get_mut().take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(target: "hallpass::sqlite", path = %self.path.display(), "the writer ended by a panic");
        }
    }
}

/// A write and whoever waits for it.
trait Waiting: Write {
    fn is_given_up(&self) -> bool;
    fn as_write(&mut self) -> &mut dyn Write;
    fn answer(self: Box<Self>, trouble: Option<Trouble>);
}

struct Task<T, F> {
    work: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, Trouble>>,
}

impl<T, F> Write for Task<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, Fault> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.done = Some((self.work)(connection)?);
        Ok(())
    }
}

impl<T, F> Waiting for Task<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, Fault> + Send,
{
    fn is_given_up(&self) -> bool {
        self.reply.is_closed()
    }

    fn as_write(&mut self) -> &mut dyn Write {
        self
    }

    fn answer(self: Box<Self>, trouble: Option<Trouble>) {
        let answer = match (trouble, self.done) {
            (Some(trouble), _) => Err(trouble),
            (None, Some(done)) => Ok(done),
            (None, None) => return, // it never ran: its caller is told that the thread has ended
        };
        let _ = self.reply.send(answer); // nobody waits any more
    }
}

impl fmt::Debug for dyn Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

/// Where the thread works.
struct Room {
    inbox: mpsc::Receiver<Box<dyn Waiting>>,
    path: Arc<Path>,
    options: SqliteOptions,
    identity: Arc<Identity>,
    /// Nothing before the first write, and after an error that it cannot be trusted to have survived.
    connection: Option<Connection>,
    log_pages: Arc<AtomicU32>,
    seen: Arc<Seen>,
}

impl Room {
    fn serve(mut self) {
        let most = self.options.largest_batch.get();
        let mut batch = Vec::with_capacity(most);
        while self.inbox.blocking_recv_many(&mut batch, most) > 0 {
            let (company, started) = (batch.len(), Instant::now());
            batch.retain(|task| !task.is_given_up());
            if !batch.is_empty() {
                self.write(&mut batch);
                let took = started.elapsed();
                self.checkpoint_if_due();
                self.gather(company, GATHER.min(took / 4));
            }
        }
    }

    /// Gives those who were just answered a moment to write again, so that they share the next sync too.
    ///
    /// Without it the clients split into two groups that take turns: 64 of them shared 590 syncs for 25,600 writes, and
    /// 400 with it. Whoever writes alone waits for nobody.
    fn gather(&self, company: usize, patience: Duration) {
        let started = Instant::now();
        while company > 1 && self.inbox.len() < company && started.elapsed() + GATHER_STEP <= patience {
            thread::sleep(GATHER_STEP);
        }
    }

    /// Writes a batch and answers each of it.
    fn write(&mut self, batch: &mut Vec<Box<dyn Waiting>>) {
        match self.commit(batch) {
            Ok(faults) => {
                self.seen.transactions.fetch_add(1, Ordering::Relaxed);
                self.seen.writes.fetch_add(batch.len() as u64, Ordering::Relaxed);
                for (task, fault) in batch.drain(..).zip(faults) {
                    task.answer(fault.map(|fault| self.trouble(fault)));
                }
            }
            Err(BatchFault::Member(fault)) if batch.len() > 1 => {
                self.distrust_after(&fault);
                // Each in a transaction of its own, so that one that cannot be written takes no other along.
                for task in batch.drain(..) {
                    self.write(&mut vec![task]);
                }
            }
            Err(BatchFault::Begin(fault) | BatchFault::Member(fault)) => {
                self.distrust_after(&fault);
                self.fail(batch, fault);
            }
            Err(BatchFault::Commit(fault)) => {
                // Never again this connection: after a failed sync its idea of the log is a guess.
                self.connection = None;
                self.fail(batch, fault);
            }
        }
    }

    fn commit(&mut self, batch: &mut [Box<dyn Waiting>]) -> Result<Vec<Option<Fault>>, BatchFault> {
        self.identity.check().map_err(BatchFault::Begin)?;
        let connection = self.connection().map_err(BatchFault::Begin)?;
        let mut writes: Vec<_> = batch.iter_mut().map(|task| task.as_write()).collect();
        let faults = commit_together(connection, &mut writes)?;
        // Nothing is acknowledged that went to a file without a name.
        self.identity.check().map_err(BatchFault::Commit)?;
        Ok(faults)
    }

    fn fail(&mut self, batch: &mut Vec<Box<dyn Waiting>>, fault: Fault) {
        if fault.is_busy() {
            // Whoever waits now has waited for the same lock, and would do so again, one batch after the other. They
            // are taken before anybody is answered, so that no later write is among them.
            while let Ok(task) = self.inbox.try_recv() {
                batch.push(task);
            }
        }
        let trouble = self.trouble(fault);
        tracing::warn!(target: "hallpass::sqlite", error = %trouble, writes = batch.len(), "writes failed");
        batch.drain(..).for_each(|task| task.answer(Some(trouble.clone())));
    }

    fn trouble(&self, fault: Fault) -> Trouble {
        trouble(&self.path, fault)
    }

    fn distrust_after(&mut self, fault: &Fault) {
        if !fault.is_harmless() {
            self.connection = None;
        }
    }

    fn connection(&mut self) -> Result<&Connection, Fault> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Opens a connection and has it copy the log into the file, which shows whether the disk can be synced.
    fn connect(&mut self) -> Result<Connection, Fault> {
        let mut connection = connection::writing(&self.path, &self.options)?;
        let pages = Arc::clone(&self.log_pages);
        connection.wal_hook(Some(move |_: &mut Wal, count| {
            pages.store(u32::try_from(count).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        checkpoint(&connection, CheckpointMode::PASSIVE)?;
        self.seen.is_durable.store(connection::is_durable(&connection)?, Ordering::Relaxed);
        Ok(connection)
    }

    /// Copies the log into the file when it is long, after everybody has their answer.
    fn checkpoint_if_due(&mut self) {
        let due = self.options.checkpoint_after;
        let pages = self.log_pages.load(Ordering::Relaxed);
        let Some(connection) = self.connection.as_ref().filter(|_| pages >= due) else { return };
        let done = if pages >= due.saturating_mul(LOG_TOO_LONG) {
            // There was always somebody reading: let them finish, so that the log can begin anew.
            connection
                .busy_timeout(READERS_MAY_TAKE)
                .map_err(Fault::from)
                .and_then(|()| checkpoint(connection, CheckpointMode::RESTART))
                .and_then(|()| Ok(connection.busy_timeout(self.options.busy_timeout)?))
        } else {
            checkpoint(connection, CheckpointMode::PASSIVE)
        };
        self.log_pages.store(0, Ordering::Relaxed);
        if let Err(fault) = done {
            tracing::warn!(target: "hallpass::sqlite", error = %self.trouble(fault), "the log could not be copied");
            self.connection = None;
        }
    }
}

/// Copies as much of the log as can be. That somebody is in the way is no error, nor that the file cannot grow: what is
/// in the log is safe, and a logout may still fit there.
fn checkpoint(connection: &Connection, mode: CheckpointMode) -> Result<(), Fault> {
    match connection.wal_checkpoint_v2(DEFAULT_NAME, mode).map_err(Fault::from) {
        Err(fault) if !fault.is_harmless() => Err(fault),
        _ => Ok(()),
    }
}
