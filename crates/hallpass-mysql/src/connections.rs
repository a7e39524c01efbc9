use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Row, SslOpts, Value as Raw};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::error::Fault;
use crate::options::{Encryption, MysqlOptions, Way, place};
use crate::row::number;

/// How often lost connections are given up all at once.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a connection is kept that nobody needs.
const IDLE: Duration = Duration::from_mins(1);
/// How often a write is tried that gave way to another one.
const ATTEMPTS: usize = 8;

/// The connections, each of which serves one call at a time.
pub(crate) struct Connections {
    source: Source,
    server: Arc<str>,
    timeout: Duration,
    is_durable: AtomicBool,
}

/// Where connections come from, ready for use.
enum Source {
    /// A pool of these settings, and when it was made.
    Own(Opts, Mutex<(Pool, Instant)>),
    /// The user's pool, and what is to be said at the beginning of each call.
    Given(Pool, String),
}

/// What a server is.
struct Answers {
    is_mariadb: bool,
    is_durable: bool,
}

impl Connections {
    /// Asks the server what it is, and prepares the connections to it.
    pub(crate) async fn new(options: &MysqlOptions) -> Result<Self, Fault> {
        let deadline = Instant::now() + options.usage.timeout;
        let slow = |_| Fault::Slow(options.usage.timeout);
        let mut conn = timeout_at(deadline, connect(&options.way)).await.map_err(slow)??;
        let server = place(conn.opts()).into();
        let answers = timeout_at(deadline, answers(&mut conn)).await.map_err(slow)??;
        let session = session(answers.is_mariadb, options.usage.timeout);
        let source = match &options.way {
            Way::Own(opts, encryption) => {
                let constraints = PoolConstraints::new(0, options.usage.connections.get()).unwrap_or_default();
                // Without such a time, a pool closes every connection that comes back, down to the least number.
                let pool_opts = PoolOpts::default()
                    .with_constraints(constraints)
                    .with_inactive_connection_ttl(IDLE)
                    .with_reset_connection(false);
                let opts = OptsBuilder::from_opts(plain(opts, encryption)).setup(session).pool_opts(pool_opts);
                let opts = Opts::from(opts);
                Source::Own(opts.clone(), Mutex::new((Pool::new(opts), Instant::now())))
            }
            Way::Pool(pool) => Source::Given(pool.clone(), session.join("; ")),
        };
        drop(conn.disconnect().await);
        Ok(Self { source, server, timeout: options.usage.timeout, is_durable: AtomicBool::new(answers.is_durable) })
    }

    pub(crate) fn server(&self) -> &Arc<str> {
        &self.server
    }

    pub(crate) fn is_durable(&self) -> bool {
        self.is_durable.load(Ordering::Relaxed)
    }

    /// Asks what changes nothing; asks once more if the connection is lost meanwhile.
    pub(crate) async fn read(&self, sql: &str, values: Vec<Raw>) -> Result<Vec<Row>, Fault> {
        match self.ask(sql, values.clone()).await {
            Err(fault) if fault.is_lost() => self.ask(sql, values).await,
            result => result,
        }
    }

    async fn ask(&self, sql: &str, values: Vec<Raw>) -> Result<Vec<Row>, Fault> {
        self.on_one(|mut conn| async move { Ok(conn.exec(sql, positional(values)).await?) }).await
    }

    /// Changes something by one statement; answers how many rows it found, and the number that it gave.
    pub(crate) async fn write(&self, sql: &str, values: Vec<Raw>) -> Result<(u64, u64), Fault> {
        self.again_if_it_gave_way(|| {
            let values = values.clone();
            async move {
                self.on_one(|mut conn| async move {
                    let result = conn.exec_iter(sql, positional(values)).await?;
                    let counts = (result.affected_rows(), result.last_insert_id().unwrap_or(0));
                    result.drop_result().await?;
                    Ok(counts)
                })
                .await
            }
        })
        .await
    }

    /// Does something that the server may give up for another transaction, until it does not.
    pub(crate) async fn again_if_it_gave_way<T, F>(&self, work: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            match work().await {
                Err(fault) if fault.is_deadlock() && left > 0 => {}
                result => return result,
            }
        }
    }

    /// Gives a connection to `work`; what it is used for ends in time.
    pub(crate) async fn on_one<T, F>(&self, work: impl FnOnce(Conn) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let deadline = Instant::now() + self.timeout;
        let began = Instant::now();
        let result = timeout_at(deadline, async { work(self.source.take().await?).await }).await;
        let result = result.unwrap_or(Err(Fault::Slow(self.timeout)));
        if result.as_ref().err().is_some_and(Fault::is_distrusted) {
            self.source.give_up(began);
        }
        result
    }
}

