use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hallpass::{Finding, Health, PageLimit, Query, Realm, Record, SessionId, Store, Timestamp};
use hallpass_server::Config;
use hallpass_server::audit::{AuditKeys, UNSIGNED_ADVICE};
use serde::Serialize;

use crate::args::Doctor;
use crate::backend::store;
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Cell, Column, Columns, Output, Tone};

/// How often the store is asked something small, to see how long that takes.
const ASKED: usize = 50;
/// From which difference of clocks on sessions are judged wrongly, and from which a node is of no use.
const CLOCK_LOOK: Duration = Duration::from_secs(5);
const CLOCK_WRONG: Duration = Duration::from_secs(30);
/// As many as one page has: more overdue sessions than these are simply many.
const OVERDUE: PageLimit = PageLimit::MOST;
const LARGEST: usize = 3;
const LARGE: usize = 16 << 10;

/// What was found, for programs.
#[derive(Serialize)]
struct Report<'a> {
    health: Health,
    server: Option<&'a str>,
    findings: &'a [Finding],
}

/// Looks at a store, and writes what it finds.
pub(crate) async fn run(doctor: &Doctor, context: &Context) -> Result<Ending, Failure> {
    if context.global.url.is_some() {
        return Err(Failure::new("the doctor looks at the store itself, and --url names a service")
            .hint("--store names the store; `curl URL/readyz` says whether a service is ready"));
    }
    let start = Instant::now();
    let (opened, config) = store(&context.global).await?;
    let store = &*opened.store;
    let mut findings = vec![Finding::good("reached", format!("in {}", millis(start.elapsed())))];
    findings.push(latency(store).await?);
    let asked = context.now();
    let time = store.time().await.map_err(|error| Failure::advising(error, ""))?;
    let answered = context.now();
    let checkup = store.checkup().await.map_err(|error| Failure::advising(error, ""))?;
    let server = checkup.server.clone();
    if let Some(name) = &server {
        findings.push(Finding::good("server", name.clone()));
    }
    findings.extend(time.map(|time| clock(time, asked, answered)));
    findings.push(abilities(store));
    findings.extend(checkup.findings);
    findings.extend(trail(store, &config)?);
    if store.capabilities().list {
        findings.extend(contents(store, doctor.most, context).await?);
    }
    let health = findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Good);
    let output = &context.output;
    if output.json {
        output.document(&Report { health, server: server.as_deref(), findings: &findings })?;
    } else {
        write(&findings, output)?;
    }
    Ok(Ending::found(health < Health::Danger))
}

/// Asks for a session that nobody has, again and again.
async fn latency(store: &dyn Store) -> Result<Finding, Failure> {
    let realm = Realm::default();
    let mut taken = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let start = Instant::now();
        let found = store.load(&realm, &SessionId::random()).await;
        found.map_err(|error| Failure::advising(error, ""))?;
        taken.push(start.elapsed());
    }
    taken.sort();
    let (middle, worst) = (taken[ASKED / 2], taken[ASKED - 1]);
    let found = format!("{} in the middle, {} at the most, of {ASKED} lookups", millis(middle), millis(worst));
    Ok(if middle > Duration::from_millis(50) {
        Finding::warning("latency", found, "bring the store nearer: every request with a session waits so long")
    } else {
        Finding::good("latency", found)
    })
}

/// Compares the server's clock with the two instants between which it was read.
fn clock(server: Timestamp, asked: Timestamp, answered: Timestamp) -> Finding {
    let off = if server > answered { server.since(answered) } else { asked.since(server) };
    let found = if off < Duration::from_secs(1) {
        "the same as this machine's".to_owned()
    } else {
        let word = if server > answered { "ahead of" } else { "behind" };
        format!("{} s {word} this machine's", off.as_secs())
    };
    if off >= CLOCK_WRONG {
        Finding::danger("clock", found, "set both by NTP: a node that is so far off is not ready, and sweeps nothing")
    } else if off >= CLOCK_LOOK {
        Finding::warning("clock", found, "set both by NTP")
    } else {
        Finding::good("clock", found)
    }
}

fn abilities(store: &dyn Store) -> Finding {
    let can = store.capabilities();
    let all = [
        (can.list, "list"),
        (can.events, "events"),
        (can.changes, "changes"),
        (can.shared, "shared"),
        (can.durable, "durable"),
    ];
    let words =
        |wanted: bool| -> Vec<_> { all.iter().filter(|(has, _)| *has == wanted).map(|(_, word)| *word).collect() };
    let (has, lacks) = (words(true), words(false));
    let found = match (has.is_empty(), lacks.is_empty()) {
        (_, true) => has.join(", "),
        (true, _) => format!("none of {}", lacks.join(", ")),
        _ => format!("{}; not {}", has.join(", "), lacks.join(", ")),
    };
    if can.durable {
        Finding::good("abilities", found)
    } else {
        let advice = "what was acknowledged can be lost, logouts too: see the store's page for durable settings";
        Finding::warning("abilities", found, advice)
    }
}

