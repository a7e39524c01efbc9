//! The store: whether it answers, what it can do, and what of it endangers sessions.

use std::time::{Duration, Instant};

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::{Health, Realm, SessionId};

use super::frame::{Frame, Place};
use super::operator::Operator;
use super::trouble::Trouble;
use crate::html;
use crate::keys::Right;

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/store.html")]
struct StorePage {
    frame: Frame,
    kind: String,
    server: Option<String>,
    answered: Option<String>,
    clock: String,
    unready: Option<&'static str>,
    abilities: Vec<Ability>,
    findings: Vec<Shown>,
    /// Why there are no findings.
    unchecked: Option<&'static str>,
    cache: Option<Cache>,
}

#[derive(Debug)]
struct Ability {
    name: &'static str,
    has: bool,
    /// What follows from it.
    about: &'static str,
}

#[derive(Debug)]
struct Shown {
    topic: &'static str,
    word: &'static str,
    sign: &'static str,
    found: String,
    advice: Option<&'static str>,
}

#[derive(Debug)]
struct Cache {
    copies: usize,
    hits: u64,
    misses: u64,
    is_whole: bool,
}

/// How long a check may take before the page comes without it.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn show(operator: Operator) -> Result<Response, Trouble> {
    let app = &operator.desk.app;
    let unready = app.readiness.check(app).await.err().map(crate::health::Unready::detail);
    let began = Instant::now();
    let asked = app.sessions.store().load(operator.sessions().realm(), &SessionId::from_bytes([0; 16])).await;
    let answered = asked.is_ok().then(|| milliseconds(began.elapsed()));
    let clock = match app.sessions.store().time().await {
        Ok(None) => "it has none of its own".to_owned(),
        _ => match app.sessions.check_clock().await {
            Ok(off) => format!("{} from this machine's", milliseconds(off)),
            Err(_) => "more than 30 s from this machine's, or not to be asked".to_owned(),
        },
    };
    // What is found tells of every realm of the store.
    let may_check = *operator.sessions().realm() == Realm::default() && operator.may(Right::View);
    let (server, findings, unchecked) = if may_check { checkup(&operator).await } else { not_checked() };
    let abilities = app.sessions.capabilities();
    let ability = |name, has, yes, no| Ability { name, has, about: if has { yes } else { no } };
    let page = StorePage {
        kind: kind(&app.config.store).to_owned(),
        server,
        answered,
        clock,
        unready,
        abilities: vec![
            ability(
                "lists",
                abilities.list,
                "sessions can be searched, and ended by filter",
                "sessions are found by their names only",
            ),
            ability(
                "keeps events",
                abilities.events,
                "each in the transaction of its change",
                "what happened is in the log only",
            ),
            ability(
                "tells of changes",
                abilities.changes,
                "copies elsewhere follow at once",
                "nothing can be cached before it",
            ),
            ability("is shared", abilities.shared, "several services can use it", "one service at a time"),
            ability(
                "is durable",
                abilities.durable,
                "what it has acknowledged outlives power",
                "a crash can take what it acknowledged",
            ),
        ],
        findings,
        unchecked,
        cache: app.cache.as_ref().map(|cache| {
            let counts = cache.counts();
            Cache { copies: counts.copies, hits: counts.hits, misses: counts.misses, is_whole: cache.is_whole() }
        }),
        frame: Frame::new("Store", Place::Store, &operator).await?,
    };
    Ok(html::page(StatusCode::OK, &page))
}

type Checked = (Option<String>, Vec<Shown>, Option<&'static str>);

fn not_checked() -> Checked {
    (None, Vec::new(), Some("Only keys of the realm default may see what a check of the whole store finds."))
}

async fn checkup(operator: &Operator) -> Checked {
    let asked = operator.desk.app.sessions.store().checkup();
    let why = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(checkup)) => {
            let findings = checkup.findings.into_iter().map(|finding| {
                let (word, sign) = match finding.health {
                    Health::Good => ("good", "✓"),
                    Health::Warning => ("warning", "!"),
                    Health::Danger => ("danger", "✕"),
                };
                Shown { topic: finding.topic, word, sign, found: finding.found, advice: finding.advice }
            });
            return (checkup.server, findings.collect(), None);
        }
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "the store could not be checked");
            "The check failed: the store is away. Try again in a moment."
        }
        Err(_) => "The check took longer than 5 s. Use `hallpass doctor`.",
    };
    (None, Vec::new(), Some(why))
}

/// Returns what kind of store a URL names; the rest of it may have a password in it.
fn kind(url: &str) -> &'static str {
    match url.split_once(':').map_or("", |(scheme, _)| scheme) {
        "memory" => "Memory",
        "sqlite" => "SQLite",
        "postgres" | "postgresql" => "PostgreSQL",
        "mysql" => "MySQL",
        "mariadb" => "MariaDB",
        "dynamodb" => "DynamoDB",
        "memcached" => "Memcached",
        scheme if scheme.starts_with("redis") => "Redis",
        scheme if scheme.starts_with("valkey") => "Valkey",
        _ => "A store of its own kind",
    }
}

fn milliseconds(length: Duration) -> String {
    let length = length.as_secs_f64() * 1e3;
    if length < 0.1 { "0.1 ms".to_owned() } else { format!("{length:.1} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_without_its_password() {
        assert_eq!(kind("postgres://hallpass:secret@db/hallpass"), "PostgreSQL");
        assert_eq!(kind("rediss+sentinel://:secret@a,b/mymaster"), "Redis");
        assert_eq!(kind("memory:"), "Memory");
        assert_eq!(kind("secret"), "A store of its own kind");
    }
}
