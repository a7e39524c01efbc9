use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OnceCell, mpsc};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::tls::NoTls;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Row, SimpleQueryMessage, Statement};

use crate::error::Fault;
use crate::given::{Connect, Holds, PostgresConnection};
use crate::options::{PostgresOptions, Way};
use crate::statement::Named;

/// The oldest release that has the numbers of transactions that events are ordered by.
const OLDEST: u32 = 13;

/// How connections are made.
pub(crate) struct Recipe {
    maker: Maker,
    pub(crate) server: Arc<str>,
    pub(crate) timeout: Duration,
}

enum Maker {
    Driver {
        config: Box<Config>,
        #[cfg(feature = "tls")]
        connector: Option<tokio_postgres_rustls::MakeRustlsConnect>,
    },
    User {
        calls: Connect,
        news: Option<Connect>,
    },
}

/// What a connection is made for.
pub(crate) enum Purpose {
    Calls,
    /// What the server tells by itself goes there.
    News(mpsc::UnboundedSender<String>),
}

/// What a server says of itself when it lets somebody in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answers {
    /// Whether what it has committed survives the loss of power.
    pub(crate) is_durable: bool,
}

/// A connection that carries many questions at once.
pub(crate) struct Live {
    connection: Box<dyn Holds>,
    statements: [OnceCell<Statement>; Named::COUNT],
    pub(crate) answers: Answers,
    /// Whether what the server tells by itself is heard on it.
    pub(crate) hears: bool,
}

impl Recipe {
    pub(crate) fn new(options: &PostgresOptions) -> Result<Self, Fault> {
        let maker = match &options.way {
            Way::Config(config) => Maker::of(config.clone(), options)?,
            Way::Given { calls, news, .. } => Maker::User { calls: calls.clone(), news: news.clone() },
        };
        Ok(Self { maker, server: options.server().into(), timeout: options.usage.timeout })
    }

    /// Tells whether there is a way to hear news, where connections for calls hear it or do not.
    pub(crate) fn hears(&self, calls_hear: bool) -> bool {
        calls_hear || matches!(&self.maker, Maker::User { news: Some(_), .. })
    }

    /// Connects, and looks at what is there.
    pub(crate) async fn connect(&self, purpose: Purpose) -> Result<Live, Fault> {
        let PostgresConnection { client, drive } = match (&self.maker, &purpose) {
            (
                Maker::Driver {
                    config,
                    #[cfg(feature = "tls")]
                    connector,
                },
                _,
            ) => {
                #[cfg(feature = "tls")]
                if let Some(connector) = connector {
                    return self.begin(config.connect(connector.clone()).await?.into(), purpose).await;
                }
                config.connect(NoTls).await?.into()
            }
            (Maker::User { news: Some(news), .. }, Purpose::News(_)) => news.connect().await.map_err(Fault::Given)?,
            (Maker::User { calls, .. }, _) => calls.connect().await.map_err(Fault::Given)?,
        };
        self.begin(PostgresConnection { client, drive }, purpose).await
    }

    async fn begin(&self, made: PostgresConnection, purpose: Purpose) -> Result<Live, Fault> {
        let hears = made.drive.is_some();
        if let Some(drive) = made.drive {
            tokio::spawn(drive(match purpose {
                Purpose::Calls => None,
                Purpose::News(told) => Some(told),
            }));
        }
        Live::begin(made.client, hears, self.timeout).await
    }
}

impl Maker {
    fn of(mut config: Box<Config>, options: &PostgresOptions) -> Result<Self, Fault> {
        if config.get_hosts().len() > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config.connect_timeout(
            config.get_connect_timeout().copied().unwrap_or(options.usage.timeout).min(options.usage.timeout),
        );
        config.keepalives_idle(Duration::from_secs(30));
        let is_encrypted = config.get_ssl_mode() != SslMode::Disable;
        #[cfg(feature = "tls")]
        let connector = is_encrypted.then(|| options.tls.connector()).transpose()?;
        #[cfg(not(feature = "tls"))]
        if is_encrypted {
            return Err(crate::tls::TlsError::NotBuilt.into());
        }
        Ok(Self::Driver {
            config,
            #[cfg(feature = "tls")]
            connector,
        })
    }
}

/// Moves the bytes of a connection until it ends; then its questions are told so.
pub(crate) async fn drive<S, T>(mut connection: Connection<S, T>, told: Option<mpsc::UnboundedSender<String>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(news)) => {
                if let Some(told) = &told {
                    let _ = told.send(news.payload().to_owned()); // nobody listens any more
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(target: "hallpass::postgres", %error, "a connection ended");
                return;
            }
        }
    }
}

impl Live {
    /// Sets what holds for the connection, and asks what the server is.
    async fn begin(connection: Box<dyn Holds>, hears: bool, timeout: Duration) -> Result<Self, Fault> {
        // Gives up earlier than who waits for it, who then learns that it did not happen.
        let millis = (timeout * 9 / 10).as_millis();
        let begin = format!(
            "SET statement_timeout = {millis}; SET idle_in_transaction_session_timeout = 60000; SET timezone = 'UTC';
             SET default_transaction_isolation = 'read committed'; SET client_min_messages = 'warning';
             SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),
                 current_setting('fsync'), current_setting('synchronous_commit'),
                 pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"
        );
        let messages = connection.client().simple_query(&begin).await?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let said = |index| row.and_then(|row| row.try_get(index).ok().flatten()).unwrap_or_default();
        let version: u32 = said(0).parse().unwrap_or(0);
        if version < OLDEST {
            return Err(Fault::Unfit(format!("this is PostgreSQL {version}; use {OLDEST} or later")));
        }
        if said(1) != "UTF8" {
            return Err(Fault::Unfit(format!(
                "the encoding of this database is {}; make it with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0",
                said(1)
            )));
        }
        if said(4) == "t" {
            return Err(Fault::StandBy);
        }
        let answers = Answers { is_durable: said(2) == "on" && said(3) != "off" };
        Ok(Self { connection, statements: [const { OnceCell::const_new() }; Named::COUNT], answers, hears })
    }

    fn client(&self) -> &Client {
        self.connection.client()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client().is_closed()
    }

    /// Asks by a statement that is prepared at its first use.
    pub(crate) async fn ask(&self, named: Named, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        let statement = self.statements[named as usize].get_or_try_init(|| self.client().prepare(named.sql())).await?;
        Ok(self.client().query(statement, params).await?)
    }

    /// Asks by a statement that is planned for these values.
    pub(crate) async fn ask_once(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, Fault> {
        Ok(self.client().query_typed(sql, params).await?)
    }

    /// Runs statements one after the other.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.client().batch_execute(sql).await?)
    }
}
