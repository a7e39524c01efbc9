use std::num::NonZeroUsize;

use hallpass::{Record, SWEEP_MARGIN, Timestamp};

use crate::base::Base;
use crate::commit::{self, Change, Committed};
use crate::due::{Deadlines, for_each, starting_anywhere};
use crate::error::Fault;
use crate::item::{self, EXPIRES_AT, VERSION, instant, number};
use crate::keys::{Due, Key, Member, due_shard};

/// How many records are looked at in one go.
const MOST_AT_ONCE: usize = 200;

/// Forgets records that have been over for longer than the margin, with their entries; answers how many.
pub(crate) async fn sweep(base: &Base, now: Timestamp, limit: NonZeroUsize) -> Result<usize, Fault> {
    // Deadlines before this instant, and not at it.
    let Some(last) = now.minus(SWEEP_MARGIN).as_millis().checked_sub(1).map(Timestamp::from_millis) else {
        return Ok(0);
    };
    let mut forgotten = 0;
    for kind in [Due::Ended, Due::Living] {
        for shard in starting_anywhere() {
            let mut walk = Deadlines::new(due_shard(kind, shard), last);
            while forgotten < limit.get() {
                let left = limit.get() - forgotten;
                let Some(mut records) = walk.next(base, left.min(MOST_AT_ONCE)).await? else { break };
                records.retain(|record| record.expires_at <= last);
                let done = for_each(&records, async |record| forget(base, &record).await).await?;
                forgotten += done.into_iter().filter(|forgotten| *forgotten).count();
            }
        }
    }
    Ok(forgotten)
}

/// Forgets a record if nobody has used or changed it since it was read.
async fn forget(base: &Base, record: &Record) -> Result<bool, Fault> {
    let (realm, member) = (&record.realm, Member::of(record));
    let values = [(":version", number(record.version.number())), (":expires_at", instant(record.expires_at))];
    let condition = Change {
        condition: "#version = :version AND #expires_at = :expires_at".to_owned(),
        names: [VERSION, EXPIRES_AT].map(|name| (format!("#{name}"), name.to_owned())).into(),
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        ..Change::default()
    };
    let mut parts = vec![
        commit::remove_if(base, &Key::record(realm, &record.id), &condition)?,
        commit::remove(base, &Key::entry(realm, member))?,
    ];
    if let Some(subject) = &record.subject {
        parts.push(commit::remove(base, &Key::entry_of_subject(realm, subject, member))?);
    }
    for (_, part) in (0..item::part_count(record)).zip(0..) {
        parts.push(commit::remove(base, &Key::data(realm, &record.id, part))?);
    }
    Ok(matches!(commit::commit(base, parts).await?, Committed::Applied))
}
