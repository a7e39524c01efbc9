//! Every pattern that the store serves, with two nodes of an application on one database.

use std::sync::Arc;

use super::life;
use super::support::{open, place};

async fn ways() -> Option<(life::Ways, ())> {
    let (store, server, database) = place().await?;
    Some(([Arc::new(store), Arc::new(open(&server.url(&database)).await)], ()))
}

life::lives!(ways);
