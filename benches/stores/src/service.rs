//! The service, in this process, and clients that keep a connection to it.

use std::net::SocketAddr;
use std::sync::Arc;

use hallpass::{MemorySettings, Store};
use hallpass_server::stores::Opened;
use hallpass_server::{Config, Server};
use hallpass_sqlite::SqliteStore;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

/// Where the service is, and the key that opens it.
#[derive(Clone)]
pub(crate) struct Service {
    address: SocketAddr,
    key: Arc<str>,
}

impl Service {
    pub(crate) async fn on_sqlite(store: &SqliteStore) -> Self {
        Self::on(Opened { store: Arc::new(store.clone()), settings: Arc::new(store.settings()) }).await
    }

    pub(crate) async fn on_memory(store: Arc<dyn Store>) -> Self {
        Self::on(Opened { store, settings: Arc::new(MemorySettings::default()) }).await
    }

    /// Starts it with its defaults, on a port of its own; it runs as long as this program. What is to be swept is swept
    /// by whoever measures that.
    pub(crate) async fn on(opened: Opened) -> Self {
        let config = Config { listen: ([127, 0, 0, 1], 0).into(), sweep_interval: 3600, ..Config::default() };
        let server = Server::builder(config).opened(opened).start().await.expect("the service starts");
        let key = server.first_key().expect("the store had no key").expose().into();
        let address = server.address();
        tokio::spawn(server.run(std::future::pending()));
        Self { address, key }
    }

    pub(crate) async fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).await.expect("the service listens");
        stream.set_nodelay(true).expect("a socket");
        Connection { stream: BufStream::new(stream), service: self.clone() }
    }
}

pub(crate) struct Connection {
    stream: BufStream<TcpStream>,
    service: Service,
}

impl Connection {
    /// Posts JSON; answers the status.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> u16 {
        self.ask("POST", path, body).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> u16 {
        self.ask("GET", path, "").await
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> u16 {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.service.key,
            body.len()
        );
        self.stream.write_all(head.as_bytes()).await.expect("the service reads");
        self.stream.write_all(body.as_bytes()).await.expect("the service reads");
        self.stream.flush().await.expect("the service reads");
        self.read_answer().await
    }

    async fn read_answer(&mut self) -> u16 {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.expect("the service answers");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).await.expect("the service answers");
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().expect("a number");
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.expect("the whole body");
        status
    }
}
