use super::{Gorilla, Home};
use crate::dialect::Keep;
use crate::session::Session;

impl Gorilla {
    /// A file and a cookie say when they were written, and are as old as their codec accepts.
    pub(super) fn lives(&self, session: &Session, now_ms: i64) -> bool {
        let max_age_ms = self.codec.max_age_s.saturating_mul(1000);
        match session.times.signed_at_ms {
            Some(at_ms) if max_age_ms != 0 => at_ms >= now_ms.saturating_sub(max_age_ms),
            _ => true,
        }
    }

    pub(super) fn keep_for(&self) -> Keep {
        match (self.max_age_s, self.zero_age_s, self.home) {
            // Files are never cleaned up, and cookies are not kept here.
            (1.., _, Home::File | Home::Cookie) | (0, _, Home::Cookie) => Keep::Forever,
            (seconds @ 1.., ..) | (0, Some(seconds), Home::Redistore) => Keep::For(seconds.saturating_mul(1000)),
            _ => Keep::Not,
        }
    }
}
