//! Every pattern that the store serves, with two nodes of an application on one server.

use std::sync::Arc;

use crate::life;
use crate::support::{Alone, connect, start};

async fn ways() -> Option<(life::Ways, Alone)> {
    let server = start()?;
    let url = server.url();
    Some(([Arc::new(connect(&url).await), Arc::new(connect(&url).await)], server))
}

life::lives!(ways);
