use std::collections::BTreeSet;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::options::{MemcachedOptions, Server};

const USUAL_PORT: u16 = 11211;

/// The error of a URL that names no store; says what is wrong and what would be right, and repeats no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{scheme}:...: {problem}; a store is named like memcached://HOST:PORT or memcached://HOST,HOST")]
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
    #[error("a host or port in it cannot be read")]
    Server,
    #[error("{0} stands there twice, and keys are shared out by name")]
    Twice(String),
    #[error("there is a user, and no password")]
    Credentials,
    #[error("Memcached has no databases, so nothing stands behind the hosts")]
    Path,
    #[error("{0} is not an option; there are prefix and timeout_ms")]
    Unknown(String),
    #[error("timeout_ms is to be a whole number from 1 to 3600000")]
    Timeout,
}

pub(crate) fn read(url: &str) -> Result<MemcachedOptions, InvalidUrl> {
    parse(url).map_err(|problem| {
        let scheme = url.split(':').next().unwrap_or_default();
        InvalidUrl { scheme: scheme.chars().take(20).collect(), problem }
    })
}

pub(crate) fn read_servers<'a>(servers: impl IntoIterator<Item = &'a str>) -> Result<MemcachedOptions, InvalidUrl> {
    let read = each(servers);
    read.map(MemcachedOptions::new).map_err(|problem| InvalidUrl { scheme: "memcached".to_owned(), problem })
}

fn parse(url: &str) -> Result<MemcachedOptions, Problem> {
    let rest = url.strip_prefix("memcached://").ok_or(Problem::Scheme)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !path.is_empty() {
        return Err(Problem::Path);
    }
    let (credentials, hosts) = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => (Some(credentials), hosts),
        None => (None, authority),
    };
    let mut options = MemcachedOptions::new(each(hosts.split(','))?);
    if let Some(credentials) = credentials {
        let (user, password) = credentials.split_once(':').ok_or(Problem::Credentials)?;
        options = options.credentials(decoded(user)?, decoded(password)?);
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    for (name, value) in pairs {
        options = match name {
            "prefix" => options.prefix(value),
            "timeout_ms" => match value.parse() {
                Ok(millis @ 1..=3_600_000) => options.timeout(Duration::from_millis(millis)),
                _ => return Err(Problem::Timeout),
            },
            _ => return Err(Problem::Unknown(name.chars().take(40).collect())),
        };
    }
    Ok(options)
}

fn decoded(text: &str) -> Result<String, Problem> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| Problem::Credentials)?;
    Ok(text.into_owned())
}

fn each<'a>(servers: impl IntoIterator<Item = &'a str>) -> Result<Vec<Server>, Problem> {
    let servers: Vec<_> = servers.into_iter().map(server).collect::<Result<_, _>>()?;
    let mut names = BTreeSet::new();
    match servers.iter().find(|server| !names.insert(&server.name)) {
        _ if servers.is_empty() => Err(Problem::NoHost),
        Some(twice) => Err(Problem::Twice(twice.name.clone())),
        None => Ok(servers),
    }
}

/// Reads `HOST`, `HOST:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`. The name of a server is the same however it is written.
fn server(text: &str) -> Result<Server, Problem> {
    let (host, port) =
        match text.strip_prefix('[').map(|rest| rest.split_once(']').ok_or(Problem::Server)).transpose()? {
            Some((address, "")) => (address, None),
            Some((address, rest)) => (address, Some(rest.strip_prefix(':').ok_or(Problem::Server)?)),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
    if host.is_empty() {
        return Err(Problem::NoHost);
    }
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || "-._:%".contains(letter);
    let port = port.map_or(Ok(USUAL_PORT), str::parse).map_err(|_| Problem::Server)?;
    if port == 0 || !host.chars().all(is_good) {
        return Err(Problem::Server);
    }
    let host = host.to_ascii_lowercase();
    let name = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    Ok(Server { name, host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(url: &str) -> Vec<String> {
        read(url).expect(url).servers.into_iter().map(|server| server.name).collect()
    }

    #[test]
    fn a_url_names_servers() {
        assert_eq!(names("memcached://localhost"), ["localhost:11211"]);
        assert_eq!(names("memcached://Cache-1:7000,10.0.0.2/"), ["cache-1:7000", "10.0.0.2:11211"]);
        assert_eq!(names("memcached://[::1]:7000,[fe80::1%25eth0]"), ["[::1]:7000", "[fe80::1%25eth0]:11211"]);
        let options = read("memcached://ann:p%40ss:w@h?prefix=shop:&timeout_ms=250").expect("a URL");
        assert_eq!(options.credentials.as_ref().expect("there are some").line().as_str(), "ann p@ss:w");
        assert_eq!((options.prefix.as_str(), options.timeout), ("shop:", Duration::from_millis(250)));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, part) in [
            ("redis://u:s3cret@localhost", "no such kind"),
            ("memcached:s3cret", "no such kind"),
            ("memcached://u:s3cret@", "names no host"),
            ("memcached://u:s3cret@a,", "names no host"),
            ("memcached://u:s3cret@a/3", "no databases"),
            ("memcached://u:s3cret@a:x", "cannot be read"),
            ("memcached://u:s3cret@a:0", "cannot be read"),
            ("memcached://u:s3cret@a b", "cannot be read"),
            ("memcached://u:s3cret@[::1", "cannot be read"),
            ("memcached://s3cret@a", "no password"),
            ("memcached://u:s3cret@a,b,A:11211", "a:11211 stands there twice"),
            ("memcached://u:s3cret@a?colour=red", "colour is not an option"),
            ("memcached://u:s3cret@a?timeout_ms=0", "from 1 to 3600000"),
        ] {
            let error = read(url).expect_err(url);
            assert!(error.to_string().contains(part), "{error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn options_show_no_password_and_take_none_that_is_a_command() {
        let options = read("memcached://u:s3cret@a").expect("a URL");
        let shown = format!("{options:?}");
        assert!(!shown.contains("s3cret") && shown.contains("a:11211"), "{shown}");
        assert!(options.check().is_ok());
        for bad in [
            "memcached://u:x%0d%0aflush_all@a",
            "memcached://u%20v:x@a",
            "memcached://u:@a",
            "memcached://a?prefix=a%20b c",
        ] {
            assert!(read(bad).expect(bad).check().is_err(), "{bad}");
        }
    }
}
