use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use hallpass_dialects::{Credential, Framework, Held, Map, Presented, Session};
use http::StatusCode;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::refusal::Refusal;
use crate::changes::Changes;
use crate::commit::{Committed, commit};
use crate::error::Error;
use crate::found::Found;
use crate::home::Home;

/// How often a new name is drawn; the second is never needed.
const DRAWS: usize = 4;

/// A request, and the session that it came with.
pub(super) struct Exchange {
    home: Arc<dyn Home>,
    cookies: Vec<u8>,
    found: OnceCell<Option<Found>>,
    pub(super) state: Mutex<State>,
}

/// What a handler did.
#[derive(Default)]
pub(super) struct State {
    pub(super) changes: Changes,
    pub(super) fate: Fate,
}

/// What is to become of the session.
#[derive(Default)]
pub(super) enum Fate {
    #[default]
    Stays,
    Ends,
    /// It ends, and another one begins with these attributes.
    Begins(Map),
}

impl Exchange {
    pub(super) fn new(home: Arc<dyn Home>, cookies: Vec<u8>) -> Self {
        Self { home, cookies, found: OnceCell::new(), state: Mutex::default() }
    }

    pub(super) fn home(&self) -> &dyn Home {
        &*self.home
    }

    /// Returns the session that was found; nothing before it was looked for.
    pub(super) fn found(&self) -> Option<&Found> {
        self.found.get().and_then(Option::as_ref)
    }

    /// Finds the session, the first time that somebody asks.
    pub(super) async fn open(&self) -> Result<(), Error> {
        self.found.get_or_try_init(|| self.find()).await.map(drop)
    }

    async fn find(&self) -> Result<Option<Found>, Error> {
        let now_ms = now_ms();
        let dialect = self.home.dialect();
        // A cookie that its framework would ignore is ignored.
        for presented in dialect.presented(&self.cookies, now_ms).into_iter().flatten() {
            let Presented::Points(credential) = presented else { continue };
            let Some(found) = self.home.load(&credential, now_ms).await? else { continue };
            if let Err(error) = &found.session {
                // It is not replaced by an empty one: the framework may well read it.
                return Err(error.clone().into());
            }
            if found.is_live(dialect, now_ms) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Stores what was done; returns the cookie that is to be set.
    pub(super) async fn commit(&self, status: StatusCode) -> Result<Option<String>, Refusal> {
        if self.found.get().is_none() {
            return Ok(None);
        }
        let State { changes, fate } = std::mem::take(&mut *self.state.lock());
        let (home, now_ms) = (self.home(), now_ms());
        let dialect = home.dialect();
        match (fate, self.found()) {
            (Fate::Ends, found) => {
                if let Some(found) = found {
                    home.revoke(&found.credential, now_ms).await?;
                }
                Ok(Some(dialect.removal_cookie()))
            }
            (Fate::Begins(mut attributes), found) => {
                changes.apply(&mut attributes)?;
                let set = self.begin(attributes, found, now_ms).await?;
                if let Some(found) = found {
                    home.revoke(&found.credential, now_ms).await?;
                }
                Ok(Some(set))
            }
            // Django stores nothing of a request that failed.
            (Fate::Stays, _) if dialect.framework() == Framework::Django && status.is_server_error() => Ok(None),
            (Fate::Stays, None) => {
                let mut attributes = Map::new();
                if !changes.apply(&mut attributes)? {
                    return Ok(None);
                }
                self.begin(attributes, None, now_ms).await.map(Some)
            }
            (Fate::Stays, Some(found)) => match commit(home, found, &changes, now_ms).await? {
                Committed::Gone => Err(Refusal::gone()),
                Committed::Unchanged => {
                    // Whoever only reads is answered also when nobody can note it: the session ends a little earlier.
                    let _ = home.touch(found, now_ms).await;
                    Ok(None)
                }
                Committed::Saved(session) => {
                    let is_told = match dialect.framework() {
                        Framework::Express => session.times.expires_at_ms.is_some(),
                        Framework::Spring => false,
                        _ => true,
                    };
                    is_told.then(|| self.cookie(&found.credential, &session, now_ms)).transpose()
                }
            },
        }
    }

    /// Stores a new session, and returns its cookie; how it is kept is taken over from the one before.
    async fn begin(&self, attributes: Map, before: Option<&Found>, now_ms: i64) -> Result<String, Refusal> {
        let dialect = self.home.dialect();
        let mut session = self.home.new_session(now_ms);
        session.attributes = attributes;
        if let Some(Ok(before)) = before.map(|before| &before.session) {
            session.own.clone_from(&before.own);
        }
        dialect.touch(&mut session, now_ms);
        for _ in 0..DRAWS {
            let credential = dialect.new_credential();
            if self.home.create(&credential, &session, now_ms).await? {
                return self.cookie(&credential, &session, now_ms);
            }
        }
        Err(Error::conflict("the name of a new session").into())
    }

    fn cookie(&self, credential: &Credential, session: &Session, now_ms: i64) -> Result<String, Refusal> {
        let set = self.home.dialect().set_cookie(Held::Points(credential), session, now_ms);
        set.map_err(|error| Error::from(error).into())
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("home", &self.home).field("found", &self.found()).finish_non_exhaustive()
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
