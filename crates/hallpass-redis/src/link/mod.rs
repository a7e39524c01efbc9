//! The way to the server: connections that are kept, a timeout on every question, and what may be asked twice.

mod facts;
mod keeper;
mod source;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::time::{sleep, timeout};

pub use self::facts::ServerFacts;
pub(crate) use self::keeper::Keeper;
pub(crate) use self::source::Source;
use self::wire::{Copies, Wire};
use crate::error::Fault;
use crate::script::Script;

/// How a question is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It reads, or writes what may as well be lost, and may be done twice.
    Ask,
    /// It writes what must last, and may be done twice.
    File,
    /// It writes what must last, once: after a lost answer it may have been done already.
    Write,
}

impl Way {
    const fn is_repeatable(self) -> bool {
        !matches!(self, Self::Write)
    }

    const fn must_last(self) -> bool {
        matches!(self, Self::File | Self::Write)
    }
}

enum Question<'a> {
    One(&'a Cmd),
    All(&'a [Cmd]),
    Everywhere(&'a Cmd),
    Lasting(&'a Cmd, Copies<'a>),
}

impl Question<'_> {
    async fn put(&self, wire: &mut Wire) -> Result<Value, Fault> {
        match self {
            Self::One(command) => wire.ask(command).await,
            Self::All(commands) => Ok(Value::Array(wire.ask_all(commands).await?)),
            Self::Everywhere(command) => {
                let servers = wire.ask_everywhere(command).await?;
                Ok(Value::Int(i64::try_from(servers).unwrap_or(i64::MAX)))
            }
            Self::Lasting(command, copies) => wire.write(command, *copies).await,
        }
    }
}

/// How many connections take turns at writes that wait for replicas, since a connection waits as a whole.
const WRITERS: usize = 4;
/// What a server has certainly not done is asked again so often, after rests that double.
const ATTEMPTS: u32 = 5;
const SHORTEST_REST: Duration = Duration::from_millis(10);

/// Asks the server, however often the connection was replaced.
pub(crate) struct Link {
    keeper: Arc<Keeper>,
    writers: Vec<Arc<Keeper>>,
    turn: AtomicUsize,
    replicas: u32,
    is_cluster: bool,
    fails_over: bool,
    timeout: Duration,
}

impl Link {
    pub(crate) async fn open(source: Source, timeout: Duration, replicas: u32) -> Result<Self, Fault> {
        let (is_cluster, fails_over) = (source.is_cluster(), source.fails_over());
        let keeper = Keeper::open(source.clone()).await?;
        let mut writers = Vec::new();
        if replicas > 0 {
            for _ in 0..WRITERS {
                writers.push(Keeper::open(source.clone()).await?);
            }
        }
        Ok(Self { keeper, writers, turn: AtomicUsize::new(0), replicas, is_cluster, fails_over, timeout })
    }

    /// Tells whether what belongs together may lie on several servers.
    pub(crate) fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    pub(crate) fn facts(&self) -> ServerFacts {
        self.keeper.facts()
    }

    /// Tells whether a write can be read before it is acknowledged.
    pub(crate) fn waits(&self) -> bool {
        self.replicas > 0
    }

    /// Tells whether what was acknowledged survives the loss of the server and of power.
    pub(crate) fn is_durable(&self) -> bool {
        self.facts().is_durable() && (!self.fails_over || self.replicas > 0)
    }

    /// Asks something that may be put twice.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        self.put(&self.keeper, &Question::One(command), Way::Ask).await
    }

    /// Asks something about a key.
    pub(crate) async fn ask_about(&self, key: &str, command: &Cmd, way: Way) -> Result<Value, Fault> {
        if self.replicas == 0 || !way.must_last() {
            return self.put(&self.keeper, &Question::One(command), way).await;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let Some(writer) = self.writers.get(turn % WRITERS) else { return Err(Fault::Closed) };
        // Most of the time that there is, so that it is the replicas' lateness that is told.
        let millis = u64::try_from(self.timeout.as_millis() * 3 / 4).unwrap_or(u64::MAX).max(1);
        self.put(writer, &Question::Lasting(command, Copies { wanted: self.replicas, key, millis }), way).await
    }

    /// Asks several questions that may be put twice.
    pub(crate) async fn ask_all(&self, commands: &[Cmd]) -> Result<Vec<Value>, Fault> {
        match self.put(&self.keeper, &Question::All(commands), Way::Ask).await? {
            Value::Array(answers) => Ok(answers),
            _ => Err(Fault::Answer("several questions have several answers")),
        }
    }

    /// Asks every server that is written to; answers how many there are.
    pub(crate) async fn ask_everywhere(&self, command: &Cmd) -> Result<usize, Fault> {
        match self.put(&self.keeper, &Question::Everywhere(command), Way::Ask).await? {
            Value::Int(servers) => Ok(usize::try_from(servers).unwrap_or_default()),
            _ => Err(Fault::Answer("servers are counted")),
        }
    }

    /// Runs a script about its first key; a server that has not met it is given its text.
    pub(crate) async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[Vec<u8>],
        way: Way,
    ) -> Result<Value, Fault> {
        let key = keys.first().map_or("", String::as_str);
        match self.ask_about(key, &script.by_digest(keys, arguments), way).await {
            Err(fault) if fault.is_unknown_script() => self.ask_about(key, &script.by_text(keys, arguments), way).await,
            answer => answer,
        }
    }

    async fn put(&self, keeper: &Arc<Keeper>, question: &Question<'_>, way: Way) -> Result<Value, Fault> {
        let mut used = None;
        let asking = async {
            for attempt in 1.. {
                let (mut wire, generation) = keeper.wire().await?;
                used = Some(generation);
                let fault = match question.put(&mut wire).await {
                    Ok(answer) => return Ok(answer),
                    Err(fault) => fault,
                };
                if fault.is_of_connection() {
                    // A cluster's connection mends itself, node by node.
                    keeper.replace(generation, !self.is_cluster);
                }
                let may_ask_again = fault.is_not_done() || (way.is_repeatable() && fault.is_of_connection());
                if attempt == ATTEMPTS || !may_ask_again {
                    return Err(fault);
                }
                if self.is_cluster {
                    sleep(SHORTEST_REST * 2_u32.pow(attempt - 1)).await;
                }
            }
            Err(Fault::Closed)
        };
        let answer = timeout(self.timeout, asking).await;
        answer.unwrap_or_else(|_| {
            if let Some(generation) = used {
                keeper.replace(generation, false);
            }
            Err(Fault::Late(self.timeout))
        })
    }
}
