use hallpass::{Checkup, Finding, Timestamp};

use crate::error::Fault;
use crate::open::Base;
use crate::records::answered;

/// How many keys are looked at, in so many questions at the most: a sample, so that a large server is not held up.
const SAMPLE: usize = 10_000;
const AT_ONCE: usize = 1_000;

/// Looks at the server: its settings, and whether what it keeps goes away by itself.
pub(crate) async fn checkup(base: &Base) -> Result<Checkup, Fault> {
    let facts = base.link.facts();
    let mut checkup = Checkup::default();
    let name = if facts.server == "valkey" { "Valkey" } else { "Redis" };
    checkup.server = Some(format!("{name} {}", facts.version).trim().to_owned());
    let dangers = facts.dangers();
    if dangers.iter().all(|danger| danger.topic != "eviction") {
        checkup.findings.push(Finding::good("eviction", "nothing is thrown away when memory is full"));
    }
    if dangers.iter().all(|danger| danger.topic != "persistence") {
        checkup.findings.push(if facts.is_durable() {
            Finding::good("persistence", "every write is synced before it is acknowledged")
        } else {
            Finding::warning(
                "persistence",
                "the server does not tell when it syncs",
                "let the user read CONFIG GET appendfsync, or look there yourself",
            )
        });
    }
    checkup.findings.extend(dangers);
    if facts.replicas > 0 {
        checkup.findings.push(Finding::good("replicas", format!("{} connected", facts.replicas)));
    }
    if !base.link.is_cluster() {
        checkup.findings.push(lasting(base).await?);
    }
    Ok(checkup)
}

/// Asks the server's clock by a script, which is the same question on one server and in a cluster.
pub(crate) async fn time(base: &Base) -> Result<Timestamp, Fault> {
    let mut command = redis::cmd("EVAL");
    command.arg("return redis.call('TIME')").arg(1).arg(base.keys.settings());
    let (seconds, micros): (u64, u64) = answered(base.link.ask(&command).await?)?;
    Ok(Timestamp::from_millis(seconds.saturating_mul(1000).saturating_add(micros / 1000)))
}

/// Counts sessions that would stay for ever.
async fn lasting(base: &Base) -> Result<Finding, Fault> {
    let (mut cursor, mut seen, mut lasting) = ("0".to_owned(), 0, 0);
    loop {
        let mut command = redis::cmd("SCAN");
        command.arg(&cursor).arg("MATCH").arg(base.keys.any_session()).arg("COUNT").arg(AT_ONCE);
        let (next, keys): (String, Vec<Vec<u8>>) = answered(base.link.ask(&command).await?)?;
        let questions: Vec<_> = keys
            .iter()
            .map(|key| {
                let mut command = redis::cmd("PTTL");
                command.arg(key);
                command
            })
            .collect();
        if !questions.is_empty() {
            for answer in base.link.ask_all(&questions).await? {
                seen += 1;
                lasting += usize::from(answered::<i64>(answer)? == -1);
            }
        }
        cursor = next;
        if cursor == "0" || seen >= SAMPLE {
            break;
        }
    }
    Ok(if lasting == 0 {
        Finding::good("expiry", format!("each of {seen} sessions that were looked at goes away by itself"))
    } else {
        let found = format!("{lasting} of {seen} sessions that were looked at have no time to live");
        Finding::warning("expiry", found, "find out what took it away: PERSIST, or a restore from elsewhere")
    })
}
