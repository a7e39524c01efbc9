use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::{Client, Connection};

use crate::connection::drive;

/// How long a connection that goes back to its pool is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

type Pinned<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Failure = Box<dyn Error + Send + Sync>;

/// A connection that was made elsewhere; what [`PostgresOptions::with_connections`] asks for.
///
/// What the driver's own `connect` returns becomes one: its client, and the connection that moves the client's bytes and
/// hears news. From a pool it is [`lent`](Self::lent).
///
/// [`PostgresOptions::with_connections`]: crate::PostgresOptions::with_connections
pub struct PostgresConnection {
    pub(crate) client: Box<dyn Holds>,
    /// Moves its bytes; where somebody else does that, there is no news to be had.
    pub(crate) drive: Option<Drive>,
}

/// Moves the bytes of a connection until it ends, and sends on what the server tells by itself.
pub(crate) type Drive = Box<dyn FnOnce(Option<mpsc::UnboundedSender<String>>) -> Pinned<()> + Send>;

/// Something that has a client of the driver.
pub(crate) trait Holds: Send + Sync {
    fn client(&self) -> &Client;
}

impl Holds for Client {
    fn client(&self) -> &Client {
        self
    }
}

impl PostgresConnection {
    /// Takes a connection from a pool, which gets it back when the store gives it up; `client` finds the driver's client
    /// in it.
    ///
    /// The store sets what holds for its connections, and asks the server to forget that (`RESET ALL`) before it gives one
    /// back.
    ///
    /// # Panics
    ///
    /// If there is no tokio runtime.
    pub fn lent<C: Send + Sync + 'static>(connection: C, client: fn(&C) -> &Client) -> Self {
        let lent = Lent { connection: Some(connection), client, runtime: Handle::current() };
        Self { client: Box::new(lent), drive: None }
    }
}

impl<S, T> From<(Client, Connection<S, T>)> for PostgresConnection
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn from((client, connection): (Client, Connection<S, T>)) -> Self {
        Self { client: Box::new(client), drive: Some(Box::new(|told| Box::pin(drive(connection, told)))) }
    }
}

impl fmt::Debug for PostgresConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConnection").field("hears", &self.drive.is_some()).finish_non_exhaustive()
    }
}

struct Lent<C: Send + Sync + 'static> {
    /// There until it goes back.
    connection: Option<C>,
    client: fn(&C) -> &Client,
    runtime: Handle,
}

impl<C: Send + Sync + 'static> Holds for Lent<C> {
    fn client(&self) -> &Client {
        (self.client)(self.connection.as_ref().expect("it goes back when this is dropped"))
    }
}

impl<C: Send + Sync + 'static> Drop for Lent<C> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let client = self.client;
        if !client(&connection).is_closed() {
            self.runtime.spawn(async move {
                let _ = timeout(PATIENCE, client(&connection).batch_execute("RESET ALL")).await; // or it ended
                drop(connection);
            });
        }
    }
}

/// Makes connections in the user's way.
#[derive(Clone)]
pub(crate) struct Connect(Arc<dyn Fn() -> Pinned<Result<PostgresConnection, Failure>> + Send + Sync>);

impl Connect {
    pub(crate) fn new<F, R, C, E>(connect: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, E>> + Send + 'static,
        C: Into<PostgresConnection>,
        E: Into<Failure>,
    {
        Self(Arc::new(move || {
            let connected = connect();
            Box::pin(async move { connected.await.map(Into::into).map_err(Into::into) })
        }))
    }

    pub(crate) async fn connect(&self) -> Result<PostgresConnection, Failure> {
        (self.0)().await
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connect(..)")
    }
}
