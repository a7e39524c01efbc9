use std::time::Duration;

use crate::options::SqliteOptions;

/// The error of a URL that names no store; says what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {problem}; a store is named like sqlite:hallpass.db or sqlite:///var/lib/hallpass/hallpass.db")]
pub struct InvalidUrl {
    url: String,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("it does not begin with sqlite:")]
    Scheme,
    #[error("it names no file")]
    NoFile,
    #[error("SQLite in memory is not offered; use memory:")]
    Memory,
    #[error("its path holds a NUL")]
    Nul,
    #[error("{0} is not an option; there are create=true|false and busy_timeout=SECONDS")]
    Unknown(String),
    #[error("{0} is neither create=true nor create=false")]
    Create(String),
    #[error("{0} is not busy_timeout= with whole seconds from 0 to 3600")]
    BusyTimeout(String),
}

/// Reads `sqlite:PATH` or `sqlite://PATH`, with options after a question mark; the path is taken as it stands.
pub(crate) fn read(url: &str) -> Result<SqliteOptions, InvalidUrl> {
    parse(url).map_err(|problem| InvalidUrl { url: url.to_owned(), problem })
}

fn parse(url: &str) -> Result<SqliteOptions, Problem> {
    let rest = url.strip_prefix("sqlite:").ok_or(Problem::Scheme)?;
    let (path, pairs) = rest.split_once('?').unwrap_or((rest, ""));
    let mut options = SqliteOptions::new(file(path)?);
    for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
        options = match pair.split_once('=') {
            Some(("create", "true")) => options.create(true),
            Some(("create", "false")) => options.create(false),
            Some(("create", _)) => return Err(Problem::Create(pair.to_owned())),
            Some(("busy_timeout", seconds)) => options.busy_timeout(busy_timeout(seconds, pair)?),
            _ => return Err(Problem::Unknown(pair.to_owned())),
        };
    }
    Ok(options)
}

fn file(path: &str) -> Result<String, Problem> {
    match path.strip_prefix("//").unwrap_or(path) {
        "" => Err(Problem::NoFile),
        ":memory:" => Err(Problem::Memory),
        path if path.contains('\0') => Err(Problem::Nul),
        path => Ok(path.to_owned()),
    }
}

fn busy_timeout(seconds: &str, pair: &str) -> Result<Duration, Problem> {
    match seconds.parse() {
        Ok(seconds @ 0..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err(Problem::BusyTimeout(pair.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_url_names_a_relative_or_an_absolute_file() {
        for (url, path) in [
            ("sqlite:hallpass.db", "hallpass.db"),
            ("sqlite:./data/hallpass.db", "./data/hallpass.db"),
            ("sqlite:/var/lib/hallpass.db", "/var/lib/hallpass.db"),
            ("sqlite:///var/lib/hallpass.db", "/var/lib/hallpass.db"),
            ("sqlite:my store%20.db", "my store%20.db"),
        ] {
            assert_eq!(read(url).expect(url).path, Path::new(path));
        }
    }

    #[test]
    fn options_are_read() {
        let options = read("sqlite:a.db?create=false&busy_timeout=2").expect("a URL");
        assert!(!options.create);
        assert_eq!(options.busy_timeout, Duration::from_secs(2));
        assert!(read("sqlite:a.db").expect("a URL").create);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (url, part) in [
            ("postgres://localhost", "begin with sqlite:"),
            ("sqlite:", "names no file"),
            ("sqlite://", "names no file"),
            ("sqlite::memory:", "use memory:"),
            ("sqlite:a\0b", "NUL"),
            ("sqlite:a.db?mode=rwc", "mode=rwc is not an option"),
            ("sqlite:a.db?create=maybe", "create=maybe"),
            ("sqlite:a.db?busy_timeout=-1", "busy_timeout=-1"),
        ] {
            let message = read(url).expect_err(url).to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
