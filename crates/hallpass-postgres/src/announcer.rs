use std::sync::Arc;

use hallpass::Change;
use hallpass_sql::Announcer;

use crate::connections::Connections;
use crate::error::Fault;
use crate::line;
use crate::statement::Named;

pub(crate) const ANNOUNCE: &str = "SELECT pg_notify('hallpass', told)::text FROM unnest($1::text[]) AS given (told)";

const AT_ONCE: usize = 2_000;

/// Tells other nodes what this one has changed.
///
/// Commits that notify wait for each other, also for each other's sync. So what is frequent is announced after its commit,
/// whatever has gathered at once: such an announcement writes nothing and waits for no disk.
pub(crate) fn start(connections: Arc<Connections>) -> Announcer {
    Announcer::start(AT_ONCE, move |changes| say(Arc::clone(&connections), changes))
}

async fn say(connections: Arc<Connections>, changes: Vec<Change>) -> Result<(), Fault> {
    connections.write(Named::Announce, &[&line::many(&changes)]).await.map(drop)
}
