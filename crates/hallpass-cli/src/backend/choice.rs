use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use hallpass::{Sessions, SessionsBuilder};
use hallpass_server::stores::{self, Opened};
use hallpass_server::{Config, ConfigError, ConfigFile};

use super::Backend;
use super::direct::Direct;
use super::http::Connection;
use super::service::Service;
use crate::args::Global;
use crate::failure::Failure;
use crate::output::Output;

/// Returns the service or store that the options, the environment and the configuration name, in this order.
pub(crate) async fn choose(global: &Global, output: &Output) -> Result<Box<dyn Backend>, Failure> {
    let from_environment = || if global.store.is_none() { variable("HALLPASS_URL") } else { None };
    match global.url.clone().or_else(from_environment) {
        Some(url) => Ok(Box::new(service(&url, global, output)?)),
        None => Ok(Box::new(direct(global).await?)),
    }
}

fn service(url: &str, global: &Global, output: &Output) -> Result<Service, Failure> {
    let key = variable("HALLPASS_KEY").ok_or_else(|| {
        Failure::new(format!("the service at {url} wants an API key"))
            .hint("put it into HALLPASS_KEY; `hallpass keys create` makes one, `hallpass serve` prints the first")
    })?;
    let connection = Connection::new(url, &key)?;
    if connection.is_exposed() {
        output.warn(format_args!("{url} is not encrypted: the API key can be read on the way"));
    }
    Ok(Service::new(connection, global.realm.clone()))
}

async fn direct(global: &Global) -> Result<Direct, Failure> {
    let (opened, config) = store(global).await?;
    let mut builder = config.ending_tokens(builder(&opened, &config)?);
    if let Some(realm) = &global.realm {
        builder = builder.realm(realm.clone());
    }
    let sessions = builder.build().map_err(|error| Failure::new(error.to_string()))?;
    Ok(Direct::new(sessions, opened.settings, config))
}

/// Opens the store that the options, the environment and the configuration name; it must be there.
pub(crate) async fn store(global: &Global) -> Result<(Opened, Config), Failure> {
    let file = config_file(global)?;
    let config = layered(global, file.as_ref(), Vec::new()).map_err(|error| misconfigured(&error))?;
    let opened = stores::open(&existing(&config.store)?)
        .await
        .map_err(|error| Failure::advising(error, "--store names another store, --url a running service"))?;
    let opened = opened.sealed(&config).map_err(|error| Failure::advising(error, ""))?;
    Ok((opened, config))
}

/// Returns the builder of the sessions of a store, under the policies of its service.
pub(crate) fn builder(opened: &Opened, config: &Config) -> Result<SessionsBuilder, Failure> {
    let mut builder = Sessions::builder().shared_store(Arc::clone(&opened.store));
    let wrong = |(profile, error)| Failure::new(format!("the profile {profile}: {error}"));
    for (profile, policy) in config.policies().map_err(wrong)? {
        builder = builder.profile(profile, policy);
    }
    Ok(builder)
}

/// Returns the URL of a store that must be there: a slip of the pen makes no new one.
fn existing(url: &str) -> Result<String, Failure> {
    if url == "memory:" {
        return Err(Failure::new("a store in memory belongs to the service that holds it")
            .hint("talk to that service: --url, with the API key in HALLPASS_KEY"));
    }
    if ["sqlite:", "postgres:", "postgresql:", "mysql:", "mariadb:"].iter().any(|scheme| url.starts_with(scheme)) {
        let separator = if url.contains('?') { '&' } else { '?' };
        return Ok(format!("{url}{separator}create=false"));
    }
    Ok(url.to_owned())
}

/// Returns the configuration file that was named, or the usual one if it is there.
pub(crate) fn config_file(global: &Global) -> Result<Option<ConfigFile>, Failure> {
    let named = global.config.clone().or_else(|| variable("HALLPASS_CONFIG").map(PathBuf::from));
    let path = named.clone().unwrap_or_else(|| PathBuf::from(Config::FILE));
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(ConfigFile { path, text })),
        Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => Ok(None),
        Err(error) => Err(Failure::new(format!("{}: cannot be read: {error}", path.display()))
            .hint("--config or HALLPASS_CONFIG names it")),
    }
}

/// Returns what flags, environment and file say together.
pub(crate) fn layered(
    global: &Global,
    file: Option<&ConfigFile>,
    mut flags: Vec<(&'static str, String)>,
) -> Result<Config, ConfigError> {
    flags.extend(global.store.clone().map(|store| ("store", store)));
    Config::layered(file, variable, &flags)
}

/// Makes one line of what is wrong with a configuration.
pub(crate) fn misconfigured(error: &ConfigError) -> Failure {
    let many = matches!(error, ConfigError::File { findings, .. } if findings.len() > 1);
    let hint = if many {
        "each is to be put right; `hallpass config check` lists them"
    } else {
        "`hallpass config check` reads it again"
    };
    Failure::new(error.to_string()).hint(hint)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_never_made_by_asking_about_it() {
        assert_eq!(existing("sqlite:a.db").expect("a store"), "sqlite:a.db?create=false");
        let kept = existing("sqlite:a.db?create=true").expect("a store");
        assert!(kept.ends_with("&create=false"), "{kept}");
        assert_eq!(existing("memory:").expect_err("no store").code(), 2);
    }
}
