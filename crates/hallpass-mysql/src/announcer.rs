use std::sync::Arc;

use hallpass::Change;
use hallpass_sql::Announcer;
use mysql_async::Value as Raw;

use crate::connections::Connections;
use crate::error::Fault;

const AT_ONCE: usize = 1_000;

/// Tells other nodes what this one has changed: whatever has gathered at once, in one statement.
pub(crate) fn start(connections: Arc<Connections>) -> Announcer {
    Announcer::start(AT_ONCE, move |changes| say(Arc::clone(&connections), changes))
}

async fn say(connections: Arc<Connections>, changes: Vec<Change>) -> Result<(), Fault> {
    let places = vec!["(?, ?)"; changes.len()].join(", ");
    let sql = format!("INSERT INTO hallpass_changes (realm, id) VALUES {places}");
    connections.write_once(&sql, changes.iter().flat_map(row).collect()).await
}

/// What is of no realm says that news was lost on its way.
fn row(change: &Change) -> [Raw; 2] {
    match change {
        Change::Session { realm, id } => [realm.as_str().into(), Raw::Bytes(id.as_bytes().to_vec())],
        Change::Hole => ["".into(), Raw::Bytes(vec![0; 16])],
    }
}
