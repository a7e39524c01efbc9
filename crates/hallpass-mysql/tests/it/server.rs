//! The store and the server of these tests, and what is different in their SQL.

use hallpass_mysql::mysql_async::Conn;
use hallpass_mysql::mysql_async::prelude::Queryable;

pub(crate) use hallpass_mysql::{MysqlStore as SqlStore, OpenError};
pub(crate) use rig::MariaDb as Server;

pub(crate) const SCHEME: &str = "mysql";

/// What makes a server faster that loses nothing as long as the machine stays.
pub(crate) const FAST: &[&str] = &["--innodb-flush-log-at-trx-commit=0"];

/// What a database without a store answers.
pub(crate) const IS_EMPTY: (&str, &str) = ("SHOW TABLES", "");

pub(crate) const TAKE_SESSIONS_AWAY: &str = "RENAME TABLE hallpass_sessions TO elsewhere";
pub(crate) const BRING_SESSIONS_BACK: &str = "RENAME TABLE elsewhere TO hallpass_sessions";

/// What is around bytes in hexadecimal.
pub(crate) const BYTES: (&str, &str) = ("x'", "'");

pub(crate) fn table(name: &str) -> String {
    format!("hallpass_{name}")
}

/// Somebody else who is at work in the database.
pub(crate) struct Client(Conn);

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        Self(Conn::from_url(url).await.expect("a connection"))
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        self.0.query_drop(sql).await.expect(sql);
    }
}
