use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use hallpass::{Epoch, Event, Expected, Outcome, Realm, Record, SessionId, Subject, Timestamp, Version};

use crate::base::Base;
use crate::commit::{self, Change, Committed};
use crate::error::Fault;
use crate::item::{
    self, ENDED, EXPIRES_AT, Item, OPTIONAL, PARTS, Present, SEEN_AT, SUBJECT, VERSION, forget_at, instant, number,
    text,
};
use crate::keys::{FORGET_AT, Key, Member};
use crate::{index, log};

const COUNT: &str = "count";

pub(crate) async fn load(base: &Base, realm: &Realm, id: &SessionId) -> Result<Option<Record>, Fault> {
    base.in_time(async {
        match index::get(base, &Key::record(realm, id)).await? {
            Some(item) => index::whole(base, item).await,
            None => Ok(None),
        }
    })
    .await
}

pub(crate) async fn save(base: &Base, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, Fault> {
    base.in_time(async {
        match expected {
            Expected::Absent => create(base, record, events).await,
            Expected::Version(version) => replace(base, record, version, events).await,
        }
    })
    .await
}

async fn create(base: &Base, record: &Record, events: &[Event]) -> Result<Outcome, Fault> {
    let (realm, member) = (&record.realm, Member::of(record));
    index::note_realm(base, realm).await?;
    let key = Key::record(realm, &record.id);
    let mut item = item::keyed(&key);
    item.extend(item::attributes(record, base.now()));
    item::check_size(&key, &item, record)?;
    loop {
        let mut parts =
            vec![commit::create(base, item.clone())?, commit::put(base, item::keyed(&Key::entry(realm, member)))?];
        if let Some(subject) = &record.subject {
            parts.push(commit::put(base, item::keyed(&Key::entry_of_subject(realm, subject, member)))?);
        }
        parts.extend(reparted(base, record, 0)?);
        let drawing = log::draw_for(base, events).await?;
        parts.extend(drawing.parts);
        match commit::commit(base, parts).await? {
            Committed::Applied => return Ok(Outcome::Applied),
            Committed::Refused { part: 0, .. } => {
                log::give_back(base, drawing.numbers).await;
                return Ok(Outcome::Conflict);
            }
            // A reader has given up waiting for the number of these events: they take another.
            Committed::Refused { .. } => {}
        }
    }
}

async fn replace(base: &Base, record: &Record, version: Version, events: &[Event]) -> Result<Outcome, Fault> {
    let key = Key::record(&record.realm, &record.id);
    item::check_size(&key, &item::attributes(record, base.now()), record)?;
    let mut seen_at = record.seen_at;
    let mut before = Before { subject: record.subject.clone(), parts: item::part_count(record) };
    loop {
        let mut record = record.clone();
        record.seen_at = seen_at;
        let change = replacement(base, &record, version, &before);
        let is_alone = before.subject == record.subject && before.parts == 0 && item::part_count(&record) == 0;
        let refused = if is_alone && events.is_empty() {
            change_one(base, &key, &change).await?
        } else {
            let mut parts = vec![commit::update(base, &key, &change)?];
            parts.extend(moved(base, &record, before.subject.as_ref())?);
            parts.extend(reparted(base, &record, before.parts)?);
            let drawing = log::draw_for(base, events).await?;
            parts.extend(drawing.parts);
            match commit::commit(base, parts).await? {
                Committed::Applied => None,
                Committed::Refused { part: 0, present } => {
                    log::give_back(base, drawing.numbers).await;
                    Some(present)
                }
                Committed::Refused { .. } => continue,
            }
        };
        let Some(present) = refused else { return Ok(Outcome::Applied) };
        let present = match present.as_ref().map(Present::read).transpose()? {
            Some(present) if present.is_living(version) => present,
            _ => return Ok(Outcome::Conflict),
        };
        seen_at = seen_at.max(present.seen_at);
        before = Before { subject: present.subject, parts: present.parts };
    }
}

/// What of a record decides about which items are written beside it.
struct Before {
    subject: Option<Subject>,
    parts: u64,
}

/// Returns the change that writes a record over its version before, if that was last used no later and was this.
fn replacement(base: &Base, record: &Record, version: Version, before: &Before) -> Change {
    let mut change = Change::default();
    let mut sets = Vec::new();
    for (name, value) in item::attributes(record, base.now()) {
        sets.push(format!("#{name} = :{name}"));
        change.names.insert(format!("#{name}"), name.clone());
        change.values.insert(format!(":{name}"), value);
    }
    change.update = format!("SET {}", sets.join(", "));
    let left: Vec<_> = OPTIONAL.iter().filter(|name| !change.names.contains_key(&format!("#{name}"))).collect();
    if !left.is_empty() {
        let names: Vec<_> = left.iter().map(|name| format!("#{name}")).collect();
        change.update = format!("{} REMOVE {}", change.update, names.join(", "));
        change.names.extend(left.iter().map(|name| (format!("#{name}"), (**name).to_owned())));
    }
    let whose = if let Some(before) = &before.subject {
        change.values.insert(":before".to_owned(), text(before.as_str()));
        format!("#{SUBJECT} = :before")
    } else {
        format!("attribute_not_exists(#{SUBJECT})")
    };
    let parted = if before.parts > 0 {
        change.values.insert(":parted".to_owned(), number(before.parts));
        format!("#{PARTS} = :parted")
    } else {
        format!("attribute_not_exists(#{PARTS})")
    };
    change.condition =
        format!("#{VERSION} = :expected AND #{ENDED} = :living AND #{SEEN_AT} <= :{SEEN_AT} AND {whose} AND {parted}");
    change.values.insert(":expected".to_owned(), number(version.number()));
    change.values.insert(":living".to_owned(), AttributeValue::Bool(false));
    change
}

/// Files a record under another subject than before.
fn moved(base: &Base, record: &Record, before: Option<&Subject>) -> Result<Vec<TransactWriteItem>, Fault> {
    let (realm, member) = (&record.realm, Member::of(record));
    let mut parts = Vec::new();
    if before == record.subject.as_ref() {
        return Ok(parts);
    }
    if let Some(subject) = &record.subject {
        parts.push(commit::put(base, item::keyed(&Key::entry_of_subject(realm, subject, member)))?);
    }
    if let Some(before) = before {
        parts.push(commit::remove(base, &Key::entry_of_subject(realm, before, member))?);
    }
    Ok(parts)
}

/// Writes the parts of a record's attributes, and removes those that there were beyond.
fn reparted(base: &Base, record: &Record, before: u64) -> Result<Vec<TransactWriteItem>, Fault> {
    let mut parts = Vec::new();
    for item in item::parts(record) {
        parts.push(commit::put(base, item)?);
    }
    for (_, part) in (0..before).zip(0..).skip(parts.len()) {
        parts.push(commit::remove(base, &Key::data(&record.realm, &record.id, part))?);
    }
    Ok(parts)
}

/// Changes one item; answers what it was, if anything, where the condition did not hold.
async fn change_one(base: &Base, key: &Key, change: &Change) -> Result<Option<Option<Item>>, Fault> {
    let ask = || {
        base.client
            .update_item()
            .table_name(&base.table)
            .set_key(Some(item::keyed(key)))
            .update_expression(&change.update)
            .condition_expression(&change.condition)
            .set_expression_attribute_names(change.names())
            .set_expression_attribute_values(Some(change.values.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
    };
    match base.write(ask).await? {
        Ok(_) => Ok(None),
        Err(UpdateItemError::ConditionalCheckFailedException(refused)) => Ok(Some(refused.item)),
        Err(error) => Err(Fault::Lost(error.to_string())),
    }
}

pub(crate) async fn touch(
    base: &Base,
    realm: &Realm,
    id: &SessionId,
    version: Version,
    (seen_at, expires_at): (Timestamp, Timestamp),
) -> Result<Outcome, Fault> {
    let key = Key::record(realm, id);
    base.in_time(async {
        let (mut seen, mut expires) = (seen_at, expires_at);
        loop {
            let Some(present) = change_one(base, &key, &touched(base, version, seen, expires)).await? else {
                return Ok(Outcome::Applied);
            };
            let present = match present.as_ref().map(Present::read).transpose()? {
                Some(present) if present.is_living(version) => present,
                _ => return Ok(Outcome::Conflict),
            };
            (seen, expires) = (seen.max(present.seen_at), expires.max(present.expires_at));
            if (seen, expires) == (present.seen_at, present.expires_at) {
                return Ok(Outcome::Applied);
            }
        }
    })
    .await
}

/// Returns the change that moves both times, neither back. The index of deadlines stays: it says when a record may be
/// over at the earliest.
fn touched(base: &Base, version: Version, seen_at: Timestamp, expires_at: Timestamp) -> Change {
    let names = [VERSION, ENDED, SEEN_AT, EXPIRES_AT, FORGET_AT];
    let values = [
        (":version", number(version.number())),
        (":living", AttributeValue::Bool(false)),
        (":seen_at", instant(seen_at)),
        (":expires_at", instant(expires_at)),
        (":forget_at", forget_at(expires_at, base.now())),
    ];
    Change {
        update: "SET #seen_at = :seen_at, #expires_at = :expires_at, #forget_at = :forget_at".to_owned(),
        condition: "#version = :version AND #ended = :living AND #seen_at <= :seen_at AND #expires_at <= :expires_at"
            .to_owned(),
        names: names.map(|name| (format!("#{name}"), name.to_owned())).into(),
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}

pub(crate) async fn epoch(base: &Base, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, Fault> {
    let key = Key::epoch(realm, subject);
    let odd = || Fault::Item(key.to_string());
    if !raise {
        let ask = || {
            let ask = base.client.get_item().table_name(&base.table).consistent_read(true);
            ask.set_key(Some(item::keyed(&key))).send()
        };
        return match base.read(ask).await?.item {
            Some(item) => item::read_number(&item, COUNT).map(Epoch).ok_or_else(odd),
            None => Ok(Epoch::default()),
        };
    }
    let ask = || {
        base.client
            .update_item()
            .table_name(&base.table)
            .set_key(Some(item::keyed(&key)))
            .update_expression("ADD #count :one")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .send()
    };
    let raised = base.write(ask).await?.map_err(|error| Fault::Lost(error.to_string()))?;
    let raised = raised.attributes.as_ref().and_then(|item| item::read_number(item, COUNT));
    raised.map(Epoch).ok_or_else(odd)
}
