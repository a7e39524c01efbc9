use std::time::Duration;

use redis::{ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};

use crate::options::{RedisOptions, Topology};

/// The error of a URL that names no store; says what is wrong and what would be right, and repeats no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{scheme}:...: {problem}; a store is named like redis://USER:PASSWORD@HOST:PORT/0, rediss://HOST, \
     redis+sentinel://HOST,HOST/NAME or redis+cluster://HOST,HOST"
)]
pub struct InvalidUrl {
    scheme: String,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("there is no such kind of server")]
    Scheme,
    #[error("it names no host")]
    NoHost,
    #[error("after the hosts there is to be the name of the primary, as the sentinels know it")]
    NoName,
    #[error("a cluster has one database, and it has no number")]
    Database,
    #[error("a host, port, user, password or database in it cannot be read")]
    Server,
    #[error(
        "{0} is not an option; there are prefix, timeout_ms, replicas, events, ca, cert, key, sentinel_user and sentinel_password"
    )]
    Unknown(String),
    #[error("{0} is to be a whole number, from 1 to 3600000 for times")]
    Number(String),
}

/// The parts of a URL, as they stand in it.
struct Parts<'a> {
    tls: bool,
    credentials: &'a str,
    hosts: Vec<&'a str>,
    path: &'a str,
    pairs: Vec<(&'a str, &'a str)>,
}

pub(crate) fn read(url: &str) -> Result<RedisOptions, InvalidUrl> {
    parse(url).map_err(|problem| {
        let scheme = url.split(':').next().unwrap_or_default();
        InvalidUrl { scheme: scheme.chars().take(20).collect(), problem }
    })
}

fn parse(url: &str) -> Result<RedisOptions, Problem> {
    let (scheme, rest) = url.split_once("://").ok_or(Problem::Scheme)?;
    let (kind, tls) = match scheme {
        "redis" | "valkey" => ("", false),
        "rediss" | "valkeys" => ("", true),
        "redis+sentinel" | "valkey+sentinel" => ("sentinel", false),
        "rediss+sentinel" | "valkeys+sentinel" => ("sentinel", true),
        "redis+cluster" | "valkey+cluster" => ("cluster", false),
        "rediss+cluster" | "valkeys+cluster" => ("cluster", true),
        _ => return Err(Problem::Scheme),
    };
    let parts = split(rest, tls)?;
    let options = match kind {
        "sentinel" => sentinel(&parts)?,
        "cluster" => cluster(&parts)?,
        _ => single(&parts)?,
    };
    parts.pairs.iter().try_fold(options, |options, (name, value)| with(options, name, value))
}

fn split(rest: &str, tls: bool) -> Result<Parts<'_>, Problem> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let hosts: Vec<_> = hosts.split(',').collect();
    if hosts.iter().any(|host| host.is_empty()) {
        return Err(Problem::NoHost);
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    Ok(Parts { tls, credentials, hosts, path, pairs: pairs.collect() })
}

fn single(parts: &Parts<'_>) -> Result<RedisOptions, Problem> {
    match parts.hosts[..] {
        [host] => Ok(RedisOptions::single(server(parts.tls, parts.credentials, host, "6379", parts.path)?)),
        _ => Err(Problem::Server),
    }
}

fn sentinel(parts: &Parts<'_>) -> Result<RedisOptions, Problem> {
    let (name, database) = parts.path.split_once('/').unwrap_or((parts.path, ""));
    if name.is_empty() {
        return Err(Problem::NoName);
    }
    // The user and password are the server's; sentinels have their own, or none.
    let node = server(parts.tls, parts.credentials, "primary", "6379", database)?.redis_settings().clone();
    let option = |name| parts.pairs.iter().find(|(found, _)| *found == name).map(|(_, value)| *value);
    let credentials = match (option("sentinel_user"), option("sentinel_password")) {
        (None, None) => String::new(),
        (user, password) => format!("{}:{}", user.unwrap_or_default(), password.unwrap_or_default()),
    };
    let each = parts.hosts.iter().map(|host| server(parts.tls, &credentials, host, "26379", ""));
    Ok(RedisOptions::sentinel(each.collect::<Result<_, _>>()?, name, node))
}

fn cluster(parts: &Parts<'_>) -> Result<RedisOptions, Problem> {
    if !matches!(parts.path, "" | "0") {
        return Err(Problem::Database);
    }
    let each = parts.hosts.iter().map(|host| server(parts.tls, parts.credentials, host, "6379", ""));
    Ok(RedisOptions::cluster(each.collect::<Result<_, _>>()?))
}

