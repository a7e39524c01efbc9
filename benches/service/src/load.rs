//! The client: one thread, and connections that are kept.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};

const CONNECTIONS: usize = 64;
/// What is due within this time is sent together, as it comes from many proxies.
const TICK: Duration = Duration::from_micros(100);

/// Asks as fast as answers come, and returns how many came a second.
pub fn closed(address: SocketAddr, requests: &[Vec<u8>], time: Duration) -> f64 {
    let requests: Rc<[Vec<u8>]> = requests.into();
    let next = Rc::new(Cell::new(0));
    let begun = Instant::now();
    let asked = Rc::clone(&next);
    on_connections(address, move |mut connection| {
        let (next, requests) = (Rc::clone(&next), Rc::clone(&requests));
        async move {
            while begun.elapsed() < time {
                let number = next.replace(next.get() + 1);
                connection.ask(&requests[number % requests.len()]).await;
            }
        }
    });
    asked.get() as f64 / begun.elapsed().as_secs_f64()
}

/// Asks for each request once, as fast as answers come.
pub fn each(address: SocketAddr, requests: &[Vec<u8>]) {
    let requests: Rc<[Vec<u8>]> = requests.into();
    let next = Rc::new(Cell::new(0));
    on_connections(address, move |mut connection| {
        let (next, requests) = (Rc::clone(&next), Rc::clone(&requests));
        async move {
            while let Some(request) = requests.get(next.replace(next.get() + 1)) {
                connection.ask(request).await;
            }
        }
    });
}

/// Asks so often a second, and returns how long the answers took from when the question was due, in order.
pub fn paced(address: SocketAddr, requests: &[Vec<u8>], rate: f64, time: Duration) -> Vec<Duration> {
    let requests: Rc<[Vec<u8>]> = requests.into();
    let (due, come) = async_channel::unbounded();
    let pacer = thread::spawn(move || pace(&due, rate, time));
    let taken = Rc::new(RefCell::new(Vec::new()));
    let next = Rc::new(Cell::new(0));
    let times = Rc::clone(&taken);
    on_connections(address, move |mut connection| {
        let (requests, next) = (Rc::clone(&requests), Rc::clone(&next));
        let (come, times) = (come.clone(), Rc::clone(&times));
        async move {
            while let Ok(due) = come.recv().await {
                let number = next.replace(next.get() + 1);
                connection.ask(&requests[number % requests.len()]).await;
                times.borrow_mut().push(Instant::now().duration_since(due));
            }
        }
    });
    pacer.join().expect("the pacer ends by itself");
    let mut taken = taken.take();
    taken.sort_unstable();
    taken
}

fn pace(due: &async_channel::Sender<Instant>, rate: f64, time: Duration) {
    let begun = Instant::now();
    let mut number = 0_u32;
    while begun.elapsed() < time {
        let now = Instant::now();
        loop {
            let at = begun + Duration::from_secs_f64(f64::from(number) / rate);
            if at > now {
                break;
            }
            due.send_blocking(at).expect("the connections wait");
            number += 1;
        }
        thread::sleep(TICK);
    }
}

fn on_connections<F: Future<Output = ()> + 'static>(address: SocketAddr, client: impl Fn(Connection) -> F) {
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

/// Asks once, and returns the whole answer.
pub fn ask(address: SocketAddr, request: &[u8]) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = Connection::open(address).await;
        connection.exchange(request).await;
        String::from_utf8_lossy(&connection.answer).into_owned()
    })
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the service listens");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, answer: Vec::with_capacity(4096) }
    }

    /// Asks what is to be answered well.
    async fn ask(&mut self, request: &[u8]) {
        self.exchange(request).await;
        let is_good = self.answer.starts_with(b"HTTP/1.1 20");
        assert!(is_good, "{}", String::from_utf8_lossy(&self.answer));
    }

    async fn exchange(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.expect("the service reads");
        self.answer.clear();
        while !is_whole(&self.answer) {
            let read = self.stream.read_buf(&mut self.answer).await.expect("the service answers");
            assert!(read > 0, "cut off: {}", String::from_utf8_lossy(&self.answer));
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = str::from_utf8(&answer[..end]).expect("headers are text");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().expect("a number"))
    });
    answer.len() >= end + 4 + length.unwrap_or(0)
}
