//! Every pattern that the store serves, with two nodes of an application on one server.

use std::sync::Arc;

use rig::Redis;

use crate::life;
use crate::support::{connect, start};

async fn ways() -> Option<(life::Ways, Redis)> {
    let server = start()?;
    let url = server.url();
    Some(([Arc::new(connect(&url).await), Arc::new(connect(&url).await)], server))
}

life::lives!(ways);
