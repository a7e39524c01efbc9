use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use hallpass::{Error, PageLimit, Query, Realm, Sessions, States};
use parking_lot::Mutex;

/// How many sessions of each realm are usable, counted while somebody looks: no more often than every 10 seconds, and no
/// further than [`Count::MOST`].
#[derive(Debug, Default)]
pub(super) struct Census(Mutex<BTreeMap<Realm, VecDeque<Count>>>);

/// How many sessions were usable, and when that was counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    at: Instant,
    pub(super) usable: u64,
    /// Whether there are more.
    pub(super) is_more: bool,
}

const OLDEST: Duration = Duration::from_secs(10);
/// As many as are drawn.
const KEPT: usize = 90;
/// More realms than a service has, and fewer than would weigh anything.
const MOST_REALMS: usize = 64;

impl Count {
    /// How many sessions are counted at the most.
    pub(super) const MOST: u64 = 10_000;
}

impl Census {
    /// Returns the counts of a realm, the latest last.
    pub(super) async fn of(&self, sessions: &Sessions) -> Result<Vec<Count>, Error> {
        let is_fresh = |counts: &VecDeque<Count>| counts.back().is_some_and(|count| count.at.elapsed() < OLDEST);
        let known = self.0.lock().get(sessions.realm()).filter(|counts| is_fresh(counts)).cloned();
        if let Some(counts) = known {
            return Ok(counts.into());
        }
        let count = count(sessions).await?;
        let mut realms = self.0.lock();
        if realms.len() >= MOST_REALMS && !realms.contains_key(sessions.realm()) {
            realms.clear();
        }
        let counts = realms.entry(sessions.realm().clone()).or_default();
        if counts.len() == KEPT {
            counts.pop_front();
        }
        counts.push_back(count);
        Ok(counts.iter().copied().collect())
    }
}

async fn count(sessions: &Sessions) -> Result<Count, Error> {
    let mut query = Query::default();
    query.limit = PageLimit::MOST;
    let mut usable = 0;
    loop {
        let page = sessions.list_in(&query, States::USABLE).await?;
        usable += page.items.len() as u64;
        query.after = page.next;
        if query.after.is_none() || usable >= Count::MOST {
            let is_more = query.after.is_some();
            return Ok(Count { at: Instant::now(), usable, is_more });
        }
    }
}