impl Source {
    async fn take(&self) -> Result<Conn, Fault> {
        match self {
            Self::Own(_, pool) => {
                let pool = pool.lock().0.clone();
                Ok(pool.get_conn().await?)
            }
            Self::Given(pool, session) => {
                let mut conn = pool.get_conn().await?;
                conn.query_drop(session).await?;
                Ok(conn)
            }
        }
    }

    /// Leaves the connections to themselves that there were then: where one is lost, the others are too. A pool of the
    /// user's looks at each before it gives it out.
    fn give_up(&self, then: Instant) {
        let Self::Own(opts, pool) = self else { return };
        let mut pool = pool.lock();
        if pool.1 <= then && pool.1.elapsed() >= PAUSE {
            *pool = (Pool::new(opts.clone()), Instant::now());
        }
    }
}

/// Connects without what is said to the server at the beginning of calls.
pub(crate) async fn connect(way: &Way) -> Result<Conn, Fault> {
    let pool = match way {
        Way::Own(opts, encryption) => return Ok(Conn::new(plain(opts, encryption)).await?),
        Way::Pool(pool) => pool,
    };
    let conn = pool.get_conn().await?;
    if !conn.opts().client_found_rows() {
        return Err(Fault::Unfit("make the pool with client_found_rows(true)".to_owned()));
    }
    if !conn.opts().pool_opts().reset_connection() {
        return Err(Fault::Unfit("make the pool with reset_connection(true), as it is by itself".to_owned()));
    }
    Ok(conn)
}

fn plain(opts: &Opts, encryption: &Encryption) -> Opts {
    let mut builder = OptsBuilder::from_opts(opts.clone())
        .client_found_rows(true) // a touch that moves nothing is applied all the same
        .prefer_socket(false) // an address that was named is meant
        .tcp_keepalive(Some(Duration::from_secs(30)))
        .stmt_cache_size(64);
    if let Encryption::Required(authorities) = encryption {
        let authorities = authorities.iter().cloned().map(Into::into).collect::<Vec<_>>();
        let ssl = SslOpts::default().with_disable_built_in_roots(!authorities.is_empty()).with_root_certs(authorities);
        builder = builder.ssl_opts(ssl);
    }
    builder.into()
}

async fn answers(conn: &mut Conn) -> Result<Answers, Fault> {
    let ask = "SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog, @@read_only";
    let row: Option<(String, i64, i64, i64, i64)> = conn.query_first(ask).await?;
    let Some((version, flush, log, sync, read_only)) = row else {
        return Err(Fault::Unfit("the server does not say what it is".to_owned()));
    };
    let is_mariadb = version.contains("MariaDB");
    let mut parts = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    let number: (u32, u32) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if number < if is_mariadb { (10, 6) } else { (8, 0) } {
        return Err(Fault::Unfit(format!("this is version {version}; use MariaDB 10.6, MySQL 8.0, or later")));
    }
    if read_only != 0 {
        return Err(Fault::Unfit("this server only reads; name the primary".to_owned()));
    }
    // 3 is MariaDB's: it syncs as 1 does. A transaction that is not in the binary log is undone after a crash.
    Ok(Answers { is_mariadb, is_durable: matches!(flush, 1 | 3) && (log == 0 || sync == 1) })
}

/// Returns what is set at the beginning of each connection.
fn session(is_mariadb: bool, timeout: Duration) -> Vec<String> {
    // The server gives up earlier than who waits for it, who then learns that it did not happen.
    let limit = timeout * 9 / 10;
    let statement = if is_mariadb {
        format!("max_statement_time = {:.3}", limit.as_secs_f64())
    } else {
        format!("max_execution_time = {}", limit.as_millis())
    };
    let lock = limit.as_secs().max(1);
    vec![
        "SET NAMES utf8mb4".to_owned(),
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
        format!(
            "SET SESSION {statement}, innodb_lock_wait_timeout = {lock}, autocommit = 1, time_zone = '+00:00',
             sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
        ),
    ]
}

fn positional(values: Vec<Raw>) -> Params {
    if values.is_empty() { Params::Empty } else { Params::Positional(values) }
}

/// Returns the number in the first column of the only row.
pub(crate) fn only(rows: &[Row], column: &'static str) -> Result<Option<i64>, Fault> {
    Ok(rows.first().map(|row| number(row, 0, column)).transpose()?)
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("server", &self.server).finish_non_exhaustive()
    }
}
