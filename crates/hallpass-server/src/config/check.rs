use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::validate::Broken;
use super::{Config, Setting};

/// Something wrong in a configuration file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right, if that can be guessed.
    pub hint: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

const TABLES: [&str; 8] = ["audit", "cookie", "forward_auth", "jwt", "limits", "policy", "profiles", "tls"];
/// The keys of a rule in `forward_auth.rules`.
const RULE: [&str; 7] = ["access", "fresh_within", "host", "level", "methods", "path", "roles"];

/// The keys of one of the `webhooks`.
const WEBHOOK: [&str; 6] = ["danger_internal", "kinds", "name", "realm", "secret_files", "url"];

impl Config {
    /// Returns what is wrong in the text of a configuration file, in the order of its lines; nothing if it is good.
    ///
    /// ```
    /// use hallpass_server::Config;
    ///
    /// let findings = Config::check("listen = '127.0.0.1:7070'\nsweep = 60\n[policy]\nidle = 'long'\n");
    /// assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2, 4]);
    /// assert!(Config::check("listen = '127.0.0.1:7070'").is_empty());
    /// ```
    pub fn check(text: &str) -> Vec<Finding> {
        let (table, config) = match read_keys(text) {
            Ok(read) => read,
            Err(findings) => return findings,
        };
        let finding = |broken: Broken| Finding {
            line: line_of_key(text, &table, &broken.key),
            message: format!("{}: {}", broken.key, broken.message),
            hint: broken.hint,
        };
        sorted(config.broken().into_iter().map(finding).collect())
    }
}

/// Reads the text, or says which syntax, keys and types are wrong; whether values fit each other is another question.
pub(super) fn read_keys(text: &str) -> Result<(DeTable<'_>, Config), Vec<Finding>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(sorted(errors.iter().map(|error| syntax(text, error)).collect()));
    }
    let (mut table, mut findings) = (table.into_inner(), Vec::new());
    remove_unknown(text, &mut table, &mut findings);
    let config = read(text, &mut table, &mut findings);
    if findings.is_empty() { Ok((table, config)) } else { Err(sorted(findings)) }
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.line);
    findings
}

fn syntax(text: &str, error: &toml::de::Error) -> Finding {
    let line = error.span().map_or(1, |span| line(text, span.start));
    Finding { line, message: error.message().trim().replace('\n', ": "), hint: None }
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).fold(1, |line, byte| line + usize::from(byte == b'\n'))
}

/// Takes out the keys that there are not, and says so of each.
fn remove_unknown(text: &str, table: &mut DeTable<'_>, findings: &mut Vec<Finding>) {
    let mut top: Vec<_> = Setting::ALL.iter().map(|setting| setting.key).filter(|key| !key.contains('.')).collect();
    top.extend(TABLES);
    top.push("webhooks");
    keep_known(text, table, "", &top, findings);
    keep_known_in_each(text, table, "webhooks", "webhooks.", &WEBHOOK, findings);
    for name in TABLES {
        let Some(DeValue::Table(inner)) = table.get_mut(name).map(toml::Spanned::get_mut) else { continue };
        if name == "profiles" {
            let mut known = keys_of("policy");
            known.push("preset");
            for (profile, policy) in inner.iter_mut() {
                if let DeValue::Table(policy) = policy.get_mut() {
                    keep_known(text, policy, &format!("profiles.{}.", profile.get_ref()), &known, findings);
                }
            }
        } else {
            let mut known = keys_of(name);
            known.extend((name == "policy").then_some("preset"));
            known.extend(["rules", "realms"].into_iter().filter(|_| name == "forward_auth"));
            keep_known(text, inner, &format!("{name}."), &known, findings);
            keep_known_in_each(text, inner, "rules", &format!("{name}.rules."), &RULE, findings);
        }
    }
}

/// Does the same in each table of a list.
fn keep_known_in_each(
    text: &str,
    table: &mut DeTable<'_>,
    list: &str,
    prefix: &str,
    known: &[&str],
    findings: &mut Vec<Finding>,
) {
    let Some(DeValue::Array(list)) = table.get_mut(list).map(toml::Spanned::get_mut) else { return };
    for element in list.iter_mut() {
        if let DeValue::Table(element) = element.get_mut() {
            keep_known(text, element, prefix, known, findings);
        }
    }
}

fn keys_of(table: &str) -> Vec<&'static str> {
    let in_table = |setting: &Setting| setting.key.split_once('.').filter(|(name, _)| *name == table);
    Setting::ALL.iter().filter_map(|setting| in_table(setting).map(|(_, key)| key)).collect()
}

fn keep_known(text: &str, table: &mut DeTable<'_>, prefix: &str, known: &[&str], findings: &mut Vec<Finding>) {
    let unknown = table.keys().filter(|key| !known.contains(&&**key.get_ref()));
    let unknown: Vec<_> = unknown.map(|key| (key.get_ref().to_string(), key.span().start)).collect();
    for (name, at) in unknown {
        table.remove(name.as_str());
        findings.push(Finding {
            line: line(text, at),
            message: format!("{prefix}{name} is no key of this file"),
            hint: similar(&name, known).map(|other| format!("did you mean `{other}`?")),
        });
    }
}

