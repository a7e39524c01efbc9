use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the store is and how it is used.
///
/// ```
/// use std::time::Duration;
/// use hallpass_sqlite::{SqliteOptions, SqliteStore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("hallpass.db");
/// let options = SqliteOptions::new(path).busy_timeout(Duration::from_secs(2));
/// let store = SqliteStore::open(options)?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    pub(crate) path: PathBuf,
    pub(crate) create: bool,
    pub(crate) synchronous: Option<Synchronous>,
    pub(crate) busy_timeout: Duration,
    pub(crate) readers: NonZeroUsize,
    pub(crate) largest_batch: NonZeroUsize,
    pub(crate) checkpoint_after: u32,
    pub(crate) largest_file: Option<u64>,
}

/// Less than durable: what SQLite's `synchronous` can be below `FULL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// `NORMAL`: loss of power may undo the last acknowledged writes; the file stays whole.
    Normal,
    /// `OFF`: loss of power may undo writes and damage the file.
    Off,
}

/// More than any batch that a group of waiting clients makes, and a few milliseconds of work.
const LARGEST_BATCH: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// As many pages as one part of the log's index holds (<https://www.sqlite.org/walformat.html>, section 2.3): up to there
/// a longer log saves work, and makes no lookup slower.
const LONGEST_LOG: u32 = 4000;

impl SqliteOptions {
    /// Returns the usual options for a store in this file, which is created if it is missing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            create: true,
            synchronous: None,
            busy_timeout: Duration::from_secs(5),
            readers: usual_readers(),
            largest_batch: LARGEST_BATCH,
            checkpoint_after: LONGEST_LOG,
            largest_file: None,
        }
    }

    /// Tells whether a missing file is created: by default it is.
    ///
    /// A tool that looks at a store should not make one by a slip of the pen.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Sets how long to wait for another process's write before giving up: by default 5 seconds.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Sets how many loads can run at the same moment: by default one for each processor, at most 16.
    ///
    /// Loads beyond that wait for one of two threads that also run listings.
    #[must_use]
    pub fn readers(mut self, readers: NonZeroUsize) -> Self {
        self.readers = readers;
        self
    }

    /// Sets how many writes can share a transaction: by default 256.
    #[must_use]
    pub fn largest_batch(mut self, writes: NonZeroUsize) -> Self {
        self.largest_batch = writes;
        self
    }

    /// Sets after how many pages of 4 KiB the write-ahead log is copied into the file: by default 4,000.
    #[must_use]
    pub fn checkpoint_after(mut self, pages: u32) -> Self {
        self.checkpoint_after = pages;
        self
    }

    /// Sets the most that the file may grow to, in bytes, in steps of 4 KiB: by default what the disk has.
    ///
    /// At that size writes fail as they do on a full disk.
    #[must_use]
    pub fn largest_file(mut self, bytes: u64) -> Self {
        self.largest_file = Some(bytes);
        self
    }

    /// Gives up durability for speed: what was acknowledged may be lost with power.
    ///
    /// # Security
    ///
    /// A logout or revocation that is lost this way leaves its session open. [`Capabilities::durable`] is then false.
    ///
    /// [`Capabilities::durable`]: hallpass::Capabilities::durable
    #[must_use]
    pub fn danger_not_durable(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = Some(synchronous);
        self
    }
}

fn usual_readers() -> NonZeroUsize {
    const MOST: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).min(MOST)
}

impl From<&str> for SqliteOptions {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<&Path> for SqliteOptions {
    fn from(path: &Path) -> Self {
        Self::new(path)
    }
}

impl From<PathBuf> for SqliteOptions {
    fn from(path: PathBuf) -> Self {
        Self::new(path)
    }
}
