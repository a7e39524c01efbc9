//! A home that is broken on purpose: it looks at what is stored when it writes, and not at what was read.

use async_trait::async_trait;
use hallpass_dialects::express::Express;
use hallpass_dialects::{Credential, Dialect, Session, Value};
use hallpass_foreign::{Changes, Committed, Error, Found, Home, Page, RedisHome, commit};

use crate::app::{connect, now_ms};

#[derive(Debug)]
struct Careless(RedisHome);

#[async_trait]
impl Home for Careless {
    fn dialect(&self) -> &dyn Dialect {
        self.0.dialect()
    }

    fn new_session(&self, now_ms: i64) -> Session {
        self.0.new_session(now_ms)
    }

    async fn load(&self, credential: &Credential, now_ms: i64) -> Result<Option<Found>, Error> {
        self.0.load(credential, now_ms).await
    }

    async fn list(&self, after: Option<&str>, limit: usize, now_ms: i64) -> Result<Page, Error> {
        self.0.list(after, limit, now_ms).await
    }

    async fn create(&self, credential: &Credential, session: &Session, now_ms: i64) -> Result<bool, Error> {
        self.0.create(credential, session, now_ms).await
    }

    async fn replace(&self, found: &Found, session: &Session, now_ms: i64) -> Result<bool, Error> {
        let present = self.0.load(&found.credential, now_ms).await?.expect("it is there");
        self.0.replace(&present, session, now_ms).await
    }

    async fn touch(&self, found: &Found, now_ms: i64) -> Result<bool, Error> {
        self.0.touch(found, now_ms).await
    }

    async fn revoke(&self, credential: &Credential, now_ms: i64) -> Result<bool, Error> {
        self.0.revoke(credential, now_ms).await
    }

    async fn sweep(&self, limit: usize, now_ms: i64) -> Result<usize, Error> {
        self.0.sweep(limit, now_ms).await
    }
}

/// Reads a session, has somebody else write it, and then changes it; answers whether the other's write is still there.
async fn keeps_what_it_did_not_see(home: &dyn Home, redis: &rig::Redis) -> bool {
    let credential = home.dialect().new_credential();
    assert!(home.create(&credential, &Session::new(), now_ms()).await.expect("it is written"));
    let found = home.load(&credential, now_ms()).await.expect("the store answers").expect("a session");
    let theirs = r#"{"cookie":{"originalMaxAge":null,"expires":null},"theirs":1}"#;
    redis.ask(&["SET", &home.dialect().key(&credential), theirs]);
    let mut changes = Changes::new();
    changes.set("ours", Value::Int(2));
    assert!(matches!(commit(home, &found, &changes, now_ms()).await.expect("it is written"), Committed::Saved(_)));
    let found = home.load(&credential, now_ms()).await.expect("the store answers").expect("a session");
    let attributes = found.session.expect("readable").attributes;
    assert_eq!(attributes.get("ours"), Some(&Value::Int(2)));
    attributes.get("theirs").is_some()
}

#[tokio::test]
async fn a_home_that_does_not_compare_is_found_to_lose_writes() {
    let Some(redis) = rig::redis(&[]) else { return };
    let home = || async { RedisHome::new(connect(&redis).await, Express::new([])).expect("a home") };
    assert!(keeps_what_it_did_not_see(&home().await, &redis).await);
    assert!(!keeps_what_it_did_not_see(&Careless(home().await), &redis).await, "this very test can fail");
}