fn similar<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|other| (strsim::jaro_winkler(name, other), *other));
    near.filter(|(nearness, _)| *nearness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

/// Reads what is left, without the values that are of a wrong type, and says so of each.
fn read(text: &str, table: &mut DeTable<'_>, findings: &mut Vec<Finding>) -> Config {
    let end = text.len();
    loop {
        let whole = toml::Spanned::new(0..end, table.clone());
        let error = match Config::deserialize(toml::Deserializer::from(whole)) {
            Ok(config) => return config,
            Err(error) => error,
        };
        findings.push(syntax(text, &error));
        let is_gone = error.span().is_some_and(|span| remove_at(table, &span));
        if !is_gone {
            return Config::default();
        }
    }
}

/// Removes the innermost entry that has this span in it.
fn remove_at(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let holds = |other: Range<usize>| other.start <= span.start && span.end <= other.end;
    for (_, value) in table.iter_mut() {
        let is_gone = match value.get_mut() {
            DeValue::Table(inner) => remove_at(inner, span),
            DeValue::Array(list) => list.iter_mut().any(|value| match value.get_mut() {
                DeValue::Table(inner) => remove_at(inner, span),
                _ => false,
            }),
            _ => false,
        };
        if is_gone {
            return true;
        }
    }
    let found = table.iter().find(|(key, value)| holds(key.span()) || holds(value.span()));
    let Some(name) = found.map(|(key, _)| key.get_ref().to_string()) else { return false };
    table.remove(name.as_str()).is_some()
}

/// Returns the line of a key such as `policy.idle` or `forward_auth.rules.0.path`, or of as much of it as is there.
fn line_of_key(text: &str, table: &DeTable<'_>, key: &str) -> usize {
    let (name, rest) = key.split_once('.').unwrap_or((key, ""));
    let Some((found, value)) = table.get_key_value(name) else { return 1 };
    match value.get_ref() {
        DeValue::Table(inner) if inner.contains_key(rest.split('.').next().unwrap_or_default()) => {
            line_of_key(text, inner, rest)
        }
        DeValue::Array(list) => {
            let (number, rest) = rest.split_once('.').unwrap_or((rest, ""));
            let element = number.parse::<usize>().ok().and_then(|number| list.get(number));
            match element.map(|element| (element.get_ref(), element.span())) {
                Some((DeValue::Table(inner), _)) if inner.contains_key(rest) => line_of_key(text, inner, rest),
                Some((_, span)) => line(text, span.start),
                None => line(text, found.span().start),
            }
        }
        _ => line(text, found.span().start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        Config::check(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_unknown_key_is_named_with_its_line_and_a_guess() {
        let text =
            "lisen = '127.0.0.1:1'\n\n[policy]\nidel = 5\n[cookie]\nnmae = 'x'\n[profiles.kiosk]\nfoo = 1\n[extra]\n";
        assert_eq!(
            lines(text),
            [
                "line 1: lisen is no key of this file (did you mean `listen`?)",
                "line 4: policy.idel is no key of this file (did you mean `idle`?)",
                "line 6: cookie.nmae is no key of this file (did you mean `name`?)",
                "line 8: profiles.kiosk.foo is no key of this file",
                "line 9: extra is no key of this file",
            ]
        );
    }

    #[test]
    fn every_value_of_a_wrong_type_is_named_with_its_line() {
        let text = "listen = 'nowhere'\ndemo = 'yes'\n[policy]\nidle = -1\n[profiles.'a b']\nidle = 1\n[limits]\nrequests = 'x'\n";
        let findings = Config::check(text);
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 2, 4, 5, 8], "{findings:?}");
    }

    #[test]
    fn values_that_break_a_rule_are_named_with_their_line() {
        let text = "profile = 'pci-dss' # two keys are missing\ntokens = 'jwt'\nstore = 'carrier-pigeon:'\n[policy]\nabsolute = 60\n[limits]\nrequests = 0\n[cookie]\nname = 'sid'\n";
        let findings = Config::check(text);
        let found: Vec<_> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(found, [1, 1, 2, 3, 4, 7, 8], "{findings:?}");
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_named_with_its_line() {
        let text = "[forward_auth]\nsign_in = 'login'\ntrusted_proxies = 'here'\nrule = 1\n[[forward_auth.rules]]\nhosts = 'a'\n\n[[forward_auth.rules]]\nlevel = 'high'\n";
        let findings = Config::check(text);
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [4, 6, 9], "{findings:?}");
        assert_eq!(findings[1].hint.as_deref(), Some("did you mean `host`?"));

        let text = "[forward_auth]\nsign_in = 'login'\ntrusted_proxies = 'here'\nreturn_to = ['app.example']\n\n[[forward_auth.rules]]\npath = '/a'\n\n[[forward_auth.rules]]\nhost = 'App.example'\npath = ['/ok', '/a/../b']\nmethods = ['get']\nlevel = 10\naccess = 'public'\n";
        let findings = Config::check(text);
        let found: Vec<_> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(found, [2, 3, 4, 10, 11, 12, 13, 13], "{findings:?}");
        assert!(findings[4].message.starts_with("forward_auth.rules.1.path: `/a/../b`: "), "{findings:?}");
    }

    #[test]
    fn text_that_is_no_toml_is_named_with_its_line() {
        assert_eq!(
            Config::check("demo = true\nlisten = \n").iter().map(|finding| finding.line).collect::<Vec<_>>(),
            [2]
        );
        assert!(!Config::check("[").is_empty());
    }
}
