use hallpass::audit::Purged;
use hallpass::{Actor, Event, EventKind, Note, PageLimit, Realm, StoreError, Timestamp};

use super::AuditTrail;
use crate::app::App;
use crate::events::tell;

/// Takes out what is older than the policy keeps: first it is said and signed, then it is done.
pub(super) async fn purge(app: &App, trail: &AuditTrail) -> Result<(), StoreError> {
    let Some(keeps) = app.config.audit.retention() else { return Ok(()) };
    if let Err(error) = app.sessions.check_clock().await {
        // By a clock that runs ahead, all would be old; what is taken out does not come back.
        tracing::warn!(error = %error, "nothing is taken out of the audit trail");
        return Ok(());
    }
    let now = app.sessions.now();
    let before = now.minus(keeps);
    // What was said earlier and was not finished.
    let said = trail.purged().await?;
    let mut done = forget(trail, said.as_ref().map_or(0, |purged| purged.through)).await?;
    if let Some((through, hash)) = last_before(trail, before).await? {
        let purged = Purged::new(through, hash, before, now, Actor::policy());
        trail.declare(purged).await?;
        done += forget(trail, through).await?;
        let mut event = Event::new(EventKind::AuditPurged, Realm::default(), now);
        event.note = Note::lossy(&format!("{done} lines, through line {through}, from before {before}"));
        tell(&app.sessions, event).await;
    }
    Ok(())
}

/// Returns the last line before the first whose event is from `before` or later; the last of all stays.
async fn last_before(
    trail: &AuditTrail,
    before: Timestamp,
) -> Result<Option<(u64, hallpass::audit::ChainHash)>, StoreError> {
    let (Some(first), Some(last)) = (trail.trail.first().await?, trail.trail.last().await?) else { return Ok(None) };
    let mut found = None;
    let mut after = first.number.saturating_sub(1);
    loop {
        let lines = trail.trail.sealed(after, PageLimit::MOST).await?;
        for line in &lines {
            // What cannot be read is evidence, and is kept with all after it.
            let is_over = line.event.as_ref().is_some_and(|event| event.at < before);
            if !is_over || line.seal.number >= last.number {
                return Ok(found);
            }
            found = Some((line.seal.number, line.seal.hash));
        }
        match lines.last() {
            Some(line) => after = line.seal.number,
            None => return Ok(found),
        }
    }
}

async fn forget(trail: &AuditTrail, through: u64) -> Result<u64, StoreError> {
    let mut done = 0;
    loop {
        let gone = if through == 0 { 0 } else { trail.trail.forget(through).await? };
        if gone == 0 {
            return Ok(done);
        }
        done += gone;
    }
}
