use std::time::Duration;

use hallpass::{Cursor, Page, Query, Realm, Record};

use crate::base::Base;
use crate::error::Fault;
use crate::index::{Walk, forget_entry, load_all, realms};
use crate::keys::{Key, Member};

/// How many records are read at once, at the most and where few match.
const MOST_AT_ONCE: usize = 400;
const FEWEST_AT_ONCE: usize = 50;
/// How long after its creation an entry without a record is taken out: DynamoDB itself has removed that.
const LEFT_OVER: Duration = Duration::from_hours(24);

/// Returns a page of the sessions that match, newest first.
pub(crate) async fn list(base: &Base, query: &Query) -> Result<Page<Record>, Fault> {
    let after = query.after.as_ref().map(Cursor::record).transpose()?;
    let after = after.map(|(created_at, id)| Member { created_at, id });
    let realms = match &query.realm {
        Some(realm) => vec![realm.clone()],
        None => realms(base).await?,
    };
    let mut walk = Walk::new(&realms, query.subject.as_ref(), after);
    let wanted = query.limit.number() + 1;
    let mut found = Vec::new();
    loop {
        let at_once = (wanted - found.len()).clamp(FEWEST_AT_ONCE, MOST_AT_ONCE);
        let entries = walk.next(base, at_once).await?;
        let records = load_all(base, &entries).await?;
        tidy(base, query, &entries, &records).await;
        let is_last = entries.len() < at_once
            || entries.last().is_some_and(|(_, last)| query.created_after.is_some_and(|at| last.created_at <= at));
        found.extend(records.into_iter().flatten().filter(|record| query.matches(record)));
        if is_last || found.len() >= wanted {
            return Ok(Page::newest(found, query.limit));
        }
    }
}

/// Takes out entries whose record DynamoDB has removed by itself, since nobody swept. If that fails, the next listing
/// does it.
async fn tidy(base: &Base, query: &Query, entries: &[(Realm, Member)], records: &[Option<Record>]) {
    let Some(before) = base.now().map(|now| now.minus(LEFT_OVER)) else { return };
    let missing = entries.iter().zip(records).filter(|(_, record)| record.is_none());
    for ((realm, member), _) in missing.filter(|((_, member), _)| member.created_at < before) {
        // One that is there and cannot be read is missing, too.
        match crate::records::load(base, realm, &member.id).await {
            Ok(None) => {}
            _ => continue,
        }
        let mut keys = vec![Key::entry(realm, *member)];
        keys.extend(query.subject.as_ref().map(|subject| Key::entry_of_subject(realm, subject, *member)));
        for key in keys {
            if let Err(fault) = forget_entry(base, &key).await {
                tracing::debug!(error = %fault, "an entry without a record could not be taken out");
            }
        }
    }
}
