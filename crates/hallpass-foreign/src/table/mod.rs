//! Django's table `django_session`.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use hallpass_dialects::django::Django;
use hallpass_dialects::{Credential, Dialect as _, Keep, Session, Stored};

#[cfg(feature = "postgres")]
pub use self::postgres::PostgresHome;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteHome;
use crate::error::Error;
use crate::found::Found;

/// A row, as all databases have it.
struct Row {
    key: String,
    data: String,
    expires_at_ms: i64,
}

impl Row {
    /// Returns what a row says, and for how long.
    fn found(self, django: &Django, now_ms: i64) -> Option<Found> {
        let stored = Stored::Bytes(self.data.into_bytes());
        let session = django.read(&stored).map(|mut session| {
            // The column counts, whatever the text says.
            session.times.expires_at_ms = Some(self.expires_at_ms);
            session
        });
        let kept = match self.expires_at_ms.saturating_sub(now_ms) {
            ..=0 => Keep::Not,
            left_ms => Keep::For(left_ms),
        };
        Some(Found { credential: Credential::new(self.key)?, stored, session, kept })
    }

    /// Returns the row of a session.
    fn of(django: &Django, credential: &Credential, session: &Session, now_ms: i64) -> Result<Self, Error> {
        let stored = django.write(session, now_ms)?;
        let data = String::from_utf8(stored.bytes().unwrap_or_default().to_vec());
        let data = data.map_err(|_| Error::unsupported("a row of Django's is text"))?;
        let expires_at_ms = match django.keep(session, now_ms) {
            Keep::For(millis) => now_ms.saturating_add(millis),
            // There is no such thing as a row for ever, and no need of one.
            Keep::Forever | Keep::Not => now_ms,
        };
        Ok(Self { key: credential.danger_expose().to_owned(), data, expires_at_ms })
    }
}
