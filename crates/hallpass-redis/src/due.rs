use hallpass::{PageLimit, Realm, Record, Timestamp};

use crate::error::Fault;
use crate::index::realms;
use crate::link::Way;
use crate::member::{Member, whose};
use crate::open::Base;
use crate::records::{answered, load_all};
use crate::script::REFILE;

const MOST_AT_ONCE: usize = 500;
const FEWEST_AT_ONCE: usize = 64;

/// Returns entries of the index of deadlines with their scores as the server writes them, the earliest first.
pub(crate) async fn due(
    base: &Base,
    realm: &Realm,
    by: Timestamp,
    offset: usize,
    count: usize,
) -> Result<Vec<(Vec<u8>, String)>, Fault> {
    let mut command = redis::cmd("ZRANGE");
    command.arg(base.keys.due(realm)).arg("-inf").arg(by.as_millis()).arg("BYSCORE");
    command.arg("LIMIT").arg(offset).arg(count).arg("WITHSCORES");
    let scored: Vec<(Vec<u8>, f64)> = answered(base.link.ask(&command).await?)?;
    Ok(scored.into_iter().map(|(entry, score)| (entry, format!("{score:.0}"))).collect())
}

/// A session that is to be filed under its present deadline, if it is still filed as it was read.
pub(crate) struct Move([Vec<u8>; 3]);

impl Move {
    pub(crate) fn new(member: Member, whose: &str, score: &str, expires_at: Timestamp) -> Self {
        let entry = [&member.to_bytes()[..], whose.as_bytes()].concat();
        Self([entry, score.into(), expires_at.as_millis().to_string().into()])
    }
}

pub(crate) async fn refile(base: &Base, realm: &Realm, moves: &[Move]) -> Result<(), Fault> {
    if moves.is_empty() {
        return Ok(());
    }
    let arguments: Vec<_> = moves.iter().flat_map(|Move(arguments)| arguments.clone()).collect();
    base.link.run(&REFILE, &[base.keys.due(realm)], &arguments, Way::Ask).await.map(drop)
}

/// Returns living records that are over by an instant, at most `limit`, and files anew what it meets and is not.
pub(crate) async fn overdue(base: &Base, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, Fault> {
    let mut found = Vec::new();
    for realm in realms(base).await?.into_iter().filter(|realm| !realm.is_own()) {
        // What stays where it is filed: what was found, and what a sweep is to take out.
        let mut kept = 0;
        while found.len() < limit.number() {
            let at_once = (limit.number() - found.len()).clamp(FEWEST_AT_ONCE, MOST_AT_ONCE);
            let entries = due(base, &realm, by, kept, at_once).await?;
            kept += look(base, &realm, by, &entries, &mut found).await?;
            if entries.len() < at_once {
                break;
            }
        }
    }
    found.truncate(limit.number());
    Ok(found)
}

/// Sorts entries by what their records are; answers how many stay where they are filed.
async fn look(
    base: &Base,
    realm: &Realm,
    by: Timestamp,
    entries: &[(Vec<u8>, String)],
    found: &mut Vec<Record>,
) -> Result<usize, Fault> {
    let read: Vec<_> =
        entries.iter().filter_map(|(entry, score)| Member::read(entry).map(|read| (read, score))).collect();
    let members: Vec<_> = read.iter().map(|((member, _), _)| *member).collect();
    let mut moves = Vec::new();
    for (record, ((member, subject), score)) in load_all(base, realm, &members).await?.into_iter().zip(read) {
        match record {
            Some(record) if whose(record.subject.as_ref()) != subject => {}
            Some(record) if record.expires_at > by => moves.push(Move::new(member, subject, score, record.expires_at)),
            Some(record) if record.ended.is_none() => found.push(record),
            _ => {}
        }
    }
    refile(base, realm, &moves).await?;
    Ok(entries.len() - moves.len())
}
