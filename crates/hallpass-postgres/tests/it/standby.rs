//! A primary and its standby.

use std::time::{Duration, Instant};

use hallpass::{Expected, Outcome, Store};
use hallpass_postgres::OpenError;
use rig::Postgres;

use crate::servers::opening::refusal;
use crate::servers::support::{create, load, open, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_takes_over_is_found_and_has_all_that_was_acknowledged() {
    let Some(primary) = Postgres::own(&["-cfsync=off"]) else { return };
    let standby = primary.standby(&["-cfsync=off"]);
    let database = primary.database();
    let [first, second] = [&standby, &primary].map(|server| format!("127.0.0.1:{}", server.port()));
    let url = primary.url(&database).replace(&second, &format!("{first},{second}"));
    let store = open(&url).await;
    let mut kept = Vec::new();
    for _ in 0..50 {
        let new = record();
        create(&store, &new).await;
        kept.push(new);
    }
    let error = refusal(&standby.url(&database)).await;
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    assert!(error.to_string().contains("it is a standby"), "{error}");

    primary.kill();
    let late = record();
    let error = store.save(&late, Expected::Absent, &[]).await.expect_err("nobody takes writes");
    assert!(error.is_unavailable(), "{error}");
    standby.promote();
    let back = Instant::now();
    loop {
        match store.save(&late, Expected::Absent, &[]).await {
            Ok(outcome) => break assert_eq!(outcome, Outcome::Applied),
            Err(error) => assert!(error.is_unavailable() && back.elapsed() < Duration::from_secs(2), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for known in &kept {
        assert_eq!(load(&store, known).await.as_ref(), Some(known));
    }
}
