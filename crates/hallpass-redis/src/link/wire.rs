use futures_util::future::join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};

use crate::error::Fault;

/// A connection that many use at once; a clone is the same one.
#[derive(Clone)]
pub(crate) enum Wire {
    /// To the one server that has everything.
    One(MultiplexedConnection),
    /// To all servers of a cluster.
    Cluster(ClusterConnection),
}

/// How many replicas are to have a write, the key that it is about, and how long to wait for them.
#[derive(Clone, Copy)]
pub(crate) struct Copies<'a> {
    pub(crate) wanted: u32,
    pub(crate) key: &'a str,
    pub(crate) millis: u64,
}

impl Wire {
    pub(crate) async fn ask(&mut self, command: &Cmd) -> Result<Value, Fault> {
        match self {
            Self::One(connection) => Ok(connection.req_packed_command(command).await?.extract_error()?),
            Self::Cluster(connection) => ask_cluster(connection, command).await,
        }
    }

    /// Asks several questions, in one round trip where one server has everything.
    pub(crate) async fn ask_all(&mut self, commands: &[Cmd]) -> Result<Vec<Value>, Fault> {
        match self {
            Self::One(connection) => {
                let pipeline = pipeline(commands);
                let answers = connection.req_packed_commands(&pipeline, 0, commands.len()).await?;
                Ok(answers.into_iter().map(Value::extract_error).collect::<Result<_, _>>()?)
            }
            Self::Cluster(connection) => {
                let asked = commands.iter().map(|command| {
                    let mut connection = connection.clone();
                    async move { ask_cluster(&mut connection, command).await }
                });
                join_all(asked).await.into_iter().collect()
            }
        }
    }

    /// Asks one server that it belongs to, of a cluster any of its primaries.
    pub(crate) async fn ask_any(&mut self, command: Cmd) -> Result<Value, Fault> {
        match self {
            Self::One(_) => self.ask(&command).await,
            Self::Cluster(connection) => {
                let any = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
                Ok(connection.route_command(command, any).await?.extract_error()?)
            }
        }
    }

    /// Asks every server that is written to; answers how many there are.
    pub(crate) async fn ask_everywhere(&mut self, command: &Cmd) -> Result<usize, Fault> {
        match self {
            Self::One(_) => self.ask(command).await.map(|_| 1),
            Self::Cluster(connection) => {
                let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                match connection.route_command(command.clone(), all).await?.extract_error()? {
                    Value::Map(answers) => Ok(answers.len()),
                    Value::Array(answers) => Ok(answers.len()),
                    _ => Err(Fault::Answer("several servers have several answers")),
                }
            }
        }
    }

    /// Writes, and waits for replicas on the very connection that wrote: that is what `WAIT` is about.
    pub(crate) async fn write(&mut self, command: &Cmd, copies: Copies<'_>) -> Result<Value, Fault> {
        let mut wait = redis::cmd("WAIT");
        wait.arg(copies.wanted).arg(copies.millis);
        let pipeline = pipeline(&[command.clone(), wait]);
        let answers = match self {
            Self::One(connection) => connection.req_packed_commands(&pipeline, 0, 2).await?,
            Self::Cluster(connection) => {
                let node = SingleNodeRoutingInfo::SpecificNode(Route::with_key(copies.key, SlotAddr::Master));
                connection.route_pipeline(pipeline, 0, 2, node).await?
            }
        };
        let mut answers = answers.into_iter().map(Value::extract_error);
        let (Some(answer), Some(acknowledged)) = (answers.next(), answers.next()) else {
            return Err(Fault::Answer("two questions have two answers"));
        };
        let answer = answer?;
        let acknowledged = redis::from_redis_value(acknowledged?).unwrap_or_default();
        if acknowledged < copies.wanted {
            return Err(Fault::NotReplicated { acknowledged, wanted: copies.wanted });
        }
        Ok(answer)
    }
}

/// The driver follows no redirections by itself, since it would also send again what may have been done already.
async fn ask_cluster(connection: &mut ClusterConnection, command: &Cmd) -> Result<Value, Fault> {
    let answer = connection.req_packed_command(command).await.and_then(Value::extract_error);
    match answer {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) => {
            ask_new_home(connection, command, error).await
        }
        answer => Ok(answer?),
    }
}

/// Asks the server to which a slot is moving, about a key that has moved already.
async fn ask_new_home(connection: &mut ClusterConnection, command: &Cmd, error: RedisError) -> Result<Value, Fault> {
    let Some((host, port)) = error.redirect_node().and_then(|(address, _)| address.rsplit_once(':')) else {
        return Err(error.into());
    };
    let Ok(port) = port.parse() else { return Err(error.into()) };
    let node = SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port };
    let pipeline = pipeline(&[redis::cmd("ASKING"), command.clone()]);
    let answers = connection.route_pipeline(pipeline, 1, 1, node).await?;
    let answer = answers.into_iter().next().ok_or(Fault::Answer("a question has an answer"))?;
    Ok(answer.extract_error()?)
}

fn pipeline(commands: &[Cmd]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    for command in commands {
        pipeline.add_command(command.clone());
    }
    pipeline
}
