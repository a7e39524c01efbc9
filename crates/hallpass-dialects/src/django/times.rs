use super::{Backend, Django};
use crate::date;
use crate::dialect::Keep;
use crate::session::Session;
use crate::value::Value;

impl Django {
    /// Returns how many seconds are left, as `get_expiry_age` of Django counts them.
    pub(super) fn age_s(&self, session: &Session, now_ms: i64) -> i64 {
        match session.attributes.get("_session_expiry") {
            None => self.cookie_age_s,
            Some(expiry) => match (expiry.as_int(), expires_at_ms(expiry)) {
                // What ends when the browser is closed is stored for the usual time.
                (Some(0), _) | (None, None) => self.cookie_age_s,
                (Some(seconds), _) => seconds,
                (None, Some(at_ms)) => at_ms.saturating_sub(now_ms).div_euclid(1000),
            },
        }
    }

    pub(super) fn keep_for(&self, session: &Session, now_ms: i64) -> Keep {
        match self.age_s(session, now_ms) {
            ..=0 => Keep::Not,
            seconds => Keep::For(seconds.saturating_mul(1000)),
        }
    }

    /// A row and a file count until they end; what is in a cache counts for as long as it is there.
    pub(super) fn lives(&self, session: &Session, now_ms: i64) -> bool {
        let ends_at_ms = match self.backend {
            Backend::Cache => return true,
            Backend::File => session.times.expires_at_ms.or_else(|| {
                session.times.signed_at_ms.map(|at_ms| at_ms.saturating_add(self.cookie_age_s.saturating_mul(1000)))
            }),
            Backend::Db | Backend::CachedDb | Backend::SignedCookies => session.times.expires_at_ms,
        };
        ends_at_ms.is_none_or(|at_ms| at_ms > now_ms)
    }
}

/// Returns when a session ends that was given a date: text in ISO 8601, or a `datetime` where Python's types are kept.
pub(super) fn expires_at_ms(expiry: &Value) -> Option<i64> {
    expiry.as_str().and_then(date::from_iso)
}
