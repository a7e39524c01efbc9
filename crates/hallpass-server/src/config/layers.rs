use std::path::PathBuf;

use serde::Deserialize;
use toml::{Table, Value};

use super::check::read_keys;
use super::{AdminKey, Config, Finding, Setting, SettingKind, SigningKey};

/// The text of a configuration file, and where it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// Where it was read, for messages.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// Why a configuration is not used; says where the mistake is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file has mistakes.
    #[error("{}: {}", path.display(), list(findings))]
    File {
        /// Where it was read.
        path: PathBuf,
        /// The mistakes, in the order of their lines.
        findings: Vec<Finding>,
    },
    /// A flag or variable has a value that it cannot have.
    #[error("{name}: {message}")]
    Value {
        /// The flag or variable.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// The settings contradict each other or a bound.
    #[error("{key}: {message}{}", hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default())]
    Broken {
        /// The setting.
        key: String,
        /// What is wrong.
        message: String,
        /// What would be right, if that can be guessed.
        hint: Option<String>,
    },
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Config {
    /// Returns what flags, variables and file say together: a flag goes before a variable, and that before the file.
    ///
    /// `variable` returns the value of an environment variable; `flags` are keys of [`Setting::ALL`] and what the flag
    /// was given. An empty variable is as good as none.
    ///
    /// ```
    /// use hallpass_server::{Config, ConfigFile};
    ///
    /// let file = ConfigFile { path: "hallpass.toml".into(), text: "sweep_interval = 30\nstore = 'memory:'".into() };
    /// let variable = |name: &str| (name == "HALLPASS_SWEEP_INTERVAL").then(|| "20".to_owned());
    /// let config = Config::layered(Some(&file), variable, &[("listen", "127.0.0.1:0".into())])?;
    /// assert_eq!((config.sweep_interval, config.store.as_str(), config.listen.port()), (20, "memory:", 0));
    /// # Ok::<(), hallpass_server::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the line, the variable or the flag.
    pub fn layered(
        file: Option<&ConfigFile>,
        variable: impl Fn(&str) -> Option<String>,
        flags: &[(&str, String)],
    ) -> Result<Self, ConfigError> {
        let mut table = Table::new();
        if let Some(ConfigFile { path, text }) = file {
            let invalid = |findings| ConfigError::File { path: path.clone(), findings };
            read_keys(text).map_err(invalid)?;
            table = text.parse().map_err(|_| invalid(Vec::new()))?;
        }
        for setting in Setting::ALL {
            let name = setting.variable();
            if let Some(text) = variable(&name).filter(|text| !text.is_empty()) {
                set(&mut table, setting, &text, &name)?;
            }
        }
        for (key, text) in flags {
            let name = |setting: &Setting| format!("--{}", setting.flag());
            let setting = Setting::ALL.iter().find(|setting| setting.key == *key);
            let setting = setting.ok_or_else(|| value_error(key, "there is no such setting"))?;
            set(&mut table, setting, text, &name(setting))?;
        }
        let mut config = Self::deserialize(table).map_err(|error| value_error("the settings", error.message()))?;
        if let Some(text) = variable("HALLPASS_ADMIN_KEY").filter(|text| !text.is_empty()) {
            let key = AdminKey::new(&text).map_err(|error| value_error("HALLPASS_ADMIN_KEY", &error.to_string()))?;
            config.admin_key = Some(key);
        }
        if let Some(pem) = variable("HALLPASS_SIGNING_KEY").filter(|text| !text.is_empty()) {
            let hint = "make one with: openssl genpkey -algorithm ed25519";
            let wrong = |error| value_error("HALLPASS_SIGNING_KEY", &format!("{error} ({hint})"));
            config.signing_key = Some(SigningKey::new(&pem).map_err(wrong)?);
        }
        config.checked()
    }

    /// Reads a configuration from the text of a file alone; whether its values fit each other, [`Config::check`] says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::File`] with every mistake in syntax, keys and types.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let read = read_keys(text).map(|(_, config)| config);
        read.map_err(|findings| ConfigError::File { path: Self::FILE.into(), findings })
    }

    /// Returns the configuration if no setting contradicts another or a bound.
    pub(crate) fn checked(self) -> Result<Self, ConfigError> {
        match self.broken().into_iter().next() {
            Some(broken) => Err(ConfigError::Broken { key: broken.key, message: broken.message, hint: broken.hint }),
            None => Ok(self),
        }
    }
}

