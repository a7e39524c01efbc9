//! The client: a process with one thread, and connections that are kept.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};

const CONNECTIONS: usize = 64;

/// Starts as many sessions as are asked for at this route, and prints their cookies.
pub fn start(address: &str, route: &str, count: usize) {
    let next = Rc::new(Cell::new(0));
    on_connections(address, move |mut connection| {
        let (next, route) = (Rc::clone(&next), route.to_owned());
        async move {
            while next.get() < count {
                let number = next.replace(next.get() + 1);
                let answer = connection.get(&format!("/{route}/u{number:07}"), "").await;
                assert_eq!(answer.status, 200);
                println!("{}", answer.cookie.expect("a session begins with a cookie"));
            }
        }
    });
}

/// Asks for a route with the cookies of the standard input in turn, and prints how many answers a second came, and how
/// many others than 200.
pub fn load(address: &str, route: &str, seconds: f64) {
    let cookies: Rc<[String]> = std::io::stdin().lines().map(|line| line.expect("text")).collect();
    let (next, refused) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(seconds);
    let (asked, others) = (Rc::clone(&next), Rc::clone(&refused));
    on_connections(address, move |mut connection| {
        let (next, refused, cookies) = (Rc::clone(&next), Rc::clone(&refused), Rc::clone(&cookies));
        let path = format!("/{route}");
        async move {
            while Instant::now() < end {
                let number: usize = next.replace(next.get() + 1);
                let answer = connection.get(&path, &cookies[number % cookies.len()]).await;
                assert!(!answer.body.is_empty(), "an attribute is read");
                refused.set(refused.get() + usize::from(answer.status != 200));
            }
        }
    });
    println!("{} {}", asked.get() as f64 / started.elapsed().as_secs_f64(), others.get());
}

fn on_connections<F: Future<Output = ()> + 'static>(address: &str, client: impl Fn(Connection) -> F) {
    let address: SocketAddr = address.parse().expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(spawn_local(client(Connection::open(address).await)));
        }
        for client in clients {
            client.await.expect("the client ends by itself");
        }
    });
}

struct Connection(BufStream<TcpStream>);

#[derive(Debug, Default)]
struct Answer {
    status: u16,
    cookie: Option<String>,
    body: String,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the service listens");
        stream.set_nodelay(true).expect("a socket");
        Self(BufStream::new(stream))
    }

    async fn get(&mut self, path: &str, cookie: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.expect("the service reads");
        self.0.flush().await.expect("the service reads");
        let (mut answer, mut length, mut line) = (Answer::default(), 0, String::new());
        self.0.read_line(&mut line).await.expect("the service answers");
        answer.status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        loop {
            line.clear();
            self.0.read_line(&mut line).await.expect("the service answers");
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().expect("a number");
            } else if name.eq_ignore_ascii_case("set-cookie") {
                let pair = value.split(';').next().unwrap_or_default();
                answer.cookie = Some(answer.cookie.map_or_else(|| pair.to_owned(), |first| format!("{first}; {pair}")));
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("the whole body");
        answer.body = String::from_utf8(body).expect("text");
        answer
    }
}
