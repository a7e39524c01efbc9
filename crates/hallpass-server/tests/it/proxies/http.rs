//! Requests byte by byte: clients of HTTP tidy away what is tried here.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a proxy answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Tells whether it comes from the application.
    pub(super) fn reached(&self) -> bool {
        self.header("x-application") == Some("reached")
    }

    /// Returns the values that the application saw of a header, by a name that it may read in any spelling.
    pub(super) fn saw(&self, name: &str) -> Vec<String> {
        let canonical = |name: &str| name.to_ascii_lowercase().replace('_', "-");
        let lines = self.body.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(other, _)| canonical(other) == name).map(|(_, value)| value.to_owned()).collect()
    }

    /// Returns the first line that the application saw.
    pub(super) fn seen_line(&self) -> &str {
        self.body.lines().next().unwrap_or_default()
    }
}

/// Sends a request line and headers as they are, and closes.
pub(super) async fn send(port: u16, line: &str, headers: &[(&str, &str)]) -> Reply {
    let mut head = format!("{line}\r\n");
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    // Several proxies read `Connection` as a list, and one test needs it for something else.
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("connection")) {
        head += "Connection: close\r\n";
    }
    head += "\r\n";
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the proxy listens");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let read = async {
        // A proxy that resets the connection after its answer has answered; one that keeps it open has, too.
        while !is_whole(&answer) && stream.read_buf(&mut answer).await.is_ok_and(|count| count > 0) {}
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("the proxy answers in time");
    parse(&String::from_utf8_lossy(&answer)).unwrap_or_else(|| panic!("{line}: {:?}", String::from_utf8_lossy(&answer)))
}

/// Tells whether nothing more belongs to an answer that says how long it is.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
        || (head.contains("transfer-encoding: chunked") && body.ends_with("0\r\n\r\n"))
}

fn parse(answer: &str) -> Option<Reply> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pair =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let headers: Vec<_> = lines.filter_map(pair).collect();
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    Some(Reply { status, headers, body: if is_chunked { dechunked(body) } else { body.to_owned() } })
}

fn dechunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || rest.len() < size {
            break;
        }
        whole += &rest[..size];
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}