/// Says who signs the trail, where the store keeps one.
fn trail(store: &dyn Store, config: &Config) -> Result<Option<Finding>, Failure> {
    if store.trail().is_none() {
        return Ok(None);
    }
    let keys = AuditKeys::open(config).map_err(|error| Failure::advising(error, ""))?;
    Ok(Some(match keys.signing() {
        Some(key) => Finding::good("trail", format!("signed by {}", key.public())),
        None => Finding::warning("trail", "chained, and not signed", UNSIGNED_ADVICE),
    }))
}

/// Counts what is there, and what should be there no more.
async fn contents(store: &dyn Store, most: u64, context: &Context) -> Result<Vec<Finding>, Failure> {
    let failed = |error| Failure::advising(error, "");
    let progress = context.output.progress("counting", None);
    let now = context.now();
    let (mut seen, mut states) = (0, BTreeMap::new());
    let mut largest: Vec<(usize, Record)> = Vec::new();
    let mut query = Query::default();
    query.limit = PageLimit::MOST;
    loop {
        let page = store.list(&query).await.map_err(failed)?;
        for record in page.items {
            seen += 1;
            let state = if record.ended.is_some() || record.expires_at <= now { "over" } else { "open" };
            *states.entry(state).or_insert(0_u64) += 1;
            largest.push((record.data.len(), record));
        }
        largest.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        largest.truncate(LARGEST);
        progress.reached(seen);
        query.after = page.next;
        if query.after.is_none() || seen >= most {
            break;
        }
    }
    let overdue = store.overdue(now, OVERDUE).await.map_err(failed)?.len();
    drop(progress);
    let count = |state| states.get(state).copied().unwrap_or_default();
    let more = if query.after.is_some() { " of the newest" } else { "" };
    let mut findings =
        vec![Finding::good("sessions", format!("{} open and {} over{more}", count("open"), count("over")))];
    findings.push(unswept(overdue));
    findings.extend(sizes(&largest));
    Ok(findings)
}

fn unswept(overdue: usize) -> Finding {
    match overdue {
        0 => Finding::good("unswept", "nothing is over that has not been ended"),
        many if many >= OVERDUE.number() => Finding::warning(
            "unswept",
            format!("{many} or more sessions are over and have not been ended"),
            "a running service sweeps every minute; `hallpass sweep` does it now",
        ),
        some => Finding::good("unswept", format!("{some} are over, and end with the next sweep")),
    }
}

fn sizes(largest: &[(usize, Record)]) -> Option<Finding> {
    let (size, _) = largest.first()?;
    let told: Vec<_> = largest.iter().map(|(size, record)| format!("{size} bytes in {}", record.id)).collect();
    let found = format!("largest data: {}", told.join(", "));
    Some(if *size > LARGE {
        Finding::warning("sizes", found, "keep large things elsewhere: every request with the session reads them")
    } else {
        Finding::good("sizes", found)
    })
}

fn write(findings: &[Finding], output: &Output) -> Result<(), Failure> {
    let columns = [Column::new("CHECK"), Column::new("HEALTH"), Column::new("FOUND").least(40)];
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| {
            let tone = match finding.health {
                Health::Good => Tone::Good,
                Health::Warning => Tone::Warning,
                Health::Danger => Tone::Bad,
            };
            vec![finding.topic.into(), Cell::new(finding.health.as_str(), tone), finding.found.as_str().into()]
        })
        .collect();
    output.write(&Columns::new(columns, Output::width()).piece(&rows))?;
    for finding in findings {
        if let Some(advice) = finding.advice {
            output.note(format_args!("{}: {advice}.", Tone::Strong.paint(finding.topic)));
        }
    }
    Ok(())
}

fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_outside_of_the_question() {
        let at = |seconds: u64| Timestamp::from_millis(1_000_000_000 + seconds * 1000);
        let health = |server| clock(at(server), at(100), at(101)).health;
        assert_eq!([100, 101, 105, 96].map(health), [Health::Good; 4]);
        assert_eq!([106, 95, 130, 71].map(health), [Health::Warning; 4]);
        assert_eq!([131, 70].map(health), [Health::Danger; 2]);
        assert!(clock(at(200), at(100), at(101)).found.contains("99 s ahead"));
        assert!(clock(at(40), at(100), at(101)).found.contains("60 s behind"));
    }

    #[test]
    fn many_that_are_over_are_worth_a_look() {
        assert_eq!([0, 1, 999].map(|many| unswept(many).health), [Health::Good; 3]);
        assert_eq!(unswept(1000).health, Health::Warning);
    }
}
