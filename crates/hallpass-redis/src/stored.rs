use bytes::Bytes;
use hallpass::{CorruptRecord, Frame, Realm, Record, SessionId, Subject, Timestamp, Version};

const FORMAT: u8 = 1;
const LIVING: u8 = 0;
const ENDED: u8 = 1;

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

/// Writes a record as it is stored: first what scripts read, see `lua/frame.lua`, and then the rest.
pub(crate) fn to_value(record: &Record) -> Vec<u8> {
    let body = record.body_to_bytes();
    let subject = record.subject.as_ref().map_or("", Subject::as_str);
    let mut value = Vec::with_capacity(27 + subject.len() + body.len());
    value.extend([FORMAT, if record.ended.is_some() { ENDED } else { LIVING }]);
    value.extend(record.version.number().to_be_bytes());
    value.extend(instant(record.seen_at));
    value.extend(instant(record.expires_at));
    // A subject has at most 255 bytes.
    value.push(u8::try_from(subject.len()).unwrap_or(u8::MAX));
    value.extend(subject.as_bytes());
    value.extend(&body[..]);
    value
}

pub(crate) fn instant(at: Timestamp) -> [u8; 8] {
    at.as_millis().to_be_bytes()
}

/// Reads what [`to_value`] wrote for the record of this name.
pub(crate) fn from_value(value: Vec<u8>, realm: &Realm, id: SessionId) -> Result<Record, CorruptValue> {
    let value = Bytes::from(value);
    if value.first() != Some(&FORMAT) {
        return Err(CorruptValue::Format);
    }
    let number = |at: usize| {
        let bytes = value.get(at..at + 8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        bytes.map(u64::from_be_bytes).ok_or(CorruptValue::Torn)
    };
    let (version, seen_at, expires_at) = (number(2)?, number(10)?, number(18)?);
    let length = usize::from(*value.get(26).ok_or(CorruptValue::Torn)?);
    let (subject, body) = value[27..].split_at_checked(length).ok_or(CorruptValue::Torn)?;
    let frame = Frame {
        id,
        realm: realm.clone(),
        subject: if subject.is_empty() { None } else { Some(read_subject(subject)?) },
        version: Version::new(version),
        seen_at: Timestamp::from_millis(seen_at),
        expires_at: Timestamp::from_millis(expires_at),
    };
    Ok(Record::from_body(frame, &value.slice_ref(body))?)
}

fn read_subject(bytes: &[u8]) -> Result<Subject, CorruptValue> {
    let text = str::from_utf8(bytes).map_err(|_| CorruptValue::Subject)?;
    Subject::new(text).map_err(|_| CorruptValue::Subject)
}
