use std::fmt::Write as _;

use hallpass::{Event, EventKind, InvalidPolicy, Note, Realm, Sessions, Settings, StoreError};

use crate::config::Config;
use crate::events::tell;

/// Where it is written by which policy the service judged last.
const POLICY: &str = "audit/policy";

/// Tells if the service is about to judge by another policy than the last that ran on this store.
pub(crate) async fn tell_policy(
    config: &Config,
    settings: &dyn Settings,
    sessions: &Sessions,
) -> Result<(), InvalidPolicy> {
    let now = text(config)?;
    match changed(settings, &now).await {
        Ok(true) => {
            let mut event = Event::new(EventKind::PolicyChanged, Realm::default(), sessions.now());
            event.note = Note::lossy(&now);
            tell(sessions, event).await;
        }
        Ok(false) => {}
        Err(error) if error.is_unsupported() => {}
        Err(error) => tracing::warn!(error = %error, "it is not known whether the policy changed"),
    }
    Ok(())
}

/// Writes the policy down, and tells whether there was another one.
async fn changed(settings: &dyn Settings, now: &str) -> Result<bool, StoreError> {
    let before = settings.load(POLICY).await?;
    if before.as_deref() == Some(now.as_bytes()) {
        return Ok(false);
    }
    // Of two nodes that start at once with the same policy, one tells.
    let outcome = settings.save(POLICY, now.as_bytes(), before.as_deref()).await?;
    Ok(before.is_some() && outcome == hallpass::Outcome::Applied)
}

/// Returns the policies in words; a setting has room for some hundred profiles.
fn text(config: &Config) -> Result<String, InvalidPolicy> {
    let mut text = String::new();
    for (profile, policy) in config.policies().map_err(|(_, error)| error)? {
        let terms = policy.terms();
        if !text.is_empty() {
            text.push_str("; ");
        }
        let (idle, absolute, renewal) = (terms.idle, terms.absolute, terms.renewal);
        let _ = write!(text, "{profile}: idle {idle} s, absolute {absolute} s, renewal {renewal} s"); // text takes all
    }
    text.truncate(text.floor_char_boundary(<dyn Settings>::LONGEST_VALUE));
    Ok(text)
}
