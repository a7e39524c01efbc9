use std::collections::BTreeMap;

use hallpass::{Cursor, Page, Query, Realm, Record, Timestamp};
use redis::Cmd;

use crate::due::{Move, due, refile};
use crate::error::Fault;
use crate::index::realms;
use crate::member::{Member, whose};
use crate::open::Base;
use crate::records::{answered, load_all};

/// How many records are read at once, at the most and where few match.
const MOST_AT_ONCE: usize = 500;
const FEWEST_AT_ONCE: usize = 64;
/// How many entries of the index of deadlines are read at once.
const ENTRIES_AT_ONCE: usize = 5000;

/// Returns a page of the sessions that match, newest first.
pub(crate) async fn list(base: &Base, query: &Query) -> Result<Page<Record>, Fault> {
    let after = query.after.as_ref().map(Cursor::record).transpose()?;
    let after = after.map(|(created_at, id)| Member { created_at, id });
    let realms = match &query.realm {
        Some(realm) => vec![realm.clone()],
        None => realms(base).await?,
    };
    let mut records = Vec::new();
    for realm in &realms {
        let found = match (&query.subject, query.expires_by) {
            (None, Some(by)) => by_deadline(base, realm, query, by, after).await?,
            _ => in_order(base, realm, query, after).await?,
        };
        records.extend(found);
    }
    Ok(Page::newest(records, query.limit))
}

/// Walks through an index that has the sessions in the order of listings.
async fn in_order(base: &Base, realm: &Realm, query: &Query, after: Option<Member>) -> Result<Vec<Record>, Fault> {
    let key = match &query.subject {
        Some(subject) => base.keys.subject(realm, subject.as_str()),
        None => base.keys.all(realm),
    };
    let wanted = query.limit.number() + 1;
    let mut found = Vec::new();
    let mut after = after;
    loop {
        let at_once = (wanted - found.len()).clamp(FEWEST_AT_ONCE, MOST_AT_ONCE);
        let entries: Vec<Vec<u8>> = answered(base.link.ask(&next_entries(&key, after, at_once)).await?)?;
        let members: Vec<_> = entries.iter().filter_map(|entry| Some(Member::read(entry)?.0)).collect();
        take_matching(&mut found, load_all(base, realm, &members).await?, query, wanted);
        after = members.last().copied();
        if entries.len() < at_once || after.is_none() || found.len() == wanted {
            return Ok(found);
        }
    }
}

fn next_entries(key: &str, after: Option<Member>, at_once: usize) -> Cmd {
    let start = after.map_or_else(|| b"+".to_vec(), |after| [&b"("[..], &after.to_bytes()].concat());
    let mut command = redis::cmd("ZRANGE");
    command.arg(key).arg(start).arg("-").arg("BYLEX").arg("REV").arg("LIMIT").arg(0).arg(at_once);
    command
}

fn take_matching(found: &mut Vec<Record>, records: Vec<Option<Record>>, query: &Query, wanted: usize) {
    let matching = records.into_iter().flatten().filter(|record| query.matches(record));
    found.extend(matching.take(wanted - found.len()));
}

/// Finds what may be over by an instant. The index of deadlines has another order than listings, so each round goes
/// through all that is due, and keeps the newest.
async fn by_deadline(
    base: &Base,
    realm: &Realm,
    query: &Query,
    by: Timestamp,
    after: Option<Member>,
) -> Result<Vec<Record>, Fault> {
    let wanted = query.limit.number() + 1;
    let mut found = Vec::new();
    let mut after = after;
    loop {
        let room = (wanted - found.len()).clamp(FEWEST_AT_ONCE, MOST_AT_ONCE);
        let newest = newest_due(base, realm, by, after, room).await?;
        let members: Vec<_> = newest.keys().rev().copied().collect();
        let records = load_all(base, realm, &members).await?;
        tidy(base, realm, &newest, &records, by).await;
        take_matching(&mut found, records, query, wanted);
        after = members.last().copied();
        if members.len() < room || found.len() == wanted {
            return Ok(found);
        }
    }
}

/// What an index of deadlines says of a session: whose it is, and its score as the server writes it.
type Due = Vec<(String, String)>;

async fn newest_due(
    base: &Base,
    realm: &Realm,
    by: Timestamp,
    after: Option<Member>,
    room: usize,
) -> Result<BTreeMap<Member, Due>, Fault> {
    let mut newest: BTreeMap<Member, Due> = BTreeMap::new();
    let mut offset = 0;
    loop {
        let entries = due(base, realm, by, offset, ENTRIES_AT_ONCE).await?;
        for (entry, score) in &entries {
            let Some((member, whose)) = Member::read(entry) else { continue };
            if after.is_none_or(|after| member < after) {
                newest.entry(member).or_default().push((whose.to_owned(), score.clone()));
                if newest.len() > room {
                    newest.pop_first();
                }
            }
        }
        if entries.len() < ENTRIES_AT_ONCE {
            return Ok(newest);
        }
        offset += entries.len();
    }
}

/// Files those that were used since under their present deadlines, so that they are not met again until then. If that
/// fails, the next listing does it.
async fn tidy(base: &Base, realm: &Realm, due: &BTreeMap<Member, Due>, records: &[Option<Record>], by: Timestamp) {
    let mut moves = Vec::new();
    for record in records.iter().flatten().filter(|record| record.expires_at > by) {
        let member = Member::of(record);
        for (subject, score) in due.get(&member).into_iter().flatten() {
            if subject == whose(record.subject.as_ref()) {
                moves.push(Move::new(member, subject, score, record.expires_at));
            }
        }
    }
    if let Err(fault) = refile(base, realm, &moves).await {
        tracing::debug!(error = %fault, "sessions that were used could not be filed anew");
    }
}
