//! The service, in a process of its own.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hallpass::{MemorySettings, MemoryStore, Store};
use hallpass_server::stores::Opened;
use hallpass_server::{Config, Server};

use crate::fill::{fill, now};

/// Fills a store on a server, and writes the tokens of all sessions to a file: apart from the service, whose memory is
/// measured.
pub fn seed(url: &str, sessions: usize, tokens: &Path) {
    crate::runtime().block_on(async {
        let opened = hallpass_server::stores::open(url).await.expect("the store is there");
        write_tokens(&*opened.store, sessions, tokens).await;
    });
    println!("listening at 127.0.0.1:0");
}

/// Fills a store in memory, writes the tokens of all sessions to a file, and serves for as long as it runs.
pub fn serve(url: &str, cache: usize, sessions: usize, tokens: &Path) {
    crate::runtime().block_on(async {
        let opened = match url {
            "memory:" => Opened {
                store: Arc::new(MemoryStore::with_capacity(sessions)),
                settings: Arc::new(MemorySettings::default()),
            },
            url => hallpass_server::stores::open(url).await.expect("the store is there"),
        };
        if url == "memory:" {
            write_tokens(&*opened.store, sessions, tokens).await;
        }
        let listen = ([127, 0, 0, 1], 0).into();
        let config = Config { listen, cache, sweep_interval: 3600, ..Config::default() };
        let server = Server::builder(config).opened(opened).start().await.expect("the service starts");
        let key = server.first_key().expect("the store had no key").expose().to_owned();
        println!("listening at {} key {key}", server.address());
        server.run(std::future::pending()).await.expect("it serves");
    });
}

async fn write_tokens(store: &dyn Store, sessions: usize, path: &Path) {
    let shown = fill(store, sessions, 1, now().plus(Duration::from_hours(240))).await;
    let mut text = String::new();
    for token in shown {
        let _ = writeln!(text, "{}", token.expose()); // writing to a string cannot fail
    }
    std::fs::write(path, text).expect("a folder that can be written");
}
