use std::path::PathBuf;

use hallpass_sql::{InvalidOption, Usage};
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;

use crate::options::{PostgresOptions, usual_encryption};

/// Each carries many questions at once, so more would only burden the server.
const MOST_CONNECTIONS: usize = 100;

/// The error of a URL that names no store; says what is wrong, and repeats nothing of it that could be a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "{problem}; a store is named like postgres://user:password@host/database, or postgres:///database?host=/run/postgresql"
)]
pub struct InvalidUrl {
    problem: Problem,
    source: Option<tokio_postgres::Error>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("the URL does not begin with postgres:// or postgresql://")]
    Scheme,
    #[error("the URL cannot be read: {0}")]
    Driver(String),
    #[error("the URL names no user")]
    NoUser,
    #[error(transparent)]
    Option(#[from] InvalidOption),
    #[error("{0}: the server's certificate is always checked; say sslmode=require with sslrootcert=FILE")]
    SslMode(String),
}

/// Reads a URL as the driver does, and the options that are ours.
pub(crate) fn read(url: &str) -> Result<PostgresOptions, InvalidUrl> {
    parse(url).map_err(|(problem, source)| InvalidUrl { problem, source })
}

fn parse(url: &str) -> Result<PostgresOptions, (Problem, Option<tokio_postgres::Error>)> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err((Problem::Scheme, None));
    }
    let (place, pairs) = url.split_once('?').unwrap_or((url, ""));
    let (ours, theirs): (Vec<_>, Vec<_>) =
        pairs.split('&').filter(|pair| !pair.is_empty()).partition(|pair| is_ours(pair));
    let rest = if theirs.is_empty() { place.to_owned() } else { format!("{place}?{}", theirs.join("&")) };
    let mut config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
        // The driver names the option that is wrong, never its value.
        (Problem::Driver(reason(&error)), Some(error))
    })?;
    if config.get_user().is_none() {
        return Err((Problem::NoUser, None));
    }
    if !theirs.iter().any(|pair| pair.starts_with("sslmode=")) {
        usual_encryption(&mut config);
    }
    let mut options = PostgresOptions::from(config);
    for pair in ours {
        options = set(options, pair).map_err(|problem| (problem, None))?;
    }
    Ok(options)
}

fn is_ours(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    Usage::has(name) || name == "sslrootcert" || matches!(pair, "sslmode=verify-ca" | "sslmode=verify-full")
}

fn set(mut options: PostgresOptions, pair: &str) -> Result<PostgresOptions, Problem> {
    if options.usage.set(pair, MOST_CONNECTIONS)? {
        return Ok(options);
    }
    let path = pair.strip_prefix("sslrootcert=").ok_or_else(|| Problem::SslMode(pair.to_owned()))?;
    options.tls.authorities = Some(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned()));
    Ok(options)
}

fn reason(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Way;
    use std::time::Duration;
    use tokio_postgres::config::SslMode;

    fn config(options: &PostgresOptions) -> &Config {
        match &options.way {
            Way::Config(config) => config,
            Way::Given { .. } => panic!("a URL makes its connections"),
        }
    }

    #[test]
    fn options_are_read_and_the_rest_is_the_drivers() {
        let url = "postgres://ann:p%40ss@db.example/shop?timeout=2&connections=3&create=false&connect_timeout=1";
        let options = read(url).expect("a URL");
        assert_eq!(
            (options.usage.connections.get(), options.usage.timeout, options.usage.create),
            (3, Duration::from_secs(2), false)
        );
        assert_eq!(config(&options).get_password(), Some(&b"p@ss"[..]));
        assert_eq!(options.server(), "postgres://db.example:5432/shop");
        assert!(!format!("{options:?}").contains("p@ss"), "{options:?}");
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_the_url_says_otherwise() {
        for (url, mode) in [
            ("postgres://ann@db.example/shop", SslMode::Require),
            ("postgres://ann@db.example/shop?sslmode=disable", SslMode::Disable),
            ("postgres://ann@db.example/shop?sslmode=prefer", SslMode::Prefer),
            ("postgres://ann@10.0.0.7/shop", SslMode::Require),
            ("postgres://ann@localhost/shop", SslMode::Disable),
            ("postgres://ann@127.0.0.1,db.example/shop", SslMode::Require),
            ("postgresql:///shop?host=/run/postgresql&user=ann", SslMode::Disable),
        ] {
            assert_eq!(config(&read(url).expect(url)).get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_no_password_is_repeated() {
        for (url, part) in [
            ("mysql://ann:secret@db/shop", "begin with postgres://"),
            ("postgres://db/shop", "names no user"),
            ("postgres://ann:secret@db:port/shop", "cannot be read"),
            ("postgres://ann:secret@db/shop?color=red", "color"),
            ("postgres://ann:secret@db/shop?create=maybe", "create=maybe"),
            ("postgres://ann:secret@db/shop?connections=0", "connections=0"),
            ("postgres://ann:secret@db/shop?timeout=0", "timeout=0"),
            ("postgres://ann:secret@db/shop?sslmode=verify-full", "always checked"),
        ] {
            let error = read(url).expect_err(url);
            let message = error.to_string();
            assert!(message.contains(part), "{message}");
            assert!(!format!("{message} {error:?}").contains("secret"), "{error:?}");
        }
    }
}
