use std::time::Duration;

use hallpass::Timestamp;
use hallpass_foreign::{Found, Home, Keep};
use serde::Serialize;

use crate::output::{Cell, Column, Tone, Zone, relative, visible};

/// A session of another framework: never its values, and its key only where that was asked for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ForeignView {
    /// The first digits of the hash of its key.
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    pub(crate) framework: String,
    pub(crate) subject: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) state: &'static str,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) seen_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    /// The names of what is in it.
    pub(crate) attributes: Vec<String>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl ForeignView {
    /// Returns what may be seen of a session.
    pub(crate) fn of(home: &dyn Home, found: &Found, now: Timestamp, shows_key: bool) -> Self {
        let dialect = home.dialect();
        let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let session = found.session.as_ref().ok();
        let user = found.user(dialect).unwrap_or_default();
        let at = |at_ms: Option<i64>| at_ms.and_then(|at_ms| u64::try_from(at_ms).ok()).map(Timestamp::from_millis);
        let times = session.map(|session| session.times).unwrap_or_default();
        let left = found.left(dialect, now_ms);
        let expires_at = match left {
            Keep::For(millis) => Some(now.plus(Duration::from_millis(u64::try_from(millis).unwrap_or_default()))),
            Keep::Not => at(times.expires_at_ms),
            Keep::Forever => None,
        };
        let state = match (session, found.is_live(dialect, now_ms)) {
            // What cannot be read may be over all the same.
            (None, _) if found.kept == Keep::Not => "ended",
            (None, _) => "unreadable",
            (_, true) => "active",
            (_, false) => "ended",
        };
        let names = session.into_iter().flat_map(|session| session.attributes.iter());
        Self {
            id: found.credential.fingerprint().to_string(),
            key: shows_key.then(|| found.credential.danger_expose().to_owned()),
            framework: dialect.framework().to_string(),
            subject: Some(user.id).filter(|id| !id.is_empty()),
            roles: user.roles,
            state,
            created_at: at(times.created_at_ms),
            seen_at: at(times.seen_at_ms),
            expires_at,
            attributes: names.filter_map(|(name, _)| name.as_str().map(str::to_owned)).collect(),
            error: found.session.as_ref().err().map(ToString::to_string),
        }
    }

    fn tone(&self) -> Tone {
        match self.state {
            "active" => Tone::Good,
            "unreadable" => Tone::Warning,
            _ => Tone::Faint,
        }
    }
}

/// The columns of a listing.
pub(crate) const FOREIGN_COLUMNS: [Column; 7] = [
    Column::new("ID"),
    Column::new("SUBJECT").least(8),
    Column::new("STATE"),
    Column::new("ENDS"),
    Column::new("LAST SEEN").rank(1),
    Column::new("FRAMEWORK").rank(2),
    Column::new("KEY").rank(3),
];

/// Returns a session's row in a listing; the last cell is there where keys are shown.
pub(crate) fn foreign_row(session: &ForeignView, now: Timestamp) -> Vec<Cell> {
    let when = |at: Option<Timestamp>| Cell::or_dash(at.map(|at| relative(at, now)));
    let mut row = vec![
        Cell::new(session.id.clone(), Tone::Strong),
        Cell::or_dash(session.subject.as_deref().map(visible)),
        Cell::new(session.state, session.tone()),
        when(session.expires_at),
        when(session.seen_at),
        session.framework.clone().into(),
    ];
    row.extend(session.key.as_deref().map(|key| Cell::from(visible(key))));
    row
}

/// Returns what there is to know of a session, as names and words.
pub(crate) fn foreign_facts(session: &ForeignView, zone: &Zone, now: Timestamp) -> Vec<(&'static str, String)> {
    let when = |at: Timestamp| format!("{} ({})", zone.show(at), relative(at, now));
    let mut facts = vec![("id", session.id.clone())];
    facts.extend(session.key.as_deref().map(|key| ("key", visible(key))));
    facts.push(("framework", session.framework.clone()));
    facts.push(("subject", session.subject.as_deref().map_or_else(|| "nobody yet".to_owned(), visible)));
    if !session.roles.is_empty() {
        facts.push(("roles", visible(&session.roles.join(", "))));
    }
    facts.push(("state", session.tone().paint(session.state)));
    facts.extend(session.created_at.map(|at| ("created", when(at))));
    facts.extend(session.seen_at.map(|at| ("last seen", when(at))));
    facts.extend(session.expires_at.map(|at| ("ends if unused", when(at))));
    facts.push(("attributes", visible(&session.attributes.join(", "))));
    facts.extend(session.error.as_deref().map(|error| ("cannot be read", visible(error))));
    facts
}
