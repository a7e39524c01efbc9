use crate::date;
use crate::dialect::Keep;
use crate::session::Session;
use crate::value::Value;

/// Does what `touch` of express-session does: the cookie lives for its original age from now on.
///
/// Only the store's expiry is moved by that; what is stored stays as it is until something else is written.
pub(super) fn touch(session: &mut Session, now_ms: i64) {
    let Some(age) = session.own.get("originalMaxAge").and_then(Value::as_int) else { return };
    let expires_at = now_ms.saturating_add(age);
    if let Some(text) = date::iso(expires_at) {
        session.own.insert("expires", text.into());
        session.times.expires_at_ms = Some(expires_at);
    }
}

/// Returns how long connect-redis keeps a session, in whole seconds that are rounded up.
pub(super) fn keep(session: &Session, ttl_s: Option<i64>, now_ms: i64) -> Keep {
    let Some(ttl_s) = ttl_s else { return Keep::Forever };
    let left_ms = match session.times.expires_at_ms {
        Some(at) => at.saturating_sub(now_ms).saturating_add(999).div_euclid(1000).saturating_mul(1000),
        None => ttl_s.saturating_mul(1000),
    };
    if left_ms > 0 { Keep::For(left_ms) } else { Keep::Not }
}
