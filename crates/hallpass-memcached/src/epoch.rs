use hallpass::{Epoch, Realm, StoreError, Subject};

use crate::error::Fault;
use crate::link::Link;
use crate::open::Base;
use crate::proto::{Ask, Reply};

/// How much higher an epoch begins for each second that the server tells, so that no number of raises gets ahead of it.
const PER_SECOND: u64 = 1_000_000;

/// Returns the epoch of a subject, after raising it if asked.
///
/// A server can lose it. So it begins at the server's own time, also when it is only asked for: what begins again begins
/// higher than anything that was answered before, and what was given out before the loss is then too old, and not good again.
pub(crate) async fn epoch(base: &Base, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
    let key = base.keys.epoch(realm, subject);
    let link = base.link(&key);
    let asking = async {
        if let Some(epoch) = count(link, &key, u64::from(raise), None).await? {
            return Ok(epoch);
        }
        let first = time(link).await?.saturating_mul(PER_SECOND);
        // If somebody else was faster, theirs is raised, and otherwise this is the first.
        count(link, &key, u64::from(raise), Some(first)).await?.ok_or(UNASKED)
    };
    base.told(link, asking).await
}

const UNASKED: Fault = Fault::Answer("a number that is made is there");

async fn count(link: &Link, key: &str, by: u64, first: Option<u64>) -> Result<Option<Epoch>, Fault> {
    match link.ask(Ask::Count { key: key.to_owned(), by, first }).await? {
        Reply::Absent => Ok(None),
        Reply::Value { value, .. } => {
            let number = str::from_utf8(&value).ok().and_then(|text| text.trim_end().parse().ok());
            number.map(|number| Some(Epoch(number))).ok_or_else(|| Fault::Number(key.to_owned()))
        }
        _ => Err(Fault::Answer("it does not fit the question")),
    }
}

/// Returns the server's own time in seconds.
async fn time(link: &Link) -> Result<u64, Fault> {
    let Reply::Stats(stats) = link.ask(Ask::Stats { of: "" }).await? else { return Err(UNASKED) };
    let time = stats.get("time").and_then(|time| time.parse().ok());
    time.ok_or(Fault::Answer("a server tells its time"))
}
