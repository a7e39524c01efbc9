//! Every pattern that the store serves, with two nodes of an application on one file.

use std::sync::Arc;

use hallpass_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::life;
use crate::support::place;

async fn ways() -> Option<(life::Ways, TempDir)> {
    let (folder, path) = place();
    let way = || Arc::new(SqliteStore::open(&*path).expect("a store"));
    Some(([way(), way()], folder))
}

life::lives!(ways);
