//! The way to the server: connections that are kept, a timeout on every question, and what may be asked twice.

mod facts;
mod keeper;
mod source;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::time::timeout;

pub use self::facts::ServerFacts;
pub(crate) use self::keeper::Keeper;
pub(crate) use self::source::Source;
use self::wire::Wire;
use crate::error::Fault;
use crate::script::Script;

/// Whether a question may be asked again when its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It only reads.
    Yes,
    /// It may have been done already.
    No,
}

enum Question<'a> {
    One(&'a Cmd),
    All(&'a [Cmd]),
}

impl Question<'_> {
    async fn put(&self, wire: &mut Wire) -> Result<Value, Fault> {
        match self {
            Self::One(command) => wire.ask(command).await,
            Self::All(commands) => Ok(Value::Array(wire.ask_all(commands).await?)),
        }
    }
}

/// Asks the server, however often the connection was replaced.
pub(crate) struct Link {
    keeper: Arc<Keeper>,
    is_cluster: bool,
    timeout: Duration,
}

impl Link {
    pub(crate) async fn open(source: Source, timeout: Duration) -> Result<Self, Fault> {
        let is_cluster = source.is_cluster();
        Ok(Self { keeper: Keeper::open(source).await?, is_cluster, timeout })
    }

    /// Tells whether what belongs together may lie on several servers.
    pub(crate) fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    pub(crate) fn facts(&self) -> ServerFacts {
        self.keeper.facts()
    }

    pub(crate) async fn ask(&self, command: &Cmd, again: Again) -> Result<Value, Fault> {
        self.put(&Question::One(command), again).await
    }

    /// Asks several questions that only read.
    pub(crate) async fn ask_all(&self, commands: &[Cmd]) -> Result<Vec<Value>, Fault> {
        match self.put(&Question::All(commands), Again::Yes).await? {
            Value::Array(answers) => Ok(answers),
            _ => Err(Fault::Answer("several questions have several answers")),
        }
    }

    /// Runs a script; a server that has not met it is given its text.
    pub(crate) async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[Vec<u8>],
        again: Again,
    ) -> Result<Value, Fault> {
        match self.put(&Question::One(&script.by_digest(keys, arguments)), again).await {
            Err(fault) if fault.is_unknown_script() => {
                self.put(&Question::One(&script.by_text(keys, arguments)), again).await
            }
            answer => answer,
        }
    }

    /// Waits until so many replicas have what was written to a key.
    pub(crate) async fn replicate(&self, _key: &str, replicas: u32) -> Result<(), Fault> {
        if replicas == 0 {
            return Ok(());
        }
        Err(Fault::NotReplicated { acknowledged: 0, wanted: replicas })
    }

    async fn put(&self, question: &Question<'_>, again: Again) -> Result<Value, Fault> {
        let mut used = None;
        let asking = async {
            let mut has_asked = false;
            loop {
                let (mut wire, generation) = self.keeper.wire().await?;
                used = Some(generation);
                let fault = match question.put(&mut wire).await {
                    Ok(answer) => return Ok(answer),
                    Err(fault) => fault,
                };
                if fault.is_of_connection() {
                    // A cluster's connection mends itself, node by node.
                    self.keeper.replace(generation, !self.is_cluster);
                }
                let may_ask_again = fault.is_of_role() || (again == Again::Yes && fault.is_of_connection());
                if has_asked || !may_ask_again {
                    return Err(fault);
                }
                has_asked = true;
            }
        };
        let answer = timeout(self.timeout, asking).await;
        answer.unwrap_or_else(|_| {
            if let Some(generation) = used {
                self.keeper.replace(generation, false);
            }
            Err(Fault::Late(self.timeout))
        })
    }
}
