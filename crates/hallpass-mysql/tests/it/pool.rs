//! What a store asks of the user's own pool, and what it leaves of it.

use hallpass_mysql::mysql_async::prelude::Queryable;
use hallpass_mysql::mysql_async::{Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts};
use hallpass_mysql::{MysqlStore, OpenError};
use rig::MariaDb;

use crate::server::{FAST, open_on_a_pool};
use crate::servers::support::{create, load, open, place, record};

#[tokio::test]
async fn what_a_pool_lent_comes_back_as_it_was() {
    let Some((_, server, database)) = place().await else { return };
    let opts = OptsBuilder::from_opts(Opts::from_url(&server.url(&database)).expect("a URL"));
    let one = PoolOpts::default().with_constraints(PoolConstraints::new(1, 1).expect("one"));
    let pool = Pool::new(opts.client_found_rows(true).pool_opts(one).setup(vec!["SET SESSION sql_mode = ''"]));
    let ask = "SELECT CONCAT_WS(' ', CONNECTION_ID(), @@time_zone, @@sql_mode, @@max_statement_time, @@tx_isolation)";
    let settings = async || {
        let mut conn = pool.get_conn().await.expect("it is there");
        conn.query_first::<String, _>(ask).await.expect("an answer").expect("a row")
    };
    let store = MysqlStore::open(pool.clone()).await.expect("a store");
    let before = settings().await;
    let known = record();
    create(&store, &known).await;
    assert_eq!(settings().await, before, "the same connection, as it was");
    assert_eq!(load(&store, &known).await, Some(known));
}

#[tokio::test]
async fn a_pool_that_would_not_do_is_refused_with_what_would() {
    let Some((_, server, database)) = place().await else { return };
    let opts = || OptsBuilder::from_opts(Opts::from_url(&server.url(&database)).expect("a URL"));
    let keeping = opts().client_found_rows(true).pool_opts(PoolOpts::default().with_reset_connection(false));
    for (opts, part) in [(opts(), "client_found_rows(true)"), (keeping, "reset_connection(true)")] {
        let error = MysqlStore::open(Pool::new(opts)).await.expect_err("it would not do");
        assert!(matches!(error, OpenError::Unfit { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
    drop(open_on_a_pool(&server.url(&database)).await);
}

#[tokio::test]
async fn a_connection_serves_one_call_after_the_other() {
    let Some(server) = MariaDb::own(FAST) else { return };
    let store = open(&server.url(&server.database())).await;
    let known = record();
    create(&store, &known).await;
    let made = || server.run("mysql", "SHOW STATUS LIKE 'Connections'").rsplit(['\t', ' ']).next().map(str::to_owned);
    let number = || made().and_then(|number| number.parse::<u64>().ok()).expect("a number");
    let before = number();
    for _ in 0..30 {
        assert_eq!(load(&store, &known).await.as_ref(), Some(&known));
    }
    // The two that ask for the number are clients, too.
    assert!(number() - before < 5, "{before}, and then {}", number());
}
