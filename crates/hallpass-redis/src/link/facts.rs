use hallpass::Finding;
use redis::{Cmd, Value};

use super::wire::Wire;
use crate::error::Fault;

/// What a server tells about itself, as far as it matters to sessions.
///
/// Of a cluster, these are the facts of one of its nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServerFacts {
    /// `redis` or `valkey`.
    pub server: String,
    /// Its version.
    pub version: String,
    /// Whether it writes what it does to a file before it is lost with the process (`appendonly`).
    pub appends: bool,
    /// When that file is synced: `always`, `everysec` or `no`; nothing if the server does not tell.
    pub fsync: Option<String>,
    /// What it does when its memory is full; anything but `noeviction` throws sessions away.
    pub maxmemory_policy: Option<String>,
    /// How many bytes it may use; 0 is all there is.
    pub maxmemory: u64,
    /// How many replicas are connected.
    pub replicas: u32,
    /// How many records of any kind it holds.
    pub keys: u64,
    is_replica: bool,
    is_loading: bool,
}

impl ServerFacts {
    /// Tells whether what this server acknowledged survives its process and power.
    pub fn is_durable(&self) -> bool {
        self.appends && self.fsync.as_deref() == Some("always") && !self.evicts()
    }

    /// Tells whether the server throws sessions away when its memory is full.
    pub fn evicts(&self) -> bool {
        self.maxmemory_policy.as_deref().is_some_and(|policy| policy != "noeviction")
    }

    /// Returns what of its settings endangers sessions, each with what to do.
    pub fn dangers(&self) -> Vec<Finding> {
        let mut dangers = Vec::new();
        if let Some(policy) = self.maxmemory_policy.as_deref().filter(|_| self.evicts()) {
            let found =
                format!("maxmemory-policy is {policy}: sessions and ended ones are thrown away when memory is full");
            dangers.push(Finding::danger("eviction", found, "set maxmemory-policy noeviction"));
        }
        if !self.appends {
            let found = "appendonly is no: a restart loses sessions and brings back ended ones";
            dangers.push(Finding::danger("persistence", found, "set appendonly yes"));
        } else if let Some(fsync) = self.fsync.as_deref().filter(|fsync| *fsync != "always") {
            let found = format!("appendfsync is {fsync}: a crash may lose the last second, logouts included");
            dangers.push(Finding::danger("persistence", found, "set appendfsync always"));
        }
        dangers
    }

    /// Asks the server that a connection leads to. A server that refuses to tell is taken to be an ordinary one.
    pub(super) async fn ask(wire: &mut Wire) -> Result<Self, Fault> {
        let text = match wire.ask_any(redis::cmd("INFO")).await {
            Ok(answer) => text_of(answer).unwrap_or_default(),
            Err(fault) if fault.is_of_connection() => return Err(fault),
            Err(_) => String::new(),
        };
        let mut facts = Self::read(&text);
        if facts.is_loading {
            return Err(Fault::Loading);
        }
        if facts.is_replica {
            return Err(Fault::Replica);
        }
        if is_too_old(&facts) {
            return Err(Fault::TooOld(facts.version));
        }
        let mut question: Cmd = redis::cmd("CONFIG");
        question.arg("GET").arg("appendfsync");
        // Hosted servers refuse this; then it is not known.
        facts.fsync = match wire.ask_any(question).await {
            Ok(Value::Map(pairs)) => pairs.into_iter().next().and_then(|(_, value)| text_of(value)),
            Ok(Value::Array(parts)) => parts.into_iter().nth(1).and_then(text_of),
            _ => None,
        };
        Ok(facts)
    }

    fn read(text: &str) -> Self {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(|value| value.trim().to_owned())
        };
        let number = |name: &str| field(name).and_then(|value| value.parse().ok()).unwrap_or_default();
        let valkey = field("valkey_version");
        let databases = text.lines().filter(|line| line.starts_with("db"));
        let keys =
            databases.filter_map(|line| line.split_once("keys=")?.1.split(',').next()?.parse::<u64>().ok()).sum();
        Self {
            server: if valkey.is_some() { "valkey" } else { "redis" }.to_owned(),
            version: valkey.or_else(|| field("redis_version")).unwrap_or_default(),
            appends: field("aof_enabled").as_deref() == Some("1"),
            fsync: None,
            maxmemory_policy: field("maxmemory_policy"),
            maxmemory: number("maxmemory"),
            replicas: u32::try_from(number("connected_slaves")).unwrap_or(u32::MAX),
            keys,
            is_replica: field("role").as_deref() == Some("slave"),
            is_loading: field("loading").as_deref() == Some("1"),
        }
    }
}

/// `SET` with `PXAT`, and times within scripts that write, came with 6.2.
fn is_too_old(facts: &ServerFacts) -> bool {
    let mut parts = facts.version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let version = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    facts.server == "redis" && !facts.version.is_empty() && version < (6, 2)
}

fn text_of(value: Value) -> Option<String> {
    redis::from_redis_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Server\r\nredis_version:7.0.15\r\n# Persistence\r\nloading:0\r\naof_enabled:1\r\n\
        # Memory\r\nmaxmemory:1024\r\nmaxmemory_policy:noeviction\r\n# Replication\r\nrole:master\r\n\
        connected_slaves:2\r\n# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=0\r\ndb3:keys=2,expires=0,avg_ttl=0\r\n";

    #[test]
    fn what_a_server_tells_is_read() {
        let facts = ServerFacts::read(INFO);
        assert_eq!((facts.server.as_str(), facts.version.as_str()), ("redis", "7.0.15"));
        assert_eq!((facts.appends, facts.maxmemory, facts.replicas, facts.keys), (true, 1024, 2, 7));
        assert!(!facts.is_replica && !facts.is_loading && !is_too_old(&facts));
        assert!(!facts.is_durable(), "without word on when it syncs, it is not known to");
        assert!(ServerFacts { fsync: Some("always".into()), ..facts }.is_durable());
    }

    #[test]
    fn what_endangers_sessions_is_told() {
        let facts =
            ServerFacts::read(&INFO.replace("noeviction", "volatile-lru").replace("aof_enabled:1", "aof_enabled:0"));
        assert_eq!(facts.dangers().len(), 2);
        let facts = ServerFacts { fsync: Some("everysec".into()), ..ServerFacts::read(INFO) };
        assert!(facts.dangers()[0].found.contains("appendfsync is everysec"));
        assert!(ServerFacts { fsync: Some("always".into()), ..facts }.dangers().is_empty());
    }

    #[test]
    fn a_valkey_is_told_from_a_redis_by_its_own_version() {
        let facts = ServerFacts::read("redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.0.1\n");
        assert_eq!((facts.server.as_str(), facts.version.as_str()), ("valkey", "8.0.1"));
        assert!(is_too_old(&ServerFacts::read("redis_version:6.0.16\n")));
    }
}
