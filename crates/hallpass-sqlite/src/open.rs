use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::connection;
use crate::error::OpenError;
use crate::identity::{Identity, beside};
use crate::options::SqliteOptions;
use crate::schema;

/// A file that is checked, of the present schema, and held open.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) identity: Identity,
    /// A connection that is never used again. While it is open the log stays in place, whichever other connections are
    /// given up after an error; closed last, it copies the log into the file.
    pub(crate) anchor: Connection,
    pub(crate) is_durable: bool,
}

/// Opens the file, after making it if that is wanted.
pub(crate) fn open(options: &SqliteOptions) -> Result<Opened, OpenError> {
    // Creating a file here closes a handle to it, and with any handle to a file all locks that this process has on it
    // go (POSIX; <https://www.sqlite.org/howtocorrupt.html>, section 2.2). So nobody else opens meanwhile.
    static OPENING: Mutex<()> = Mutex::new(());
    let _alone = OPENING.lock();
    let path = existing(options)?;
    refuse_a_log_without_its_file(&path)?;
    let failed = |error| OpenError::sqlite(&path, error);
    let mut anchor = connection::writing(&path, options).map_err(failed)?;
    schema::prepare(&mut anchor, &path, options.busy_timeout)?;
    refuse_what_cannot_be_written(&anchor, &path)?;
    let is_durable = connection::is_durable(&anchor).map_err(failed)?;
    let identity = Identity::of(&path);
    Ok(Opened { path, identity, anchor, is_durable })
}

/// Returns the one name of the file, free of links, since SQLite names the log after that.
fn existing(options: &SqliteOptions) -> Result<PathBuf, OpenError> {
    let path = &options.path;
    let Some(_) = path.file_name() else { return Err(OpenError::NotAFile(path.clone())) };
    match fs::metadata(path) {
        Ok(file) if file.is_file() => {}
        Ok(_) => return Err(OpenError::NotAFile(path.clone())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(options)?,
        Err(error) => return Err(OpenError::system(path, error)),
    }
    fs::canonicalize(path).map_err(|error| OpenError::system(path, error))
}

fn create(options: &SqliteOptions) -> Result<(), OpenError> {
    let path = &options.path;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(OpenError::NoFolder(path.clone()));
    }
    if !options.create {
        return Err(OpenError::Missing(path.clone()));
    }
    match private().open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()), // another process was faster
        Err(error) => Err(OpenError::system(path, error)),
    }
}

/// The file tells who signed in from where: only its owner reads it. SQLite gives its companions the same permissions.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// SQLite takes an empty file for a new database, and removes a log that it finds beside it.
fn refuse_a_log_without_its_file(path: &Path) -> Result<(), OpenError> {
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    if length(path) == 0 && length(&beside(path, "-wal")) > 0 {
        let source = "the file is empty, but its -wal file is not".into();
        return Err(OpenError::Damaged { path: path.to_owned(), source });
    }
    Ok(())
}

/// A file that others may only read opens well, and would fail at the first write.
fn refuse_what_cannot_be_written(anchor: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    if anchor.is_readonly("main").map_err(failed)? {
        let source = "SQLite can only read it".into();
        return Err(OpenError::NotWritable { path: path.to_owned(), source });
    }
    Ok(())
}
