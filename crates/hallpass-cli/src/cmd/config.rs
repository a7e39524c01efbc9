use serde::Serialize;

use hallpass_server::{Config, ConfigError, ConfigFile};

use crate::args::ConfigCommand;
use crate::backend::{config_file, layered};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::Output;

/// Something wrong with the configuration, and where.
#[derive(Serialize)]
struct Wrong {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Checked {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    findings: Vec<Wrong>,
}

/// Says what is wrong with the configuration.
pub(crate) fn run(command: &ConfigCommand, context: &Context) -> Result<Ending, Failure> {
    match command {
        ConfigCommand::Check => check(context),
    }
}

fn check(context: &Context) -> Result<Ending, Failure> {
    let file = config_file(&context.global)?;
    let mut findings = file.as_ref().map(|file| in_file(&file.text)).unwrap_or_default();
    if findings.is_empty()
        && let Err(error) = layered(&context.global, file.as_ref(), Vec::new())
    {
        findings.push(elsewhere(&error));
    }
    write(file.as_ref(), findings, &context.output)
}

fn in_file(text: &str) -> Vec<Wrong> {
    let findings = Config::check(text).into_iter();
    findings.map(|found| Wrong { line: Some(found.line), message: found.message, hint: found.hint }).collect()
}

/// What is wrong with a flag, a variable, or the sum of all.
fn elsewhere(error: &ConfigError) -> Wrong {
    match error {
        ConfigError::Broken { key, message, hint } => {
            Wrong { line: None, message: format!("{key}: {message}"), hint: hint.clone() }
        }
        error => Wrong { line: None, message: error.to_string(), hint: None },
    }
}

fn write(file: Option<&ConfigFile>, findings: Vec<Wrong>, output: &Output) -> Result<Ending, Failure> {
    let path = file.map(|file| file.path.display().to_string());
    let is_good = findings.is_empty();
    if output.json {
        output.document(&Checked { file: path, findings })?;
    } else if is_good {
        let what = path.unwrap_or_else(|| format!("no {} here: the defaults and the environment", Config::FILE));
        output.data(format_args!("{what}: good"))?;
    } else {
        for Wrong { line, message, hint } in findings {
            let place = match (&path, line) {
                (Some(path), Some(line)) => format!("{path}:{line}: "),
                _ => String::new(),
            };
            let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            output.data(format_args!("{place}{message}{hint}"))?;
        }
    }
    Ok(Ending::found(is_good))
}
