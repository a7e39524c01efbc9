use crate::changes::Changes;
use crate::error::Error;
use crate::found::Found;
use crate::home::Home;

/// How often changes are done anew on what somebody else wrote meanwhile.
const ATTEMPTS: usize = 64;

/// What became of changes.
#[derive(Debug)]
#[must_use]
pub enum Committed {
    /// They are stored; the session as it now is.
    Saved(Box<hallpass_dialects::Session>),
    /// There was nothing to store.
    Unchanged,
    /// The session ended meanwhile, or is another user's: they were dropped, and nothing was brought back.
    Gone,
}

/// Stores changes of a session, however often others write it at the same time.
///
/// What others wrote meanwhile is read, and the changes are done again on it, key by key.
///
/// # Errors
///
/// If an attribute that was seen and set has changed, if the session cannot be written so that its framework reads it, or
/// if the store cannot be asked: then they may have been stored.
///
/// # Cancel safety
///
/// When dropped, all changes may have been stored, or none.
pub async fn commit(home: &dyn Home, found: &Found, changes: &Changes, now_ms: i64) -> Result<Committed, Error> {
    let dialect = home.dialect();
    let whose = found.user(dialect);
    let mut newer: Option<Found> = None;
    for _ in 0..ATTEMPTS {
        let found = newer.as_ref().unwrap_or(found);
        let mut session = found.session.clone()?;
        if !changes.apply(&mut session.attributes)? {
            return Ok(Committed::Unchanged);
        }
        dialect.touch(&mut session, now_ms);
        if home.replace(found, &session, now_ms).await? {
            return Ok(Committed::Saved(Box::new(session)));
        }
        match home.load(&found.credential, now_ms).await? {
            Some(present) if present.is_live(dialect, now_ms) && present.user(dialect) == whose => {
                newer = Some(present);
            }
            _ => return Ok(Committed::Gone),
        }
    }
    Err(Error::conflict("the session"))
}
