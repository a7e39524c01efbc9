use super::{Repository, Spring};
use crate::dialect::Keep;
use crate::session::Session;

/// How much longer than a session its hash is kept by repositories with an index, so that its end can be told.
const SLACK_S: i64 = 300;

/// Tells whether a session has not been unused for too long: exactly as long is too long.
pub(super) fn lives(session: &Session, now_ms: i64) -> bool {
    match (session.times.idle_s, session.times.seen_at_ms) {
        (Some(..0) | None, _) | (_, None) => true,
        (Some(idle_s), Some(seen_at_ms)) => now_ms.saturating_sub(idle_s.saturating_mul(1000)) < seen_at_ms,
    }
}

pub(super) fn touch(session: &mut Session, now_ms: i64) -> bool {
    let is_later = session.times.seen_at_ms.is_none_or(|seen_at_ms| seen_at_ms < now_ms);
    if is_later {
        session.times.seen_at_ms = Some(now_ms);
    }
    is_later
}

impl Spring {
    /// Returns how long the hash is kept.
    ///
    /// A session that never ends is kept for ever, also where Spring itself loses it (spring-session 3362).
    pub(super) fn keep_for(&self, session: &Session, now_ms: i64) -> Keep {
        let idle_s = session.times.idle_s.unwrap_or(self.idle_s);
        if idle_s < 0 {
            return Keep::Forever;
        }
        let slack_s = match self.repository {
            Repository::Indexed | Repository::ReactiveIndexed => SLACK_S,
            Repository::Redis | Repository::Reactive | Repository::Jdbc => 0,
        };
        let seen_at_ms = session.times.seen_at_ms.unwrap_or(now_ms);
        let ends_at_ms = seen_at_ms.saturating_add(idle_s.saturating_add(slack_s).saturating_mul(1000));
        match ends_at_ms.saturating_sub(now_ms) {
            ..=0 => Keep::Not,
            left_ms => Keep::For(left_ms),
        }
    }
}

/// Returns the minute at whose end a session is looked at: strictly the next one after its own end.
pub(super) fn expiry_minute_ms(session: &Session) -> Option<i64> {
    let idle_s = session.times.idle_s.filter(|idle_s| *idle_s >= 0)?;
    let ends_at_ms = session.times.seen_at_ms?.saturating_add(idle_s.saturating_mul(1000));
    Some(ends_at_ms.div_euclid(60_000).saturating_add(1).saturating_mul(60_000))
}
