use bytes::Bytes;
use hallpass::{CorruptRecord, Frame, Realm, Record, SessionId, Subject, Timestamp, Version};

const FORMAT: u8 = 2;
const LIVING: u8 = 0;
const ENDED: u8 = 1;
/// Where the version begins, with its length.
const VERSION: usize = 14;

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
    let mut value = Vec::with_capacity(VERSION + 10 + subject.len() + body.len());
    value.extend([FORMAT, if record.ended.is_some() { ENDED } else { LIVING }]);
    value.extend(instant(record.seen_at));
    value.extend(instant(record.expires_at));
    // A version has at most 8 bytes, and a subject 255.
    for part in [&version(record.version)[..], subject.as_bytes()] {
        value.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        value.extend(part);
    }
    value.extend(&body[..]);
    value
}

/// Writes an instant, which has no more than 48 bits.
pub(crate) fn instant(at: Timestamp) -> [u8; 6] {
    let [_, _, bytes @ ..] = at.as_millis().to_be_bytes();
    bytes
}

/// Writes a version in as few bytes as it has, and never none, which stands for no record.
pub(crate) fn version(version: Version) -> Vec<u8> {
    let bytes = version.number().to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes[zeros.min(7)..].to_vec()
}

/// Reads what [`to_value`] wrote for the record of this name.
pub(crate) fn from_value(value: Vec<u8>, realm: &Realm, id: SessionId) -> Result<Record, CorruptValue> {
    let value = Bytes::from(value);
    if value.first() != Some(&FORMAT) {
        return Err(CorruptValue::Format);
    }
    let (frame, rest) = value.split_at_checked(VERSION).ok_or(CorruptValue::Torn)?;
    let (version, rest) = part(rest)?;
    let (subject, body) = part(rest)?;
    if version.len() > 8 {
        return Err(CorruptValue::Torn);
    }
    let frame = Frame {
        id,
        realm: realm.clone(),
        subject: if subject.is_empty() { None } else { Some(read_subject(subject)?) },
        version: Version::new(number(version)),
        seen_at: Timestamp::from_millis(number(&frame[2..8])),
        expires_at: Timestamp::from_millis(number(&frame[8..])),
    };
    Ok(Record::from_body(frame, &value.slice_ref(body))?)
}

/// Takes a part that has its length before it.
fn part(bytes: &[u8]) -> Result<(&[u8], &[u8]), CorruptValue> {
    let (length, rest) = bytes.split_first().ok_or(CorruptValue::Torn)?;
    rest.split_at_checked((*length).into()).ok_or(CorruptValue::Torn)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn read_subject(bytes: &[u8]) -> Result<Subject, CorruptValue> {
    let text = str::from_utf8(bytes).map_err(|_| CorruptValue::Subject)?;
    Subject::new(text).map_err(|_| CorruptValue::Subject)
}

#[cfg(test)]
mod tests {
    use hallpass::{Chain, Generation, Profile, Terms};

    use super::*;

    fn record(number: u64, subject: &str) -> Record {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let terms = Terms { idle: 1800, absolute: 14_400, renewal: 3600, anonymous: 900, locks: false };
        let chain = Chain::start(Generation::FIRST, now).chain;
        let mut record = Record::new(SessionId::random(), Realm::default(), Profile::default(), terms, chain, now);
        record.version = Version::new(number);
        record.subject = Subject::new(subject).ok();
        record.expires_at = Timestamp::MAX;
        record
    }

    fn read(value: &[u8], of: &Record) -> Result<Record, CorruptValue> {
        from_value(value.to_vec(), &of.realm, of.id)
    }

    #[test]
    fn a_record_survives_its_value() {
        for number in [0, 1, 255, 256, u64::MAX] {
            for subject in ["", "u", &"s".repeat(255)] {
                let record = record(number, subject);
                assert_eq!(read(&to_value(&record), &record), Ok(record));
            }
        }
    }

    #[test]
    fn a_value_that_is_cut_off_or_of_another_format_is_refused() {
        let record = record(300, "alice");
        let value = to_value(&record);
        for length in 0..value.len() {
            assert!(read(&value[..length], &record).is_err(), "{length} bytes");
        }
        let other = [&[FORMAT + 1], &value[1..]].concat();
        assert_eq!(read(&other, &record), Err(CorruptValue::Format));
    }

    #[test]
    fn a_new_session_takes_no_more_than_a_hundred_bytes_beside_its_attributes() {
        let mut record = record(1, "");
        record.data = Bytes::from_static(br#"{"user_id":"u0000123","count":0}"#);
        assert!(to_value(&record).len() <= 100 + record.data.len(), "{}", to_value(&record).len());
    }
}
