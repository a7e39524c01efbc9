use std::ops::Range;

use bytes::Bytes;
use hallpass::{CorruptRecord, Frame, Realm, Record, SessionId, Subject, Timestamp, Version};

const FORMAT: u8 = 2;
const LIVING: u8 = 0;
const ENDED: u8 = 1;

const VERSION: Range<usize> = 2..10;
const SEEN_AT: Range<usize> = 10..18;
const EXPIRES_AT: Range<usize> = 18..26;
const SUBJECT: usize = 26;

/// Why what lies under a record's key is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CorruptValue {
    #[error("it is not one that this release can read")]
    Format,
    #[error("it is cut off")]
    Torn,
    #[error("its subject is none")]
    Subject,
    #[error(transparent)]
    Record(#[from] CorruptRecord),
}

/// A record as it is stored: first what saves and touches compare, at fixed places, and then the rest.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    value: Vec<u8>,
}

impl Stored {
    pub(crate) fn of(record: &Record) -> Self {
        let body = record.body_to_bytes();
        let subject = record.subject.as_ref().map_or("", Subject::as_str);
        let mut value = Vec::with_capacity(SUBJECT + 1 + subject.len() + body.len());
        value.extend([FORMAT, if record.ended.is_some() { ENDED } else { LIVING }]);
        value.extend(record.version.number().to_be_bytes());
        value.extend(record.seen_at.as_millis().to_be_bytes());
        value.extend(record.expires_at.as_millis().to_be_bytes());
        // A subject has at most 255 bytes.
        value.push(u8::try_from(subject.len()).unwrap_or(u8::MAX));
        value.extend(subject.as_bytes());
        value.extend(&body[..]);
        Self { value }
    }

    /// Takes what a server has under the key of a record.
    pub(crate) fn read(value: Vec<u8>) -> Result<Self, CorruptValue> {
        match value.first() {
            Some(&FORMAT) if value.len() > SUBJECT => Ok(Self { value }),
            Some(&FORMAT) => Err(CorruptValue::Torn),
            _ => Err(CorruptValue::Format),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.value
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.value.get(1) != Some(&LIVING)
    }

    pub(crate) fn version(&self) -> Version {
        Version::new(self.number(VERSION))
    }

    pub(crate) fn seen_at(&self) -> Timestamp {
        Timestamp::from_millis(self.number(SEEN_AT))
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.number(EXPIRES_AT))
    }

    /// Moves the last use forward, and never back.
    pub(crate) fn move_seen_at(&mut self, at: Timestamp) {
        self.set(SEEN_AT, self.seen_at().max(at));
    }

    /// Moves the deadline forward, and never back.
    pub(crate) fn move_expires_at(&mut self, at: Timestamp) {
        self.set(EXPIRES_AT, self.expires_at().max(at));
    }

    /// Reads the whole record, which has this name.
    pub(crate) fn into_record(self, realm: &Realm, id: SessionId) -> Result<Record, CorruptValue> {
        let (version, seen_at, expires_at) = (self.version(), self.seen_at(), self.expires_at());
        let value = Bytes::from(self.value);
        let length = value.get(SUBJECT).copied().map(usize::from).ok_or(CorruptValue::Torn)?;
        let (subject, body) = value[SUBJECT + 1..].split_at_checked(length).ok_or(CorruptValue::Torn)?;
        let subject = if subject.is_empty() { None } else { Some(read_subject(subject)?) };
        let frame = Frame { id, realm: realm.clone(), subject, version, seen_at, expires_at };
        Ok(Record::from_body(frame, &value.slice_ref(body))?)
    }

    fn number(&self, place: Range<usize>) -> u64 {
        // Whoever made this looked that the places are there.
        let bytes = self.value.get(place).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        u64::from_be_bytes(bytes.unwrap_or_default())
    }

    fn set(&mut self, place: Range<usize>, at: Timestamp) {
        if let Some(bytes) = self.value.get_mut(place) {
            bytes.copy_from_slice(&at.as_millis().to_be_bytes());
        }
    }
}

fn read_subject(bytes: &[u8]) -> Result<Subject, CorruptValue> {
    let text = str::from_utf8(bytes).map_err(|_| CorruptValue::Subject)?;
    Subject::new(text).map_err(|_| CorruptValue::Subject)
}
