//! Servers that answer wrongly: garbage, lines that are cut, lengths that are lies, answers that are out of step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::{Expected, Store};
use hallpass_memcached::MemcachedStore;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{changed, connect, record};

const STATS: &str = "STAT pid 1\r\nSTAT version 1.6.18\r\nSTAT time 1800000000\r\nEND\r\n";
const SETTINGS: &str = "STAT item_size_max 2097152\r\nSTAT evictions off\r\nSTAT cas_enabled yes\r\nEND\r\n";

/// Answers as a server does when it is connected to, and with these bytes to everything else.
async fn lie(mut stream: TcpStream, answer: Arc<Vec<u8>>) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match line.as_str() {
            "stats" => STATS.as_bytes(),
            "stats settings" => SETTINGS.as_bytes(),
            line => {
                // A lie about the number of the question would be noticed first.
                let number = line.rsplit(" O").next().unwrap_or_default();
                let told = String::from_utf8_lossy(&answer).replace("{}", number);
                let bytes = if answer.is_ascii() { told.into_bytes() } else { answer.to_vec() };
                write.write_all(&bytes).await?;
                continue;
            }
        };
        write.write_all(answer).await?;
    }
    Ok(())
}

/// Starts a server that answers this to every question; returns its URL.
async fn liar(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let url = format!("memcached://{}?timeout_ms=500", listener.local_addr().expect("it is bound"));
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(lie(stream, Arc::clone(&answer)));
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_answer_is_unavailable_and_never_an_absence_or_a_write() {
    let endless = vec![b'x'; 100_000];
    let answers: Vec<Vec<u8>> = vec![
        b"EN O999999\r\n".to_vec(),
        b"EN\r\n".to_vec(),
        b"HD\r\n".to_vec(),
        b"NF O{}x\r\n".to_vec(),
        b"OK\r\n".to_vec(),
        b"\r\n".to_vec(),
        b"\x00\xff\xfe\r\n".to_vec(),
        b"END\r\nEND\r\n".to_vec(),
        b"STAT a b\r\n".to_vec(),
        b"EN O{}\n".to_vec(),
        b"VA 99999999999999999999999 c1 O{}\r\nabc\r\n".to_vec(),
        b"VA 4294967295 c1 O{}\r\nabc\r\n".to_vec(),
        b"VA -1 c1 O{}\r\nabc\r\n".to_vec(),
        b"VA 2 c1 O{}\r\nabcdef\r\n".to_vec(),
        b"VA 3 O{}\r\nabc\r\n".to_vec(),
        b"VA 3 c1 c2x O{}\r\nabc".to_vec(),
        b"VA 30 c1 O{}\r\nabc\r\n".to_vec(),
        b"VA 3".to_vec(),
        b"SERVER_ERROR \x1b[2J it is on fire\r\n".to_vec(),
        b"CLIENT_ERROR no\r\n".to_vec(),
        b"ERROR\r\n".to_vec(),
        b"SERVER_ERROR out of memory storing object\r\n".to_vec(),
        endless,
        Vec::new(),
    ];
    for answer in answers {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        let store = connect(&liar(answer).await).await;
        let record = record();
        let start = Instant::now();
        let error = store.load(&record.realm, &record.id).await.expect_err(&shown);
        assert!(error.is_unavailable(), "{shown:?}: {error}");
        assert!(!error.to_string().contains('\x1b'), "{error}");
        let error = store.save(&record, Expected::Absent, &[]).await.expect_err(&shown);
        assert!(error.is_unavailable(), "{shown:?}: {error}");
        let next = changed(&record, "{}");
        let error = store.save(&next, Expected::Version(record.version), &[]).await.expect_err(&shown);
        assert!(error.is_unavailable(), "{shown:?}: {error}");
        let error = store.epoch(&record.realm, &crate::support::subject("a"), true).await.expect_err(&shown);
        assert!(error.is_unavailable() || error.is_corrupt(), "{shown:?}: {error}");
        assert!(start.elapsed() < Duration::from_secs(5), "{shown:?} costs {:?}", start.elapsed());
    }
}

/// Two questions are under way, and their answers come the other way round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_in_the_wrong_order_are_nobodys() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let url = format!("memcached://{}?timeout_ms=500", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (read, mut write) = stream.split();
                let mut lines = BufReader::new(read).lines();
                let mut numbers = Vec::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    match line.as_str() {
                        "stats" => drop(write.write_all(STATS.as_bytes()).await),
                        "stats settings" => drop(write.write_all(SETTINGS.as_bytes()).await),
                        line => numbers.push(line.rsplit(' ').next().unwrap_or_default().to_owned()),
                    }
                    if let [first, second] = &numbers[..] {
                        let answer = format!("EN {second}\r\nEN {first}\r\n");
                        let _ = write.write_all(answer.as_bytes()).await;
                        numbers.clear();
                    }
                }
            });
        }
    });
    let store = connect(&url).await;
    let (one, other) = (record(), record());
    let (first, second) = tokio::join!(store.load(&one.realm, &one.id), store.load(&other.realm, &other.id));
    for found in [first, second] {
        assert!(found.expect_err("they are not told of an absence that is not theirs").is_unavailable());
    }
}

/// What speaks another protocol, or too old a version, is told when the store is opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_memcached_is_told_at_the_start() {
    for (greeting, part) in [
        ("+PONG\r\n", "something else"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "something else"),
        ("STAT version 1.5.6\r\nSTAT time 1\r\nEND\r\n", "1.5.6"),
        ("ERROR Too many open connections\r\n", "Too many open connections"),
        ("", "closed"),
    ] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let url = format!("memcached://{}", listener.local_addr().expect("it is bound"));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = [0; 64];
                let _ = stream.read(&mut bytes).await;
                if !greeting.is_empty() {
                    let _ = stream.write_all(greeting.repeat(2).as_bytes()).await;
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            }
        });
        let error = MemcachedStore::from_url(&url).await.expect_err("no Memcached");
        assert!(error.to_string().contains(part), "{error}");
    }
}
