use std::path::PathBuf;

use hallpass_sql::{InvalidOption, Usage, is_this_machine};
use mysql_async::{Opts, UrlError};
use percent_encoding::percent_decode_str;

use crate::options::{Encryption, MysqlOptions, Way};

/// Each serves one call at a time.
const MOST_CONNECTIONS: usize = 1000;

/// The error of a URL that names no store; says what is wrong, and repeats nothing of it that could be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; a store is named like mysql://user:password@host/database")]
pub struct InvalidUrl {
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("the URL does not begin with mysql:// or mariadb://")]
    Scheme,
    #[error("the URL cannot be read")]
    Syntax,
    #[error("{0} is not an option")]
    Unknown(String),
    #[error("the value of the option {0} is not a valid one")]
    Value(String),
    #[error("the URL names no user")]
    NoUser,
    #[error("the URL names no database")]
    NoDatabase,
    #[error(transparent)]
    Option(#[from] InvalidOption),
    #[error("{0} is neither sslmode=disable nor sslmode=require")]
    SslMode(String),
}

/// Reads a URL as the driver does, and the options that are ours.
pub(crate) fn read(url: &str) -> Result<MysqlOptions, InvalidUrl> {
    parse(url).map_err(|problem| InvalidUrl { problem })
}

fn parse(url: &str) -> Result<MysqlOptions, Problem> {
    let rest = ["mysql://", "mariadb://"].iter().find_map(|scheme| url.strip_prefix(scheme)).ok_or(Problem::Scheme)?;
    let (place, pairs) = rest.split_once('?').unwrap_or((rest, ""));
    let (ours, theirs): (Vec<_>, Vec<_>) =
        pairs.split('&').filter(|pair| !pair.is_empty()).partition(|pair| is_ours(pair));
    let opts = Opts::from_url(&format!("mysql://{place}?{}", theirs.join("&"))).map_err(|error| match error {
        UrlError::UnknownParameter { param } => Problem::Unknown(param),
        UrlError::InvalidParamValue { param, .. } | UrlError::FeatureRequired { param, .. } => Problem::Value(param),
        _ => Problem::Syntax,
    })?;
    if opts.user().is_none_or(str::is_empty) {
        return Err(Problem::NoUser);
    }
    if opts.db_name().is_none_or(str::is_empty) {
        return Err(Problem::NoDatabase);
    }
    // What leaves the machine is encrypted, unless the URL says otherwise.
    let is_local = opts.socket().is_some() || is_this_machine(opts.ip_or_hostname());
    let mut encrypts = (!is_local).then_some(true);
    let mut authorities = None;
    let mut options = MysqlOptions::from(opts.clone());
    for pair in ours {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("sslmode", "disable") => encrypts = Some(false),
            ("sslmode", "require") => encrypts = Some(true),
            ("sslmode", _) => return Err(Problem::SslMode(pair.to_owned())),
            ("sslrootcert", path) => {
                authorities = Some(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned()));
            }
            _ => {
                options.usage.set(pair, MOST_CONNECTIONS)?;
            }
        }
    }
    if encrypts == Some(true) {
        options.way = Way::Own(opts, Encryption::Required(authorities));
    }
    Ok(options)
}

fn is_ours(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    Usage::has(name) || matches!(name, "sslmode" | "sslrootcert")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn way(options: &MysqlOptions) -> (&Opts, &Encryption) {
        match &options.way {
            Way::Own(opts, encryption) => (opts, encryption),
            Way::Pool(_) => panic!("a URL makes its connections"),
        }
    }

    #[test]
    fn options_are_read_and_the_rest_is_the_drivers() {
        let url = "mysql://ann:p%40ss@db.example/shop?timeout=2&connections=3&create=false&tcp_keepalive=9";
        let options = read(url).expect("a URL");
        assert_eq!(
            (options.usage.connections.get(), options.usage.timeout, options.usage.create),
            (3, Duration::from_secs(2), false)
        );
        assert_eq!(way(&options).0.pass(), Some("p@ss"));
        assert_eq!(options.server(), "mysql://db.example:3306/shop");
        assert!(!format!("{options:?}").contains("p@ss"), "{options:?}");
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_the_url_says_otherwise() {
        let required = Encryption::Required(None);
        for (url, encryption) in [
            ("mysql://ann@db.example/shop", &required),
            ("mariadb://ann@10.0.0.7/shop", &required),
            ("mysql://ann@db.example/shop?sslmode=disable", &Encryption::AsGiven),
            ("mysql://ann@localhost/shop", &Encryption::AsGiven),
            ("mysql://ann@127.0.0.1/shop", &Encryption::AsGiven),
            ("mysql://ann@[::1]:3306/shop", &Encryption::AsGiven),
            ("mysql://ann@127.0.0.1/shop?sslmode=require", &required),
            ("mysql://ann@db/shop?sslrootcert=%2Fca.pem", &Encryption::Required(Some("/ca.pem".into()))),
        ] {
            assert_eq!(way(&read(url).expect(url)).1, encryption, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_no_password_is_repeated() {
        for (url, part) in [
            ("postgres://ann:secret@db/shop", "begin with mysql://"),
            ("mysql://db/shop", "names no user"),
            ("mysql://ann:secret@db", "names no database"),
            ("mysql://ann:secret@db:port/shop", "cannot be read"),
            ("mysql://ann:secret@db/shop?color=red", "color is not an option"),
            ("mysql://ann:secret@db/shop?tcp_nodelay=secret", "tcp_nodelay is not a valid one"),
            ("mysql://ann:secret@db/shop?create=maybe", "create=maybe"),
            ("mysql://ann:secret@db/shop?connections=0", "connections=0"),
            ("mysql://ann:secret@db/shop?timeout=0", "timeout=0"),
            ("mysql://ann:secret@db/shop?sslmode=maybe", "sslmode=maybe"),
        ] {
            let error = read(url).expect_err(url);
            let message = error.to_string();
            assert!(message.contains(part), "{message}");
            assert!(!format!("{message} {error:?}").contains("secret"), "{error:?}");
        }
    }
}
