use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use hallpass::{Frame, Record, SWEEP_MARGIN, Subject, Timestamp, Version};

use crate::error::Fault;
use crate::keys::{DUE_AT, DUE_IN, FORGET_AT, Key, PARTITION, SORT, due_in, read_session};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The most that an item can be (DynamoDB's "Service, account, and table quotas", "Item size").
pub(crate) const MOST_BYTES: usize = 400 * 1024;
/// How long after its deadline DynamoDB itself may remove what nobody has swept.
const FORGOTTEN_AFTER: Duration = SWEEP_MARGIN.saturating_mul(24);
/// DynamoDB's own expiry goes by seconds, and leaves alone what is over for more than five years.
const MILLIS: u64 = 1000;

pub(crate) const VERSION: &str = "version";
pub(crate) const SEEN_AT: &str = "seen_at";
pub(crate) const EXPIRES_AT: &str = "expires_at";
pub(crate) const SUBJECT: &str = "subject";
pub(crate) const ENDED: &str = "ended";
pub(crate) const PARTS: &str = "parts";
const BODY: &str = "body";
const DATA: &str = "data";

/// How many bytes of attributes are kept in a record's own item, and in each further one where they are more.
const MOST_IN_ITEM: usize = 300 * 1024;
/// The most attributes of a session: all that a transaction writes is to be 4 MB at most.
const MOST_DATA: usize = 3 * 1024 * 1024;

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn instant(at: Timestamp) -> AttributeValue {
    number(at.as_millis())
}

pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Returns the item's key, to which attributes can be added.
pub(crate) fn keyed(key: &Key) -> Item {
    HashMap::from([(PARTITION.to_owned(), text(&*key.partition)), (SORT.to_owned(), text(&*key.sort))])
}

pub(crate) fn key_of(item: &Item) -> Option<Key> {
    let part = |name| item.get(name)?.as_s().ok().cloned();
    Some(Key { partition: part(PARTITION)?, sort: part(SORT)? })
}

pub(crate) fn read_number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn read_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// When DynamoDB may remove an item by itself. `now` is the server's time: what is stored now stays for a day at least,
/// however long it has been over.
pub(crate) fn forget_at(expires_at: Timestamp, now: Option<Timestamp>) -> AttributeValue {
    let over = now.map_or(expires_at, |now| expires_at.max(now));
    number(over.plus(FORGOTTEN_AFTER).as_millis() / MILLIS + 1)
}

/// Writes what a save writes, without the key.
pub(crate) fn attributes(record: &Record, now: Option<Timestamp>) -> Item {
    let mut bare = record.clone();
    let mut data = std::mem::take(&mut bare.data);
    let parts = part_count(record);
    let mut item = HashMap::from([
        (VERSION.to_owned(), number(record.version.number())),
        (ENDED.to_owned(), AttributeValue::Bool(record.ended.is_some())),
        (SEEN_AT.to_owned(), instant(record.seen_at)),
        (EXPIRES_AT.to_owned(), instant(record.expires_at)),
        (DUE_IN.to_owned(), text(due_in(record))),
        (DUE_AT.to_owned(), instant(record.expires_at)),
        (FORGET_AT.to_owned(), forget_at(record.expires_at, now)),
        (BODY.to_owned(), bytes(&bare.body_to_bytes()[..])),
    ]);
    if let Some(subject) = &record.subject {
        item.insert(SUBJECT.to_owned(), text(subject.as_str()));
    }
    if parts > 0 {
        item.insert(PARTS.to_owned(), number(parts));
        data.clear();
    }
    if !data.is_empty() {
        // JSON is text, so that an operator can read it in the console.
        let data = match str::from_utf8(&data) {
            Ok(json) => text(json),
            Err(_) => bytes(&data[..]),
        };
        item.insert(DATA.to_owned(), data);
    }
    item
}

/// The attributes that a record may be without: a save takes away those that it does not write.
pub(crate) const OPTIONAL: [&str; 3] = [SUBJECT, DATA, PARTS];

/// How many further items a record's attributes take.
pub(crate) fn part_count(record: &Record) -> u64 {
    let bytes = record.data.len();
    if bytes <= MOST_IN_ITEM { 0 } else { u64::try_from(bytes.div_ceil(MOST_IN_ITEM)).unwrap_or(u64::MAX) }
}

/// Writes these further items, each with the version that it is of.
pub(crate) fn parts(record: &Record) -> Vec<Item> {
    let count = if part_count(record) == 0 { 0 } else { usize::MAX };
    let parts = record.data.chunks(MOST_IN_ITEM).take(count).enumerate().map(|(part, data)| {
        let mut item = keyed(&Key::data(&record.realm, &record.id, part));
        item.insert(VERSION.to_owned(), number(record.version.number()));
        item.insert(DATA.to_owned(), bytes(data));
        item
    });
    parts.collect()
}

/// Returns the attributes that these items are the parts of, if they are all there and of the version of this item.
pub(crate) fn joined(item: &Item, parts: &[Option<&Item>]) -> Option<Bytes> {
    let mut data = Vec::new();
    for part in parts {
        let part = part.filter(|part| part.get(VERSION) == item.get(VERSION))?;
        data.extend_from_slice(part.get(DATA)?.as_b().ok()?.as_ref());
    }
    Some(Bytes::from(data))
}

/// Sees that a record's item is no larger than one can be, and all that belongs to it than a transaction.
pub(crate) fn check_size(key: &Key, item: &Item, record: &Record) -> Result<(), Fault> {
    if record.data.len() > MOST_DATA {
        return Err(Fault::TooLarge { bytes: record.data.len(), most: MOST_DATA });
    }
    let of_value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(blob) => blob.as_ref().len(),
        // A number takes half a byte for each digit, and one more.
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        _ => 1,
    };
    let key = PARTITION.len() + SORT.len() + key.partition.len() + key.sort.len();
    let found = key + item.iter().map(|(name, value)| name.len() + of_value(value)).sum::<usize>();
    if found > MOST_BYTES { Err(Fault::TooLarge { bytes: found, most: MOST_BYTES }) } else { Ok(()) }
}