/// Reads one server by the driver's own rules, which also decode what is written with percent signs.
fn server(tls: bool, credentials: &str, host: &str, port: &str, database: &str) -> Result<ConnectionInfo, Problem> {
    let scheme = if tls { "rediss" } else { "redis" };
    let at = if credentials.is_empty() { "" } else { "@" };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let port = if has_port { String::new() } else { format!(":{port}") };
    let url = format!("{scheme}://{credentials}{at}{host}{port}/{database}");
    url.into_connection_info().map_err(|_| Problem::Server)
}

fn with(options: RedisOptions, name: &str, value: &str) -> Result<RedisOptions, Problem> {
    let number = |most: u32| match value.parse() {
        Ok(number @ 1..) if number <= most => Ok(number),
        _ => Err(Problem::Number(format!("{name}={value}"))),
    };
    Ok(match name {
        "prefix" => options.prefix(value),
        "timeout_ms" => options.timeout(Duration::from_millis(number(3_600_000)?.into())),
        "replicas" => options.replicas(number(1000)?),
        "events" => options.events_per_session(number(100_000)?),
        "ca" => options.ca(value),
        "cert" => {
            let key = options.certificates.key.clone().unwrap_or_default();
            options.client_certificate(value, key)
        }
        "key" => {
            let certificate = options.certificates.cert.clone().unwrap_or_default();
            options.client_certificate(certificate, value)
        }
        "sentinel_user" | "sentinel_password" if matches!(options.topology, Topology::Sentinel(_)) => options,
        _ => return Err(Problem::Unknown(name.to_owned())),
    })
}

/// The names that this crate's own clients give a connection.
pub(crate) fn named(info: &RedisConnectionInfo) -> RedisConnectionInfo {
    info.clone().set_protocol(redis::ProtocolVersion::RESP3).set_lib_name("hallpass", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Sentinels;

    fn address(info: &ConnectionInfo) -> String {
        info.addr().to_string()
    }

    #[test]
    fn a_url_names_one_server() {
        let options = read("redis://ann:p%40ss@localhost/3?prefix=shop:&timeout_ms=250&replicas=1").expect("a URL");
        let Topology::Single(server) = &options.topology else { panic!("one server") };
        assert_eq!(address(server), "localhost:6379");
        assert_eq!(server.redis_settings().username(), Some("ann"));
        assert_eq!(server.redis_settings().password(), Some("p@ss"));
        assert_eq!(server.redis_settings().db(), 3);
        assert_eq!(
            (options.prefix.as_str(), options.timeout, options.replicas),
            ("shop:", Duration::from_millis(250), 1)
        );
        assert!(read("rediss://[::1]:7000").is_ok());
        assert!(read("valkey://h").is_ok());
    }

    #[test]
    fn a_url_names_sentinels_and_their_primary() {
        let options = read("redis+sentinel://app:s3cret@a,b:7000/main/2?sentinel_password=other").expect("a URL");
        let Topology::Sentinel(Sentinels { nodes: sentinels, name, node, tls }) = &options.topology else {
            panic!("sentinels")
        };
        assert_eq!(sentinels.iter().map(address).collect::<Vec<_>>(), ["a:26379", "b:7000"]);
        assert_eq!(sentinels[0].redis_settings().password(), Some("other"));
        assert_eq!(
            (name.as_str(), node.username(), node.password(), node.db()),
            ("main", Some("app"), Some("s3cret"), 2)
        );
        assert!(!tls);
    }

    #[test]
    fn a_url_names_nodes_of_a_cluster() {
        let options = read("rediss+cluster://app:s3cret@a:7000,b:7001").expect("a URL");
        let Topology::Cluster(nodes) = &options.topology else { panic!("a cluster") };
        assert_eq!(nodes.iter().map(address).collect::<Vec<_>>(), ["a:7000", "b:7001"]);
        assert_eq!(nodes[1].redis_settings().password(), Some("s3cret"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, part) in [
            ("postgres://u:s3cret@localhost", "no such kind"),
            ("redis:s3cret", "no such kind"),
            ("redis://u:s3cret@", "names no host"),
            ("redis+sentinel://u:s3cret@a", "name of the primary"),
            ("redis+cluster://u:s3cret@a/3", "one database"),
            ("redis://u:s3cret@a/nine", "cannot be read"),
            ("redis://u:s3cret@a?colour=red", "colour is not an option"),
            ("redis://u:s3cret@a?timeout_ms=0", "timeout_ms=0"),
            ("redis://u:s3cret@a,b", "cannot be read"),
        ] {
            let error = read(url).expect_err(url);
            assert!(error.to_string().contains(part), "{error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn options_show_no_password() {
        for url in ["redis://u:s3cret@a", "redis+sentinel://u:s3cret@a/m", "redis+cluster://u:s3cret@a"] {
            let shown = format!("{:?}", read(url).expect(url));
            assert!(!shown.contains("s3cret") && shown.contains("a:"), "{shown}");
        }
    }
}
