use hallpass_dialects::{Credential, Dialect, Framework, Keep, Session, Stored, User};

/// A session where its framework keeps it.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it is found by.
    pub credential: Credential,
    /// What is stored, as it was read.
    pub stored: Stored,
    /// What that says; an error if it cannot be read here. Then it can be counted and revoked, and not be changed.
    pub session: Result<Session, hallpass_dialects::Error>,
    /// How long the store keeps it from the moment it was read.
    pub kept: Keep,
}

impl Found {
    /// Tells whether its framework would take it.
    pub fn is_live(&self, dialect: &dyn Dialect, now_ms: i64) -> bool {
        self.kept != Keep::Not && self.session.as_ref().is_ok_and(|session| dialect.is_live(session, now_ms))
    }

    /// Returns how long it lives if nobody uses it.
    pub fn left(&self, dialect: &dyn Dialect, now_ms: i64) -> Keep {
        let times = self.session.as_ref().map(|session| session.times).unwrap_or_default();
        match (dialect.framework(), times.seen_at_ms, times.idle_s) {
            (Framework::Spring, _, Some(..0)) => Keep::Forever,
            // What an index keeps of it stays longer than it lives.
            (Framework::Spring, Some(seen_at_ms), Some(idle_s)) => {
                match seen_at_ms.saturating_add(idle_s.saturating_mul(1000)).saturating_sub(now_ms) {
                    ..=0 => Keep::Not,
                    left_ms => Keep::For(left_ms),
                }
            }
            _ => self.kept,
        }
    }

    /// Returns whose it is.
    pub fn user(&self, dialect: &dyn Dialect) -> Option<User> {
        self.session.as_ref().ok().and_then(|session| dialect.user(session))
    }
}
