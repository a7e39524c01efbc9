use futures_util::future::join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, Pipeline, Value};

use crate::error::Fault;

/// A connection that many use at once; a clone is the same one.
#[derive(Clone)]
pub(crate) enum Wire {
    /// To the one server that has everything.
    One(MultiplexedConnection),
    /// To all servers of a cluster.
    Cluster(ClusterConnection),
}

impl Wire {
    pub(crate) async fn ask(&mut self, command: &Cmd) -> Result<Value, Fault> {
        let answer = match self {
            Self::One(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        };
        Ok(answer?.extract_error()?)
    }

    /// Asks several questions, in one round trip where one server has everything.
    pub(crate) async fn ask_all(&mut self, commands: &[Cmd]) -> Result<Vec<Value>, Fault> {
        match self {
            Self::One(connection) => {
                let mut pipeline = Pipeline::with_capacity(commands.len());
                for command in commands {
                    pipeline.add_command(command.clone());
                }
                let answers = connection.req_packed_commands(&pipeline, 0, commands.len()).await?;
                Ok(answers.into_iter().map(Value::extract_error).collect::<Result<_, _>>()?)
            }
            Self::Cluster(connection) => {
                let asked = commands.iter().map(|command| {
                    let mut connection = connection.clone();
                    async move { Ok::<_, Fault>(connection.req_packed_command(command).await?.extract_error()?) }
                });
                join_all(asked).await.into_iter().collect()
            }
        }
    }
}
