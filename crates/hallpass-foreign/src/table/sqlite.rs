use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hallpass::StoreError;
use hallpass_dialects::django::Django;
use hallpass_dialects::{Credential, Dialect, Session};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::Row;
use crate::error::Error;
use crate::found::Found;
use crate::home::{Home, Page};

/// How long is waited for another program that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sessions of Django's backend `db` in a file of SQLite; its own settings name the time zone, and hold UTC.
#[derive(Clone)]
pub struct SqliteHome {
    connection: Arc<Mutex<Connection>>,
    django: Django,
    path: PathBuf,
}

impl SqliteHome {
    /// Opens the file, which has to be there.
    ///
    /// # Errors
    ///
    /// If there is no such file, or it has no table `django_session`.
    pub fn open(path: impl AsRef<Path>, django: Django) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.prepare("SELECT session_key, session_data, expire_date FROM django_session LIMIT 0")?;
            Ok(connection)
        };
        let connection = open().map_err(|error| away(&path, &error))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), django, path })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || work(&connection.lock())).await;
        match done {
            Ok(done) => done.map_err(|error| away(&self.path, &error)),
            Err(_) => Err(Error::answer("the thread of the database ended")),
        }
    }
}

fn away(path: &Path, error: &rusqlite::Error) -> Error {
    StoreError::unavailable(format!("{}: {error}", path.display())).into()
}

fn many(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let date: String = row.get(2)?;
    Ok(Row { key: row.get(0)?, data: row.get(1)?, expires_at_ms: from_date(&date) })
}

/// Reads a date as Django writes it: without a zone, in UTC. What is none was over long ago.
fn from_date(text: &str) -> i64 {
    let date: Option<DateTime> = text.parse().ok();
    date.and_then(|date| date.to_zoned(TimeZone::UTC).ok()).map_or(0, |zoned| zoned.timestamp().as_millisecond())
}

/// Writes a date as Django does; six digits always, so that text is in the order of time.
fn to_date(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}

#[async_trait]
impl Home for SqliteHome {
    fn dialect(&self) -> &dyn Dialect {
        &self.django
    }

    fn new_session(&self, _: i64) -> Session {
        Session::new()
    }

    async fn load(&self, credential: &Credential, now_ms: i64) -> Result<Option<Found>, Error> {
        let key = credential.danger_expose().to_owned();
        let sql = "SELECT session_key, session_data, expire_date FROM django_session WHERE session_key = ?1";
        let found = self.with(move |connection| connection.query_row(sql, [key], row).optional()).await?;
        Ok(found.and_then(|row| row.found(&self.django, now_ms)))
    }

    async fn list(&self, after: Option<&str>, limit: usize, now_ms: i64) -> Result<Page, Error> {
        let after = after.unwrap_or_default().to_owned();
        let most = many(limit);
        let sql = "SELECT session_key, session_data, expire_date FROM django_session \
                   WHERE session_key > ?1 ORDER BY session_key LIMIT ?2";
        let rows: Vec<Row> = self
            .with(move |connection| connection.prepare_cached(sql)?.query_map(params![after, most], row)?.collect())
            .await?;
        let next = rows.last().filter(|_| rows.len() >= limit).map(|row| row.key.clone());
        Ok(Page { items: rows.into_iter().filter_map(|row| row.found(&self.django, now_ms)).collect(), next })
    }

    async fn create(&self, credential: &Credential, session: &Session, now_ms: i64) -> Result<bool, Error> {
        let row = Row::of(&self.django, credential, session, now_ms)?;
        let sql = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (session_key) DO NOTHING";
        let insert = move |connection: &Connection| {
            connection.execute(sql, params![row.key, row.data, to_date(row.expires_at_ms)])
        };
        Ok(self.with(insert).await? > 0)
    }

    async fn replace(&self, found: &Found, session: &Session, now_ms: i64) -> Result<bool, Error> {
        let row = Row::of(&self.django, &found.credential, session, now_ms)?;
        let read = String::from_utf8_lossy(found.stored.bytes().unwrap_or_default()).into_owned();
        let sql = "UPDATE django_session SET session_data = ?2, expire_date = ?3 \
                   WHERE session_key = ?1 AND session_data = ?4";
        let update = move |connection: &Connection| {
            connection.execute(sql, params![row.key, row.data, to_date(row.expires_at_ms), read])
        };
        Ok(self.with(update).await? > 0)
    }

    /// Django notes the use of a session only when it saves it.
    async fn touch(&self, _: &Found, _: i64) -> Result<bool, Error> {
        Ok(true)
    }

    async fn revoke(&self, credential: &Credential, _: i64) -> Result<bool, Error> {
        let key = credential.danger_expose().to_owned();
        let sql = "DELETE FROM django_session WHERE session_key = ?1";
        Ok(self.with(move |connection| connection.execute(sql, [key])).await? > 0)
    }

    async fn sweep(&self, limit: usize, now_ms: i64) -> Result<usize, Error> {
        // A second late, so that no digit less in a date makes a living row look over.
        let before = to_date(now_ms.saturating_sub(1000));
        let most = many(limit);
        let sql = "DELETE FROM django_session WHERE session_key IN \
                   (SELECT session_key FROM django_session WHERE expire_date < ?1 LIMIT ?2)";
        self.with(move |connection| connection.execute(sql, params![before, most])).await
    }
}

impl fmt::Debug for SqliteHome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteHome").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_django() {
        for (text, at_ms) in [
            ("2026-01-01 00:00:00", 1_767_225_600_000),
            ("2026-01-01 00:00:00.500000", 1_767_225_600_500),
            ("nonsense", 0),
        ] {
            assert_eq!(from_date(text), at_ms, "{text}");
        }
        assert_eq!(to_date(1_767_225_600_500), "2026-01-01 00:00:00.500000");
        assert_eq!(from_date(&to_date(1_767_225_600_007)), 1_767_225_600_007);
    }
}
