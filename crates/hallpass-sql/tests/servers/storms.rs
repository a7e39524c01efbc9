//! A server that is killed again and again under load.

use std::time::Duration;

use super::storm::{Servers, founder, ride_out};
use super::support::open;
use crate::server::{LOSSY, SCHEME, Server};

impl Servers for Server {
    fn strike(&mut self, _number: u32) {
        self.kill();
        std::thread::sleep(Duration::from_millis(300));
        self.start();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_over_the_server_undoes_nothing_acknowledged() {
    let Some(server) = Server::own(&[]) else { return };
    let url = server.url(&server.database());
    println!("{SCHEME}: {}", ride_out([open(&url).await, open(&url).await], server).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_over_a_server_that_writes_later_is_noticed() {
    let Some(server) = Server::own(LOSSY) else { return };
    let url = server.url(&server.database());
    founder([open(&url).await, open(&url).await], server).await;
}
