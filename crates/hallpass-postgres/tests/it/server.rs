//! The store and the server of these tests, and what is different in their SQL.

use deadpool_postgres::{Manager, Pool};
use hallpass_postgres::tokio_postgres::{self, NoTls};
use hallpass_postgres::{PostgresConnection, PostgresOptions};

pub(crate) use hallpass_postgres::{OpenError, PostgresStore as SqlStore};
pub(crate) use rig::Postgres as Server;

pub(crate) const SCHEME: &str = "postgres";

/// What makes a server faster that loses nothing as long as the machine stays.
pub(crate) const FAST: &[&str] = &["-cfsync=off"];

/// How large a disk has room for a server and some sessions, in MiB, and what makes a server small.
pub(crate) const SMALL_DISK: u32 = 110;
pub(crate) const SMALL: &[&str] = &["-cfsync=off", "-cmax_wal_size=64MB"];

/// What an operator can do without, some ten MiB.
pub(crate) const BALLAST: &str =
    "CREATE TABLE ballast AS SELECT repeat(md5(n::text), 30) AS x FROM generate_series(1, 10000) AS n";

/// What makes a server forget the last second when it is killed.
pub(crate) const LOSSY: &[&str] = &["-csynchronous_commit=off", "-cwal_writer_delay=1s"];

/// What a database without a store answers.
pub(crate) const IS_EMPTY: (&str, &str) = ("SELECT to_regnamespace('hallpass') IS NULL", "t");

pub(crate) const TAKE_SESSIONS_AWAY: &str = "ALTER TABLE hallpass.sessions RENAME TO elsewhere";
pub(crate) const BRING_SESSIONS_BACK: &str = "ALTER TABLE hallpass.elsewhere RENAME TO sessions";

pub(crate) const SERVER_NAME: &str = "PostgreSQL 1";
pub(crate) const COUNT_INDEXES: &str = "SELECT COUNT(*) FROM pg_indexes WHERE schemaname = 'hallpass'";
pub(crate) const DROP_AN_INDEX: &str = "DROP INDEX hallpass.sessions_by_expiry";

/// Options of servers, and what is found by which words.
pub(crate) const DANGEROUS: &[(&[&str], &str, &str)] = &[
    (&["-cfsync=off"], "durability", "fsync is off"),
    (&["-csynchronous_commit=off"], "durability", "synchronous_commit is off"),
    (&["-cfull_page_writes=off"], "pages", "full_page_writes is off"),
];

/// What is around bytes in hexadecimal.
pub(crate) const BYTES: (&str, &str) = ("'\\x", "'");

pub(crate) fn table(name: &str) -> String {
    format!("hallpass.{name}")
}

/// Returns a pool of somebody who has other uses for it, too.
pub(crate) fn pool(url: &str, size: usize) -> Pool {
    let config = url.parse().expect("a URL");
    Pool::builder(Manager::new(config, NoTls)).max_size(size).build().expect("a pool")
}

/// Returns the options of a store on a pool, which does not hear news.
pub(crate) fn on(pool: Pool) -> PostgresOptions {
    PostgresOptions::with_connections("postgres://the-pool", move || {
        let pool = pool.clone();
        async move { pool.get().await.map(|client| PostgresConnection::lent(client, |client| client)) }
    })
}

/// Opens a store on a pool of its own, and a connection beside it for news.
pub(crate) async fn open_on_a_pool(url: &str) -> SqlStore {
    let config: tokio_postgres::Config = url.parse().expect("a URL");
    let options = on(pool(url, 6)).hearing(move || {
        let config = config.clone();
        async move { config.connect(NoTls).await }
    });
    SqlStore::open(options).await.expect("a store")
}

/// Somebody else who is at work in the database.
pub(crate) struct Client(tokio_postgres::Client);

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        Self(client)
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        self.0.batch_execute(sql).await.expect(sql);
    }
}
