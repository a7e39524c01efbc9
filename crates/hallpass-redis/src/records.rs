use hallpass::{Epoch, Event, Expected, Outcome, Realm, Record, SessionId, Subject, Timestamp, Version};
use redis::{FromRedisValue, Value};

use crate::error::Fault;
use crate::events::{pointer_arguments, to_text};
use crate::index::{self, Filing};
use crate::link::Way;
use crate::member::Member;
use crate::open::Base;
use crate::script::{SAVE, TOUCH, UPDATE};
use crate::stored::{self, from_value, instant, to_value};

/// What the script answers.
const CONFLICT: i64 = 0;
const APPLIED: i64 = 1;
/// It is to be filed first, or another script is to do it.
const MORE: i64 = 2;

pub(crate) async fn load(base: &Base, realm: &Realm, id: &SessionId) -> Result<Option<Record>, Fault> {
    let key = base.keys.record(realm, id);
    let answer = base.link.ask(redis::cmd("GET").arg(&key)).await?;
    read(base, answer, realm, id)
}

/// Reads what a server answers for the key of a record.
pub(crate) fn read(base: &Base, answer: Value, realm: &Realm, id: &SessionId) -> Result<Option<Record>, Fault> {
    match answer {
        Value::Nil => Ok(None),
        Value::BulkString(value) => {
            let found = from_value(value, realm, *id);
            let corrupt = |source| Fault::Value { key: base.keys.record(realm, id), source };
            found.map(Some).map_err(corrupt)
        }
        _ => Err(Fault::Answer("a record is text or nothing")),
    }
}

/// Reads several records, in one round trip where one server has all.
pub(crate) async fn load_all(base: &Base, realm: &Realm, members: &[Member]) -> Result<Vec<Option<Record>>, Fault> {
    let keys: Vec<_> = members.iter().map(|member| base.keys.record(realm, &member.id)).collect();
    let answers = if keys.is_empty() {
        Vec::new()
    } else if base.link.is_cluster() {
        let questions: Vec<_> = keys.iter().map(redis::Cmd::get).collect();
        base.link.ask_all(&questions).await?
    } else {
        answered(base.link.ask(redis::cmd("MGET").arg(&keys)).await?)?
    };
    let read = |(answer, member): (Value, &Member)| read(base, answer, realm, &member.id);
    answers.into_iter().zip(members).map(read).collect()
}

pub(crate) async fn save(base: &Base, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, Fault> {
    let (realm, id) = (&record.realm, &record.id);
    let mut keys = vec![base.keys.record(realm, id), base.keys.events(realm, id)];
    let value = to_value(record);
    if let (Expected::Version(expected), []) = (expected, events) {
        let applied = update(base, &keys[..1], record, expected, &value).await?;
        if applied != MORE {
            return outcome(applied);
        }
    }
    let filing = Filing::of(record, events);
    let mut filed = String::new();
    if base.link.is_cluster() {
        let is_new = expected == Expected::Absent;
        if is_new || !events.is_empty() {
            filed = index::file(base, &filing, is_new).await?;
        }
        if !is_new {
            filed.clear(); // that was for the events only
        }
    } else {
        keys.extend(index::keys(base, &filing));
    }
    let mut applied = run(base, &keys, record, expected, &value, &filed, events).await?;
    if applied == MORE {
        filed = index::file_again(base, &filing).await?;
        applied = run(base, &keys, record, expected, &value, &filed, events).await?;
    }
    outcome(applied)
}

/// Changes a record that stays where it is filed and is kept as long, with a script that is told and does less.
async fn update(base: &Base, keys: &[String], record: &Record, expected: Version, value: &[u8]) -> Result<i64, Fault> {
    let filed = stored::filed(expected, record.subject.as_ref());
    let arguments = [filed, value.to_vec(), base.keys.changes().into(), news(record).into()];
    answered(base.link.run(&UPDATE, keys, &arguments, Way::Write).await?)
}

/// Returns the message that tells of a change.
fn news(record: &Record) -> String {
    format!("{}/{}", record.realm, record.id)
}

async fn run(
    base: &Base,
    keys: &[String],
    record: &Record,
    expected: Expected,
    value: &[u8],
    filed: &str,
    events: &[Event],
) -> Result<i64, Fault> {
    let expected = match expected {
        Expected::Absent => Vec::new(),
        Expected::Version(expected) => stored::version(expected),
    };
    let mut arguments = vec![
        expected,
        value.to_vec(),
        Member::of(record).to_bytes().to_vec(),
        record.realm.as_str().into(),
        base.events_per_session.to_string().into(),
        base.events_per_realm.to_string().into(),
        base.keys.changes().into(),
        news(record).into(),
        filed.into(),
    ];
    for event in events {
        arguments.extend(pointer_arguments(event));
        arguments.push(to_text(event)?);
    }
    answered(base.link.run(&SAVE, keys, &arguments, Way::Write).await?)
}

pub(crate) async fn touch(
    base: &Base,
    realm: &Realm,
    id: &SessionId,
    version: Version,
    (seen_at, expires_at): (Timestamp, Timestamp),
) -> Result<Outcome, Fault> {
    let keys = [base.keys.record(realm, id), base.keys.events(realm, id)];
    let arguments = [stored::version(version), instant(seen_at).into(), instant(expires_at).into()];
    // Moving forward twice is moving once.
    outcome(answered(base.link.run(&TOUCH, &keys, &arguments, Way::Ask).await?)?)
}

pub(crate) async fn epoch(base: &Base, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, Fault> {
    let key = base.keys.epoch(realm, subject);
    if !raise {
        let answer = base.link.ask(redis::cmd("GET").arg(&key)).await?;
        return Ok(Epoch(answered::<Option<u64>>(answer)?.unwrap_or_default()));
    }
    let raised = answered(base.link.ask_about(&key, redis::cmd("INCR").arg(&key), Way::Write).await?)?;
    Ok(Epoch(raised))
}

fn outcome(answer: i64) -> Result<Outcome, Fault> {
    match answer {
        CONFLICT => Ok(Outcome::Conflict),
        APPLIED => Ok(Outcome::Applied),
        _ => Err(Fault::Answer("a script applies, or finds a conflict")),
    }
}

/// Reads an answer of the type that was asked for.
pub(crate) fn answered<T: FromRedisValue>(answer: Value) -> Result<T, Fault> {
    redis::from_redis_value(answer).map_err(|_| Fault::Answer("it is of another type"))
}