/// Puts the text that a flag or variable was given where the file would have it.
fn set(table: &mut Table, setting: &Setting, text: &str, name: &str) -> Result<(), ConfigError> {
    let value = match setting.kind {
        SettingKind::Text => Value::from(text),
        SettingKind::Number => {
            Value::from(text.parse::<i64>().map_err(|_| value_error(name, "this is a whole number"))?)
        }
        SettingKind::Switch => match text {
            "true" | "1" | "yes" | "on" => Value::from(true),
            "false" | "0" | "no" | "off" => Value::from(false),
            _ => return Err(value_error(name, "this is `true` or `false`")),
        },
    };
    let (outer, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
    let place = if outer.is_empty() {
        table
    } else {
        let inner = table.entry(outer).or_insert_with(|| Value::Table(Table::new()));
        inner.as_table_mut().ok_or_else(|| value_error(name, "the file has something else than a table here"))?
    };
    place.insert(key.to_owned(), value);
    // Alone, so that a value of a wrong type is blamed on who gave it.
    let alone = Table::from_iter([(key.to_owned(), place[key].clone())]);
    let alone = if outer.is_empty() { alone } else { Table::from_iter([(outer.to_owned(), Value::Table(alone))]) };
    Config::deserialize(alone).map(drop).map_err(|error| value_error(name, error.message()))
}

fn value_error(name: &str, message: &str) -> ConfigError {
    ConfigError::Value { name: name.to_owned(), message: message.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    fn variables(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
    }

    fn file(text: &str) -> ConfigFile {
        ConfigFile { path: "hallpass.toml".into(), text: text.to_owned() }
    }

    #[test]
    fn a_flag_goes_before_a_variable_and_that_before_the_file() {
        let file = file("data_limit = 2048\nsweep_interval = 10\ndemo = true\n[policy]\nidle = 60\nfresh = 1");
        let variable =
            variables(&[("HALLPASS_SWEEP_INTERVAL", "20"), ("HALLPASS_POLICY_IDLE", "70"), ("HALLPASS_DEMO", "")]);
        let flags = [("sweep_interval", "30".to_owned()), ("cookie.name", "__Host-x".to_owned())];
        let config = Config::layered(Some(&file), variable, &flags).expect("valid");
        assert_eq!((config.data_limit, config.sweep_interval, config.demo), (2048, 30, true));
        assert_eq!((config.policy.idle, config.policy.fresh), (Some(70), Some(1)));
        assert_eq!(config.cookie.name.as_deref(), Some("__Host-x"));
        assert_eq!(Config::layered(None, none, &[]), Ok(Config::default()));
    }

    #[test]
    fn a_wrong_value_is_blamed_on_who_gave_it() {
        let flag = |key, value: &str| Config::layered(None, none, &[(key, value.to_owned())]).unwrap_err().to_string();
        assert!(flag("listen", "nowhere").starts_with("--listen: "), "{}", flag("listen", "nowhere"));
        assert!(flag("policy.idle", "soon").starts_with("--policy-idle: "));
        assert!(flag("policy.idle", "-1").starts_with("--policy-idle: "));
        assert!(flag("sweep_interval", "0").starts_with("sweep_interval: "));
        let variable = variables(&[("HALLPASS_PROFILE", "nobodys")]);
        let error = Config::layered(None, variable, &[]).unwrap_err().to_string();
        assert!(error.starts_with("HALLPASS_PROFILE: ") && error.contains("pci-dss"), "{error}");
        let error = Config::layered(Some(&file("demo = 1")), none, &[]).unwrap_err().to_string();
        assert!(error.starts_with("hallpass.toml: line 1: "), "{error}");
    }

    #[test]
    fn the_admin_key_comes_from_its_variable_and_is_shown_nowhere() {
        let variable = variables(&[("HALLPASS_ADMIN_KEY", "hpk_0123456789abcdefghijklmnopqrstuv")]);
        let config = Config::layered(None, variable, &[]).expect("valid");
        assert!(config.admin_key.is_some());
        assert!(!format!("{config:?}").contains("0123456789abcdef"));
        let error = Config::layered(None, variables(&[("HALLPASS_ADMIN_KEY", "hunter2")]), &[]).unwrap_err();
        assert!(error.to_string().starts_with("HALLPASS_ADMIN_KEY: ") && !error.to_string().contains("hunter2"));
    }
}
