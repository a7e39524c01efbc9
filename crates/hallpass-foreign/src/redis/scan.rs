use hallpass_dialects::Credential;
use hallpass_redis::redis::{self, FromRedisValue as _, Value};

use super::{RedisHome, keys};
use crate::error::Error;
use crate::home::Home as _;

/// How many keys the server looks at in one step, at most: it does nothing else meanwhile.
const MOST: usize = 1000;

impl RedisHome {
    /// Returns the credentials of some sessions, and where to go on.
    pub(super) async fn scan(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Credential>, Option<String>), Error> {
        let cursor: u64 = match after {
            Some(after) => after.parse().map_err(|_| Error::unsupported("this is no place in a listing"))?,
            None => 0,
        };
        let dialect = self.dialect();
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(self.prefix.pattern()).arg("COUNT").arg(limit.clamp(1, MOST));
        // What lies beside the sessions is mostly of another type.
        command.arg("TYPE").arg(keys::kind(dialect.framework()));
        let (next, found) = answered(self.server.ask(&command).await?)?;
        let mut credentials: Vec<Credential> = Vec::with_capacity(found.len());
        for credential in found.iter().filter_map(|key| dialect.credential(key)) {
            if !credentials.contains(&credential) {
                credentials.push(credential);
            }
        }
        Ok((credentials, (next != 0).then(|| next.to_string())))
    }
}

/// Reads what `SCAN` answers: where to go on, and keys.
pub(super) fn answered(answer: Value) -> Result<(u64, Vec<Vec<u8>>), Error> {
    let parts: (u64, Vec<Value>) = <_>::from_redis_value(answer).map_err(|_| Error::answer("a scan has two parts"))?;
    let key = |key| match key {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    };
    Ok((parts.0, parts.1.into_iter().filter_map(key).collect()))
}
