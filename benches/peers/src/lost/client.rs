use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A browser. Where the session is in the cookie, parallel answers each bring another one, and the last to arrive stays.
#[derive(Debug, Clone)]
pub(super) struct Client {
    address: SocketAddr,
    cookie: String,
    kept: Arc<Mutex<Option<String>>>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    cookie: Option<String>,
    body: String,
}

impl Client {
    /// Starts a session.
    pub(super) async fn start(address: SocketAddr) -> Self {
        let mut client = Self { address, cookie: String::new(), kept: Arc::default() };
        let answer = client.clone().get("/start/u0000000".to_owned()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        client.cookie = answer.cookie.expect("a session begins with a cookie");
        client
    }

    /// Goes on with the cookie that arrived last, as a browser does.
    pub(super) fn settle(&mut self) {
        if let Some(kept) = self.kept.lock().expect("no panic").take() {
            self.cookie = kept;
        }
    }

    /// Returns how high the number is, and how many of the keys are there.
    pub(super) async fn seen(self, keys: usize) -> [usize; 2] {
        let answer = self.get(format!("/seen/{keys}")).await;
        let mut numbers = answer.body.split(' ').map(|number| number.trim().parse().expect("two numbers"));
        [numbers.next().expect("a number"), numbers.next().expect("another")]
    }

    pub(super) async fn get(self, path: String) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        let Self { cookie, .. } = &self;
        let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("the server answers");
        let answer = Answer::read(&text);
        if let Some(cookie) = &answer.cookie {
            *self.kept.lock().expect("no panic") = Some(cookie.clone());
        }
        answer
    }
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let cookie = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_it = name.eq_ignore_ascii_case("set-cookie");
            is_it.then(|| value.split(';').next().unwrap_or_default().trim().to_owned())
        });
        Self { status: status.parse().expect("a number"), cookie, body: body.to_owned() }
    }
}