/// Reads what [`attributes`] wrote; attributes that are elsewhere are given.
pub(crate) fn record(mut item: Item, elsewhere: Option<Bytes>) -> Result<Record, Fault> {
    let Some(key) = key_of(&item) else { return Err(Fault::Item("without a key".to_owned())) };
    let draft = (|| {
        let (realm, id) = read_session(&key.partition)?;
        let subject = match item.remove(SUBJECT) {
            Some(AttributeValue::S(subject)) => Some(Subject::new(subject).ok()?),
            Some(_) => return None,
            None => None,
        };
        let frame = Frame {
            id,
            realm,
            subject,
            version: Version::new(read_number(&item, VERSION)?),
            seen_at: Timestamp::from_millis(read_number(&item, SEEN_AT)?),
            expires_at: Timestamp::from_millis(read_number(&item, EXPIRES_AT)?),
        };
        let data = match item.remove(DATA) {
            Some(AttributeValue::S(json)) => Bytes::from(json),
            Some(AttributeValue::B(data)) => Bytes::from(data.into_inner()),
            Some(_) => return None,
            None => Bytes::new(),
        };
        let Some(AttributeValue::B(body)) = item.remove(BODY) else { return None };
        Some((frame, Bytes::from(body.into_inner()), data))
    })();
    let Some((frame, body, data)) = draft else { return Err(Fault::Item(key.to_string())) };
    let record = Record::from_body(frame, &body);
    let mut record = record.map_err(|source| Fault::Record { item: key.to_string(), source })?;
    record.data = elsewhere.unwrap_or(data);
    Ok(record)
}

/// What decides about a write, read from the item as it was when the write found it otherwise than expected.
pub(crate) struct Present {
    pub(crate) version: Version,
    pub(crate) has_ended: bool,
    pub(crate) seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) subject: Option<Subject>,
    pub(crate) parts: u64,
}

impl Present {
    pub(crate) fn read(item: &Item) -> Result<Self, Fault> {
        let read = || {
            Some(Self {
                version: Version::new(read_number(item, VERSION)?),
                has_ended: *item.get(ENDED)?.as_bool().ok()?,
                seen_at: Timestamp::from_millis(read_number(item, SEEN_AT)?),
                expires_at: Timestamp::from_millis(read_number(item, EXPIRES_AT)?),
                subject: match item.get(SUBJECT) {
                    Some(subject) => Some(Subject::new(subject.as_s().ok()?).ok()?),
                    None => None,
                },
                parts: read_number(item, PARTS).unwrap_or_default(),
            })
        };
        let name = || key_of(item).map_or_else(|| "without a key".to_owned(), |key| key.to_string());
        read().ok_or_else(|| Fault::Item(name()))
    }

    pub(crate) fn is_living(&self, version: Version) -> bool {
        self.version == version && !self.has_ended
    }
}
