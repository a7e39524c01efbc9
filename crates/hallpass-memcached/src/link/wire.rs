use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::BytesMut;
use hallpass::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use zeroize::Zeroizing;

use super::Access;
use super::question::{Question, Waiting};
use crate::error::Fault;
use crate::facts::ServerFacts;
use crate::proto::{Ask, Decoder, Piece, Reply};

/// How many questions may be under way.
const MOST_UNDER_WAY: usize = 1024;
/// How many bytes may wait to be written before no more questions are taken.
const MOST_UNWRITTEN: usize = 1 << 20;

/// What a server said when it was connected to, and when.
pub(crate) struct Hello {
    pub(crate) facts: ServerFacts,
    time: Timestamp,
    at: Instant,
}

impl Hello {
    /// The server's own time, which it counts on from when it started, whatever becomes of its machine's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.time.plus(self.at.elapsed())
    }
}

/// One connection.
pub(super) struct Wire {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    decoder: Decoder,
    out: BytesMut,
    under_way: VecDeque<Waiting>,
    number: u64,
}

impl Wire {
    /// Connects, says who we are and hears who the server is.
    pub(super) async fn connect(access: &Access) -> Result<(Self, Hello), Fault> {
        let connecting = async {
            let stream = TcpStream::connect((access.server.host.as_str(), access.server.port)).await?;
            stream.set_nodelay(true)?;
            let (read, write) = stream.into_split();
            let mut wire = Self {
                read,
                write,
                decoder: Decoder::default(),
                out: BytesMut::new(),
                under_way: VecDeque::new(),
                number: 0,
            };
            if let Some(credentials) = &access.credentials {
                wire.authenticate(&credentials.line()).await?;
            }
            let hello = wire.hello(&access.server.name).await?;
            Ok((wire, hello))
        };
        timeout(access.connect_timeout, connecting).await.unwrap_or(Err(Fault::Late(access.connect_timeout)))
    }

    /// What the server calls the ASCII protocol's authentication: a `set` whose key does not matter.
    async fn authenticate(&mut self, line: &str) -> Result<(), Fault> {
        let question = Zeroizing::new(format!("set auth 0 0 {}\r\n{line}\r\n", line.len()));
        self.write.write_all(question.as_bytes()).await?;
        match self.piece().await?.line.as_str() {
            "STORED" => Ok(()),
            _ => Err(Fault::Refused),
        }
    }

    async fn hello(&mut self, name: &str) -> Result<Hello, Fault> {
        let stats = self.stats("").await?;
        let at = Instant::now();
        let settings = self.stats("settings").await?;
        let facts = ServerFacts::read(name, &stats, &settings)?;
        let time = stats.get("time").and_then(|time| time.parse::<u64>().ok());
        let seconds = time.ok_or(Fault::Answer("a server tells its time"))?;
        Ok(Hello { facts, time: Timestamp::UNIX_EPOCH.plus(Duration::from_secs(seconds)), at })
    }

    async fn stats(&mut self, of: &'static str) -> Result<BTreeMap<String, String>, Fault> {
        let ask = Ask::Stats { of };
        let (mut out, mut stats) = (BytesMut::new(), BTreeMap::new());
        ask.put(0, &mut out);
        self.write.write_all(&out).await?;
        loop {
            let piece = self.piece().await?;
            if let Some(Reply::Stats(stats)) = ask.understand(0, piece, &mut stats)? {
                return Ok(stats);
            }
        }
    }

    async fn piece(&mut self) -> Result<Piece, Fault> {
        loop {
            if let Some(piece) = self.decoder.next()? {
                return Ok(piece);
            }
            if self.read.read_buf(&mut self.decoder.buffer).await? == 0 {
                return Err(ended());
            }
        }
    }

    /// Asks what it is given, many questions at once, until the connection is of no use any more; returns why.
    pub(super) async fn serve(mut self, questions: &mut mpsc::Receiver<Question>, patience: Duration) -> Fault {
        loop {
            if let Err(fault) = self.take_answers() {
                return fault;
            }
            let has_room = self.has_room();
            let due = self.under_way.front().map(|first| first.since + patience);
            let waited = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                question = questions.recv(), if has_room => match question {
                    Some(question) => self.put(question, questions),
                    None => return Fault::Closed,
                },
                written = self.write.write_buf(&mut self.out), if !self.out.is_empty() => {
                    if let Err(error) = written {
                        return error.into();
                    }
                }
                read = self.read.read_buf(&mut self.decoder.buffer) => match read {
                    Ok(0) => return ended(),
                    Ok(_) => {}
                    Err(error) => return error.into(),
                },
                () = waited => {
                    if let Some(first) = self.under_way.front_mut() {
                        first.tell(Err(Fault::Late(patience)));
                    }
                    return Fault::Late(patience);
                }
            }
        }
    }

    fn has_room(&self) -> bool {
        self.under_way.len() < MOST_UNDER_WAY && self.out.len() < MOST_UNWRITTEN
    }

    /// Writes a question, and those that wait behind it.
    fn put(&mut self, question: Question, questions: &mut mpsc::Receiver<Question>) {
        let mut next = Some(question);
        while let Some(question) = next {
            if !question.is_idle() {
                self.number += 1;
                let (ask, waiting) = question.sent(self.number);
                ask.put(self.number, &mut self.out);
                self.under_way.push_back(waiting);
            }
            next = if self.has_room() { questions.try_recv().ok() } else { None };
        }
    }

    fn take_answers(&mut self) -> Result<(), Fault> {
        while let Some(piece) = self.decoder.next()? {
            let first = self.under_way.front_mut().ok_or(Fault::Answer("nothing was asked"))?;
            if first.take(piece)? {
                self.under_way.pop_front();
            }
        }
        Ok(())
    }
}

fn ended() -> Fault {
    std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the server has closed the connection").into()
}
