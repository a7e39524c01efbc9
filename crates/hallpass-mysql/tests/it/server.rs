//! The store and the server of these tests, and what is different in their SQL.

use hallpass_mysql::mysql_async::prelude::Queryable;
use hallpass_mysql::mysql_async::{Conn, Opts, OptsBuilder, Pool};

pub(crate) use hallpass_mysql::{MysqlStore as SqlStore, OpenError};
pub(crate) use rig::MariaDb as Server;

pub(crate) const SCHEME: &str = "mysql";

/// What makes a server faster that loses nothing as long as the machine stays.
pub(crate) const FAST: &[&str] = &["--innodb-flush-log-at-trx-commit=0"];

/// How large a disk has room for a server and some sessions, in MiB, and what makes a server small.
pub(crate) const SMALL_DISK: u32 = 180;
pub(crate) const SMALL: &[&str] = &["--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=8M"];

/// What an operator can do without, some ten MiB.
pub(crate) const BALLAST: &str = "CREATE TABLE ballast (x TEXT) ENGINE = InnoDB;
    INSERT INTO ballast SELECT REPEAT(MD5(seq), 30) FROM seq_1_to_10000";

/// What makes a server forget the last second when it is killed.
pub(crate) const LOSSY: &[&str] = &["--innodb-flush-log-at-trx-commit=0"];

/// What a database without a store answers.
pub(crate) const IS_EMPTY: (&str, &str) = ("SHOW TABLES", "");

pub(crate) const TAKE_SESSIONS_AWAY: &str = "RENAME TABLE hallpass_sessions TO elsewhere";
pub(crate) const BRING_SESSIONS_BACK: &str = "RENAME TABLE elsewhere TO hallpass_sessions";

pub(crate) const SERVER_NAME: &str = "MariaDB 1";
pub(crate) const COUNT_INDEXES: &str = "SELECT COUNT(DISTINCT table_name, index_name)
    FROM information_schema.statistics WHERE table_schema = DATABASE()";
pub(crate) const DROP_AN_INDEX: &str = "DROP INDEX sessions_by_expiry ON hallpass_sessions";

/// Options of servers, and what is found by which words.
pub(crate) const DANGEROUS: &[(&[&str], &str, &str)] = &[
    (&["--innodb-flush-log-at-trx-commit=2"], "durability", "innodb_flush_log_at_trx_commit is 2"),
    (&["--log-bin=binlog", "--sync-binlog=0"], "binary log", "sync_binlog is 0"),
];

/// What is around bytes in hexadecimal.
pub(crate) const BYTES: (&str, &str) = ("x'", "'");

pub(crate) fn table(name: &str) -> String {
    format!("hallpass_{name}")
}

/// Returns a pool of somebody who has other uses for it, too.
pub(crate) fn pool(url: &str) -> Pool {
    let opts = Opts::from_url(url).expect("a URL");
    // A way that can be cut is not left for a socket.
    Pool::new(OptsBuilder::from_opts(opts).client_found_rows(true).prefer_socket(false))
}

/// Opens a store on a pool of its own.
pub(crate) async fn open_on_a_pool(url: &str) -> SqlStore {
    SqlStore::open(pool(url)).await.expect("a store")
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
