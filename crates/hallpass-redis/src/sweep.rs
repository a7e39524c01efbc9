use std::time::Duration;

use hallpass::{Realm, Record, SWEEP_MARGIN, Timestamp};

use crate::due::{Move, due, refile};
use crate::error::Fault;
use crate::index::realms;
use crate::link::Way;
use crate::member::{Member, whose};
use crate::open::Base;
use crate::records::{answered, load_all};
use crate::script::{FORGET, FORGET_IN_REALM, FORGET_UNDER_SUBJECT};

const AT_ONCE: usize = 500;

/// An entry of an index of deadlines: a session, whose it was when it was filed, and its score.
struct Entry<'a> {
    member: Member,
    whose: &'a str,
    score: &'a str,
}

/// Takes out of the indices what the server has forgotten by itself.
///
/// A record is gone two to three hours after its deadline. So what was filed for longer ago than that, and has no record, or the
/// record of another subject, is of no use; whatever has one was used since, and is filed under its present deadline.
pub(crate) async fn sweep(base: &Base, now: Timestamp) -> Result<(), Fault> {
    let by = now.minus(3 * SWEEP_MARGIN + Duration::from_mins(1));
    for realm in realms(base).await? {
        let mut kept = 0;
        loop {
            let found = due(base, &realm, by, kept, AT_ONCE).await?;
            let read = |(entry, score): &'_ (Vec<u8>, String)| Member::read(entry).is_some() && !score.is_empty();
            let entries: Vec<_> = found.iter().filter(|found| read(found)).filter_map(entry).collect();
            let gone = tidy(base, &realm, &entries, by).await?;
            kept += found.len() - gone;
            if found.len() < AT_ONCE {
                break;
            }
        }
    }
    Ok(())
}

fn entry((entry, score): &(Vec<u8>, String)) -> Option<Entry<'_>> {
    let (member, whose) = Member::read(entry)?;
    Some(Entry { member, whose, score })
}

/// Forgets or refiles each; answers how many are out of the way.
async fn tidy(base: &Base, realm: &Realm, entries: &[Entry<'_>], by: Timestamp) -> Result<usize, Fault> {
    let members: Vec<_> = entries.iter().map(|entry| entry.member).collect();
    let records = load_all(base, realm, &members).await?;
    let mut gone = Vec::new();
    let mut used = Vec::new();
    for (entry, record) in entries.iter().zip(&records) {
        match record {
            Some(record) if whose(record.subject.as_ref()) == entry.whose => {
                if record.expires_at > by {
                    used.push(Move::new(entry.member, entry.whose, entry.score, record.expires_at));
                }
            }
            record => gone.push((entry, record.as_ref())),
        }
    }
    refile(base, realm, &used).await?;
    let forgotten = if base.link.is_cluster() {
        forget_in_cluster(base, realm, &gone).await?
    } else {
        forget(base, realm, &gone).await?
    };
    Ok(used.len() + forgotten)
}

async fn forget(base: &Base, realm: &Realm, gone: &[(&Entry<'_>, Option<&Record>)]) -> Result<usize, Fault> {
    if gone.is_empty() {
        return Ok(0);
    }
    base.link.ask(&FORGET.load()).await?;
    let forgetting = gone.iter().map(|(Entry { member, whose, score }, _)| {
        let keys = &base.keys;
        let keys = [keys.due(realm), keys.all(realm), keys.record(realm, &member.id), keys.subject(realm, whose)];
        let member = member.to_bytes();
        let arguments = [&member[..], whose.as_bytes(), score.as_bytes()].map(Vec::from);
        FORGET.by_digest(&keys, &arguments)
    });
    let answers = base.link.ask_all(&forgetting.collect::<Vec<_>>()).await?;
    let answers = answers.into_iter().map(answered::<i64>).collect::<Result<Vec<_>, _>>()?;
    Ok(answers.into_iter().filter(|answer| *answer == 1).count())
}

/// First the index of the subject, whose server knows whether something was just added to it, and then the realm's, so
/// that what was not finished is met again.
async fn forget_in_cluster(base: &Base, realm: &Realm, gone: &[(&Entry<'_>, Option<&Record>)]) -> Result<usize, Fault> {
    let mut forgotten = 0;
    for (Entry { member, whose, score }, record) in gone {
        let bytes = member.to_bytes();
        if !whose.is_empty() {
            let keys = [base.keys.subject(realm, whose), base.keys.mark(realm, whose)];
            let arguments = [bytes.to_vec()];
            let answer = base.link.run(&FORGET_UNDER_SUBJECT, &keys, &arguments, Way::Ask).await?;
            if answered::<i64>(answer)? == 0 {
                continue;
            }
        }
        let keys = [base.keys.due(realm), base.keys.all(realm)];
        let is_gone: &[u8] = if record.is_none() { b"1" } else { b"0" };
        let arguments = [&bytes[..], whose.as_bytes(), score.as_bytes(), is_gone].map(Vec::from);
        let answer = base.link.run(&FORGET_IN_REALM, &keys, &arguments, Way::Ask).await?;
        forgotten += usize::from(answered::<i64>(answer)? == 1);
    }
    Ok(forgotten)
}
